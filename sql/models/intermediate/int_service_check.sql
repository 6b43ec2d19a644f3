{# The area of the county, wet or dry, is a setting (dbt_project.yml). #}
with

checks as (

    {{ current_rows('service_check', ['village_code', 'checked_on']) | indent(4) }}

),

criteria as (

    select * from {{ ref('service_criterion') }}
    where area = '{{ var("service_area") }}' or area is null

),

days as (

    select distinct checked_on from checks

),

-- the least that is met, or basic, on each day of a check
thresholds as (

    select
        days.checked_on,
        max(criteria.limit_min) filter (
            where criteria.criterion = 'quantity' and criteria.verdict = 'met'
        ) as quantity_met,
        max(criteria.limit_min) filter (
            where criteria.criterion = 'quantity' and criteria.verdict = 'basic'
        ) as quantity_basic,
        max(criteria.limit_min) filter (
            where criteria.criterion = 'assurance' and criteria.verdict = 'met'
        ) as assurance_met,
        max(criteria.limit_min) filter (
            where criteria.criterion = 'assurance' and criteria.verdict = 'basic'
        ) as assurance_basic
    from days
    inner join criteria
        on
            days.checked_on >= criteria.valid_from
            and (days.checked_on <= criteria.valid_to or criteria.valid_to is null)
    group by days.checked_on

),

verdicts as (

    select
        checks.*,
        case
            when checks.quantity_lpcd >= thresholds.quantity_met then 'met'
            when checks.quantity_lpcd >= thresholds.quantity_basic then 'basic'
            when checks.quantity_lpcd < thresholds.quantity_basic then 'failed'
        end as quantity,
        case
            when checks.assurance_rate >= thresholds.assurance_met then 'met'
            when checks.assurance_rate >= thresholds.assurance_basic then 'basic'
            when checks.assurance_rate < thresholds.assurance_basic then 'failed'
        end as assurance,
        case checks.quality_ok
            when '达标' then 'met'
            when '不达标' then 'failed'
        end as quality,
        -- pressure alone makes nothing convenient, but its lack fails
        case
            when checks.convenience_ok = '不达标' or checks.pressure_ok = '不达标' then 'failed'
            when checks.convenience_ok = '达标' then 'met'
        end as convenience
    from checks
    left join thresholds on checks.checked_on = thresholds.checked_on

)

select
    county_code,
    town_code,
    village_code,
    checked_on,
    quantity_lpcd,
    quantity,
    quality,
    convenience,
    assurance_rate,
    assurance,
    -- one that failed decides, else one that nobody knows
    quantity != 'failed' and quality != 'failed' and convenience != 'failed' and assurance != 'failed' as is_safe,
    reported_on,
    file_no,
    source_id,
    source_file,
    source_sheet,
    source_row
from verdicts
