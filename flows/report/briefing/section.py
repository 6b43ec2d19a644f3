"""What a part of the situation report consists of."""

from collections.abc import Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Table:
    """Headings, rows and the widths of the columns, one against the other."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]


@dataclass(frozen=True)
class Section:
    """One （一）: its paragraphs, a table, paragraphs below it, then numbered items, each with a lead."""

    title: str
    paragraphs: Sequence[str] = ()
    table: Table | None = None
    below: Sequence[str] = ()
    items: Sequence[tuple[str, str]] = field(default_factory=tuple)
