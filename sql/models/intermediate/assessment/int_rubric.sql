{#
    A version of the rubric holds from one day on which a line begins or has ended until the next such day. A rubric that
    cannot be reckoned with stops the build, with a message for whoever wrote it.
#}
{% set grammar = {
    'ratio': 'none=full|none=0',
    'step': '[0-9.]+=[0-9.]+|none=full|none=0',
    'all_or_nothing': 'at_least=[0-9.]+|none=full|none=0',
    'deduct': '(per_unit|floor|due_days|stale_days)=[0-9.]+|none=full|none=0',
} %}

with

lines as (

    select * from {{ ref('stg_rubric') }}

),

metrics as (

    select * from {{ ref('assessment_metric') }}

),

first_days as (

    select valid_from as version_from
    from lines
    union distinct
    select cast({{ dbt.dateadd('day', 1, 'valid_to') }} as date) as version_from
    from lines
    where valid_to is not null

),

versions as (

    select
        version_from,
        lead(version_from) over (order by version_from) as next_from
    from first_days

),

in_force as (

    select
        versions.version_from,
        versions.next_from,
        lines.*,
        metrics.numerator_zh,
        metrics.denominator_zh,
        metrics.unit_zh,
        metrics.evidence,
        metrics.metric is not null as is_metric_known
    from versions
    inner join lines
        on
            versions.version_from >= lines.valid_from
            and (versions.version_from <= lines.valid_to or lines.valid_to is null)
    left join metrics on lines.metric = metrics.metric

),

-- the gravest first
problems as (

    select
        1 as gravity,
        version_from,
        '权重合计为' || {{ plain_number('sum(weight)') }} || '，应为100' as zh,
        'the weights sum to ' || {{ plain_number('sum(weight)') }} || ', not 100' as en
    from in_force
    group by version_from
    having sum(weight) != 100

    {% for column in ['indicator', 'metric'] %}
        union all

        select
            2 as gravity,
            version_from,
            '{{ column }} 重复：' || {{ column }} as zh,
            '{{ column }} ' || {{ column }} || ' stands twice' as en
        from in_force
        group by version_from, {{ column }}
        having count(*) > 1
    {% endfor %}

    union all

    select
        3 as gravity,
        version_from,
        '指标' || indicator || '的 metric、rule_type 或 parameters 不符合要求' as zh,
        'metric, rule_type or parameters of ' || indicator || ' are not what they have to be' as en
    from in_force
    where
        not is_metric_known
        or (denominator_zh is null and rule_type != 'deduct')
        or case rule_type
            {% for rule_type, part in grammar.items() %}
                when '{{ rule_type }}'
                    then regexp_replace(replace(parameters, ' ', ''), '^(({{ part }})(;|$))*$', '') != ''
            {% endfor %}
            else true
        end

),

sentences as (

    select
        gravity,
        concat(
            '考核办法（', version_from, '起施行）', zh, '。Rubric in force from ', version_from, ': ', en, '.'
        ) as sentence
    from problems

),

said as (

    select {{ dbt.listagg('sentence', "' '", 'order by gravity, sentence') }} as message
    from sentences

),

checked as (

    select in_force.*
    from in_force
    cross join said
    where
        case
            when said.message is null then true
            else {{ raise_error('said.message') }}
        end

),

-- parameters as numbers; what has to be measured and is not is worth nothing, unless the rule says so
parsed as (

    select
        *,
        cast({{ dbt.dateadd('day', -1, 'next_from') }} as date) as version_to,
        case when parameters like '%none=full%' then weight else 0 end as points_if_none,
        coalesce({{ rule_parameter('per_unit') }}, 1) as per_unit,
        coalesce({{ rule_parameter('floor') }}, 0) as floor_points,
        coalesce({{ rule_parameter('at_least') }}, 1) as at_least,
        cast(coalesce({{ rule_parameter('due_days') }}, 0) as bigint) as due_days,
        cast({{ rule_parameter('stale_days') }} as bigint) as stale_days,
        regexp_replace(replace(parameters, ' ', ''), ';?none=[a-z0-9]+;?', '') as steps
    from checked

)

select
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
