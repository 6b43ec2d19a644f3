with

-- a ledger without a column of approvals says nothing of them
projects as (

    {{ rows_as_of('project_ledger', ['project_key']) | indent(4) }}

)

select
    report_date,
    town_code,
    count(*) filter (where approved_on <= started_on) as numerator,
    count(*) as denominator
from projects
where started_on <= report_date and {{ json_text('cells', 'approved_on') }} is not null
group by report_date, town_code
