with

ledger as (

    select * from {{ ref('stg_project_ledger') }}

),

villages as (

    select * from {{ ref('stg_village_progress') }}

),

funding as (

    select * from {{ ref('stg_funding') }}

),

samples as (

    select * from {{ ref('stg_water_quality') }}

),

parts as (

    select * from {{ ref('int_submission_part') }}
    where is_current

),

-- every mention of a project; the ledger knows it best, a sample of its water least
mentions as (

    select
        'project_ledger' as form,
        3 as authority,
        project_code,
        county_code,
        project_name,
        town_code,
        supply_mode,
        works_type,
        supply_mode as part,
        reported_on,
        file_no,
        source_id,
        source_row
    from ledger

    union all

    select
        'village_progress' as form,
        2 as authority,
        project_code,
        county_code,
        project_name,
        town_code,
        supply_mode,
        works_type,
        supply_mode as part,
        reported_on,
        file_no,
        source_id,
        source_row
    from villages

    union all

    select
        'funding' as form,
        1 as authority,
        project_code,
        county_code,
        project_name,
        town_code,
        supply_mode,
        null as works_type,
        '*' as part,
        reported_on,
        file_no,
        source_id,
        source_row
    from funding

    union all

    select
        'water_quality' as form,
        0 as authority,
        project_code,
        county_code,
        project_name,
        town_code,
        null as supply_mode,
        null as works_type,
        '*' as part,
        reported_on,
        file_no,
        source_id,
        source_row
    from samples

),

ranked as (

    select
        mentions.*,
        row_number() over (
            partition by mentions.project_code
            order by mentions.authority, mentions.reported_on, mentions.file_no, mentions.source_row
        ) as precedence
    from mentions
    inner join parts
        on
            mentions.source_id = parts.source_id
            and mentions.form = parts.form
            and mentions.town_code = parts.town_code
            and mentions.reported_on = parts.report_date
            and mentions.part = parts.part
    where mentions.project_code is not null

)

select
    project_code,
    max_by(project_name, precedence) as project_name,
    county_code,
    max_by(town_code, precedence) as town_code,
    max_by(supply_mode, precedence) filter (where supply_mode is not null) as supply_mode,
    max_by(works_type, precedence) filter (where works_type is not null) as works_type
from ranked
group by project_code, county_code
