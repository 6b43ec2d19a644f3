"""A machine's clock may be set back or forward: what counts stays what came last, and it is said."""

import datetime as dt
from pathlib import Path

import duckdb

from flows.clock import Moment, moment
from flows.ingest.guard import Limits
from flows.ingest.night import Options, ingest
from flows.publish.query import query
from flows.publish.release import Run, publish, read_manifest

HERE = dt.datetime.now().astimezone().tzinfo
AUGUST = dt.datetime(2021, 8, 25, 2, 0, tzinfo=HERE)
EMPTY_BATTERY = dt.datetime(2000, 1, 1, 0, 3, tzinfo=HERE)
DIVISION = """云塘县行政区划与户籍基数表（截至2021年6月25日）
自然村编码,镇,村委会,自然村,户籍户数,户籍人口
440999101200001,青龙镇,兴隆村委会,大屋村,86,412
"""
PROGRESS = """青龙镇镇级水厂扩网工程进度表（截至2021年8月20日）
村委会,自然村,户数,人口,进展情况
兴隆村委会,大屋村,86,412,{status}
"""


def now(folder: Path, clock: dt.datetime) -> Moment:
    return moment(folder / "warehouse.duckdb", folder / "published", folder / "logs", clock)


def test_a_clock_that_goes_forward_is_believed(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "20210825-020000-ab12.jsonl").touch()
    found = now(tmp_path, AUGUST + dt.timedelta(days=1))
    assert (found.at, found.warning) == (found.clock, None)


def test_the_first_run_goes_by_the_clock(tmp_path: Path) -> None:
    assert now(tmp_path, EMPTY_BATTERY) == Moment(EMPTY_BATTERY, EMPTY_BATTERY)


def test_a_run_that_failed_before_anything_was_landed_is_on_record_by_its_log(tmp_path: Path) -> None:
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "20210825-020000-ab12.jsonl").touch()
    (tmp_path / "logs" / "notes.jsonl").touch()
    found = now(tmp_path, EMPTY_BATTERY)
    assert found.at == AUGUST + dt.timedelta(seconds=1)
    assert found.warning and "2000-01-01 00:03:00" in found.warning.zh and "2021-08-25 02:00:01" in found.warning.en


def test_a_file_replaced_while_the_clock_is_wrong_counts_as_the_later_one(tmp_path: Path) -> None:
    raw, warehouse = tmp_path / "raw", tmp_path / "warehouse.duckdb"
    raw.mkdir()
    (raw / "基数表.csv").write_text(DIVISION, "utf-8")
    (raw / "进度.csv").write_text(PROGRESS.format(status="在建"), "utf-8")
    for clock in (AUGUST, EMPTY_BATTERY):
        at = now(tmp_path, clock).at.replace(tzinfo=None)
        ingest(raw, warehouse, Options(Limits(), processes=1), at, lambda *_: None)
        (raw / "进度.csv").write_text(PROGRESS.format(status="已完成"), "utf-8")
    with duckdb.connect(str(warehouse), read_only=True) as con:
        found = con.execute(
            """
            select progress.status, file.received_on
            from landing.file
            inner join landing.village_progress as progress on file.file_sha256 = progress.file_sha256
            order by file.first_seen_at, file.received_on
            """
        ).fetchall()
    assert [status for status, _ in found] == ["under_construction", "completed"]
    assert {day for _, day in found} == {AUGUST.date()}


def test_releases_follow_each_other_while_the_clock_is_wrong(tmp_path: Path) -> None:
    warehouse, published = tmp_path / "warehouse.duckdb", tmp_path / "published"
    with duckdb.connect(str(warehouse)) as con:
        con.execute("create schema marts; create table marts.rpt_town (town_code varchar, villages bigint)")
        con.execute("insert into marts.rpt_town values ('A', 0)")
    in_the_future = AUGUST.replace(year=2031)
    for number, clock in enumerate((AUGUST, in_the_future, EMPTY_BATTERY, AUGUST)):
        with duckdb.connect(str(warehouse)) as con:
            con.execute("update marts.rpt_town set villages = ?", [number])
        publish(warehouse, published, Run(f"run-{number}", AUGUST.date(), now(tmp_path, clock).at, "1"), kept=2)
    current = read_manifest(published)
    assert current and current.run_id == "run-3" and current.published_at == in_the_future + dt.timedelta(seconds=2)
    assert [folder.name for folder in (published / "releases").iterdir()] == ["run-2"]
    told = query(
        published / "marts.duckdb",
        "select villages, published_at < replaced_at as is_in_order from history.rpt_town order by published_at",
        "csv",
    )
    assert "".join(told) == "villages,is_in_order\n0,true\n1,true\n2,true\n3,\n"
