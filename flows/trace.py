"""From a published figure back to the rows that made it, and from each row to the cells it was read from."""

import datetime as dt
import statistics
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Self

from flows.evidence import Cell, Evidence, Record, rows_of
from flows.metrics import Figure, Metric, Metrics, Value
from flows.publish.query import QueryError, connect
from flows.report.findings import without_place
from flows.report.numbers import plain
from flows.said import Lang, SaidError
from schemas.vocabulary.events import EVENT_KIND
from schemas.vocabulary.funds import FUNDING_SOURCE
from schemas.vocabulary.supply import SUPPLY_MODE

_FIXED = ("report_date", "county_code")  # of a table all rows are fetched at once for each
_ASSESSMENT = "fct_assessment"
# The metrics that say of a town what an indicator of the assessment says.
_INDICATORS = {
    "coverage_progress": "population_target_rate",
    "funds_secured": "secured_rate",
    "funds_spent": "spent_rate",
    "water_quality": "water_pass_rate",
}
# How the rows of a metric come together; those of any other add up.
_TOGETHER: dict[str, Callable[[list[Any]], Any]] = {"max": max, "min": min, "median": statistics.median}
# What a key holds beside the object.
_PARTS = {"supply_mode": SUPPLY_MODE, "funding_source": FUNDING_SOURCE}


class Untraceable(SaidError):
    """What was read cannot be asked."""

    @classmethod
    def missing(cls, warehouse: Path) -> Self:
        """There is no warehouse."""
        return cls(
            f"没有找到数据库 {warehouse}，无法追溯到单元格；请先运行 gongshui run。",
            f"There is no warehouse {warehouse}, and so no way to the cells; run gongshui run first.",
        )

    @classmethod
    def held(cls, warehouse: Path) -> Self:
        """Another program holds it."""
        return cls(
            f"数据库正被另一个程序使用（可能是夜间任务），请等它结束后再试：{warehouse}",
            f"Another program, perhaps a night, holds the database; try again when it is done: {warehouse}",
        )


@dataclass(frozen=True)
class _Basis:
    """Rows of another table that rows of a mart rest on beside their own.

    `on` finds them, `columns` of the mart are made of their `fields`; the mart's column `key` tells them apart. The
    first field is what a figure sums that has no cells of its own.
    """

    columns: tuple[str, ...]
    table: str
    key: str
    on: str
    fields: tuple[str, ...]


