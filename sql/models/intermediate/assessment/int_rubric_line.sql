{#
    A version of a county's rubric holds from one day on which a line of it begins or has ended until the next such day;
    so does one of the rubric of all counties without their own, whose county_code is *. A rubric that cannot be reckoned
    with stops the build, with a message for whoever wrote it.
#}
{% set grammar = {
    'ratio': 'none=full|none=0',
    'step': '[0-9.]+=[0-9.]+|none=full|none=0',
    'all_or_nothing': 'at_least=[0-9.]+|none=full|none=0',
    'deduct': '(per_unit|floor|due_days|stale_days)=[0-9.]+|none=full|none=0',
    'bounds': '(' ~ var('assessment') | join('|') ~ ')=[0-9.]+',
} %}

with

lines as (

    select * from {{ ref('stg_rubric') }}

),

metrics as (

    select * from {{ ref('assessment_metric') }}

),

first_days as (

    select
        county_code,
        valid_from as version_from
    from lines
    union distinct
    select
        county_code,
        cast({{ dbt.dateadd('day', 1, 'valid_to') }} as date) as version_from
    from lines
    where valid_to is not null

),

versions as (

    select
        county_code,
        version_from,
        concat(county_code, ' ', version_from) as rubric_version,
        lead(version_from) over (partition by county_code order by version_from) as next_from
    from first_days

),

in_force as (

    select
        versions.rubric_version,
        versions.version_from,
        cast({{ dbt.dateadd('day', -1, 'versions.next_from') }} as date) as version_to,
        lines.county_code,
        lines.indicator,
        lines.name_zh,
        lines.metric,
        lines.weight,
        lines.rule_type,
        lines.parameters,
        lines.source,
        metrics.numerator_zh,
        metrics.denominator_zh,
        metrics.unit_zh,
        metrics.evidence,
        metrics.metric is not null as is_metric_known
    from versions
    inner join lines
        on
            versions.county_code = lines.county_code
            and versions.version_from >= lines.valid_from
            and (versions.version_from <= lines.valid_to or lines.valid_to is null)
    left join metrics on lines.metric = metrics.metric

),

-- the gravest first
problems as (

    select
        1 as gravity,
        county_code,
        version_from,
        '权重合计为' || {{ plain_number('sum(weight)') }} || '，应为100' as zh,
        'the weights sum to ' || {{ plain_number('sum(weight)') }} || ', not 100' as en
    from in_force
    group by county_code, version_from
    having sum(weight) != 100

    {% for column in ['indicator', 'metric'] %}
        union all

        select
            2 as gravity,
            county_code,
            version_from,
            '{{ column }} 重复：' || {{ column }} as zh,
            '{{ column }} ' || {{ column }} || ' stands twice' as en
        from in_force
        group by county_code, version_from, {{ column }}
        having count(*) > 1
    {% endfor %}

    union all

    select
        3 as gravity,
        county_code,
        version_from,
        '指标' || indicator || '的 metric、rule_type 或 parameters 不符合要求' as zh,
        'metric, rule_type or parameters of ' || indicator || ' are not what they have to be' as en
    from in_force
    where
        case
            when rule_type = 'bounds' then metric != 'bounds' or weight != 0
            else not is_metric_known or (denominator_zh is null and rule_type != 'deduct')
        end
        or case rule_type
            {% for rule_type, part in grammar.items() %}
                when '{{ rule_type }}'
                    then regexp_replace(replace(parameters, ' ', ''), '^(({{ part }})(;|$))*$', '') != ''
            {% endfor %}
            else true
        end

    union all

    -- what stands once in dim_indicator is called the same by every county
    select
        4 as gravity,
        max(county_code) as county_code,
        max(version_from) as version_from,
        '指标' || indicator || '在各县的名称不一：' || min(name_zh) || '、' || max(name_zh) as zh,
        'counties call ' || indicator || ' by different names: ' || min(name_zh) || ', ' || max(name_zh) as en
    from in_force
    group by indicator
    having count(distinct name_zh) > 1 and count(distinct county_code) > 1

),

sentences as (

    select
        gravity,
        concat(
            '考核办法（',
            case when county_code = '*' then '' else concat(county_code, '，') end,
            version_from, '起施行）', zh, '。Rubric ',
            case when county_code = '*' then '' else concat('of ', county_code, ' ') end,
            'in force from ', version_from, ': ', en, '.'
        ) as sentence
    from problems

),

said as (

    select {{ dbt.listagg('sentence', "' '", 'order by gravity, sentence') }} as message
    from sentences

)

select in_force.*
from in_force
cross join said
where
    case
        when said.message is null then true
        else {{ raise_error('said.message') }}
    end
