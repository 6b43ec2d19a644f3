with

submissions as (

    select * from {{ ref('fct_submission') }}
    where status in ('current', 'rejected')

)

select
    county_code,
    form,
    count(*) as submissions,
    cast(sum(rows_read) as bigint) as rows_read,
    cast(sum(rows_accepted) as bigint) as rows_accepted,
    cast(sum(rows_rejected) as bigint) as rows_rejected
from submissions
group by
    county_code,
    form
