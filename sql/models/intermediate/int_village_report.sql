{{ config(materialized='view') }}

with

parts as (

    select * from {{ ref('int_submission_part') }}
    where form = 'village_progress' and is_current

),

report_dates as (

    select distinct
        town_code,
        report_date
    from parts

),

reports as (

    select
        town_code,
        report_date,
        lag(report_date) over (partition by town_code order by report_date) as previous_on,
        lead(report_date) over (partition by town_code order by report_date) as next_on
    from report_dates

),

accepted as (

    select * from {{ ref('int_village_row') }}

),

-- villages with a row that was rejected: nothing is known of them in that report
rejected as (

    select distinct
        parts.town_code,
        parts.report_date,
        rejected_rows.object as village_code
    from {{ ref('int_rejected_row') }} as rejected_rows
    inner join parts
        on
            rejected_rows.source_id = parts.source_id
            and rejected_rows.town_code = parts.town_code
            and rejected_rows.report_date = parts.report_date
            and rejected_rows.part = parts.part
    where rejected_rows.form = 'village_progress'

)

select
    reports.report_date,
    reports.previous_on,
    reports.next_on,
    accepted.county_code,
    accepted.town_code,
    accepted.village_code,
    accepted.natural_village,
    accepted.project_code,
    accepted.project_key,
    accepted.project_name,
    accepted.supply_mode,
    accepted.households,
    accepted.population,
    accepted.status,
    accepted.source_id,
    accepted.source_file,
    accepted.source_sheet,
    accepted.source_row,
    -- all that the report says of the village, as one text
    concat_ws(
        '|',
        accepted.households,
        accepted.population,
        accepted.status,
        coalesce(cast(accepted.planned_finish as varchar(10)), '-'),
        coalesce(cast(accepted.started_on as varchar(10)), '-'),
        coalesce(cast(accepted.finished_on as varchar(10)), '-'),
        coalesce(cast(accepted.progress_rate as varchar(20)), '-'),
        coalesce(cast(accepted.households_connected as varchar(20)), '-'),
        coalesce(cast(accepted.population_supplied as varchar(20)), '-')
    ) as figures,
    rejected_before.village_code is not null as is_rejected_before,
    rejected_after.village_code is not null as is_rejected_after
from accepted
inner join reports
    on
        accepted.town_code = reports.town_code
        and accepted.report_date = reports.report_date
left join rejected as rejected_before
    on
        reports.town_code = rejected_before.town_code
        and reports.previous_on = rejected_before.report_date
        and accepted.village_code = rejected_before.village_code
left join rejected as rejected_after
    on
        reports.town_code = rejected_after.town_code
        and reports.next_on = rejected_after.report_date
        and accepted.village_code = rejected_after.village_code
