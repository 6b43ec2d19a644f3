"""Rows on their way into landing: what a table gave, whom its rows are about, and what was found in them."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from flows.ingest.master import Master
from flows.ingest.records import Record, Records
from schemas.info import Severity

NOBODY = Master()


@dataclass(frozen=True)
class Origin:
    """Where rows stand: their file, sheet and what the sheet speaks for."""

    file_sha256: str
    file: str
    sheet: str
    town: str | None
    report_date: dt.date


@dataclass(eq=False)
class Rows:
    """The rows of one table, column by column like its :class:`Records`.

    Attributes
    ----------
    origin, records
        Where the rows stand, and what was read from them.
    first : int
        The number of the first row among all of its file.
    master : Master
        The list that they are judged by; where it is empty no name is known, so R06 rejects every row.
    values : dict
        Field → values, names spelled as the master list spells them.
    town_codes, county_codes, village_codes, objects, registered
        Whom each row is about, and the registered population of its village.
    rules : dict
        Place → the rules that the row breaks.
    states : dict
        Place → ``rejected`` or ``duplicate``; all others are accepted.
    """

    origin: Origin
    records: Records
    first: int = 0
    master: Master = NOBODY
    values: dict[str, list[Any]] = field(default_factory=dict)
    town_codes: list[str | None] = field(default_factory=list)
    county_codes: list[str | None] = field(default_factory=list)
    village_codes: list[str | None] = field(default_factory=list)
    objects: list[str | None] = field(default_factory=list)
    registered: list[int | None] = field(default_factory=list)
    rules: dict[int, list[str]] = field(default_factory=dict)
    states: dict[int, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.records)

    def __iter__(self) -> "Iterator[Row]":
        return (Row(self, place) for place in range(len(self.records)))

    def towns(self) -> set[str]:
        """The names of the towns that they may be about, as printed."""
        return {town for town in (*self.records.values.get("town", ()), self.origin.town) if town}

    def accepted(self) -> list[int]:
        """The places of the rows that are accepted."""
        return [place for place in range(len(self.records)) if place not in self.states]

    def count(self, state: str) -> int:
        """The number of rows in a state: accepted, rejected, duplicate."""
        if state == "accepted":
            return len(self.records) - len(self.states)
        return sum(found == state for found in self.states.values())


@dataclass(frozen=True)
class Row:
    """One of the rows of a table; what was read of it is taken out once, what was found stays as it is there."""

    rows: Rows
    place: int

    @property
    def origin(self) -> Origin:
        """Where it stands."""
        return self.rows.origin

    @cached_property
    def record(self) -> Record:
        """What was read."""
        return self.rows.records[self.place]

    @property
    def seq(self) -> int:
        """Its number among all rows of the file."""
        return self.rows.first + self.place

    @cached_property
    def values(self) -> dict[str, Any]:
        """Field → value."""
        return {name: column[self.place] for name, column in self.rows.values.items()}

    @property
    def town_code(self) -> str | None:
        """The town that it is about."""
        return self.rows.town_codes[self.place]

    @property
    def county_code(self) -> str | None:
        """The county that it is about."""
        return self.rows.county_codes[self.place]

    @property
    def village_code(self) -> str | None:
        """The natural village that it is about."""
        return self.rows.village_codes[self.place]

    @property
    def object(self) -> str | None:
        """What it is about, as text."""
        return self.rows.objects[self.place]

    @property
    def registered_population(self) -> int | None:
        """Of its village."""
        return self.rows.registered[self.place]

    @property
    def rules(self) -> list[str]:
        """The rules that it breaks."""
        return self.rows.rules.get(self.place, [])

    @property
    def state(self) -> str:
        """Accepted | rejected | duplicate."""
        return self.rows.states.get(self.place, "accepted")


@dataclass(frozen=True)
class Issue:
    """One finding, as the person who can mend it reads it."""

    file_sha256: str
    form: str
    rule: str
    severity: Severity
    sheet: str
    row: int | None
    cell: str | None
    field: str | None
    object: str | None
    printed_value: str | None
    message_zh: str
    message_en: str
    county_code: str | None = None
    town_code: str | None = None
    report_date: dt.date | None = None
    is_row_rejected: bool = False
