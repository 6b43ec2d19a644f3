-- The supply modes of a town, or of the county, add up to its total: everybody served is served by one of them.
with

modes as (

    select
        report_date,
        county_code,
        town_code,
        sum(population_served_before) as served_before,
        sum(population_added) as added,
        sum(population_to_add) as to_add
    from {{ ref('rpt_supply_rate') }}
    where supply_mode != 'all'
    group by all

),

totals as (

    select * from {{ ref('rpt_supply_rate') }}
    where supply_mode = 'all'

)

select
    totals.report_date,
    totals.county_code,
    totals.town_code
from totals
inner join modes
    on
        totals.report_date = modes.report_date
        and totals.county_code = modes.county_code
        and totals.town_code = modes.town_code
where
    totals.population_served_before != modes.served_before
    or totals.population_added != modes.added
    or totals.population_to_add != modes.to_add
