with

form_rows as (

    select * from {{ source('landing', 'baseline') }}

),

files as (

    select * from {{ ref('stg_file') }}
    where status = 'read'

)

select
    form_rows.county_code,
    form_rows.town_code,
    form_rows.rural_households,
    form_rows.rural_population,
    form_rows.population_basis,
    form_rows.served_cross_county,
    form_rows.served_county_plant,
    form_rows.served_town_plant,
    form_rows.served_small_scheme,
    form_rows.report_date as reported_on,
    files.file_no,
    files.source_id,
    files.source_file,
    {{ without_numbers('form_rows.sheet') }} as source_sheet,
    form_rows.row as source_row
from form_rows
inner join files on form_rows.file_sha256 = files.source_id
