with

form_rows as (

    select * from {{ source('landing', 'division') }}

),

files as (

    select * from {{ ref('stg_file') }}
    where status = 'read'

)

select
    form_rows.county_code,
    form_rows.town_code,
    {{ without_numbers('form_rows.town') }} as town_name,
    form_rows.village_code,
    {{ without_numbers('form_rows.village_committee') }} as village_committee,
    {{ without_numbers('form_rows.natural_village') }} as natural_village,
    form_rows.valid_from,
    form_rows.valid_to,
    form_rows.report_date as reported_on,
    files.file_no,
    files.source_id,
    files.source_file,
    {{ without_numbers('form_rows.sheet') }} as source_sheet,
    form_rows.row as source_row
from form_rows
inner join files on form_rows.file_sha256 = files.source_id
