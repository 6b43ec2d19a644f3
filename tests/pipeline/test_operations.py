"""What docs/operations.md promises: a copy of the warehouse restores everything, and the inbox alone nearly so."""

import datetime as dt
import shutil
from pathlib import Path

import duckdb
import pytest

from flows import transform
from flows.ingest.night import ingest
from flows.publish.release import Run, publish
from tests.conftest import NOW, OPTIONS, County, build_county

pytestmark = pytest.mark.operations


def differences(one: Path, other: Path) -> dict[str, int]:
    """Tables of two releases with the number of rows that only one of them has; none where all are equal."""
    with duckdb.connect() as con:
        con.execute(f"attach '{one}' as one (read_only); attach '{other}' as other (read_only)")
        lists = [
            {name for (name,) in con.execute(f"select table_name from {db}.meta.table_rows").fetchall()}
            for db in ("one", "other")
        ]
        assert lists[0] == lists[1] and len(lists[0]) > 20
        found = {}
        for name in sorted(lists[0]):
            (rows,) = con.execute(
                f"select count(*) from ((from one.main.{name} except all from other.main.{name}) "
                f"union all (from other.main.{name} except all from one.main.{name}))"
            ).fetchone() or (0,)
            if rows:
                found[name] = rows
    return found


def test_a_copy_of_landing_restores_all_on_another_machine_without_reading_a_file(
    county: County, tmp_path: Path
) -> None:
    warehouse, published = tmp_path / "data" / "warehouse.duckdb", tmp_path / "data" / "published"
    warehouse.parent.mkdir()
    shutil.copyfile(county.warehouse, warehouse)
    with duckdb.connect(str(warehouse)) as con:
        schemas = con.execute("select schema_name from duckdb_schemas() where not internal").fetchall()
        for (schema,) in schemas:
            if schema not in ("landing", "main"):
                con.execute(f'drop schema "{schema}" cascade')
    night = ingest(county.raw, warehouse, OPTIONS, NOW + dt.timedelta(days=30), lambda *_: None)
    assert (night.known, night.outcomes) == (night.found, [])
    transform.build(warehouse, county.data / "work", tests="none")
    publish(warehouse, published, Run.starting(dt.date(2021, 8, 20), NOW.astimezone()))
    assert differences(county.published / "marts.duckdb", published / "marts.duckdb") == {}


def test_the_inbox_alone_gives_the_same_marts(county: County, tmp_path: Path) -> None:
    again = build_county(county.raw, tmp_path / "data", county.data / "work")
    assert differences(county.published / "marts.duckdb", again.published / "marts.duckdb") == {}
