"""The same night on Spark and on DuckDB: every row of every table is the same.

The inbox is the sample county. `SPARK_TOWNS=1000 uv run --extra spark pytest -m spark -n 0 -s -k on_a_cluster` takes so
many towns of `make_towns.py` instead (tests/bench/test_towns.py says where that is sought). With `-s` each run says
what it took.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from flows.publish.build import DATABASE
from tests.bench.test_towns import MAKE_TOWNS, ROOT
from tests.spark.cluster import Cluster, cluster, environment, wait_until

pytestmark = pytest.mark.spark

TOWNS = os.environ.get("SPARK_TOWNS")
# Landing counts issues in the order in which they are judged; a night notes when it was, and its number.
_RUN = {"run_id", "published_at"}
_LEFT_OUT = {"landing": {"issue_no", "first_seen_at"}, "main": set[str](), "meta": _RUN, "history": _RUN}


@pytest.fixture(scope="module")
def raw(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not TOWNS:
        return ROOT / "raw"
    folder = tmp_path_factory.mktemp("towns")
    command = [sys.executable, str(MAKE_TOWNS), "--towns", TOWNS, "--out", str(folder)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return folder / "raw"


@pytest.fixture(scope="module")
def on_duckdb(raw: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("duckdb")
    _finish(_start(raw, folder, environment(folder)))
    return folder


@pytest.fixture
def two_workers(tmp_path: Path):
    with cluster(tmp_path) as started:
        yield started


def test_every_table_is_the_same_on_this_machine(raw: Path, on_duckdb: Path, tmp_path: Path):
    _finish(_start(raw, tmp_path, environment(tmp_path), "--engine", "spark", "--master", "local[2]"))
    assert differences(on_duckdb, tmp_path) == []


def test_every_table_is_the_same_on_a_cluster(raw: Path, on_duckdb: Path, two_workers: Cluster, tmp_path: Path):
    _finish(_start(raw, tmp_path, two_workers.environment, "--engine", "spark", "--master", two_workers.master))
    assert differences(on_duckdb, tmp_path) == []


@pytest.mark.parametrize("step", ["work/spark/readings/_temporary", "work/spark/lines/_temporary", "tables/marts.db"])
def test_a_worker_that_dies_costs_nothing_but_time(
    raw: Path, on_duckdb: Path, two_workers: Cluster, tmp_path: Path, step: str
):
    run = _start(raw, tmp_path, two_workers.environment, "--engine", "spark", "--master", two_workers.master)
    wait_until(tmp_path / "data" / step, run)
    two_workers.kill(1)
    _finish(run)
    assert differences(on_duckdb, tmp_path) == []


def test_neither_engine_writes_into_what_the_other_made(raw: Path, on_duckdb: Path, tmp_path: Path):
    said = _start(raw, on_duckdb, environment(tmp_path), "--engine", "spark").communicate()[1]
    assert "was made with DuckDB" in said


def _start(raw: Path, folder: Path, variables: dict[str, str], *flags: str) -> "subprocess.Popen[str]":
    night = ["-m", "flows.cli", "run", "--lang", "en", "--raw", str(raw), "--data", str(folder / "data")]
    command = [sys.executable, *night, *flags]
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _finish(run: "subprocess.Popen[str]") -> None:
    _, said = run.communicate(timeout=7200)
    assert run.returncode in (0, 1), said
    print(*(line for line in said.splitlines() if line.startswith("time")), sep="\n")


def differences(one: Path, other: Path) -> list[str]:
    """What is not the same in two data folders: landing, the published tables, the definitions of their columns."""
    with duckdb.connect() as con:
        for name, folder in (("one", one), ("other", other)):
            con.execute(f"attach '{folder / 'data' / 'warehouse.duckdb'}' as {name}_landing (read_only)")
            con.execute(f"attach '{folder / 'data' / 'published' / DATABASE}' as {name}_published (read_only)")
        return [
            f"{schema}.{table}: {what}"
            for schema, left_out in _LEFT_OUT.items()
            for table, what in _different(con, schema, left_out)
        ]


def _different(con: duckdb.DuckDBPyConnection, schema: str, left_out: set[str]) -> Iterator[tuple[str, str]]:
    places = [f"{which}_{'landing' if schema == 'landing' else 'published'}" for which in ("one", "other")]
    defined = [_defined(con, place, schema) for place in places]
    assert defined[0]
    for table in sorted(defined[0].keys() | defined[1].keys()):
        if defined[0].get(table) != defined[1].get(table):
            yield table, "not defined in the same way"
            continue
        columns = ", ".join(f'"{name}"' for name, _, _ in defined[0][table] if name not in left_out)
        selects = [f'select {columns} from {place}.{schema}."{table}"' for place in places]
        for place, (here, there) in zip(places, (selects, selects[::-1]), strict=True):
            if rows := con.execute(f"{here} except all {there}").fetchall():
                yield table, f"{len(rows)} rows only in {place}"


def _defined(con: duckdb.DuckDBPyConnection, place: str, schema: str) -> dict[str, list[tuple[str, str, str]]]:
    """The columns of each table, with their types and definitions."""
    query = """
        select table_name, list((column_name, data_type, comment) order by column_index)
        from duckdb_columns() where database_name = ? and schema_name = ? group by table_name
    """
    return dict(con.execute(query, [place, schema]).fetchall())
