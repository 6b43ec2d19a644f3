"""What is taken out of an annotated copy that others than its sender may see: persons, and all that may name one.

Cells keep their place and show a mask (`schemas.personal`). What a workbook holds beside its cells — comments, headers
and footers, properties, charts and pivot tables with their own copies of data — goes. What is written is then searched:
a copy that still holds anything of it (in a list of allowed values, in a formula) is made of values alone.
"""

import io
import re
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass, replace

from openpyxl import Workbook
from openpyxl.cell.cell import MergedCell
from openpyxl.packaging.core import DocumentProperties
from openpyxl.worksheet.header_footer import HeaderFooter
from openpyxl.worksheet.worksheet import Worksheet

from flows.ingest.grid import Grid, parse_range
from flows.ingest.personal import Cell, as_text, personal_cells, without_personal
from flows.report.findings import Finding
from flows.report.plain_copy import write_text
from schemas.personal import masked, without_numbers, without_persons

AUTHOR = "gongshui"
_VALUES = re.compile(r"<v>[^<]*</v>")
_STRINGS = "xl/sharedStrings.xml"


@dataclass(frozen=True)
class Private:
    """What is personal in a workbook.

    Attributes
    ----------
    grids
        Its sheets as they may be shown.
    cells
        For each sheet the cells that are shown otherwise than they are, and how.
    texts
        What whole cells hold that nobody is shown.
    """

    grids: list[Grid]
    cells: list[dict[Cell, str]]
    texts: frozenset[str]

    @classmethod
    def of(cls, grids: Sequence[Grid]) -> "Private":
        """Find it."""
        cells = [personal_cells(grid) for grid in grids]
        pairs = [(as_text(grid.at(*place)), text) for grid, shown in zip(grids, cells, strict=True)
                 for place, text in shown.items()]  # fmt: skip
        texts = frozenset(text for text, shown in pairs if masked(text) == shown)
        shown = [without_personal(grid, of_grid) for grid, of_grid in zip(grids, cells, strict=True)]
        return cls(shown, cells, texts)

    def finding(self, finding: Finding) -> Finding:
        """A finding as it may be shown."""
        sheet, message, said = without_numbers(finding.sheet), without_numbers(finding.message), finding.printed
        for text in self.texts:
            message = message.replace(f"“{text}”", f"“{masked(text)}”")
        place = parse_range(finding.cell) if finding.cell else None
        if said is not None and place:
            of_sheet = (shown for grid, shown in zip(self.grids, self.cells, strict=True) if grid.name == sheet)
            said = next(of_sheet, {}).get(place[:2]) or without_persons(said)
        return replace(finding, sheet=sheet, message=message, printed=said)

    def take_out(self, book: Workbook, names: Sequence[str]) -> None:
        """Take it out of a workbook whose sheets have these names."""
        shown = dict(zip(names, self.cells, strict=True))
        for sheet in book.worksheets:
            for (row, column), text in shown.get(sheet.title, {}).items():
                write_text(sheet.cell(row + 1, column + 1), text)
            _take_out_of_sheet(sheet)
        for chart in list(book.chartsheets):
            book.remove(chart)
        book.properties = DocumentProperties(creator=AUTHOR)
        book.custom_doc_props.props.clear()  # type: ignore[attr-defined]

    def is_left_in(self, data: bytes) -> bool:
        """Whether a finished workbook still holds any of it."""
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            for name in archive.namelist():
                text = _VALUES.sub("", archive.read(name).decode("utf-8", "replace"))
                # Texts of cells are masked each where it stands; a name in one may be a word in another.
                known = () if name == _STRINGS else self.texts
                if without_numbers(text) != text or any(word in text for word in known if len(word) > 1):
                    return True
        return False


def _take_out_of_sheet(sheet: Worksheet) -> None:
    for cell in sheet._cells.values():
        if isinstance(cell, MergedCell):
            continue
        cell.comment = None
        if cell.hyperlink is not None:
            cell.hyperlink.tooltip = cell.hyperlink.display = None
    sheet.HeaderFooter = HeaderFooter()
    sheet.legacy_drawing = None
    for kind in ("_charts", "_images", "_pivots"):
        setattr(sheet, kind, [])
