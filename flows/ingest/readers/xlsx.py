"""Excel workbooks (.xlsx, .xlsm; also strict OOXML): one pass over each sheet's XML, by the shape that writers give it.

No calamine: it drops error cells and formulas without a stored value, and a single far cell aborts its process. What it
leaves out would need a pass over the XML anyway, and the values come with it.
"""

import posixpath
import re
from collections.abc import Iterator
from functools import lru_cache

from flows.ingest.archive import Archive
from flows.ingest.grid import COLUMNS, CellError, Grid, Uncached, Value, parse_range
from flows.ingest.guard import Damaged, Limits, Refused
from flows.ingest.readers.cells import (
    BUILTIN,
    DATE,
    PERCENT,
    check_cells,
    check_column,
    check_row,
    format_kind,
    from_iso,
    from_serial,
    number,
    printed,
)
from flows.ingest.readers.ooxml import attributes, plain_xml, rich_text, section, string_items, tags, unescape

# Letters, style, type, then the body: a bare value, a bare inline string, or anything else.
_CELL = re.compile(
    r'<c(?: r="([A-Z]{1,3})\d+")?(?: s="(\d+)")?(?: t="(\w+)")?'
    r"(?:/>|>(?:<v>([^<]*)</v>|<is><t>([^<]*)</t></is>|(.*?))</c>)",
    re.DOTALL,
)
_ANY_CELL = re.compile(r"<c((?:\s+[\w:]+=\"[^\"]*\")*)\s*(?:/>|>(.*?)</c>)", re.DOTALL)
_CELL_START = re.compile(r"<c[\s/>]")
_LETTERS = re.compile(r"[A-Z]{1,3}(?=\d)")
_ROW_NUMBER = re.compile(r'\br="(\d{1,7})"')
_FORMULA = re.compile(r"<f\b([^>]*?)(?:/>|>(.*?)</f>)", re.DOTALL)
_VALUE = re.compile(r"<v\b[^>]*?(?:/>|>(.*?)</v>)", re.DOTALL)
_MERGE = re.compile(r'<mergeCell\s[^>]*?\bref="([^"]*)"')
_WORTH_KEEPING = 50_000  # characters; what is remembered must stay small
_TRUE = ("1", "true")

Cell = tuple[str, str, str, str, str, str]


def read(data: bytes, limits: Limits) -> list[Grid]:
    """Return the worksheets of a workbook.

    Raises
    ------
    Refused
    """
    archive = Archive(data, limits)
    try:
        return Workbook(archive, limits).grids()
    except ValueError as error:
        raise Damaged.at(str(error)) from error


class Workbook:
    """What the sheets of a workbook share: strings, styles, the date system."""

    def __init__(self, archive: Archive, limits: Limits) -> None:
        self.archive = archive
        self.limits = limits
        self._relations = _relations(archive, "")
        main = next((path for kind, path in self._relations.values() if kind == "officeDocument"), "xl/workbook.xml")
        self._parts = _relations(archive, main)
        self._main = plain_xml(archive.read(main))
        self.is_1904 = attributes(section(self._main, "workbookPr")).get("date1904") in _TRUE
        self.dates = _Dates(self.is_1904)
        self.strings: list[str | None] = []
        self.flags: dict[str, str] = {}
        for kind, path in self._parts.values():
            if kind == "sharedStrings" and path in archive:
                self.strings = _strings(plain_xml(archive.read(path)), limits)
            elif kind == "styles" and path in archive:
                xml = plain_xml(archive.read(path))
                self.flags = (_flags if len(xml) < _WORTH_KEEPING else _flags.__wrapped__)(xml)

    def grids(self) -> list[Grid]:
        """Return the worksheets; charts and dialogs are none."""
        sheets = [attributes(text) for text in tags(section(self._main, "sheets"), "sheet")]
        if len(sheets) > self.limits.sheets:
            raise Refused.too_many("工作表", "sheets", len(sheets), self.limits.sheets)
        if not sheets:
            raise Damaged.at("没有工作表")
        grids = []
        for sheet in sheets:
            kind, path = self._parts.get(sheet.get("id", ""), ("worksheet", ""))
            if kind == "worksheet":
                is_hidden = sheet.get("state", "visible") != "visible"
                grids.append(self._grid(Grid(unescape(sheet.get("name", "")), is_hidden), path))
        return grids

    def _grid(self, grid: Grid, path: str) -> Grid:
        try:
            SheetReader(self, grid).read(plain_xml(self.archive.read(path)), path)
        except Damaged as damage:
            return Grid(grid.name, grid.is_hidden, damage=damage)
        except ValueError as error:  # a number where the format asks for one and there is none
            return Grid(grid.name, grid.is_hidden, damage=Damaged.at(f"{grid.name}: {error}"))
        return grid


