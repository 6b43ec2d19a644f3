{#
    A text with telephone and identity numbers masked, wherever they stand: 138××××5678. The shapes are those of
    schemas/personal.py, which explains them; each is replaced twice, for of two numbers with one sign between them the
    first takes the sign.
#}
{% macro without_numbers(column) -%}
    {%- set shapes = [
        ('([1-9１-９][0-9０-９]{5})[0-9０-９]{11}([0-9０-９XxＸｘ])', '×××××××××××'),
        ('((?:86[-－— ]?)?[1１][3-9３-９][0-9０-９][-－— ]?)[0-9０-９]{4}([-－— ]?[0-9０-９]{4})', '××××'),
        ('([0０][0-9０-９]{2,3}[-－— )）]{1,2})[0-9０-９]{3}([0-9０-９]{4})', '×××'),
        ('([0０][0-9０-９]{2,3}[-－— )）]{1,2})[0-9０-９]{4}([0-9０-９]{4})', '××××'),
    ] -%}
    {%- set masked = namespace(text=column) -%}
    {%- for shape, mask in shapes + shapes -%}
        {%- set masked.text = middle_masked(masked.text, '(^|[^0-9０-９])' ~ shape ~ '($|[^0-9０-９])', mask) -%}
    {%- endfor -%}
    case when {{ matches(column, '[0-9０-９]{4}') }} then {{ masked.text }} else {{ column }} end
{%- endmacro %}

{# A text with a mask between the second and the third group of all that a pattern finds. #}
{% macro middle_masked(text, pattern, mask) -%}
    {{ return(adapter.dispatch('middle_masked')(text, pattern, mask)) }}
{%- endmacro %}

{% macro duckdb__middle_masked(text, pattern, mask) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '\1\2{{ mask }}\3\4', 'g')
{%- endmacro %}

{% macro spark__middle_masked(text, pattern, mask) -%}
    regexp_replace({{ text }}, '{{ pattern }}', '$1$2{{ mask }}$3$4')
{%- endmacro %}
