"""Rows of the published marts as the page's JSON can hold them."""

import datetime as dt
from decimal import Decimal
from typing import Any

import duckdb


def read_rows(con: duckdb.DuckDBPyConnection, sql: str) -> list[dict[str, Any]]:
    """Return what a question answers, a dictionary for each row."""
    answer = con.execute(sql)
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def plain(value: Any) -> Any:
    """Return what JSON can hold, exactly: dates ISO, decimals as text."""
    match value:
        case dict():
            return {name: plain(inner) for name, inner in value.items()}
        case Decimal():
            return format(value, "f")
        case dt.date():
            return value.isoformat()
    return value
