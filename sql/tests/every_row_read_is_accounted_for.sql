-- No row is lost between landing and the submissions: each one read is counted once, as accepted, rejected or double.
with

submissions as (

    select
        source_id,
        form,
        sum(rows_read) as rows_read,
        sum(rows_accepted) as rows_accepted,
        sum(rows_rejected) as rows_rejected
    from {{ ref('fct_submission') }}
    group by source_id, form
    having sum(rows_read) > 0

),

landed as (

    select
        source_id,
        form,
        count(*) as rows_read,
        count(*) filter (where state = 'accepted') as rows_accepted,
        count(*) filter (where state = 'rejected') as rows_rejected
    from {{ ref('stg_row') }}
    group by source_id, form

)

select
    coalesce(submissions.source_id, landed.source_id) as source_id,
    coalesce(submissions.form, landed.form) as form
from submissions
full outer join landed
    on
        submissions.source_id = landed.source_id
        and submissions.form = landed.form
where
    submissions.source_id is null
    or landed.source_id is null
    or submissions.rows_read != landed.rows_read
    or submissions.rows_accepted != landed.rows_accepted
    or submissions.rows_rejected != landed.rows_rejected
