{# R20: a village joined or left the plan since the last report; one rejected now or last time did neither. #}
{{ by_report_date(['village_progress'], by_then=true) }}

with

reports as (

    select * from {{ of_due_counties(ref('int_village_report')) }}

),

joined as (

    select
        reports.report_date,
        reports.previous_on,
        reports.county_code,
        reports.town_code,
        reports.source_id,
        reports.source_file,
        reports.source_sheet as sheet,
        reports.source_row as row,
        concat_ws('|', reports.village_code, reports.supply_mode) as object_key,
        'natural_village' as field,
        reports.village_code,
        reports.natural_village,
        true as is_added
    from reports
    left join reports as earlier
        on
            reports.town_code = earlier.town_code
            and reports.previous_on = earlier.report_date
            and reports.village_code = earlier.village_code
    where
        reports.previous_on is not null
        and earlier.village_code is null
        and not reports.is_rejected_before

),

added as (

    {{ with_cell('joined', 'village_progress', ['village_code', 'supply_mode'], ['natural_village']) }}

),

-- a file of the report that leaves it out, for the address
report_files as (

    select
        town_code,
        report_date,
        min_by(source_id, source_file) as source_id,
        min(source_file) as source_file
    from reports
    group by all

),

dropped as (

    select
        reports.next_on as report_date,
        reports.report_date as previous_on,
        reports.county_code,
        reports.town_code,
        report_files.source_id,
        report_files.source_file,
        cast(null as varchar(255)) as sheet,
        cast(null as bigint) as row,
        concat_ws('|', reports.village_code, reports.supply_mode) as object_key,
        'natural_village' as field,
        reports.village_code,
        reports.natural_village,
        false as is_added,
        cast(null as varchar(20)) as cell
    from reports
    left join reports as later
        on
            reports.town_code = later.town_code
            and reports.next_on = later.report_date
            and reports.village_code = later.village_code
    inner join report_files
        on
            reports.town_code = report_files.town_code
            and reports.next_on = report_files.report_date
    where later.village_code is null and not reports.is_rejected_after

),

changed as (

    select * from added
    union all
    select * from dropped

),

-- a village under two supply modes changes once
found as (

    select
        *,
        village_code as object,
        natural_village as printed_value
    from changed
    qualify row_number() over (partition by report_date, village_code order by source_file, row) = 1

)

select
    {{ issue_columns(
        'R20',
        zh=[
            "'自然村“', found.natural_village, '”（', found.village_code, '）'",
            "case when found.is_added then '上期（' else '见于上期（' end, found.previous_on",
            "case when found.is_added then '）没有，本期新增' else '），本期没有' end, '。计划范围如有调整，无需处理；如系漏填、误填，请更正。'"
        ],
        en=[
            "found.village_code, case when found.is_added then ' was added since ' else ' was dropped since ' end"
            , "found.previous_on, '. Nothing to do if the plan changed; else correct the table.'"
        ]
    ) }}
from {{ due('found') }} as found