def _relations(archive: Archive, part: str) -> dict[str, tuple[str, str]]:
    """Return the parts that a part refers to: id → (kind, path)."""
    folder, name = posixpath.split(part)
    path = posixpath.join(folder, "_rels", f"{name}.rels")
    if path not in archive:
        return {}
    xml = plain_xml(archive.read(path))
    return (_targets if len(xml) < _WORTH_KEEPING else _targets.__wrapped__)(xml, folder)


@lru_cache(maxsize=64)
def _targets(xml: str, folder: str) -> dict[str, tuple[str, str]]:
    # Remembered like the styles: towns fill in copies of one file, and these parts stay the same in all of them.
    found = {}
    for text in tags(xml, "Relationship"):
        relation = attributes(text)
        target = unescape(relation.get("Target", ""))
        if relation.get("TargetMode") != "External":  # never followed
            target = posixpath.normpath(posixpath.join("/" + folder, target)).lstrip("/")
            found[relation.get("Id", "")] = (relation.get("Type", "").rpartition("/")[2], target)
    return found


def _strings(xml: str, limits: Limits) -> list[str | None]:
    strings = [printed(text) for text in string_items(xml)]
    longest = max((len(string) for string in strings if string), default=0)
    if longest > limits.string:
        raise Refused.too_many("单元格内文字", "characters in a cell", longest, limits.string)
    return strings


@lru_cache(maxsize=64)
def _flags(xml: str) -> dict[str, str]:
    """Return the cell styles that show dates or percentages: index as written in a cell → `DATE` or `PERCENT`."""
    custom = {}
    for text in tags(section(xml, "numFmts"), "numFmt"):
        numbering = attributes(text)
        custom[numbering.get("numFmtId", "")] = format_kind(unescape(numbering.get("formatCode", "")))
    flags = {}
    for index, text in enumerate(tags(section(xml, "cellXfs"), "xf")):
        identity = attributes(text).get("numFmtId", "0")
        kind = custom[identity] if identity in custom else BUILTIN.get(int(identity))
        if kind:
            flags[str(index)] = kind
    if "0" in flags:
        flags[""] = flags["0"]  # a cell without a style has the first
    return flags


class _Dates(dict[str, Value]):
    """Serial numbers as written to dates, remembered: a workbook has many cells and few days."""

    def __init__(self, is_1904: bool) -> None:
        super().__init__()
        self._is_1904 = is_1904

    def __missing__(self, text: str) -> Value:
        serial = number(text)
        date = self[text] = serial if isinstance(serial, CellError) else from_serial(serial, self._is_1904)
        return date


