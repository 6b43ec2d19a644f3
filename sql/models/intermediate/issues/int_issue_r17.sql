{# R17: a cumulative figure fell since the last report, or completed became not completed; once an object and report. #}
{% set measures = [
    ('village_progress', 'status', "case when status = 'completed' then 1 else 0 end", '进展情况', ''),
    ('village_progress', 'households_connected', 'households_connected', '已通水户数', '户'),
    ('village_progress', 'population_supplied', 'population_supplied', '已供水人口', '人'),
    ('village_progress', 'progress_rate', 'progress_rate', '形象进度', ''),
    ('project_ledger', 'investment_completed', 'investment_completed_yuan', '完成投资', '元'),
    ('project_ledger', 'pipeline_laid_km', 'pipeline_laid_km', '已铺设管网', '公里'),
    ('project_ledger', 'progress_rate', 'progress_rate', '形象进度', ''),
    ('funding', 'secured', 'secured_yuan', '到位', '元'),
    ('funding', 'spent', 'spent_yuan', '支付', '元'),
] %}
{% set objects = {
    'village_progress': ('village_code', ['village_code', 'supply_mode']),
    'project_ledger': ('project_name', ['project_code']),
    'funding': ("project_name || '|' || funding_source", ['project_code', 'funding_source']),
} %}

with

{% for form in objects %}
    {{ form }}_rows as (

        {{ current_rows(form, objects[form][1]) }}

    ),

{% endfor %}
figures as (

    {% for form, field, amount, title, unit in measures %}
        select
            county_code,
            town_code,
            reported_on as report_date,
            '{{ form }}' as form,
            concat_ws('|', {{ objects[form][1] | join(', ') }}) as object_key,
            {{ objects[form][0] }} as object,
            '{{ field }}' as field,
            '{{ title }}' as title,
            '{{ unit }}' as unit,
            {{ loop.index }} as field_no,
            cast({{ amount }} as decimal(28, 6)) as amount,
            {% if field == 'status' %}
                status as printed_value,
                case status when 'completed' then '已完成' when 'not_started' then '未开工' else '在建' end as shown,
            {% else %}
                cast({{ amount }} as varchar(40)) as printed_value,
                cast({{ amount }} as varchar(40)) as shown,
            {% endif %}
            source_id,
            source_file,
            source_sheet as sheet,
            source_row as row,
            {{ json_text('cells', field) }} as cell
        from {{ form }}_rows
        {{ 'union all' if not loop.last }}
    {% endfor %}

),

compared as (

    select
        *,
        lag(amount) over last_report as previous_amount,
        lag(printed_value) over last_report as previous_value,
        lag(shown) over last_report as previous_shown,
        lag(report_date) over last_report as previous_on
    from figures
    window last_report as (partition by county_code, form, object_key, field_no order by report_date)

),

found as (

    select * from compared
    where amount < previous_amount
    qualify row_number() over (partition by county_code, form, object_key, report_date order by field_no) = 1

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
from found
