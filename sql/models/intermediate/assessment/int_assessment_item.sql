{# Points stay unrounded here, to fifteen decimals: a total is rounded once. #}
with

metrics as (

    select * from {{ ref('int_assessment_metric') }}

),

rubric as (

    select * from {{ ref('int_rubric') }}

),

rubric_as_of as (

    select * from {{ ref('int_rubric_as_of') }}

),

steps as (

    select * from {{ ref('int_rubric_step') }}

),

items as (

    select
        metrics.report_date,
        metrics.county_code,
        metrics.town_code,
        metrics.numerator,
        metrics.denominator,
        rubric.rubric_version,
        rubric.indicator,
        rubric.weight,
        rubric.rule_type,
        rubric.per_unit,
        rubric.floor_points,
        rubric.points_if_none,
        -- a count has no denominator, and is null where nobody counted
        metrics.numerator is not null and coalesce(metrics.denominator, 1) > 0 as is_measured,
        least(metrics.numerator, metrics.denominator) as counted
    from metrics
    inner join rubric_as_of
        on
            metrics.county_code = rubric_as_of.county_code
            and metrics.report_date = rubric_as_of.report_date
    inner join rubric
        on
            rubric_as_of.rubric_version = rubric.rubric_version
            and metrics.metric = rubric.metric

),

-- the step that a figure has reached, compared without dividing
reached as (

    select
        items.report_date,
        items.town_code,
        items.indicator,
        max(steps.points) as points
    from items
    inner join steps
        on
            items.rubric_version = steps.rubric_version
            and items.indicator = steps.indicator
            and items.numerator >= steps.at_least * items.denominator
    where items.is_measured
    group by items.report_date, items.town_code, items.indicator

),

scored as (

    select
        items.*,
        case
            when not items.is_measured then items.points_if_none
            when items.rule_type = 'ratio' then {{ share('items.weight', 'items.counted', 'items.denominator') }}
            when items.rule_type != 'deduct' then coalesce(reached.points, 0)
            -- so much for each unit short: a day too late, or all that a ratio falls short of 1
            when items.denominator is null
                then greatest(
                    items.weight - cast(items.per_unit * items.numerator as decimal(18, 4)), items.floor_points
                )
            else greatest(
                items.weight
                - {{ share('items.per_unit', '(items.denominator - items.counted)', 'items.denominator') }},
                items.floor_points
            )
        end as points
    from items
    left join reached
        on
            items.report_date = reached.report_date
            and items.town_code = reached.town_code
            and items.indicator = reached.indicator

),

-- the lowest step not reached yet
next_steps as (

    select
        scored.report_date,
        scored.town_code,
        scored.indicator,
        min(steps.points) as points,
        min(steps.at_least) as at_least
    from scored
    inner join steps
        on
            scored.rubric_version = steps.rubric_version
            and scored.indicator = steps.indicator
            and scored.points < steps.points
    group by scored.report_date, scored.town_code, scored.indicator

)

select
    scored.report_date,
    scored.county_code,
    scored.town_code,
    scored.rubric_version,
    scored.indicator,
    scored.numerator,
    scored.denominator,
    cast(scored.points as decimal(20, 15)) as points,
    coalesce(next_steps.points, scored.weight) - cast(scored.points as decimal(20, 15)) as points_to_next,
    -- what more it takes for the next step, or where points follow the ratio for the next point
    case
        when scored.denominator > 0 and next_steps.points is not null
            then ceil(next_steps.at_least * scored.denominator - scored.numerator)
        when scored.numerator < scored.denominator and scored.rule_type = 'ratio'
            then least(
                ceil({{ rate('scored.denominator', 'scored.weight') }}),
                scored.denominator - scored.numerator
            )
    end as numerator_to_next
from scored
left join next_steps
    on
        scored.report_date = next_steps.report_date
        and scored.town_code = next_steps.town_code
        and scored.indicator = next_steps.indicator
