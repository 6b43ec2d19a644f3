"""One sheet as printed, and the way from a file's bytes to its sheets."""

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from typing import NamedTuple

from flows.ingest.guard import Kind, Limits, Refused, check_size, sniff


class CellError(str):
    """What a cell shows that holds an error: ``#REF!``."""

    __slots__ = ()


class Uncached(str):
    """The formula of a cell whose formula carries no stored value."""

    __slots__ = ()


Value = None | str | int | float | bool | dt.date | dt.datetime | CellError | Uncached


class Merge(NamedTuple):
    """A merged range: 0-based rows and columns, both ends inclusive."""

    top: int
    left: int
    bottom: int
    right: int


@dataclass(slots=True)
class Grid:
    """One sheet as printed.

    Attributes
    ----------
    name
        As in the file; csv and HTML have ``Sheet1``, further HTML tables ``Sheet2`` and so on.
    is_hidden
        Whether the sheet is hidden.
    rows
        ``rows[r][c]`` is the cell at sheet row r, column c, 0-based, never trimmed at the top or left. Rows are ragged
        and end at their last value. Blank cells are None, so are those beneath a merge except its top left one. Text
        is as printed.
    merges
        Clipped to the used rows and columns: a merge over a whole sheet is no larger than what is on it.
    hidden_rows
        Of the used rows those hidden by hand: rows that an AutoFilter left on hides are data and not listed.
    hidden_columns
        Of the used columns those hidden.
    percents
        Numbers whose format is a percentage.
    formulas
        The formula of each cell that has one, without ``=``, stored value or not; in .xls only of cells without one.
    covered
        Cells beneath merges that held another value than the merge shows, the first of each merge.
    damage
        Why this sheet could not be read, while others of its workbook could; it has no rows then.
    """

    name: str
    is_hidden: bool = False
    rows: list[list[Value]] = field(default_factory=list)
    merges: list[Merge] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    hidden_columns: set[int] = field(default_factory=set)
    percents: set[tuple[int, int]] = field(default_factory=set)
    formulas: dict[tuple[int, int], str] = field(default_factory=dict)
    covered: list[tuple[int, int]] = field(default_factory=list)
    damage: Refused | None = None

    @property
    def width(self) -> int:
        """The number of columns up to the last value of any row."""
        return max(map(len, self.rows), default=0)

    def at(self, row: int, column: int) -> Value:
        """Return the cell, None where the grid does not reach."""
        if 0 <= row < len(self.rows) and 0 <= column < len(self.rows[row]):
            return self.rows[row][column]
        return None

    def clip(self, limits: Limits) -> None:
        """Cut merges and what is hidden to the rows and columns in use, and blank the cells beneath merges.

        Raises
        ------
        Refused
            Merges that overlap so much that they cannot come from a spreadsheet.
        """
        if self.hidden_rows or self.hidden_columns:
            self.hidden_rows &= set(range(len(self.rows)))
            self.hidden_columns &= set(range(self.width))
        if not self.merges:
            return
        if len(self.merges) > limits.merges:
            raise Refused.too_many("合并单元格", "merged cells", len(self.merges), limits.merges)
        height, width, area, kept = len(self.rows), self.width, 0, []
        for top, left, bottom, right in self.merges:
            merge = Merge(top, left, min(bottom, height - 1), min(right, width - 1))
            if merge.top > merge.bottom or merge.left > merge.right or merge[:2] == merge[2:]:
                continue
            kept.append(merge)
            # Merges never overlap: together they cover the sheet at most once. What covers it often is an attack.
            area += (merge.bottom - merge.top + 1) * (merge.right - merge.left + 1)
            if area > 4 * height * width:
                raise Refused.too_many("重叠的合并单元格", "overlapping merged cells", len(self.merges), len(kept))
            self._blank_beneath(merge)
        self.merges = kept

    def _blank_beneath(self, merge: Merge) -> None:
        top, left, bottom, right = merge
        shown, covered = self.at(top, left), None
        for r in range(top, bottom + 1):
            row = self.rows[r]
            for c in range(left + (r == top), min(right + 1, len(row))):
                if row[c] not in (None, "", shown):
                    covered = covered or (r, c)
                row[c] = None
        if covered:
            self.covered.append(covered)


class _Columns(dict[str, int]):
    """Column letters to 0-based numbers, remembered."""

    def __missing__(self, letters: str) -> int:
        number = 0
        for letter in letters:
            number = number * 26 + ord(letter) - 64
        self[letters] = number - 1
        return number - 1


COLUMNS = _Columns()
_RANGE = re.compile(r"\$?([A-Z]{1,3})\$?(\d{1,7})(?::\$?([A-Z]{1,3})\$?(\d{1,7}))?")


def parse_range(text: str) -> Merge | None:
    """Return the range of an address like ``A1:M3`` or ``A1``, None where it is none."""
    match = _RANGE.fullmatch(text)
    if not match:
        return None
    left, top, right, bottom = match.groups()
    return Merge(int(top) - 1, COLUMNS[left], int(bottom or top) - 1, COLUMNS[right or left])


def address(row: int, column: int) -> str:
    """Return the address of a 0-based row and column: ``B7``."""
    letters, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


# A reader is imported when the first file of its kind comes: `check` of one workbook should not wait for all of them.
_READERS = {
    Kind.XLSX: "xlsx",
    Kind.XLS: "xls",
    Kind.ODS: "ods",
    Kind.FLAT_ODS: "ods",
    Kind.SPREADSHEETML: "spreadsheetml",
    Kind.HTML: "html",
    Kind.TEXT: "text",
}
Reader = Callable[[bytes, Limits], list[Grid]]


def read_workbook(data: bytes, name: str, limits: Limits | None = None) -> list[Grid]:
    """Return the sheets of a workbook of any format, in its order.

    Parameters
    ----------
    data
        The file.
    name
        Its name; the format is judged by content alone.
    limits
        What is too much.

    Raises
    ------
    Refused
        The file cannot or must not be read. A single damaged sheet is returned with its `damage`, unless none is sound.
    """
    limits = limits or Limits()
    check_size(data, limits)
    read: Reader = import_module(f"flows.ingest.readers.{_READERS[sniff(data, name)]}").read
    grids = read(data, limits)
    damaged = [grid.damage for grid in grids if grid.damage]
    if damaged and len(damaged) == len(grids):
        raise damaged[0]
    for grid in grids:
        grid.clip(limits)
    return grids
