with

issues as (

    select * from {{ ref('fct_data_issue') }}
    where submission = 'current'

)

select
    county_code,
    rule,
    severity,
    count(*) as issues
from issues
group by
    county_code,
    rule,
    severity
