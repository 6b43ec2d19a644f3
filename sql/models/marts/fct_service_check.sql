with

checks as (

    select * from {{ ref('int_service_check') }}

),

latest as (

    {{ latest_rows('checks', ['village_code', 'checked_on']) | indent(4) }}

)

select
    village_code,
    checked_on,
    county_code,
    town_code,
    quantity_lpcd,
    quantity,
    quality,
    convenience,
    assurance_rate,
    assurance,
    is_safe,
    reported_on,
    source_id,
    source_file,
    source_sheet,
    source_row
from latest
