{# Rules that need the history of reports are models of their own (intermediate/issues). #}
{% set columns = [
    'report_date', 'county_code', 'town_code', 'form', 'rule', 'severity', 'sheet', 'row', 'cell', 'field', 'object',
    'printed_value', 'message_zh', 'message_en', 'is_row_rejected', 'source_id',
] | join(', ') %}

with

issues as (

    select
        issue_no,
        {{ columns }}
    from {{ ref('stg_issue') }}
    {% for rule in var('report_rules') %}
        union all
        select
            cast(null as bigint) as issue_no,
            {{ columns }}
        from {{ ref('int_issue_' ~ rule | lower) }}
    {% endfor %}

),

files as (

    select * from {{ ref('stg_file') }}
    where status != 'duplicate'

),

submissions as (

    select * from {{ ref('fct_submission') }}
    where status != 'duplicate'

),

-- a file that another one replaced wholly, form by form
forms as (

    select
        source_id,
        form,
        bool_and(status = 'superseded') as is_superseded
    from submissions
    group by all

),

keyed as (

    select
        *,
        concat_ws('|', source_id, form, rule, sheet, row, cell, field, object) as natural_key
    from issues

),

-- the same said twice of one cell stays two issues
numbered as (

    select
        *,
        row_number() over (partition by natural_key order by issue_no) as occurrence
    from keyed

)

select
    md5(concat_ws('|', numbered.natural_key, numbered.occurrence)) as issue_id,
    numbered.report_date,
    numbered.county_code,
    numbered.town_code,
    numbered.form,
    numbered.rule,
    numbered.severity,
    files.source_file as file,
    numbered.sheet,
    numbered.row,
    numbered.cell,
    numbered.field,
    numbered.object,
    numbered.printed_value,
    numbered.message_zh,
    numbered.message_en,
    numbered.is_row_rejected,
    case when forms.is_superseded then 'superseded' else 'current' end as submission,
    numbered.source_id
from numbered
left join files on numbered.source_id = files.source_id
left join forms
    on
        numbered.source_id = forms.source_id
        and numbered.form = forms.form
