"""A nation's villages into PostgreSQL: what publishing costs beside COPY from a CSV file, in the same run.

Run it where PostgreSQL's server is installed: `uv run pytest -m bench tests/bench/test_postgres.py -s`.
"""

import time
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest

from flows.publish.postgres import publish
from tests.postgres.conftest import Server, server  # noqa: F401

pytestmark = pytest.mark.bench

ROWS, MOST_COPIES = 2_600_000, 1.5
VILLAGES = f"""
    select
        date '2021-08-20' as report_date,
        (100000 + i % 2800)::varchar as county_code,
        (100000000 + i % 41000)::varchar as town_code,
        (100000000000000 + i)::varchar as village_code,
        ['cross_county', 'county_plant', 'town_plant', 'small_scheme'][1 + i % 4] as supply_mode,
        {", ".join(f"(i * {n} % 3000)::bigint as count_{n}" for n in range(1, 11))},
        {", ".join(f"(i * {n} % 900000 / 100)::decimal(18, 2) as money_{n}" for n in range(1, 8))},
        {", ".join(f"date '2021-01-01' + (i * {n} % 365)::integer as day_{n}" for n in range(1, 5))},
        i % 3 = 0 as is_completed,
        '第' || i || '号自然村' as village,
        'raw/2021-08-20/' || i % 41000 || '.xlsx' as source_file,
        i % 400 as source_row
    from range({ROWS}) as r (i)
"""


def timed(step: Callable[[], object]) -> float:
    started = time.perf_counter()
    step()
    return time.perf_counter() - started


def test_a_nation_is_published_nearly_as_fast_as_it_is_copied(server: Server, tmp_path: Path) -> None:  # noqa: F811
    csv = server.folder / "villages.csv"
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as con:
        con.execute(
            "create schema meta; create table meta.table_key (table_name varchar, position bigint, column_name varchar)"
        )
        con.execute("insert into meta.table_key values ('fct_villages', 1, 'village_code')")
        con.execute(f"create table fct_villages as {VILLAGES}")
        columns = len(con.execute("describe fct_villages").fetchall())
        con.execute(f"copy fct_villages to '{csv}' (header)")
        csv.chmod(0o644)
        first = timed(lambda: publish(con, server.url(), {}))
        again = timed(lambda: publish(con, server.url(), {}))
    definition = "create table copied (like marts.fct_villages)"
    copied = timed(
        lambda: (
            server.run(definition),
            server.run(f"copy copied from '{csv}' (format csv, header)"),
            server.run("create unique index on copied (village_code)"),
            server.run("create index on copied (report_date)"),
            server.run("create index on copied (town_code)"),
            server.run("vacuum (analyze) copied"),
        )
    )
    bare = timed(lambda: (server.run("truncate copied"), server.run(f"copy copied from '{csv}' (format csv, header)")))
    print(f"\n{ROWS:,} rows x {columns} columns")
    print(
        f"publish {first:.1f} s, again {again:.1f} s; COPY with the same indexes {copied:.1f} s, into them {bare:.1f} s"
    )
    print(f"publish / COPY {first / copied:.2f}, again / COPY {again / copied:.2f}")
    assert columns >= 30 - 1
    assert first / copied <= MOST_COPIES
