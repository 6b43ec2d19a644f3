with

form_rows as (

    select * from {{ source('landing', 'funding') }}

),

files as (

    select * from {{ ref('stg_file') }}
    where status = 'read'

)

select
    form_rows.county_code,
    form_rows.town_code,
    {{ project_code('form_rows') }} as project_code,
    form_rows.project_key,
    {{ without_numbers('form_rows.project_name') }} as project_name,
    form_rows.supply_mode,
    form_rows.funding_source,
    form_rows.planned as planned_yuan,
    form_rows.secured as secured_yuan,
    form_rows.spent as spent_yuan,
    form_rows.report_date as reported_on,
    files.file_no,
    files.source_id,
    files.source_file,
    {{ without_numbers('form_rows.sheet') }} as source_sheet,
    form_rows.row as source_row,
    form_rows.cells
from form_rows
inner join files on form_rows.file_sha256 = files.source_id
