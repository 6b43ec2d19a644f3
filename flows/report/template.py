"""A blank workbook for a form, made from its schema alone: what the schema says is what the town is asked for."""

import datetime as dt
import io
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from flows.report.template_columns import NONE, Column, as_written, columns_of
from flows.report.widths import width_of
from schemas import forms
from schemas.info import FieldInfo, FormInfo
from schemas.text import heading_key

# Rows ready to be filled: at least so many, and so many more than are filled in.
ROWS, ROWS_MORE = 30, 15
# Excel's bound on the text of a list of choices; a longer list stands on a hidden sheet.
_LONGEST_LIST = 255
_CHOICES = "选项"
_A3, _A4 = 8, 9
# Characters across that still print legibly on A4, landscape.
_WIDEST_A4 = 150
_EARLIEST = dt.date(2000, 1, 1)
_FORMULA_STARTS = ("=", "+", "-", "@")
_NOT_IN_SHEET_NAMES = re.compile(r"[\[\]:*?/\\]")
NOTES = (
    "注：1. 红色栏目必填；有下拉选项的请从中选择。2. 请写明截至日期。3. 日期填为2021-08-20的样式，百分比填为91%。"
    "4. 没有的填“—”，0表示确实为0。5. 行数不够时在表中插入行。"
)
FOOTER = "单位负责人：　　　　　　审核人：　　　　　　填报人：　　　　　　填报日期："


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
                sheet.write_string(self.head, start, "\n".join(column.heading_lines), form)
                self._explain(sheet, self.head, start, column.info)
            else:
                while end + 1 < len(self.columns) and self.columns[end + 1].over == column.over:
                    end += 1
                self._across(sheet, self.head, start, end, column.over, self._heading_format(False))
                for place in range(start, end + 1):
                    info = self.columns[place].info
                    form = self._heading_format(info.required)
                    sheet.write_string(self.head + 1, place, "\n".join(self.columns[place].heading_lines), form)
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
            texts = [width_of(str(values.get(column.key) or "")) for column in self.columns]
            lines = max(-(-text // width) for text, width in zip(texts, self.widths, strict=True))
            sheet.set_row(row, max(20, 15 * lines))

    def _cell(self, sheet: Worksheet, row: int, place: int, column: Column, value: Any) -> None:
        wraps = {"text_wrap": True} if column.info.kind == "text" else {"align": "center"}
        form = self._format(border=1, num_format=column.number_format, **wraps)
        shown = as_written(column, value)
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
        lines = -(-width_of(NOTES) // sum(self.widths))
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
