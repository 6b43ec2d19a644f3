"""Excel workbooks (.xlsx, .xlsm; also strict OOXML): one pass over each sheet's XML, by the shape that writers give it.

No calamine: it drops error cells and formulas without a stored value, and a single far cell aborts its process. What it
leaves out would need a pass over the XML anyway, and the values come with it.
"""

import posixpath
import re
from collections.abc import Iterable, Iterator
from functools import lru_cache
from itertools import product
from string import ascii_uppercase
from typing import Any

from flows.ingest.archive import Archive
from flows.ingest.grid import COLUMNS, Grid, Uncached, Value, parse_range
from flows.ingest.guard import Damaged, Limits, Refused
from flows.ingest.readers.cells import PERCENT, Sink, printed
from flows.ingest.readers.ooxml import attributes, plain_xml, rich_text, section, string_items, tags, unescape
from flows.ingest.readers.xlsx_cells import TRUE, UNUSUAL, SharedCells, cells_of, shared, typed

# What opens a cell, and its letters; then what most cells are.
_ADDRESS = re.compile(r'<c r="([A-Z]{1,3})\d+"')
_IN_ORDER = [*ascii_uppercase, *map("".join, product(ascii_uppercase, repeat=2))]
_CELL = re.compile(r'(?: s="(\d+)")?(?: t="(\w+)")?>(.*)</c>\s*', re.DOTALL)
_ANY_CELL = re.compile(r"<c((?:\s+[\w:]+=\"[^\"]*\")*)\s*(?:/>|>(.*?)</c>)", re.DOTALL)
_CELL_START = re.compile(r"<c[\s/>]")
_LETTERS = re.compile(r"[A-Z]{1,3}(?=\d)")
_ROW_NUMBER = re.compile(r'\br="(\d{1,7})"')
_FORMULA = re.compile(r"<f\b([^>]*?)(?:/>|>(.*?)</f>)", re.DOTALL)
_VALUE = re.compile(r"<v\b[^>]*?(?:/>|>(.*?)</v>)", re.DOTALL)
_MERGE = re.compile(r'<mergeCell\s[^>]*?\bref="([^"]*)"')
_WORTH_KEEPING = 50_000  # characters; what is remembered must stay small


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
        is_1904 = attributes(section(self._main, "workbookPr")).get("date1904") in TRUE
        self.strings = _strings(self._part("sharedStrings"), limits)
        styles = self._part("styles")
        self.styled = (cells_of if len(styles) < _WORTH_KEEPING else cells_of.__wrapped__)(styles, is_1904)
        self.cells = SharedCells(self.styled, self.strings) if self.strings else self.styled

    def _part(self, kind: str) -> str:
        """The XML of the last part of a kind, blank where there is none."""
        paths = [path for found, path in self._parts.values() if found == kind and path in self.archive]
        return plain_xml(self.archive.read(paths[-1])) if paths else ""

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


