"""One column of a table as one field: what each of its cells says."""

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from typing import Any

from flows.ingest.grid import Uncached, Value
from flows.ingest.headings import Meaning
from flows.ingest.recognise import Column
from flows.ingest.values import Number, Unread, day, is_none, number, printed, scaled
from schemas.info import FieldInfo

# What a number format, or the column's unit, says together with the figure.
_SAID_BESIDE = ("rate", "concentration")
_OF_WHICH = re.compile(r"^其中[：:]?")
# Whole numbers up to here are taken as they are; what is larger is looked at (`values.MOST_DIGITS`).
MOST = 10**15
_MOST_READINGS = 20_000

# A cell's value, its printed text where that reads otherwise, and whether it is unread.
Reading = tuple[Any, str | None, bool]


@lru_cache(maxsize=500)
def _readings(form: str, field: str, factor: Decimal, year: int | None) -> dict[tuple[type, Any], Reading]:
    """What cells of a field have said so far, in whatever file: towns repeat themselves."""
    return {}


class Slot:
    """One column as one field.

    Attributes
    ----------
    name
        Of the field; of one that repeats over groups ``code.field``.
    is_plain
        Whether a cell alone tells its value: no tick, no part of a date, no two fields in one heading.
    readings
        (type, value) of cells → what they say; of a column that is not plain none are kept.
    itself
        The type of cell that is its own value: a date, a whole number in the canonical unit.
    """

    __slots__ = ("column", "factor", "index", "info", "is_plain", "itself", "meaning", "name", "readings", "year")

    def __init__(
        self, form: str, name: str, column: Column, meaning: Meaning, info: FieldInfo, factor: Decimal, year: int | None
    ) -> None:
        self.name, self.column, self.meaning, self.info = name, column, meaning, info
        self.index, self.factor, self.year = column.index, factor, year
        is_alone = not (meaning.tick or meaning.part) and len(column.meanings) == 1
        self.is_plain = is_alone and info.dimension not in _SAID_BESIDE
        self.readings = _readings(form, meaning.field, factor, year) if self.is_plain else {}
        self.itself: type | None = None
        if self.is_plain and not info.fill_down:
            is_whole = info.kind == "count" and factor == 1
            self.itself = int if is_whole else dt.date if info.kind == "date" else None

    def first_reading(self, value: Value) -> Reading:
        """What a cell of a plain column says that was not met before."""
        if len(self.readings) > _MOST_READINGS:
            self.readings.clear()
        said = self.readings[value.__class__, value] = self.reading(value)
        return said

    def reading(self, value: Value, *, is_percent: bool = False) -> Reading:
        """What a cell says; `is_percent` of a number shown as a percentage."""
        return reading(self._read(value, is_percent), value)

    def _read(self, value: Value, is_percent: bool) -> Any:
        """One cell as its field's kind reads it."""
        info = self.info
        match info.kind:
            case "text":
                return _words(value)
            case "code" | "flag":
                return _code(value, info)
            case "date":
                return day(value, self.year)
        figure = number(value)
        if not isinstance(figure, Number):
            return figure
        if figure.dimension not in (None, info.dimension):
            return Unread(printed(value))
        factor = Decimal(1) if info.dimension == "rate" and is_percent else self.factor
        exact = scaled(figure, factor, info.scale if info.kind == "decimal" else None)
        return Unread(printed(value)) if exact is None else exact


def reading(read: Any, value: Value) -> Reading:
    """What was read from a cell, with its printed text where that reads otherwise."""
    if isinstance(read, Unread):
        return None, read.printed, True
    if read is None:
        return None, None, False
    text = printed(value)
    return read, text if text != printed(read) else None, False


def _words(value: Value) -> str | Unread | None:
    if is_none(value):
        return None
    text = printed(value)
    return (
        Unread(text)
        if isinstance(value, Uncached) or (text.startswith("#") and text.endswith(("!", "?", "/A")))
        else text
    )


def _code(value: Value, info: FieldInfo) -> Any:
    text = printed(value)
    # 其中：专项债券 is 专项债券.
    code = info.vocabulary.lookup(_OF_WHICH.sub("", text)) if info.vocabulary and text else None
    if code is None:
        return None if is_none(value) else Unread(text)
    return code == "yes" if info.kind == "flag" else code
