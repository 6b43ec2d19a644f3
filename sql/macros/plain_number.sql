{# A decimal as people write it: 35, not 35.0000. #}
{% macro plain_number(number) -%}
    regexp_replace(cast({{ number }} as varchar(40)), '[.]?0+$', '')
{%- endmacro %}
