{# R21 of a town: it completed more villages than its target. That of a project stands on the form project_ledger. #}
{{ by_report_date(['village_progress', 'annual_target']) }}

with

progress as (

    select * from {{ due(ref('fct_coverage')) }}
    where reported_on = report_date

),

targets as (

    {{ rows_as_of('annual_target', ['supply_mode']) }}

),

town_targets as (

    select
        report_date,
        town_code,
        sum(villages) as target_villages
    from targets
    group by all

),

town_progress as (

    select
        report_date,
        county_code,
        town_code,
        count(*) filter (where is_completed) as villages_completed,
        min_by(source_id, source_file) as source_id,
        min(source_file) as source_file
    from progress
    group by all

),

found as (

    select
        town_progress.*,
        town_targets.target_villages,
        cast(null as varchar(255)) as sheet,
        cast(null as bigint) as row,
        cast(null as varchar(20)) as cell,
        'status' as field,
        '*' as object,
        cast(town_progress.villages_completed as varchar(20)) as printed_value
    from town_progress
    inner join town_targets
        on
            town_progress.report_date = town_targets.report_date
            and town_progress.town_code = town_targets.town_code
    where town_progress.villages_completed > town_targets.target_villages

)

select
    {{ issue_columns(
        'R21',
        zh=["'已完成自然村', found.villages_completed, '个，超过年度任务', found.target_villages, '个。如确属超额完成，无需处理。'"],
        en=["found.villages_completed, ' villages completed, above the target of ', found.target_villages, '. Nothing to do if it is so.'"]
    ) }}
from found
