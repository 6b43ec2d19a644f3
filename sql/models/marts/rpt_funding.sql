with

funding as (

    select * from {{ ref('fct_funding') }}

),

totals as (

    select
        report_date,
        county_code,
        {{ or_all('town_code') }} as town_code,
        {{ or_all('supply_mode') }} as supply_mode,
        {{ or_all('funding_source') }} as funding_source,
        cast(sum(planned_yuan) as decimal(18, 2)) as planned_yuan,
        cast(sum(secured_yuan) as decimal(18, 2)) as secured_yuan,
        cast(sum(spent_yuan) as decimal(18, 2)) as spent_yuan
    from funding
    group by report_date, county_code, cube(town_code, supply_mode, funding_source)

)

select
    report_date,
    county_code,
    town_code,
    supply_mode,
    funding_source,
    planned_yuan,
    secured_yuan,
    {{ rate('secured_yuan', 'planned_yuan') }} as secured_rate,
    spent_yuan,
    {{ rate('spent_yuan', 'secured_yuan') }} as spent_rate
from totals
-- funds of a project whose supply mode nobody named count in the totals only
where supply_mode is not null
