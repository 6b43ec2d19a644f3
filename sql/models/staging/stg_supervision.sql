with

form_rows as (

    select * from {{ source('landing', 'supervision') }}

),

files as (

    select * from {{ ref('stg_file') }}
    where status = 'read'

)

select
    form_rows.county_code,
    form_rows.town_code,
    -- a later report repeats the event with what became of it
    md5(
        concat_ws(
            '|',
            form_rows.town_code,
            cast(form_rows.held_on as varchar(10)),
            form_rows.kind,
            coalesce(form_rows.topic, form_rows.issue)
        )
    ) as event_id,
    form_rows.held_on,
    form_rows.kind,
    {{ without_numbers('form_rows.topic') }} as topic,
    {{ without_numbers('form_rows.issue') }} as issue,
    form_rows.due_on,
    form_rows.resolved_on,
    {{ without_numbers('form_rows.lead_unit') }} as lead_unit,
    form_rows.report_date as reported_on,
    files.file_no,
    files.source_id,
    files.source_file,
    {{ without_numbers('form_rows.sheet') }} as source_sheet,
    form_rows.row as source_row
from form_rows
inner join files on form_rows.file_sha256 = files.source_id
