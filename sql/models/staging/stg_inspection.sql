with

form_rows as (

    select * from {{ source('landing', 'inspection') }}

),

files as (

    select * from {{ ref('stg_file') }}
    where status = 'read'

)

select
    form_rows.county_code,
    form_rows.town_code,
    form_rows.village_code,
    {{ without_numbers('form_rows.natural_village') }} as natural_village,
    form_rows.inspected_on,
    form_rows.has_water,
    form_rows.population_verified,
    form_rows.report_date as reported_on,
    files.file_no,
    files.source_id,
    files.source_file,
    {{ without_numbers('form_rows.sheet') }} as source_sheet,
    form_rows.row as source_row,
    form_rows.cells
from form_rows
inner join files on form_rows.file_sha256 = files.source_id
