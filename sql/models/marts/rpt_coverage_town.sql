with

villages as (

    select * from {{ ref('fct_coverage') }}

),

targets as (

    select * from {{ ref('fct_annual_target') }}

),

rejected_rows as (

    select * from {{ ref('int_rejected_row') }}
    where form = 'village_progress' and part != '*'

),

part_as_of as (

    select * from {{ ref('int_part_as_of') }}
    where form = 'village_progress'

),

planned as (

    select
        report_date,
        county_code,
        town_code,
        supply_mode,
        count(*) as villages_planned,
        count(*) filter (where is_completed) as villages_completed,
        cast(sum(households) as bigint) as households_planned,
        cast(sum(households_completed) as bigint) as households_completed,
        cast(sum(population) as bigint) as population_planned,
        cast(sum(population_completed) as bigint) as population_completed,
        count(*) filter (where late_days > 0) as late_villages,
        count(*) filter (where late_days > 0 and not is_completed) as late_open
    from villages
    group by all

),

-- villages that the report shows, but not in a way that can be counted
rejected as (

    select
        part_as_of.report_date,
        part_as_of.county_code,
        part_as_of.town_code,
        part_as_of.part as supply_mode,
        count(distinct rejected_rows.object) as villages_rejected
    from part_as_of
    inner join rejected_rows
        on
            part_as_of.source_id = rejected_rows.source_id
            and part_as_of.town_code = rejected_rows.town_code
            and part_as_of.reported_on = rejected_rows.report_date
            and part_as_of.part = rejected_rows.part
    group by all

),

-- a supply mode shows where it is planned, targeted or rejected
joined as (

    select
        report_date,
        county_code,
        town_code,
        supply_mode,
        coalesce(planned.villages_planned, 0) as villages_planned,
        coalesce(planned.villages_completed, 0) as villages_completed,
        coalesce(planned.households_planned, 0) as households_planned,
        coalesce(planned.households_completed, 0) as households_completed,
        coalesce(planned.population_planned, 0) as population_planned,
        coalesce(planned.population_completed, 0) as population_completed,
        coalesce(targets.target_villages, 0) as target_villages,
        coalesce(targets.target_population, 0) as target_population,
        coalesce(planned.late_villages, 0) as late_villages,
        coalesce(planned.late_open, 0) as late_open,
        coalesce(rejected.villages_rejected, 0) as villages_rejected
    from planned
    full outer join targets using (report_date, county_code, town_code, supply_mode) -- noqa: ST07
    full outer join rejected using (report_date, county_code, town_code, supply_mode) -- noqa: ST07

)

select
    report_date,
    county_code,
    town_code,
    supply_mode,
    villages_planned,
    villages_completed,
    {{ rate('villages_completed', 'villages_planned') }} as village_completion_rate,
    households_planned,
    households_completed,
    population_planned,
    population_completed,
    {{ rate('population_completed', 'population_planned') }} as population_completion_rate,
    target_villages,
    {{ rate('villages_completed', 'target_villages') }} as village_target_rate,
    target_population,
    {{ rate('population_completed', 'target_population') }} as population_target_rate,
    late_villages,
    late_open,
    villages_rejected
from joined
