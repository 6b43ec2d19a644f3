{%- set stages = ['initiated', 'designed', 'reviewed', 'approved', 'started', 'finished', 'accepted'] -%}
{{ by_report_date(['project_ledger']) }}

with

projects as (

    select * from {{ due(ref('fct_project_progress')) }}

),

-- the stages a project has reached, a row each
reached as (

    {% for stage in stages %}
        select
            report_date,
            county_code,
            town_code,
            project_code,
            supply_mode,
            '{{ stage }}' as project_stage,
            {{ loop.index }} as stage_no,
            {{ stage }}_on as reached_on
        from projects
        where {{ stage }}_on <= report_date
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

sequence as (

    select
        *,
        lag(project_stage) over in_order as previous_stage,
        lag(reached_on) over in_order as previous_on
    from reached
    window in_order as (partition by report_date, town_code, project_code order by stage_no)

)

select
    report_date,
    county_code,
    town_code,
    project_code,
    project_stage,
    cast(stage_no as bigint) as stage_no,
    supply_mode,
    reached_on,
    previous_stage,
    previous_on,
    {{ dbt.datediff('previous_on', 'reached_on', 'day') }}
        as duration_days
from sequence