class SheetReader:
    """Fills one grid from one sheet's XML."""

    def __init__(self, book: Workbook, grid: Grid) -> None:
        self._book = book
        self._grid = grid
        self._masters: dict[str, tuple[str, int, int]] = {}
        self._cells = 0
        self._area = 0

    def read(self, xml: str, path: str) -> None:
        """Read cells, merges and what is hidden.

        Raises
        ------
        Damaged
            The XML breaks off or is none.
        Refused
            Too many cells.
        """
        start, end = xml.find("<sheetData"), xml.rfind("</sheetData>")
        if end < 0:
            empty = re.search(r"<sheetData\s*/>", xml)
            if not empty:
                raise Damaged.at(f"{self._grid.name}: sheetData")
            start, end = empty.span()
        elif not xml[-40:].rstrip().endswith("worksheet>"):
            raise Damaged.at(f"{self._grid.name}: worksheet")
        head, tail = xml[:start], xml[end:]
        for r, attribute_text, body in _rows(xml, start, end):
            if 'hidden="' in attribute_text and attributes(attribute_text).get("hidden") in _TRUE:
                self._grid.hidden_rows.add(r)
            if body:
                self._read_row(r, body)
        self._read_columns(head)
        self._read_merges(tail)
        if self._grid.hidden_rows:
            self._spare_filtered(tail, path)

    def _read_row(self, r: int, body: str) -> None:
        cells: list[Cell] = _CELL.findall(body)
        if len(cells) != body.count("<c "):
            cells = _any_cells(body, self._grid.name)
        strings, flags, dates = self._book.strings, self._book.flags, self._book.dates
        row: list[Value] = []
        column, width = -1, 0
        value: Value
        for letters, style, kind, plain, inline, other in cells:
            column = COLUMNS[letters] if letters else column + 1
            if plain:
                if kind == "s":
                    value = strings[int(plain)] if plain.isdigit() and int(plain) < len(strings) else _no_string(plain)
                elif not kind or kind == "n":
                    if style not in flags:
                        value = int(plain) if plain.isdigit() else number(plain)
                    elif flags[style] == DATE:
                        value = dates[plain]
                    else:
                        value = self._percent(plain, r, column)
                else:
                    value = _typed(kind, plain)
            elif inline:
                if "&" in inline or "_x" in inline:
                    inline = unescape(inline)
                value = None if inline.isspace() else inline
            elif other:
                value = self._other(other, style, kind, r, column)
            else:
                continue
            if value is None:
                continue
            if column == width:
                row.append(value)
            elif column > width:
                row.extend([None] * (column - width))
                row.append(value)
            else:  # out of order, or twice: the later one stands, as in Excel
                row[column] = value
                continue
            width = column + 1
        if row:
            self._store(r, row)

    def _store(self, r: int, row: list[Value]) -> None:
        limits, rows = self._book.limits, self._grid.rows
        self._cells += len(row) - row.count(None)
        self._area += len(row)
        if len(row) > limits.columns or self._cells > limits.cells or self._area > limits.area:
            check_column(len(row) - 1, limits)
            check_cells(self._cells, self._area, limits)
        if r == len(rows):
            rows.append(row)
        elif r > len(rows):
            check_row(r, limits)
            rows.extend([] for _ in range(r - len(rows)))
            rows.append(row)
        else:
            rows[r] = row

    def _percent(self, plain: str, r: int, column: int) -> Value:
        self._grid.percents.add((r, column))
        return number(plain)

    def _other(self, body: str, style: str, kind: str, r: int, column: int) -> Value:
        """Return the value of a cell with a formula, rich text, or an unusual shape."""
        formula, stored = _FORMULA.search(body), _VALUE.search(body)
        text = self._formula(formula[1], unescape(formula[2] or ""), r, column) if formula else ""
        plain = stored[1] if stored and stored[1] else ""
        if not plain:
            if kind == "inlineStr":
                return printed(rich_text(body))
            return Uncached(text) if text and kind != "str" else None
        if kind == "s":
            index = int(plain) if plain.isdigit() else -1
            return self._book.strings[index] if 0 <= index < len(self._book.strings) else _no_string(plain)
        if kind and kind != "n":
            return _typed(kind, plain)
        plain = plain.strip()
        flag = self._book.flags.get(style)
        if flag == DATE:
            return self._book.dates[plain]
        return self._percent(plain, r, column) if flag == PERCENT else number(plain)

    def _formula(self, attribute_text: str, text: str, r: int, column: int) -> str:
        """Return a cell's formula and note it; one shared down a column is moved to where it is used."""
        if 't="shared"' in attribute_text:
            index = attributes(attribute_text).get("si", "")
            if text:
                self._masters[index] = (text, r, column)
            elif index in self._masters:
                text = self._shared(index, r, column)
        if text:
            self._grid.formulas[r, column] = text
        return text

    def _shared(self, index: str, r: int, column: int) -> str:
        from flows.ingest.formulas import moved  # only workbooks with such formulas need it

        text, top, left = self._masters[index]
        return moved(text, r - top, column - left)

    def _read_columns(self, head: str) -> None:
        for text in tags(section(head, "cols"), "col"):
            column = attributes(text)
            if column.get("hidden") in _TRUE:
                first, last = int(column.get("min", 1)), int(column.get("max", 0))
                self._grid.hidden_columns.update(range(first - 1, min(last, self._book.limits.columns)))

    def _read_merges(self, tail: str) -> None:
        if "<mergeCell " in tail:
            ranges = map(parse_range, _MERGE.findall(tail))
            self._grid.merges = [merge for merge in ranges if merge]

    def _spare_filtered(self, tail: str, path: str) -> None:
        """Rows that an AutoFilter hides, the sheet's own or a table's, are data."""
        tails = [section(tail, "customSheetViews", keep=False)]
        if "<tablePart " in tail:
            parts = _relations(self._book.archive, path).values()
            tails += [plain_xml(self._book.archive.read(part)) for kind, part in parts if kind == "table"]
        for text in tails:
            filters = tags(text, "autoFilter")
            merge = parse_range(attributes(filters[0]).get("ref", "")) if filters else None
            # Its criteria are not asked for: some writers leave the rows hidden and the criteria out.
            if merge:
                self._grid.hidden_rows -= set(range(merge.top + 1, merge.bottom + 1))


