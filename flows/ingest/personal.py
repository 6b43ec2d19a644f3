"""What is personal in the sheets of a workbook: who is named where, and which numbers; and the masks of it.

Columns and rows under a heading of persons (责任人, 联系电话), what follows a signature's label, and numbers that look
like a telephone's or an identity's anywhere. Names in running text without a label are not known as such.
"""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import takewhile

from flows.ingest.grid import CellError, Grid, Merge, Uncached, Value
from flows.ingest.headings import is_known_heading
from flows.ingest.values import printed
from schemas.personal import masked, names_person, without_numbers, without_persons

Cell = tuple[int, int]
# A number below is no telephone's.
_LEAST_NUMBER = 10**10


def personal_cells(grid: Grid) -> dict[Cell, str]:
    """The cells of a sheet that hold personal data, 0-based, and what may be shown of each."""
    shown: dict[Cell, str] = {}
    for row, values in enumerate(grid.rows):
        for column, value in enumerate(values):
            if isinstance(value, str) or (isinstance(value, int) and value > _LEAST_NUMBER):
                shown[row, column] = without_persons(as_text(value))
    for heading in _headings(grid):
        for place in _told_by(grid, heading):
            if not isinstance(grid.at(*place), CellError):
                shown[place] = masked(as_text(grid.at(*place)))
    return {place: text for place, text in shown.items() if text != as_text(grid.at(*place))}


def as_text(value: Value) -> str:
    """A cell as it is compared with its mask: text as it is."""
    return str(value) if isinstance(value, str) and not isinstance(value, Uncached) else printed(value)


def without_personal(grid: Grid, shown: dict[Cell, str]) -> Grid:
    """The sheet with these cells shown otherwise, and numbers in its name masked."""
    rows = [list(values) for values in grid.rows]
    for (row, column), text in shown.items():
        rows[row][column] = text
    formulas = {place: formula for place, formula in grid.formulas.items() if place not in shown}
    return replace(grid, name=without_numbers(grid.name), rows=rows, formulas=formulas)


def _headings(grid: Grid) -> Iterator[Merge]:
    """Where headings and labels of persons stand, with what they are merged over."""
    merged = {merge[:2]: merge for merge in grid.merges}
    for row, values in enumerate(grid.rows):
        for column, value in enumerate(values):
            if isinstance(value, str) and names_person(value):
                yield merged.get((row, column), Merge(row, column, row, column))


def _told_by(grid: Grid, heading: Merge) -> Iterator[Cell]:
    """The cells that a heading speaks for: beneath it; to its right, where it is a label or runs down the side."""
    top, left, bottom, right = heading
    beside = [(top, column) for column in range(right + 1, len(grid.rows[top]))]
    below = [[(row, column) for row in range(bottom + 1, len(grid.rows))] for column in range(left, right + 1)]
    first = next((value for place in below[0] if (value := grid.at(*place)) is not None), None)
    is_label = str(grid.at(top, left)).rstrip().endswith((":", "："))
    runs_down = left == right and (first is None or _is_heading(first))
    for cells in [beside] if is_label or runs_down else below:
        yield from _until_a_heading(grid, cells)


def _until_a_heading(grid: Grid, cells: Iterable[Cell]) -> Iterator[Cell]:
    return takewhile(lambda cell: not _is_heading(grid.at(*cell)), cells)


def _is_heading(value: Value) -> bool:
    return isinstance(value, str) and (names_person(value) or is_known_heading(value))
