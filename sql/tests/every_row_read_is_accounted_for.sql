-- No row is lost between landing and the submissions: each one read is counted once.
with

submissions as (

    select sum(rows_read) as row_count from {{ ref('fct_submission') }}

),

landed as (

    select count(*) as row_count from {{ ref('stg_row') }}

)

select
    submissions.row_count as counted,
    landed.row_count as landed
from submissions
cross join landed
where coalesce(submissions.row_count, 0) != landed.row_count
