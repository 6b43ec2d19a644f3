"""The datasets of the Superset bundle: every fact table of the marts with names beside its codes, and its metrics.

Labels and definitions are those of the marts' own comments, `label | Chinese definition | English definition`; the
formulas those of the table `metric`.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from flows.metrics import Metric, Metrics
from flows.publish.quoting import name, text

# The report date as text: Superset cannot filter a DuckDB date by a value chosen from a list.
DAY = "report_day"
DAY_TOLD = ("报告日（筛选）", "报告日的文字写法，供筛选时选取 | the report date as text, to choose from")
# Code column → the column of its name, that column's label, and where the name stands: table, key, name.
_NAMES = {
    "town_code": ("town_name", "镇", "dim_division", "division_code", "name"),
    "village_code": ("village_name", "自然村", "dim_division", "division_code", "name"),
    "project_code": ("project_name", "工程", "dim_project", "project_code", "project_name"),
    "supply_mode": ("supply_mode_name", "供水方式", "dim_supply_mode", "supply_mode", "name_zh"),
    "funding_source": ("funding_source_name", "资金来源", "dim_funding_source", "funding_source", "name_zh"),
    "indicator": ("indicator_name", "考核指标", "dim_indicator", "indicator", "name_zh"),
}
# How figures are written, in the notation of d3, by their units; no unit is a rate.
_FORMATS = {None: ".1%", "元": ",.2f", "日": None}
_FORMAT = ",.4~f"  # of all others: up to 4 decimals, none for a count
_TYPES = {"HUGEINT": "NUMERIC"}  # DuckDB's name → one that every engine's part of Superset knows


@dataclass(frozen=True)
class Explained:
    """What a column is called and means, and whether it is one to filter and group by."""

    label: str
    definition: str
    is_dimension: bool = True


@dataclass(frozen=True)
class Column:
    """A column of a dataset."""

    name: str
    type: str
    told: Explained


@dataclass(frozen=True)
class Measure:
    """A metric of a dataset: what it means, and its SQL there."""

    metric: Metric
    sql: str

    @property
    def format(self) -> str | None:
        """How Superset writes it; None for a date."""
        return _FORMATS.get(self.metric.unit, _FORMAT)

    @property
    def label(self) -> str:
        """Its Chinese name with the unit; a rate has none."""
        return f"{self.metric.name_zh}（{self.metric.unit}）" if self.metric.unit else self.metric.name_zh


@dataclass(frozen=True)
class Dataset:
    """A question to the marts that Superset asks on and on, with the columns and metrics it offers."""

    key: str
    label: str
    definition: str
    sql: str
    columns: Sequence[Column]
    measures: Mapping[str, Measure]

    @property
    def main_date(self) -> str | None:
        """The column of time: the report date where there is one."""
        dates = [column.name for column in self.columns if column.type == "DATE"]
        return "report_date" if "report_date" in dates else next(iter(dates), None)

    def document(self) -> dict[str, Any]:
        """What the bundle says of it, without name and identities."""
        return {
            "description": self.definition,
            "sql": self.sql,
            "main_dttm_col": self.main_date,
            "filter_select_enabled": True,
            "columns": [
                {
                    "column_name": column.name,
                    "verbose_name": column.told.label,
                    "description": column.told.definition,
                    "type": column.type,
                    "is_dttm": column.type == "DATE",
                    "is_active": True,
                    "groupby": column.told.is_dimension,
                    "filterable": column.told.is_dimension,
                }
                for column in self.columns
            ],
            "metrics": [
                {
                    "metric_name": key,
                    "verbose_name": measure.label,
                    "description": f"{measure.metric.definition} | {measure.metric.definition_en}",
                    "expression": measure.sql,
                    "d3format": measure.format,
                }
                for key, measure in self.measures.items()
            ],
        }


@dataclass(frozen=True)
class Marts:
    """The published marts as the bundle is made from them, and the schema they have where Superset reads them."""

    con: duckdb.DuckDBPyConnection
    schema: str

    def fact_tables(self) -> list[tuple[str, str]]:
        """Every fact table with its comment."""
        return self.con.execute(
            "select table_name, comment from duckdb_tables() where database_name = current_database() "
            "and schema_name = 'main' and table_name like 'fct_%' order by table_name"
        ).fetchall()

    def dated_tables(self) -> set[str]:
        """The tables that show how things stand at each report date: their grain begins with it."""
        return {
            table
            for (table,) in self.con.execute(
                "select table_name from meta.table_key where column_name = 'report_date' and position = 1"
            ).fetchall()
        }

    def comments(self, table: str) -> dict[str, str]:
        """The comments of a table's columns, in their order."""
        return dict(
            self.con.execute(
                "select column_name, comment from duckdb_columns() where database_name = current_database() "
                "and schema_name = 'main' and table_name = ? order by column_index",
                [table],
            ).fetchall()
        )

    def place(self, table: str) -> str:
        """A table's name in the SQL that Superset sends."""
        return f"{self.schema}.{name(table)}"

    def types(self, sql: str) -> dict[str, str]:
        """The columns that a query gives, with their types; that it can be answered here is proved by the way."""
        return {row[0]: _TYPES.get(row[1], row[1]) for row in self.con.execute(f"describe {sql}").fetchall()}


