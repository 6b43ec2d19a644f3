"""CSV files that people open with Excel or WPS: nothing in them is computed, and no code loses its digits.

What towns wrote stands in them, and a spreadsheet takes a text for what it looks like: `=HYPERLINK(…)` for a formula,
`449901101001` for 4.499E+11, `3-5` for a day in March. Programs get the same answers untouched from
`flows.publish.query` and from Parquet.
"""

import datetime as dt
import re
from collections.abc import Sequence
from contextlib import suppress
from decimal import Decimal
from pathlib import Path
from typing import Any

from flows.durable import move
from flows.publish.answers import csv_lines, plain
from flows.publish.query import Answer, ask, connect, named
from flows.publish.quoting import name as quoted_name

# Rows that a sheet can show beneath a heading.
MOST_ROWS = 2**20 - 1
# OWASP, CSV Injection: what starts with one of these may be run as a formula, after blanks too; full-width signs are
# taken for their narrow forms. A single quote before it makes it a text.
_FORMULA = re.compile(r"[\s\0]*[=+\-@＝＋－＠]|[\t\r\n\0]")
# Digits alone and dates are taken for numbers: shown with 12 digits as 4.499E+11, without leading zeros, as a day. A
# tab before them makes them texts, is not seen, and stays when the file is saved again.
_NUMBER_LIKE = re.compile(r"\s*\d[\d\s.,:/eE%年月日时分秒-]*")
_HARMLESS = re.compile(r"0|[1-9]\d{0,10}")
_NUMBERS = (bool, int, float, Decimal, dt.date, dt.time)


def save(published_db: Path, sql: str, file: Path) -> int:
    """Answer a question in a file for Excel and WPS, and return its number of rows.

    Parameters
    ----------
    published_db
        The published database.
    sql
        One statement, or several of which the last one answers.
    file
        Written whole or not at all: UTF-8 with a byte order mark, RFC 4180.

    Raises
    ------
    flows.publish.query.NoRelease
    flows.publish.query.QueryError
    OSError
        The file cannot be written, or another program holds it open.
    """
    with connect(published_db, errors_as_json=True) as con, ask(con, sql) as answer:
        return _save(answer, file)


def save_tables(published_db: Path, folder: Path, tables: Sequence[str], lang: str) -> dict[Path, int]:
    """Write published tables, all of one release, into a folder; in Chinese under the labels of their columns.

    Parameters
    ----------
    published_db
        The published database.
    folder
        Where to write `<table>.csv`, see `save`; made where there is none.
    tables
        Names of tables; all of them where none is named.
    lang
        `zh`: headings are Chinese labels; `en`: the columns' names.

    Returns
    -------
    dict
        Each file with its number of rows.

    Raises
    ------
    flows.publish.query.NoRelease
    flows.publish.query.QueryError
        There is no such table; nothing was written.
    OSError
        A file cannot be written; those before it are.
    """
    schema, done = "marts_zh" if lang == "zh" else "main", {}
    with connect(published_db) as con:
        wanted = [named(con, table) for table in tables] or [
            table for (table,) in con.execute("select table_name from meta.table_rows order by 1").fetchall()
        ]
        folder.mkdir(parents=True, exist_ok=True)
        for table in wanted:
            with ask(con, f"from {schema}.{quoted_name(table)}") as answer:
                file = folder / f"{table}.csv"
                done[file] = _save(answer, file)
    return done


def cell(value: Any) -> str:
    """Write a value so that a spreadsheet shows it as it is: numbers and dates untouched, texts as texts."""
    text = plain(value)
    if isinstance(value, _NUMBERS):
        return text
    if _FORMULA.match(text):
        return f"'{text}"
    if _NUMBER_LIKE.fullmatch(text) and not _HARMLESS.fullmatch(text):
        return f"\t{text}"
    return text


def _save(answer: Answer, file: Path) -> int:
    beside, rows = file.with_name(f".{file.name}.part"), -1
    try:
        with beside.open("w", encoding="utf-8-sig", newline="") as out:
            for line in csv_lines(answer.names, answer.rows, cell, "\r\n"):
                out.write(line)
                rows += 1
        move(beside, file)
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(file)) from error
    finally:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
    return rows
