{# The rules that need the history of reports: a variable has their severity, their models' descriptions the words. #}
{% set rules = [] %}
{% for rule, severity in var('report_rules').items() %}
    {% set said = graph.get('nodes', {}).get('model.gongshui.int_issue_' ~ rule | lower, {}).get('description', '') %}
    {% do rules.append([rule, severity] + (said.split(' | ') + [''])[:2]) %}
{% endfor %}

{{ told({
    'rule': 'varchar(10)', 'severity': 'varchar(10)',
    'description_zh': 'varchar(1000)', 'description_en': 'varchar(1000)'
}, rules) }}
