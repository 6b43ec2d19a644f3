with

funding as (

    select * from {{ ref('fct_funding') }}

)

select
    report_date,
    town_code,
    sum(spent_yuan) as numerator,
    sum(secured_yuan) as denominator
from funding
group by report_date, town_code
