with

rows_read as (

    select * from {{ ref('stg_row') }}

),

files as (

    select * from {{ ref('stg_file') }}
    where status = 'read'

),

-- what each file shows of each supply mode of a report, right or wrong
modes as (

    select
        source_id,
        form,
        county_code,
        town_code,
        report_date,
        supply_mode,
        count(*) as rows_read,
        count(*) filter (where state = 'accepted') as rows_accepted,
        count(*) filter (where state = 'rejected') as rows_rejected
    from rows_read
    group by source_id, form, county_code, town_code, report_date, supply_mode

),

-- rows that name no supply mode go with one that the file names
placed as (

    select
        *,
        coalesce(
            supply_mode,
            max(supply_mode) over (partition by source_id, form, town_code, report_date),
            '*'
        ) as part
    from modes

),

parts as (

    select
        files.source_id,
        files.received_on,
        placed.form,
        placed.county_code,
        placed.town_code,
        placed.report_date,
        placed.part,
        cast(sum(placed.rows_read) as bigint) as rows_read,
        cast(sum(placed.rows_accepted) as bigint) as rows_accepted,
        cast(sum(placed.rows_rejected) as bigint) as rows_rejected
    from placed
    inner join files on placed.source_id = files.source_id
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
