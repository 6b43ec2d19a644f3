"""OpenDocument spreadsheets (.ods, .fods): one pass over content.xml."""

import re
from collections.abc import Iterator
from io import BytesIO

from lxml import etree

from flows.ingest.archive import Archive
from flows.ingest.grid import CellError, Grid, Merge, Uncached, Value
from flows.ingest.guard import Damaged, Limits, Refused
from flows.ingest.readers.cells import Sink, from_iso, number, printed

_NS = "{urn:oasis:names:tc:opendocument:xmlns:%s:1.0}"
_TABLE, _OFFICE, _TEXT, _STYLE = (_NS % part for part in ("table", "office", "text", "style"))
_EXTENDED_TYPE = "{urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0}value-type"
_TABLE_TAG, _ROW_TAG, _COLUMN_TAG = f"{_TABLE}table", f"{_TABLE}table-row", f"{_TABLE}table-column"
_CELL_TAG, _COVERED_TAG, _PARAGRAPH = f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell", f"{_TEXT}p"
_VALUE_TYPE, _VALUE = f"{_OFFICE}value-type", f"{_OFFICE}value"
_FORMULA, _VISIBILITY = f"{_TABLE}formula", f"{_TABLE}visibility"
_COLUMNS_REPEATED, _ROWS_REPEATED = f"{_TABLE}number-columns-repeated", f"{_TABLE}number-rows-repeated"
_COLUMNS_SPANNED, _ROWS_SPANNED = f"{_TABLE}number-columns-spanned", f"{_TABLE}number-rows-spanned"
# Notes hang on a cell, ruby guides stand above its text: neither is the cell's text.
_ASIDE = (f"{_OFFICE}annotation", f"{_TEXT}ruby-text", f"{_TEXT}note")
_ERROR = re.compile(r"#[A-Z/0]+[!?]?|#N/A|Err:\d{3}|#名称\?|#值!")
_REFERENCE = re.compile(r"\[(\$?)([^\]]*)\]")


def read(data: bytes, limits: Limits) -> list[Grid]:
    """Return the sheets.

    Raises
    ------
    Refused
    """
    xml = data
    if data.startswith(b"PK"):
        archive = Archive(data, limits)
        if "META-INF/manifest.xml" in archive and b"encryption-data" in archive.read("META-INF/manifest.xml"):
            raise Refused.because("encrypted")
        xml = archive.read("content.xml")
    if b"<!DOCTYPE" in xml or b"<!ENTITY" in xml or xml.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refused.because("entities")
    try:
        return list(_grids(xml, limits))
    except etree.XMLSyntaxError as error:
        raise Damaged.at(f"content.xml: {error}"[:80]) from error
    except ValueError as error:  # a count of repetitions that is no number
        raise Damaged.at(f"content.xml: {error}"[:80]) from error


def _grids(xml: bytes, limits: Limits) -> Iterator[Grid]:
    hidden_styles: set[str] = set()
    events = etree.iterparse(
        BytesIO(xml),
        events=("end",),
        tag=(_TABLE_TAG, f"{_STYLE}style"),
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=False,
    )
    count = 0
    for _, element in events:
        if element.tag == _TABLE_TAG:
            if any(True for _ in element.iterancestors(_CELL_TAG)):
                continue  # a table within a cell
            count += 1
            if count > limits.sheets:
                raise Refused.too_many("工作表", "sheets", count, limits.sheets)
            is_hidden = element.get(f"{_TABLE}style-name") in hidden_styles
            grid = Grid(element.get(f"{_TABLE}name", f"Sheet{count}"), is_hidden)
            _Table(grid, limits).read(element)
            element.clear()
            yield grid
        elif element.get(f"{_STYLE}family") == "table":
            properties = element.find(f"{_STYLE}table-properties")
            if properties is not None and properties.get(f"{_TABLE}display") == "false":
                hidden_styles.add(element.get(f"{_STYLE}name", ""))


