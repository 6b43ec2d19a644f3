with

part_as_of as (

    select * from {{ ref('int_part_as_of') }}
    where form in {{ forms('town_forms') }}

),

parts as (

    select * from {{ ref('int_submission_part') }}

)

select
    part_as_of.report_date,
    part_as_of.town_code,
    sum(parts.rows_accepted) as numerator,
    sum(parts.rows_read) as denominator
from part_as_of
inner join parts
    on
        part_as_of.source_id = parts.source_id
        and part_as_of.form = parts.form
        and part_as_of.town_code = parts.town_code
        and part_as_of.reported_on = parts.report_date
        and part_as_of.part = parts.part
group by part_as_of.report_date, part_as_of.town_code
