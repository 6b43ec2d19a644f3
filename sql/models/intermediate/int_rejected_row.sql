with

rejected as (

    select * from {{ ref('stg_row') }}
    where state = 'rejected'

),

-- a row that names no supply mode goes with one that the file names
named as (

    select
        source_id,
        form,
        town_code,
        report_date,
        max(part) as part
    from {{ ref('int_submission_part') }}
    group by source_id, form, town_code, report_date

)

select
    rejected.source_id,
    rejected.form,
    rejected.town_code,
    rejected.report_date,
    coalesce(rejected.supply_mode, named.part) as part,
    rejected.object
from rejected
inner join named
    on
        rejected.source_id = named.source_id
        and rejected.form = named.form
        and rejected.town_code = named.town_code
        and rejected.report_date = named.report_date
