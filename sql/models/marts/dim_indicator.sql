with

rubric as (

    select * from {{ ref('int_rubric') }}

),

-- those that judge a county
in_use as (

    select distinct rubric.county_code
    from rubric
    inner join {{ ref('int_rubric_as_of') }} as rubric_as_of on rubric.rubric_version = rubric_as_of.rubric_version

)

select
    rubric.indicator,
    rubric.name_zh,
    rubric.metric,
    rubric.weight,
    rubric.rule_type,
    rubric.rule_text,
    rubric.evidence,
    rubric.version_from as valid_from,
    rubric.version_to as valid_to,
    rubric.source
from rubric
left join in_use on rubric.county_code = in_use.county_code
-- what holds for all counties goes before what one of them has of its own
qualify row_number() over (
    partition by rubric.indicator
    order by
        case when in_use.county_code is null then 1 else 0 end,
        case when rubric.county_code = '*' then 0 else 1 end,
        rubric.version_from desc,
        rubric.county_code asc
) = 1
