with

towns as (

    select * from {{ ref('dim_division') }}
    where level = 'town'

),

submissions as (

    select * from {{ ref('fct_submission') }}
    where status = 'current'

),

-- what towns have to report, whether they ever did or not
due as (

    {% for form in var('town_forms') %}
        select
            county_code,
            town_code,
            town_name,
            '{{ form }}' as form
        from towns
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

latest as (

    select
        town_code,
        form,
        report_date,
        received_on
    from submissions
    qualify row_number() over (
        partition by town_code, form
        order by report_date desc, received_on desc
    ) = 1

)

select
    due.county_code,
    due.town_code,
    due.town_name,
    due.form,
    latest.report_date,
    latest.received_on
from due
left join latest
    on
        due.town_code = latest.town_code
        and due.form = latest.form
