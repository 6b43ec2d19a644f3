with

part_as_of as (

    select * from {{ ref('int_part_as_of') }}

),

-- whole years, one more on either side for plans and stages
bounds as (

    select
        date_trunc('year', min(report_date) - interval 1 year) as first_day,
        date_trunc('year', max(report_date) + interval 2 year) - interval 1 day as last_day
    from part_as_of

),

series as (

    select {{ each_day('first_day', 'last_day') }} as calendar_day
    from bounds

),

days as (

    select cast(calendar_day as date) as calendar_date
    from series

)

select
    calendar_date as date,
    cast(extract(year from calendar_date) as bigint) as year,
    cast(extract(month from calendar_date) as bigint) as month,
    cast(extract(week from calendar_date) as bigint) as week,
    calendar_date = last_day(calendar_date) as is_month_end
from days
