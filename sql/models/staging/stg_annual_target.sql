with

form_rows as (

    select * from {{ source('landing', 'annual_target') }}

),

files as (

    select * from {{ ref('stg_file') }}
    where status = 'read'

)

select
    form_rows.county_code,
    form_rows.town_code,
    form_rows.supply_mode,
    form_rows.villages,
    form_rows.households,
    form_rows.population,
    form_rows.report_date as reported_on,
    files.file_no,
    files.source_id,
    files.source_file,
    {{ without_numbers('form_rows.sheet') }} as source_sheet,
    form_rows.row as source_row
from form_rows
inner join files on form_rows.file_sha256 = files.source_id
