with

baselines as (

    {{ rows_as_of('baseline', []) | indent(4) }}

),

supply_modes as (

    select * from {{ ref('dim_supply_mode') }}

)

select
    baselines.report_date,
    baselines.county_code,
    baselines.town_code,
    supply_modes.supply_mode,
    case supply_modes.supply_mode
        when 'cross_county' then baselines.served_cross_county
        when 'county_plant' then baselines.served_county_plant
        when 'town_plant' then baselines.served_town_plant
        when 'small_scheme' then baselines.served_small_scheme
    end as population_served_before,
    baselines.reported_on,
    baselines.source_id,
    baselines.source_file,
    baselines.source_sheet,
    baselines.source_row
from baselines
cross join supply_modes
