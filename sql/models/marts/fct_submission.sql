with

parts as (

    select * from {{ ref('int_submission_part') }}

),

files as (

    select * from {{ ref('stg_file') }}

),

sheets as (

    select * from {{ ref('stg_sheet') }}

),

-- a county form speaks for the county, whatever towns its rows are about
shown as (

    select
        source_id,
        form,
        case
            when form in {{ forms('county_forms') }}
                then county_code
            else town_code
        end as town_code,
        report_date,
        case
            when not bool_or(is_current) then 'superseded'
            when sum(rows_accepted) = 0 then 'rejected'
            else 'current'
        end as status,
        sum(rows_read) as rows_read,
        sum(rows_accepted) as rows_accepted,
        sum(rows_rejected) as rows_rejected
    from parts
    group by all

),

-- forms recognised without a row under their heading
empty as (

    select distinct
        source_id,
        form,
        town_code,
        report_date,
        'current' as status,
        0 as rows_read,
        0 as rows_accepted,
        0 as rows_rejected
    from sheets
    where not exists (
        select 1
        from shown
        where shown.source_id = sheets.source_id and shown.form = sheets.form
    )

),

submissions as (

    select
        files.source_file,
        files.received_on,
        shown.*
    from shown
    inner join files on shown.source_id = files.source_id
    where files.status = 'read'

    union all

    select
        files.source_file,
        files.received_on,
        empty.*
    from empty
    inner join files on empty.source_id = files.source_id
    where files.status = 'read'

    union all

    select
        source_file,
        received_on,
        source_id,
        '*' as form,
        town_code,
        report_date,
        'duplicate' as status,
        null as rows_read,
        null as rows_accepted,
        null as rows_rejected
    from files
    where status = 'duplicate'

)

select
    source_file as file,
    form,
    substr(town_code, 1, 6) as county_code,
    town_code,
    report_date,
    received_on,
    status,
    cast(rows_read as bigint) as rows_read,
    cast(rows_accepted as bigint) as rows_accepted,
    cast(rows_rejected as bigint) as rows_rejected,
    -- due on the day after the report date
    greatest(
        {{ dbt.datediff('report_date', 'received_on', 'day') }}
        - 1,
        0
    ) as days_late,
    source_id
from submissions
