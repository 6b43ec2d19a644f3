"""A workbook that holds the values of grids and nothing else: of strangers' files in any format."""

import datetime as dt
import re
from collections.abc import Sequence

from openpyxl import Workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.styles import Alignment
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.properties import PageSetupProperties, WorksheetProperties
from openpyxl.worksheet.worksheet import Worksheet

from flows.ingest.grid import CellError, Grid, Uncached, Value
from flows.ingest.values import printed
from flows.report.widths import width_of

MOST_CHARACTERS = 32_000  # Excel stops at 32,767 in a cell
# openpyxl takes U+FFFE, U+FFFF and lone surrogates for text, which a damaged .xls may hold, and fails as it saves.
_NOT_XML = re.compile(r"[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_UNTRUSTED_START = ("=", "+", "-", "@", "\t", "\r")
_LINES = Alignment(vertical="center", wrap_text=True)
_ACROSS = Alignment(horizontal="center", vertical="center", wrap_text=True)
_NARROWEST, _WIDEST, _MOST_LINES = 5, 36, 6


def values_of(grids: Sequence[Grid]) -> Workbook:
    """A workbook with the sheets of these grids, each value at its address."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for grid in grids:
        sheet = book.create_sheet(sheet_title(grid.name, book.sheetnames))
        sheet.sheet_state = "hidden" if grid.is_hidden else "visible"
        for r, values in enumerate(grid.rows):
            for c, value in enumerate(values):
                if value is not None:
                    cell = sheet.cell(r + 1, c + 1)
                    write(cell, value)
                    if (r, c) in grid.percents:
                        cell.number_format = "0.00%"
        for merge in grid.merges:
            sheet.merge_cells(None, merge.top + 1, merge.left + 1, merge.bottom + 1, merge.right + 1)
            sheet.cell(merge.top + 1, merge.left + 1).alignment = _LINES if merge.right == merge.left else _ACROSS
        _fit(sheet, grid)
        for r in grid.hidden_rows:
            sheet.row_dimensions[r + 1].hidden = True
        for c in grid.hidden_columns:
            sheet.column_dimensions[get_column_letter(c + 1)].hidden = True
    if not any(sheet.sheet_state == "visible" for sheet in book.worksheets):
        book.create_sheet("Sheet")
    return book


def _fit(sheet: Worksheet, grid: Grid) -> None:
    """Columns as wide as what the table's rows hold, and lines broken as the file breaks them; titles run on."""
    across = {(merge.top, merge.left) for merge in grid.merges if merge.right > merge.left}
    filled = [
        [(c, printed(value)) for c, value in enumerate(values) if value is not None and (r, c) not in across]
        for r, values in enumerate(grid.rows)
    ]
    most = max(map(len, filled), default=0)
    widths: dict[int, int] = {}
    for r, cells in enumerate(filled):
        for c, text in cells:
            lines = text.splitlines()
            if len(lines) > 1:
                sheet.cell(r + 1, c + 1).alignment = _LINES
                sheet.row_dimensions[r + 1].height = 15 * min(len(lines), _MOST_LINES)
            if len(cells) > most / 2:
                widths[c] = max((widths.get(c, 0), *map(width_of, lines)))
    for c, width in widths.items():
        sheet.column_dimensions[get_column_letter(c + 1)].width = min(max(width, _NARROWEST), _WIDEST) + 2
    fit_to_page(sheet)


def fit_to_page(sheet: Worksheet) -> None:
    """Print across, one page wide."""
    sheet.page_setup.orientation, sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = "landscape", 1, 0
    sheet.sheet_properties = WorksheetProperties(pageSetUpPr=PageSetupProperties(fitToPage=True))


def sheet_title(name: str, taken: Sequence[str]) -> str:
    """The sheet's own name, as far as Excel allows it."""
    title = re.sub(r"[\\*?:/\[\]]", "_", name)[:31] or "Sheet"
    number = 1
    while title in taken:
        number += 1
        title = f"{title[:27]}({number})"
    return title


def write(cell: Cell | MergedCell, value: Value) -> None:
    """Write a value as what it is; text never becomes a formula."""
    if isinstance(cell, MergedCell):
        return
    match value:
        case CellError():
            cell.value, cell.data_type = str(value), "e"
        case Uncached():
            write_text(cell, f"={value.removeprefix('=')}")
        case str():
            write_text(cell, value)
        case dt.date() if value.year < 1900:
            write_text(cell, value.isoformat())
        case dt.datetime():
            cell.value, cell.number_format = value, "yyyy-mm-dd hh:mm" if value.time() != dt.time() else "yyyy-mm-dd"
        case dt.date():
            cell.value, cell.number_format = value, "yyyy-mm-dd"
        case _:
            cell.value = value


def legible(text: str) -> str:
    """A text without the characters that XML does not allow."""
    return _NOT_XML.sub("", text)


def write_text(cell: Cell | MergedCell, text: str) -> None:
    """Write text as text, whatever it begins with."""
    if isinstance(cell, MergedCell):
        return
    text = legible(text)[:MOST_CHARACTERS]
    cell.value = text or None
    if text:
        cell.data_type = "s"
        keep_as_text(cell)


def keep_as_text(cell: Cell) -> None:
    """Keep a program from taking a text for a formula when somebody edits its cell."""
    if str(cell.value).startswith(_UNTRUSTED_START):
        cell.quotePrefix = True
