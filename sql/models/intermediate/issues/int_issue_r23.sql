{# R23: reported completed in the town's latest report on or before the inspection, inspected without water. #}
with

inspections as (

    {{ current_rows('inspection', ['village_code', 'inspected_on']) }}

),

reports as (

    select * from {{ ref('int_village_report') }}

),

found as (

    select
        reports.report_date,
        inspections.county_code,
        inspections.town_code,
        inspections.source_id,
        inspections.source_file,
        inspections.source_sheet as sheet,
        inspections.source_row as row,
        {{ json_text('inspections.cells', 'has_water') }} as cell,
        'has_water' as field,
        inspections.village_code as object,
        '否' as printed_value,
        inspections.natural_village,
        inspections.inspected_on
    from inspections
    inner join reports
        on
            inspections.town_code = reports.town_code
            and inspections.village_code = reports.village_code
            and inspections.inspected_on >= reports.report_date
            and (inspections.inspected_on < reports.next_on or reports.next_on is null)
    where not inspections.has_water and reports.status = 'completed'
    -- a village under two supply modes, or named twice in one table of visits, is contradicted once
    qualify row_number() over (
        partition by inspections.village_code, inspections.inspected_on, reports.report_date
        order by inspections.file_no desc, reports.source_row asc
    ) = 1

)

select
    {{ issue_columns(
        'R23', form="'inspection'",
        zh=[
            "'自然村“', found.natural_village, '”在', found.report_date, '报表中为已完成，', found.inspected_on"
            , "'核查时没有通水。请该镇核实并更正报表，必要时重新核查。'"
        ],
        en=[
            "found.object, ' is completed in the report of ', found.report_date, ' and had no water when inspected on '"
            , "found.inspected_on, '. The town should check and correct its report.'"
        ]
    ) }}
from found