_BASES = {
    "fct_verification": _Basis(
        ("reported_completed", "population_reported"), "fct_coverage", "village_code",
        "basis.report_date = mart.claimed_on and basis.is_completed", ("population", "status"),
    ),
    "fct_funding": _Basis(
        ("supply_mode",), "fct_project_progress", "project_code",
        "basis.report_date = mart.report_date and basis.town_code = mart.town_code", ("supply_mode",),
    ),
    "fct_water_sample": _Basis(
        ("is_passed",), "fct_water_quality", "sample_id", "basis.town_code = mart.town_code", ("value",)
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Row:
    """One row of a mart that a figure counts.

    Attributes
    ----------
    town, object
        Whose row it is, in Chinese: the town, and its village, project, sample …
    contribution
        What it adds to the figure, in the metric's unit.
    reported_on
        As-of date of the report that it comes from.
    cells
        Where the metric is printed.
    beside
        Where it is printed that the row belongs to the slice, and what else it rests on.
    notes
        What no cell says.
    """

    town: str
    object: str
    contribution: Value
    reported_on: dt.date | None
    cells: tuple[Cell, ...] = ()
    beside: tuple[Cell, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Proof:
    """A figure with the rows that made it; of a rate or a derived figure, with the proofs of its inputs."""

    figure: Figure
    rows: tuple[Row, ...] = ()
    inputs: tuple["Proof", ...] = ()

    @property
    def total(self) -> Value:
        """What the rows come to, which is the figure; the figure itself where it has no rows of its own."""
        return total(self.figure.metric, [row.contribution for row in self.rows]) if self.rows else self.figure.value


@dataclass
class _Rows:
    """The rows of a table at a date, and those that they rest on, by the key of both."""

    marts: list[Record]
    bases: dict[object, list[Record]] = field(default_factory=lambda: defaultdict(list))


class Tracer:
    """Traces figures; the rows of a table and date are asked for once, whatever is traced.

    Parameters
    ----------
    marts, warehouse
        The published database that the figures are from, and the warehouse that holds what was read.
    lang
        Of the notes.

    Raises
    ------
    flows.publish.query.NoRelease
        Nothing is published yet.
    Untraceable
        The warehouse is not there, or another program holds it.
    """

    def __init__(self, marts: Path, warehouse: Path, lang: Lang = "zh") -> None:
        if marts.is_file() and not warehouse.is_file():
            raise Untraceable.missing(warehouse)
        try:
            self.con = connect(marts, warehouse)
        except QueryError as error:
            raise Untraceable.held(warehouse) from error
        self.metrics = Metrics(self.con)
        self._evidence = Evidence(self.con, lang)
        self._lang = lang
        # By metric, mart row (as long as it is kept in _rows), further fields and contribution.
        self._told: dict[tuple[str, int, tuple[str, ...], Value], Row] = {}
        self._rows: dict[tuple[str, tuple[tuple[str, object], ...]], _Rows] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.con.close()

    def trace(self, figure: Figure) -> Proof:
        """Return what a figure was made of."""
        if figure.inputs:
            return Proof(figure, (), tuple(map(self.trace, figure.inputs)))
        if figure.metric.table == _ASSESSMENT:
            return self._assessment(figure)
        return Proof(figure, tuple(self._traced(figure)))

    def _traced(self, figure: Figure) -> Iterator[Row]:
        metric, rows = figure.metric, self._rows_of(figure)
        basis, counted = _BASES.get(metric.table), set[object]()
        sliced = tuple(name for name in self._own(figure) if name not in ("town_code", *metric.fields))
        for row in self._in_slice(figure, rows.marts):
            cells = self._cells(metric.table, row, metric.fields)
            contribution = _contribution(figure, row[f"of {metric.name}"], cells, counted)
            if contribution is None:
                continue
            key = metric.name, id(row), sliced, contribution
            if key in self._told:  # by a figure of another slice
                yield self._told[key]
                continue
            beside = self._evidence.cells(metric.table, row, sliced)
            if basis and _rests_on(basis, figure, beside):
                found = [self._evidence.cells(basis.table, other, basis.fields) for other in rows.bases[row[basis.key]]]
                beside += [cell for cells_of_one in found for cell in cells_of_one]
                if not metric.fields:
                    cells = [cell for cell in beside if cell.field == basis.fields[0]]
                    beside = [cell for cell in beside if cell.field != basis.fields[0]]
            notes = (row.get("standard"),)  # what no cell says: the limit of a water standard
            if metric.fields and not cells:
                notes = (self._say("原始文件已不在库中", "its file is no longer in the warehouse"),)
            self._told[key] = Row(
                self._names.get(row["town_code"], ""), self._object(metric.table, row), contribution,
                row.get("reported_on") or row.get("inspected_on"), tuple(cells), tuple(beside),
                tuple(filter(None, notes)),
            )  # fmt: skip
            yield self._told[key]

    def _cells(self, table: str, row: Record, fields: tuple[str, ...]) -> list[Cell]:
        """The cells of a row; a finding about a cell, or what came of a file, names its place itself."""
        if "file" not in row:
            return self._evidence.cells(table, row, fields)
        message = without_place(row.get(f"message_{self._lang}") or "", row["file"], row.get("sheet"))
        return [
            Cell(
                row["file"], row.get("received_on"), row.get("sheet") or "", row.get("cell"), row.get("field") or "",
                "", row.get("printed_value") or "", None, notes=(message,) if message else (),
            )
        ]  # fmt: skip

    def _assessment(self, figure: Figure) -> Proof:
        """What became of towns in the assessment: the points of each, and the figures that they were given for."""
        rows, inputs = [], []
        is_judged = figure.metric.aggregation != "count"
        for row in self._in_slice(figure, self._rows_of(figure).marts):
            contribution = _contribution(figure, row[f"of {figure.metric.name}"], [], set())
            if contribution is None:
                continue
            where = {name: row[name] for name in (*_FIXED, "town_code")}
            items = self._items[row["report_date"], row["town_code"]]
            notes = (row["reason"], *map(self._points, items))
            town = self._names.get(row["town_code"], "")
            rows.append(Row(town, town, contribution, row["report_date"], notes=tuple(filter(None, notes))))
            for name in _INDICATORS.values() if is_judged else ():
                inputs.append(self.trace(self.metrics.figure(name, where)))
        return Proof(figure, tuple(rows), tuple(inputs))

    def _points(self, item: Record) -> str:
        over = "" if item["denominator"] is None else f" ÷ {plain(item['denominator'])}"
        metric = _INDICATORS.get(item["indicator"])
        see = self.metrics.all[metric].name_zh if metric else f"数据表{item['evidence']}"
        said = f"{item['name_zh']} {'—' if item['numerator'] is None else plain(item['numerator'])}{over}"
        points, most = plain(item["points"]), plain(item["max_points"])
        return self._say(
            f"{said}，得{points}分（满分{most}），见{see}", f"{said}: {points}/{most}, see {metric or item['evidence']}"
        )

    # --- rows of marts --------------------------------------------------------------------------------------------

    @staticmethod
    def _own(figure: Figure) -> dict[str, object]:
        """What a figure's rows have to be, beside the date and the county."""
        dimensions = figure.metric.dimensions
        return {name: value for name, value in figure.slice.items() if name in dimensions and name not in _FIXED}

    def _in_slice(self, figure: Figure, rows: list[Record]) -> Iterator[Record]:
        own = self._own(figure).items()
        return (row for row in rows if all(row[name] == value for name, value in own))

    def _rows_of(self, figure: Figure) -> _Rows:
        table, fixed = figure.metric.table, {name: figure.slice[name] for name in _FIXED if name in figure.slice}
        key = table, tuple(fixed.items())
        if key not in self._rows:
            self._rows[key] = self._fetched(table, fixed)
        return self._rows[key]

    def _fetched(self, table: str, fixed: dict[str, object]) -> _Rows:
        metrics = [metric for metric in self.metrics.all.values() if metric.table == table and not metric.inputs]
        told = ", ".join(f'{metric.expression} as "of {metric.name}"' for metric in metrics)
        where = " and ".join(f"mart.{name} = ${name}" for name in fixed) or "true"
        given = f"from (select *, {told} from {table}) as mart"
        rows = _Rows(sorted(rows_of(self.con, f"select * {given} where {where} order by all", fixed), key=_place))
        if rows.marts and "source_row" in rows.marts[0]:
            self._evidence.load(table, rows.marts, {name for metric in metrics for name in metric.fields})
        if basis := _BASES.get(table):
            others = rows_of(
                self.con,
                f"select distinct basis.* {given} inner join {basis.table} as basis "
                f"on basis.{basis.key} = mart.{basis.key} and {basis.on} where {where} order by all",
                fixed,
            )
            self._evidence.load(basis.table, others, basis.fields)
            for other in others:
                rows.bases[other[basis.key]].append(other)
        return rows

    # --- words ----------------------------------------------------------------------------------------------------

    def _object(self, table: str, row: Record) -> str:
        """What a row is about, as its people call it."""
        said = self._names.get(row["town_code"], "")
        if "event_id" in row:
            said = f"{row['held_on']} {EVENT_KIND.zh(row['kind'])}"
        elif "sample_id" in row:
            said = str(row["sample_id"]).partition("|")[2].replace("|", " ")
        elif "village_code" in row:
            code = str(row["village_code"])
            said = self._committees.get(code, "") + self._names.get(code, code)
        elif "project_code" in row:
            said = self._projects.get(str(row["project_code"]), "")
        for column, words in _PARTS.items():
            if column in self._evidence.keys[table]:
                said += f"（{words.zh(row[column])}）"
        return said

    @cached_property
    def _names(self) -> dict[str, str]:
        return dict(self.con.execute("select division_code, name from dim_division").fetchall())

    @cached_property
    def _committees(self) -> dict[str, str]:
        """Village → the name of its committee."""
        return dict(
            self.con.execute(
                "select village.division_code, committee.name from dim_division as village "
                "inner join dim_division as committee on village.parent_code = committee.division_code "
                "where village.level = 'village'"
            ).fetchall()
        )

    @cached_property
    def _projects(self) -> dict[str, str]:
        return dict(self.con.execute("select project_code, project_name from dim_project").fetchall())

    @cached_property
    def _items(self) -> dict[tuple[dt.date, str], list[Record]]:
        items: dict[tuple[dt.date, str], list[Record]] = defaultdict(list)
        for item in rows_of(
            self.con,
            "select item.*, dim_indicator.name_zh from fct_assessment_item as item "
            "inner join dim_indicator on item.indicator = dim_indicator.indicator order by max_points desc, name_zh",
            {},
        ):
            items[item["report_date"], item["town_code"]].append(item)
        return items

    def _say(self, zh: str, en: str) -> str:
        return zh if self._lang == "zh" else en


def total(metric: Metric, contributions: Iterable[Value]) -> Value:
    """What rows come to."""
    found: list[Any] = [value for value in contributions if value is not None]
    together: Value = _TOGETHER.get(str(metric.aggregation), sum)(found)
    return together


def _place(row: Record) -> tuple[str, str, str, int]:
    """Where a row belongs in the order of a proof: town by town, each as its files and sheets have it."""
    file, sheet = row.get("source_file") or row.get("file"), row.get("source_sheet") or row.get("sheet")
    return row["town_code"] or "", file or "", sheet or "", row.get("source_row") or row.get("row") or 0


def _contribution(figure: Figure, told: Any, cells: list[Cell], counted: set[object]) -> Value:
    """What a row adds to a figure; None where it doesn't count.

    A 0 counts where its cell says so; else it is that of a row left out, such as an unfinished village.
    """
    match figure.metric.aggregation:
        case "sum":
            is_said = told == 0 and any(cell.value == 0 and cell.printed for cell in cells)
            return told if told or is_said else None
        case "max" | "min":  # the rows that reach it
            return told if told is not None and told == figure.value else None
        case "median":
            return None if told is None else told
        case "count_distinct":  # every row of an object proves it, the first one counts
            is_first = told not in counted
            counted.add(told)
            return None if told is None else int(is_first)
        case "sum_boolean":
            return 1 if told else None
    return None if told is None else 1


def _rests_on(basis: _Basis, figure: Figure, beside: list[Cell]) -> bool:
    """Whether a figure is made of what only the basis tells."""
    is_told = any(cell.field in basis.columns and cell.value is not None for cell in beside)
    return not is_told and any(
        column in str(figure.metric.expression) or column in figure.slice for column in basis.columns
    )
