{# The ratio of two counts or two sums of money: exact, rounded half up once, to six decimals; null over nothing. #}
{% macro rate(numerator, denominator) -%}
    {%- set whole_numerator, whole_denominator = whole(numerator ~ ' * 100'), whole(denominator ~ ' * 100') -%}
    cast(
        cast({{ rounded_quotient('1000000 * ' ~ whole_numerator, whole_denominator) }} as decimal(18, 0))
        * 0.000001 as decimal(18, 6)
    )
{%- endmacro %}
