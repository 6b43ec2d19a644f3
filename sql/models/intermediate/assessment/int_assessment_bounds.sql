{# What a rubric does not say is as the project has it. #}
with

rubric_as_of as (

    select * from {{ ref('int_rubric_as_of') }}

),

lines as (

    select * from {{ ref('int_rubric_line') }}
    where rule_type = 'bounds'

)

select
    rubric_as_of.county_code,
    {% for name, bound in var('assessment').items() %}
        cast(coalesce({{ rule_parameter(name) }}, {{ bound }}) as decimal(9, 4)) as {{ name }},
    {% endfor %}
    rubric_as_of.report_date
from rubric_as_of
left join lines on rubric_as_of.rubric_version = lines.rubric_version
