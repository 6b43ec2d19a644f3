"""The published marts of the sample county, to be asked, and a copy of them to be changed."""

from collections.abc import Iterator

import duckdb
import pytest

from flows.publish.query import connect
from tests.conftest import County


@pytest.fixture(scope="module")
def con(county: County) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(county.published / "marts.duckdb") as con:
        yield con


@pytest.fixture
def changed(con: duckdb.DuckDBPyConnection, county: County) -> Iterator[duckdb.DuckDBPyConnection]:
    """A copy of the marts that may be changed."""
    place = str(county.published / "marts.duckdb").replace("'", "''")
    with duckdb.connect() as copy:
        copy.execute(f"attach '{place}' as published (read_only)")
        tables = con.execute("select table_name from information_schema.tables where table_schema = 'main'").fetchall()
        for (table,) in tables:
            copy.execute(f"create table {table} as from published.{table}")
        yield copy
