with

visits as (

    {{ current_rows('inspection', ['village_code', 'inspected_on']) | indent(4) }}

),

reports as (

    select * from {{ ref('int_village_report') }}

),

report_dates as (

    select distinct
        report_date,
        county_code
    from {{ ref('int_part_as_of') }}

),

-- of two visits to a village by the date, the latest
latest_visits as (

    select
        report_dates.report_date,
        visits.*
    from visits
    inner join report_dates
        on
            visits.county_code = report_dates.county_code
            and visits.inspected_on <= report_dates.report_date
    qualify row_number() over (
        partition by report_dates.report_date, visits.village_code
        order by visits.inspected_on desc, visits.reported_on desc, visits.file_no desc
    ) = 1

),

-- what the town's latest report on or before the visit says of the village, under all its supply modes
claims as (

    select
        latest_visits.report_date,
        latest_visits.village_code,
        max(reports.report_date) as claimed_on,
        bool_or(reports.status = 'completed') as reported_completed,
        cast(sum(reports.population) filter (where reports.status = 'completed') as bigint) as population_reported
    from latest_visits
    inner join reports
        on
            latest_visits.town_code = reports.town_code
            and latest_visits.village_code = reports.village_code
            and latest_visits.inspected_on >= reports.report_date
            and (latest_visits.inspected_on < reports.next_on or reports.next_on is null)
    group by latest_visits.report_date, latest_visits.village_code

)

select
    latest_visits.report_date,
    latest_visits.village_code,
    latest_visits.county_code,
    latest_visits.town_code,
    latest_visits.inspected_on,
    claims.claimed_on,
    claims.reported_completed,
    latest_visits.has_water,
    claims.population_reported,
    latest_visits.population_verified,
    latest_visits.source_id,
    latest_visits.source_file,
    latest_visits.source_sheet,
    latest_visits.source_row
from latest_visits
left join claims
    on
        latest_visits.report_date = claims.report_date
        and latest_visits.village_code = claims.village_code
