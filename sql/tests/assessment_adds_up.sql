-- The items of an assessment add up to its total, to the rounding of each; their weights to 100; and a town's rank is
-- one more than the number of towns of its county with a higher total.
with

items as (

    select
        report_date,
        county_code,
        town_code,
        count(*) as indicators,
        sum(points) as points,
        sum(max_points) as weights,
        max(abs(max_points - points - points_lost)) as unexplained
    from {{ ref('fct_assessment_item') }}
    group by report_date, county_code, town_code

),

assessments as (

    select
        *,
        rank() over (partition by report_date, county_code order by total_score desc) as place
    from {{ ref('fct_assessment') }}

)

select
    coalesce(items.report_date, assessments.report_date) as report_date,
    coalesce(items.town_code, assessments.town_code) as town_code
from items
full outer join assessments
    on
        items.report_date = assessments.report_date
        and items.county_code = assessments.county_code
        and items.town_code = assessments.town_code
where
    items.town_code is null
    or assessments.town_code is null
    or items.weights != 100
    -- each of the figures compared is rounded to four decimals
    or abs(items.points - assessments.total_score) > 0.0001 * items.indicators
    or items.unexplained > 0.0001
    or assessments.rank != assessments.place
