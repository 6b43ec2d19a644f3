with

targets as (

    {{ rows_as_of('annual_target', ['supply_mode']) | indent(4) }}

)

select
    report_date,
    county_code,
    town_code,
    supply_mode,
    villages as target_villages,
    households as target_households,
    population as target_population,
    reported_on,
    source_id,
    source_file,
    source_sheet,
    source_row
from targets
