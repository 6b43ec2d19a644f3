{# Water of a source is no drinking water yet: it has no limits here. #}
with

results as (

    {{ current_rows('water_quality', ['sample_id', 'parameter']) | indent(4) }}

),

limits as (

    select * from {{ ref('water_limit') }}

),

units as (

    select * from {{ ref('water_unit') }}

),

projects as (

    select
        dim_project.project_code,
        dim_supply_mode.scale
    from {{ ref('dim_project') }} as dim_project
    inner join {{ ref('dim_supply_mode') }} as dim_supply_mode
        on dim_project.supply_mode = dim_supply_mode.supply_mode

),

-- the limit in force on the day of the sample, in the unit of the result; one for its scale or point before one for all
limited as (

    select
        results.*,
        limits.standard,
        cast(limits.limit_min * coalesce(units.per_limit_unit, 1) as decimal(18, 6)) as limit_min,
        cast(limits.limit_max * coalesce(units.per_limit_unit, 1) as decimal(18, 6)) as limit_max
    from results
    left join projects on results.project_code = projects.project_code
    left join limits
        on
            results.parameter = limits.parameter
            and results.sampled_on >= limits.valid_from
            and (results.sampled_on <= limits.valid_to or limits.valid_to is null)
            and (results.sampling_point = limits.sampling_point or limits.sampling_point is null)
            and (projects.scale = limits.scale or limits.scale is null)
            and coalesce(results.sampling_point, '') != 'source_water'
    left join units on lower(results.unit) = units.unit and limits.unit = units.limit_unit
    qualify row_number() over (
        partition by results.source_id, results.source_row, results.sample_id, results.parameter
        order by limits.scale asc nulls last, limits.sampling_point asc nulls last
    ) = 1

)

select
    county_code,
    town_code,
    project_code,
    sample_id,
    sample_no,
    sampled_on,
    sampling_point,
    parameter,
    value,
    is_below_detection,
    unit,
    limit_min,
    limit_max,
    standard,
    -- what lies below detection keeps every upper limit and no lower one
    case
        when standard is null then null
        when is_below_detection then limit_min is null
        else value >= coalesce(limit_min, value) and value <= coalesce(limit_max, value)
    end as is_passed,
    verdict,
    reported_on,
    file_no,
    source_id,
    source_file,
    source_sheet,
    source_row
from limited
