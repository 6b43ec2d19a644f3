{# Rows that the project itself tells (its graph, its variables), as a query; `columns` gives their types. #}
{% macro told(columns, rows) -%}
    select
        {%- for name, type in columns.items() %}
        cast({{ name }} as {{ type }}) as {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from
        (
            values
            {%- for row in rows or [[none] * (columns | length)] %}
            (
                {%- for value in row -%}
                {{ 'null' if value is none else "'" ~ (value | string | replace("'", "''")) ~ "'" }}{{ ', ' if not loop.last }}
                {%- endfor -%}
            ){{ ',' if not loop.last }}
            {%- endfor %}
        ) as told ({{ columns.keys() | join(', ') }})
    {%- if not rows %}
    where false
    {%- endif %}
{%- endmacro %}