def fact_datasets(marts: Marts, metrics: Metrics) -> Iterator[Dataset]:
    """A dataset for every fact table."""
    for table, comment in marts.fact_tables():
        label, definition = told(comment)
        sql, columns = _with_names(marts, table)
        yield Dataset(table, label, f"{definition}\n{table}", sql, columns, dict(_own_measures(table, metrics)))


def told(comment: str) -> tuple[str, str]:
    """A comment's label, and its definition in both languages."""
    label, _, definition = comment.partition(" | ")
    return label, definition


def named(code: str) -> tuple[str, str]:
    """The column that a code column's name stands in, and that column's label."""
    return _NAMES[code][:2]


def joined_name(marts: Marts, code: str, source: str) -> tuple[str, str]:
    """The SQL of the name of a code, and of the join that it comes by.

    Parameters
    ----------
    marts
        Where the names stand.
    code
        A code column that has a table of names.
    source
        The alias of what it is a column of.
    """
    column, _, table, key, shown = _NAMES[code]
    alias = column.removesuffix("_name")
    return (
        f"coalesce({alias}.{shown}, {source}.{code}) as {column}",
        f"left join {marts.place(table)} as {alias} on {alias}.{key} = {source}.{code}",
    )


def columns(marts: Marts, sql: str, explained: Mapping[str, Explained]) -> list[Column]:
    """The columns that a query gives, in its order."""
    return [Column(column, kind, explained[column]) for column, kind in marts.types(sql).items()]


def code_label(label: str) -> str:
    """The label of a code whose name stands in a column of its own."""
    return label if label.endswith(("代码", "编码")) else f"{label}代码"


def _with_names(marts: Marts, table: str) -> tuple[str, list[Column]]:
    """The SQL that gives a fact table with names beside its codes, and what it gives."""
    comments = {column: told(comment) for column, comment in marts.comments(table).items()}
    explained = {column: Explained(*comment) for column, comment in comments.items()}
    shown, joins = [f"fct.{name(column)}" for column in comments], []
    for code, (label, definition) in comments.items():
        if code in _NAMES and named(code)[0] not in comments:
            twin, twin_label = named(code)
            name_sql, join = joined_name(marts, code, "fct")
            joins.append(join)
        elif terms := _terms(definition):
            twin, twin_label = f"{code}_name", label
            cases = " ".join(f"when {text(term)} then {text(zh)}" for term, zh in terms.items())
            name_sql = f"case fct.{name(code)} {cases} else fct.{name(code)} end as {twin}"
        else:
            continue
        shown.append(name_sql)
        explained |= {code: Explained(code_label(label), definition), twin: Explained(twin_label, definition)}
    if "report_date" in comments:
        shown.append(f"cast(fct.report_date as varchar(10)) as {DAY}")
        explained[DAY] = Explained(*DAY_TOLD)
    sql = "\n".join(["select", ",\n".join(shown), f"from {marts.place(table)} as fct", *joins])
    return sql, columns(marts, sql, explained)


def _terms(definition: str) -> dict[str, str]:
    """The codes that a definition begins by explaining one by one, as in `met 达标，failed 不达标；未填为空`."""
    parts = re.split(r"；| \| ", definition)[0].split("，")
    found = [re.fullmatch(r"([a-z_]+) ([^\sA-Za-z（]+)(（.*）)?", part) for part in parts]
    return {match[1]: match[2] for match in found if match} if all(found) and len(parts) > 1 else {}


def _own_measures(table: str, metrics: Metrics) -> Iterator[tuple[str, Measure]]:
    """The metrics that a table's own columns are enough for."""
    for key, metric in sorted(metrics.all.items()):
        simple = {part.name: part for part in inputs(metric, metrics)}
        if {part.table for part in simple.values()} == {table}:
            yield (
                key,
                Measure(metric, composed(metric, metrics, {part.name: part.numerator for part in simple.values()})),
            )


def inputs(metric: Metric, metrics: Metrics) -> Iterator[Metric]:
    """The simple metrics that a metric is computed from; a simple one is its own."""
    if not metric.inputs:
        yield metric
    for part in metric.inputs:
        yield from inputs(metrics.all[part], metrics)


def composed(metric: Metric, metrics: Metrics, simple: Mapping[str, str]) -> str:
    """The SQL of a metric, given that of the simple ones it is computed from.

    A ratio divides decimals: PostgreSQL would divide whole numbers without remainder.
    """
    parts = {part: composed(metrics.all[part], metrics, simple) for part in metric.inputs}
    match metric.kind:
        case "ratio":
            numerator, denominator = parts.values()
            return f"cast({numerator} as decimal(38, 10)) / nullif({denominator}, 0)"
        case "derived":
            return re.sub(r"[a-z]\w*", lambda part: f"({parts[part[0]]})", str(metric.expression))
        case _:
            return simple[metric.name]
