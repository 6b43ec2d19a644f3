-- A province is the sum of its prefectures, a prefecture that of its counties; a county on its own date is the county.
with

divisions as (

    select * from {{ ref('rpt_coverage_division') }}

),

sums as (

    select
        report_date,
        case level when 'county' then substr(division_code, 1, 4) else substr(division_code, 1, 2) end as division_code,
        supply_mode,
        sum(villages_planned) as villages_planned,
        sum(villages_completed) as villages_completed,
        sum(population_completed) as population_completed
    from divisions
    where level != 'province'
    group by all

),

counties as (

    select * from {{ ref('rpt_coverage_county') }}

)

select
    divisions.report_date,
    divisions.division_code,
    divisions.supply_mode
from divisions
left join sums
    on
        divisions.report_date = sums.report_date
        and divisions.division_code = sums.division_code
        and divisions.supply_mode = sums.supply_mode
where
    divisions.level != 'county'
    and (
        divisions.villages_planned is distinct from sums.villages_planned
        or divisions.villages_completed is distinct from sums.villages_completed
        or divisions.population_completed is distinct from sums.population_completed
    )

union all

select
    counties.report_date,
    counties.county_code as division_code,
    counties.supply_mode
from counties
left join divisions
    on
        counties.report_date = divisions.report_date
        and counties.county_code = divisions.division_code
        and counties.supply_mode = divisions.supply_mode
where
    counties.villages_planned is distinct from divisions.villages_planned
    or counties.villages_completed is distinct from divisions.villages_completed
