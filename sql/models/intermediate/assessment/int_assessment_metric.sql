{% set metrics = [
    'coverage_progress', 'schedule', 'funds_secured', 'funds_spent', 'water_quality', 'service_standard', 'approvals',
    'timeliness', 'data_quality',
] %}

with

metrics as (

    select * from {{ ref('assessment_metric') }}

),

-- who is assessed: a town that has a target or has reported
towns as (

    select distinct
        report_date,
        county_code,
        town_code
    from {{ ref('int_part_as_of') }}
    where form in {{ forms('town_forms') }} or form = 'annual_target'

),

figures as (

    {% for metric in metrics %}
        select
            '{{ metric }}' as metric,
            report_date,
            town_code,
            cast(numerator as decimal(18, 2)) as numerator,
            cast(denominator as decimal(18, 2)) as denominator
        from {{ ref('int_metric_' ~ metric) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    towns.report_date,
    towns.county_code,
    towns.town_code,
    metrics.metric,
    -- nothing to divide is 0 of 0; days late of no report are unknown
    case
        when metrics.denominator_zh is null then figures.numerator
        else coalesce(figures.numerator, 0)
    end as numerator,
    case when metrics.denominator_zh is not null then coalesce(figures.denominator, 0) end as denominator
from towns
cross join metrics
left join figures
    on
        towns.report_date = figures.report_date
        and towns.town_code = figures.town_code
        and metrics.metric = figures.metric
