with

coverage as (

    select * from {{ ref('rpt_coverage_town') }}

),

served_before as (

    select * from {{ ref('fct_population_served') }}

),

baselines as (

    select * from {{ ref('fct_rural_population') }}

),

-- a supply mode shows where it served people before or is planned or targeted
joined as (

    select
        report_date,
        county_code,
        town_code,
        supply_mode,
        coalesce(served_before.population_served_before, 0) as population_served_before,
        coalesce(coverage.population_planned, 0) as population_planned,
        coalesce(coverage.population_completed, 0) as population_completed
    from served_before
    full outer join coverage using (report_date, county_code, town_code, supply_mode) -- noqa: ST07
    where served_before.population_served_before is not null or coverage.supply_mode is not null

),

served as (

    select
        report_date,
        county_code,
        {{ or_all('town_code') }} as town_code,
        {{ or_all('supply_mode') }} as supply_mode,
        cast(sum(population_served_before) as bigint) as population_served_before,
        cast(sum(population_completed) as bigint) as population_added,
        cast(sum(population_planned) as bigint) as population_planned
    from joined
    group by report_date, county_code, cube(town_code, supply_mode)

),

inhabitants as (

    select
        report_date,
        county_code,
        {{ or_all('town_code') }} as town_code,
        cast(sum(rural_population) as bigint) as rural_population,
        case
            when min(population_basis) = max(population_basis) then min(population_basis)
            when count(population_basis) > 0 then 'mixed'
        end as population_basis
    from baselines
    group by report_date, county_code, rollup(town_code)

)

select
    served.report_date,
    served.county_code,
    served.town_code,
    served.supply_mode,
    inhabitants.population_basis,
    inhabitants.rural_population,
    served.population_served_before,
    served.population_added,
    served.population_planned - served.population_added as population_to_add,
    {{ rate('(served.population_served_before + served.population_added)', 'inhabitants.rural_population') }}
        as supply_rate,
    {{ rate('(served.population_served_before + served.population_planned)', 'inhabitants.rural_population') }}
        as supply_rate_after_plan
from served
left join inhabitants
    on
        served.report_date = inhabitants.report_date
        and served.county_code = inhabitants.county_code
        and served.town_code = inhabitants.town_code
