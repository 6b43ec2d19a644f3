"""A release into a real PostgreSQL: the same figures, whole or not at all, whoever reads meanwhile."""

import json
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import adbc_driver_postgresql.dbapi as adbc
import duckdb
import pytest

from flows.metrics import Metrics
from flows.publish.postgres import READER, PostgresError, Published, publish
from flows.publish.query import connect
from tests.conftest import County
from tests.postgres.conftest import Server
from tests.ways import DAY, QUESTIONS, by_every_way, parts

pytestmark = pytest.mark.postgres


def contents(published: Path) -> dict[str, str]:
    manifest = json.loads((published / "manifest.json").read_text("utf-8"))
    return {name: table["sha256"] for name, table in manifest["tables"].items()}


def publish_county(county: County, url: str) -> Published:
    with connect(county.published / "marts.duckdb") as con:
        return publish(con, url, contents(county.published))


def a_release(con: duckdb.DuckDBPyConnection, figure: int, rows: int = 1000, columns: str = "") -> None:
    """A release of two tables that both say the same figure in every row."""
    con.execute("drop schema if exists meta cascade; create schema meta")
    con.execute("create table meta.table_key (table_name varchar, position bigint, column_name varchar)")
    con.execute("insert into meta.table_key values ('fct_a', 1, 'no'), ('fct_b', 1, 'no')")
    for table in ("fct_a", "fct_b"):
        con.execute(
            f"create or replace table {table} as select i as no, {figure}::bigint as figure, "
            f"1.5::decimal(18, 2) as money {columns} from range({rows}) as r (i)"
        )
        con.execute(f"comment on column {table}.figure is '数字 | 一个数 | a figure'")


@pytest.fixture
def release() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


# --- what is published ------------------------------------------------------------------------------------------------


def test_every_table_arrives_row_by_row(county: County, server: Server, database: str) -> None:
    done = publish_county(county, server.url(database))
    assert {"fct_coverage", "metric", "release"} <= done.filled.keys()
    with connect(county.published / "marts.duckdb") as con:
        for table in contents(county.published):
            columns = [name for (name,) in con.execute("select column_name from (describe " + table + ")").fetchall()]
            text = ", ".join(f'cast("{name}" as varchar)' for name in columns)
            ours = con.execute(f"select {text} from {table}").fetchall()
            theirs = server.run(f"select {text} from marts.{table}", database)
            assert sorted(map(str, theirs)) == sorted(map(str, ours)), table


def test_names_types_keys_and_comments_are_those_of_the_contract(county: County, server: Server, database: str) -> None:
    publish_county(county, server.url(database))
    types = dict(
        server.run(
            "select attname::text, format_type(atttypid, atttypmod) from pg_attribute "
            "where attrelid = 'marts.rpt_funding'::regclass and attnum > 0",
            database,
        )
    )
    assert types["planned_yuan"] == "numeric(18,2)"
    assert types["report_date"] == "date"
    assert types["town_code"] == "text"
    keys = server.run(
        "select indexdef from pg_indexes where schemaname = 'marts' and tablename = 'rpt_funding'", database
    )
    assert any("UNIQUE" in str(key) and "funding_source" in str(key) for key in keys)
    label = server.run("select col_description('marts.rpt_funding'::regclass, 1)", database)
    assert str(label[0][0]).startswith("报告日 | ")
    (row,) = server.run('select count(*), sum("计划资金（元）")::text from marts_zh.rpt_funding', database)
    assert row == server.run("select count(*), sum(planned_yuan)::text from marts.rpt_funding", database)[0]


