-- A row that counts says for which county, town and date; otherwise it would be missing from every mart without a word.
with

accepted_rows as (

    select * from {{ ref('stg_row') }}
    where state = 'accepted'

)

select
    source_id,
    form,
    count(*) as row_count
from accepted_rows
where county_code is null or town_code is null or report_date is null
group by all
