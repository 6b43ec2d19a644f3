"""What is told of a form and its fields: all that reading, checking and explaining them needs.

Apart from :mod:`schemas.form`, which makes these from pandera models, so that a process that only reads need not
import pandas and pandera.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from schemas.vocabulary import Vocabulary

if TYPE_CHECKING:
    import pandera.pandas as pa

Kind = Literal["text", "count", "decimal", "date", "code", "flag"]
Severity = Literal["error", "warn", "info"]


@dataclass(frozen=True)
class FieldInfo:
    """One field of a form, in the words of the people who fill it."""

    title: str
    kind: Kind
    aliases: tuple[str, ...] = ()
    description: str = ""
    required: bool = False
    vocabulary: Vocabulary | None = None
    # The dimension of schemas.vocabulary.units that the heading's unit belongs to, and the canonical unit's name.
    dimension: str | None = None
    # Decimal places that landing keeps of a decimal.
    scale: int = 6
    # A blank cell takes the value above it within its section.
    fill_down: bool = False
    # Where no column shows it, a section row, the title, the sheet's or the file's name may say it.
    from_context: bool = False
    # Where no column shows it, the printed heading of this field may say it (户籍 in 农村户籍人口).
    from_heading_of: str | None = None
    # Landing only: never in marts, logs or messages.
    is_personal: bool = False
    # Columns of this field repeat under groups of this closed list, and stay one row (people served, by mode).
    repeats_over: Vocabulary | None = None
    # A text with no digits-only shape: long digit strings stay text.
    is_identifier: bool = False

    @property
    def headings(self) -> tuple[str, ...]:
        """Every heading that names the field, the official one first."""
        return (self.title, *self.aliases)


@dataclass(frozen=True)
class FormInfo:
    """A form: its name, grain and how its sheets speak."""

    name: str
    title: str
    # The pandera model; a process that only reads is told of forms without it (`schemas.tell`).
    model: "type[pa.DataFrameModel]"
    grain: tuple[str, ...]
    # Words in titles, sheet and file names that suggest this form where headings alone leave a choice.
    title_words: tuple[str, ...]
    fields: Mapping[str, FieldInfo]
    # A field whose values may stand over groups of columns, a row each once read (sources, parameters, modes).
    spread: str | None = None
    # The fields that repeat under those groups.
    measures: tuple[str, ...] = ()
    # Printed rates that can be recomputed: heading → (numerator, denominator).
    rates: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    # Told by a town, or by the county for all its towns.
    level: Literal["town", "county"] = "town"
    # A group printed 0 throughout is no row where the record shows another group (forms.md, settled points).
    zero_is_none: bool = False
    # Rows of one object are rejected together: a water sample with all its parameters (marts.md, settled points).
    rejected_together: bool = False
    # Codes of `spread` that a blank template shows, where all of the list would be too many.
    shown: tuple[str, ...] = ()
    description: str = ""

    def required(self) -> list[str]:
        """Names of the required fields."""
        return [name for name, info in self.fields.items() if info.required]


FORMS: dict[str, FormInfo] = {}
