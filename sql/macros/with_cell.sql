{#
    Each row of `found`, which tells its file, sheet, row, object_key and field, with the address of its cell.
    key: the columns of the form that object_key is made of, for a row of a sheet may tell of several objects; fields: those
    that are found.
#}
{% macro with_cell(found, form, key, fields) -%}
    select
        {{ found }}.*,
        case {{ found }}.field
            {%- for field in fields %}
            when '{{ field }}' then {{ json_text('form_rows.cells', field) }}
            {%- endfor %}
        end as cell
    from {{ found }}
    inner join {{ ref('stg_' ~ form) }} as form_rows
        on
            {{ found }}.source_id = form_rows.source_id
            and {{ found }}.sheet = form_rows.source_sheet
            and {{ found }}.row = form_rows.source_row
            and {{ found }}.object_key = concat_ws('|', form_rows.{{ key | join(', form_rows.') }})
{%- endmacro %}
