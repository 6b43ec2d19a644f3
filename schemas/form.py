"""What a form is: a pandera model whose fields carry all that reading, checking and explaining them needs.

A form is described once and nowhere else: header matching, unit conversion, validation, messages, the data
dictionary and the blank template all read these descriptions.
"""

from collections.abc import Callable
from typing import Any, TypeVar

import pandera.pandas as pa

from schemas.info import FORMS, FieldInfo, FormInfo, Kind

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
