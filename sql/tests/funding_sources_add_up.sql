-- Sources, towns and supply modes add up to their totals, and no yuan of fct_funding is lost on the way: every sum that
-- rpt_funding shows is made here again from the rows it is the sum of.
{% set keys = ['town_code', 'supply_mode', 'funding_source'] %}

with

reported as (

    select * from {{ ref('rpt_funding') }}

),

-- funds of a project whose supply mode nobody named stand in the totals alone
unnamed as (

    select * from {{ ref('fct_funding') }}
    where supply_mode is null

),

{% for key in keys %}
    {% set others = keys | reject('equalto', key) | list %}
    -- all that is shown by {{ key }}, together
    parts_by_{{ key }} as (

        select
            report_date,
            county_code,
            {{ others | join(', ') }},
            planned_yuan,
            secured_yuan,
            spent_yuan
        from reported
        where {{ key }} != 'all'

        {% if key == 'supply_mode' %}
            union all

            select
                report_date,
                county_code,
                {% for other in others %}
                    {{ or_all(other) }} as {{ other }},
                {% endfor %}
                sum(planned_yuan) as planned_yuan,
                sum(secured_yuan) as secured_yuan,
                sum(spent_yuan) as spent_yuan
            from unnamed
            group by report_date, county_code, cube({{ others | join(', ') }})
        {% endif %}

    ),

    sums_by_{{ key }} as (

        select
            report_date,
            county_code,
            {% for column in keys %}
                {{ "'all' as " if column == key }}{{ column }},
            {% endfor %}
            sum(planned_yuan) as planned,
            sum(secured_yuan) as secured,
            sum(spent_yuan) as spent
        from parts_by_{{ key }}
        group by report_date, county_code, {{ others | join(', ') }}

    ),

{% endfor %}
facts as (

    select
        report_date,
        county_code,
        'all' as town_code,
        'all' as supply_mode,
        'all' as funding_source,
        sum(planned_yuan) as planned,
        sum(secured_yuan) as secured,
        sum(spent_yuan) as spent
    from {{ ref('fct_funding') }}
    group by report_date, county_code

),

sums as (

    {% for key in keys %}
        select * from sums_by_{{ key }}
        union all
    {% endfor %}
    select * from facts

)

select
    sums.report_date,
    sums.county_code,
    sums.town_code,
    sums.supply_mode,
    sums.funding_source
from sums
left join reported
    on
        sums.report_date = reported.report_date
        and sums.county_code = reported.county_code
        and sums.town_code = reported.town_code
        and sums.supply_mode = reported.supply_mode
        and sums.funding_source = reported.funding_source
where
    reported.report_date is null
    or sums.planned != reported.planned_yuan
    or sums.secured != reported.secured_yuan
    or sums.spent != reported.spent_yuan
