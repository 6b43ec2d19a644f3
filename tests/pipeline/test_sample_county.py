"""The sample county from its workbooks to the marts, cell by cell against the truth."""

import csv
import datetime as dt
import gzip
import json
import shutil
from collections import Counter
from pathlib import Path

import duckdb
import pytest

from flows import transform
from flows.ingest.night import ingest
from flows.publish.query import connect
from flows.publish.release import Run, publish, read_manifest
from tests.conftest import NOW, OPTIONS, RAW, County, build_county
from tests.pipeline import compare

pytestmark = pytest.mark.pipeline

TRUTH = Path(__file__).parent.parent / "data" / "truth"


def tables(warehouse: Path) -> dict[str, list[tuple[object, ...]]]:
    """Every mart's rows, in one order."""
    with duckdb.connect(str(warehouse), read_only=True) as con:
        names = con.execute("select table_name from duckdb_tables() where schema_name = 'marts' order by 1").fetchall()
        return {name: con.execute(f'select * from marts."{name}" order by all').fetchall() for (name,) in names}


@pytest.mark.parametrize("table", compare.KEYS)
def test_mart_equals_the_truth_at_all_report_dates(county: County, table: str) -> None:
    with connect(county.published / "marts.duckdb") as con:
        assert compare.differences(con, table, TRUTH) == []


def test_issues_equal_the_truth_none_missing_none_false(county: County) -> None:
    with connect(county.published / "marts.duckdb") as con:
        assert compare.differences(con, "fct_data_issue", TRUTH) == []


def test_every_cell_has_its_address(county: County) -> None:
    with duckdb.connect(str(county.warehouse), read_only=True) as con:
        found = {
            (path, sheet, row, field): cell
            for form in ("village_progress", "project_ledger", "service_check", "supervision", "division", "inspection")
            for path, sheet, row, cells in con.execute(
                f"select path, sheet, row, cells from landing.{form} inner join landing.file using (file_sha256) "
                "where file.status = 'read'"
            ).fetchall()
            for field, cell in json.loads(cells).items()
        }
    with gzip.open(TRUTH / "cells.csv.gz", "rt", encoding="utf-8") as file:
        expected = [
            ((cell["file"], cell["sheet"], int(cell["row"]), cell["field"]), cell["cell"])
            for cell in csv.DictReader(file)
        ]
    wrong = [(key, cell, found[key]) for key, cell in expected if key in found and found[key] != cell]
    assert wrong == []
    assert sum(key in found for key, _ in expected) > 25_000


def test_duties_name_posts_and_units_of_every_town(county: County) -> None:
    with (TRUTH / "rows" / "assignment.csv").open(encoding="utf-8", newline="") as file:
        names = ("object", "post", "unit", "task_force_lead")
        expected = sorted(tuple(row[name] for name in names) for row in csv.DictReader(file))
    with connect(county.published / "marts.duckdb") as con:
        select = "select town_code, liaison_post, liaison_unit, task_force_lead_post from dim_town_duty order by all"
        assert con.execute(select).fetchall() == expected


def test_no_file_is_lost(county: County) -> None:
    assert Counter(outcome.status for outcome in county.night.outcomes) == {
        "read": 94,
        "duplicate": 1,
        "unrecognised": 1,
        "ignored": 2,
    }


def test_a_second_night_reads_no_file_and_changes_no_mart(county: County, tmp_path: Path) -> None:
    data = shutil.copytree(county.data, tmp_path / "data")
    again = ingest(RAW, data / "warehouse.duckdb", OPTIONS, NOW + dt.timedelta(days=1), lambda *_: None)
    assert (again.known, again.outcomes) == (98, [])
    transform.build(data / "warehouse.duckdb", data / "work")
    assert tables(data / "warehouse.duckdb") == tables(county.warehouse)


@pytest.mark.slow
def test_marts_deleted_and_built_again_are_the_same(county: County, tmp_path: Path) -> None:
    warehouse = Path(shutil.copy(county.warehouse, tmp_path / "warehouse.duckdb"))
    with duckdb.connect(str(warehouse)) as con:
        for schema in ("marts", "intermediate", "staging"):
            con.execute(f"drop schema {schema} cascade")
    transform.build(warehouse, county.data / "work")
    assert tables(warehouse) == tables(county.warehouse)


