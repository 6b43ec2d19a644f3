with

checks as (

    select * from {{ ref('int_service_check') }}

),

report_dates as (

    select distinct
        county_code,
        report_date
    from {{ ref('int_part_as_of') }}

),

known as (

    {{ latest_rows('checks', ['village_code', 'checked_on'], at='report_dates') | indent(4) }}

),

-- each village stands with its latest check
villages as (

    select * from known
    where checked_on <= report_date
    qualify row_number() over (partition by report_date, village_code order by checked_on desc) = 1

)

select
    report_date,
    town_code,
    count(*) filter (where is_safe) as numerator,
    count(*) as denominator
from villages
group by report_date, town_code
