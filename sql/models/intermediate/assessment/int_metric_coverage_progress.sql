with

towns as (

    select * from {{ ref('rpt_coverage_town') }}

)

select
    report_date,
    town_code,
    sum(population_completed) as numerator,
    sum(target_population) as denominator
from towns
group by report_date, town_code
