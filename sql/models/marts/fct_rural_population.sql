with

baselines as (

    {{ rows_as_of('baseline', []) | indent(4) }}

)

select
    report_date,
    county_code,
    town_code,
    rural_population,
    population_basis,
    reported_on,
    source_id,
    source_file,
    source_sheet,
    source_row
from baselines