def test_every_way_to_ask_gives_the_same_answer(
    county: County, server: Server, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    publish_county(county, server.url(database))
    marts = county.published / "marts.duckdb"
    ways = by_every_way(marts, server, database, capsys)
    with connect(marts) as con:
        metrics = Metrics(con)
        for question in QUESTIONS:
            answers = {way: parts(question, totals) for way, totals in ways.items()}
            figure = metrics.figure(question.metrics[0], {"report_date": DAY, **question.where})
            told = [part.value for part in figure.inputs or (figure,)]
            assert all(answer == told for answer in answers.values()), (question.metrics, answers, told)
    assert parts(QUESTIONS[0], ways["pandas"]) == [47158, 191700]  # 24.60 %


def test_what_has_not_changed_is_left_alone(county: County, server: Server, database: str) -> None:
    first = publish_county(county, server.url(database))
    again = publish_county(county, server.url(database))
    assert set(again.unchanged) == set(contents(county.published)) <= first.filled.keys()


def test_the_read_only_role_reads_and_nothing_else(county: County, server: Server, database: str) -> None:
    publish_county(county, server.url(database))
    server.run(f"create role analyst login in role {READER}") if not server.run(
        "select 1 from pg_roles where rolname = 'analyst'"
    ) else None
    assert server.run("select count(*) > 1000 from marts.fct_coverage", database, "analyst") == [(True,)]
    with pytest.raises(adbc.Error, match="permission denied"):
        server.run("delete from marts.fct_coverage", database, "analyst")


# --- whoever reads meanwhile ------------------------------------------------------------------------------------------


def test_a_reader_in_a_transaction_keeps_the_old_release_and_holds_nobody_up(
    release: duckdb.DuckDBPyConnection, server: Server, database: str
) -> None:
    url = server.url(database)
    a_release(release, 1)
    publish(release, url, {})
    with adbc.connect(url) as reader, reader.cursor() as cursor:
        cursor.execute("set transaction isolation level repeatable read")
        cursor.execute("select sum(figure)::bigint from marts.fct_a")
        assert cursor.fetchone() == (1000,)
        a_release(release, 2)
        publish(release, url, {})
        cursor.execute("select sum(figure)::bigint from marts.fct_b")
        assert cursor.fetchone() == (1000,)
    assert server.run("select sum(figure)::bigint from marts.fct_b", database) == [(2000,)]


def test_a_publisher_that_is_killed_leaves_the_old_release(
    release: duckdb.DuckDBPyConnection, server: Server, database: str, tmp_path: Path
) -> None:
    url, file = server.url(database), tmp_path / "marts.duckdb"
    a_release(release, 1)
    publish(release, url, {})
    with duckdb.connect(str(file)) as con:
        a_release(con, 2, rows=300_000)
    program = (
        "import duckdb; from flows.publish.postgres import publish\n"
        f"publish(duckdb.connect({str(file)!r}, read_only=True), {url!r}, {{}})"
    )
    killed = 0
    figure = (
        "select max(figure), min(figure), count(distinct figure) from "
        "(select figure from marts.fct_a union all select figure from marts.fct_b) as both_tables"
    )
    for wait in (0.6, 0.8, 1.0, 1.2, 1.4, 1.7, 2.0, 2.5):
        publisher = subprocess.Popen([sys.executable, "-c", program], stderr=subprocess.DEVNULL)
        time.sleep(wait)
        publisher.send_signal(signal.SIGKILL)
        publisher.wait()
        ((most, least, kinds),) = server.run(figure, database)
        assert kinds == 1 and most == least, "half a release"
        killed += most == 1
    assert killed >= 3  # else none was killed before it was done
    for attempt in range(50):  # the server notices a client that is gone when it next speaks to it
        try:
            publish(duckdb.connect(str(file), read_only=True), url, {})
            break
        except PostgresError:
            time.sleep(0.1 * attempt)
    assert server.run(figure, database) == [(2, 2, 1)]


def test_two_publishers_do_not_mix(release: duckdb.DuckDBPyConnection, server: Server, database: str) -> None:
    a_release(release, 1, rows=200_000)
    refused: list[PostgresError] = []

    def other() -> None:
        try:
            publish(release.cursor(), server.url(database), {})
        except PostgresError as error:
            refused.append(error)

    threads = [threading.Thread(target=other) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) < 3
    assert all("另一次发布正在进行" in error.zh for error in refused)
    assert server.run("select count(*) from marts.fct_a", database) == [(200_000,)]


def test_the_views_of_users_live_on(release: duckdb.DuckDBPyConnection, server: Server, database: str) -> None:
    url = server.url(database)
    a_release(release, 1)
    publish(release, url, {})
    server.run("create view mine as select sum(figure)::bigint as figure from marts.fct_a", database)
    a_release(release, 2)
    publish(release, url, {})
    assert server.run("select figure from mine", database) == [(2000,)]
    a_release(release, 3, columns=", 'new' as note")  # a column more
    publish(release, url, {})
    assert server.run("select figure from mine", database) == [(3000,)]
    assert server.run("select distinct note from marts.fct_a", database) == [("new",)]


def test_a_column_that_changes_under_somebodys_view_is_refused_by_name(
    release: duckdb.DuckDBPyConnection, server: Server, database: str
) -> None:
    url = server.url(database)
    a_release(release, 1)
    publish(release, url, {})
    server.run("create view mine as select sum(figure)::bigint as figure from marts.fct_a", database)
    a_release(release, 2)
    release.execute("alter table fct_a alter figure type varchar")
    with pytest.raises(PostgresError, match="有视图依赖旧列") as refused:
        publish(release, url, {})
    assert "mine" in refused.value.zh
    assert server.run("select figure from mine", database) == [(1000,)]


def test_a_table_that_is_no_more_goes(release: duckdb.DuckDBPyConnection, server: Server, database: str) -> None:
    a_release(release, 1)
    publish(release, server.url(database), {})
    release.execute("drop table fct_b")
    publish(release, server.url(database), {})
    assert server.run("select tablename::text from pg_tables where schemaname = 'marts'", database) == [("fct_a",)]


# --- what goes wrong --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("postgresql://postgres@127.0.0.1:1/postgres", "连接不上"),
        ("postgresql://postgres@127.0.0.1:{port}/no_such", "没有这个数据库"),
        ("postgresql://nobody:geheim@127.0.0.1:{port}/postgres", "用户名或口令不对"),
        ("nonsense", "连接不上"),
    ],
)
def test_what_cannot_be_reached_is_said_and_no_password_with_it(
    release: duckdb.DuckDBPyConnection, server: Server, url: str, said: str
) -> None:
    a_release(release, 1)
    with pytest.raises(PostgresError) as refused:
        publish(release, url.format(port=server.port), {})
    assert said in refused.value.zh
    assert "geheim" not in f"{refused.value.zh}{refused.value.en}"


