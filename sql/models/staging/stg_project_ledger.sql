with

form_rows as (

    select * from {{ source('landing', 'project_ledger') }}

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
    form_rows.works_type,
    {{ without_numbers('form_rows.water_source') }} as water_source,
    form_rows.committees,
    form_rows.villages,
    form_rows.households,
    form_rows.population,
    form_rows.initiated_on,
    form_rows.designed_on,
    form_rows.reviewed_on,
    form_rows.approved_on,
    form_rows.started_on,
    form_rows.planned_finish,
    form_rows.finished_on,
    form_rows.accepted_on,
    form_rows.pipeline_planned_km,
    form_rows.pipeline_laid_km,
    form_rows.investment_planned as investment_planned_yuan,
    form_rows.investment_completed as investment_completed_yuan,
    form_rows.progress_rate,
    form_rows.report_date as reported_on,
    files.file_no,
    files.source_id,
    files.source_file,
    {{ without_numbers('form_rows.sheet') }} as source_sheet,
    form_rows.row as source_row,
    form_rows.cells
from form_rows
inner join files on form_rows.file_sha256 = files.source_id
