with

form_rows as (

    select * from {{ source('landing', 'assignment') }}

),

files as (

    select * from {{ ref('stg_file') }}
    where status = 'read'

)

select
    form_rows.county_code,
    form_rows.town_code,
    {{ post('form_rows.post') }} as post,
    {{ without_numbers('form_rows.unit') }} as unit,
    {{ post('form_rows.task_force_lead') }} as task_force_lead,
    form_rows.report_date as reported_on,
    files.file_no,
    files.source_id,
    files.source_file,
    {{ without_numbers('form_rows.sheet') }} as source_sheet,
    form_rows.row as source_row
from form_rows
inner join files on form_rows.file_sha256 = files.source_id
