{% set costliest = [1, 2, 3] %}

with

totals as (

    select * from {{ ref('int_assessment_total') }}

),

items as (

    select * from {{ ref('fct_assessment_item') }}

),

indicators as (

    select * from {{ ref('dim_indicator') }}

),

bounds as (

    select * from {{ ref('int_assessment_bounds') }}

),

losses as (

    select
        items.report_date,
        items.town_code,
        concat(indicators.name_zh, {{ plain_number('round(items.points_lost, 2)') }}, '分') as loss,
        row_number() over (
            partition by items.report_date, items.town_code order by items.points_lost desc, items.indicator asc
        ) as loss_no
    from items
    inner join indicators on items.indicator = indicators.indicator
    where items.points_lost > 0

),

-- the indicators that cost most
costs as (

    select
        report_date,
        town_code,
        concat_ws('、', {% for place in costliest -%}
            max(case when loss_no = {{ place }} then loss end){{ ', ' if not loop.last }}
        {%- endfor %}) as losses
    from losses
    group by report_date, town_code

),

-- what follows from the total, the verification and the report before
judged as (

    select
        totals.*,
        costs.losses,
        case
            when totals.is_vetoed or totals.total_score < bounds.pass then 'fail'
            when totals.total_score < bounds.good then 'pass'
            when totals.total_score < bounds.excellent then 'good'
            else 'excellent'
        end as grade,
        totals.is_last and coalesce(previous.is_last, false) as is_last_twice,
        bounds.excellent,
        bounds.pass,
        bounds.warn_below,
        bounds.commend_to_rank,
        bounds.veto_below_percent,
        bounds.behind_schedule_percent
    from totals
    inner join bounds
        on
            totals.county_code = bounds.county_code
            and totals.report_date = bounds.report_date
    left join totals as previous
        on
            totals.town_code = previous.town_code
            and totals.report_no = previous.report_no + 1
    left join costs
        on
            totals.report_date = costs.report_date
            and totals.town_code = costs.town_code

)

select
    report_date,
    county_code,
    town_code,
    total_score,
    cast(rank_from_first as bigint) as rank,
    grade,
    is_vetoed,
    case
        when grade = 'fail' or is_last_twice then 'summons'
        when total_score < warn_below or is_behind_schedule then 'warn'
        when rank_from_first <= commend_to_rank and total_score >= excellent then 'commend'
        else 'none'
    end as action,
    concat_ws(
        '；',
        case
            when is_vetoed
                then concat(
                    '核查人口为上报人口的', {{ plain_number('round(100 * verification_factor, 2)') }}, '%，低于',
                    {{ plain_number('veto_below_percent') }}, '%，一票否决，请实地核查'
                )
        end,
        case when total_score < pass then concat('总分低于', {{ plain_number('pass') }}, '分') end,
        case when is_last_twice then '连续两期排名末位且覆盖进度低于全县' end,
        case
            when total_score >= pass and total_score < warn_below
                then concat('总分低于', {{ plain_number('warn_below') }}, '分')
        end,
        case
            when is_behind_schedule
                then concat('节点进度低于全县', {{ plain_number('behind_schedule_percent') }}, '个百分点及以上')
        end,
        '失分最多：' || losses
    ) as reason
from judged
