with

counties as (

    select * from {{ ref('rpt_supply_rate') }}
    where town_code = 'all'

),

-- a supply mode is held against everybody, in counties too where it serves nobody
inhabitants as (

    select
        as_of.report_date,
        as_of.division_code,
        cast(sum(counties.rural_population) as bigint) as rural_population,
        case
            when min(counties.population_basis) = max(counties.population_basis) then min(counties.population_basis)
            when count(counties.population_basis) > 0 then 'mixed'
        end as population_basis
    from {{ ref('int_division_as_of') }} as as_of
    inner join counties
        on
            as_of.county_code = counties.county_code
            and as_of.county_report_date = counties.report_date
    where counties.supply_mode = 'all'
    group by as_of.report_date, as_of.division_code

),

{{ in_division(
    'counties', ['supply_mode'], ['population_served_before', 'population_added', 'population_to_add']
) }}

select
    together.report_date,
    together.division_code,
    together.level,
    together.supply_mode,
    together.counties_total,
    together.counties_reporting,
    together.oldest_reported_on,
    inhabitants.population_basis,
    inhabitants.rural_population,
    together.population_served_before,
    together.population_added,
    together.population_to_add,
    {{ rate('(together.population_served_before + together.population_added)', 'inhabitants.rural_population') }}
        as supply_rate,
    {{ rate(
        '(together.population_served_before + together.population_added + together.population_to_add)',
        'inhabitants.rural_population'
    ) }} as supply_rate_after_plan
from together
left join inhabitants
    on
        together.report_date = inhabitants.report_date
        and together.division_code = inhabitants.division_code
