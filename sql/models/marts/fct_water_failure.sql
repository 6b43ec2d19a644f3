{{ by_report_date(['water_quality']) }}

with

results as (

    select * from {{ ref('int_water_result') }}

),

report_dates as (

    select distinct
        report_date,
        county_code
    from {{ due(ref('int_part_as_of')) }}

),

known as (

    {{ latest_rows('results', ['sample_id', 'parameter'], at='report_dates') | indent(4) }}

)

select
    report_date,
    county_code,
    town_code,
    sample_id,
    parameter,
    project_code,
    sampling_point,
    sampled_on,
    unit,
    value,
    is_below_detection,
    limit_min,
    limit_max,
    standard,
    source_id,
    source_file,
    source_sheet,
    source_row
from known
where
    not is_passed
    and sampled_on <= report_date
    and sampled_on >= date_trunc('year', report_date)
