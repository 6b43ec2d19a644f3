with

form_rows as (

    select * from {{ source('landing', 'village_progress') }}

),

files as (

    select * from {{ ref('stg_file') }}
    where status = 'read'

)

select
    form_rows.county_code,
    form_rows.town_code,
    form_rows.village_code,
    {{ project_code('form_rows') }} as project_code,
    form_rows.project_key,
    {{ without_numbers('form_rows.project_name') }} as project_name,
    form_rows.supply_mode,
    form_rows.works_type,
    form_rows.households,
    form_rows.population,
    form_rows.status,
    form_rows.started_on,
    form_rows.progress_rate,
    {{ without_numbers('form_rows.village_committee') }} as village_committee,
    {{ without_numbers('form_rows.natural_village') }} as natural_village,
    form_rows.planned_finish,
    form_rows.finished_on,
    form_rows.households_connected,
    form_rows.population_supplied,
    form_rows.report_date as reported_on,
    files.file_no,
    files.source_id,
    files.source_file,
    {{ without_numbers('form_rows.sheet') }} as source_sheet,
    form_rows.row as source_row,
    form_rows.cells
from form_rows
inner join files on form_rows.file_sha256 = files.source_id
