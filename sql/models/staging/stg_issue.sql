with

issues as (

    select issue.*
    from {{ source('landing', 'issue') }} as issue
    inner join {{ ref('stg_file') }} as file
        on issue.file_sha256 = file.source_id and file.status = 'read'
    -- notes about reading are not issues
    where issue.rule like 'R%'

)

select
    issue_no,
    county_code,
    town_code,
    report_date,
    form,
    rule,
    severity,
    sheet,
    row,
    cell,
    field,
    object,
    printed_value,
    message_zh,
    message_en,
    is_row_rejected,
    file_sha256 as source_id
from issues
