with

results as (

    select * from {{ ref('int_water_result') }}

),

latest as (

    {{ latest_rows('results', ['sample_id', 'parameter']) | indent(4) }}

)

select
    sample_id,
    parameter,
    sample_no,
    sampled_on,
    county_code,
    town_code,
    project_code,
    sampling_point,
    value,
    is_below_detection,
    unit,
    limit_min,
    limit_max,
    standard,
    is_passed,
    verdict as printed_verdict,
    reported_on,
    source_id,
    source_file,
    source_sheet,
    source_row
from latest
