{# R19: every village's figures are those of the last report though the date is newer: copied forward. #}
{{ by_report_date(['village_progress'], by_then=true) }}

with

reports as (

    select * from {{ of_due_counties(ref('int_village_report')) }}

),

-- a village rejected in the other report is no difference
now_and_before as (

    select
        town_code,
        report_date as compared_on,
        village_code,
        supply_mode,
        figures,
        'now' as told
    from reports
    where previous_on is not null and not is_rejected_before

    union all

    select
        town_code,
        next_on as compared_on,
        village_code,
        supply_mode,
        figures,
        'before' as told
    from reports
    where next_on is not null and not is_rejected_after

),

villages as (

    select
        town_code,
        compared_on,
        count(*) = 2 and count(distinct figures) = 1 as is_same
    from now_and_before
    group by town_code, compared_on, village_code, supply_mode

),

copied as (

    select
        town_code,
        compared_on
    from villages
    group by all
    having bool_and(is_same)

),

-- one file of the report stands for it
found as (

    select
        reports.report_date,
        reports.previous_on,
        reports.county_code,
        reports.town_code,
        reports.source_id,
        reports.source_file,
        reports.source_sheet as sheet,
        cast(null as bigint) as row,
        cast(null as varchar(20)) as cell,
        cast(null as varchar(40)) as field,
        '*' as object,
        cast(null as varchar(40)) as printed_value
    from reports
    inner join copied
        on
            reports.town_code = copied.town_code
            and reports.report_date = copied.compared_on
    qualify row_number() over (
        partition by reports.town_code, reports.report_date
        order by reports.source_file, reports.source_sheet, reports.source_row
    ) = 1

)

select
    {{ issue_columns(
        'R19',
        zh=["'各村数字与上期（', found.previous_on, '）完全相同，疑似沿用旧表。请更新后重新报送；确无变化的请书面说明。'"],
        en=["'the figures of every village are those of ', found.previous_on, ': copied forward? Send the table up to date.'"]
    ) }}
from {{ due('found') }} as found
