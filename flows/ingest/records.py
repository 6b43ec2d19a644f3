"""What reading a table gives: its rows column by column, with the address of every cell, and notes."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any, overload

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


@dataclass
class Record:
    """One row of a form as read, taken out of its :class:`Records`.

    Attributes
    ----------
    row : int
        As the sheet numbers its rows, from 1.
    values : dict
        Field → value in the canonical unit.
    cells : dict
        Field → address.
    printed : dict
        Printed texts of cells whose value reads otherwise.
    unread : dict
        Fields whose cell prints something that is no value of theirs.
    contradictions : list of Contradiction
        Of this row, and of totals whose last row it is.
    """

    row: int
    values: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    printed: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)
    contradictions: list[Contradiction] = field(default_factory=list)


# Where a row's number goes in the place of a column's cells: ``B#``; ``#5`` where fields run down the side.
LINE = "#"
_MOST_MEMBERS = 20_000


class Records(Sequence[Record]):
    """The rows of a table as read, column by column: rows are many and alike, columns few.

    A row's number here, from 0, is its *place*.

    Attributes
    ----------
    rows : list of int
        As the sheet numbers its rows, from 1; one that tells of several groups of columns stands here several times.
    values : dict
        Field → the value of each row.
    printed : dict
        Field → the printed text of each row whose value reads otherwise, or that has none for what it prints.
    unread : dict
        Field → the places where what is printed is no value of the field.
    columns : dict
        Field → the place of its cells, for a field that stands in one column of the sheet in all rows.
    cells : dict
        Field → the address of each row, for all other fields.
    lines : list of str or None
        What the margin of the sheet calls each row, where fields run down the side; None: the row's number.
    contradictions : dict
        Place → what the row's own figures contradict.
    """

    __slots__ = ("cells", "columns", "contradictions", "lines", "printed", "rows", "unread", "values")

    def __init__(
        self, rows: Iterable[int] = (), lines: list[str] | None = None, columns: dict[str, str] | None = None
    ) -> None:
        self.rows = list(rows)
        self.lines = lines
        self.columns = {} if columns is None else columns
        self.values: dict[str, list[Any]] = {}
        self.printed: dict[str, list[str | None]] = {}
        self.unread: dict[str, set[int]] = {}
        self.cells: dict[str, list[str | None]] = {}
        self.contradictions: dict[int, list[Contradiction]] = {}

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Records":
        """Put single rows together."""
        found = cls()
        for record in records:
            one = cls([record.row])
            one.values = {name: [value] for name, value in record.values.items()}
            one.printed = {name: [text] for name, text in (record.printed | record.unread).items()}
            one.unread = {name: {0} for name in record.unread}
            one.cells = {name: [cell] for name, cell in record.cells.items()}
            if record.contradictions:
                one.contradictions[0] = record.contradictions
            found.extend(one)
        return found

    def __len__(self) -> int:
        return len(self.rows)

    @overload
    def __getitem__(self, place: int) -> Record: ...
    @overload
    def __getitem__(self, place: slice) -> list[Record]: ...
    def __getitem__(self, place: int | slice) -> Record | list[Record]:
        """A row, as it is now."""
        if isinstance(place, slice):
            return [self[one] for one in range(len(self.rows))[place]]
        row = self.rows[place]
        texts = {name: text for name, column in self.printed.items() if (text := column[place]) is not None}
        unread = {name: text for name, text in texts.items() if place in self.unread.get(name, ())}
        return Record(
            row,
            {name: column[place] for name, column in self.values.items()},
            {name: cell for name in (*self.columns, *self.cells) if (cell := self.cell(place, name))},
            {name: text for name, text in texts.items() if name not in unread},
            unread,
            self.contradictions.get(place, []),
        )

    # --- evidence -------------------------------------------------------------------------------------------------

    def cell(self, place: int, name: str) -> str | None:
        """The address of a field in a row."""
        if name in self.columns:
            return self.columns[name].replace(LINE, str(self.rows[place]) if self.lines is None else self.lines[place])
        return self.cells[name][place] if name in self.cells else None

    def called(self) -> Iterable[str]:
        """What the margin calls each row."""
        return map(str, self.rows) if self.lines is None else self.lines

    def value(self, place: int, name: str) -> Any:
        """A value, None where the table does not show the field."""
        return self.values[name][place] if name in self.values else None

    def blank(self, name: str) -> list[int]:
        """The rows that say nothing of a field."""
        column, unread = self.values.get(name), self.unread.get(name, ())
        places = range(len(self.rows))
        return [place for place in places if (column is None or column[place] is None) and place not in unread]

    def put(self, place: int, name: str, value: Any) -> None:
        """Set a value."""
        if name not in self.values:
            self.values[name] = [None] * len(self.rows)
        self.values[name][place] = value

    def put_cell(self, place: int, name: str, cell: str | None) -> None:
        """Say where a field of a row stands, or that it stands nowhere."""
        _spell_out(self, name)
        if name not in self.cells:
            self.cells[name] = [None] * len(self.rows)
        self.cells[name][place] = cell

    def put_printed(self, place: int, name: str, text: str, *, is_unread: bool = False) -> None:
        """Keep what a cell prints."""
        if name not in self.printed:
            self.printed[name] = [None] * len(self.rows)
        self.printed[name][place] = text
        if is_unread:
            self.unread.setdefault(name, set()).add(place)

    def is_unread(self, place: int, name: str) -> bool:
        """Whether a cell prints something that is no value of its field."""
        return name in self.unread and place in self.unread[name]

    def prints(self, place: int, name: str) -> bool:
        """Whether a cell prints other than its value reads."""
        return name in self.printed and self.printed[name][place] is not None

    def has_unread(self, place: int) -> bool:
        """Whether any cell of a row prints something that is no value."""
        return any(place in places for places in self.unread.values())

    def forget(self, place: int, name: str) -> None:
        """A cell is no field's after all."""
        self.put(place, name, None)
        self.put_cell(place, name, None)
        if name in self.printed:
            self.printed[name][place] = None
            self.unread.get(name, set()).discard(place)

    def contradict(self, place: int, found: Contradiction) -> None:
        """Keep a contradiction with the row that it is told of."""
        self.contradictions.setdefault(place, []).append(found)

    def cells_json(self) -> list[str]:
        """The addresses of each row's cells, as JSON."""
        if not self.cells:
            fixed = json.dumps(self.columns).split(LINE)
            return [line.join(fixed) for line in self.called()]
        fixed = json.dumps(self.columns)[1:-1].split(LINE)
        told = [[line.join(fixed) for line in self.called()]]
        told += [[f'"{name}": "{cell}"' if cell else "" for cell in column] for name, column in self.cells.items()]
        return _objects(told)

    def printed_json(self) -> list[str]:
        """What each row prints where it reads otherwise, as JSON."""
        if not self.printed:
            return ["{}"] * len(self.rows)
        return _objects([map(_members(name).__getitem__, column) for name, column in self.printed.items()])

    # --- together -------------------------------------------------------------------------------------------------

    def extend(self, others: "Records") -> None:
        """Add the rows of another."""
        before, added = len(self.rows), len(others.rows)
        if not before:
            for name in self.__slots__:
                setattr(self, name, getattr(others, name))
            return
        for name in {**self.columns, **others.columns}:
            if self.columns.get(name) != others.columns.get(name):
                _spell_out(self, name)
                _spell_out(others, name)
        for mine, theirs in (
            (self.values, others.values), (self.printed, others.printed), (self.cells, others.cells)
        ):  # fmt: skip
            _join(mine, theirs, before, added)
        for name, places in others.unread.items():
            self.unread.setdefault(name, set()).update(before + place for place in places)
        for place, found in others.contradictions.items():
            self.contradictions[before + place] = found
        self.rows += others.rows
        if self.lines is not None and others.lines is not None:
            self.lines += others.lines

    def take(self, places: Sequence[int]) -> "Records":
        """Some of the rows, in that order; one may be taken several times."""
        if len(places) == len(self.rows) and all(map(int.__eq__, places, range(len(places)))):
            return self
        lines = None if self.lines is None else [self.lines[place] for place in places]
        found = Records([self.rows[place] for place in places], lines, self.columns)
        found.values = {name: [column[place] for place in places] for name, column in self.values.items()}
        found.printed = {name: [column[place] for place in places] for name, column in self.printed.items()}
        found.cells = {name: [column[place] for place in places] for name, column in self.cells.items()}
        found.unread = {
            name: {new for new, place in enumerate(places) if place in unread} for name, unread in self.unread.items()
        }
        found.contradictions = {
            new: self.contradictions[place] for new, place in enumerate(places) if place in self.contradictions
        }
        return found

    def add_fields(self, others: "Records") -> None:
        """Add further fields of the same rows."""
        self.columns = self.columns | others.columns
        self.values |= others.values
        self.printed |= others.printed
        self.unread |= others.unread
        self.cells |= others.cells


