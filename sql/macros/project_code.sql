{# A project is known within its county by its normalised name; the code is the same in every report and every rebuild. #}
{% macro project_code(form_rows) -%}
    {{ form_rows }}.county_code || '-' || upper(substr(md5({{ form_rows }}.project_key), 1, 8))
{%- endmacro %}
