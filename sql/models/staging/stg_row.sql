with

rejected_rows as (

    select * from {{ source('landing', 'rejected_row') }}

),

rows_read as (

    {% for form in var('town_forms') + var('county_forms') %}
        select
            file_sha256,
            '{{ form }}' as form,
            'accepted' as state,
            county_code,
            town_code,
            report_date,
            {{ 'supply_mode' if form in var('forms_by_mode') else 'null' }} as supply_mode,
            null as object
        from {{ source('landing', form) }}

        union all

    {% endfor %}
    select
        file_sha256,
        form,
        state,
        county_code,
        town_code,
        report_date,
        case when form in {{ forms('forms_by_mode') }} then supply_mode end as supply_mode,
        coalesce(village_code, object) as object
    from rejected_rows

)

select
    file_sha256 as source_id,
    form,
    state,
    county_code,
    town_code,
    report_date,
    supply_mode,
    object
from rows_read
where
    file_sha256 in (
        select files.source_id from {{ ref('stg_file') }} as files
        where files.status = 'read'
    )
