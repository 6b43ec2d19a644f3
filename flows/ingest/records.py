"""What reading a table gives: records with the address of every cell, and notes."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from schemas.rules import Severity

if TYPE_CHECKING:
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
    """One row of a form as read: values in canonical units, the address and the printed text of each."""

    row: int
    values: dict[str, Any] = field(default_factory=dict)
    cells: dict[str, str] = field(default_factory=dict)
    # Printed texts of cells whose value reads otherwise.
    printed: dict[str, str] = field(default_factory=dict)
    # Fields whose cell prints something that is no value of theirs.
    unread: dict[str, str] = field(default_factory=dict)
    # Of this row, and of totals whose last row it is.
    contradictions: list[Contradiction] = field(default_factory=list)


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
