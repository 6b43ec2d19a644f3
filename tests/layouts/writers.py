"""Every format that towns send, written byte by byte: no library stands between a layout and its file."""

import csv
import datetime as dt
import io
import struct
import zipfile
from collections.abc import Callable, Iterator
from decimal import Decimal
from itertools import groupby
from xml.sax.saxutils import escape, quoteattr

from tests.layouts.cells import Cell, plain_number
from tests.layouts.sheets import Sheet, address


def _lines(sheet: Sheet) -> Iterator[tuple[int, list[tuple[int, Cell]]]]:
    places = sorted(sheet.cells)
    for row, found in groupby(places, key=lambda place: place[0]):
        yield row, [(column, sheet.cells[row, column]) for _, column in found]


def _width(sheet: Sheet) -> int:
    return max((c for _, c in sheet.cells), default=-1) + 1


def _serial(day: dt.date, *, is_1904: bool = False) -> int:
    return (day - (dt.date(1904, 1, 1) if is_1904 else dt.date(1899, 12, 30))).days


def _zipped(parts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_STYLES = '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="10"/></cellXfs>'


def _attribute(name: str, value: object, *, when: bool = True) -> str:
    return f" {name}={quoteattr(str(value))}" if when else ""


def _element(name: str, inside: str, attributes: str = "") -> str:
    return f"<{name}{attributes}>{inside}</{name}>" if inside else ""


def _related(**targets: str) -> str:
    one = '<Relationship Id="{}" Type="{}/{}" Target="{}"/>'
    kinds = {"a": "officeDocument", "s": "styles"}
    inside = "".join(one.format(key, _REL, kinds.get(key, "worksheet"), target) for key, target in targets.items())
    return _HEAD + _element("Relationships", inside, _attribute("xmlns", _PACKAGE))


def _xlsx(sheets: list[Sheet], *, is_1904: bool = False) -> bytes:
    listed = "".join(
        f"<sheet name={quoteattr(sheet.name)}{_attribute('sheetId', n)}{_attribute('r:id', f'rId{n}')}"
        f"{_attribute('state', 'hidden', when=sheet.is_hidden)}/>"
        for n, sheet in enumerate(sheets, 1)
    )
    properties = f"<workbookPr{_attribute('date1904', 1, when=is_1904)}/>"
    paths = {f"rId{n}": f"worksheets/sheet{n}.xml" for n in range(1, len(sheets) + 1)}
    spaces = _attribute("xmlns", _MAIN)
    parts = {
        "[Content_Types].xml": _HEAD + f"<Types{_attribute('xmlns', _TYPES)}/>",
        "_rels/.rels": _related(a="xl/workbook.xml"),
        "xl/workbook.xml": _HEAD
        + _element("workbook", properties + _element("sheets", listed), spaces + _attribute("xmlns:r", _REL)),
        "xl/_rels/workbook.xml.rels": _related(**paths, s="styles.xml"),
        "xl/styles.xml": _HEAD + _element("styleSheet", _STYLES, spaces),
    }
    for n, sheet in enumerate(sheets, 1):
        parts[f"xl/worksheets/sheet{n}.xml"] = _HEAD + _worksheet(sheet, is_1904=is_1904)
    return _zipped(parts)


def _worksheet(sheet: Sheet, *, is_1904: bool) -> str:
    rows = []
    for r, cells in _lines(sheet):
        body = "".join(_xlsx_cell(address(r, c), cell, is_1904=is_1904) for c, cell in cells)
        hidden = ' hidden="1"' if r in sheet.hidden_rows | sheet.filtered_rows else ""
        rows.append(f'<row r="{r + 1}"{hidden}>{body}</row>')
    columns = "".join(f'<col min="{c + 1}" max="{c + 1}" width="0" hidden="1"/>' for c in sorted(sheet.hidden_columns))
    merges = "".join(f'<mergeCell ref="{address(t, le)}:{address(b, r)}"/>' for t, le, b, r in sheet.merges)
    inside = _element("cols", columns) + f"<sheetData>{''.join(rows)}</sheetData>"
    inside += f'<autoFilter ref="{sheet.filter_range}"/>' if sheet.filter_range else ""
    inside += _element("mergeCells", merges, _attribute("count", len(sheet.merges)))
    return _element("worksheet", inside, _attribute("xmlns", _MAIN))


def _xlsx_cell(at: str, cell: Cell, *, is_1904: bool) -> str:
    formula = f"<f>{escape(cell.formula)}</f>" if cell.formula else ""
    match cell.value:
        case str(text) if cell.style == "error":
            return f'<c r="{at}" t="e"><v>{text}</v></c>'
        case str(text):
            return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
        case dt.date() as day:
            return f'<c r="{at}" s="1"><v>{_serial(day, is_1904=is_1904)}</v></c>'
        case number:
            style = ' s="2"' if cell.style == "percent" else ""
            value = "" if cell.is_uncached else f"<v>{number!r}</v>"
            return f'<c r="{at}"{style}>{formula}{value}</c>'


_ERROR_CODES = {"#DIV/0!": 0x07, "#VALUE!": 0x0F, "#REF!": 0x17, "#NAME?": 0x1D, "#N/A": 0x2A}


def _xls(sheets: list[Sheet], *, is_1904: bool = False) -> bytes:
    """BIFF8 as a bare stream, which readers take without the container around it."""

    def record(kind: int, data: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def text(words: str, length: str) -> bytes:
        return struct.pack(f"<{length}B", len(words.encode("utf-16-le")) // 2, 1) + words.encode("utf-16-le")

    font = record(0x0031, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + text("Arial", "B"))
    formats = b"".join(
        record(0x00E0, struct.pack("<HHHBBBBIIH", 0, key, 1, 0x20, 0, 0, 0, 0, 0, 0x20C0)) for key in (0, 14, 10)
    )
    before = (
        record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0x0DBB, 1996, 0, 6))
        + record(0x0042, struct.pack("<H", 1200))
        + record(0x0022, struct.pack("<H", is_1904))
        + font * 5
        + formats
    )
    bodies = []
    for sheet in sheets:
        body = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0x0DBB, 1996, 0, 6))
        for c in sorted(sheet.hidden_columns):
            body += record(0x007D, struct.pack("<HHHHHH", c, c, 0, 0, 1, 0))
        for r, cells in _lines(sheet):
            body += record(0x0208, struct.pack("<HHHHHHI", r, 0, 256, 255, 0, 0, 0x20 if r in sheet.hidden_rows else 0))
            for c, cell in cells:
                style = {"date": 1, "percent": 2}.get(cell.style, 0)
                if cell.style == "error":
                    body += record(0x0205, struct.pack("<HHHBB", r, c, 0, _ERROR_CODES[str(cell.value)], 1))
                elif isinstance(cell.value, str):
                    body += record(0x0204, struct.pack("<HHH", r, c, 0) + text(cell.value, "H"))
                else:
                    value = cell.value
                    number = float(_serial(value, is_1904=is_1904) if isinstance(value, dt.date) else value)
                    body += record(0x0203, struct.pack("<HHHd", r, c, style, number))
        if sheet.merges:
            ranges = b"".join(struct.pack("<HHHH", t, b, le, r) for t, le, b, r in sheet.merges)
            body += record(0x00E5, struct.pack("<H", len(sheet.merges)) + ranges)
        bodies.append(body + record(0x000A))
    tails = [text(sheet.name, "B") for sheet in sheets]
    position = len(before) + sum(4 + 6 + len(tail) for tail in tails) + 4
    listed = b""
    for sheet, tail, body in zip(sheets, tails, bodies, strict=True):
        listed += record(0x0085, struct.pack("<IBB", position, int(sheet.is_hidden), 0) + tail)
        position += len(body)
    return before + listed + record(0x000A) + b"".join(bodies)


