"""数据来源.xlsx: every figure that the documents of a date print, with the cells that it was made of."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_rowcol_to_cell
from xlsxwriter.worksheet import Worksheet

from flows.metrics import Figure, Metric, Value
from flows.report.figures import Citation, Edition
from flows.report.numbers import day_zh
from flows.report.proof import TOTALS, Line, Words, lines_of
from flows.report.widths import width_of
from flows.trace import Proof, Tracer, total

FILE = "数据来源.xlsx"
_FIGURES, _CELLS = "数据来源", "单元格"
_NOTE = (
    "点击“编号”一列右侧各栏中带下划线的内容：“分子”“分母”到其所在行，“单元格”到原始报表的逐格清单。"
    "“数值”为公式，由单元格清单相加（或由分子、分母相除）而得，与文件中印出的数一致。"
)
_A4 = 9
_LINE_HEIGHT = 15.0
_FORMULA_STARTS = ("=", "+", "-", "@")
# Heading → width.
_FIGURE_COLUMNS = {
    "编号": 7, "指标": 16, "范围": 26, "数值": 16, "单位": 6, "印出的样式（文件）": 40, "定义": 34,
    "分子（或相加的一项）": 22, "分母（或相加的另一项）": 22, "单元格数": 8, "单元格": 10,
}  # fmt: skip
_CELL_COLUMNS = {
    "编号": 9, "镇": 9, "对象": 44, "文件": 44, "工作表": 12, "单元格": 8, "原文": 14, "换算": 26, "计入": 14,
    "数据截至": 11, "收到日期": 11, "说明": 50,
}  # fmt: skip
_VALUE, _CONTRIBUTION = list(_FIGURE_COLUMNS).index("数值"), list(_CELL_COLUMNS).index("计入")
_FIRST_ROW = 3  # beneath title, note and headings; 0-based


@dataclass
class _Entry:
    """A figure's row of the first sheet."""

    citation: Citation
    proof: Proof
    lines: tuple[Line, ...]
    row: int
    # Where its lines stand on the second sheet: first and last row, 0-based.
    span: tuple[int, int] | None = None


@dataclass
class _Block:
    """Lines on the second sheet that belong together: those of one figure, of which other figures may be parts."""

    title: str
    lines: tuple[Line, ...]
    row: int
    metric: Metric
    numbers: dict[int, list[str]] = field(default_factory=dict)  # place of a line → figures that begin there

    def __post_init__(self) -> None:
        """Remember where each line stands; figures of which one is part of the other share their lines."""
        self._place = {id(line): place for place, line in enumerate(self.lines)}

    @property
    def first(self) -> int:
        """The row of the first line, beneath the title."""
        return self.row + 1

    @property
    def end(self) -> int:
        """The row of the sum, beneath the last line."""
        return self.first + len(self.lines)

    def place_of(self, part: tuple[Line, ...]) -> int | None:
        """Where the lines of a figure begin among these, None where they are no run of them."""
        start = self._place.get(id(part[0]))
        return start if start is not None and self.lines[start : start + len(part)] == part else None


def write(edition: Edition, target: Path, tracer: Tracer) -> list[Citation]:
    """Write the workbook for all figures that are cited so far.

    Parameters
    ----------
    edition
        Whose citations are proven.
    target
        The file.
    tracer
        Of the same marts, with the warehouse that they were built from.

    Returns
    -------
    list of Citation
        Every figure that has a number now: after those printed, what these are computed from.
    """
    made = _Annex(edition, tracer)
    made.write(target)
    return [entry.citation for entry in made.entries.values()]


