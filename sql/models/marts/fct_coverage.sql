{{ by_report_date(['village_progress']) }}

with

villages as (

    {{ rows_as_of('village_progress', ['village_code', 'supply_mode']) | indent(4) }}

),

completion as (

    select
        *,
        status = 'completed' as is_completed
    from villages

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
    from completion

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