def test_a_user_who_may_not_is_told_what_to_ask_for(
    release: duckdb.DuckDBPyConnection, server: Server, database: str
) -> None:
    server.run("create role guest login") if not server.run("select 1 from pg_roles where rolname = 'guest'") else None
    a_release(release, 1)
    with pytest.raises(PostgresError, match="没有权限"):
        publish(release, server.url(database, "guest"), {})


def test_a_connection_that_is_cut_leaves_the_old_release(
    release: duckdb.DuckDBPyConnection, server: Server, database: str
) -> None:
    url = server.url(database)
    a_release(release, 1)
    publish(release, url, {})
    a_release(release, 2, rows=500_000)
    cut: Callable[[], object] = lambda: [  # noqa: E731
        (
            time.sleep(0.02),
            server.run(
                "select pg_terminate_backend(pid) from pg_stat_activity "
                f"where datname = '{database}' and query ilike 'copy%' and pid <> pg_backend_pid()"
            ),
        )
        for _ in range(100)
    ]
    cutter = threading.Thread(target=cut)
    cutter.start()
    with pytest.raises(PostgresError, match="中断"):
        publish(release, url, {})
    cutter.join()
    assert server.run("select sum(figure)::bigint from marts.fct_b", database) == [(1000,)]


def test_a_full_disk_is_said_and_the_old_release_stands(
    release: duckdb.DuckDBPyConnection, server: Server, tmp_path: Path
) -> None:
    small = server.folder / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=48m", "tmpfs", str(small)], check=False).returncode:
        pytest.skip("no right to mount a small file system")
    try:
        shutil.chown(small, "postgres")
        server.run(f"create tablespace small location '{small}'")
        server.run("create database on_a_small_disk tablespace small")
        a_release(release, 1)
        publish(release, server.url("on_a_small_disk"), {})
        a_release(release, 2, rows=2_000_000)
        with pytest.raises(PostgresError, match="磁盘已满"):
            publish(release, server.url("on_a_small_disk"), {})
        assert server.run("select sum(figure)::bigint from marts.fct_b", "on_a_small_disk") == [(1000,)]
    finally:
        server.run("drop database if exists on_a_small_disk with (force)")
        server.run("drop tablespace if exists small")
        subprocess.run(["umount", str(small)], check=True)
