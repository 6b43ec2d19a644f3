"""One finding about a workbook, as it is shown to the person who can mend it."""

from dataclasses import dataclass


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


def without_place(message: str, file: str, sheet: str) -> str:
    """A message of landing without the file, sheet and cell that it begins with."""
    for start in (f"《{file}》“{sheet}”", f"{file} “{sheet}” "):
        if message.startswith(start):
            return message.removeprefix(start).partition("：" if start.startswith("《") else ": ")[2]
    return message
