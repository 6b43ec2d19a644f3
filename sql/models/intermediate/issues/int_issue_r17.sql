{# R17: a cumulative figure fell since the last report, or completed became not completed; once an object and report. #}
{{ by_report_date(['village_progress', 'project_ledger', 'funding'], by_then=true) }}
{% set measures = {
    'village_progress': [
        ('status', 'status', '进展情况', ''),
        ('households_connected', 'households_connected', '已通水户数', '户'),
        ('population_supplied', 'population_supplied', '已供水人口', '人'),
        ('progress_rate', 'progress_rate', '形象进度', ''),
    ],
    'project_ledger': [
        ('investment_completed', 'investment_completed_yuan', '完成投资', '元'),
        ('pipeline_laid_km', 'pipeline_laid_km', '已铺设管网', '公里'),
        ('progress_rate', 'progress_rate', '形象进度', ''),
    ],
    'funding': [
        ('secured', 'secured_yuan', '到位', '元'),
        ('spent', 'spent_yuan', '支付', '元'),
    ],
} %}
{% set objects = {
    'village_progress': ('village_code', ['village_code', 'supply_mode']),
    'project_ledger': ('project_name', ['project_code']),
    'funding': ("project_name || '|' || funding_source", ['project_code', 'funding_source']),
} %}

with

{% for form in objects %}
    {{ form }}_rows as (

        {% if form == 'village_progress' %}
            select
                *,
                report_date as reported_on
            from {{ of_due_counties(ref('int_village_row')) }}
        {% else %}
            {{ current_rows(form, objects[form][1], of_due_counties(ref('int_submission_part'))) }}
        {% endif %}

    ),

    {{ form }}_compared as (

        select
            *,
            {% for field, column, title, unit in measures[form] %}
                lag({{ column }}) over last_report as previous_{{ column }},
            {% endfor %}
            lag(reported_on) over last_report as previous_on
        from {{ form }}_rows
        window last_report as (
            partition by county_code, {{ objects[form][1] | join(', ') }}
            order by reported_on
        )

    ),

{% endfor %}
-- of each row only the figures that fell
fallen as (

    {% for form in objects %}
        {% set is_last_form = loop.last %}
        {% for field, column, title, unit in measures[form] %}
            select
                county_code,
                town_code,
                reported_on as report_date,
                previous_on,
                '{{ form }}' as form,
                concat_ws('|', {{ objects[form][1] | join(', ') }}) as object_key,
                {{ objects[form][0] }} as object,
                '{{ field }}' as field,
                '{{ title }}' as title,
                '{{ unit }}' as unit,
                {{ loop.index }} as field_no,
                cast({{ column }} as varchar(40)) as printed_value,
                cast(previous_{{ column }} as varchar(40)) as previous_value,
                {% if field == 'status' %}
                    case status when 'not_started' then '未开工' else '在建' end as shown,
                    '已完成' as previous_shown,
                {% else %}
                    cast({{ column }} as varchar(40)) as shown,
                    cast(previous_{{ column }} as varchar(40)) as previous_shown,
                {% endif %}
                source_id,
                source_file,
                source_sheet as sheet,
                source_row as row
            from {{ form }}_compared
            where
                {% if field == 'status' %}
                    previous_status = 'completed' and coalesce(status, '') != 'completed'
                {% else %}
                    cast({{ column }} as decimal(28, 6)) < cast(previous_{{ column }} as decimal(28, 6))
                {% endif %}
            {{ 'union all' if not (is_last_form and loop.last) }}
        {% endfor %}
    {% endfor %}

),

first_fallen as (

    select * from fallen
    qualify row_number() over (partition by county_code, form, object_key, report_date order by field_no) = 1

),

{% for form in objects %}
    {{ form }}_fallen as (

        select * from first_fallen
        where form = '{{ form }}'

    ),

{% endfor %}
found as (

    {% for form in objects %}
        {{ with_cell(form ~ '_fallen', form, objects[form][1], measures[form] | map('first') | list) | indent(8) }}
        {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    {{ issue_columns(
        'R17', form='found.form',
        zh=[
            "'“', found.title, '”为', found.shown, found.unit, '，低于上期（', found.previous_on, '）的'",
            "found.previous_shown, found.unit, '。累计数不应减少，已完成不应变为未完成，请核实。'"
        ],
        en=[
            "found.field, ' is ', found.printed_value, ', less than ', found.previous_value, ' on ', found.previous_on",
            "': what accumulates should not fall, nor completed become unfinished. Please check.'"
        ]
    ) }}
from {{ due('found') }} as found
