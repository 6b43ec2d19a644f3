-- The villages of a report date, its towns and its county say the same, supply mode by supply mode and together; what
-- is completed is part of what is planned.
with

villages as (

    select
        report_date,
        county_code,
        supply_mode,
        count(*) as planned,
        sum(population) as population,
        count(*) filter (where status = 'completed') as completed,
        sum(population_completed) as population_completed,
        sum(households_completed) as households_completed,
        count(*) filter (where status != 'completed') as unfinished
    from {{ ref('fct_coverage') }}
    group by report_date, county_code, supply_mode

),

towns as (

    select
        report_date,
        county_code,
        supply_mode,
        sum(villages_planned) as planned,
        sum(population_planned) as population,
        sum(villages_completed) as completed,
        sum(population_completed) as population_completed,
        sum(households_completed) as households_completed,
        sum(villages_planned - villages_completed) as unfinished
    from {{ ref('rpt_coverage_town') }}
    group by report_date, county_code, supply_mode
    -- a supply mode that is only targeted, or only rejected, has no village
    having sum(villages_planned) > 0

),

counties as (

    select
        report_date,
        county_code,
        supply_mode,
        villages_planned as planned,
        population_planned as population,
        villages_completed as completed,
        population_completed,
        households_completed,
        villages_planned - villages_completed as unfinished
    from {{ ref('rpt_coverage_county') }}
    where villages_planned > 0

),

statements as (

    select * from villages
    union all
    select * from towns
    union all
    select * from counties
    where supply_mode != 'all'

),

-- each statement by itself, and all supply modes of it together
compared as (

    select
        report_date,
        county_code,
        supply_mode,
        planned,
        population,
        completed,
        population_completed,
        households_completed,
        unfinished
    from statements

    union all

    select
        report_date,
        county_code,
        'all' as supply_mode,
        sum(planned) as planned,
        sum(population) as population,
        sum(completed) as completed,
        sum(population_completed) as population_completed,
        sum(households_completed) as households_completed,
        sum(unfinished) as unfinished
    from villages
    group by report_date, county_code

    union all

    select * from counties
    where supply_mode = 'all'

)

select
    report_date,
    county_code,
    supply_mode
from compared
group by report_date, county_code, supply_mode
having
    min(planned) != max(planned)
    or min(population) != max(population)
    or min(completed) != max(completed)
    or min(population_completed) != max(population_completed)
    or min(households_completed) != max(households_completed)
    or min(unfinished) != max(unfinished)
    or min(unfinished) < 0
    or count(*) != case when supply_mode = 'all' then 2 else 3 end
