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
    {{ without_numbers('sheet') }} as sheet,
    row,
    cell,
    field,
    {{ without_numbers('object') }} as object,
    {{ without_numbers('printed_value') }} as printed_value,
    {{ without_numbers('message_zh') }} as message_zh,
    {{ without_numbers('message_en') }} as message_en,
    is_row_rejected,
    file_sha256 as source_id
from issues
