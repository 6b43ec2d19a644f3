{# Counties report on different days: at each date of the province, each of its counties stands with its latest one. #}
with

part_as_of as (

    select * from {{ ref('int_part_as_of') }}

),

counties as (

    select
        division_code as county_code,
        substr(division_code, 1, 4) as prefecture_code,
        substr(division_code, 1, 2) as province_code
    from {{ ref('dim_division') }}
    where level = 'county'

),

-- the report dates of a county; how old the oldest report of villages is that it stands with
own_dates as (

    select
        county_code,
        report_date,
        min(reported_on) filter (where form = 'village_progress') as oldest_reported_on
    from part_as_of
    group by county_code, report_date

),

calendar as (

    select distinct
        substr(county_code, 1, 2) as province_code,
        report_date
    from own_dates

),

standing as (

    select
        calendar.report_date,
        counties.county_code,
        counties.prefecture_code,
        counties.province_code,
        max(own_dates.report_date) over (
            partition by counties.county_code
            order by calendar.report_date
        ) as county_report_date
    from calendar
    inner join counties on calendar.province_code = counties.province_code
    left join own_dates
        on
            counties.county_code = own_dates.county_code
            and calendar.report_date = own_dates.report_date

),

levels as (

    {% for level in ['county', 'prefecture', 'province'] %}
        select
            report_date,
            {{ level }}_code as division_code,
            '{{ level }}' as level,
            county_code,
            county_report_date
        from standing
        {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    levels.report_date,
    levels.division_code,
    levels.level,
    levels.county_code,
    levels.county_report_date,
    own_dates.oldest_reported_on
from levels
left join own_dates
    on
        levels.county_code = own_dates.county_code
        and levels.county_report_date = own_dates.report_date
