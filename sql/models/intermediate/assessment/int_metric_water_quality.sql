with

-- a sample that cannot be judged is no sample here
samples as (

    select * from {{ ref('int_water_sample') }}
    where is_passed is not null and sampled_on >= date_trunc('year', report_date)

)

select
    report_date,
    town_code,
    count(*) filter (where is_passed) as numerator,
    count(*) as denominator
from samples
group by report_date, town_code