def _ods(sheets: list[Sheet]) -> bytes:
    space = "urn:oasis:names:tc:opendocument:xmlns:{}:1.0"
    names = " ".join(f'xmlns:{n}="{space.format(n)}"' for n in ("office", "table", "text", "style"))
    tables = []
    for sheet in sheets:
        height = max((r for r, _ in sheet.cells), default=-1) + 1
        width = _width(sheet)
        columns = "".join(f"<table:table-column{_collapsed(c in sheet.hidden_columns)}/>" for c in range(width))
        rows = "".join(
            f"<table:table-row{_collapsed(r in sheet.hidden_rows) or _filtered(r in sheet.filtered_rows)}>"
            + "".join(_ods_cell(sheet, r, c) for c in range(width))
            + "</table:table-row>"
            for r in range(height)
        )
        style = ' table:style-name="ta2"' if sheet.is_hidden else ""
        tables.append(f"<table:table table:name={quoteattr(sheet.name)}{style}>{columns}{rows}</table:table>")
    hidden = '<style:table-properties table:display="false"/>'
    styles = _element("style:style", hidden, ' style:name="ta2" style:family="table"')
    body = _element("office:body", _element("office:spreadsheet", "".join(tables)))
    content = _element("office:document-content", _element("office:automatic-styles", styles) + body, f" {names}")
    return _zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": _HEAD + content})


