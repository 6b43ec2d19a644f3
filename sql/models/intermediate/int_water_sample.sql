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

),

-- a sample stands on the first of its rows
numbered as (

    select
        *,
        row_number() over (
            partition by report_date, town_code, sample_id
            order by source_id, source_sheet, source_row
        ) as row_no
    from known

)

select
    report_date,
    county_code,
    town_code,
    sample_id,
    max(project_code) as project_code,
    max(sampled_on) as sampled_on,
    -- by the limits; null where there is none for any of its parameters
    bool_and(is_passed) as is_passed,
    -- as the laboratory prints it, by the limits where it prints nothing
    bool_and(coalesce(verdict = '合格', is_passed)) filter (
        where coalesce(sampling_point, '') != 'source_water'
    ) as is_passed_as_printed,
    max(source_id) filter (where row_no = 1) as source_id,
    max(source_file) filter (where row_no = 1) as source_file,
    max(source_sheet) filter (where row_no = 1) as source_sheet,
    max(source_row) filter (where row_no = 1) as source_row
from numbered
where sampled_on <= report_date
group by report_date, county_code, town_code, sample_id
