with

funding as (

    select * from {{ ref('fct_funding') }}

)

select
    report_date,
    town_code,
    sum(secured_yuan) as numerator,
    sum(planned_yuan) as denominator
from funding
group by report_date, town_code