def _collapsed(is_hidden: bool) -> str:
    return ' table:visibility="collapse"' if is_hidden else ""


def _filtered(is_hidden: bool) -> str:
    return ' table:visibility="filter"' if is_hidden else ""


def _ods_cell(sheet: Sheet, r: int, c: int) -> str:
    merge = next((m for m in sheet.merges if m[0] <= r <= m[2] and m[1] <= c <= m[3]), None)
    if merge and merge[:2] != (r, c):
        return "<table:covered-table-cell/>"
    attributes = ""
    if merge:
        attributes += _attribute("table:number-columns-spanned", merge[3] - merge[1] + 1)
        attributes += _attribute("table:number-rows-spanned", merge[2] - merge[0] + 1)
    cell = sheet.cells.get((r, c))
    if cell is None:
        return f"<table:table-cell{attributes}/>"
    attributes += _attribute("table:formula", f"of:={cell.formula}", when=bool(cell.formula))
    lines = [str(cell.value)]
    match cell.value:
        case str(text):
            attributes += _attribute("office:value-type", "string")
            lines = [escape(line).replace("  ", '<text:s text:c="2"/>') for line in text.split("\n")]
        case dt.date() as day:
            attributes += _attribute("office:value-type", "date") + _attribute("office:date-value", day.isoformat())
        case number:
            kind = "percentage" if cell.style == "percent" else "float"
            if cell.is_uncached:
                return f"<table:table-cell{attributes}/>"
            attributes += _attribute("office:value-type", kind) + _attribute("office:value", repr(number))
    return _element("table:table-cell", "".join(f"<text:p>{line}</text:p>" for line in lines), attributes)


_OFFICE = "urn:schemas-microsoft-com:office:"


def _spreadsheetml(sheets: list[Sheet]) -> bytes:
    """Excel's XML of 2003."""
    styles = (("s1", "Short Date"), ("s2", "Percent"))
    shown = "".join(f'<Style ss:ID="{key}"><NumberFormat ss:Format="{code}"/></Style>' for key, code in styles)
    body = _element("Styles", shown) + "".join(map(_spreadsheetml_sheet, sheets))
    spaces = f'xmlns="{_OFFICE}spreadsheet" xmlns:ss="{_OFFICE}spreadsheet" xmlns:x="{_OFFICE}excel"'
    start = '<?xml version="1.0"?><?mso-application progid="Excel.Sheet"?>'
    return f"{start}<Workbook {spaces}>{body}</Workbook>".encode()


