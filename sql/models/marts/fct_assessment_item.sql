with

items as (

    select * from {{ ref('int_assessment_item') }}

),

rubric as (

    select * from {{ ref('int_rubric') }}

)

select
    items.report_date,
    items.county_code,
    items.town_code,
    items.indicator,
    items.numerator,
    items.denominator,
    case
        when items.denominator is null then cast(items.numerator as decimal(18, 6))
        else {{ rate('items.numerator', 'items.denominator') }}
    end as metric_value,
    cast(round(items.points, 4) as decimal(9, 4)) as points,
    rubric.weight as max_points,
    cast(round(rubric.weight - items.points, 4) as decimal(9, 4)) as points_lost,
    cast(round(items.points_to_next, 4) as decimal(9, 4)) as points_to_next,
    cast(items.numerator_to_next as decimal(18, 2)) as numerator_to_next,
    rubric.rule_text,
    rubric.evidence
from items
inner join rubric
    on
        items.rubric_version = rubric.rubric_version
        and items.indicator = rubric.indicator
