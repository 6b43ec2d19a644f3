"""Answers as text: an aligned table for a terminal, csv and json for programs."""

import csv
import io
import json
import math
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any, Literal

Format = Literal["table", "csv", "json"]
Row = tuple[Any, ...]

_ONE_LINE = str.maketrans({"\n": "⏎", "\r": None, "\t": " "})
# What steers a terminal, or turns the direction of its text round.
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


def written(names: Sequence[str], is_number: Sequence[bool], rows: Iterable[Row], form: Format) -> Iterator[str]:
    """Write rows as table, csv or json, in pieces of text that end with a line's end.

    Parameters
    ----------
    names, is_number
        Of the columns: their names, and whether they hold numbers, which a table aligns to the right.
    rows
        The rows, a value a column.
    form
        `table`: aligned columns, wide characters counted as two; `csv`: RFC 4180 with a heading; `json`: one list of
        objects, an object a line. In csv and json numbers are exact, dates ISO, and null is empty or null.
    """
    match form:
        case "table":
            yield from _table(names, is_number, list(rows))
        case "csv":
            yield from csv_lines(names, rows)
        case "json":
            yield from _json(names, rows)


def plain(value: Any) -> str:
    """Write a value as DuckDB's own shell does; null is empty."""
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case Decimal():
            return format(value, "f")
        case datetime():
            return value.isoformat(" ")
        case date() | time():
            return value.isoformat()
        case bytes():
            return value.hex()
        case _:
            return str(value)


def csv_lines(
    names: Sequence[str], rows: Iterable[Row], cell: Callable[[Any], str] = plain, line_end: str = "\n"
) -> Iterator[str]:
    """Write a heading and rows as RFC 4180 has it, a record a piece; `cell` writes one value."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator=line_end)
    writer.writerow(map(cell, names))
    for row in rows:
        yield _taken(buffer)
        writer.writerow(map(cell, row))
    yield _taken(buffer)


def width(text: str) -> int:
    """How many columns of a terminal a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _json(names: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    keys = [json.dumps(name, ensure_ascii=False) for name in names]
    before = "["
    for row in rows:
        yield (
            before + "{" + ", ".join(f"{key}: {_json_value(value)}" for key, value in zip(keys, row, strict=True)) + "}"
        )
        before = ",\n "
    yield "[]\n" if before == "[" else "]\n"


def _json_value(value: Any) -> str:
    if isinstance(value, Decimal):
        return format(value, "f")  # exact: a float would not be
    if isinstance(value, float) and not math.isfinite(value):
        return "null"  # JSON knows no infinity
    return json.dumps(value, ensure_ascii=False, default=plain)


def _table(names: Sequence[str], is_number: Sequence[bool], rows: Sequence[Row]) -> Iterator[str]:
    lines = [[_CONTROLS.sub("�", plain(value).translate(_ONE_LINE)) for value in row] for row in (names, *rows)]
    widths = [max(map(width, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["─" * wide for wide in widths])
    for line in lines:
        cells = (_padded(*cell) for cell in zip(line, widths, is_number, strict=True))
        yield "  ".join(cells).rstrip() + "\n"


def _padded(text: str, wide: int, is_number: bool) -> str:
    blanks = " " * (wide - width(text))
    return blanks + text if is_number else text + blanks