class _Annex:
    def __init__(self, edition: Edition, tracer: Tracer) -> None:
        self.edition, self.words = edition, Words(edition.con)
        self.entries: dict[str, _Entry] = {}
        self.lines_of: dict[int, list[Line]] = {}  # by row, which its proof keeps
        for citation in edition.citations:
            self._enter(citation, tracer.trace(citation.figure))
        for entry in list(self.entries.values()):
            self._enter_inputs(entry.proof)
        self.blocks = list(self._blocks())

    def _enter(self, citation: Citation, proof: Proof) -> None:
        for row in proof.rows:
            if id(row) not in self.lines_of:
                self.lines_of[id(row)] = list(lines_of(row))
        lines = tuple(line for row in proof.rows for line in self.lines_of[id(row)])
        self.entries[proof.figure.key] = _Entry(citation, proof, lines, _FIRST_ROW + len(self.entries))

    def _enter_inputs(self, proof: Proof) -> None:
        """What a rate is computed from has a row, printed or not."""
        for part in proof.inputs:
            if part.figure.key not in self.entries:
                self._enter(Citation(f"S{len(self.entries) + 1:03}", part.figure), part)
            self._enter_inputs(part)

    def _blocks(self) -> Iterator[_Block]:
        """Give every figure with lines its place: within a larger one of the metric where its lines are a run of it."""
        of_metric: dict[str, list[_Block]] = {}
        row = _FIRST_ROW
        for entry in sorted(self.entries.values(), key=lambda entry: -len(entry.lines)):
            if not entry.lines:
                continue
            figure, number = entry.proof.figure, entry.citation.no
            known = of_metric.setdefault(figure.metric.name, [])
            found = ((block, place) for block in known if (place := block.place_of(entry.lines)) is not None)
            block, place = next(found, (None, 0))
            if block is None:
                title = f"{number}　{figure.metric.name_zh}　{self._scope(figure)}　{self.words.exact(figure)}"
                block = _Block(title, entry.lines, row, figure.metric)
                known.append(block)
                yield block
                row = block.end + 2  # a blank row between
            block.numbers.setdefault(place, []).append(number)
            entry.span = block.first + place, block.first + place + len(entry.lines) - 1

    # --- the file -------------------------------------------------------------------------------------------------

    def write(self, target: Path) -> None:
        """Write the file."""
        self.book = xlsxwriter.Workbook(str(target))
        created = dt.datetime.combine(self.edition.facts.report_date, dt.time())
        self.book.set_properties({"title": self._title, "created": created})
        self.formats: dict[tuple[tuple[str, Any], ...], Format] = {}
        self.cell_widths = list(_CELL_COLUMNS.values())
        self.blank, self.plain = self._format(border=1), self._format(border=1, text_wrap=True)
        figures = self._sheet(_FIGURES, _FIGURE_COLUMNS, self._title, _NOTE)
        cells = self._sheet(
            _CELLS, _CELL_COLUMNS, f"{self._title}：单元格", "“计入”之和等于各数；空的“计入”已在上一行计过。"
        )
        for entry in self.entries.values():
            self._figure(figures, entry)
        for block in self.blocks:
            self._block(cells, block)
        last = max(_FIRST_ROW, _FIRST_ROW + len(self.entries) - 1)
        figures.autofilter(_FIRST_ROW - 1, 0, last, len(_FIGURE_COLUMNS) - 1)
        figures.print_area(0, 0, last, len(_FIGURE_COLUMNS) - 1)
        cells.print_area(0, 0, max((block.end for block in self.blocks), default=_FIRST_ROW), len(_CELL_COLUMNS) - 1)
        self.book.close()

    @property
    def _title(self) -> str:
        return f"{self.edition.county}农村集中供水攻坚文件数据来源（截至{day_zh(self.edition.facts.report_date)}）"

    def _scope(self, figure: Figure) -> str:
        """Where a figure is from, and of when where it is of another date than the documents."""
        scope, day = self.words.scope(figure), figure.slice.get("report_date")
        is_earlier = isinstance(day, dt.date) and day != self.edition.facts.report_date
        return f"{scope}，{self.words.day(figure)}" if is_earlier else scope

    def _format(self, **properties: Any) -> Format:
        key = tuple(sorted(properties.items()))
        if key not in self.formats:
            common = {"font_name": "宋体", "font_size": 10, "valign": "vcenter"}
            self.formats[key] = self.book.add_format(common | properties)
        return self.formats[key]

    def _sheet(self, name: str, columns: dict[str, int], title: str, note: str) -> Worksheet:
        sheet = self.book.add_worksheet(name)
        last = len(columns) - 1
        bold = self._format(bold=True, font_size=16, align="center")
        sheet.merge_range(0, 0, 0, last, title, bold)
        sheet.set_row(0, 30)
        sheet.merge_range(1, 0, 1, last, note, self._format(text_wrap=True, font_color="#595959"))
        sheet.set_row(1, 18)
        heading = self._format(bold=True, align="center", text_wrap=True, border=1, bg_color="#DDEBF7")
        for place, (text, width) in enumerate(columns.items()):
            sheet.set_column(place, place, width)
            sheet.write_string(_FIRST_ROW - 1, place, text, heading)
        sheet.set_row(_FIRST_ROW - 1, 30)
        sheet.freeze_panes(_FIRST_ROW, 2)
        sheet.set_landscape()
        sheet.set_paper(_A4)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(_FIRST_ROW - 1)
        sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
        sheet.set_footer("&C第&P页，共&N页")
        return sheet

    def _text(self, sheet: Worksheet, row: int, column: int, text: str, **properties: Any) -> None:
        """Write a text that stays one, whatever it begins with."""
        if text.startswith(_FORMULA_STARTS):
            properties |= {"num_format": "@", "quote_prefix": True}
        sheet.write_string(row, column, text, self._format(border=1, text_wrap=True, **properties))

    def _link(self, sheet: Worksheet, row: int, column: int, place: str, text: str) -> None:
        form = self._format(border=1, text_wrap=True, font_color="#0563C1", underline=1)
        sheet.write_url(row, column, f"internal:{place}", form, text)

    # --- figures --------------------------------------------------------------------------------------------------

    def _figure(self, sheet: Worksheet, entry: _Entry) -> None:
        row, figure, citation = entry.row, entry.proof.figure, entry.citation
        self.book.define_name(citation.anchor, f"={_FIGURES}!{xl_rowcol_to_cell(row, 0, True, True)}")
        shown = [f"{'、'.join(texts)}（{document}）" for document, texts in citation.printed.items()]
        texts = (
            citation.no, figure.metric.name_zh, self._scope(figure), None, figure.metric.unit or "",
            "\n".join(shown) or "未直接印出", figure.metric.definition,
        )  # fmt: skip
        for column, text in enumerate(texts):
            if text is not None:
                self._text(sheet, row, column, text)
        self._value(sheet, entry)
        column = len(texts)
        parts = [] if figure.metric.kind == "simple" else [self.entries[part.figure.key] for part in entry.proof.inputs]
        for place in range(2):
            if place < len(parts):
                part = parts[place]
                text = f"{part.citation.no} {part.proof.figure.metric.name_zh}"
                self._link(sheet, row, column + place, f"{_FIGURES}!A{part.row + 1}", text)
            else:
                self._text(sheet, row, column + place, "")
        if entry.span:
            sheet.write_number(row, column + 2, len(entry.lines), self._format(border=1))
            self._link(sheet, row, column + 3, f"{_CELLS}!A{entry.span[0] + 1}", "查看")
        else:
            self._text(sheet, row, column + 2, "")
            self._text(sheet, row, column + 3, "" if parts else "没有计入的行")
        widths = zip(texts, _FIGURE_COLUMNS.values(), strict=False)
        height = max(_height(text or "", width) for text, width in widths)
        sheet.set_row(row, height * _LINE_HEIGHT)

    def _value(self, sheet: Worksheet, entry: _Entry) -> None:
        """The figure as a formula over what it is made of, with its value stored beside."""
        figure = entry.proof.figure
        form = self._format(border=1, num_format=_number_format(figure), align="right")
        formula = self._formula(entry)
        value = _excel(figure.value)
        if value is None:
            self._text(sheet, entry.row, _VALUE, "没有报告", align="right")
        elif formula:
            sheet.write_formula(entry.row, _VALUE, formula, form, value)
        else:
            sheet.write_number(entry.row, _VALUE, value, form)

    def _formula(self, entry: _Entry) -> str:
        metric = entry.proof.figure.metric
        if metric.kind == "simple":
            if entry.span is None:
                return ""
            first, last = (xl_rowcol_to_cell(row, _CONTRIBUTION) for row in entry.span)
            return f"={_function(metric)}({_CELLS}!{first}:{last})"
        cells = {
            part.figure.metric.name: xl_rowcol_to_cell(self.entries[part.figure.key].row, _VALUE)
            for part in entry.proof.inputs
        }
        if metric.kind == "ratio":
            return f"={'/'.join(cells.values())}"
        formula = str(metric.expression)
        for name in sorted(cells, key=len, reverse=True):
            formula = formula.replace(name, cells[name])
        return f"={formula}"

    # --- cells ----------------------------------------------------------------------------------------------------

    def _block(self, sheet: Worksheet, block: _Block) -> None:
        sheet.write_string(block.row, 0, block.title, self._format(bold=True))
        for place, line in enumerate(block.lines):
            self._line(sheet, block.first + place, "、".join(block.numbers.get(place, ())), line)
        end = block.end
        form = self._format(border=1, bold=True)
        sheet.write_string(end, _CONTRIBUTION - 1, TOTALS.get(str(block.metric.aggregation), TOTALS["sum"])[0], form)
        first, last = (xl_rowcol_to_cell(row, _CONTRIBUTION) for row in (block.first, end - 1))
        value = total(block.metric, [line.contribution for line in block.lines])
        form = self._format(border=1, bold=True, num_format=_format_of(value))
        sheet.write_formula(end, _CONTRIBUTION, f"={_function(block.metric)}({first}:{last})", form, _excel(value))

    def _line(self, sheet: Worksheet, row: int, numbers: str, line: Line) -> None:
        said = (
            numbers, line.town, line.object, line.file, line.sheet, line.cell, line.printed, line.reading,
            line.contribution, line.reported_on, line.received_on, line.remark,
        )  # fmt: skip
        height = 1
        for column, value in enumerate(said):
            if value is None or value == "":
                sheet.write_blank(row, column, None, self.blank)
            elif isinstance(value, str):
                height = max(height, _height(value, self.cell_widths[column]))
                if value.startswith(_FORMULA_STARTS):
                    self._text(sheet, row, column, value)
                else:
                    sheet.write_string(row, column, value, self.plain)
            else:
                form = self._format(border=1, num_format=_format_of(value))
                sheet.write_number(row, column, _excel(value), form)
        if height > 1:
            sheet.set_row(row, _LINE_HEIGHT * height)


def _function(metric: Metric) -> str:
    """What a spreadsheet calls the way in which a metric's rows come together."""
    return {"max": "MAX", "min": "MIN", "median": "MEDIAN"}.get(str(metric.aggregation), "SUM")


def _excel(value: Value) -> Any:
    """A value as a spreadsheet keeps it: numbers, days as their serial numbers."""
    match value:
        case None:
            return None
        case dt.date():
            return (value - dt.date(1899, 12, 30)).days
        case int():
            return value
    return float(value)


def _format_of(value: Value) -> str:
    match value:
        case dt.date():
            return "yyyy-mm-dd"
        case Decimal() | Fraction():
            return "#,##0.00##"
    return "#,##0"


def _number_format(figure: Figure) -> str:
    return "0.0000%" if figure.metric.kind == "ratio" else _format_of(figure.value)


@lru_cache(maxsize=10_000)
def _height(text: str, width: int) -> int:
    """How many lines a text takes in a column."""
    return sum(max(1, -(-width_of(part) // width)) for part in text.split("\n"))
