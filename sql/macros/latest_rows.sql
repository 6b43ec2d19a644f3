{#
    Of rows that one report after the other repeats, the latest of each key. With `at`, a relation of counties and
    report dates: at each of these, of the rows reported by then.
    rows: a CTE with county_code, reported_on, file_no, source_row and the columns of the key.
#}
{% macro latest_rows(rows, key, at=none) -%}
    {%- set partition = ([at ~ '.report_date'] if at else []) + [rows ~ '.town_code'] -%}
    {%- for column in key -%}
        {%- do partition.append(rows ~ '.' ~ column) -%}
    {%- endfor -%}
    select
        {%- if at %}
        {{ at }}.report_date,
        {%- endif %}
        {{ rows }}.*
    from {{ rows }}
    {%- if at %}
    inner join {{ at }}
        on
            {{ rows }}.county_code = {{ at }}.county_code
            and {{ rows }}.reported_on <= {{ at }}.report_date
    {%- else %}
    where {{ rows }}.reported_on <= cast('{{ var("as_of") }}' as date)
    {%- endif %}
    qualify row_number() over (
        partition by {{ partition | join(', ') }}
        order by {{ rows }}.reported_on desc, {{ rows }}.file_no desc, {{ rows }}.source_row desc
    ) = 1
{%- endmacro %}
