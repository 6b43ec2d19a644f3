{# The layer of a node of the graph, as the folders of the project name it. #}
{% macro layer_of(node) -%}
    {{- return({'source': 'landing', 'seed': 'seed', 'exposure': 'document'}.get(node.resource_type, node.fqn[1])) -}}
{%- endmacro %}
