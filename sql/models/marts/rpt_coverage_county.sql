with

towns as (

    select * from {{ ref('rpt_coverage_town') }}

),

counties as (

    select
        report_date,
        county_code,
        {{ or_all('supply_mode') }} as supply_mode,
        cast(sum(villages_planned) as bigint) as villages_planned,
        cast(sum(villages_completed) as bigint) as villages_completed,
        cast(sum(households_planned) as bigint) as households_planned,
        cast(sum(households_completed) as bigint) as households_completed,
        cast(sum(population_planned) as bigint) as population_planned,
        cast(sum(population_completed) as bigint) as population_completed,
        cast(sum(target_villages) as bigint) as target_villages,
        cast(sum(target_population) as bigint) as target_population,
        cast(sum(late_villages) as bigint) as late_villages,
        cast(sum(late_open) as bigint) as late_open,
        cast(sum(villages_rejected) as bigint) as villages_rejected
    from towns
    group by report_date, county_code, rollup(supply_mode)

)

select
    report_date,
    county_code,
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
from counties