def _spell_out(records: Records, name: str) -> None:
    """Give the address of a field row by row."""
    if name in records.columns:
        pattern = records.columns[name]
        records.columns = {other: column for other, column in records.columns.items() if other != name}
        records.cells[name] = [pattern.replace(LINE, line) for line in records.called()]


def _join(mine: dict[str, list[Any]], theirs: dict[str, list[Any]], before: int, added: int) -> None:
    for name in {**mine, **theirs}:
        mine.setdefault(name, [None] * before).extend(theirs.get(name) or [None] * added)


class _Members(dict[str | None, str]):
    """Texts → how a JSON object says them under one name; towns repeat themselves."""

    def __init__(self, name: str) -> None:
        super().__init__({None: ""})
        self._name = encode_basestring(name)

    def __missing__(self, text: str) -> str:
        if len(self) > _MOST_MEMBERS:
            self.clear()
            self[None] = ""
        said = self[text] = f"{self._name}: {encode_basestring(text)}"
        return said


_members = lru_cache(maxsize=500)(_Members)


def _objects(columns: Sequence[Iterable[str]]) -> list[str]:
    """JSON objects of members that stand in columns; a blank one is left out."""
    return [f"{{{', '.join(filter(None, members))}}}" for members in zip(*columns, strict=True)]


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

    records: Records
    notes: list[Note]
    # Its rows and totals, for R14.
    lines: "list[Line]" = field(default_factory=list)
    # What each row beneath the header was taken for.
    kinds: "dict[int, Kind]" = field(default_factory=dict)
