"""One column of a table as one field: what each of its cells says."""

import re
from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import lru_cache, partial
from typing import Any

from flows.ingest.grid import Uncached, Value
from flows.ingest.headings import Meaning
from flows.ingest.recognise import Column
from flows.ingest.values import Number, Unread, day, is_none, number, printed, scaled
from schemas import forms
from schemas.info import FieldInfo

# What a number format, or the column's unit, says together with the figure.
_SAID_BESIDE = ("rate", "concentration")
_OF_WHICH = re.compile(r"^其中[：:]?")
# Whole numbers up to here are taken as they are; what is larger is looked at (`values.MOST_DIGITS`).
_MOST = 10**15
_MOST_READINGS = 20_000

# A cell's value, its printed text where that reads otherwise, and whether it is unread.
Reading = tuple[Any, str | None, bool]
_BLANK: Reading = (None, None, False)


class _Readings(dict[Value, Reading]):
    """What cells of one type have said so far."""

    def __init__(self, read: Callable[[Value], Reading]) -> None:
        super().__init__({None: _BLANK})
        self._read = read

    def __missing__(self, value: Value) -> Reading:
        if len(self) > _MOST_READINGS:
            self.clear()
            self[None] = _BLANK
        said = self[value] = self._read(value)
        return said


class _ByType(dict[type, _Readings]):
    """Readings by the type of the cell: ``1``, ``1.0`` and ``True`` are equal and not the same."""

    def __init__(self, read: Callable[[Value], Reading]) -> None:
        super().__init__()
        self._read = read

    def __missing__(self, kind: type) -> _Readings:
        found = self[kind] = _Readings(self._read)
        return found


@lru_cache(maxsize=500)
def _readings(form: str, field: str, factor: Decimal, year: int | None) -> _ByType:
    """What cells of a field have said so far, in whatever file: towns repeat themselves."""
    return _ByType(partial(_reading_of, forms()[form].fields[field], factor, year))


class Slot:
    """One column as one field.

    Attributes
    ----------
    name
        Of the field; of one that repeats over groups ``code.field``.
    is_plain
        Whether a cell alone tells its value: no tick, no part of a date, no two fields in one heading.
    """

    __slots__ = ("_readings", "column", "factor", "index", "info", "is_plain", "meaning", "name", "year")

    def __init__(
        self, form: str, name: str, column: Column, meaning: Meaning, info: FieldInfo, factor: Decimal, year: int | None
    ) -> None:
        self.name, self.column, self.meaning, self.info = name, column, meaning, info
        self.index, self.factor, self.year = column.index, factor, year
        is_alone = not (meaning.tick or meaning.part) and len(column.meanings) == 1
        self.is_plain = is_alone and info.dimension not in _SAID_BESIDE
        self._readings = _readings(form, meaning.field, factor, year)

    def is_read_alone(self, kinds: set[type]) -> bool:
        """Whether cells of these types tell their values, each alone; a formula asks others."""
        return self.is_plain and Uncached not in kinds

    def readings(self, cells: Sequence[Value], kinds: set[type]) -> list[Reading]:
        """What cells say that are read alone."""
        kinds = kinds - {type(None)}
        if len(kinds) < 2:
            return list(map(self._readings[kinds.pop() if kinds else str].__getitem__, cells))
        return [self._readings[value.__class__][value] for value in cells]

    def reading(self, value: Value, *, is_percent: bool = False) -> Reading:
        """What a cell says; `is_percent` of a number shown as a percentage."""
        factor = Decimal(1) if self.info.dimension == "rate" and is_percent else self.factor
        return _reading_of(self.info, factor, self.year, value)


def _reading_of(info: FieldInfo, factor: Decimal, year: int | None, value: Value) -> Reading:
    is_whole = value.__class__ is int and info.kind == "count" and factor == 1
    if is_whole and isinstance(value, int) and 0 <= value < _MOST:
        return value, None, False
    return reading(_read(info, factor, year, value), value)


def _read(info: FieldInfo, factor: Decimal, year: int | None, value: Value) -> Any:
    """One cell as its field's kind reads it."""
    match info.kind:
        case "text":
            return _words(value)
        case "code" | "flag":
            return _code(value, info)
        case "date":
            return day(value, year)
    figure = number(value)
    if not isinstance(figure, Number):
        return figure
    if figure.dimension not in (None, info.dimension):
        return Unread(printed(value))
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
