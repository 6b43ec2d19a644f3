with

divisions as (

    select * from {{ ref('stg_division') }}

),

parts as (

    select
        *,
        max(report_date) over (partition by town_code) as latest_on
    from {{ ref('int_submission_part') }}
    where form = 'division' and is_current and rows_accepted > 0

),

sheets as (

    select * from {{ ref('stg_sheet') }}
    where form = 'division'

),

-- each town's latest master list
listed as (

    select divisions.*
    from divisions
    inner join parts
        on
            divisions.source_id = parts.source_id
            and divisions.town_code = parts.town_code
            and divisions.reported_on = parts.report_date
    where parts.report_date = parts.latest_on

),

-- of a village listed twice, the name now in force
villages as (

    select * from listed
    qualify
        row_number() over (
            partition by village_code
            order by valid_from desc nulls last, file_no desc, source_row desc
        ) = 1

),

towns as (

    select
        town_code,
        county_code,
        max_by(town_name, file_no) as town_name,
        max_by(source_id, file_no) as source_id
    from villages
    group by all

),

county_names as (

    select
        towns.county_code,
        max(sheets.county_name) as county_name
    from towns
    left join sheets on towns.source_id = sheets.source_id
    group by all

),

levels as (

    select
        village_code as division_code,
        'village' as level,
        natural_village as name,
        substr(village_code, 1, 12) as parent_code,
        county_code,
        town_code,
        valid_from,
        valid_to
    from villages

    union all

    select
        substr(village_code, 1, 12) as division_code,
        'committee' as level,
        max_by(village_committee, file_no) as name,
        town_code as parent_code,
        county_code,
        town_code,
        null as valid_from,
        null as valid_to
    from villages
    group by all

    union all

    select
        town_code as division_code,
        'town' as level,
        town_name as name,
        county_code as parent_code,
        county_code,
        town_code,
        null as valid_from,
        null as valid_to
    from towns

    union all

    select
        county_code as division_code,
        'county' as level,
        county_name as name,
        substr(county_code, 1, 4) as parent_code,
        county_code,
        null as town_code,
        null as valid_from,
        null as valid_to
    from county_names

    union all

    select distinct
        substr(county_code, 1, 4) as division_code,
        'prefecture' as level,
        null as name,
        substr(county_code, 1, 2) as parent_code,
        null as county_code,
        null as town_code,
        null as valid_from,
        null as valid_to
    from county_names

    union all

    select distinct
        substr(county_code, 1, 2) as division_code,
        'province' as level,
        null as name,
        null as parent_code,
        null as county_code,
        null as town_code,
        null as valid_from,
        null as valid_to
    from county_names

)

select
    levels.division_code,
    levels.level,
    levels.name,
    levels.parent_code,
    levels.county_code,
    levels.town_code,
    towns.town_name,
    cast(levels.valid_from as date) as valid_from,
    cast(levels.valid_to as date) as valid_to
from levels
left join towns on levels.town_code = towns.town_code
