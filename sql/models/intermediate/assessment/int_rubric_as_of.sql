with

versions as (

    select distinct
        county_code,
        rubric_version,
        version_from,
        version_to
    from {{ ref('int_rubric_line') }}

),

report_dates as (

    select distinct
        county_code,
        report_date
    from {{ ref('int_part_as_of') }}

),

-- where a rubric is looked for: the county's own comes first
places as (

    select
        county_code,
        report_date,
        county_code as rubric_of,
        1 as place_no
    from report_dates

    union all

    select
        county_code,
        report_date,
        '*' as rubric_of,
        2 as place_no
    from report_dates

)

select
    places.county_code,
    places.report_date,
    versions.rubric_version
from places
inner join versions
    on
        places.rubric_of = versions.county_code
        and places.report_date >= versions.version_from
        and (places.report_date <= versions.version_to or versions.version_to is null)
qualify row_number() over (partition by places.county_code, places.report_date order by places.place_no) = 1
