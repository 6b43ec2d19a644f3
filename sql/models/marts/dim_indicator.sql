with

rubric as (

    select * from {{ ref('int_rubric') }}

)

select
    indicator,
    name_zh,
    metric,
    weight,
    rule_type,
    rule_text,
    evidence,
    version_from as valid_from,
    version_to as valid_to,
    source
from rubric
qualify row_number() over (partition by indicator order by version_from desc) = 1
