"""Releases follow one another while others read: nobody meets an error, and nobody sees half of one."""

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from flows.publish.release import Run, publish

pytestmark = pytest.mark.pipeline

RELEASES, READERS = 50, 3
NIGHT = dt.datetime(2021, 8, 21, 2, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))

# Opens the file anew for each look, or keeps it open and looks twice: facts, views and meta must be of one release.
READER = """
import json, pathlib, sys, time
from flows.publish.query import connect
file, stop = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
look = '''
    select
        (select list(distinct release order by release) from fct_a),
        (select list(distinct release order by release) from marts.fct_b),
        (select list(distinct 发布 order by 发布) from marts_zh.fct_a),
        (select cast(run_id as bigint) from meta.release),
        (select count(*) from fct_a) = (select "rows" from meta.table_rows where table_name = 'fct_a')
'''
looks, releases, bad = 0, set(), []
while not stop.exists():
    with connect(file) as con:
        for _ in range(2):
            a, b, zh, run, is_counted = con.execute(look).fetchone()
            looks += 1
            releases.add(run)
            if not (a == b == zh == [run] and is_counted):
                bad.append([a, b, zh, run, is_counted])
    time.sleep(0.02)  # leave the machine to the publisher
print(json.dumps({"looks": looks, "releases": len(releases), "bad": bad}))
"""


def make(warehouse: Path, number: int) -> None:
    """A warehouse of which every row of either fact says the number, and has as many rows more."""
    with duckdb.connect(warehouse) as con:
        con.execute("create schema if not exists marts")
        for table in ("fct_a", "fct_b"):
            con.execute(
                f"create or replace table marts.{table} as "
                f"select i as no, {number}::bigint as release, repeat('水', 40) as words "
                f"from range({3000 + number}) as r (i)"
            )
            con.execute(f"comment on column marts.{table}.release is '发布 | 第几次 | number of the release'")


def test_readers_see_whole_releases_only(tmp_path: Path) -> None:
    warehouse, published, stop = tmp_path / "仓库.duckdb", tmp_path / "公布", tmp_path / "stop"

    def release(number: int) -> None:
        make(warehouse, number)
        at = NIGHT + dt.timedelta(days=number)
        publish(warehouse, published, Run(str(number), at.date(), at, "1"))

    release(0)
    command = [sys.executable, "-c", READER, str(published / "marts.duckdb"), str(stop)]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) for _ in range(READERS)]
    try:
        for number in range(1, RELEASES + 1):
            release(number)
    finally:
        stop.touch()
    for reader in readers:
        out, err = reader.communicate(timeout=60)
        assert reader.returncode == 0, err.decode()
        seen = json.loads(out)
        assert seen["bad"] == []
        assert seen["looks"] > RELEASES and seen["releases"] > 5
        print(seen)
