with

items as (

    select * from {{ ref('int_assessment_item') }}

),

metrics as (

    select * from {{ ref('int_assessment_metric') }}

),

bounds as (

    select * from {{ ref('int_assessment_bounds') }}

),

verifications as (

    select * from {{ ref('rpt_verification_town') }}

),

totals as (

    select
        report_date,
        county_code,
        town_code,
        cast(round(sum(points), 4) as decimal(9, 4)) as total_score
    from items
    group by report_date, county_code, town_code

),

-- towns with the same total share a rank, from either end
ranked as (

    select
        *,
        rank() over (partition by report_date, county_code order by total_score desc) as rank_from_first,
        rank() over (partition by report_date, county_code order by total_score asc) as rank_from_last,
        count(*) over (partition by report_date, county_code) as towns,
        dense_rank() over (partition by county_code order by report_date) as report_no
    from totals

),

-- towns against the county, whose ratio is that of the sums
progress as (

    select
        report_date,
        county_code,
        town_code,
        metric,
        cast(numerator as bigint) as numerator,
        cast(denominator as bigint) as denominator,
        cast(sum(numerator) over (partition by report_date, county_code, metric) as bigint) as county_numerator,
        cast(sum(denominator) over (partition by report_date, county_code, metric) as bigint) as county_denominator
    from metrics
    where metric in ('coverage_progress', 'schedule')

),

-- compared without dividing
behind as (

    select
        progress.report_date,
        progress.town_code,
        bool_or(
            progress.metric = 'coverage_progress'
            and progress.numerator * progress.county_denominator < progress.county_numerator * progress.denominator
        ) as is_below_county,
        bool_or(
            progress.metric = 'schedule' and progress.denominator > 0
            and 100 * progress.numerator * progress.county_denominator
            <= (100 * progress.county_numerator - bounds.behind_schedule_percent * progress.county_denominator)
            * progress.denominator
        ) as is_behind_schedule
    from progress
    inner join bounds
        on
            progress.county_code = bounds.county_code
            and progress.report_date = bounds.report_date
    group by progress.report_date, progress.town_code

)

select
    ranked.report_date,
    ranked.county_code,
    ranked.town_code,
    ranked.total_score,
    ranked.rank_from_first,
    ranked.report_no,
    behind.is_behind_schedule,
    -- among the last tenth, or the last of all, and behind the county
    behind.is_below_county
    and (ranked.rank_from_last = 1 or 10 * ranked.rank_from_last <= ranked.towns) as is_last,
    verifications.verification_factor,
    coalesce(
        verifications.verdict = 'over_reported'
        and 100 * verifications.population_verified
        < bounds.veto_below_percent * verifications.population_reported,
        false
    ) as is_vetoed
from ranked
inner join behind
    on
        ranked.report_date = behind.report_date
        and ranked.town_code = behind.town_code
inner join bounds
    on
        ranked.county_code = bounds.county_code
        and ranked.report_date = bounds.report_date
left join verifications
    on
        ranked.report_date = verifications.report_date
        and ranked.town_code = verifications.town_code