def _rows(xml: str, start: int, end: int) -> Iterator[tuple[int, str, str]]:
    """Yield each row's 0-based number, attributes and cells; found by `find`, which is faster than any pattern."""
    r, position = -1, start
    while (opening := xml.find("<row", position, end)) >= 0:
        bracket = xml.find(">", opening, end)
        attribute_text = xml[opening + 4 : bracket]
        position = bracket + 1
        body = ""
        if not attribute_text.endswith("/"):
            closing = xml.find("</row>", position, end)
            if closing < 0:
                raise Damaged.at("row")
            body, position = xml[position:closing], closing + 6
        if attribute_text.startswith(' r="'):
            r = int(attribute_text[4 : attribute_text.find('"', 4)]) - 1
        else:
            match = _ROW_NUMBER.search(attribute_text)
            r = int(match[1]) - 1 if match else r + 1
        if r < 0:
            raise Damaged.at(attribute_text)
        yield r, attribute_text, body


def _any_cells(body: str, sheet: str) -> list[Cell]:
    """Return the cells of a row whose writer orders or spaces attributes in a way of its own."""
    cells: list[Cell] = []
    for attribute_text, inner in _ANY_CELL.findall(body):
        cell = attributes(attribute_text)
        letters = _LETTERS.match(cell.get("r", ""))
        if "r" in cell and not letters:
            raise Damaged.at(f"{sheet}: {cell['r'][:20]}")
        cells.append((letters[0] if letters else "", cell.get("s", ""), cell.get("t", ""), "", "", inner))
    if len(cells) != len(_CELL_START.findall(body)):
        raise Damaged.at(f"{sheet}: <c>")
    return cells


def _typed(kind: str, text: str) -> Value:
    if kind == "str":
        return printed(unescape(text))
    if kind == "e":
        return CellError(text)
    if kind == "b":
        return text.strip() in _TRUE
    if kind == "d":
        return from_iso(text)
    if kind == "inlineStr":  # some writers put the text of an inline string into a value
        return printed(unescape(text))
    raise Damaged.at(f"t={kind}")


def _no_string(index: str) -> str:
    raise Damaged.at(f"sharedStrings[{index[:20]}]")
