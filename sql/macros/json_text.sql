{# One text of a flat JSON object, by its name: the address of a field's cell in `cells`. #}
{% macro json_text(object, name) -%}
    {{ return(adapter.dispatch('json_text')(object, name)) }}
{%- endmacro %}

{% macro duckdb__json_text(object, name) -%}
    json_extract_string({{ object }}, '$.{{ name }}')
{%- endmacro %}

{% macro spark__json_text(object, name) -%}
    get_json_object({{ object }}, '$.{{ name }}')
{%- endmacro %}
