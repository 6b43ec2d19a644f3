{# What the grain tests of the marts say. #}
{% set keys = [] %}
{% for test in graph.get('nodes', {}).values() if test.get('test_metadata', {}).get('name') == 'grain' %}
    {% set table, arguments = graph.nodes[test.attached_node], test.test_metadata.kwargs %}
    {% for column in arguments.columns if table.schema == 'marts' %}
        {% set is_nullable = column in arguments.get('nullable', []) %}
        {% do keys.append([table.name, loop.index, column | replace('"', ''), is_nullable]) %}
    {% endfor %}
{% endfor %}

{{ told({
    'table_name': 'varchar(100)', 'position': 'bigint', 'column_name': 'varchar(100)', 'is_nullable': 'boolean'
}, keys) }}
