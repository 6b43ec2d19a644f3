{# Days after the day on which a report was due, by the first file received for it, not by a correction. #}
with

parts as (

    select * from {{ ref('int_submission_part') }}
    where form = 'village_progress'

),

part_as_of as (

    select * from {{ ref('int_part_as_of') }}
    where form = 'village_progress'

),

rubric as (

    select * from {{ ref('int_rubric') }}
    where metric = 'timeliness'

),

rubric_as_of as (

    select * from {{ ref('int_rubric_as_of') }}

),

first_received as (

    select
        town_code,
        report_date as reported_on,
        min(received_on) as received_on
    from parts
    group by town_code, report_date

),

reports as (

    select distinct
        report_date,
        county_code,
        town_code,
        reported_on
    from part_as_of

)

select
    reports.report_date,
    reports.town_code,
    greatest(
        {{ dbt.datediff('reports.reported_on', 'first_received.received_on', 'day') }}
        - rubric.due_days,
        0
    ) as numerator,
    null as denominator
from reports
inner join first_received
    on
        reports.town_code = first_received.town_code
        and reports.reported_on = first_received.reported_on
inner join rubric_as_of
    on
        reports.county_code = rubric_as_of.county_code
        and reports.report_date = rubric_as_of.report_date
inner join rubric on rubric_as_of.rubric_version = rubric.rubric_version
-- an old report counts for nothing
where
    rubric.stale_days is null
    or {{ dbt.datediff('reports.reported_on', 'reports.report_date', 'day') }}
    <= rubric.stale_days
