{%- set stages = ['accepted', 'finished', 'started', 'approved', 'reviewed', 'designed', 'initiated'] -%}
{{ by_report_date(['project_ledger']) }}

with

projects as (

    {{ rows_as_of('project_ledger', ['project_key']) | indent(4) }}

),

-- the last stage reached, in the order of the stages
stages as (

    select
        *,
        case
            {% for stage in stages %}
                when {{ stage }}_on <= report_date then '{{ stage }}'
            {% endfor %}
        end as current_stage
    from projects

),

stage_dates as (

    select
        *,
        case current_stage
            {% for stage in stages %}
                when '{{ stage }}' then {{ stage }}_on
            {% endfor %}
        end as stage_on
    from stages

)

select
    report_date,
    county_code,
    town_code,
    project_code,
    supply_mode,
    works_type,
    water_source,
    initiated_on,
    designed_on,
    reviewed_on,
    approved_on,
    started_on,
    planned_finish,
    finished_on,
    accepted_on,
    current_stage,
    {{ dbt.datediff('stage_on', 'report_date', 'day') }}
        as stage_days,
    case
        when approved_on <= report_date
            then {{ dbt.datediff('initiated_on', 'approved_on', 'day') }}
    end as approval_days,
    committees,
    villages,
    households,
    population,
    pipeline_planned_km,
    pipeline_laid_km,
    investment_planned_yuan,
    investment_completed_yuan,
    progress_rate,
    reported_on,
    source_id,
    source_file,
    source_sheet,
    source_row
from stage_dates
