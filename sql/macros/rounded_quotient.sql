{# The quotient of two whole numbers, rounded half up; null over 0. Neither engine divides decimals exactly. #}
{% macro rounded_quotient(dividend, divisor) -%}
    (2 * {{ dividend }} + {{ divisor }}) {{ whole_division() }} nullif(2 * {{ divisor }}, 0)
{%- endmacro %}

{# An expression as a whole number of up to 38 digits. #}
{% macro whole(expression) -%}
    cast({{ expression }} as {{ adapter.dispatch('whole_number')() }})
{%- endmacro %}

{% macro duckdb__whole_number() %}hugeint{% endmacro %}

{% macro spark__whole_number() %}decimal(38, 0){% endmacro %}

{% macro whole_division() %}{{ return(adapter.dispatch('whole_division')()) }}{% endmacro %}

{% macro duckdb__whole_division() %}//{% endmacro %}

{% macro spark__whole_division() %}div{% endmacro %}
