with

parts as (

    select * from {{ ref('int_submission_part') }}
    where is_current

),

-- the report dates of a county
calendar as (

    select distinct
        county_code,
        report_date
    from parts
    where form in {{ forms('calendar_forms') }} and report_date <= cast('{{ var("as_of") }}' as date)

),

-- each town's latest report on or before the date, form by form; of the county's own forms else the earliest one
latest_reports as (

    select
        calendar.report_date,
        parts.county_code,
        parts.town_code,
        parts.form,
        coalesce(
            max(parts.report_date) filter (where parts.report_date <= calendar.report_date),
            min(parts.report_date) filter (
                where parts.form in {{ forms('county_forms') }}
            )
        ) as reported_on
    from calendar
    inner join parts on calendar.county_code = parts.county_code
    group by all

)

select
    latest_reports.report_date,
    latest_reports.county_code,
    latest_reports.town_code,
    latest_reports.form,
    parts.part,
    latest_reports.reported_on,
    parts.source_id
from latest_reports
inner join parts
    on
        latest_reports.county_code = parts.county_code
        and latest_reports.town_code = parts.town_code
        and latest_reports.form = parts.form
        and latest_reports.reported_on = parts.report_date
