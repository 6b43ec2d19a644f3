with

supply_modes as (

    select * from {{ ref('supply_mode') }}

)

select
    supply_mode,
    name_zh,
    scale,
    sort_order
from supply_modes
