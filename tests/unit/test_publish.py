import datetime as dt
import json
import shutil
from pathlib import Path

import duckdb
import pytest

from flows.publish.build import PublishError, build, sha256
from flows.publish.query import query
from flows.publish.release import Release, Run, note_failure, publish, read_manifest

NOON = dt.datetime(2021, 8, 21, 2, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
TODAY = NOON.date()


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    file = tmp_path / "云塘县 '仓库'.duckdb"
    with duckdb.connect(file) as con:
        con.execute("""
            create schema landing; create schema marts;
            create table landing.assignment (person varchar, phone varchar);
            insert into landing.assignment values ('张三', '13800000000');
            create table marts.dim_town (town_code varchar, "name" varchar, share decimal(18, 6));
            comment on table marts.dim_town is '镇 | 每行一个镇。 | One town''s row.';
            comment on column marts.dim_town.town_code is '镇级代码 | 9位代码 | 9 digits';
            comment on column marts.dim_town."name" is '名称（"旧"） | 名称 | its name';
            insert into marts.dim_town values ('2', '石桥镇', 0.5), ('1', '河坝镇', null);
            create table marts.fct_empty (report_date date, villages bigint);
        """)
    return file


@pytest.fixture
def published(tmp_path: Path) -> Path:
    return tmp_path / "数据 夹" / "published"


def night(warehouse: Path, published: Path, day: dt.date = TODAY, kept: int = 7, code: str = "1") -> Release:
    """Publish on a day, with one town more than the night before."""
    at = dt.datetime.combine(day, NOON.timetz())
    with duckdb.connect(warehouse) as con:
        con.execute("insert into marts.dim_town values (?, 'new', 0)", [day.isoformat()])
    return publish(warehouse, published, Run(f"run-{day}", day, at, code), kept=kept)


def again(warehouse: Path, published: Path, run_id: str = "again", code: str = "1") -> Release:
    return publish(warehouse, published, Run(run_id, TODAY, NOON, code))


def files(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_a_release_holds_the_marts_sorted_with_types_and_comments(warehouse: Path, published: Path) -> None:
    again(warehouse, published)
    with duckdb.connect(published / "marts.duckdb", read_only=True) as con:
        assert con.sql("from dim_town").fetchall() == con.sql("from dim_town order by all").fetchall()
        assert str(con.sql("from marts.marts.dim_town").types[2]) == "DECIMAL(18,6)"
        assert con.sql("""
            select comment from duckdb_columns() where schema_name = 'marts' and column_name = 'town_code'
        """).fetchall() == [("镇级代码 | 9位代码 | 9 digits",)]
        assert (
            con.sql("""
            select distinct comment from duckdb_views() where view_name = 'dim_town'
            union all select comment from duckdb_tables() where table_name = 'dim_town'
        """).fetchall()
            == [("镇 | 每行一个镇。 | One town's row.",)] * 2
        )
        assert con.sql("from meta.release").fetchall() == [("again", TODAY, dt.datetime(2021, 8, 21, 2, 0), "1")]
        assert con.sql("from meta.table_rows").fetchall() == [("dim_town", 2), ("fct_empty", 0)]


def test_the_chinese_views_take_their_columns_from_the_comments(warehouse: Path, published: Path) -> None:
    again(warehouse, published)
    text = "".join(query(published / "marts.duckdb", "from marts_zh.dim_town where 镇级代码 = '1'", "csv"))
    assert text == '镇级代码,"名称（""旧""）",share\n1,河坝镇,\n'


def test_the_file_is_read_under_any_name_it_is_attached_by(warehouse: Path, published: Path) -> None:
    again(warehouse, published)
    place = str(published / "marts.duckdb").replace("'", "''")
    with duckdb.connect() as con:
        con.execute(f"create table dim_town (a int); attach '{place}' as other (read_only)")
        for schema in ("main", "marts", "marts_zh"):
            assert con.sql(f"select count(*) from other.{schema}.dim_town").fetchall() == [(2,)]


def test_nothing_of_landing_is_published(warehouse: Path, published: Path) -> None:
    again(warehouse, published)
    for name, content in files(published).items():
        assert b"13800000000" not in content, name
        assert "张三".encode() not in content, name


def test_the_manifest_tells_rows_and_hashes(warehouse: Path, published: Path) -> None:
    release = again(warehouse, published)
    said = json.loads((published / "manifest.json").read_text("utf-8"))
    assert (said["status"], said["run_id"], said["as_of"]) == ("published", "again", "2021-08-21")
    assert said["published_at"] == "2021-08-21T02:00:00+08:00"
    assert said["tables"]["dim_town"]["rows"] == 2
    assert said["tables"]["dim_town"]["sha256"] == sha256(published / "parquet" / "dim_town.parquet")
    assert read_manifest(published) == release


def test_the_same_content_leaves_every_file_untouched(warehouse: Path, published: Path) -> None:
    first = again(warehouse, published, "first")
    before = files(published)
    second = again(warehouse, published, "second")
    assert (first.is_unchanged, second.is_unchanged, second.run_id) == (False, True, "first")
    assert files(published) == before


@pytest.mark.parametrize(
    "change",
    [
        "comment on column marts.dim_town.share is '份额 | x | y'",
        "update marts.dim_town set share = 0.4 where town_code = '2'",
        "alter table marts.fct_empty alter villages type integer",
    ],
)
def test_a_changed_figure_type_or_label_is_published(warehouse: Path, published: Path, change: str) -> None:
    again(warehouse, published, "first")
    with duckdb.connect(warehouse) as con:
        con.execute(change)
    assert again(warehouse, published, "second").run_id == "second"


def test_another_version_of_the_program_publishes_anew(warehouse: Path, published: Path) -> None:
    again(warehouse, published, "first", code="1")
    assert again(warehouse, published, "second", code="2").run_id == "second"


def test_equal_content_gives_equal_parquet_however_it_lies_in_the_warehouse(warehouse: Path, published: Path) -> None:
    tables = again(warehouse, published).tables
    with duckdb.connect(warehouse) as con:
        con.execute("create or replace table turned as from marts.dim_town order by town_code desc")
        con.execute("delete from marts.dim_town; insert into marts.dim_town from turned")
    assert again(warehouse, published.with_name("elsewhere")).tables == tables


def test_rows_lie_in_the_order_of_the_grain_that_the_project_tells(warehouse: Path, published: Path) -> None:
    with duckdb.connect(warehouse) as con:
        con.execute("""
            create schema meta;
            create table meta.table_key (table_name varchar, position bigint, column_name varchar, is_nullable boolean);
            insert into meta.table_key values ('dim_town', 2, 'town_code', false), ('dim_town', 1, 'name', false);
            insert into marts.dim_town values ('3', '北坡镇', 1);
        """)
    again(warehouse, published)
    with duckdb.connect(published / "marts.duckdb", read_only=True) as con:
        for place in ("dim_town", f"read_parquet($${published / 'parquet' / 'dim_town.parquet'}$$)"):
            assert con.sql(f"select town_code from {place}").fetchall() == [("3",), ("1",), ("2",)]


def said_of(code: str) -> dict[str, object]:
    return {"run_id": "run", "as_of": TODAY, "published_at": NOON.replace(tzinfo=None), "code_version": code}


def test_of_a_table_that_stayed_the_files_of_the_release_before_are_taken(warehouse: Path, tmp_path: Path) -> None:
    first, marked = tmp_path / "first", tmp_path / "first" / "parquet" / "fct_empty.parquet"
    build(warehouse, first, said_of("1"))
    with duckdb.connect() as con:
        con.execute(f"copy (from read_parquet($${marked}$$)) to $${marked}.new$$ (format parquet, row_group_size 9999)")
    Path(f"{marked}.new").replace(marked)
    with duckdb.connect(warehouse) as con:
        con.execute("update marts.dim_town set share = 0.4 where town_code = '2'")
    for code, is_taken in (("1", True), ("2", False)):
        build(warehouse, tmp_path / code, said_of(code), first / "marts.duckdb")
        assert (sha256(tmp_path / code / "parquet" / "fct_empty.parquet") == sha256(marked)) == is_taken


@pytest.mark.parametrize(
    "change",
    [
        "insert into marts.dim_town values ('0', '上游镇', 0.1)",
        "delete from marts.dim_town where town_code = '1'",
        "update marts.dim_town set share = null where town_code = '2'",
        "comment on table marts.fct_empty is '空表 | 无 | none'",
        "insert into marts.fct_empty values ('2021-08-20', 5)",
    ],
)
def test_a_night_on_top_of_another_gives_the_bytes_of_a_first_night(
    warehouse: Path, published: Path, change: str
) -> None:
    before = again(warehouse, published, "first").tables
    with duckdb.connect(warehouse) as con:
        con.execute(change)
    tables = again(warehouse, published, "second").tables
    assert tables == again(warehouse, published.with_name("elsewhere"), "second").tables
    assert sum(tables[name] != before[name] for name in tables) == 1
    with duckdb.connect(published / "marts.duckdb", read_only=True) as con:
        for name, table in tables.items():
            found = con.sql(f"from {name}").fetchall()
            assert found == con.sql(f"from {name} order by all").fetchall()
            assert len(found) == table.rows


def test_a_file_that_was_removed_or_spoilt_is_published_again(warehouse: Path, published: Path) -> None:
    for spoilt in ("marts.duckdb", "parquet/dim_town.parquet", "manifest.json"):
        again(warehouse, published, "first")
        (published / spoilt).write_bytes(b"spoilt")
        assert not again(warehouse, published, "second").is_unchanged
        assert again(warehouse, published, "third").is_unchanged


def test_the_latest_releases_and_the_last_of_each_month_are_kept(warehouse: Path, published: Path) -> None:
    for month, day in [(6, 29), (6, 30), (7, 1), (7, 30), (7, 31), (8, 1), (8, 2), (8, 3)]:
        night(warehouse, published, dt.date(2021, month, day), kept=3)
    assert sorted(folder.name for folder in (published / "releases").iterdir()) == [
        "run-2021-06-30", "run-2021-07-31", "run-2021-08-01", "run-2021-08-02"
    ]  # fmt: skip
    old = read_manifest(published / "releases" / "run-2021-06-30")
    assert old
    assert old.tables["dim_town"].rows == 4
    text = "".join(
        query(published / "releases" / "run-2021-06-30" / "marts.duckdb", "select count(*) from dim_town", "csv")
    )
    assert text.endswith("\n4\n")


def test_a_table_that_is_gone_leaves_parquet_too(warehouse: Path, published: Path) -> None:
    again(warehouse, published, "first")
    with duckdb.connect(warehouse) as con:
        con.execute("drop table marts.fct_empty")
    again(warehouse, published, "second")
    assert [file.name for file in (published / "parquet").iterdir()] == ["dim_town.parquet"]


def test_a_failed_build_leaves_the_last_release(warehouse: Path, published: Path) -> None:
    night(warehouse, published)
    before = files(published)
    with duckdb.connect(warehouse) as con:
        con.execute("comment on column marts.dim_town.share is '镇级代码 | x | y'")
    with pytest.raises(PublishError, match="same label"):
        again(warehouse, published)
    assert files(published) == before
    with pytest.raises(PublishError):
        again(warehouse.with_name("missing.duckdb"), published)
    assert files(published) == before


@pytest.mark.parametrize("held", ["marts.duckdb", "fct_empty.parquet", "manifest.json"])
def test_a_file_that_cannot_be_replaced_leaves_the_last_release(
    warehouse: Path, published: Path, monkeypatch: pytest.MonkeyPatch, held: str
) -> None:
    night(warehouse, published)
    before = files(published)
    replace = Path.replace
    refusals: list[Path] = []

    def refuse(self: Path, target: Path) -> Path:
        if target.name == held and target.is_relative_to(published) and not refusals and "new" in self.parts:
            refusals.append(target)
            raise PermissionError(13, "held open", str(target))
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PublishError, match="held open"):
        night(warehouse, published, dt.date(2021, 8, 22))
    assert refusals
    left = files(published)
    assert {name: content for name, content in left.items() if not name.startswith("releases")} == before
    assert not night(warehouse, published, dt.date(2021, 8, 23)).is_unchanged


@pytest.mark.parametrize("killed_at", [1, 2, 3])
def test_what_a_killed_publish_left_is_put_right_by_the_next(
    warehouse: Path, published: Path, monkeypatch: pytest.MonkeyPatch, killed_at: int
) -> None:
    first = night(warehouse, published)
    done: list[Path] = []
    replace = Path.replace

    class Killed(BaseException):
        pass

    def die(self: Path, target: Path) -> Path:
        if len(done) == killed_at:
            raise Killed
        done.append(target)
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", die)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)  # a killed process tidies nothing
    with pytest.raises(Killed):
        night(warehouse, published, dt.date(2021, 8, 22))
    monkeypatch.undo()
    assert (published / ".building").exists()

    last = again(warehouse, published, "after")
    assert not last.is_unchanged
    assert last.tables["dim_town"].rows == first.tables["dim_town"].rows + 1
    assert not (published / ".building").exists()
    assert again(warehouse, published, "later").is_unchanged
    kept = read_manifest(published / "releases" / first.run_id)
    assert kept
    assert kept.tables == first.tables


def test_a_failed_night_is_told_in_the_manifest_until_one_succeeds(warehouse: Path, published: Path) -> None:
    run = Run("bad", TODAY, NOON, "1")
    note_failure(published, run, "nothing there yet")
    assert not published.exists()
    again(warehouse, published, "good")
    note_failure(published, run, "镇表无法读取")
    said = json.loads((published / "manifest.json").read_text("utf-8"))
    assert (said["status"], said["run_id"]) == ("failed", "good")
    assert said["failure"] == {"run_id": "bad", "at": "2021-08-21T02:00:00+08:00", "reason": "镇表无法读取"}
    assert again(warehouse, published).is_unchanged
    assert "failure" not in json.loads((published / "manifest.json").read_text("utf-8"))


def test_a_run_id_names_a_folder_and_nothing_else() -> None:
    with pytest.raises(ValueError, match="run id"):
        Run("../x", TODAY, NOON)
    assert Run.starting(TODAY, NOON).id.startswith("20210821-020000-")
