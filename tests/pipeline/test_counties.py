"""Two counties in one warehouse: what a region's figures are made of, and that a county sees itself and nobody else."""

import datetime as dt
import json
import zlib
from pathlib import Path

import duckdb
import pytest

from flows.counties import bring_up_to_date
from flows.publish import counties
from flows.settings import Settings
from tests.conftest import County, build_county

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]

# County → its code, its town, the day of its report, and its villages: households, people, whether completed.
INBOX = {
    "甲川县": ("990101", "梧桐镇", dt.date(2021, 8, 10), [("银杏村", 10, 40, True), ("丹桂村", 20, 80, False)]),
    "乙川县": ("990202", "海棠镇", dt.date(2021, 8, 12), [("木槿村", 30, 120, True), ("芙蓉村", 5, 25, True)]),
}
FIRST, SECOND = (code for code, *_ in INBOX.values())


def write_csv(path: Path, title: str, *lines: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([title, *lines]) + "\n", "utf-8-sig")


def send(raw: Path, county: str, *, all_completed: bool = False) -> None:
    _, town, day, villages = INBOX[county]
    until = f"（截至{day.year}年{day.month}月{day.day}日）"
    write_csv(
        raw / day.isoformat() / county / f"{town}攻坚进度表({day.month}.{day.day}).csv",
        f"{county}{town}农村集中供水攻坚进度表{until}",
        "序号,村委会,自然村,供水方式,户数,人口,所属工程,计划完成时间,开工时间,进展情况,完成时间,已通水户数,已供水人口",
        *(
            f"{number},{town[:2]}村委会,{name},镇级水厂扩网,{households},{people},{town}扩网工程,2021.9.30,2021.7.1,"
            + (f"已完成,2021.8.1,{households},{people}" if is_done or all_completed else "在建,,0,0")
            for number, (name, households, people, is_done) in enumerate(villages, start=1)
        ),
    )


def write_inbox(raw: Path) -> None:
    for county, (code, town, _, villages) in INBOX.items():
        folder, until = raw / "2021-08-01" / county, "（截至2021年8月1日）"
        write_csv(
            folder / f"{county}行政区划与户籍基数表.csv",
            f"{county}行政区划与户籍基数表{until}",
            "自然村编码,镇,村委会,自然村,户籍户数,户籍人口,生效日期,失效日期,别名",
            *(
                f"{code}101201{number:03},{town},{town[:2]}村委会,{name},{households},{people},2018-01-01,,"
                for number, (name, households, people, _) in enumerate(villages, start=1)
            ),
        )
        send(raw, county)


