"""One sheet of the progress table: headings, rows of figures with their formulas, and how it is printed."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from itertools import groupby
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell

from flows.metrics import Figure, Metric
from flows.report.figures import Edition
from flows.report.gaps import FORM_OF, Gap, Gaps
from flows.report.official import clean
from flows.report.progress_table.columns import Column, Shape, as_number
from flows.report.progress_table.lists import NONE
from flows.report.widths import width_of

UNKNOWN = "未报"
DAY = "yyyy-mm-dd"
LATE, OLD, SUM, TOTAL = "#FCE4D6", "#FFF2CC", "#EDF3FA", "#DDEBF7"
SIGNED = "单位负责人：　　　　　　审核人：　　　　　　填报人：　　　　　　填报日期："

_A3 = 8
_HEAD = 2  # rows above the headings: the title, who reports and as of when
_ADDITIVE = ("sum", "count", "sum_boolean")
_FORMULA_STARTS = ("=", "+", "-", "@")
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\']")
_WIDEST_TEXT = 34


@dataclass
class Book:
    """The workbook while it is written.

    Attributes
    ----------
    document
        Under which name its figures are cited.
    gaps
        Finds who owes what.
    sources
        Sheet, cell, number of the citation and metric of every figure.
    """

    file: xlsxwriter.Workbook
    edition: Edition
    document: str
    gaps: Gaps
    sources: list[tuple[str, str, str, str]] = field(default_factory=list)
    _formats: dict[tuple[tuple[str, Any], ...], Format] = field(default_factory=dict)

    def format(self, **properties: Any) -> Format:
        """Return the format of these properties, made once."""
        key = tuple(sorted(properties.items()))
        if key not in self._formats:
            defaults = {"font_name": "宋体", "font_size": 11, "valign": "vcenter"}
            self._formats[key] = self.file.add_format(defaults | properties)
        return self._formats[key]


class Sheet:
    """A table of a county, its towns and what they hold.

    Parameters
    ----------
    name, title
        Of the sheet's tab, and over the table.
    columns
        What it shows.
    where
        What all of its figures are restricted to, such as a supply mode.
    issuer
        Who reports it.
    """

    def __init__(
        self, book: Book, name: str, title: str, columns: Sequence[Column], where: Mapping[str, str], issuer: str
    ) -> None:
        self.book, self.columns, self.where = book, columns, where
        self.name = _NOT_IN_SHEET_NAMES.sub(" ", clean(name))[:31]
        self.metrics = book.edition.facts.metrics.all
        self.sheet = book.file.add_worksheet(self.name)
        self.widths = [max(column.width, *map(width_of, self._heading_lines(column))) + 1 for column in columns]
        self.body = self.row = _HEAD + 3
        # Figures that are unknown, and what spoils rates.
        self.owed: list[Figure] = []
        self.owed_for_rates: dict[Gap, None] = {}
        self._places = {column.metric: place for place, column in enumerate(columns) if not column.where}
        self._titles(title, issuer)
        self._headings()

    # --- rows ---

    def figures(self, row: int, where: Mapping[str, str], parts: Sequence[int] = (), background: str = "") -> None:
        """Write the metrics of a county, supply mode or town into a row.

        Parameters
        ----------
        parts
            The rows that it is the sum of; a figure that is no sum of them stands by itself.
        """
        facts = self.book.edition.facts
        divisors = self._divisors({**self.where, **where})
        for place, column in enumerate(self.columns):
            if column.metric is None:
                continue
            metric = self.metrics[column.metric]
            asked = {**self.where, **where, **dict(column.where)}
            known = facts.metrics.dimensions(metric.name)
            is_divisible = asked.keys() <= known or metric.name in divisors
            is_of_one_town = not metric.inputs and metric.aggregation not in _ADDITIVE
            if not is_divisible or (is_of_one_town and "town_code" not in where):
                self.text(row, place, NONE, **_filled(background))
                continue
            figure = facts(metric.name, **{name: value for name, value in asked.items() if name in known})
            is_sum = column.is_summed or "town_code" not in where
            self._figure(row, place, figure, parts if is_sum else (), background)

    def missing(self) -> list[str]:
        """What the unknown figures of the sheet lack, and who owes it."""
        gaps = self.book.gaps
        tables = dict.fromkeys(self.metrics[column.metric].table for column in self.columns if column.metric)
        never = {FORM_OF[table]: gaps.unreported([FORM_OF[table]]) for table in tables if table in FORM_OF}
        owed = [gap for of_form in never.values() for gap in of_form] + list(self.owed_for_rates)
        for figure in self.owed:
            told = {town for gap in never.get(FORM_OF.get(figure.metric.table, ""), []) for town in gap.towns}
            if figure.slice.get("town_code") not in told:
                owed += gaps.owing(figure)
        return list(dict.fromkeys(gap.as_text for gap in owed))

    def _divisors(self, where: Mapping[str, str]) -> set[str]:
        """What rates of a slice are divided by, though it cannot be sliced so itself: the rural population."""
        dimensions = self.book.edition.facts.metrics.dimensions
        shown = {self.metrics[column.metric] for column in self.columns if column.metric}
        return {name for metric in shown if where.keys() <= dimensions(metric.name) for name in metric.inputs}

    def _figure(self, row: int, place: int, figure: Figure, parts: Sequence[int], background: str) -> None:
        metric, cell = figure.metric, xl_rowcol_to_cell(row, place)
        town, shape = figure.slice.get("town_code"), Shape.of(metric)
        is_unknown = figure.value is None and (not figure.inputs or any(part.value is None for part in figure.inputs))
        # what lacks a town that it is divided by is no rate of the county
        spoilt = [] if town else self.book.gaps.spoiling(figure)
        if is_unknown or spoilt:
            is_due = town is None or town in self.book.gaps.on_duty
            if is_due and not figure.inputs:
                self.owed.append(figure)
            self.owed_for_rates.update(dict.fromkeys(spoilt))
            self.text(row, place, UNKNOWN if is_due else NONE, **_filled(background), **_bold(background))
        elif figure.value is None or isinstance(figure.value, dt.date):
            self.text(row, place, NONE, **_filled(background), **_bold(background))
        else:
            printed, value = shape.printed(figure.value), as_number(shape.in_unit(figure.value))
            self.widths[place] = max(self.widths[place], len(printed) + 2)
            form = self._number_format(shape, background, **_bold(background))
            if formula := self._formula(row, place, metric, parts):
                self.sheet.write_formula(row, place, formula, form, value)
            else:
                self.sheet.write_number(row, place, value, form)
            citation = self.book.edition.citations.cite(self.book.document, figure, printed)
            self.book.sources.append((self.name, cell, citation.no, metric.name_zh))

    def _formula(self, row: int, place: int, metric: Metric, parts: Sequence[int]) -> str | None:
        """How Excel computes a figure from other cells of the sheet; None where it does not."""
        if metric.inputs:
            return f"={computed}" if (computed := self._computed(row, metric)) else None
        if not parts or metric.aggregation not in _ADDITIVE:
            return None
        ranges = []
        for _, run in groupby(enumerate(parts), key=lambda pair: pair[1] - pair[0]):
            rows = [number for _, number in run]
            ends = [xl_rowcol_to_cell(number, place) for number in dict.fromkeys((rows[0], rows[-1]))]
            ranges.append(":".join(ends))
        return f"=SUM({','.join(ranges)})"

    def _computed(self, row: int, metric: Metric) -> str | None:
        """The definition of a rate or derived metric, with the cells of the row for the metrics in it."""
        terms: dict[str, str | None] = {name: self._term(row, name) for name in metric.inputs}
        if None in terms.values():
            return None
        if metric.kind == "ratio":
            numerator, denominator = terms.values()
            return f'IF({denominator}=0,"{NONE}",{numerator}/{denominator})'
        return re.sub(r"[a-z]\w*", lambda found: str(terms[found[0]]), str(metric.expression))

    def _term(self, row: int, name: str) -> str | None:
        if name in self._places:
            return str(xl_rowcol_to_cell(row, self._places[name]))
        computed = self._computed(row, self.metrics[name]) if self.metrics[name].inputs else None
        return f"({computed})" if computed else None

    def item(self, row: int, shown: Mapping[str, Any], figures: Mapping[Column, Any], *, background: str = "") -> None:
        """Write a village or project."""
        lines = 1
        for place, column in enumerate(self.columns):
            if column.is_summed:
                self._item_figure(row, place, self.metrics[str(column.metric)], figures, background)
            else:
                lines = max(lines, self.value(row, place, shown.get(column.item or "", NONE), **_filled(background)))
        self.sheet.set_row(row, max(20, 16 * lines))

    def _item_figure(
        self, row: int, place: int, metric: Metric, figures: Mapping[Column, Any], background: str
    ) -> None:
        """Write what a village or project shows of a metric; a rate as the formula of its own figures."""
        value = figures.get(self.columns[place])
        if metric.kind == "ratio":
            numerator, denominator = (figures[self.columns[self._places[name]]] for name in metric.inputs)
            if numerator is not None and denominator is not None:
                value = Fraction(numerator) / Fraction(denominator) if denominator else NONE
        if value is None or value == NONE:
            self.value(row, place, value, **_filled(background))
            return
        shape = Shape.of(metric)
        form, number = self._number_format(shape, background), as_number(shape.in_unit(value))
        if metric.inputs:
            self.sheet.write_formula(row, place, f"={self._computed(row, metric)}", form, number)
        else:
            self.widths[place] = max(self.widths[place], len(f"{number:,.{shape.places}f}") + 2)
            self.sheet.write_number(row, place, number, form)

    def value(self, row: int, place: int, value: Any, **properties: Any) -> int:
        """Write what is no figure of the county's: a text, a day, a number; say how many lines it takes."""
        if value is None:
            return self.text(row, place, UNKNOWN, font_color="#C00000", **properties)
        if isinstance(value, dt.date):
            form = self.book.format(border=1, align="center", num_format=DAY, **properties)
            self.sheet.write_datetime(row, place, dt.datetime.combine(value, dt.time()), form)
        elif isinstance(value, Decimal):  # the one rate that projects report themselves
            self.sheet.write_number(row, place, float(value), self._number_format(Shape("%", "0.0%"), **properties))
        elif isinstance(value, int):
            self.sheet.write_number(row, place, value, self.book.format(border=1, align="center", **properties))
        else:
            return self.text(row, place, str(value), **properties)
        return 1

    def text(self, row: int, place: int, text: str, **properties: Any) -> int:
        """Write a text, never a formula; say how many lines it takes."""
        text = clean(text)
        width, room = width_of(text), self.widths[place]
        aligned = "center" if width <= min(room, _WIDEST_TEXT // 2) else "left"
        guarded = {"num_format": "@", "quote_prefix": True} if text.startswith(_FORMULA_STARTS) else {}
        form = self.book.format(border=1, text_wrap=True, align=aligned, **guarded, **properties)
        self.sheet.write_string(row, place, text, form)
        return -(-width // max(1, room - 1))

    def label(self, row: int, text: str, background: str, upto: int | None = None) -> None:
        """Write what a row of figures stands for over its columns without figures, and — where it has none."""
        first = next(place for place, column in enumerate(self.columns) if column.metric)
        last = first - 1 if upto is None else upto
        form = self.book.format(border=1, bold=True, bg_color=background, indent=1)
        self.sheet.merge_range(row, 0, row, last, "", form)
        self.sheet.write_string(row, 0, clean(text), form)
        for place, column in enumerate(self.columns):
            if place > last and column.metric is None:
                self.text(row, place, NONE, bg_color=background)
        self.sheet.set_row(row, 22)

    # --- around the rows ---

    def notes(self, lines: Sequence[str]) -> None:
        """Write the notes and the line of signatures under the table."""
        last, room = len(self.columns) - 1, sum(self.widths)
        form = self.book.format(font_name="仿宋", text_wrap=True, align="left")
        for line in (*lines, SIGNED):
            self.sheet.merge_range(self.row, 0, self.row, last, "", form)
            self.sheet.write_string(self.row, 0, clean(line), form)
            self.sheet.set_row(self.row, 28 if line is SIGNED else 17 * -(-width_of(line) // (room - 4)))
            self.row += 1

    def finish(self, *, leading: int, filtered_upto: int | None = None) -> None:
        """Freeze the headings, set the filter over the rows up to one, and set up printing on A3."""
        sheet, last = self.sheet, len(self.columns) - 1
        for place, width in enumerate(self.widths):
            sheet.set_column(place, place, width)
        sheet.freeze_panes(self.body, leading)
        if filtered_upto is not None and filtered_upto >= self.body:
            sheet.autofilter(self.body - 1, 0, filtered_upto, last)
        sheet.set_landscape()
        sheet.set_paper(_A3)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_HEAD, self.body - 1)
        sheet.print_area(0, 0, max(self.row, self.body + 1) - 1, last)
        sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
        sheet.center_horizontally()
        sheet.set_footer('&L&"宋体,Regular"&9&A&C&"宋体,Regular"&9第&P页，共&N页')

    def _titles(self, title: str, issuer: str) -> None:
        last, day = len(self.columns) - 1, self.book.edition.facts.report_date
        form = self.book.format(bold=True, font_size=20, align="center")
        self.sheet.merge_range(0, 0, 0, last, "", form)
        self.sheet.write_string(0, 0, title, form)
        self.sheet.set_row(0, 40)
        third = len(self.columns) // 3
        as_of = f"截至{day.year}年{day.month}月{day.day}日"
        for left, right, text, align in (
            (0, third - 1, f"填报单位：{issuer}", "left"),
            (third, 2 * third, as_of, "center"),
            (2 * third + 1, last, "单位见栏目", "right"),
        ):
            form = self.book.format(align=align, font_name="仿宋", font_size=12)
            self.sheet.merge_range(1, left, 1, right, "", form)
            self.sheet.write_string(1, left, text, form)
        self.sheet.set_row(1, 22)

    def _headings(self) -> None:
        form = self.book.format(bold=True, align="center", border=1, text_wrap=True, bg_color="#F2F2F2")
        start = 0
        for group, run in groupby(self.columns, key=lambda column: column.group):
            end = start + len(list(run)) - 1
            if group and end > start:
                self.sheet.merge_range(_HEAD, start, _HEAD, end, "", form)
            if group:
                self.sheet.write_string(_HEAD, start, group, form)
            for place in range(start, end + 1):
                column = self.columns[place]
                top = _HEAD + 1 if group else _HEAD
                unit = Shape.of(self.metrics[column.metric]).unit if column.metric else ""
                bottom = self.body - 2 if unit else self.body - 1
                if bottom > top:
                    self.sheet.merge_range(top, place, bottom, place, "", form)
                self.sheet.write_string(top, place, "\n".join(self._heading_lines(column)), form)
                if unit:
                    self.sheet.write_string(self.body - 1, place, unit, form)
            start = end + 1
        self.sheet.set_row(_HEAD, 22)
        self.sheet.set_row(_HEAD + 1, 32)
        self.sheet.set_row(_HEAD + 2, 18)

    @staticmethod
    def _heading_lines(column: Column) -> list[str]:
        heading, half = column.heading, -(-len(column.heading) // 2)
        if width_of(heading) <= column.width:
            return [heading]
        head, bracket, tail = heading.partition("（")
        return [head, bracket + tail] if bracket else [heading[:half], heading[half:]]

    def _number_format(self, shape: Shape, background: str = "", **properties: Any) -> Format:
        filled = _filled(background)
        return self.book.format(border=1, align="right", num_format=shape.number_format, **filled, **properties)


def _filled(background: str) -> dict[str, str]:
    return {"bg_color": background} if background else {}


def _bold(background: str) -> dict[str, bool]:
    """Sums stand on a ground, and are bold."""
    return {"bold": bool(background)}
