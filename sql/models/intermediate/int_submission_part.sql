with

rows_read as (

    select * from {{ ref('stg_row') }}

),

files as (

    select * from {{ ref('stg_file') }}
    where status = 'read'

),

-- what each file shows of each part of a report, right or wrong
parts as (

    select
        files.source_id,
        files.received_on,
        rows_read.form,
        rows_read.county_code,
        rows_read.town_code,
        rows_read.report_date,
        rows_read.part,
        count(*) as rows_read,
        count(*) filter (where rows_read.state = 'accepted') as rows_accepted,
        count(*) filter (where rows_read.state = 'rejected') as rows_rejected
    from rows_read
    inner join files on rows_read.source_id = files.source_id
    group by all

)

select
    source_id,
    form,
    county_code,
    town_code,
    report_date,
    part,
    received_on,
    rows_read,
    rows_accepted,
    rows_rejected,
    -- files of one day are parts of one report; a later one replaces what it shows again
    received_on = max(received_on) over (
        partition by form, county_code, town_code, report_date, part
    ) as is_current
from parts
