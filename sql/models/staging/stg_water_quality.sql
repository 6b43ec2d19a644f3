with

form_rows as (

    select * from {{ source('landing', 'water_quality') }}

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
    -- numbers begin again with every batch, and some laboratories give none
    concat_ws(
        '|',
        form_rows.town_code,
        cast(form_rows.sampled_on as varchar(10)),
        coalesce(form_rows.sample_no, concat_ws('|', form_rows.project_key, form_rows.sampling_point))
    ) as sample_id,
    form_rows.sample_no,
    form_rows.sampled_on,
    {{ without_numbers('form_rows.sampling_point') }} as sampling_point,
    form_rows.parameter,
    form_rows.value,
    form_rows.is_below_detection,
    form_rows.unit,
    form_rows.verdict,
    form_rows.report_date as reported_on,
    files.file_no,
    files.source_id,
    files.source_file,
    {{ without_numbers('form_rows.sheet') }} as source_sheet,
    form_rows.row as source_row,
    form_rows.cells
from form_rows
inner join files on form_rows.file_sha256 = files.source_id
