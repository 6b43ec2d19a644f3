"""Printed totals and rates against the figures that they are made of (R14, R15).

Two numbers contradict where no choice within their intervals (`flows.ingest.intervals`) agrees.

What a total sums, its label says: a committee, a town, a supply mode. Where it says nothing, the rows around it are
tried, and those with which most of its columns agree are meant; the columns that do not agree are wrong then.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from operator import attrgetter

from flows.ingest.context import Context
from flows.ingest.factors import factor_of
from flows.ingest.grid import Uncached, Value
from flows.ingest.headings import TOTAL, Meaning
from flows.ingest.intervals import Figure, Interval, figures_of, interval, shorter, sum_of
from flows.ingest.kinds import RowKinds
from flows.ingest.recognise import Column
from flows.ingest.records import Contradiction, Records
from flows.ingest.sheet import Sheet, is_text
from flows.ingest.values import Number, number, printed
from schemas.info import FieldInfo, FormInfo
from schemas.text import plain, without_brackets, without_ordinal
from schemas.vocabulary.marks import TOTAL_WORDS

_SUM = re.compile("(?:" + "|".join(TOTAL_WORDS) + r")数?:?")
_OF_ALL = re.compile(r"总|全[县镇乡市区街]")
# What adds up over rows; rates and concentrations do not.
ADDABLE = frozenset({"households", "persons", "villages", "yuan", "km"})


@dataclass(slots=True, eq=False)
class Run:
    """What rows of data say that totals add up, column by column."""

    records: Records
    # Of town, committee, mode, source, project: those that divide the rows.
    dividing: list[str]
    # Column → figures; columns are known by what they hold, so that panels and sheets add up.
    figures: dict[str, list[Figure | None]]
    # Column → the sum of all its figures, once asked for.
    sums: dict[str, Interval | None] = field(default_factory=dict)

    def sum(self, name: str, numbers: Sequence[int]) -> Interval | None:
        """The sum of a column over some of the rows, or over all."""
        column = self.figures.get(name, [])
        if len(numbers) < len(column):
            return sum_of(filter(None, (column[number] for number in numbers)))
        if name not in self.sums:
            self.sums[name] = sum_of(filter(None, column))
        return self.sums[name]


@dataclass(slots=True)
class Line:
    """A row that sums, or that is summed."""

    row: int
    # The section rows above it, the outermost first; of a section's own row itself the last.
    sections: tuple[int, ...] = ()
    is_total: bool = False
    is_section: bool = False
    # Of a total: its words, what it names, its figures.
    label: str = ""
    names: dict[str, str] = field(default_factory=dict)
    figures: dict[str, Figure] = field(default_factory=dict)
    # Of a row that is summed: its run, its place in that, and the place of its first record.
    run: Run | None = None
    number: int = 0
    place: int = 0

    def named(self, name: str) -> str | None:
        """The town, committee, mode, source or project of the row."""
        if self.run is None:
            return self.names.get(name)
        value = self.run.records.value(self.place, name) if name in self.run.dividing else None
        return plain(value) if isinstance(value, str) else None


class Arithmetic:
    """Collects a table's lines while it is read, and checks each row's own sums and rates."""

    def __init__(
        self,
        sheet: Sheet,
        form: FormInfo,
        columns: Sequence[Column],
        meant: list[tuple[Column, Meaning, FieldInfo]],
        factors: dict[tuple[int, str], Decimal],
        kinds: RowKinds,
        context: Context,
        figure_rows: list[int],
        cell: Callable[[int, Column, FieldInfo], tuple[Value, str]],
    ) -> None:
        self.sheet, self.form, self.kinds, self.cell = sheet, form, kinds, cell
        added = [
            (column, meaning, info)
            for column, meaning, info in meant
            if info.kind in ("count", "decimal") and info.dimension in ADDABLE and len(column.meanings) == 1
        ]
        self.added = [
            (
                column.index,
                f"{meaning.group}.{meaning.field}" if meaning.group else meaning.field,
                column,
                info,
                figures_of(
                    info.dimension, info.kind == "count", factors.get((column.index, meaning.field), Decimal(1))
                ),
            )
            for column, meaning, info in added
        ]
        self.named = [
            (column, meaning, info)
            for column, meaning, info in meant
            if info.fill_down and info.kind in ("text", "code") and not meaning.group and not meaning.tick
        ]
        groups = {m.group for _, m, _ in added if m.group and m.group != TOTAL}
        rate, has_groups = FieldInfo("", "decimal", dimension="rate"), bool(groups)
        self.rates = [
            (column, _Rate.of(column, meaning, form, has_groups), factor_of(sheet, column, rate, context, figure_rows))
            for column in columns
            for meaning in column.meanings
            if meaning.is_rate
        ]
        self.dividing = [name for name, info in form.fields.items() if info.fill_down and info.kind in ("text", "code")]
        self.totals = [meaning.field for _, meaning, _ in added if meaning.group == TOTAL]
        self.adds_across = bool(self.totals) and len(groups) > 1
        # Whether single rows have anything that their own figures may contradict.
        self.checks_rows = self.adds_across or bool(self.rates)
        self.lines: list[Line] = []
        self.sections: tuple[int, ...] = ()

    # --- within a row -------------------------------------------------------------------------------------------------

    def check_row(self, row: int, records: Records, place: int) -> None:
        """R14 across the groups of a row, and R15; told of the record at that place."""
        figures = self._figures(row)
        if self.adds_across:
            for name in self.totals:
                if found := self._across(figures, name):
                    records.contradict(place, found)
        for column, ratio, factor in self.rates:
            if found := self._divided(figures, row, column, ratio, factor):
                records.contradict(place, found)

    def _across(self, figures: dict[str, Figure], name: str) -> Contradiction | None:
        total = figures.get(f"{TOTAL}.{name}")
        parts = [figure for key, figure in figures.items() if key.endswith(f".{name}") and figure is not total]
        if total and total.interval and parts and (whole := sum_of(parts)) and not whole.meets(total.interval):
            scope = ("本行各列", "the columns of this row")
            return _off(f"{TOTAL}.{name}", total, whole, scope, None)
        return None

    def _divided(
        self, figures: dict[str, Figure], row: int, column: Column, rate: "_Rate", factor: Decimal
    ) -> Contradiction | None:
        value, cell = self.cell(row, column, FieldInfo("", "decimal"))
        read = number(value)
        if not isinstance(read, Number) or read.dimension not in (None, "rate"):
            return None
        factor = Decimal(1) if (row, column.index) in self.sheet.grid.percents else factor
        shown = interval(read.value, read.factor if read.factor is not None else factor)
        numerator, denominator = (_total_of(figures, name) for name in (rate.numerator, rate.denominator))
        if numerator is None or denominator is None:
            return None
        quotient = numerator[1].over(denominator[1])
        if quotient is None or quotient.meets(shown):
            return None
        text = printed(value)
        # Said as the sheet says rates: of a column in percent, in percent.
        percent = (read.factor if read.factor is not None else factor) != 1
        bounds = [shorter(bound * (100 if percent else 1)) + ("%" if percent else "") for bound in quotient]
        words = {
            "title": column.path[-1].printed, "printed": text, "low": bounds[0], "high": bounds[1],
            "numerator": numerator[0], "denominator": denominator[0],
        }  # fmt: skip
        return Contradiction("R15", rate.name, cell, text, words)

    # --- lines --------------------------------------------------------------------------------------------------------

    def enter_section(self, row: int, numbering: str) -> None:
        """A section opens: 一、 ends all, （一） those that stand beneath 一、."""
        self.sections = (*self.sections[:1], row) if numbering == "bracket" else (row,)
        self.add_total(row, is_section=True)

    def add_total(self, row: int, *, is_section: bool = False) -> None:
        """A row that prints totals."""
        if figures := self._figures(row):
            labels = self.kinds.labels(row)
            words = "".join(text for _, text in labels)
            names = self._names_of_total(row, labels)
            self.lines.append(Line(row, self.sections, True, is_section, words, names, figures))

    def add_rows(self, rows: Sequence[int], records: Records, places: Sequence[int]) -> None:
        """Rows of data between two totals, each with the place of its first record."""
        lines = [self.sheet.rows[row] for row in rows]
        figures: dict[str, list[Figure | None]] = {}
        for index, key, column, info, known in self.added:
            values = [line[index] if index < len(line) else None for line in lines]
            if Uncached in set(map(type, values)):
                values = [self._computed(value, row, column, info) for row, value in zip(rows, values, strict=True)]
            figures[key] = [known[value.__class__, value] for value in values]
        run = Run(records, self.dividing, figures)
        self.lines += [
            Line(row, self.sections, run=run, number=number, place=place)
            for number, (row, place) in enumerate(zip(rows, places, strict=True))
        ]

    def _names_of_total(self, row: int, labels: list[tuple[int, str]]) -> dict[str, str]:
        names: dict[str, str] = {}
        at = dict(labels)
        for _, text in labels:
            if _bare(text) and (said := self.kinds.says(text)):
                names[said[0]] = plain(said[1])
        for column, meaning, info in self.named:
            seen = self.sheet.seen(row, column.index)
            text = at.get(column.index, plain(str(seen)) if is_text(seen) else "")
            words = _bare(text)
            if words and words == without_brackets(text):
                # A name in its own column, beside the word 小计 in another or merged over the row.
                name = info.vocabulary.lookup(words) if info.vocabulary else words
                if name:
                    names.setdefault(meaning.field, name)
        return names

    def _figures(self, row: int) -> dict[str, Figure]:
        """The figures of a row with their addresses; one that a merge spreads over several rows counts in its first."""
        found: dict[str, Figure] = {}
        for index, key, column, info, known in self.added:
            value = self._computed(self.sheet.at(row, index), row, column, info)
            if figure := known[value.__class__, value]:
                found[key] = figure._replace(cell=self.sheet.address(row, index))
        return found

    def _computed(self, value: Value, row: int, column: Column, info: FieldInfo) -> Value:
        return self.cell(row, column, info)[0] if isinstance(value, Uncached) else value


def check_totals(tables: Iterable[Sequence[Line]]) -> None:
    """R14: the totals of all tables of one form in a workbook, in reading order; findings go to the rows' records.

    Parameters
    ----------
    tables : iterable of sequences of Line
        Side by side panels and further sheets are one list where a total says no more than that it is one.
    """
    before: list[Line] = []
    for lines in tables:
        before += [line for line in lines if not line.is_total]
        for place, line in enumerate(lines):
            if line.is_total:
                _check(line, place, lines, before)


def _check(total: Line, place: int, lines: Sequence[Line], before: list[Line]) -> None:
    scopes = [scope for scope in _scopes(total, place, lines, before) if scope]
    if not scopes:
        return
    scope, found = scopes[0], _disagreeing(total, scopes[0])
    for other in scopes[1:]:
        if not found:
            return
        if len(wrong := _disagreeing(total, other)) < len(found):
            scope, found = other, wrong
    last = next((line for line in reversed(scope) if line.run), None)
    if last is None or last.run is None:
        return
    for name in found:
        whole = _sum(scope, name)
        assert whole is not None
        rows = f"第{scope[0].row + 1}至{scope[-1].row + 1}行"
        words = (f"所汇总的{rows}", f"rows {scope[0].row + 1} to {scope[-1].row + 1}")
        key = _key(total, scope, lines)
        last.run.records.contradict(last.place, _off(name, total.figures[name], whole, words, f"total:{key}"))


def _disagreeing(total: Line, scope: Sequence[Line]) -> list[str]:
    """The columns of a total that these rows do not add up to."""
    wrong = []
    for name, figure in total.figures.items():
        whole = _sum(scope, name)
        if figure.interval and whole and not whole.meets(figure.interval):
            wrong.append(name)
    return wrong


def _sum(scope: Sequence[Line], name: str) -> Interval | None:
    """The sum of a column over rows of data."""
    low = high = Decimal(0)
    for run, lines in groupby(scope, key=attrgetter("run")):
        part = run.sum(name, [line.number for line in lines])
        if part is None:
            return None
        low, high = low + part.low, high + part.high
    return Interval(low, high)


def _scopes(total: Line, place: int, lines: Sequence[Line], before: list[Line]) -> list[list[Line]]:
    """The rows that a total may sum, the likeliest first."""
    data = [line for line in lines if not line.is_total]
    inside = [line for line in data if line.sections[: len(total.sections)] == total.sections]
    if total.is_section:
        return [inside, [line for line in data if _is_named(line, total.names)] if total.names else []]
    if named := [line for line in data if total.names and _is_named(line, total.names)]:
        beside = [line for line in named if line.sections == total.sections] if total.sections else []
        if total.names.keys() - {"town"} or len(named) < len(data):
            return [beside, named]
    above = _run(reversed(lines[:place]))[::-1]
    below = _run(lines[place + 1 :])
    outer = [line for line in data if line.sections[:1] == total.sections[:1]] if total.sections else []
    around = [inside if total.sections else [], above, outer, below, data, named, before]
    if _OF_ALL.search(total.label) or named:
        return [data, before]
    if "小计" not in total.label:
        return [data, *around]
    return around


def _is_named(line: Line, names: dict[str, str]) -> bool:
    return all(line.named(name) == value for name, value in names.items())


def _run(lines: Iterable[Line]) -> list[Line]:
    found: list[Line] = []
    for line in lines:
        if line.is_total:
            break
        found.append(line)
    return found


def _key(total: Line, scope: Sequence[Line], lines: Sequence[Line]) -> str:
    """What a total sums, in a word."""
    if len(scope) >= sum(not line.is_total for line in lines) and not total.is_section:
        return "grand"
    for name in ("project_name", "village_committee", "supply_mode", "funding_source", "town"):
        if total.names and name not in total.names:
            continue
        if len(values := {line.named(name) for line in scope}) == 1 and (only := values.pop()):
            return only
    return f"{scope[0].row + 1}-{scope[-1].row + 1}"


def _off(name: str, total: Figure, whole: Interval, scope: tuple[str, str], key: str | None) -> Contradiction:
    middle = (whole.low + whole.high) / 2 / total.factor
    words = {"printed": total.printed, "sum": shorter(middle), "scope": scope[0], "scope_en": scope[1]}
    return Contradiction("R14", name, total.cell, total.printed, words, key)


def _total_of(figures: dict[str, Figure], name: str) -> tuple[str, Interval] | None:
    """A figure, or of a total that no column shows the sum of its groups; as printed, and as an interval."""
    figure = figures.get(name)
    if figure is not None:
        return None if figure.interval is None else (figure.printed, figure.interval)
    group, _, measure = name.rpartition(".")
    parts = [part for key, part in figures.items() if group == TOTAL and key.endswith(f".{measure}")]
    whole = sum_of(parts) if parts else None
    return None if whole is None else ("+".join(part.printed for part in parts), whole)


def _bare(text: str) -> str:
    return _SUM.sub("", without_brackets(without_ordinal(text)))


@dataclass(frozen=True)
class _Rate:
    """A printed rate's two figures, as the columns that hold them are known."""

    numerator: str
    denominator: str

    @property
    def name(self) -> str:
        return f"#rate:{self.numerator}/{self.denominator}"

    @staticmethod
    def of(column: Column, meaning: Meaning, form: FormInfo, has_groups: bool) -> "_Rate":
        """Of the group that the rate stands in; beside groups it is one of their totals."""
        group = None
        vocabulary = form.fields[form.spread].vocabulary if form.spread else None
        for part in column.path[:-1]:
            group = next((code for key in part.keys if vocabulary and (code := vocabulary.lookup(key))), group)
        numerator, _, denominator = meaning.field.removeprefix("#rate:").partition("/")
        names = [
            f"{group or TOTAL}.{name}" if has_groups and vocabulary and name in form.measures else name
            for name in (numerator, denominator)
        ]
        return _Rate(*names)
