"""The metrics of the marts: each is defined once, in the table `metric`, and computed from there for any slice."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType

import duckdb

Exact = int | Decimal | Fraction
Value = Exact | dt.date | None
Slice = Mapping[str, object]  # column → what it must be: report_date, town_code, supply_mode …

_FIXED = ("report_date", "county_code")  # one cube of a table's metrics is computed for each
_ORDER = {name: place for place, name in enumerate((*_FIXED, "town_code", "supply_mode", "funding_source"))}
_OF_ROWS = ("max", "min", "median")  # what only rows can tell: of none of them it is unknown
_Cube = dict[frozenset[tuple[str, object]], dict[str, Value]]
_COLUMNS = """
    metric, name_zh, definition, definition_en, kind, unit, "table", aggregation, expression, numerator, denominator,
    dimensions, fields
"""


# The units of metrics in English; what is counted one by one has none.
UNITS_EN = {
    "条": "villages", "户": "households", "人": "persons", "元": "yuan", "公里": "km", "次": "times", "天": "days",
    "个": "", "项": "", "名": "", "分": "points", "行": "rows", "日": "", "随项目": "in the parameter's unit",
}  # fmt: skip


class UnknownMetric(KeyError):
    """There is no such metric, or it cannot be sliced like that."""


@dataclass(frozen=True)
class Metric:
    """One row of the table `metric`, see there."""

    name: str
    name_zh: str
    definition: str
    definition_en: str
    kind: str
    unit: str | None
    table: str
    aggregation: str | None
    expression: str | None
    numerator: str
    denominator: str | None
    dimensions: tuple[str, ...]
    fields: tuple[str, ...]

    @property
    def inputs(self) -> tuple[str, ...]:
        """The metrics that a ratio or a derived one is computed from; none of a simple one."""
        match self.kind:
            case "ratio":
                return (self.numerator, str(self.denominator))
            case "derived":
                return tuple(re.findall(r"[a-z]\w*", str(self.expression)))
        return ()


@dataclass(frozen=True)
class Figure:
    """A metric over a slice.

    Attributes
    ----------
    metric, slice
        What was asked.
    value
        The figure, exact: in the metric's unit, a rate from 0; None where nothing was reported that tells it, or a
        rate has nothing to divide by.
    inputs
        The figures it is computed from: numerator and denominator of a ratio, the terms of a derived metric.
    """

    metric: Metric
    slice: Slice
    value: Value
    inputs: tuple["Figure", ...] = ()

    @property
    def key(self) -> str:
        """What tells the figure from all others of a release: `supply_rate@2021-08-20/town_plant`."""
        return f"{self.metric.name}@{'/'.join(str(value) for value in self.slice.values())}"


class Metrics:
    """Computes metrics from published marts.

    A sum over no row is 0 where its place and date have other rows, and unknown where nothing at all was reported.

    Parameters
    ----------
    con
        A connection to the marts that finds their tables by bare names (`flows.publish.query.connect`).
    """

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con
        self._cubes: dict[tuple[str, tuple[tuple[str, object], ...]], _Cube] = {}

    @cached_property
    def all(self) -> Mapping[str, Metric]:
        """Every metric by its name."""
        rows = self._con.execute(f"select {_COLUMNS} from metric").fetchall()
        return MappingProxyType(
            {
                row[0]: Metric(*row[:-2], *(tuple(names.split(", ")) if names else () for names in row[-2:]))
                for row in rows
            }
        )

    def figure(self, name: str, where: Slice) -> Figure:
        """Compute a metric over a slice.

        Dimensions that an input of a rate does not have leave it whole: the rural population has no supply mode.

        Raises
        ------
        UnknownMetric
            There is no such metric, or nothing that it is computed from has one of the slice's dimensions.
        """
        if name not in self.all:
            raise UnknownMetric(name)
        if unknown := where.keys() - self.dimensions(name):
            raise UnknownMetric(f"{name}: {', '.join(sorted(unknown))}")
        return self._figure(
            self.all[name], dict(sorted(where.items(), key=lambda item: _ORDER.get(item[0], len(_ORDER))))
        )

    def dimensions(self, name: str) -> set[str]:
        """The dimensions by which a metric, or an input of it, can be sliced."""
        metric = self.all[name]
        return set(metric.dimensions).union(*(self.dimensions(part) for part in metric.inputs))

    def _figure(self, metric: Metric, where: Slice) -> Figure:
        inputs = tuple(self._figure(self.all[name], self._shared(name, where)) for name in metric.inputs)
        return Figure(
            metric, where, self._computed(metric, inputs) if inputs else self._aggregated(metric, where), inputs
        )

    def _shared(self, name: str, where: Slice) -> Slice:
        """As much of a slice as a metric can be sliced by."""
        dimensions = self.dimensions(name)
        return {dimension: value for dimension, value in where.items() if dimension in dimensions}

    def _aggregated(self, metric: Metric, where: Slice) -> Value:
        own = {name: value for name, value in where.items() if name in metric.dimensions}
        fixed = tuple((name, own.pop(name)) for name in _FIXED if name in own)
        cube = self._cube(metric.table, fixed)
        if (found := cube.get(frozenset(own.items()))) is not None:
            return found[metric.name]
        # no row of that kind: none, where the town (or the county) reported others
        is_reported = frozenset((name, value) for name, value in own.items() if name == "town_code") in cube
        return 0 if is_reported and metric.aggregation not in _OF_ROWS else None

    def _cube(self, table: str, fixed: tuple[tuple[str, object], ...]) -> _Cube:
        """Compute all metrics of a table at once, for every combination of dimensions that has rows."""
        if (table, fixed) not in self._cubes:
            metrics = [metric for metric in self.all.values() if metric.table == table and not metric.inputs]
            free = [name for name in metrics[0].dimensions if name not in _FIXED]
            answer = self._con.execute(
                f"""
                select [{", ".join(f"grouping({name}) = 1" for name in free)}], [{", ".join(free)}],
                    {", ".join(metric.numerator for metric in metrics)}
                from {table} where {" and ".join(f"{name} = ${name}" for name, _ in fixed) or "true"}
                group by cube({", ".join(free)}) having count(*) > 0
                """,
                dict(fixed),
            )
            self._cubes[table, fixed] = {
                frozenset(
                    (name, value) for name, is_all, value in zip(free, alls, members, strict=True) if not is_all
                ): {metric.name: value for metric, value in zip(metrics, values, strict=True)}
                for alls, members, *values in answer.fetchall()
            }
        return self._cubes[table, fixed]

    def _computed(self, metric: Metric, inputs: Sequence[Figure]) -> Value:
        values = {figure.metric.name: figure.value for figure in inputs}
        if None in values.values():
            return None
        if metric.kind == "ratio":
            numerator, denominator = (Fraction(value) for value in values.values())  # type: ignore[arg-type]
            return numerator / denominator if denominator else None
        expression = re.sub(r"[a-z]\w*", r"$\g<0>", str(metric.expression))
        value: Value
        (value,) = self._con.execute(f"select {expression}", values).fetchone() or (None,)
        return value
