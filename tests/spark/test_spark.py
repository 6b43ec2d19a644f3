"""The same night on Spark and on DuckDB: every row of every table is the same."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from flows.publish.build import DATABASE
from tests.spark.cluster import Cluster, cluster, environment, wait_until

pytestmark = pytest.mark.spark

RAW = Path(__file__).parents[2] / "raw"
# Landing counts issues in the order in which they are judged; a build notes when it was.
_LEFT_OUT = {"issue": {"issue_no"}, "file": {"first_seen_at"}}


@pytest.fixture(scope="module")
def on_duckdb(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("duckdb")
    _finish(_start(folder, environment(folder)))
    return folder


@pytest.fixture
def two_workers(tmp_path: Path):
    with cluster(tmp_path) as started:
        yield started


def test_every_table_is_the_same_on_this_machine(on_duckdb: Path, tmp_path: Path):
    _finish(_start(tmp_path, environment(tmp_path), "--engine", "spark", "--master", "local[2]"))
    assert differences(on_duckdb, tmp_path) == []


def test_every_table_is_the_same_on_a_cluster(on_duckdb: Path, two_workers: Cluster, tmp_path: Path):
    _finish(_start(tmp_path, two_workers.environment, "--engine", "spark", "--master", two_workers.master))
    assert differences(on_duckdb, tmp_path) == []


@pytest.mark.parametrize("step", ["work/spark/readings/_temporary", "work/spark/lines/_temporary", "tables/marts.db"])
def test_a_worker_that_dies_costs_nothing_but_time(on_duckdb: Path, two_workers: Cluster, tmp_path: Path, step: str):
    run = _start(tmp_path, two_workers.environment, "--engine", "spark", "--master", two_workers.master)
    wait_until(tmp_path / "data" / step, run)
    two_workers.kill(1)
    _finish(run)
    assert differences(on_duckdb, tmp_path) == []


def test_neither_engine_writes_into_what_the_other_made(on_duckdb: Path, tmp_path: Path):
    said = _start(on_duckdb, environment(tmp_path), "--engine", "spark").communicate()[1]
    assert "was made with DuckDB" in said


def _start(folder: Path, variables: dict[str, str], *flags: str) -> "subprocess.Popen[str]":
    command = [
        sys.executable,
        "-m",
        "flows.cli",
        "run",
        "--lang",
        "en",
        "--raw",
        RAW,
        "--data",
        folder / "data",
        *flags,
    ]
    return subprocess.Popen(command, env=variables, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def _finish(run: "subprocess.Popen[str]") -> None:
    _, said = run.communicate(timeout=1800)
    assert run.returncode in (0, 1), said


def differences(one: Path, other: Path) -> list[str]:
    """What is not the same in two data folders: landing, the published tables, the definitions of their columns."""
    found = []
    with duckdb.connect() as con:
        for name, folder in (("a", one), ("b", other)):
            con.execute(f"attach '{folder / 'data' / 'warehouse.duckdb'}' as {name}_landing (read_only)")
            con.execute(f"attach '{folder / 'data' / 'published' / DATABASE}' as {name}_main (read_only)")
        for schema in ("landing", "main"):
            tables = _tables(con, "a", schema)
            found += [f"{schema}.{table}: only in one" for table in tables ^ _tables(con, "b", schema)]
            for table in sorted(tables):
                found += [f"{schema}.{table}: {what}" for what in _different(con, schema, table)]
    return found


def _tables(con: duckdb.DuckDBPyConnection, which: str, schema: str) -> set[str]:
    query = "select table_name from information_schema.tables where table_catalog = ? and table_schema = ?"
    return {table for (table,) in con.execute(query, [f"{which}_{schema}", schema]).fetchall()}


def _different(con: duckdb.DuckDBPyConnection, schema: str, table: str) -> list[str]:
    places = [f'{which}_{schema}.{schema}."{table}"' for which in "ab"]
    described = [con.execute(f"describe {place}").fetchall() for place in places]
    if [line[:2] for line in described[0]] != [line[:2] for line in described[1]]:
        return ["other columns"]
    left_out = _LEFT_OUT.get(table, set()) if schema == "landing" else set()
    columns = ", ".join(f'"{line[0]}"' for line in described[0] if line[0] not in left_out)
    return [
        f"{len(rows)} rows only in {which}"
        for which, (here, there) in (("the first", places), ("the second", places[::-1]))
        if (rows := con.execute(f"select {columns} from {here} except all select {columns} from {there}").fetchall())
    ]
