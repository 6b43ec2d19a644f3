{# A number among the parameters of a rule, by its name: `2` of `floor` in `per_unit=1;floor=2`; null where it is not there. #}
{% macro rule_parameter(name) -%}
    cast(nullif(regexp_extract(parameters, '(^|;) *{{ name }} *= *([0-9.]+)', 2), '') as decimal(9, 4))
{%- endmacro %}
