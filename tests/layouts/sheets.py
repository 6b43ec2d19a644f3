"""A sheet before it is written."""

import datetime as dt
from dataclasses import dataclass, field

from flows.ingest.context import Names
from tests.layouts.block import Record
from tests.layouts.cells import Cell, Place
from tests.layouts.plans import Plan


@dataclass
class Sheet:
    """One sheet to be written."""

    name: str
    cells: dict[Place, Cell] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    filtered_rows: set[int] = field(default_factory=set)
    filter_range: str = ""
    hidden_columns: set[int] = field(default_factory=set)
    is_hidden: bool = False


@dataclass
class Layout:
    """A rendered file and what a careful clerk reads from it."""

    plan: Plan
    data: bytes
    names: Names
    records: list[Record]
    report_date: dt.date
    tables: int


def address(row: int, column: int) -> str:
    """The address of a 0-based place."""
    letters, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"
