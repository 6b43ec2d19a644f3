-- The villages of a report date, its towns and its county say the same.
with

villages as (

    select
        report_date,
        county_code,
        count(*) as planned,
        sum(population) as population,
        sum(population_completed) as completed
    from {{ ref('fct_coverage') }}
    group by all

),

towns as (

    select
        report_date,
        county_code,
        sum(villages_planned) as planned,
        sum(population_planned) as population,
        sum(population_completed) as completed
    from {{ ref('rpt_coverage_town') }}
    group by all

),

counties as (

    select
        report_date,
        county_code,
        villages_planned as planned,
        population_planned as population,
        population_completed as completed
    from {{ ref('rpt_coverage_county') }}
    where supply_mode = 'all'

),

statements as (

    select * from villages
    union all
    select * from towns
    union all
    select * from counties

)

select
    report_date,
    county_code
from statements
group by all
having
    min(planned) != max(planned)
    or min(population) != max(population)
    or min(completed) != max(completed)
