{# Models that are kept (macros/by_report_date.sql) build a date anew when its fingerprint changes. #}
with

parts as (

    select * from {{ ref('int_submission_part') }}

),

part_as_of as (

    select * from {{ ref('int_part_as_of') }}

),

files as (

    select * from {{ ref('stg_file') }}

),

report_dates as (

    select distinct
        report_date,
        county_code
    from part_as_of

),

-- what stands at a date: the report as of it, and of forms that accumulate every report by then
standing as (

    select
        report_date,
        county_code,
        town_code,
        form,
        part,
        reported_on,
        source_id
    from part_as_of
    where form not in {{ forms('accumulating_forms') }}

    union all

    select
        report_dates.report_date,
        parts.county_code,
        parts.town_code,
        parts.form,
        parts.part,
        parts.report_date as reported_on,
        parts.source_id
    from report_dates
    inner join parts
        on
            report_dates.county_code = parts.county_code
            and report_dates.report_date >= parts.report_date
    where parts.form in {{ forms('accumulating_forms') }} and parts.is_current

),

-- rows that name a project may take its supply mode from what other reports say of it
project_rows as (

    {% for form in ['funding', 'water_quality'] %}
        select distinct
            '{{ form }}' as form,
            source_id,
            town_code,
            reported_on,
            project_code
        from {{ ref('stg_' ~ form) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

projects as (

    select
        project_rows.form,
        project_rows.source_id,
        project_rows.town_code,
        project_rows.reported_on,
        {{ dbt.listagg("known.project_code || known.supply_mode", "','", "order by known.project_code") }}
            as supply_modes
    from project_rows
    inner join {{ ref('dim_project') }} as known on project_rows.project_code = known.project_code
    group by project_rows.form, project_rows.source_id, project_rows.town_code, project_rows.reported_on

),

-- a part as it was read; in the order in which files arrived, for the later one counts
numbered as (

    select
        standing.report_date,
        standing.county_code,
        standing.form,
        row_number() over (
            partition by standing.report_date, standing.county_code, standing.form
            order by standing.town_code, standing.reported_on, standing.part, files.file_no
        ) as part_no,
        md5(
            concat_ws(
                '|',
                standing.town_code,
                standing.reported_on,
                standing.part,
                standing.source_id,
                files.source_file,
                files.read_with,
                projects.supply_modes
            )
        ) as fingerprint
    from standing
    inner join files on standing.source_id = files.source_id and files.status = 'read'
    left join projects
        on
            standing.form = projects.form
            and standing.source_id = projects.source_id
            and standing.town_code = projects.town_code
            and standing.reported_on = projects.reported_on

)

select
    report_date,
    county_code,
    form,
    md5(
        concat(
            -- reports dated after the day that is asked for have no date in the marts yet
            case when report_date <= cast('{{ var("as_of") }}' as date) then '' else 'later' end,
            {{ dbt.listagg('fingerprint', "''", 'order by part_no') }}
        )
    ) as fingerprint
from numbered
group by report_date, county_code, form
