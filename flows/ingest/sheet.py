"""A grid as the eye takes it in: merged cells spread for headings, addresses, what kind of text stands where."""

import re
from bisect import bisect_left
from dataclasses import replace
from functools import cached_property, lru_cache
from itertools import pairwise

from flows.ingest.grid import CellError, Grid, Merge, Uncached, Value
from schemas.text import plain
from schemas.vocabulary.marks import STEMS

_NUMERIC = re.compile(r"^[+\-]?[\d,]*\.?\d+%?$")
_MOST_STRIPS = 40
STEP = re.compile(r"^[(（]?(?:\d{1,2}|[①-⑳]|[" + STEMS + r"])[)）]?$")


@lru_cache(maxsize=20_000)
def letters(column: int) -> str:
    """The letters of a 0-based column: 0 is A, 27 is AB."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


@lru_cache(maxsize=100_000)
def looks_numeric(text: str) -> bool:
    """Whether a text is a bare figure, as csv files carry them."""
    return bool(_NUMERIC.match(plain(text)))


def is_text(value: Value) -> bool:
    """Whether a cell holds words: neither blank, number, date, error nor a figure written as text."""
    return isinstance(value, str) and not isinstance(value, CellError | Uncached) and not looks_numeric(value)


class Sheet:
    """A :class:`Grid` with the look-ups that reading needs. All rows and columns are 0-based."""

    def __init__(self, grid: Grid, *, turned_at: int | None = None) -> None:
        """Look at a grid; from row `turned_at` down with rows and columns exchanged, where fields run down the side."""
        self.name = grid.name
        self.turned_at = turned_at
        self.grid = grid if turned_at is None else _turned(grid, turned_at)
        self.rows = self.grid.rows
        self._filled: dict[int, list[tuple[int, Value]]] = {}
        self._texts: dict[tuple[int, int], set[str]] = {}

    @cached_property
    def width(self) -> int:
        """Number of columns of the widest row."""
        return max((len(row) for row in self.rows), default=0)

    @cached_property
    def _merge_at(self) -> dict[tuple[int, int], Merge]:
        # A merge over whole rows or columns is clipped to what holds cells, so that none is spread beyond the grid.
        height, width = len(self.rows), self.width
        return {
            (row, column): merge
            for merge in self.grid.merges
            for row in range(merge.top, min(merge.bottom + 1, height))
            for column in range(merge.left, min(merge.right + 1, width))
        }

    @cached_property
    def merged_columns(self) -> dict[int, set[int]]:
        """The rows that merges reach, and the columns that they cover there."""
        covered: dict[int, set[int]] = {}
        for row, column in self._merge_at:
            covered.setdefault(row, set()).add(column)
        return covered

    def at(self, row: int, column: int) -> Value:
        """The cell itself: None beneath a merge."""
        cells = self.rows[row]
        return cells[column] if column < len(cells) else None

    def merge_at(self, row: int, column: int) -> Merge | None:
        """The merge that covers a cell."""
        return self._merge_at.get((row, column))

    def origin(self, row: int, column: int) -> tuple[int, int]:
        """Where the value of a cell is written: its merge's top left cell, or itself."""
        merge = self._merge_at.get((row, column))
        return (merge.top, merge.left) if merge else (row, column)

    def seen(self, row: int, column: int) -> Value:
        """What the eye sees in a cell: the value of the merge that covers it."""
        row, column = self.origin(row, column)
        return self.at(row, column)

    def address(self, row: int, column: int) -> str:
        """A cell's address as printed in the margin of the sheet: ``B7``; of a merge, its top left cell's."""
        row, column = self.origin(row, column)
        return self.place(self.line(row), column)

    def line(self, row: int) -> str:
        """What the margin calls a row: its number; in a transposed sheet, the letters of its column."""
        return str(row + 1) if self.turned_at is None else letters(row)

    def place(self, line: str, column: int) -> str:
        """The address of a column's cell in a row, called as its margin calls it."""
        return f"{letters(column)}{line}" if self.turned_at is None else f"{line}{column + self.turned_at + 1}"

    def filled(self, row: int) -> list[tuple[int, Value]]:
        """The non-blank cells of a row with their columns."""
        if row not in self._filled:
            self._filled[row] = [
                (column, value)
                for column, value in enumerate(self.rows[row])
                if value is not None and (not isinstance(value, str) or plain(value))
            ]
        return self._filled[row]

    def strips(self) -> list["Sheet"]:
        """The sheet divided where blank columns run down between columns that hold something; itself where none do."""
        used = self._used_columns()
        starts = [column for before, column in pairwise([-2, *used]) if column > before + 1]
        # Of a sheet that is all gaps each strip would cost as much memory as the sheet.
        if not 2 <= len(starts) <= _MOST_STRIPS:
            return [self]
        ends = [*starts[1:], self.width]
        # A table has two columns at least.
        if len({column + 1 for column in starts}.intersection(used)) < 2:
            return [self]
        return [Sheet(_masked(self.grid, start, end)) for start, end in zip(starts, ends, strict=True)]

    def _used_columns(self) -> list[int]:
        """The columns that hold anything; most sheets need no more than their header to tell."""
        blank = list(range(self.width))
        for row in self.rows:
            if not blank:
                break
            if len(row) <= blank[0]:
                continue
            within = bisect_left(blank, len(row))
            still = [column for column in blank[:within] if row[column] is None]
            if len(still) < within:
                blank[:within] = still
        return sorted(set(range(self.width)).difference(blank))

    def texts(self, top: int, end: int) -> set[str]:
        """All different texts in some of the rows; errors and formulas are none."""
        if (top, end) not in self._texts:
            values: set[Value] = set().union(*self.rows[top:end])
            self._texts[top, end] = {value for value in values if value.__class__ is str}
        return self._texts[top, end]

    def is_step_row(self, row: int) -> bool:
        """Whether a row numbers the columns: (1) (2) (3), 甲 乙 1 2."""
        cells = self.filled(row)
        steps: list[str] = []
        for _, value in cells if len(cells) > 2 else ():
            if not isinstance(value, str | int | float) or not STEP.match(step := plain(_whole(value))):
                return False
            steps.append(step)
        if not steps:
            return False
        numbers = [int(digits) for step in steps if (digits := re.sub(r"\D", "", step))]
        return all(after == before + 1 for before, after in pairwise(numbers))

    @property
    def hidden_rows(self) -> set[int]:
        """Rows hidden by hand (columns of the sheet, in a transposed one)."""
        return self.grid.hidden_rows


def _whole(value: str | int | float) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _masked(grid: Grid, left: int, right: int) -> Grid:
    rows = [[None] * min(left, len(row)) + row[left:right] if row else row for row in grid.rows]
    return replace(grid, rows=rows, merges=[merge for merge in grid.merges if left <= merge.left < right])


def _turned(grid: Grid, top: int) -> Grid:
    kept = grid.rows[top:]
    width = max((len(row) for row in kept), default=0)
    return Grid(
        name=grid.name,
        is_hidden=grid.is_hidden,
        rows=[[row[column] if column < len(row) else None for row in kept] for column in range(width)],
        merges=[
            Merge(merge.left, merge.top - top, merge.right, merge.bottom - top)
            for merge in grid.merges
            if merge.top >= top
        ],
        hidden_rows=grid.hidden_columns,
        hidden_columns={row - top for row in grid.hidden_rows if row >= top},
        percents={(column, row - top) for row, column in grid.percents if row >= top},
        formulas={(column, row - top): formula for (row, column), formula in grid.formulas.items() if row >= top},
        covered=[(column, row - top) for row, column in grid.covered if row >= top],
    )
