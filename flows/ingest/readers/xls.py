"""Excel 97–2003 workbooks (.xls, BIFF8 and BIFF5; WPS .et): xlrd, and a look at the records that it passes over."""

import io
import struct
from collections.abc import Iterator

import xlrd
from xlrd.compdoc import CompDocError
from xlrd.formula import FMLA_TYPE_CELL, decompile_formula

from flows.ingest.grid import CellError, Grid, Merge, Uncached, Value
from flows.ingest.guard import Damaged, Limits, Refused
from flows.ingest.readers.cells import BUILTIN, DATE, PERCENT, Sink, format_kind, from_serial, printed, whole

# What xlrd raises on bytes that are not as they should be: it trusts every length and index.
BROKEN = (
    xlrd.XLRDError,
    CompDocError,
    struct.error,
    AssertionError,
    AttributeError,
    LookupError,  # of an index, a key, an encoding
    OverflowError,
    RecursionError,  # streams that name each other as neighbours
    TypeError,
    UnicodeError,
    ValueError,
    ZeroDivisionError,
)
_BOF, _EOF, _FORMULA, _FILTER_MODE, _AUTO_FILTER = 0x0809, 0x000A, 0x0006, 0x009B, 0x009D
_BLANK_RESULT = b"\x03"
_HEADER = struct.Struct("<HH")


def read(data: bytes, limits: Limits) -> list[Grid]:
    """Return the worksheets.

    Raises
    ------
    Refused
    """
    try:
        book = xlrd.open_workbook(
            file_contents=data,
            logfile=io.StringIO(),
            formatting_info=True,
            on_demand=True,
            ragged_rows=True,
        )
    except BROKEN as error:
        if "encrypted" in str(error):
            raise Refused.because("encrypted") from error
        raise Damaged.at(f"{type(error).__name__}: {error}"[:80]) from error
    if book.nsheets > limits.sheets:
        raise Refused.too_many("工作表", "sheets", book.nsheets, limits.sheets)
    kinds = [_format_kind(book, xf.format_key) for xf in book.xf_list]
    return [_grid(book, index, kinds, limits) for index in range(book.nsheets)]


def _format_kind(book: xlrd.Book, key: int) -> str | None:
    known = book.format_map.get(key)
    if known is not None and known.format_str and key not in BUILTIN:
        return format_kind(known.format_str)
    return BUILTIN.get(key)


def _grid(book: xlrd.Book, index: int, kinds: list[str | None], limits: Limits) -> Grid:
    name, is_hidden = book.sheet_names()[index], bool(book._sheet_visibility[index])
    grid = Grid(name, is_hidden)
    try:
        sheet = book.get_sheet(index)
        _read_cells(book, sheet, kinds, Sink(grid, limits))
        if len(sheet.merged_cells) > limits.merges:
            raise Refused.too_many("合并单元格", "merged cells", len(sheet.merged_cells), limits.merges)
        grid.merges = [Merge(top, left, bottom - 1, right - 1) for top, bottom, left, right in sheet.merged_cells]
        grid.hidden_rows = {r for r, info in sheet.rowinfo_map.items() if info.hidden}
        grid.hidden_columns = {c for c, info in sheet.colinfo_map.items() if info.hidden}
        _read_records(book, sheet, index, grid)
    except BROKEN as error:
        return Grid(name, is_hidden, damage=Damaged.at(f"{name}: {type(error).__name__}"))
    finally:
        book.unload_sheet(index)
    return grid


def _read_cells(book: xlrd.Book, sheet: xlrd.sheet.Sheet, kinds: list[str | None], sink: Sink) -> None:
    for r in range(sheet.nrows):
        cells = zip(sheet.row_types(r), sheet.row_values(r), strict=True)
        for c, (ctype, stored) in enumerate(cells):
            if ctype in (xlrd.XL_CELL_EMPTY, xlrd.XL_CELL_BLANK):
                continue
            value: Value
            if ctype == xlrd.XL_CELL_TEXT:
                value = printed(stored)
            elif ctype in (xlrd.XL_CELL_NUMBER, xlrd.XL_CELL_DATE):
                kind = kinds[sheet.cell_xf_index(r, c)]
                value = from_serial(stored, book.datemode == 1) if kind == DATE else whole(stored)
                if kind == PERCENT:
                    sink.grid.percents.add((r, c))
            elif ctype == xlrd.XL_CELL_BOOLEAN:
                value = bool(stored)
            else:
                value = CellError(xlrd.error_text_from_code.get(stored, "#VALUE!"))
            sink.put(r, c, value)


def _read_records(book: xlrd.Book, sheet: xlrd.sheet.Sheet, index: int, grid: Grid) -> None:
    """Note formulas without a stored value, and spare the rows that a filter hides."""
    is_filtered = False
    for kind, start, length in _records(book, index):
        if kind in (_FILTER_MODE, _AUTO_FILTER):
            is_filtered = True
        elif kind == _FORMULA and book.biff_version >= 50 and length >= 22:
            data = book.mem[start : start + length]
            if data[6:7] == _BLANK_RESULT and data[12:14] == b"\xff\xff":
                _note_uncached(book, data, grid)
    if is_filtered and grid.hidden_rows:
        area = _filter_range(book, index)
        # Without a range the filter has the whole sheet.
        grid.hidden_rows -= set(range(area[0] + 1, area[1])) if area else set(grid.hidden_rows)


def _records(book: xlrd.Book, index: int) -> Iterator[tuple[int, int, int]]:
    """Yield kind, start and length of a sheet's own records, those of the charts inside it left out."""
    position, end, depth = book._sh_abs_posn[index], book.base + book.stream_len, 0
    while position + 4 <= end:
        kind, length = _HEADER.unpack_from(book.mem, position)
        if kind == _BOF:
            depth += 1
        elif kind == _EOF:
            depth -= 1
            if depth <= 0:
                return
        elif depth == 1:
            yield kind, position + 4, length
        position += 4 + length


def _note_uncached(book: xlrd.Book, data: bytes, grid: Grid) -> None:
    """Note a formula whose stored result is a blank text, unless its text says that blank is what it may come to."""
    row, column = struct.unpack_from("<HH", data)
    size = struct.unpack_from("<H", data, 20)[0]
    text = decompile_formula(book, data[22:], size, FMLA_TYPE_CELL, row, column)
    if text and '"' not in text:
        grid.formulas[row, column] = text
        Sink(grid, Limits()).put(row, column, Uncached(text))


def _filter_range(book: xlrd.Book, index: int) -> tuple[int, int] | None:
    for name in book.name_obj_list:
        if name.name in ("\r", "_FilterDatabase", "_xlnm._FilterDatabase") and name.scope == index:
            try:
                _, top, bottom, _, _ = name.area2d()
            except BROKEN:
                return None
            return top, bottom
    return None
