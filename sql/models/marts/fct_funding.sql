{{ by_report_date(['funding', 'project_ledger']) }}

with

funding as (

    {{ rows_as_of('funding', ['project_key', 'funding_source']) | indent(4) }}

),

ledger as (

    select * from {{ ref('fct_project_progress') }}

),

projects as (

    select * from {{ ref('dim_project') }}

)

select
    funding.report_date,
    funding.county_code,
    funding.town_code,
    funding.project_code,
    funding.funding_source,
    -- the sheet's own, else what the ledger says at that date, else what is known of the project
    coalesce(funding.supply_mode, ledger.supply_mode, projects.supply_mode) as supply_mode,
    funding.planned_yuan,
    funding.secured_yuan,
    funding.spent_yuan,
    funding.reported_on,
    funding.source_id,
    funding.source_file,
    funding.source_sheet,
    funding.source_row
from funding
left join ledger
    on
        funding.report_date = ledger.report_date
        and funding.town_code = ledger.town_code
        and funding.project_code = ledger.project_code
left join projects on funding.project_code = projects.project_code