class SheetReader:
    """Fills one grid from one sheet's XML."""

    def __init__(self, book: Workbook, grid: Grid) -> None:
        self._book = book
        self._grid = grid
        self._masters: dict[str, tuple[str, int, int]] = {}
        self._sink = Sink(grid, book.limits)

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
        for r, attribute_text, body in _rows(xml[start:end]):
            if 'hidden="' in attribute_text and attributes(attribute_text).get("hidden") in TRUE:
                self._grid.hidden_rows.add(r)
            if body:
                self._read_row(r, body)
        self._read_columns(head)
        self._read_merges(tail)
        if self._grid.hidden_rows:
            self._spare_filtered(tail, path)

    def _read_row(self, r: int, body: str) -> None:
        pieces = _ADDRESS.split(body)
        start, letters, cells = pieces[0], pieces[1::2], pieces[2::2]
        values = [*map(self._book.cells.__getitem__, cells)]
        first = COLUMNS[letters[0]] if letters else 0
        if start.strip() or UNUSUAL in values:
            row = self._unusual_row(r, start, letters, cells, values)
        elif letters == _IN_ORDER[first : first + len(letters)]:
            row = [None] * first + values
        else:
            row = _placed(map(COLUMNS.__getitem__, letters), values)
        self._sink.put_row(r, row)

    def _unusual_row(self, r: int, start: str, letters: list[str], cells: list[str], values: list[Any]) -> list[Value]:
        """A row with formulas, rich text or percentages, or of a writer's own shape."""
        for n, value in enumerate(values):
            if value is UNUSUAL and (match := _CELL.fullmatch(cells[n])) and not _CELL_START.search(match[3]):
                style, kind, inner = match.groups("")
                values[n] = self._value(inner, style, kind, r, COLUMNS[letters[n]])
        if start.strip() or UNUSUAL in values:
            body = "".join(f'<c r="{name}{r + 1}"{cell}' for name, cell in zip(letters, cells, strict=True))
            found = list(self._any_cells(r, start + body))
            return _placed([column for column, _ in found], [value for _, value in found])
        return _placed(map(COLUMNS.__getitem__, letters), values)

    def _any_cells(self, r: int, body: str) -> Iterator[tuple[int, Value]]:
        """The cells of a row whose writer orders or spaces attributes in a way of its own."""
        found: list[tuple[str, str]] = _ANY_CELL.findall(body)
        column = -1
        for attribute_text, inner in found:
            cell = attributes(attribute_text)
            letters = _LETTERS.match(cell.get("r", ""))
            if "r" in cell and not letters:
                raise Damaged.at(f"{self._grid.name}: {cell['r'][:20]}")
            column = COLUMNS[letters[0]] if letters else column + 1
            if inner:
                yield column, self._value(inner, cell.get("s", ""), cell.get("t", ""), r, column)
        if len(found) != len(_CELL_START.findall(body)):
            raise Damaged.at(f"{self._grid.name}: <c>")

    def _value(self, body: str, style: str, kind: str, r: int, column: int) -> Value:
        """Return the value of a cell of any shape."""
        formula, stored = _FORMULA.search(body), _VALUE.search(body)
        text = self._formula(formula[1], unescape(formula[2] or ""), r, column) if formula else ""
        plain = stored[1] if stored and stored[1] else ""
        if not plain:
            if kind == "inlineStr":
                return printed(rich_text(body))
            return Uncached(text) if text and kind != "str" else None
        if kind == "s":
            return shared(self._book.strings, plain)
        if kind and kind != "n":
            return typed(kind, plain)
        flag = self._book.styled.flags.get(style)
        if flag == PERCENT:
            self._grid.percents.add((r, column))
        return self._book.styled.number(plain.strip(), flag)

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
            if column.get("hidden") in TRUE:
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


def _rows(xml: str) -> Iterator[tuple[int, str, str]]:
    """Yield each row's 0-based number, attributes and cells; cut by words, which is faster than any pattern."""
    r = -1
    *closed, rest = xml.split("</row>")
    for piece in (*closed, rest):
        _, opening, row = piece.partition("<row")
        while opening:
            attribute_text, _, body = row.partition(">")
            is_empty = attribute_text.endswith("/")
            if piece is rest and not is_empty:
                raise Damaged.at("row")
            r = _row_number(attribute_text, r)
            yield r, attribute_text, "" if is_empty else body
            _, opening, row = body.partition("<row") if is_empty else ("", "", "")


def _row_number(attribute_text: str, last: int) -> int:
    if attribute_text.startswith(' r="'):
        r = int(attribute_text[4 : attribute_text.find('"', 4)]) - 1
    else:
        match = _ROW_NUMBER.search(attribute_text)
        r = int(match[1]) - 1 if match else last + 1
    if r < 0:
        raise Damaged.at(attribute_text)
    return r


def _placed(columns: Iterable[int], values: Iterable[Value]) -> list[Value]:
    """A row of cells in any order; of one that stands twice the later counts, as in Excel."""
    row: list[Value] = []
    for column, value in zip(columns, values, strict=True):
        if value is None:
            continue
        if column == len(row):
            row.append(value)
        elif column > len(row):
            row += [None] * (column - len(row))
            row.append(value)
        else:
            row[column] = value
    return row