@pytest.fixture(scope="module")
def two(county: County, tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("counties")
    write_inbox(folder / "raw")
    build_county(folder / "raw", folder / "data", county.data / "work")
    settings = Settings(raw=folder / "raw", data=folder / "data", processes=2)
    done = bring_up_to_date(settings)
    assert (done.written, done.failed) == ([FIRST, SECOND], [])
    return settings


def rows(database: Path, sql: str) -> list[tuple[object, ...]]:
    with duckdb.connect(str(database), read_only=True) as con:
        return con.execute(sql).fetchall()


def test_a_province_at_a_date_is_the_sum_of_each_countys_latest_state(two: Settings) -> None:
    found = rows(
        two.marts,
        "select cast(report_date as varchar), counties_reporting, counties_total, villages_planned, "
        "villages_completed, population_completed, cast(oldest_reported_on as varchar) from main.rpt_coverage_division "
        "where division_code = '99' and supply_mode = 'all' order by report_date",
    )
    assert found == [
        ("2021-08-10", 1, 2, 2, 1, 40, "2021-08-10"),
        ("2021-08-12", 2, 2, 4, 3, 185, "2021-08-10"),
    ]


def test_a_prefecture_holds_its_own_counties_alone(two: Settings) -> None:
    found = rows(
        two.marts,
        "select division_code, counties_total, villages_planned from main.rpt_coverage_division "
        "where level = 'prefecture' and supply_mode = 'all' and report_date = '2021-08-12' order by all",
    )
    assert found == [("9901", 1, 2), ("9902", 1, 2)]


def test_a_county_has_a_whole_release_of_its_own(two: Settings) -> None:
    for code in (FIRST, SECOND):
        there = {path.name for path in (two.published / code).iterdir()}
        assert {"marts.duckdb", "parquet", "dictionary.html", "manifest.json", "wall-map.html", "documents"} <= there
        assert rows(two.published / code / "marts.duckdb", "select distinct county_code from main.fct_coverage") == [
            (code,)
        ]
        assert rows(two.published / code / "marts.duckdb", "select count(*) from main.rpt_coverage_division") == [(0,)]
    assert not (two.published / "wall-map.html").exists()


def bytes_within(path: Path) -> bytes:
    """A file's bytes, and those that its compressed parts hold."""
    if path.suffix == ".parquet":
        with duckdb.connect() as con:
            return repr(con.execute("select * from read_parquet(?)", [str(path)]).fetchall()).encode()
    if path.suffix in (".docx", ".xlsx"):
        import zipfile

        with zipfile.ZipFile(path) as archive:
            return b"".join(map(archive.read, archive.namelist()))
    if path.name == "marts.duckdb":
        with duckdb.connect(str(path), read_only=True) as con:
            tables = con.execute("select schema_name, table_name from duckdb_tables()").fetchall()
            told = [con.execute(f'from "{schema}"."{table}"').fetchall() for schema, table in tables]
        return path.read_bytes() + repr(told).encode()
    return path.read_bytes()


def test_nothing_of_another_county_is_to_be_found_in_a_countys_folder(two: Settings) -> None:
    for county, (code, *_) in INBOX.items():
        foreign = [
            word.encode()
            for other, (other_code, town, _, villages) in INBOX.items()
            if other != county
            for word in (other, other_code, town[:2], *(name for name, *_ in villages))
        ]
        files = [path for path in (two.published / code).rglob("*") if path.is_file()]
        assert len(files) > 40
        for path in files:
            held = bytes_within(path)
            assert [word.decode() for word in foreign if word in held] == [], path


def test_what_is_looked_for_is_found_in_the_release_of_all(two: Settings) -> None:
    assert all(village[0].encode() in bytes_within(two.marts) for _, _, _, some in INBOX.values() for village in some)


def contents(folder: Path) -> dict[str, int]:
    return {str(path): zlib.crc32(path.read_bytes()) for path in folder.rglob("*") if path.is_file()}


def test_only_the_county_that_changed_is_published_anew(two: Settings, county: County) -> None:
    before = contents(two.published / SECOND)
    assert (again := bring_up_to_date(two)).written == []
    assert again.kept == 2
    send(two.raw, "甲川县", all_completed=True)
    build_county(two.raw, two.data, county.data / "work")
    done = bring_up_to_date(two)
    assert (done.written, done.kept, done.failed) == ([FIRST], 1, [])
    assert contents(two.published / SECOND) == before
    found = rows(two.published / FIRST / "marts.duckdb", "select sum(villages_completed) from main.rpt_coverage_town")
    assert found == [(2,)]


def test_a_county_that_cannot_be_made_is_said_and_tried_again(two: Settings) -> None:
    (two.published / counties.STATE).unlink()
    place = two.published / FIRST
    place.rename(beside := two.published / "aside")
    place.write_text("in the way")
    done = bring_up_to_date(two)
    assert done.written == [SECOND]
    assert [said.zh.startswith(FIRST) for said in done.failed] == [True]
    place.unlink()
    beside.rename(place)
    assert bring_up_to_date(two).failed == []


def test_other_boundaries_draw_the_maps_of_all_counties_anew(two: Settings, tmp_path: Path) -> None:
    file = tmp_path / "boundaries.geojson"
    square = [[[110, 21], [111, 21], [111, 22], [110, 22], [110, 21]]]
    towns = [
        {"type": "Feature", "properties": {"name": town}, "geometry": {"type": "Polygon", "coordinates": square}}
        for _, town, *_ in INBOX.values()
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": towns}), "utf-8")
    drawn = two.model_copy(update={"town_boundaries": file})
    assert set(bring_up_to_date(drawn).written) == {FIRST, SECOND}
    assert bring_up_to_date(drawn).written == []
