with

lines as (

    select * from {{ ref('int_rubric_line') }}
    where rule_type != 'bounds'

),

-- parameters as numbers; what has to be measured and is not is worth nothing, unless the rule says so
parsed as (

    select
        *,
        case when parameters like '%none=full%' then weight else 0 end as points_if_none,
        coalesce({{ rule_parameter('per_unit') }}, 1) as per_unit,
        coalesce({{ rule_parameter('floor') }}, 0) as floor_points,
        coalesce({{ rule_parameter('at_least') }}, 1) as at_least,
        cast(coalesce({{ rule_parameter('due_days') }}, 0) as bigint) as due_days,
        cast({{ rule_parameter('stale_days') }} as bigint) as stale_days,
        regexp_replace(replace(parameters, ' ', ''), ';?none=[a-z0-9]+;?', '') as steps
    from lines

)

select
    county_code,
    rubric_version,
    version_from,
    version_to,
    indicator,
    name_zh,
    metric,
    evidence,
    weight,
    rule_type,
    case when rule_type = 'step' then steps end as steps,
    points_if_none,
    per_unit,
    floor_points,
    at_least,
    due_days,
    stale_days,
    concat(
        numerator_zh,
        coalesce('÷' || denominator_zh, ''),
        case rule_type
            when 'ratio' then '，按比例得分'
            when 'step' then concat('，≥', replace(replace(steps, '=', '得'), ';', '分，≥'), '分，其余0分')
            when 'all_or_nothing' then concat('，≥', {{ plain_number('at_least') }}, '得满分，否则0分')
            when 'deduct'
                then concat(
                    case
                        when denominator_zh is null
                            then concat('，每1', unit_zh, '扣', {{ plain_number('per_unit') }})
                        else concat('，每低1个百分点扣', {{ plain_number('cast(per_unit * 0.01 as decimal(9, 4))') }})
                    end,
                    '分，最低', {{ plain_number('floor_points') }}, '分'
                )
        end,
        '，满分', {{ plain_number('weight') }}, '分',
        case when due_days > 0 then concat('；报告日后', due_days, '天内报送不扣分') else '' end,
        case when stale_days > 0 then concat('；', stale_days, '天内没有报告得0分') else '' end,
        case when points_if_none > 0 then '；没有统计对象得满分' else '' end
    ) as rule_text,
    source
from parsed
