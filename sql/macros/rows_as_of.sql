{#
    The state of a form: at every report date of the county, the rows of each town's latest report on or before it.
    key: what a town has one row of at a date; where two files of one day show the same, the later one counts.
#}
{% macro rows_as_of(form, key) -%}
    select
        part_as_of.report_date,
        form_row.*
    from {{ due(ref('int_part_as_of')) }} as part_as_of
    inner join {{ ref('stg_' ~ form) }} as form_row
        on
            part_as_of.source_id = form_row.source_id
            and part_as_of.town_code = form_row.town_code
            and part_as_of.reported_on = form_row.reported_on
            {%- if form in var('forms_by_mode') %}
            and part_as_of.part = form_row.supply_mode
            {%- endif %}
    where part_as_of.form = '{{ form }}'
    qualify row_number() over (
        partition by part_as_of.report_date, form_row.{{ (['town_code'] + key) | join(', form_row.') }}
        order by form_row.file_no desc, form_row.source_row desc
    ) = 1
{%- endmacro %}
