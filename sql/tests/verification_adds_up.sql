-- What rpt_verification_town says of a town is the sum of its visits, and the factor is verified over reported.
with

visits as (

    select
        report_date,
        town_code,
        count(*) as villages_inspected,
        count(*) filter (where reported_completed) as villages_claimed,
        count(*) filter (where reported_completed and has_water) as villages_with_water,
        coalesce(sum(population_verified) filter (where reported_completed), 0) as population_verified
    from {{ ref('fct_verification') }}
    group by report_date, town_code

),

towns as (

    select * from {{ ref('rpt_verification_town') }}

)

select
    coalesce(visits.report_date, towns.report_date) as report_date,
    coalesce(visits.town_code, towns.town_code) as town_code
from visits
full outer join towns
    on
        visits.report_date = towns.report_date
        and visits.town_code = towns.town_code
where
    visits.town_code is null
    or towns.town_code is null
    or visits.villages_inspected != towns.villages_inspected
    or visits.villages_claimed != towns.villages_claimed_inspected
    or visits.villages_with_water != towns.villages_with_water
    or visits.population_verified != towns.population_verified
    or abs(towns.verification_factor * towns.population_reported - towns.population_verified)
    > 0.000001 * towns.population_reported
    or (towns.verification_factor is null) != (towns.population_reported = 0)
