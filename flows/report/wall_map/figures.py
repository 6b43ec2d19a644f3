"""What the wall map shows, read from the published marts and packed for one page.

Every published figure is shipped as the sums of the simple metrics by report date, town and supply mode; the page adds
those of what it shows and divides once, as the table `metric` says. No rate is ever averaged.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

import duckdb

from flows.metrics import UNITS_EN, Metric, Metrics, UnknownMetric
from flows.publish.query import records
from flows.report.wall_map.jsonable import plain
from flows.report.wall_map.villages import DIVISIONS, Addresses, Lines
from flows.said import Lang
from schemas.vocabulary import Vocabulary
from schemas.vocabulary.funds import FUNDING_SOURCE
from schemas.vocabulary.supply import SUPPLY_MODE

# What the page's cards and charts are made of, by name in the table `metric`.
METRICS = (
    "villages_planned", "villages_completed", "village_completion_rate", "target_villages", "village_target_rate",
    "population_planned", "population_completed", "population_completion_rate", "target_population",
    "population_target_rate", "late_villages", "late_open", "supply_rate", "supply_rate_after_plan",
    "planned_yuan", "secured_yuan", "spent_yuan", "secured_rate", "spent_rate",
)  # fmt: skip
_ADDITIVE = ("sum", "count", "sum_boolean")
_SLICED_BY = ("town_code", "supply_mode", "funding_source")
_ASSESSMENT = """
select report_date, town_code, total_score, rank, grade, action, reason
from fct_assessment
order by report_date, rank, town_code
"""


def read_figures(con: duckdb.DuckDBPyConnection, addresses: Addresses, lang: Lang) -> dict[str, Any]:
    """Return all that the page shows, as JSON can hold it: dates ISO, money in whole fen, rates not at all.

    Parameters
    ----------
    con
        The published marts (`flows.publish.query.connect`).
    addresses
        The cell of each field of the rows of village_progress and inspection, where they are known.
    lang
        Of the messages.
    """
    release = records(con.execute("select as_of, published_at, code_version from meta.release"))[0]
    counties = records(con.execute("select name from dim_division where level = 'county' order by division_code"))
    towns = [row for row in records(con.execute(DIVISIONS)) if row["level"] == "town"]
    packed, metrics = Lines(con, addresses, lang), _metrics(con)
    modes, sources = (
        _named(con, "dim_supply_mode", SUPPLY_MODE, lang),
        _named(con, "dim_funding_source", FUNDING_SOURCE, lang),
    )
    codes = {
        "town_code": [town["division_code"] for town in towns],
        "supply_mode": [code for code, _ in modes],
        "funding_source": [code for code, _ in sources],
    }
    return {
        "release": plain(release),
        "county": "、".join(row["name"] or "" for row in counties),
        "dates": packed.dates,
        "towns": [[town["division_code"], town["name"] or town["division_code"]] for town in towns],
        "modes": modes,
        "sources": sources,
        **packed.as_json(),
        "assessment": [list(plain(row).values()) for row in records(con.execute(_ASSESSMENT))],
        "metrics": {name: _told(metric, lang) for name, metric in metrics.items()},
        "sums": _sums(con, metrics, codes),
    }


def _metrics(con: duckdb.DuckDBPyConnection) -> dict[str, Metric]:
    """The metrics of the page and those they are made of."""
    known, wanted, names = Metrics(con).all, {}, list(METRICS)
    for name in names:
        metric = wanted[name] = known[name]
        if metric.kind == "derived" and metric.expression != " + ".join(metric.inputs):
            raise UnknownMetric(f"{name}: the wall map adds, it cannot compute {metric.expression}")
        names += [part for part in metric.inputs if part not in names]
    return wanted


def _told(metric: Metric, lang: Lang) -> dict[str, Any]:
    """What the page knows of a metric: how to compute it, and its unit."""
    unit = metric.unit if lang == "zh" else UNITS_EN.get(metric.unit or "")
    by = [column for column in metric.dimensions if column in _SLICED_BY]
    return {"kind": metric.kind, "unit": unit, "parts": metric.inputs, "table": metric.table, "by": by}


def _sums(
    con: duckdb.DuckDBPyConnection, metrics: dict[str, Metric], codes: Mapping[str, list[str]]
) -> dict[str, dict[str, Any]]:
    """The sums of the simple metrics, a table of them for each mart, by all that they can be sliced by.

    Towns, supply modes and sources are told by their places in the page's lists; rows that are those of the report
    date before (targets and baselines hardly ever change) by that date.
    """
    tables: dict[str, dict[str, str]] = {}
    for name, metric in metrics.items():
        if not metric.inputs:
            if metric.aggregation not in _ADDITIVE:
                raise UnknownMetric(f"{name}: the wall map adds up slices, which a {metric.aggregation} does not allow")
            tables.setdefault(metric.table, {})[name] = metric.numerator
    places = {column: {code: place for place, code in enumerate(known)} for column, known in codes.items()}
    sums = {}
    for table, columns in tables.items():
        dimensions = metrics[next(iter(columns))].dimensions
        by = [column for column in _SLICED_BY if column in dimensions]
        amounts = ", ".join(f"{amount} as {name}" for name, amount in columns.items())
        days: dict[str, list[list[Any]]] = {}
        for row in records(
            con.execute(f"select report_date, {', '.join(by)}, {amounts} from {table} group by all order by all")
        ):
            slices = [places[column].get(row[column]) for column in by]
            days.setdefault(row["report_date"].isoformat(), []).append(
                [*slices, *(_amount(row[name]) for name in columns)]
            )
        sums[table] = {"columns": [*by, *columns], "days": dict(_only_changes(days))}
    return sums


def _only_changes(days: dict[str, list[list[Any]]]) -> Iterator[tuple[str, Any]]:
    """What is the same as at the report date that was told last is told by that date."""
    told = ""
    for day, rows in days.items():
        is_same = told and days[told] == rows
        yield day, told if is_same else rows
        told = told if is_same else day


def _amount(value: Any) -> Any:
    """Money as whole fen, so that the page adds up whole numbers."""
    if isinstance(value, Decimal):
        fen = value * 100
        assert fen == int(fen), value
        return int(fen)
    return plain(value)


def _named(con: duckdb.DuckDBPyConnection, table: str, vocabulary: Vocabulary, lang: Lang) -> list[list[str]]:
    rows = records(con.execute(f"select {vocabulary.name} as code, name_zh from {table} order by sort_order"))
    return [[row["code"], row["name_zh"] if lang == "zh" else vocabulary.terms[row["code"]].en] for row in rows]
