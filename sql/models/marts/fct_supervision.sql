with

events as (

    {{ current_rows('supervision', ['event_id']) | indent(4) }}

),

latest as (

    {{ latest_rows('events', ['event_id']) | indent(4) }}

),

-- the day that an open issue is looked at: the county's last report date
report_dates as (

    select
        county_code,
        max(report_date) as report_date
    from {{ ref('int_part_as_of') }}
    group by county_code

)

select
    latest.event_id,
    latest.held_on,
    latest.kind,
    latest.county_code,
    latest.town_code,
    latest.topic,
    latest.issue,
    latest.lead_unit,
    latest.due_on,
    latest.resolved_on,
    case
        when latest.issue is not null or latest.due_on is not null
            then {{ dbt.datediff('latest.held_on', 'coalesce(latest.resolved_on, report_dates.report_date)', 'day') }}
    end as open_days,
    coalesce(latest.resolved_on is null and latest.due_on < report_dates.report_date, false) as is_overdue,
    latest.reported_on,
    latest.source_id,
    latest.source_file,
    latest.source_sheet,
    latest.source_row
from latest
left join report_dates on latest.county_code = report_dates.county_code
