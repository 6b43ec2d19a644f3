{#
    R24: completed without a passed water test of its project, sampled and reported by the report date. A sample passed
    when each of its parameters is printed as passed or, without a verdict, within the limits; one that nobody can judge
    is no pass.
#}
{{ by_report_date(['village_progress', 'water_quality']) }}

with

reports as (

    select * from {{ due(ref('int_village_row')) }}

),

samples as (

    select * from {{ ref('int_water_sample') }}

),

untested as (

    select
        reports.report_date,
        reports.county_code,
        reports.town_code,
        reports.source_id,
        reports.source_file,
        reports.source_sheet as sheet,
        reports.source_row as row,
        concat_ws('|', reports.village_code, reports.supply_mode) as object_key,
        'status' as field,
        reports.village_code as object,
        reports.status as printed_value,
        reports.natural_village,
        reports.project_name
    from reports
    where
        reports.status = 'completed'
        and reports.project_key is not null
        and not exists (
            select 1
            from samples
            where
                samples.is_passed_as_printed
                and samples.report_date = reports.report_date
                and samples.project_code = reports.project_code
        )

),

found as (

    {{ with_cell('untested', 'village_progress', ['village_code', 'supply_mode'], ['status']) }}

)

select
    {{ issue_columns(
        'R24',
        zh=[
            "'自然村“', found.natural_village, '”已完成，但所属工程“', found.project_name, '”截至', found.report_date"
            , "'没有全部合格的水质检测。请检测后报送水质检测表。'"
        ],
        en=[
            "found.object, ' is completed, but its project “', found.project_name, '” shows no passed water test by '"
            , "found.report_date, '. Test the water and send the results.'"
        ]
    ) }}
from found
