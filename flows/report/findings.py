"""One finding about a workbook, as it is shown to the person who can mend it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flows.ingest.reading import FileRead, TableRead


@dataclass(frozen=True)
class Finding:
    """What is wrong, and where: sheet, row and (where one cell shows it) the cell's address.

    Attributes
    ----------
    rule, severity
        R01 … or N01 …; error, warn or info.
    printed
        What the cell prints, None where that is nobody's business.
    message
        What is wrong and what to do, without the place.
    """

    rule: str
    severity: str
    sheet: str
    row: int | None
    cell: str | None
    field: str | None
    printed: str | None
    message: str

    @property
    def place(self) -> str | None:
        """The cell to look at: where no cell shows the finding, the first one of its row."""
        return self.cell or (f"A{self.row}" if self.row else None)


def in_words(read: "FileRead | TableRead", lang: str) -> str | None:
    """Why a file or a sheet was not read, in a language."""
    return (read.reason_en if lang == "en" else None) or read.reason


def without_place(message: str, file: str, sheet: str | None) -> str:
    """A message of landing without the file, sheet and cell that it begins with."""
    on_sheet = f"“{sheet}”" if sheet else ""
    for start, colon in ((f"《{file}》{on_sheet}", "："), (f"{file}{' ' if sheet else ''}{on_sheet}", ": ")):
        if message.startswith(start):
            return message.removeprefix(start).partition(colon)[2]
    return message
