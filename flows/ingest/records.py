"""What reading a table gives: records with the address of every cell, and notes."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from schemas.info import Severity

if TYPE_CHECKING:
    from flows.ingest.kinds import Kind
    from flows.ingest.totals import Line


@dataclass(frozen=True)
class Contradiction:
    """A printed total or rate that its own figures contradict (R14, R15), with the words for it."""

    rule: str
    field: str
    cell: str
    printed: str
    words: dict[str, str]
    # What a total sums; None where the row itself is meant.
    object: str | None = None


# Where a row's number goes in the addresses of its cells.
LINE = "#"
_NOWHERE = "{}"


class Record:
    """One row of a form as read: values in canonical units, the address and the printed text of each.

    Attributes
    ----------
    row : int
        As the sheet numbers its rows, from 1.
    values : dict
        Field → value.
    printed : dict
        Printed texts of cells whose value reads otherwise.
    unread : dict
        Fields whose cell prints something that is no value of theirs.
    contradictions : list of Contradiction
        Of this row, and of totals whose last row it is.
    """

    __slots__ = ("_line", "_moved", "_places", "contradictions", "printed", "row", "unread", "values")

    def __init__(
        self,
        row: int,
        values: dict[str, Any] | None = None,
        cells: dict[str, str] | None = None,
        printed: dict[str, str] | None = None,
        unread: dict[str, str] | None = None,
        *,
        places: str = _NOWHERE,
        line: str = "",
    ) -> None:
        """Make a record.

        Most rows' cells stand in the columns of their table: `places` has the addresses of all as JSON, with
        :data:`LINE` where `line`, what the margin calls the row, goes; `cells` has those that stand elsewhere.
        """
        self.row = row
        self.values: dict[str, Any] = {} if values is None else values
        self._places, self._line = places, line
        self._moved: dict[str, str] = {} if cells is None else cells
        self.printed: dict[str, str] = {} if printed is None else printed
        self.unread: dict[str, str] = {} if unread is None else unread
        self.contradictions: list[Contradiction] = []

    def place(self, name: str, cell: str) -> None:
        """Say where a field stands."""
        self._moved[name] = cell

    @property
    def cells(self) -> dict[str, str]:
        """Field → address."""
        if self._places != _NOWHERE:
            self._moved = json.loads(self._places.replace(LINE, self._line)) | self._moved
            self._places = _NOWHERE
        return self._moved

    @property
    def cells_json(self) -> str:
        """The addresses as JSON."""
        if not self._moved:
            return self._places.replace(LINE, self._line)
        if self._places == _NOWHERE or any(f'"{name}"' in self._places for name in self._moved):
            return json.dumps(self.cells)
        own = self._places.replace(LINE, self._line)
        more = "".join(f', "{name}": "{cell}"' for name, cell in self._moved.items())
        return f"{own[:-1]}{more}}}"

    def __repr__(self) -> str:
        """As tests print it."""
        return f"Record({self.row}, {self.values}, {self.cells_json}, {self.printed}, {self.unread})"


@dataclass(frozen=True)
class Note:
    """What a reader notices beside the rules: N01 … with the words for it."""

    code: str
    zh: str
    en: str
    row: int | None = None
    cell: str | None = None
    printed: str | None = None
    severity: Severity = "info"


@dataclass
class Read:
    """A table read."""

    records: list[Record]
    notes: list[Note]
    # Its rows and totals, for R14.
    lines: "list[Line]" = field(default_factory=list)
    # What each row beneath the header was taken for.
    kinds: "dict[int, Kind]" = field(default_factory=dict)