def _spreadsheetml_sheet(sheet: Sheet) -> str:
    merges = {merge[:2]: merge for merge in sheet.merges}
    rows = []
    for r, cells in _lines(sheet):
        hidden = ' ss:Hidden="1"' if r in sheet.hidden_rows | sheet.filtered_rows else ""
        body = "".join(_spreadsheetml_cell(cell, r, c, merges.get((r, c))) for c, cell in cells)
        rows.append(f'<Row ss:Index="{r + 1}"{hidden}>{body}</Row>')
    columns = "".join(f'<Column ss:Index="{c + 1}" ss:Hidden="1"/>' for c in sorted(sheet.hidden_columns))
    table = _element("Table", columns + "".join(rows))
    visible = "<x:Visible>SheetHidden</x:Visible>" if sheet.is_hidden else ""
    after = _element("x:WorksheetOptions", visible)
    if sheet.filter_range:
        top, bottom = (int("".join(filter(str.isdigit, part))) for part in sheet.filter_range.split(":"))
        after += f'<x:AutoFilter x:Range="R{top}C1:R{bottom}C{_width(sheet)}"/>'
    return _element("Worksheet", table + after, _attribute("ss:Name", sheet.name))


def _spreadsheetml_cell(cell: Cell, r: int, c: int, merge: tuple[int, int, int, int] | None) -> str:
    attributes = f' ss:Index="{c + 1}"'
    if merge:
        attributes += f' ss:MergeAcross="{merge[3] - c}" ss:MergeDown="{merge[2] - r}"'
    attributes += _attribute("ss:Formula", f"={cell.formula}", when=bool(cell.formula))
    attributes += {"date": ' ss:StyleID="s1"', "percent": ' ss:StyleID="s2"'}.get(cell.style, "")
    match cell.value:
        case str(text):
            data = f'<Data ss:Type="{"Error" if cell.style == "error" else "String"}">{escape(text)}</Data>'
        case dt.date() as day:
            data = f'<Data ss:Type="DateTime">{day.isoformat()}T00:00:00.000</Data>'
        case number:
            data = "" if cell.is_uncached else f'<Data ss:Type="Number">{number!r}</Data>'
    return f"<Cell{attributes}>{data}</Cell>"


def _as_text(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if isinstance(cell.value, dt.date):
        return f"{cell.value.year}/{cell.value.month}/{cell.value.day}"
    if cell.style == "percent" and isinstance(cell.value, int | float):
        return f"{plain_number(Decimal(str(cell.value)) * 100)}%"
    return str(cell.value)


def _html(sheets: list[Sheet]) -> bytes:
    (sheet,) = sheets
    width = _width(sheet)
    rows = []
    for r in range(max(r for r, _ in sheet.cells) + 1):
        cells = []
        for c in range(width):
            merge = next((m for m in sheet.merges if m[0] <= r <= m[2] and m[1] <= c <= m[3]), None)
            if merge and merge[:2] != (r, c):
                continue
            span = f' colspan="{merge[3] - merge[1] + 1}" rowspan="{merge[2] - merge[0] + 1}"' if merge else ""
            cells.append(
                f"<td{span}>{escape(_as_text(sheet.cells.get((r, c)))).replace(chr(10), '<br>') or '&nbsp;'}</td>"
            )
        hidden = ' style="display:none"' if r in sheet.hidden_rows else ""
        rows.append(f"<tr{hidden}>{''.join(cells)}</tr>")
    head = '<head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head>'
    page = f"<html>{head}<body><table>{''.join(rows)}</table></body></html>"
    return page.encode("gb18030")


def _csv(sheets: list[Sheet], encoding: str, separator: str) -> bytes:
    (sheet,) = sheets
    height, width = max(r for r, _ in sheet.cells) + 1, _width(sheet)
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=separator)
    writer.writerows([_as_text(sheet.cells.get((r, c))) for c in range(width)] for r in range(height))
    return buffer.getvalue().encode(encoding)


WRITERS: dict[str, Callable[[list[Sheet]], bytes]] = {
    "xlsx": _xlsx,
    "xlsx_1904": lambda sheets: _xlsx(sheets, is_1904=True),
    "xls": _xls,
    "xls_1904": lambda sheets: _xls(sheets, is_1904=True),
    "ods": _ods,
    "spreadsheetml": _spreadsheetml,
    "html": _html,
    "csv": lambda sheets: _csv(sheets, "utf-8", ","),
    "csv_bom": lambda sheets: _csv(sheets, "utf-8-sig", ","),
    "csv_gb": lambda sheets: _csv(sheets, "gb18030", ","),
    "tsv_gb": lambda sheets: _csv(sheets, "gb18030", "\t"),
}
