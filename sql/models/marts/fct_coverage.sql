{{ by_report_date(['village_progress']) }}

with

part_as_of as (

    select * from {{ due(ref('int_part_as_of')) }}
    where form = 'village_progress'

),

village_rows as (

    select * from {{ ref('int_village_row') }}

),

-- each village as its town's latest report by the date tells it
villages as (

    select
        part_as_of.report_date,
        part_as_of.reported_on,
        village_rows.county_code,
        village_rows.town_code,
        village_rows.village_code,
        village_rows.supply_mode,
        village_rows.project_code,
        village_rows.works_type,
        village_rows.status,
        village_rows.status = 'completed' as is_completed,
        village_rows.planned_finish,
        village_rows.finished_on,
        village_rows.households,
        village_rows.population,
        village_rows.households_connected,
        village_rows.population_supplied,
        village_rows.source_id,
        village_rows.source_file,
        village_rows.source_sheet,
        village_rows.source_row
    from part_as_of
    inner join village_rows
        on
            part_as_of.source_id = village_rows.source_id
            and part_as_of.town_code = village_rows.town_code
            and part_as_of.reported_on = village_rows.report_date
            and part_as_of.part = village_rows.supply_mode

),

-- an unfinished village is late until today, a finished one was until it had water
lateness as (

    select
        *,
        case
            when not is_completed and planned_finish < report_date
                then {{ dbt.datediff('planned_finish', 'report_date', 'day') }}
            when is_completed and planned_finish < finished_on
                then {{ dbt.datediff('planned_finish', 'finished_on', 'day') }}
            else 0
        end as late_days
    from villages

)

select
    report_date,
    county_code,
    town_code,
    village_code,
    supply_mode,
    project_code,
    works_type,
    status,
    is_completed,
    planned_finish,
    finished_on,
    households,
    population,
    case when is_completed then households else 0 end as households_completed,
    case when is_completed then population else 0 end as population_completed,
    households_connected,
    population_supplied,
    late_days,
    reported_on,
    source_id,
    source_file,
    source_sheet,
    source_row
from lateness
