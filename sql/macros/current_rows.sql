{#
    The accepted rows of every current report of a form, one a key and report date.
    key: what a town has one row of in a report; where two files of one day show the same, the later one counts.
    parts: of which parts of reports, all where it is none.
#}
{% macro current_rows(form, key, parts=none) -%}
    select form_row.*
    from {{ parts or ref('int_submission_part') }} as part
    inner join {{ ref('stg_' ~ form) }} as form_row
        on
            part.source_id = form_row.source_id
            and part.town_code = form_row.town_code
            and part.report_date = form_row.reported_on
            {%- if form in var('forms_by_mode') %}
            and part.part = form_row.supply_mode
            {%- endif %}
    where part.form = '{{ form }}' and part.is_current
    qualify row_number() over (
        partition by form_row.reported_on, form_row.{{ (['town_code'] + key) | join(', form_row.') }}
        order by form_row.file_no desc, form_row.source_row desc
    ) = 1
{%- endmacro %}
