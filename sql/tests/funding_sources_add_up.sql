-- The sources of a town and supply mode add up to their total, and no yuan of fct_funding is lost on the way.
with

funding as (

    select
        report_date,
        county_code,
        'all' as town_code,
        'all' as supply_mode,
        sum(planned_yuan) as planned,
        sum(secured_yuan) as secured,
        sum(spent_yuan) as spent
    from {{ ref('fct_funding') }}
    group by all

),

sources as (

    select
        report_date,
        county_code,
        town_code,
        supply_mode,
        sum(planned_yuan) as planned,
        sum(secured_yuan) as secured,
        sum(spent_yuan) as spent
    from {{ ref('rpt_funding') }}
    where funding_source != 'all'
    group by all

),

totals as (

    select
        report_date,
        county_code,
        town_code,
        supply_mode,
        planned_yuan as planned,
        secured_yuan as secured,
        spent_yuan as spent
    from {{ ref('rpt_funding') }}
    where funding_source = 'all'

),

statements as (

    select * from funding
    union all
    select * from sources
    union all
    select * from totals

)

select
    report_date,
    county_code,
    town_code,
    supply_mode
from statements
group by all
having
    min(planned) != max(planned)
    or min(secured) != max(secured)
    or min(spent) != max(spent)
