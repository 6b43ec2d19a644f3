"""Questions to the published marts: read-only, with no way to a file or a network."""

import datetime as dt
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from flows.publish.answers import Format, Row, width, written
from flows.publish.quoting import text as quoted
from flows.said import Said, SaidError

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

# What is wrong, by the name that DuckDB gives it.
_WRONG = {
    "Parser": Said("语法有误", "syntax"),
    "Catalog": Said("没有这个名称", "no such name"),
    "Binder": Said("列名或类型不符", "columns or types"),
    "Conversion": Said("值无法转换", "a value cannot be converted"),
    "Permission": Said("只能读取公布的数据", "only the published marts can be read"),
    "Invalid Input": Said("只能读取公布的数据", "only the published marts can be read"),
}
_OTHERWISE = Said("无法计算", "it cannot be computed")
_QUOTED, _TOLD = (60, 40), 6  # columns of the line before and after the place; lines of DuckDB's explanation


class NoRelease(Exception):
    """Nothing has been published yet."""


class QueryError(SaidError):
    """A question that cannot be answered; the sentence quotes the line it stumbles over."""


@dataclass(frozen=True)
class Answer:
    """What was answered: the columns' names, whether they hold numbers, and the rows as they come."""

    names: list[str]
    is_number: list[bool]
    rows: Iterator[Row]


@dataclass(frozen=True)
class FailedNight:
    """A night that could not replace the release that stands: when it was, why, and which day's figures stand."""

    at: dt.datetime
    reason: str
    stands: dt.date


def connect(
    published_db: Path, warehouse: Path | None = None, *, errors_as_json: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open the published marts for reading and nothing else.

    Tables are found by their bare names and by `marts.`, `marts_zh.` and `meta.`: the file is attached as `published`,
    because under its own name `marts.` would be ambiguous (see flows/publish/build.py). With a warehouse, what was read
    is beside them as `warehouse.landing`. With `errors_as_json` DuckDB's errors tell the place (see `ask`).

    Raises
    ------
    NoRelease
        There is no such file.
    QueryError
        It cannot be opened.
    """
    if not published_db.is_file():
        raise NoRelease(str(published_db))
    con = duckdb.connect(config={**_CLOSED, "errors_as_json": errors_as_json})
    try:
        for name, file in (("published", published_db), ("warehouse", warehouse)):
            if file is not None:
                con.execute(f"attach {quoted(file)} as {name} (read_only)")
        con.execute("use published")
        con.execute("set enable_external_access = false; set lock_configuration = true")
    except duckdb.Error as error:
        con.close()
        raise QueryError(f"数据库无法打开：{error}", f"the database cannot be opened: {error}") from error
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
        See `flows.publish.answers.written`.

    Raises
    ------
    NoRelease
    QueryError
    """
    with connect(published_db, errors_as_json=True) as con, ask(con, sql) as answer:
        yield from written(answer.names, answer.is_number, answer.rows, form)


@contextmanager
def ask(con: duckdb.DuckDBPyConnection, sql: str) -> Iterator[Answer]:
    """Put a question, and explain what goes wrong while its rows are taken.

    Raises
    ------
    QueryError
        It is no question, or cannot be answered; with the line, where the connection has `errors_as_json`.
    """
    try:
        con.execute(sql)
        if not con.description:
            raise QueryError("没有查询语句", "there is no question in it")
        batches = iter(lambda: con.fetchmany(_BATCH), [])
        yield Answer(
            [str(column[0]) for column in con.description],
            [_NUMBER.fullmatch(str(column[1])) is not None for column in con.description],
            (row for batch in batches for row in batch),
        )
    except duckdb.Error as error:
        raise _explained(str(error), sql) from error
    except RuntimeError as error:
        if "interrupted" not in str(error):
            raise
        raise KeyboardInterrupt from error  # how DuckDB passes Ctrl-C on


def records(answer: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """The rows of an answer, each by the names of its columns."""
    names = [column[0] for column in answer.description or ()]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def failed_night(published_db: Path) -> FailedNight | None:
    """The night that failed after the release was published, as the manifest beside it says; None where none did."""
    try:
        said = json.loads(published_db.with_name("manifest.json").read_text("utf-8"))
        failure = said["failure"]
        return FailedNight(
            dt.datetime.fromisoformat(failure["at"]), failure["reason"], dt.date.fromisoformat(said["as_of"])
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


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
        There is no such table.
    NoRelease
    """
    with connect(published_db) as con:
        found = named(con, table)
    heads, part = _HEADS[lang]
    return f"""
        select
            column_name as "{heads[4]}",
            split_part(comment, ' | ', 1) as "{heads[1]}",
            data_type as "{heads[5]}",
            split_part(comment, ' | ', {part}) as "{heads[3]}"
        from duckdb_columns()
        where database_name = current_database() and schema_name = 'main' and table_name = {quoted(found)}
        order by column_index
    """


def named(con: duckdb.DuckDBPyConnection, table: str) -> str:
    """The bare name of a published table, which may be given as `marts.` and its name.

    Raises
    ------
    QueryError
        There is no such table; the sentence names those that are nearest to it.
    """
    bare = table.removeprefix("marts.")
    found = con.execute(
        "select table_name from duckdb_tables() where database_name = current_database() and schema_name = 'main' "
        "order by table_name = $table desc, jaro_winkler_similarity(table_name, $table) desc limit 4",
        {"table": bare},
    ).fetchall()
    if not found or found[0][0] != bare:
        near = ", ".join(name for (name,) in found)
        raise QueryError(f"没有表 {table}，相近的有：{near}", f"no table {table}; nearest: {near}")
    return bare


def _explained(said: str, sql: str) -> QueryError:
    """What DuckDB says of a question (`Parser Error: {…}`, or plain text), with the line where it stands."""
    try:
        told: dict[str, str] = json.loads(said.partition(": ")[2])
        message = told["exception_message"].rstrip().split("\n")
    except (ValueError, KeyError, TypeError):
        return QueryError(f"{_OTHERWISE.zh}：{said}", f"{_OTHERWISE.en}: {said}")
    wrong = _WRONG.get(told.get("exception_type", ""), _OTHERWISE)
    why = "\n".join(message[:_TOLD] + ["…"] * (len(message) > _TOLD))
    if "position" not in told:
        return QueryError(f"{wrong.zh}：{why}", f"{wrong.en}: {why}")
    number, shown = _line(sql, _before(sql, told))
    return QueryError(f"{wrong.zh}：{why}\n第{number}行：\n{shown}", f"{wrong.en}: {why}\nline {number}:\n{shown}")


def _before(sql: str, told: dict[str, str]) -> str:
    """The question up to the place of an error, told in bytes; the parser of DuckDB 1 alone counts characters."""
    position = int(told["position"])
    if told["exception_type"] == "Parser" and duckdb.__version__.startswith("1."):
        return sql[:position]
    return sql.encode()[:position].decode(errors="ignore")


def _line(sql: str, before: str) -> tuple[int, str]:
    """The number of the line that a place is in, and the line with a mark under the place."""
    start = before.rfind("\n") + 1
    first, last = max(start, len(before) - _QUOTED[0]), len(before) + _QUOTED[1]
    line = sql[start:].partition("\n")[0]
    shown = line[first - start : last - start].replace("\t", " ")
    return before.count("\n") + 1, f"  {shown}\n  {' ' * width(before[first:])}^"
