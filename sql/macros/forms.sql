{# The forms of one kind, as dbt_project.yml lists them, for `form in …`. #}
{% macro forms(kind) -%}
    ('{{ var(kind) | join("', '") }}')
{%- endmacro %}
