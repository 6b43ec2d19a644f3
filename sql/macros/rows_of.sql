{# Rows that a variable holds, as texts, in place of those of a seed; the seed where the variable is not set. #}
{% macro rows_of(seed, variable, columns) -%}
    {%- if var(variable) %}
    {%- for row in var(variable) %}
    select
        {%- for column in columns %}
        nullif('{{ row[column] | replace("'", "''") }}', '') as {{ column }}{{ ',' if not loop.last }}
        {%- endfor %}
    {{- '\n    union all' if not loop.last }}
    {%- endfor %}
    {%- else %}
    select * from {{ ref(seed) }}
    {%- endif %}
{%- endmacro %}
