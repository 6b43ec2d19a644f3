{{ by_report_date(['water_quality']) }}

with

samples as (

    select * from {{ due(ref('int_water_sample')) }}

)

select
    report_date,
    county_code,
    town_code,
    sample_id,
    project_code,
    sampled_on,
    sampled_on >= date_trunc('year', report_date) as is_of_the_year,
    is_passed,
    source_id,
    source_file,
    source_sheet,
    source_row
from samples
