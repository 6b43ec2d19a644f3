{#
    key: what a part of a report has one row of; numbers and words: the figures that are compared. A figure that a file leaves
    blank, or has no column for, is not restated by it.
#}
{% set forms = {
    'village_progress': {
        'key': ['village_code'],
        'numbers': ['households', 'population', 'households_connected', 'population_supplied', 'progress_rate'],
        'words': ['status', 'planned_finish', 'started_on', 'finished_on'],
    },
    'project_ledger': {
        'key': ['project_name'],
        'numbers': [
            'committees', 'villages', 'households', 'population', 'pipeline_planned_km', 'pipeline_laid_km',
            'investment_planned_yuan', 'investment_completed_yuan', 'progress_rate',
        ],
        'words': [
            'initiated_on', 'designed_on', 'reviewed_on', 'approved_on', 'started_on', 'planned_finish', 'finished_on',
            'accepted_on',
        ],
    },
    'funding': {
        'key': ['project_name', 'funding_source'],
        'numbers': ['planned_yuan', 'secured_yuan', 'spent_yuan'],
        'words': [],
    },
    'water_quality': {'key': ['sample_no', 'sampled_on', 'parameter'], 'numbers': ['value'], 'words': ['verdict']},
    'service_check': {
        'key': ['village_code', 'checked_on'],
        'numbers': ['quantity_lpcd', 'assurance_rate'],
        'words': ['quality_ok', 'pressure_ok', 'convenience_ok'],
    },
    'annual_target': {'key': ['supply_mode'], 'numbers': ['villages', 'households', 'population'], 'words': []},
    'baseline': {
        'key': ['town_code'],
        'numbers': [
            'rural_households', 'rural_population', 'served_cross_county', 'served_county_plant', 'served_town_plant',
            'served_small_scheme',
        ],
        'words': [],
    },
    'inspection': {
        'key': ['village_code', 'inspected_on'],
        'numbers': ['population_verified'],
        'words': ['has_water'],
    },
} %}

with

-- parts of reports that came on several days: a file and its corrections
parts as (

    select
        *,
        min(received_on) over (
            partition by form, county_code, town_code, report_date, part
        ) < max(received_on) over (
            partition by form, county_code, town_code, report_date, part
        ) as is_corrected
    from {{ ref('int_submission_part') }}

),

{% for form, described in forms.items() %}
    {{ form }}_rows as (

        select
            parts.part,
            parts.received_on,
            form_row.*,
            concat_ws('|', form_row.{{ described.key | join(', form_row.') }}) as object
        from parts
        inner join {{ ref('stg_' ~ form) }} as form_row
            on
                parts.source_id = form_row.source_id
                and parts.town_code = form_row.town_code
                and parts.report_date = form_row.reported_on
                {% if form in var('forms_by_mode') %}
                    and parts.part = form_row.supply_mode
                {% endif %}
        where parts.form = '{{ form }}' and parts.is_corrected

    ),

{% endfor %}
figures as (

    {% for form, described in forms.items() %}
        {% set is_last_form = loop.last %}
        {% for figure in described.numbers + described.words %}
            select
                '{{ form }}' as form,
                '{{ figure }}' as figure,
                {% if figure in described.numbers -%}
                    {{ plain_number('cast(' ~ figure ~ ' as decimal(24, 6))') }}
                {%- else -%}
                    cast({{ figure }} as varchar(40))
                {%- endif %} as value,
                reported_on as report_date,
                county_code,
                town_code,
                part,
                object,
                received_on,
                source_id,
                source_file,
                file_no,
                source_row
            from {{ form }}_rows
            where {{ figure }} is not null
            {{ 'union all' if not (is_last_form and loop.last) }}
        {% endfor %}
    {% endfor %}

),

-- files of one day are one report: where two of them show the same, the later one counts
stated as (

    select * from figures
    qualify row_number() over (
        partition by form, report_date, town_code, part, object, figure, received_on
        order by file_no desc, source_row desc
    ) = 1

),

restated as (

    select
        *,
        lag(value) over figure_history as old_value,
        lag(source_id) over figure_history as old_source_id,
        lag(source_file) over figure_history as old_file
    from stated
    window figure_history as (
        partition by form, report_date, town_code, part, object, figure
        order by received_on
    )

)

select
    report_date,
    county_code,
    town_code,
    form,
    part,
    object,
    figure as {{ adapter.quote('column') }},
    old_value,
    value as new_value,
    received_on as changed_on,
    old_source_id,
    old_file,
    source_id as new_source_id,
    source_file as new_file
from restated
where value != old_value
