"""`gongshui sql` reads what is published and nothing else: no file, no network, no setting, no other database."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from flows.publish.query import QueryError, connect, query
from flows.publish.quoting import name, text

SECRET = "what nobody may read"


@pytest.fixture
def marts(tmp_path: Path) -> Path:
    path = tmp_path / "marts.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table rpt as select 1 as villages")
    (tmp_path / "secret.csv").write_text(SECRET, "utf-8")
    with duckdb.connect(str(tmp_path / "other.duckdb")) as con:
        con.execute(f"create table t as select '{SECRET}' as s")
    return path


ATTEMPTS = [
    "select * from read_csv('{folder}/secret.csv', header = false)",
    "select * from read_text('{folder}/secret.csv')",
    "select * from read_blob('/etc/passwd')",
    "select * from '{folder}/secret.csv'",
    "select * from glob('{folder}/*')",
    "select * from sniff_csv('{folder}/secret.csv')",
    "attach '{folder}/other.duckdb' as other; select * from other.t",
    "attach '{folder}/made.duckdb'",
    "copy rpt to '{folder}/made.csv'",
    "copy (select 1) to '{folder}/made.parquet'",
    "export database '{folder}/made'",
    "import database '{folder}'",
    "install httpfs",
    "load httpfs",
    "load '{folder}/secret.csv'",
    "set enable_external_access = true",
    "reset enable_external_access",
    "set lock_configuration = false",
    "pragma enable_profiling; set profiling_output = '{folder}/made.json'",
    "set log_query_path = '{folder}/made.log'",
    "set temp_directory = '{folder}/made'",
    "set home_directory = '{folder}'",
    "create secret s (type http)",
    "select getenv('PATH')",
    "create table published.t as select 1",
    "insert into rpt values (2)",
    "update rpt set villages = 2",
    "delete from rpt",
    "drop table rpt",
    "select * from read_json('https://example.invalid/x.json')",
    "create persistent secret s (type http)",
]


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_no_question_reaches_beyond_what_is_published(attempt: str, marts: Path) -> None:
    before, content = sorted(marts.parent.iterdir()), marts.read_bytes()
    with pytest.raises(QueryError) as refused:
        "".join(query(marts, attempt.format(folder=marts.parent)))
    assert SECRET not in str(refused.value)
    assert sorted(marts.parent.iterdir()) == before
    assert marts.read_bytes() == content


def test_a_variable_of_the_program_is_no_table(marts: Path) -> None:
    with connect(marts) as con:
        secret = con.sql(f"select '{SECRET}'")
        assert secret is not None
        with pytest.raises(duckdb.Error):
            con.execute("select * from secret")


@pytest.mark.parametrize("odd", ['a"b', "a'b", "a; drop table rpt", "数 据", "a\nb", '"'])
def test_names_and_texts_are_one_token_whatever_they_hold(odd: str) -> None:
    with duckdb.connect() as con:
        con.execute(f"create table {name(odd)} ({name(odd + 'x')} varchar default {text(odd)})")
        con.execute(f"insert into {name(odd)} default values")
        assert con.execute(f"select {name(odd + 'x')} from {name(odd)}").fetchall() == [(odd,)]
        assert con.execute("select count(*) from duckdb_tables()").fetchone() == (1,)


def test_what_a_setting_keeps_secret_is_in_no_message(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "flows.cli",
        "publish",
        "postgres",
        "--url",
        "postgresql://user:hushhush@127.0.0.1:9/none",
    ]
    root = str(Path(__file__).parents[2])
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False, env={"PYTHONPATH": root}
    )
    assert done.returncode == 2
    assert "hushhush" not in done.stdout + done.stderr