class _Table:
    """Fills a grid; what is repeated is written out only where it holds something."""

    def __init__(self, grid: Grid, limits: Limits) -> None:
        self._grid = grid
        self._limits = limits
        self._sink = Sink(grid, limits)

    def read(self, table: etree._Element) -> None:
        """Read columns and rows, those of header and outline groups too."""
        column = row = 0
        for element in table.iter(_COLUMN_TAG, _ROW_TAG):
            if element.tag == _COLUMN_TAG:
                repeated = int(element.get(_COLUMNS_REPEATED, 1))
                if element.get(_VISIBILITY) == "collapse":
                    self._grid.hidden_columns.update(range(column, min(column + repeated, self._limits.columns)))
                column += repeated
            else:
                row += self._read_row(element, row)

    def _read_row(self, element: etree._Element, row: int) -> int:
        """Read a row and return how many it stands for."""
        repeated = int(element.get(_ROWS_REPEATED, 1))
        cells = list(self._cells(element))
        if cells:
            for r in range(row, row + repeated):
                for column, value, cell in cells:
                    self._put(r, column, value, cell)
            # "filter" marks the rows an AutoFilter hides: they are data.
            if element.get(_VISIBILITY) == "collapse":
                self._grid.hidden_rows.update(range(row, row + repeated))
        return repeated

    def _cells(self, row: etree._Element) -> Iterator[tuple[int, Value, etree._Element]]:
        column = 0
        for cell in row:
            attributes = cell.attrib
            repeated = int(attributes.get(_COLUMNS_REPEATED, 1)) if attributes else 1
            if cell.tag == _CELL_TAG and (len(cell) or attributes):
                value = _value(cell)
                if value is not None or _COLUMNS_SPANNED in attributes or _FORMULA in attributes:
                    if column + repeated > self._limits.columns and value is not None:
                        raise Refused.too_many("列", "columns", column + repeated, self._limits.columns)
                    for c in range(column, min(column + repeated, self._limits.columns)):
                        yield c, value, cell
            column += repeated

    def _put(self, row: int, column: int, value: Value, cell: etree._Element) -> None:
        self._sink.put(row, column, value)
        attributes = cell.attrib
        if _FORMULA in attributes:
            self._grid.formulas[row, column] = _formula(str(attributes[_FORMULA]))
        if attributes.get(_VALUE_TYPE) == "percentage":
            self._grid.percents.add((row, column))
        if _COLUMNS_SPANNED in attributes or _ROWS_SPANNED in attributes:
            tall, wide = int(attributes.get(_ROWS_SPANNED, 1)), int(attributes.get(_COLUMNS_SPANNED, 1))
            self._grid.merges.append(Merge(row, column, row + tall - 1, column + wide - 1))
            if len(self._grid.merges) > self._limits.merges:
                raise Refused.too_many("合并单元格", "merged cells", len(self._grid.merges), self._limits.merges)


def _value(cell: etree._Element) -> Value:
    attributes = cell.attrib
    kind = attributes.get(_VALUE_TYPE)
    formula = attributes.get(_FORMULA)
    if kind in ("float", "percentage", "currency"):
        text = _text(cell) if formula else ""
        return CellError(text) if _ERROR.fullmatch(text) else number(attributes.get(_VALUE, "0"))
    if kind == "date":
        return from_iso(attributes.get(f"{_OFFICE}date-value", ""))
    if kind == "boolean":
        return attributes.get(f"{_OFFICE}boolean-value") == "true"
    text = attributes.get(f"{_OFFICE}string-value") or _text(cell)
    if attributes.get(_EXTENDED_TYPE) == "error" or (formula and _ERROR.fullmatch(text)):
        return CellError(text or "#VALUE!")
    if formula and kind is None and not text:
        return Uncached(_formula(formula))
    return printed(text)


def _text(cell: etree._Element) -> str:
    return "\n".join(_paragraph(child) for child in cell if child.tag == _PARAGRAPH)


def _paragraph(element: etree._Element) -> str:
    if not len(element):
        return element.text or ""
    parts = [element.text or ""]
    for child in element:
        if child.tag == f"{_TEXT}s":
            parts.append(" " * min(int(child.get(f"{_TEXT}c", 1)), 1000))
        elif child.tag == f"{_TEXT}tab":
            parts.append("\t")
        elif child.tag == f"{_TEXT}line-break":
            parts.append("\n")
        elif child.tag not in _ASIDE:
            parts.append(_paragraph(child))
        parts.append(child.tail or "")
    return "".join(parts)


def _formula(text: str) -> str:
    """Return ``of:=SUM([.D4:.D9])`` as other programs write it: ``SUM(D4:D9)``."""
    text = text.partition("=")[2] if "=" in text else text
    return _REFERENCE.sub(lambda match: _plain_reference(match[1] + match[2]), text).replace(";", ",")


def _plain_reference(reference: str) -> str:
    parts = [part.removeprefix(".").replace(".", "!", 1) for part in reference.split(":")]
    # [Sheet.A1:.B2] names the sheet once; [.A1:.B2] not at all.
    return ":".join(parts)
