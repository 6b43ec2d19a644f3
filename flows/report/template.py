"""A blank workbook for a form, made from its schema alone: what the schema says is what the town is asked for."""

import datetime as dt
import io
import json
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from schemas import forms
from schemas.form import FieldInfo, FormInfo
from schemas.text import heading_key
from schemas.vocabulary import Vocabulary
from schemas.vocabulary.units import OFFICIAL, factor_for

# Rows ready to be filled: at least so many, and so many more than are filled in.
ROWS, ROWS_MORE = 30, 15
NONE = "—"
# Excel's bound on the text of a list of choices; a longer list stands on a hidden sheet.
_LONGEST_LIST = 255
_CHOICES = "选项"
_A3, _A4 = 8, 9
# Characters across that still print legibly on A4, landscape.
_WIDEST_A4 = 150
_WIDEST_COLUMN = 28
_EARLIEST = dt.date(2000, 1, 1)
_FORMULA_STARTS = ("=", "+", "-", "@")
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
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\]")
NOTES = (
    "注：1. 红色栏目必填；有下拉选项的请从中选择。2. 请写明截至日期。3. 日期填为2021-08-20的样式，百分比填为91%。"
    "4. 没有的填“—”，0表示确实为0。5. 行数不够时在表中插入行。"
)
FOOTER = "单位负责人：　　　　　　审核人：　　　　　　填报人：　　　　　　填报日期："


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

    def width(self, rows: Sequence[Mapping[str, Any]] = ()) -> int:
        """In characters: room for its choices, for what is filled in, and for its heading on two lines."""
        longest = max((_width(choice) for choice in self.choices), default=0)
        filled = max((_width(str(row.get(self.key) or "")) for row in rows), default=0)
        room = max(longest + 3, filled + 2 if self.info.kind == "text" else 0)
        return max(_WIDTHS[self.info.kind], -(-_width(self.heading) // 2) + 3, min(_WIDEST_COLUMN, room))


@dataclass(frozen=True)
class Template:
    """What a template is to show beyond its schema."""

    form: FormInfo
    town: str | None = None
    report_date: dt.date | None = None
    # Values by column key, codes and canonical units as landing keeps them.
    rows: Sequence[Mapping[str, Any]] = field(default_factory=list)

    @property
    def title(self) -> str:
        """The title over the table: a town's own form names the town, the county's has a column of towns."""
        return f"{self.reporter}{self.form.title}"

    @property
    def reporter(self) -> str:
        """Who reports, where it is known."""
        return (self.town or "") if self.form.level == "town" else ""

    @property
    def file_name(self) -> str:
        """What to call the file."""
        return f"{self.town or ''}{self.form.title}.xlsx"


def find_form(name: str) -> FormInfo | None:
    """The form of a code or a Chinese name, None where there is none."""
    wanted = heading_key(name)
    return next(
        (info for info in forms().values() if wanted in (heading_key(info.name), heading_key(info.title))), None
    )


def make_template(template: Template) -> bytes:
    """Make the workbook.

    Parameters
    ----------
    template : Template
        The form, and what is known of the report that is asked for.

    Returns
    -------
    bytes
        An .xlsx file.
    """
    return _Writer(template).write()


# --- columns ----------------------------------------------------------------------------------------------------------


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


def _width(text: str) -> int:
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)


# --- writing ----------------------------------------------------------------------------------------------------------


class _Writer:
    def __init__(self, template: Template) -> None:
        self.template, self.form = template, template.form
        used = dict.fromkeys(key.partition(".")[0] for row in template.rows for key in row if "." in key)
        known = self.form.fields[self.form.spread].vocabulary if self.form.spread else ()
        self.columns = columns_of(self.form, [code for code in known or () if code in used])
        self.widths = [column.width(template.rows) for column in self.columns]
        self.depth = 2 if any(column.over for column in self.columns) else 1
        # Rows: the title, who reports and as of when, the headings, the table, notes, signatures.
        self.head = 2
        self.body = self.head + self.depth
        self.end = self.body + max(ROWS, len(template.rows) + ROWS_MORE)
        self.buffer = io.BytesIO()
        self.book = xlsxwriter.Workbook(self.buffer, {"in_memory": True})
        self.formats: dict[str, Format] = {}

    def write(self) -> bytes:
        """Write all of it."""
        sheet = self.book.add_worksheet(_NOT_IN_SHEET_NAMES.sub(" ", self.form.title)[:31])
        self._titles(sheet)
        self._headings(sheet)
        self._rows(sheet)
        self._choices(sheet)
        self._below(sheet)
        self._print_setup(sheet)
        self.book.close()
        return self.buffer.getvalue()

    def _format(self, **properties: Any) -> Format:
        key = json.dumps(properties, sort_keys=True)
        if key not in self.formats:
            self.formats[key] = self.book.add_format({"font_name": "宋体", "valign": "vcenter", **properties})
        return self.formats[key]

    def _across(self, sheet: Worksheet, row: int, left: int, right: int, text: str, form: Format) -> None:
        if left == right:
            sheet.write_string(row, left, text, form)
        else:
            sheet.merge_range(row, left, row, right, "", form)
            sheet.write_string(row, left, text, form)

    def _titles(self, sheet: Worksheet) -> None:
        last, day = len(self.columns) - 1, self.template.report_date
        bold = self._format(bold=True, font_size=16, align="center")
        self._across(sheet, 0, 0, last, self.template.title, bold)
        sheet.set_row(0, 30)
        as_of = f"截至{day.year}年{day.month}月{day.day}日" if day else "截至　　　年　　月　　日"
        half = max(0, len(self.columns) // 2 - 1)
        self._across(sheet, 1, 0, half, f"填报单位：{self.template.reporter}", self._format(align="left"))
        self._across(sheet, 1, half + 1, last, as_of, self._format(align="right"))
        sheet.set_row(1, 20)

    def _headings(self, sheet: Worksheet) -> None:
        start = 0
        while start < len(self.columns):
            column, end = self.columns[start], start
            if column.over is None:
                form = self._heading_format(column.info.required)
                if self.depth == 2:
                    sheet.merge_range(self.head, start, self.head + 1, start, "", form)
                sheet.write_string(self.head, start, column.heading, form)
                self._explain(sheet, self.head, start, column.info)
            else:
                while end + 1 < len(self.columns) and self.columns[end + 1].over == column.over:
                    end += 1
                self._across(sheet, self.head, start, end, column.over, self._heading_format(False))
                for place in range(start, end + 1):
                    info = self.columns[place].info
                    form = self._heading_format(info.required)
                    sheet.write_string(self.head + 1, place, self.columns[place].heading, form)
                    self._explain(sheet, self.head + 1, place, info)
            start = end + 1
        for place, width in enumerate(self.widths):
            sheet.set_column(place, place, width)
        for row in range(self.head, self.body):
            sheet.set_row(row, 36)

    def _heading_format(self, is_required: bool) -> Format:
        colour = {"font_color": "#C00000"} if is_required else {}
        return self._format(bold=True, align="center", text_wrap=True, border=1, bg_color="#DDEBF7", **colour)

    def _explain(self, sheet: Worksheet, row: int, place: int, info: FieldInfo) -> None:
        """What the field is, as a note on its heading: a heading's own words are never changed."""
        words = [info.description or info.title]
        if info.required:
            words.insert(0, "必填。")
        if info.vocabulary and not info.repeats_over:
            words.append("可填：" + "、".join(info.vocabulary.zh(code) for code in info.vocabulary))
        if info.fill_down:
            words.append("与上一行相同的可不填。")
        sheet.write_comment(row, place, "\n".join(words), {"author": "gongshui", "x_scale": 1.5})

    def _rows(self, sheet: Worksheet) -> None:
        above: set[str] = set()
        for row in range(self.body, self.end):
            place_of = row - self.body
            values = self.template.rows[place_of] if place_of < len(self.template.rows) else {}
            for place, column in enumerate(self.columns):
                value = None if column.info.is_personal else values.get(column.key)
                if values and value is None and column.key in above:
                    value = NONE  # a blank would take the value above
                elif column.info.fill_down and value is not None:
                    above.add(column.key)
                self._cell(sheet, row, place, column, value)
            texts = [_width(str(values.get(column.key) or "")) for column in self.columns]
            lines = max(-(-text // width) for text, width in zip(texts, self.widths, strict=True))
            sheet.set_row(row, max(20, 15 * lines))

    def _cell(self, sheet: Worksheet, row: int, place: int, column: Column, value: Any) -> None:
        wraps = {"text_wrap": True} if column.info.kind == "text" else {"align": "center"}
        form = self._format(border=1, num_format=column.number_format, **wraps)
        shown = _shown(column, value)
        if shown is None:
            sheet.write_blank(row, place, None, form)
        elif isinstance(shown, dt.date):
            sheet.write_datetime(row, place, dt.datetime.combine(shown, dt.time()), form)
        elif isinstance(shown, str):
            if shown.startswith(_FORMULA_STARTS):
                # Text for ever, also once somebody has edited the cell.
                form = self._format(border=1, num_format="@", quote_prefix=True, **wraps)
            sheet.write_string(row, place, shown, form)
        else:
            sheet.write_number(row, place, shown, form)

    def _choices(self, sheet: Worksheet) -> None:
        long: list[list[str]] = []
        for place, column in enumerate(self.columns):
            choices = column.choices
            if column.group and column.info.repeats_over is None and column.info.vocabulary is None:
                choices = []
            if choices and len(",".join(choices)) <= _LONGEST_LIST:
                source: Any = choices
            elif choices:
                long.append(choices)
                letter = xlsxwriter.utility.xl_col_to_name(len(long) - 1)
                source = f"={_CHOICES}!${letter}$1:${letter}${len(choices)}"
            else:
                self._bound(sheet, place, column)
                continue
            self._validate(
                sheet,
                place,
                {
                    "validate": "list",
                    "source": source,
                    "error_title": column.info.title,
                    "error_message": "请从下拉选项中选择。",
                },
            )
        if long:
            hidden = self.book.add_worksheet(_CHOICES)
            for number, choices in enumerate(long):
                for row, choice in enumerate(choices):
                    hidden.write_string(row, number, choice)
            hidden.hide()

    def _bound(self, sheet: Worksheet, place: int, column: Column) -> None:
        """What can't be: a count below 0, a day before 2000. Excel warns, for other ways to write it are read too."""
        info = column.info
        rule: dict[str, Any] = {"error_type": "warning", "error_title": info.title}
        if info.kind == "count":
            rule |= {"validate": "integer", "criteria": ">=", "value": 0, "error_message": "应为不小于0的整数。"}
        elif info.kind == "date":
            rule |= {
                "validate": "date",
                "criteria": ">=",
                "value": _EARLIEST,
                "error_message": "应为日期，如2021-08-20。",
            }
        elif info.dimension == "rate":
            rule |= {"validate": "decimal", "criteria": "between", "minimum": 0, "maximum": 1}
            rule |= {"error_message": "应为0%到100%。"}
        elif info.kind == "decimal" and info.dimension != "concentration":
            rule |= {"validate": "decimal", "criteria": ">=", "value": 0, "error_message": "应为不小于0的数。"}
        else:
            return
        self._validate(sheet, place, rule)

    def _validate(self, sheet: Worksheet, place: int, rule: dict[str, Any]) -> None:
        sheet.data_validation(self.body, place, self.end - 1, place, rule)

    def _below(self, sheet: Worksheet) -> None:
        last = len(self.columns) - 1
        self._across(sheet, self.end, 0, last, NOTES, self._format(text_wrap=True, valign="top"))
        lines = -(-_width(NOTES) // sum(self.widths))
        sheet.set_row(self.end, 16 * (lines + 1))
        self._across(sheet, self.end + 1, 0, last, FOOTER, self._format(align="left"))
        sheet.set_row(self.end + 1, 24)

    def _print_setup(self, sheet: Worksheet) -> None:
        names = [place for place, column in enumerate(self.columns) if column.name in self.form.grain]
        leading = next((place for place in range(len(names) + 1) if place not in names), 0)
        sheet.freeze_panes(self.body, min(leading, 3))
        sheet.set_landscape()
        sheet.set_paper(_A4 if sum(self.widths) <= _WIDEST_A4 else _A3)
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(self.head, self.body - 1)
        sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
        sheet.center_horizontally()
        sheet.set_footer("&C第&P页，共&N页")


def _shown(column: Column, value: Any) -> str | float | dt.date | None:
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
