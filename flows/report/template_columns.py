"""The columns of a form's template, and how a value is written in them."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flows.report.widths import width_of
from schemas.info import FieldInfo, FormInfo
from schemas.vocabulary import Vocabulary
from schemas.vocabulary.units import OFFICIAL, factor_for

NONE = "—"
_WIDEST_COLUMN = 34
_LONG = 12
_FORMATS = {
    "count": "0",
    "yuan": "#,##0.00####",
    "km": "0.00##",
    "rate": "0.##%",
    "decimal": "General",
    "date": "yyyy-mm-dd",
    "text": "@",
}
_WIDTHS = {"count": 9, "decimal": 12, "date": 12, "code": 12, "flag": 9, "text": 16}


@dataclass(frozen=True)
class Column:
    """One column of a template."""

    name: str
    info: FieldInfo
    # The code it stands for, where a field repeats over groups, and that code's list.
    group: str | None = None
    groups: Vocabulary | None = None
    # The heading over a run of columns, and its own.
    over: str | None = None
    heading: str = ""

    @property
    def key(self) -> str:
        """What its values are called: `field`, in a group `code.field`."""
        return f"{self.group}.{self.name}" if self.group else self.name

    @property
    def choices(self) -> list[str]:
        """The names of its closed list."""
        return [self.info.vocabulary.zh(code) for code in self.info.vocabulary] if self.info.vocabulary else []

    @property
    def number_format(self) -> str:
        """How its cells show what they hold."""
        if self.info.kind == "decimal":
            return _FORMATS.get(self.info.dimension or "", _FORMATS["decimal"])
        return _FORMATS.get(self.info.kind, _FORMATS["text"])

    @property
    def heading_lines(self) -> list[str]:
        """Its heading; of a long one the unit stands on a line of its own."""
        title, bracket, unit = self.heading.partition("（")
        return [title, bracket + unit] if title and bracket and width_of(self.heading) > _LONG else [self.heading]

    def width(self, rows: Sequence[Mapping[str, Any]] = ()) -> int:
        """In characters: room for its choices, for what is filled in, and for its heading on two lines."""
        longest = max((width_of(choice) for choice in self.choices), default=0)
        filled = max((width_of(str(row.get(self.key) or "")) for row in rows), default=0)
        room = max(longest + 3, filled + 2 if self.info.kind == "text" else 0)
        heading = max(map(width_of, self.heading_lines)) + 2
        return max(_WIDTHS[self.info.kind], min(_WIDEST_COLUMN, max(room, heading)))


def columns_of(form: FormInfo, used: Iterable[str] = ()) -> list[Column]:
    """The columns of a form's template; codes of a spread field that rows use are shown beside the usual ones."""
    columns: list[Column] = []
    spread = form.fields[form.spread].vocabulary if form.spread else None
    for name, info in form.fields.items():
        if is_left_out(form, name, info):
            continue
        if info.repeats_over:
            columns += _under_one_heading(name, info, info.repeats_over, info.repeats_over)
        elif spread is None or name not in form.measures:
            columns.append(Column(name, info, heading=_heading(info, _unit(info))))
        elif name == form.measures[0]:
            shown = list(dict.fromkeys((*(form.shown or spread), *used)))
            if len(form.measures) == 1:
                columns += _under_one_heading(name, info, spread, shown)
                continue
            for code in shown:
                for measure in form.measures:
                    described = form.fields[measure]
                    heading = _heading(described, _unit(described))
                    columns.append(Column(measure, described, code, spread, spread.zh(code), heading))
    return columns


def is_left_out(form: FormInfo, name: str, info: FieldInfo) -> bool:
    """What is said elsewhere: a town's own name in the title, the groups' names and units over the columns."""
    if name == "town":
        return form.level == "town"
    if info.dimension is None and info.kind == "flag" and info.vocabulary is None:
        return True
    is_in_headings = name == "unit" and any(form.fields[each].dimension == "concentration" for each in form.measures)
    return name == form.spread or is_in_headings


def _under_one_heading(name: str, info: FieldInfo, groups: Vocabulary, shown: Iterable[str]) -> list[Column]:
    over = _heading(info, _unit(info))
    return [
        Column(name, info, code, groups, over, groups.zh(code) + _bracketed(groups.terms[code].unit)) for code in shown
    ]


def _unit(info: FieldInfo) -> str:
    return OFFICIAL.get(info.dimension or "", "")


def _heading(info: FieldInfo, unit: str) -> str:
    return info.title + _bracketed(unit)


def _bracketed(unit: str) -> str:
    return f"（{unit}）" if unit else ""


def as_written(column: Column, value: Any) -> str | float | dt.date | None:
    """A value as a clerk writes it: the name of a code, a figure in the unit of its heading."""
    info = column.info
    if value is None:
        return None
    if value == NONE:
        return NONE
    if info.kind == "flag":
        value = "yes" if value else "no"
    if info.vocabulary:
        return info.vocabulary.zh(value) if value in info.vocabulary.terms else str(value)
    if info.kind == "date":
        return value.date() if isinstance(value, dt.datetime) else value if isinstance(value, dt.date) else str(value)
    if info.kind in ("count", "decimal") and not isinstance(value, str):
        exact = Decimal(str(value))
        factor = factor_for(info.dimension or "", _unit(info)) if info.dimension != "rate" else None
        return float(exact / factor if factor else exact)
    return str(value)
