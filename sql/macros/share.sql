{#
    amount × numerator ÷ denominator, to fifteen decimals: points, whose sums are rounded to four. A denominator of 0 gives
    null.
#}
{% macro share(amount, numerator, denominator) -%}
    {{ return(adapter.dispatch('share')(amount, numerator, denominator)) }}
{%- endmacro %}

{# DuckDB divides decimals as doubles, so the division is one of whole numbers: amounts to four decimals, sums to two. #}
{% macro duckdb__share(amount, numerator, denominator) -%}
    {%- set dividend -%}
        cast({{ amount }} * 10000 as hugeint) * cast({{ numerator }} * 100 as hugeint) * 100000000000
    {%- endset -%}
    {%- set divisor = 'cast(' ~ denominator ~ ' * 100 as hugeint)' -%}
    cast(
        cast((2 * {{ dividend }} + {{ divisor }}) // nullif(2 * {{ divisor }}, 0) as decimal(20, 0))
        * 0.000000000000001 as decimal(20, 15)
    )
{%- endmacro %}

{% macro spark__share(amount, numerator, denominator) -%}
    cast(
        round(
            cast({{ amount }} as decimal(9, 4)) * cast({{ numerator }} as decimal(15, 2))
            / nullif(cast({{ denominator }} as decimal(15, 2)), 0),
            15
        ) as decimal(20, 15)
    )
{%- endmacro %}
