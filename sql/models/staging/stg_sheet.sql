with

sheets as (

    select * from {{ source('landing', 'sheet') }}
    where form is not null

)

select
    file_sha256 as source_id,
    {{ without_numbers('sheet') }} as source_sheet,
    form,
    town_code,
    report_date,
    county as county_name
from sheets
