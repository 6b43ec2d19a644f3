{% set counts = [
    'villages_planned', 'villages_completed', 'households_planned', 'households_completed', 'population_planned',
    'population_completed', 'target_villages', 'target_population', 'late_villages', 'late_open', 'villages_rejected',
] %}

with

counties as (

    select * from {{ ref('rpt_coverage_county') }}

),

{{ in_division('counties', ['supply_mode'], counts) }}

select
    report_date,
    division_code,
    level,
    supply_mode,
    counties_total,
    counties_reporting,
    oldest_reported_on,
    villages_planned,
    villages_completed,
    {{ rate('villages_completed', 'villages_planned') }} as village_completion_rate,
    households_planned,
    households_completed,
    population_planned,
    population_completed,
    {{ rate('population_completed', 'population_planned') }} as population_completion_rate,
    target_villages,
    {{ rate('villages_completed', 'target_villages') }} as village_target_rate,
    target_population,
    {{ rate('population_completed', 'target_population') }} as population_target_rate,
    late_villages,
    late_open,
    villages_rejected
from together
