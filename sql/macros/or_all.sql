{# A key column of a grouping that holds totals: `all` in the rows that add it up. #}
{% macro or_all(key) -%}
    case when grouping({{ key }}) = 1 then 'all' else {{ key }} end
{%- endmacro %}
