{# What is made of the marts: the project's exposures, each labelled and described in Chinese | in English. #}
{% set documents = [] %}
{% for exposure in graph.get('exposures', {}).values() %}
    {% do documents.append(
        [exposure.name] + (exposure.label.split(' | ') + [''])[:2] + (exposure.description.split(' | ') + [''])[:2]
    ) %}
{% endfor %}

{{ told({
    'document': 'varchar(100)', 'label_zh': 'varchar(100)', 'label_en': 'varchar(100)',
    'description_zh': 'varchar(1000)', 'description_en': 'varchar(1000)'
}, documents) }}
