with

counties as (

    select * from {{ ref('rpt_funding') }}
    where town_code = 'all'

),

{{ in_division(
    'counties',
    ['supply_mode', 'funding_source'],
    ['planned_yuan', 'secured_yuan', 'spent_yuan'],
    type='decimal(18, 2)'
) }}

select
    report_date,
    division_code,
    level,
    supply_mode,
    funding_source,
    counties_total,
    counties_reporting,
    planned_yuan,
    secured_yuan,
    {{ rate('secured_yuan', 'planned_yuan') }} as secured_rate,
    spent_yuan,
    {{ rate('spent_yuan', 'secured_yuan') }} as spent_rate
from together
