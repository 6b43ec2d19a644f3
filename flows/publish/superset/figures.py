"""The dataset of all published figures: every metric by report date, town and supply mode, across tables.

A rate of two tables cannot be computed by a BI tool on either of them. Here the tables, each aggregated to the grain
below, stand beside each other on every combination of a place that any of them knows and a supply mode. Whatever
dimension is filtered or grouped by, the figure is the one that `flows.metrics` computes:

- a table without supply modes shows its figures under each of them, so that they stay whole when one mode is chosen;
  over several modes the sum is divided by how many they are, so that nothing counts twice;
- a sum over no row is 0 where its place reported other rows, and unknown where it reported nothing.

Both hold as long as modes are filtered for all places alike, which is what filters of a dashboard do.
"""

from collections.abc import Mapping, Sequence

from flows.metrics import Metric, Metrics
from flows.publish.quoting import text
from flows.publish.superset.datasets import (
    DAY,
    DAY_TOLD,
    Column,
    Dataset,
    Explained,
    Marts,
    Measure,
    code_label,
    columns,
    composed,
    inputs,
    joined_name,
    named,
    told,
)

KEY = "figures"
_PLACE = ("report_date", "county_code", "town_code")
_MODE = "supply_mode"
_UNKNOWN = "未注明"  # the town or mode of rows that do not tell it
_SUMS = ("sum", "count", "sum_boolean")
_EXTREMES = ("max", "min")


def figures_dataset(marts: Marts, metrics: Metrics) -> Dataset:
    """The dataset of all metrics that can be added up from parts, or of which the greatest or least counts.

    Others are found in the datasets of their own tables: a count of distinct things or a median cannot be put together
    from parts, and a table whose rows are not kept by report date (submissions, data issues) knows other dates.
    """
    tables: dict[str, list[Metric]] = {}
    dated = marts.dated_tables()
    for _, metric in sorted(metrics.all.items()):
        if metric.aggregation in (*_SUMS, *_EXTREMES) and metric.table in dated:
            tables.setdefault(metric.table, []).append(metric)
    simple = {metric.name: _outer(metric) for of_table in tables.values() for metric in of_table}
    measures = {
        key: Measure(metric, composed(metric, metrics, simple))
        for key, metric in sorted(metrics.all.items())
        if all(part.name in simple for part in inputs(metric, metrics))
    }
    sql = _sql(marts, tables)
    return Dataset(
        KEY,
        "供水指标",
        "每行一个报告日的一个镇的一种供水方式，含全部可加总的指标，按报告日、镇、供水方式筛选或分组。 | "
        "All metrics that add up, by report date, town and supply mode, across tables.",
        sql,
        _columns(marts, sql, tables),
        measures,
    )


def _part(metric: Metric) -> str:
    """The column of what a row of the dataset adds to a metric."""
    return f"{metric.name}_part"


def _outer(metric: Metric) -> str:
    """A simple metric over rows of the dataset."""
    column, table = _part(metric), metric.table
    if metric.aggregation in _EXTREMES:
        return f"{metric.aggregation}({column})"
    if _MODE not in metric.dimensions:
        return f"sum({column}) / nullif(count(distinct {_MODE}), 0)"
    return f"case when sum({table}_rows) > 0 then sum({column}) when max({table}_reported) > 0 then 0 end"


def _sql(marts: Marts, tables: Mapping[str, Sequence[Metric]]) -> str:
    keys = {table: [*_PLACE, _MODE] if _MODE in of[0].dimensions else [*_PLACE] for table, of in sorted(tables.items())}
    place = ", ".join(_PLACE)
    modes = [f"select {_MODE} from {marts.place('dim_supply_mode')}"]
    modes += [f"select {_MODE} from {table}_cells" for table, key in keys.items() if _MODE in key]
    shown = [f"grid.{column}" for column in (*_PLACE, _MODE)]
    joins = [f"left join {table}_cells using ({', '.join(key)})" for table, key in keys.items()]
    for table, key in keys.items():
        shown += [f"{table}_cells.{_part(metric)}" for metric in tables[table]]
        if _MODE in key:
            shown += [f"{table}_cells.{table}_rows", f"max({table}_cells.{table}_rows) over place as {table}_reported"]
    for code in ("town_code", _MODE):
        shown_name, join = joined_name(marts, code, "grid")
        shown.append(shown_name)
        joins.append(join)
    shown.append(f"cast(grid.report_date as varchar(10)) as {DAY}")
    cells = {f"{table}_cells": _cells(marts, table, of, keys[table]) for table, of in sorted(tables.items())}
    parts = {
        **cells,
        "places": "\nunion\n".join(f"select {place} from {table}" for table in cells),
        "modes": "\nunion\n".join(modes),
        "grid": f"select {place}, {_MODE} from places cross join modes",
    }
    return "\n".join(
        [
            "with",
            ",\n".join(f"{part} as (\n{sql}\n)" for part, sql in parts.items()),
            "select",
            ",\n".join(shown),
            "from grid",
            *joins,
            f"window place as (partition by {', '.join(f'grid.{column}' for column in _PLACE)})",
        ]
    )


def _cells(marts: Marts, table: str, metrics: Sequence[Metric], key: Sequence[str]) -> str:
    """A table aggregated to what it has of the grain."""
    shown = [
        f"coalesce({column}, {text(_UNKNOWN)}) as {column}" if column in ("town_code", _MODE) else column
        for column in key
    ]
    shown += [f"{metric.numerator} as {_part(metric)}" for metric in metrics]
    if _MODE in key:
        shown.append(f"count(*) as {table}_rows")
    return (
        f"select {', '.join(shown)}\nfrom {marts.place(table)}\ngroup by {', '.join(map(str, range(1, len(key) + 1)))}"
    )


def _columns(marts: Marts, sql: str, tables: Mapping[str, Sequence[Metric]]) -> list[Column]:
    """The dimensions, explained as the tables do, and the parts that the metrics are made of."""
    comments = {column: told(comment) for table in tables for column, comment in marts.comments(table).items()}
    explained = {column: Explained(*comments[column]) for column in _PLACE}
    explained |= {code: Explained(code_label(comments[code][0]), comments[code][1]) for code in ("town_code", _MODE)}
    explained |= {named(code)[0]: Explained(named(code)[1], comments[code][1]) for code in ("town_code", _MODE)}
    explained[DAY] = Explained(*DAY_TOLD)
    for table, metrics in tables.items():
        for metric in metrics:
            explained[_part(metric)] = Explained(f"{metric.name_zh}（分项）", metric.definition, is_dimension=False)
        for part, label in (("rows", "行数"), ("reported", "该镇行数")):
            explained[f"{table}_{part}"] = Explained(f"{table} {label}", "", is_dimension=False)
    return columns(marts, sql, explained)
