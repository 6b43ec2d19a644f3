{# What each node of the project reads: documents, marts, intermediate, staging, seeds, landing. #}
{% set all_nodes = {} %}
{% for kind in ['nodes', 'sources', 'exposures'] %}
    {% do all_nodes.update(graph.get(kind, {})) %}
{% endfor %}
{% set reads = [] %}
{% for node in all_nodes.values() if node.resource_type in ['model', 'exposure'] %}
    {% for id in node.depends_on.nodes if id in all_nodes and not all_nodes[id].config.meta.get('holds_no_data') %}
        {% do reads.append([node.name, layer_of(node), all_nodes[id].name, layer_of(all_nodes[id])]) %}
    {% endfor %}
{% endfor %}

{{ told({
    'name': 'varchar(100)', 'layer': 'varchar(40)', 'input': 'varchar(100)', 'input_layer': 'varchar(40)'
}, reads) }}
