{% set columns = [
    'indicator', 'name_zh', 'metric', 'weight', 'rule_type', 'parameters', 'valid_from', 'valid_to', 'source',
    'county_code'
] %}

with

-- the county's own, where it has one
rubric as (

    {{ rows_of('rubric', 'rubric', columns) }}

)

select
    coalesce(nullif(county_code, ''), '*') as county_code,
    indicator,
    name_zh,
    metric,
    cast(weight as decimal(9, 4)) as weight,
    rule_type,
    coalesce(parameters, '') as parameters,
    cast(valid_from as date) as valid_from,
    cast(valid_to as date) as valid_to,
    source
from rubric
