with

funding_sources as (

    select * from {{ ref('funding_source') }}

)

select
    funding_source,
    name_zh,
    sort_order
from funding_sources
