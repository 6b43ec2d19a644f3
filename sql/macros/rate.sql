{# The ratio of two counts or two sums of money: exact, rounded half up once, to six decimals; null over nothing. #}
{% macro rate(numerator, denominator) -%}
    {{ return(adapter.dispatch('rate')(numerator, denominator)) }}
{%- endmacro %}

{# DuckDB divides decimals as doubles, so the division is one of whole numbers (of cents, where it is money). #}
{% macro duckdb__rate(numerator, denominator) -%}
    {%- set whole_numerator = 'cast(' ~ numerator ~ ' * 100 as hugeint)' -%}
    {%- set whole_denominator = 'cast(' ~ denominator ~ ' * 100 as hugeint)' -%}
    cast(
        cast(
            (2000000 * {{ whole_numerator }} + {{ whole_denominator }}) // nullif(2 * {{ whole_denominator }}, 0)
            as decimal(18, 0)
        ) * 0.000001 as decimal(18, 6)
    )
{%- endmacro %}

{% macro spark__rate(numerator, denominator) -%}
    cast(
        round(cast({{ numerator }} as decimal(20, 2)) / nullif(cast({{ denominator }} as decimal(20, 2)), 0), 6)
        as decimal(18, 6)
    )
{%- endmacro %}
