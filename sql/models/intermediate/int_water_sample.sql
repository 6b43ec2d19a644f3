with

results as (

    select * from {{ ref('int_water_result') }}

),

report_dates as (

    select distinct
        county_code,
        report_date
    from {{ ref('int_submission_part') }}
    where form in {{ forms('calendar_forms') }} and is_current

),

known as (

    {{ latest_rows('results', ['sample_id', 'parameter'], at='report_dates') | indent(4) }}

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
    ) as is_passed_as_printed
from known
where sampled_on <= report_date
group by report_date, county_code, town_code, sample_id
