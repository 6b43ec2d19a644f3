"""What a form is: a pandera model whose fields carry all that reading, checking and explaining them needs.

A form is described once and nowhere else: header matching, unit conversion, validation, messages, the data
dictionary and the blank template all read these descriptions.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

import pandas as pd
import pandera.pandas as pa

from schemas.vocabulary import Vocabulary

Kind = Literal["text", "count", "decimal", "date", "code", "flag"]
DTYPES: dict[Kind, Any] = {
    "text": pd.StringDtype(),
    # Counts are validated as numbers that may be fractional (R02 says so), and landed as integers.
    "count": pd.Float64Dtype(),
    "decimal": "object",
    "date": "datetime64[s]",
    "code": pd.StringDtype(),
    "flag": pd.BooleanDtype(),
}


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
    model: type[pa.DataFrameModel]
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
Model = TypeVar("Model", bound=type[pa.DataFrameModel])


def _column(kind: Kind, title: str, aliases: str, **info: Any) -> Any:
    description = info.get("description", "")
    # Aliases are written as one text of words: lists of hundreds stay readable.
    details = FieldInfo(title=title, kind=kind, aliases=tuple(aliases.split()), **info)
    # Seconds reach every year that a slip of the pen can print; nanoseconds end in 2262.
    unit = {"unit": "s"} if kind == "date" else None
    # `nullable` of a required field is the rule R01.
    nullable = not details.required
    return pa.Field(
        nullable=nullable, title=title, description=description, metadata={"info": details}, dtype_kwargs=unit
    )


def text(title: str, aliases: str = "", **info: Any) -> Any:
    """A field of words."""
    return _column("text", title, aliases, **info)


def count(title: str, aliases: str = "", **info: Any) -> Any:
    """A whole number of persons, households, villages."""
    return _column("count", title, aliases, **info)


def decimal(title: str, aliases: str = "", **info: Any) -> Any:
    """An exact number: money in yuan, kilometres, a rate 0–1, a concentration."""
    return _column("decimal", title, aliases, **info)


def date(title: str, aliases: str = "", **info: Any) -> Any:
    """A day."""
    return _column("date", title, aliases, **info)


def code(title: str, aliases: str = "", **info: Any) -> Any:
    """A code of a closed list."""
    return _column("code", title, aliases, **info)


def flag(title: str, aliases: str = "", **info: Any) -> Any:
    """Yes or no."""
    return _column("flag", title, aliases, **info)


def row_rule(rule: str, shown_at: str) -> Callable[[Callable[..., Any]], Any]:
    """A condition over whole rows: the rule that it is, and the field whose cell an issue points at."""
    return _named(f"{rule}:{shown_at}", pa.dataframe_check)


def value_rule(rule: str, *fields: str) -> Callable[[Callable[..., Any]], Any]:
    """A condition on each value of the fields."""
    return _named(rule, pa.check(*fields))


def _named(name: str, check: Callable[..., Any]) -> Callable[[Callable[..., Any]], Any]:
    # pandera forgets a check's `name=` on the second schema it builds (a subclass, another thread), never the
    # function's own.
    def decorate(condition: Callable[..., Any]) -> Any:
        condition.__name__ = name
        return check(condition)

    return decorate


def form(
    name: str, title: str, *, grain: tuple[str, ...], title_words: tuple[str, ...], **options: Any
) -> Callable[[Model], Model]:
    """Register a pandera model as a form.

    Parameters
    ----------
    name, title : str
        The form's code and its Chinese name.
    grain : tuple of str
        The fields that identify a row within one report.
    title_words : tuple of str
        Words that suggest the form in titles and names.
    **options
        The further fields of :class:`FormInfo`.
    """

    def register(model: Model) -> Model:
        columns = model.to_schema().columns
        fields = {column: schema.metadata["info"] for column, schema in columns.items() if schema.metadata}
        FORMS[name] = FormInfo(
            name, title, model, grain, title_words, fields, description=(model.__doc__ or "").strip(), **options
        )
        return model

    return register
