{#
    What each published figure means, once: the metrics that the marts' own YAML files define (`metrics:` of a model),
    written down as rows. Documents, dictionary and BI tools read them here.
#}
{%- set aggregates = {
    'sum': 'sum({})',
    'max': 'max({})',
    'min': 'min({})',
    'median': 'cast(percentile_cont(0.5) within group (order by {}) as decimal(18, 1))',
    'count': 'count({})',
    'count_distinct': 'count(distinct {})',
    'sum_boolean': 'count(*) filter (where {})',
} -%}
{%- set rows = [] -%}
{%- for metric in (graph.metrics.values() if execute else []) -%}
    {%- set params, model = metric.type_params, metric.path.split('/')[-1].split('.')[0] -%}
    {%- set aggregation = params.metric_aggregation_params.agg if metric.type == 'simple' else none -%}
    {%- do rows.append([
        metric.name,
        metric.label,
        metric.description.split(' | ')[0],
        metric.description.split(' | ')[1],
        metric.type,
        metric.config.meta.get('unit'),
        model,
        aggregation,
        params.expr,
        aggregates[aggregation].format(params.expr) if aggregation else params.expr or params.numerator.name,
        params.denominator.name if params.denominator else none,
        graph.semantic_models['semantic_model.gongshui.' ~ model].dimensions | map(attribute='name') | join(', '),
        metric.config.meta.fields | join(', ') if metric.config.meta.fields else none,
    ]) -%}
{%- endfor %}

{{ told({
    'metric': 'varchar(100)', 'name_zh': 'varchar(100)', 'definition': 'varchar(1000)',
    'definition_en': 'varchar(1000)', 'kind': 'varchar(20)', 'unit': 'varchar(20)',
    adapter.quote('table'): 'varchar(100)', 'aggregation': 'varchar(20)', 'expression': 'varchar(1000)',
    'numerator': 'varchar(1000)', 'denominator': 'varchar(100)', 'dimensions': 'varchar(1000)',
    'fields': 'varchar(1000)'
}, rows) }}
