"""What was published stays known: as it was, from when, until when."""

import datetime as dt
from pathlib import Path

import duckdb
import pytest

from flows.publish.query import query
from flows.publish.release import Run, publish

THEN_AND_NOW = """
    select said.town_code, said.villages as published, now.villages as known
    from history.rpt_town as said
    left join rpt_town as now on said.report_date = now.report_date and said.town_code = now.town_code
    where
        said.report_date = '2021-08-20'
        and said.published_at < '2021-08-26' and (said.replaced_at is null or said.replaced_at >= '2021-08-26')
    order by said.town_code
"""


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(file) as con:
        con.execute("""
            create schema marts;
            create table marts.rpt_town (report_date date, town_code varchar, villages bigint);
            comment on column marts.rpt_town.villages is '自然村数 | 数 | villages';
            insert into marts.rpt_town values ('2021-08-20', 'A', 5), ('2021-08-20', 'B', 7), ('2021-08-20', 'C', null);
            create table marts.fct_row (row_no bigint);
        """)
    return file


def night(warehouse: Path, day: int, change: str = "", code: str = "1") -> Path:
    """Change the marts and publish them on a day of August."""
    published = warehouse.parent / "published"
    with duckdb.connect(warehouse) as con:
        con.execute(change)
    at = dt.datetime(2021, 8, day, 2, 0).astimezone()
    publish(warehouse, published, Run(f"run-{day}", dt.date(2021, 8, 20), at, code))
    return published


def ask(published: Path, sql: str) -> str:
    return "".join(query(published / "marts.duckdb", sql, "csv"))


def rows(published: Path, town: str) -> list[str]:
    sql = "select villages, run_id, published_at::date, replaced_at::date from history.rpt_town where town_code = "
    return ask(published, f"{sql} '{town}' order by published_at").splitlines()[1:]


def test_a_report_that_stays_while_others_change_keeps_the_history_it_has(warehouse: Path) -> None:
    night(warehouse, 25)
    night(warehouse, 26, "update marts.rpt_town set villages = 4 where town_code = 'A'")
    published = night(warehouse, 27, "insert into marts.fct_row values (1)")
    assert rows(published, "A") == ["5,run-25,2021-08-25,2021-08-26", "4,run-26,2021-08-26,"]
    published = night(warehouse, 28, "update marts.rpt_town set villages = 3 where town_code = 'A'")
    assert rows(published, "A")[1:] == ["4,run-26,2021-08-26,2021-08-28", "3,run-28,2021-08-28,"]


def test_what_was_published_then_and_what_is_known_now_is_one_query(warehouse: Path) -> None:
    night(warehouse, 25)
    night(warehouse, 28, "update marts.rpt_town set villages = 4 where town_code = 'A'")
    published = night(warehouse, 30, "update marts.rpt_town set villages = 3 where town_code = 'A'")
    assert ask(published, THEN_AND_NOW) == "town_code,published,known\nA,5,3\nB,7,7\nC,,\n"
    assert rows(published, "A") == [
        "5,run-25,2021-08-25,2021-08-28",
        "4,run-28,2021-08-28,2021-08-30",
        "3,run-30,2021-08-30,",
    ]
    assert rows(published, "B") == ["7,run-25,2021-08-25,"]
    assert rows(published, "C") == [",run-25,2021-08-25,"]


def test_a_row_that_is_gone_and_comes_back(warehouse: Path) -> None:
    night(warehouse, 25)
    night(warehouse, 26, "delete from marts.rpt_town where town_code = 'B'")
    published = night(warehouse, 27, "insert into marts.rpt_town values ('2021-08-20', 'B', 7)")
    assert rows(published, "B") == ["7,run-25,2021-08-25,2021-08-26", "7,run-27,2021-08-27,"]


def test_another_column_is_no_other_figure(warehouse: Path) -> None:
    night(warehouse, 25)
    night(warehouse, 26, "alter table marts.rpt_town add column people bigint; update marts.rpt_town set people = 9")
    published = night(warehouse, 27, "alter table marts.rpt_town drop column people")
    assert rows(published, "A") == ["5,run-25,2021-08-25,"]
    night(warehouse, 28, "update marts.rpt_town set villages = 6 where town_code = 'A'")
    assert rows(published, "A") == ["5,run-25,2021-08-25,2021-08-28", "6,run-28,2021-08-28,"]
    described = "select comment from duckdb_columns() where schema_name = 'history' and column_name = 'villages'"
    assert ask(published, described).splitlines()[1:] == ["自然村数 | 数 | villages"]


def test_only_reports_have_a_history(warehouse: Path) -> None:
    published = night(warehouse, 25)
    tables = ask(published, "select table_name from duckdb_tables() where schema_name = 'history'")
    assert tables.splitlines()[1:] == ["rpt_town"]


def test_history_outlives_the_releases_and_a_spoilt_file(warehouse: Path) -> None:
    for day in range(10, 20):
        published = night(warehouse, day, f"update marts.rpt_town set villages = {day} where town_code = 'A'")
    assert [row.split(",")[0] for row in rows(published, "A")] == [str(day) for day in range(10, 20)]
    (published / "marts.duckdb").write_bytes(b"spoilt")
    night(warehouse, 20, "update marts.rpt_town set villages = 20 where town_code = 'A'")
    assert [row.split(",")[0] for row in rows(published, "A")] == [str(day) for day in [*range(10, 19), 20]]
