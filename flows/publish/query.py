"""Questions to the published marts: read-only, with no way to a file or a network, answered as table, csv or json."""

import csv
import io
import json
import math
import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal

import duckdb

from flows.publish.quoting import text as quoted

Format = Literal["table", "csv", "json"]
Row = tuple[Any, ...]

_BATCH = 10_000
# What DuckDB does beyond reading the database it was given, all of it off.
_CLOSED: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
    "python_enable_replacements": False,  # else a table name could mean a variable of this program
}
_NUMBER = re.compile(r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|FLOAT|DOUBLE|DECIMAL.*")

# Headings of the lists of tables and columns, and which part of a comment (标签 | 中文 | English) tells the meaning.
_HEADS = {
    "zh": (("表", "名称", "行数", "说明", "列", "类型"), 2),
    "en": (("table", "label", "rows", "meaning", "column", "type"), 3),
}
_ONE_LINE = str.maketrans({"\n": "⏎", "\r": None, "\t": " "})


class NoRelease(Exception):
    """Nothing has been published yet."""


class QueryError(Exception):
    """A question that cannot be answered; the message quotes the line it stumbles over."""


def connect(published_db: Path, warehouse: Path | None = None) -> duckdb.DuckDBPyConnection:
    """Open the published marts for reading and nothing else.

    Tables are found by their bare names and by `marts.`, `marts_zh.` and `meta.`: the file is attached as `published`,
    because under its own name `marts.` would be ambiguous (see flows/publish/build.py). With a warehouse, what was read
    is beside them as `warehouse.landing`.

    Raises
    ------
    NoRelease
        There is no such file.
    QueryError
        It cannot be opened.
    """
    if not published_db.is_file():
        raise NoRelease(str(published_db))
    con = duckdb.connect(config=_CLOSED)
    try:
        for name, file in (("published", published_db), ("warehouse", warehouse)):
            if file is not None:
                con.execute(f"attach {quoted(file)} as {name} (read_only)")
        con.execute("use published")
        con.execute("set enable_external_access = false; set lock_configuration = true")
    except duckdb.Error as error:
        con.close()
        raise QueryError(str(error)) from error
    return con


def query(published_db: Path, sql: str, form: Format = "table") -> Iterator[str]:
    """Answer a question, in pieces of text that end with a line's end.

    Parameters
    ----------
    published_db
        The published database.
    sql
        One statement, or several of which the last one answers.
    form
        `table`: aligned columns, wide characters counted as two; `csv`: RFC 4180 with a heading; `json`: one list of
        objects, an object a line. In csv and json numbers are exact, dates ISO, and null is empty or null.

    Raises
    ------
    NoRelease
    QueryError
    """
    with connect(published_db) as con:
        try:
            con.execute(sql)
            if not con.description:
                raise QueryError("there is no question in it")
            names = [str(column[0]) for column in con.description]
            is_number = [_NUMBER.fullmatch(str(column[1])) is not None for column in con.description]
            batches = iter(lambda: con.fetchmany(_BATCH), [])
            yield from written(names, is_number, (row for batch in batches for row in batch), form)
        except duckdb.Error as error:
            raise QueryError(str(error)) from error
        except RuntimeError as error:
            if "interrupted" not in str(error):
                raise
            raise KeyboardInterrupt from error  # how DuckDB passes Ctrl-C on


def records(answer: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rows of an answer, each by the names of its columns."""
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def tables_of(lang: str) -> str:
    """The question that lists the tables: name, Chinese label, rows, and what a row is."""
    heads, part = _HEADS[lang]
    return f"""
        select
            tables.table_name as "{heads[0]}",
            split_part(tables.comment, ' | ', 1) as "{heads[1]}",
            counted."rows" as "{heads[2]}",
            split_part(tables.comment, ' | ', {part}) as "{heads[3]}"
        from duckdb_tables() as tables
        left join meta.table_rows as counted using (table_name)
        where tables.database_name = current_database() and tables.schema_name = 'main'
        order by 1
    """


def columns_of(published_db: Path, table: str, lang: str) -> str:
    """The question that lists a table's columns: name, Chinese label, type, definition.

    Raises
    ------
    QueryError
        There is no such table; the message names those that are nearest to it.
    NoRelease
    """
    with connect(published_db) as con:
        found = con.execute(
            "select table_name from duckdb_tables() where database_name = current_database() and schema_name = 'main' "
            "order by table_name = $table desc, jaro_winkler_similarity(table_name, $table) desc limit 4",
            {"table": table.removeprefix("marts.")},
        ).fetchall()
    if not found or found[0][0] != table.removeprefix("marts."):
        near = ", ".join(name for (name,) in found)
        raise QueryError(f"没有表 {table}，相近的有：{near}" if lang == "zh" else f"no table {table}; nearest: {near}")
    heads, part = _HEADS[lang]
    return f"""
        select
            column_name as "{heads[4]}",
            split_part(comment, ' | ', 1) as "{heads[1]}",
            data_type as "{heads[5]}",
            split_part(comment, ' | ', {part}) as "{heads[3]}"
        from duckdb_columns()
        where database_name = current_database() and schema_name = 'main' and table_name = '{found[0][0]}'
        order by column_index
    """


def written(names: Sequence[str], is_number: Sequence[bool], rows: Iterator[Row], form: Format) -> Iterator[str]:
    """Write rows as table, csv or json, in pieces of text that end with a line's end."""
    if form == "table":
        yield from _table(names, is_number, list(rows))
    else:
        yield from {"csv": _csv, "json": _json}[form](names, rows)


def _text(value: Any) -> str:
    """Write a value as DuckDB's own shell does."""
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


def _csv(names: Sequence[str], rows: Iterator[Row]) -> Iterator[str]:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(names)
    for row in rows:
        yield _taken(buffer)
        writer.writerow([_text(value) for value in row])
    yield _taken(buffer)


def _taken(buffer: io.StringIO) -> str:
    text = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return text


def _json(names: Sequence[str], rows: Iterator[Row]) -> Iterator[str]:
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
    return json.dumps(value, ensure_ascii=False, default=_text)


def _table(names: Sequence[str], is_number: Sequence[bool], rows: Sequence[Row]) -> Iterator[str]:
    lines = [list(names), *([_text(value).translate(_ONE_LINE) for value in row] for row in rows)]
    widths = [max(map(_width, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["─" * width for width in widths])
    for line in lines:
        cells = (_padded(*cell) for cell in zip(line, widths, is_number, strict=True))
        yield "  ".join(cells).rstrip() + "\n"


def _width(text: str) -> int:
    """How many columns of a terminal a text takes: wide characters two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 1 + (unicodedata.east_asian_width(character) in "WF")
        for character in text
    )


def _padded(text: str, width: int, is_number: bool) -> str:
    blanks = " " * (width - _width(text))
    return blanks + text if is_number else text + blanks
