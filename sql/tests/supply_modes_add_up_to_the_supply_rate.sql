-- The supply modes of a town, or of the county, add up to its total, and the towns to their county: everybody served is
-- served by one of them.
with

rates as (

    select * from {{ ref('rpt_supply_rate') }}

),

modes as (

    select
        report_date,
        county_code,
        town_code,
        'all' as supply_mode,
        sum(population_served_before) as served_before,
        sum(population_added) as added,
        sum(population_to_add) as to_add
    from rates
    where supply_mode != 'all'
    group by report_date, county_code, town_code

),

towns as (

    select
        report_date,
        county_code,
        'all' as town_code,
        supply_mode,
        sum(population_served_before) as served_before,
        sum(population_added) as added,
        sum(population_to_add) as to_add
    from rates
    where town_code != 'all'
    group by report_date, county_code, supply_mode

),

sums as (

    select * from modes
    union all
    select * from towns

)

select
    sums.report_date,
    sums.county_code,
    sums.town_code,
    sums.supply_mode
from sums
left join rates
    on
        sums.report_date = rates.report_date
        and sums.county_code = rates.county_code
        and sums.town_code = rates.town_code
        and sums.supply_mode = rates.supply_mode
where
    rates.report_date is null
    or rates.population_served_before != sums.served_before
    or rates.population_added != sums.added
    or rates.population_to_add != sums.to_add
