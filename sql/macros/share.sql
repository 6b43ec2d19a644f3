{#
    amount × numerator ÷ denominator, to fifteen decimals: points, whose sums are rounded to four. A denominator of 0 gives
    null. Amounts have up to four decimals, sums two.
#}
{% macro share(amount, numerator, denominator) -%}
    {%- set dividend -%}
        {{ whole(amount ~ ' * 10000') }} * {{ whole(numerator ~ ' * 100') }} * 100000000000
    {%- endset -%}
    cast(
        cast({{ rounded_quotient(dividend, whole(denominator ~ ' * 100')) }} as decimal(20, 0))
        * 0.000000000000001 as decimal(20, 15)
    )
{%- endmacro %}
