with

rubric as (

    select * from {{ ref('int_rubric') }}

),

parts as (

    select
        rubric_version,
        indicator,
        {{ each_part('steps', ';') }} as part
    from rubric
    where rule_type = 'step'

)

select
    rubric_version,
    indicator,
    cast(regexp_extract(part, '^([0-9.]+)=', 1) as decimal(9, 6)) as at_least,
    cast(regexp_extract(part, '=([0-9.]+)$', 1) as decimal(9, 4)) as points
from parts

union all

-- all or nothing is one step
select
    rubric_version,
    indicator,
    cast(at_least as decimal(9, 6)) as at_least,
    weight as points
from rubric
where rule_type = 'all_or_nothing'
