{{ by_report_date(['village_progress']) }}

with

accepted as (

    {{ current_rows('village_progress', ['village_code', 'supply_mode'], due(ref('int_submission_part'))) | indent(4) }}

)

select
    reported_on as report_date,
    county_code,
    town_code,
    village_code,
    natural_village,
    supply_mode,
    project_code,
    project_key,
    project_name,
    works_type,
    status,
    planned_finish,
    started_on,
    finished_on,
    progress_rate,
    households,
    population,
    households_connected,
    population_supplied,
    source_id,
    source_file,
    source_sheet,
    source_row
from accepted
