"""What sections of the bulletin are made of."""

from collections.abc import Sequence
from dataclasses import dataclass

from flows.report.prose import Prose, Shown

UNKNOWN = "未报"


@dataclass(frozen=True)
class Text:
    """A paragraph, with what is printed before it in bold."""

    text: str
    lead: str = ""


@dataclass(frozen=True)
class Table:
    """A ruled table."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]


Block = Text | Table


def told(prose: Prose, shown: Shown) -> str:
    """Return a figure, noted, or 未报 where it is unknown."""
    return prose.cite(shown) if shown.printed is not None else UNKNOWN


def listed(parts: Sequence[str], most: int, mark: str = "、") -> str:
    """Join the first of some parts; 等 tells that there are more."""
    return mark.join(parts[:most]) + ("等" if len(parts) > most else "")
