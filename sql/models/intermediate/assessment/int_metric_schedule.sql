with

villages as (

    select * from {{ ref('fct_coverage') }}
    where planned_finish <= report_date

)

select
    report_date,
    town_code,
    count(*) filter (where is_completed) as numerator,
    count(*) as denominator
from villages
group by report_date, town_code
