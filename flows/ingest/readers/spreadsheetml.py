"""Excel 2003 XML workbooks (“XML 表格”), often saved under the name .xls."""

import re

from lxml import etree

from flows.ingest.grid import CellError, Grid, Merge, Uncached, Value, address
from flows.ingest.guard import Damaged, Limits, Refused
from flows.ingest.readers.cells import PERCENT, Sink, format_kind, from_iso, number, printed

_SS = "{urn:schemas-microsoft-com:office:spreadsheet}"
_X = "{urn:schemas-microsoft-com:office:excel}"
_R1C1 = re.compile(r'("[^"]*")|(?<![A-Za-z0-9_.])R(\[-?\d+\]|\d+)?C(\[-?\d+\]|\d+)?(?![A-Za-z0-9_(])')
_FILTER = re.compile(r"R(\d+)C\d+:R(\d+)C\d+")


def read(data: bytes, limits: Limits) -> list[Grid]:
    """Return the worksheets.

    Raises
    ------
    Refused
    """
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data or b"<\0!\0D\0" in data:
        raise Refused.because("entities")
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, huge_tree=False
    )
    try:
        root = etree.fromstring(data, parser)
        percents = {
            style.get(f"{_SS}ID", "")
            for style in root.iter(f"{_SS}Style")
            for shown in style.iter(f"{_SS}NumberFormat")
            if _is_percent(shown.get(f"{_SS}Format", ""))
        }
        sheets = root.findall(f"{_SS}Worksheet")
        if len(sheets) > limits.sheets:
            raise Refused.too_many("工作表", "sheets", len(sheets), limits.sheets)
        return [_Worksheet(sheet, percents, limits).grid for sheet in sheets]
    except (etree.XMLSyntaxError, ValueError) as error:
        raise Damaged.at(str(error)[:80]) from error


def _is_percent(shown: str) -> bool:
    return shown == "Percent" or format_kind(shown) == PERCENT


class _Worksheet:
    """Fills a grid; rows and cells without an index follow the one before."""

    def __init__(self, sheet: etree._Element, percents: set[str], limits: Limits) -> None:
        visible = sheet.findtext(f"{_X}WorksheetOptions/{_X}Visible", "SheetVisible")
        self.grid = Grid(sheet.get(f"{_SS}Name", ""), visible != "SheetVisible")
        self._percents = percents
        self._limits = limits
        self._sink = Sink(self.grid, limits)
        table = sheet.find(f"{_SS}Table")
        if table is not None:
            self._read_columns(table)
            self._read_rows(table)
        filtered = sheet.find(f"{_X}AutoFilter")
        area = _FILTER.fullmatch(filtered.get(f"{_X}Range", "")) if filtered is not None else None
        if area:  # the rows that a filter hides are data
            self.grid.hidden_rows -= set(range(int(area[1]), int(area[2])))

    def _read_columns(self, table: etree._Element) -> None:
        c = 0
        for column in table.findall(f"{_SS}Column"):
            c = int(column.get(f"{_SS}Index", c + 1)) - 1
            after = min(c + 1 + int(column.get(f"{_SS}Span", 0)), self._limits.columns)
            if column.get(f"{_SS}Hidden") == "1":
                self.grid.hidden_columns.update(range(c, after))
            c = after

    def _read_rows(self, table: etree._Element) -> None:
        r = 0
        for row in table.findall(f"{_SS}Row"):
            r = int(row.get(f"{_SS}Index", r + 1)) - 1
            after = min(r + 1 + int(row.get(f"{_SS}Span", 0)), self._limits.rows)
            if row.get(f"{_SS}Hidden") == "1":
                self.grid.hidden_rows.update(range(r, after))
            c = 0
            for cell in row.findall(f"{_SS}Cell"):
                c = int(cell.get(f"{_SS}Index", c + 1)) - 1
                c = self._read_cell(cell, r, c)
            r = after

    def _read_cell(self, cell: etree._Element, r: int, c: int) -> int:
        """Read a cell and return the column after it."""
        formula = cell.get(f"{_SS}Formula")
        if formula:
            formula = self.grid.formulas[r, c] = _a1(formula.removeprefix("="), r, c)
        value = _value(cell.find(f"{_SS}Data"), formula)
        self._sink.put(r, c, value)
        if isinstance(value, int | float) and cell.get(f"{_SS}StyleID") in self._percents:
            self.grid.percents.add((r, c))
        wide, tall = int(cell.get(f"{_SS}MergeAcross", 0)), int(cell.get(f"{_SS}MergeDown", 0))
        if wide or tall:
            self.grid.merges.append(Merge(r, c, r + tall, c + wide))
            if len(self.grid.merges) > self._limits.merges:
                raise Refused.too_many("合并单元格", "merged cells", len(self.grid.merges), self._limits.merges)
        return c + 1 + wide


def _value(data: etree._Element | None, formula: str | None) -> Value:
    text = "".join(str(part) for part in data.itertext()) if data is not None else ""
    if data is None or not text:
        return Uncached(formula) if formula and data is None else None
    kind = data.get(f"{_SS}Type")
    if kind == "Number":
        return number(text.strip())
    if kind == "DateTime":
        return from_iso(text)
    if kind == "Boolean":
        return text.strip() == "1"
    return CellError(text) if kind == "Error" else printed(text)


def _a1(formula: str, r: int, c: int) -> str:
    """Return a formula with addresses like ``RC[-1]`` as ``A1``."""

    def place(match: re.Match[str]) -> str:
        if match[1] or not (match[2] or match[3] or match[0] == "RC"):
            return match[0]
        row, column = _index(match[2], r), _index(match[3], c)
        return address(row, column) if row >= 0 and column >= 0 else "#REF!"

    return _R1C1.sub(place, formula)


def _index(text: str | None, here: int) -> int:
    if not text:
        return here
    return here + int(text[1:-1]) if text.startswith("[") else int(text) - 1
