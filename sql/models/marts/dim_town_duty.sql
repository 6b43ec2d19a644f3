with

assignments as (

    {{ current_rows('assignment', []) | indent(4) }}

),

divisions as (

    select * from {{ ref('dim_division') }}
    where level = 'town'

)

select
    assignments.town_code,
    assignments.county_code,
    divisions.name as town_name,
    assignments.post as liaison_post,
    assignments.unit as liaison_unit,
    assignments.task_force_lead as task_force_lead_post,
    assignments.reported_on,
    assignments.source_id,
    assignments.source_file,
    assignments.source_sheet,
    assignments.source_row
from assignments
left join divisions on assignments.town_code = divisions.division_code
qualify row_number() over (partition by assignments.town_code order by assignments.reported_on desc) = 1
