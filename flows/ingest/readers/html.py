"""HTML tables that a web system saved under the name .xls."""

import re

from lxml import etree

from flows.ingest.grid import Grid, Merge, Value
from flows.ingest.guard import Damaged, Limits, Refused
from flows.ingest.readers.cells import Sink, check_string, printed
from flows.ingest.readers.text import decoded

_CHARSET = re.compile(rb"charset\s*=\s*[\"']?\s*([\w-]+)", re.IGNORECASE)
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*(?:hidden|collapse)", re.IGNORECASE)
_MAX_COLUMN_SPAN, _MAX_ROW_SPAN = 1000, 65534  # what browsers allow
_MAX_TABLES = 500


def read(data: bytes, limits: Limits) -> list[Grid]:
    """Return each table that has cells of its own as a sheet.

    Raises
    ------
    Refused
    """
    text = _text(data)
    if "<!ENTITY" in text:
        raise Refused.because("entities")
    if "\0" in text:
        raise Refused.because("nul")
    parser = etree.HTMLParser(encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True, huge_tree=False)
    try:
        root = etree.fromstring(text.encode("utf-8", "replace"), parser)
    except etree.LxmlError as error:
        raise Damaged.at(str(error)[:80]) from error
    if root is None:
        raise Damaged.at("HTML")
    grids: list[Grid] = []
    for table in root.iter("table"):
        grid = _Table(table, Grid(f"Sheet{len(grids) + 1}"), limits).grid
        if grid.rows:
            grids.append(grid)
        if len(grids) > _MAX_TABLES:
            raise Refused.too_many("表格", "tables", len(grids), _MAX_TABLES)
    return grids or [Grid("Sheet1")]


def _text(data: bytes) -> str:
    """Return the page as text: UTF-8 where it is valid, then the charset it declares, then GB18030."""
    declared = _CHARSET.search(data[:4096])
    name = declared[1].decode().lower() if declared else ""
    # gb2312 is what editors declare and GB18030 what they write; utf-8 is tried anyway.
    if name and not name.startswith(("gb", "utf")):
        try:
            data.decode("utf-8")
        except UnicodeDecodeError:
            try:
                return data.decode(name)
            except (UnicodeDecodeError, LookupError):
                return decoded(data)
    return decoded(data)


class _Table:
    """Fills a grid from a table element, spans spread as a browser spreads them."""

    def __init__(self, table: etree._Element, grid: Grid, limits: Limits) -> None:
        self.grid = grid
        self._sink = Sink(grid, limits)
        self._texts = _Texts(limits)
        self._limits = limits
        self._taken: dict[int, int] = {}  # column → first row that is free again
        rows = [row for row in table.iter("tr") if next(row.iterancestors("table")) is table]
        for r, row in enumerate(rows):
            if _is_hidden(row):
                grid.hidden_rows.add(r)
            self._read_row(r, row, len(rows) - r)

    def _read_row(self, r: int, row: etree._Element, rows_left: int) -> None:
        values: list[Value] = []
        c = 0
        for cell in row:
            if cell.tag not in ("td", "th"):
                continue
            while self._taken and self._taken.get(c, 0) > r:
                c += 1
            if c > len(values):
                values += [None] * (c - len(values))
            values.append(self._texts[_cell_text(cell) if len(cell) else cell.text])
            if not cell.keys():
                c += 1
                continue
            attributes = cell.attrib
            wide = min(_span(attributes.get("colspan")) or 1, _MAX_COLUMN_SPAN)
            tall = min(_span(attributes.get("rowspan", "1")) or rows_left, rows_left, _MAX_ROW_SPAN)
            if wide > 1 or tall > 1:
                self._merge(r, c, tall, wide)
            if "style" in attributes and r == 0 and wide == 1 and _is_hidden(cell):
                self.grid.hidden_columns.add(c)
            c += wide
        self._sink.put_row(r, values)

    def _merge(self, r: int, c: int, tall: int, wide: int) -> None:
        self.grid.merges.append(Merge(r, c, r + tall - 1, c + wide - 1))
        if len(self.grid.merges) > self._limits.merges:
            raise Refused.too_many("合并单元格", "merged cells", len(self.grid.merges), self._limits.merges)
        if tall > 1:
            self._taken.update(dict.fromkeys(range(c, c + wide), r + tall))


def _span(text: str | None) -> int:
    return int(text) if text and text.strip().isdigit() and len(text) < 8 else 1


def _is_hidden(element: etree._Element) -> bool:
    return "hidden" in element.attrib or bool(_HIDDEN.search(element.get("style", "")))


class _Texts(dict[str | None, str | None]):
    """Texts of cells → what a browser shows of them, in one table: runs of blanks as one."""

    def __init__(self, limits: Limits) -> None:
        super().__init__({None: None})
        self._limits = limits

    def __missing__(self, text: str) -> str | None:
        lines = _BLANKS.sub(" ", text).replace("\xa0", " ").split("\v")
        shown = self[text] = printed("\n".join(line.strip() for line in lines).strip())
        check_string(shown, self._limits)
        return shown


def _cell_text(cell: etree._Element) -> str:
    """Return all text of a cell, a vertical tab where the page breaks a line."""
    parts: list[str] = []
    _collect(cell, parts, 0)
    return "".join(parts)


def _collect(element: etree._Element, parts: list[str], depth: int) -> None:
    """Append the texts of an element, a table inside it left out: that one is a sheet of its own."""
    parts.append(element.text or "")
    for child in element:
        is_block = child.tag in ("p", "div", "li")
        if child.tag == "br" or (is_block and "".join(parts).strip()):
            parts.append("\v")  # stands for a line break until blanks are joined
        if child.tag not in ("table", "script", "style", "br") and depth < 50:
            _collect(child, parts, depth + 1)
        parts.append(child.tail or "")
