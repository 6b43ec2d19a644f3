{#
    What every model of a rule selects of a row `found`, so that fct_data_issue unites them; the messages begin with
    the place: file, sheet, cell.
#}
{% macro issue_columns(rule, zh, en, form="'village_progress'") -%}
    found.report_date,
    found.county_code,
    found.town_code,
    {{ form }} as form,
    '{{ rule }}' as rule,
    '{{ var('report_rules')[rule] }}' as severity,
    found.sheet,
    found.row,
    found.cell,
    found.field,
    found.object,
    found.printed_value,
    concat('《', found.source_file, '》', coalesce('“' || found.sheet || '”', ''), coalesce(found.cell, ''), '：',
        {{ zh | join(', ') }}
    ) as message_zh,
    concat(found.source_file, coalesce(' “' || found.sheet || '”', ''), coalesce(' ' || found.cell, ''), ': ',
        {{ en | join(', ') }}
    ) as message_en,
    false as is_row_rejected,
    found.source_id
{%- endmacro %}
