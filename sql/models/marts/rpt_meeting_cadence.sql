{{ by_report_date(var('town_forms') + var('county_forms')) }}

with

events as (

    {{ current_rows('supervision', ['event_id']) | indent(4) }}

),

cadences as (

    select * from {{ ref('meeting_cadence') }}

),

towns as (

    select distinct
        report_date,
        county_code,
        town_code
    from {{ due(ref('int_part_as_of')) }}

),

report_dates as (

    select distinct
        report_date,
        county_code
    from towns

),

known as (

    {{ latest_rows('events', ['event_id'], at='report_dates') | indent(4) }}

),

-- every town is asked for every meeting, whether it ever sent a record of one or not
held as (

    select
        towns.report_date,
        towns.county_code,
        {{ or_all('towns.town_code') }} as town_code,
        cadences.kind,
        cadences.every_months,
        cadences.every_days,
        count(known.event_id) as meetings_held,
        max(known.held_on) as last_held_on
    from towns
    inner join cadences
        on
            towns.report_date >= cadences.valid_from
            and (towns.report_date <= cadences.valid_to or cadences.valid_to is null)
    left join known
        on
            towns.report_date = known.report_date
            and towns.town_code = known.town_code
            and cadences.kind = known.kind
            and towns.report_date >= known.held_on
    group by
        towns.report_date,
        towns.county_code,
        cadences.kind,
        cadences.every_months,
        cadences.every_days,
        cube(towns.town_code)

),

due as (

    select
        *,
        cast({{ dbt.dateadd('day', 'every_days', dbt.dateadd('month', 'every_months', 'last_held_on')) }} as date)
            as next_due_on
    from held

)

select
    report_date,
    county_code,
    town_code,
    kind,
    meetings_held,
    last_held_on,
    next_due_on,
    coalesce(next_due_on < report_date, true) as is_overdue,
    case
        when last_held_on is not null then greatest({{ dbt.datediff('next_due_on', 'report_date', 'day') }}, 0)
    end as overdue_days
from due
