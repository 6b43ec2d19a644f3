with

visits as (

    select
        *,
        -- nobody counts people where there is no water
        coalesce(population_verified, case when not has_water then 0 end) as population_found
    from {{ ref('fct_verification') }}

),

sums as (

    select
        report_date,
        county_code,
        town_code,
        count(*) as villages_inspected,
        count(*) filter (where reported_completed) as villages_claimed_inspected,
        count(*) filter (where reported_completed and has_water) as villages_with_water,
        -- of the villages that were counted
        cast(sum(population_reported) filter (
            where reported_completed and population_found is not null
        ) as bigint) as population_reported,
        cast(sum(population_found) filter (where reported_completed) as bigint) as population_verified
    from visits
    group by report_date, county_code, town_code

)

select
    report_date,
    county_code,
    town_code,
    villages_inspected,
    villages_claimed_inspected,
    villages_with_water,
    {{ rate('villages_with_water', 'villages_claimed_inspected') }} as factor_by_villages,
    coalesce(population_reported, 0) as population_reported,
    coalesce(population_verified, 0) as population_verified,
    {{ rate('population_verified', 'population_reported') }} as verification_factor,
    case
        when 100 * population_verified < 95 * population_reported then 'over_reported'
        when 100 * population_verified > 105 * population_reported then 'under_reported'
        when population_reported > 0 then 'consistent'
    end as verdict
from sums