def test_one_file_more_reads_one_file_and_makes_the_same_parquet(county: County, tmp_path: Path) -> None:
    raw = shutil.copytree(RAW, tmp_path / "raw", ignore=shutil.ignore_patterns("*更正*"))
    first = build_county(raw, tmp_path / "data", county.data / "work")
    correction = next(RAW.rglob("*更正*"))
    target = raw / correction.relative_to(RAW)
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(correction, target)
    more = ingest(raw, first.warehouse, OPTIONS, NOW, lambda *_: None)
    assert [outcome.path for outcome in more.outcomes] == [f"raw/{correction.relative_to(RAW).as_posix()}"]
    transform.build(first.warehouse, county.data / "work")
    with duckdb.connect(str(first.warehouse), read_only=True) as con:
        assert compare.differences(con, "fct_coverage", TRUTH) == []
    # another folder, another night: to the byte what one night makes of all of it
    release = publish(first.warehouse, first.published, Run.starting(dt.date(2021, 8, 20), NOW.astimezone()))
    one_night = read_manifest(county.published)
    assert one_night is not None
    assert release.tables == one_night.tables


def test_bad_files_are_named_with_the_reason_and_the_others_load(county: County, tmp_path: Path) -> None:
    day = tmp_path / "raw" / "2021-08-20"
    shutil.copytree(RAW / "2021-06-25", tmp_path / "raw" / "2021-06-25")
    shutil.copytree(RAW / "2021-08-20" / "白石镇", day / "白石镇")
    (day / "空.xlsx").write_bytes(b"")
    (day / "损坏.xlsx").write_bytes((RAW / "2021-08-20" / "白石镇" / "白石镇项目台账(8.20).xlsx").read_bytes()[:2000])
    (day / "通知.csv").write_text("各镇：\n请按时报送进度表。\n", encoding="utf-8")
    built = build_county(tmp_path / "raw", tmp_path / "data", county.data / "work")
    said = {Path(outcome.path).name: (outcome.status, outcome.reason) for outcome in built.night.outcomes}
    assert said["空.xlsx"][0] == said["损坏.xlsx"][0] == "refused"
    assert said["通知.csv"][0] == "unrecognised"
    assert all(said[name][1] for name in ("空.xlsx", "损坏.xlsx", "通知.csv"))
    with duckdb.connect(str(built.warehouse), read_only=True) as con:
        (villages,) = con.execute("select count(*) from marts.fct_coverage").fetchone() or (0,)
    assert villages == 27


@pytest.mark.slow
def test_the_marts_as_they_were_known_on_a_day(county: County, tmp_path: Path) -> None:
    warehouse = Path(shutil.copy(county.warehouse, tmp_path / "warehouse.duckdb"))
    transform.build(warehouse, tmp_path / "work", as_of=dt.date(2021, 8, 11))
    with duckdb.connect(str(warehouse), read_only=True) as con:
        (latest,) = con.execute("select max(report_date) from marts.fct_coverage").fetchone() or (None,)
        (corrected,) = con.execute(
            "select count(*) from marts.fct_submission where received_on > date '2021-08-11'"
        ).fetchone() or (None,)
    assert (latest, corrected) == (dt.date(2021, 8, 10), 0)


def test_definitions_hold_in_dbt_unit_tests(county: County, tmp_path: Path) -> None:
    warehouse = Path(shutil.copy(county.warehouse, tmp_path / "warehouse.duckdb"))
    result = transform.build(warehouse, county.data / "work", tests="all")
    assert result.nodes["unit_test"] >= 13


def test_every_table_and_column_has_a_label_and_two_definitions(county: County) -> None:
    with connect(county.published / "marts.duckdb") as con:
        described = con.execute("""
            select table_name, column_name, comment from duckdb_columns() where schema_name = 'marts'
            union all
            select table_name, '', comment from duckdb_tables() where schema_name = 'marts'
        """).fetchall()
    assert [(table, column) for table, column, comment in described if (comment or "").count(" | ") != 2] == []
    labels = [(table, comment.split(" | ")[0]) for table, column, comment in described if column]
    assert len(set(labels)) == len(labels)  # the labels name the columns of marts_zh


def test_no_name_or_phone_leaves_landing(county: County) -> None:
    with duckdb.connect(str(county.warehouse), read_only=True) as con:
        personal = con.execute("select distinct phone from landing.project_ledger where phone is not null").fetchall()
    published = b"".join(path.read_bytes() for path in county.published.rglob("*") if path.is_file())
    assert len(personal) > 20
    assert [phone for (phone,) in personal if phone.encode() in published] == []
    with connect(county.published / "marts.duckdb") as con:
        columns = con.execute("select distinct column_name from duckdb_columns() where not internal").fetchall()
    assert {"phone", "responsible"}.isdisjoint(name for (name,) in columns)
