"""What the published marts say in `gongshui status`."""

import datetime as dt
import os
from pathlib import Path

import duckdb
import pytest

from flows.settings import Settings
from flows.status import stands
from flows.status_told import as_text
from tests.conftest import County

pytestmark = pytest.mark.pipeline

HERE = dt.datetime.now().astimezone().tzinfo


def test_towns_are_told_with_their_latest_report_its_age_and_what_was_rejected(county: County) -> None:
    found = stands(Settings(data=county.data), dt.datetime(2021, 8, 30, 9, 0, tzinfo=HERE))
    with duckdb.connect(str(county.published / "marts.duckdb"), read_only=True) as con:
        (rejected,) = con.sql("select sum(rows_rejected) from fct_submission where status <> 'superseded'").fetchall()[
            0
        ]
    assert sum(town["rows_rejected"] for town in found.towns) == rejected > 0
    assert found.needs_a_person
    assert {(town["report_date"], town["days_old"]) for town in found.towns} == {(dt.date(2021, 8, 20), 10)}
    assert found.release and f"运行编号 {found.release.run_id}" in as_text(found, "zh")
    lines = [line for line in as_text(found, "zh").splitlines() if "2021-08-20  " in line]
    assert len(lines) == len(found.towns) and len({line.index("2021-08-20") for line in lines}) == 1


def test_a_town_that_did_not_report_for_the_latest_date_is_overdue(county: County, tmp_path: Path) -> None:
    published = tmp_path / "published"
    published.mkdir()
    copy = published / "marts.duckdb"
    copy.write_bytes((county.published / "marts.duckdb").read_bytes())
    with duckdb.connect(str(copy)) as con:
        con.execute("update meta.freshness set report_date = '2021-08-10' where town_name = '白石镇'")
        con.execute("update meta.freshness set report_date = null where town_name = '龙塘镇'")

    def overdue(day: int) -> dict[str, int]:
        towns = stands(Settings(data=tmp_path), dt.datetime(2021, 8, day, 9, 0, tzinfo=HERE)).towns
        return {town["town_name"]: town["overdue_days"] for town in towns if town["overdue_days"]}

    assert overdue(21) == {}  # due on this day
    assert overdue(24) == {"白石镇": 3, "龙塘镇": 3}


@pytest.mark.skipif(os.name == "nt", reason="Windows lets nobody read what is locked")
def test_the_status_is_told_while_a_run_writes_to_the_warehouse(county: County, tmp_path: Path) -> None:
    (tmp_path / "published").symlink_to(county.published)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as con:
        con.execute("create table held as select 1 as one; begin; insert into held values (2)")
        assert len(stands(Settings(data=tmp_path), dt.datetime.now(HERE)).towns) == 10
