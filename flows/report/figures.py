"""The figures that documents print, each with a number under which 数据来源.xlsx proves it."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field

import duckdb

from flows.metrics import Figure, Metrics


@dataclass
class Citation:
    """One figure that documents print.

    Attributes
    ----------
    no
        Its number in the documents of a date, such as S001.
    figure
        What it is, exact.
    printed
        Document → how it is printed there; one document may print it in several ways.
    """

    no: str
    figure: Figure
    printed: dict[str, list[str]] = field(default_factory=dict)

    @property
    def anchor(self) -> str:
        """The defined name of its row in 数据来源.xlsx; its bare number would be the address of a cell."""
        return f"_{self.no}"


class Citations:
    """Numbers the figures of a date's documents in the order in which they are printed first."""

    def __init__(self) -> None:
        self._by_key: dict[str, Citation] = {}

    def cite(self, document: str, figure: Figure, printed: str) -> Citation:
        """Note that a document prints a figure, and how."""
        citation = self._by_key.setdefault(figure.key, Citation(f"S{len(self._by_key) + 1:03}", figure))
        texts = citation.printed.setdefault(document, [])
        if printed not in texts:
            texts.append(printed)
        return citation

    def __iter__(self) -> Iterator[Citation]:
        return iter(self._by_key.values())

    def __len__(self) -> int:
        return len(self._by_key)


@dataclass(frozen=True)
class Facts:
    """The metrics of one county at one report date.

    `facts("supply_rate", supply_mode="town_plant")` is the figure; its value is None where nothing was reported that
    tells it.
    """

    metrics: Metrics
    report_date: dt.date
    county_code: str

    def __call__(self, metric: str, **where: object) -> Figure:
        """Compute a metric of the county at the date, over a slice."""
        return self.metrics.figure(metric, {"report_date": self.report_date, "county_code": self.county_code, **where})


@dataclass(frozen=True)
class Edition:
    """What the documents of one report date are written from.

    Attributes
    ----------
    con
        The published marts, for lists of villages, projects and towns; every figure comes from `facts`.
    county
        Name of the county.
    facts, before
        The metrics at the report date, and at the one before it (None at the first).
    as_of
        The day as of which the marts were built: what was received by then.
    published_at
        When the release was published.
    citations
        Where every printed figure is noted.
    """

    con: duckdb.DuckDBPyConnection
    county: str
    facts: Facts
    before: Facts | None
    as_of: dt.date
    published_at: dt.datetime
    citations: Citations
