{{ by_report_date(['supervision']) }}

with

events as (

    {{ current_rows('supervision', ['event_id']) | indent(4) }}

),

report_dates as (

    select distinct
        report_date,
        county_code
    from {{ due(ref('int_part_as_of')) }}

),

known as (

    {{ latest_rows('events', ['event_id'], at='report_dates') | indent(4) }}

)

select
    report_date,
    county_code,
    town_code,
    event_id,
    held_on,
    kind,
    issue is not null or due_on is not null as is_issue_raised,
    coalesce(resolved_on <= report_date, false) as is_resolved,
    coalesce(due_on < report_date and (resolved_on is null or resolved_on > report_date), false) as is_overdue,
    due_on,
    reported_on,
    source_id,
    source_file,
    source_sheet,
    source_row
from known
where held_on <= report_date
