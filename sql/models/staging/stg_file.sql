with

files as (

    select * from {{ source('landing', 'file') }}
    -- what was known on the day that is asked for
    where received_on <= cast('{{ var("as_of") }}' as date)

)

select
    file_sha256 as source_id,
    {{ without_numbers('path') }} as source_file,
    status,
    town_code,
    report_date,
    received_on,
    -- what it was read with: the program, the master list, the corrections
    concat_ws('|', pipeline_version, master_version, corrections_version) as read_with,
    -- the order in which files arrived
    row_number() over (order by received_on, first_seen_at, path) as file_no
from files
