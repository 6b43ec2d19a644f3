"""What is kept from build to build is what a full refresh makes, and no date is built anew that nothing has changed."""

import datetime as dt
import shutil
from pathlib import Path

import duckdb
import pytest

from flows import transform
from flows.transform import TransformError
from tests.conftest import County

pytestmark = pytest.mark.pipeline

COUNTY, NEIGHBOUR = "449901", "449902"
JUNE, JULY, END_OF_JULY = dt.date(2021, 6, 30), dt.date(2021, 7, 15), dt.date(2021, 7, 31)
AUGUST, LAST = dt.date(2021, 8, 10), dt.date(2021, 8, 20)
LATE = "path = 'raw/2021-06-30/白石镇/白石镇攻坚进度表(6.30).csv'"
CORRECTION = "path like '%(更正).csv'"

Dates = dict[str, set[tuple[str, dt.date]]]


class Warehouse:
    """A warehouse into whose landing the files of a county come, some of them after the others."""

    def __init__(self, county: County, folder: Path) -> None:
        self.path, self.work = folder / "warehouse.duckdb", folder / "work"
        self.county = county.warehouse
        with duckdb.connect(str(self.county), read_only=True) as con:
            tables = con.execute("select table_name from duckdb_tables() where schema_name = 'landing'").fetchall()
        # the registry of files last: it says which rows are there
        self.tables = sorted((f"landing.{name}" for (name,) in tables), key=lambda name: name == "landing.file")
        self.run(
            "create schema landing", *(f"create table {name} as from county.{name} limit 0" for name in self.tables)
        )

    def run(self, *statements: str) -> None:
        with duckdb.connect(str(self.path)) as con:
            con.execute(f"attach '{self.county}' as county (read_only)")
            for statement in statements:
                con.execute(statement)

    def receive(self, files: str) -> None:
        """Let the files come that are not there and that a condition on landing.file names."""
        come = f"select file_sha256 from county.landing.file where {files} except select file_sha256 from landing.file"
        self.run(*(f"insert into {name} from county.{name} where file_sha256 in ({come})" for name in self.tables))

    def receive_neighbour(self, files: str) -> None:
        """Let the same files come from a second county: its codes differ, and with them everything."""
        for name in self.tables:
            with duckdb.connect(str(self.county), read_only=True) as con:
                columns = con.execute(f"describe {name}").fetchall()
            told = ", ".join(
                f"'{NEIGHBOUR}' || {column} as {column}" if column in ("file_sha256", "path")
                else f"replace({column}, '{COUNTY}', '{NEIGHBOUR}') as {column}" if kind == "VARCHAR"
                else column
                for column, kind, *_ in columns
            )  # fmt: skip
            come = f"select file_sha256 from county.landing.file where {files}"
            self.run(f"insert into {name} select {told} from county.{name} where file_sha256 in ({come})")

    def built(self) -> dict[str, dict[tuple[str, dt.date], dt.datetime]]:
        """When each date of each model that is kept was built."""
        with duckdb.connect(str(self.path), read_only=True) as con:
            found = con.execute("select table_name from duckdb_tables() where suffix(table_name, '__built')").fetchall()
            return {
                name.removesuffix("__built"): {
                    (county, date): at
                    for county, date, at in con.execute(
                        f"select county_code, report_date, built_at from intermediate.{name}"
                    ).fetchall()
                }
                for (name,) in found
            }

    def build(self, as_of: dt.date | None = None) -> Dates:
        """Build as every night does, and return the dates that each model has built anew."""
        try:
            before = self.built()
        except duckdb.IOException:
            before = {}
        transform.build(self.path, self.work, as_of=as_of, tests="none")
        return {
            model: {key for key, at in dates.items() if before.get(model, {}).get(key) != at}
            for model, dates in self.built().items()
        }

    def differences(self, as_of: dt.date | None = None) -> list[str]:
        """The marts that differ from those of a full refresh, with the number of rows that do."""
        full = Path(shutil.copy(self.path, self.path.with_name("full.duckdb")))
        transform.build(full, self.work, as_of=as_of, full_refresh=True, tests="none")
        return self.differences_from(full)

    def differences_from(self, full: Path) -> list[str]:
        with duckdb.connect() as con:
            con.execute(f"attach '{self.path}' as kept (read_only); attach '{full}' as made (read_only)")
            names = [
                name
                for (name,) in con.execute(
                    "select distinct table_name from duckdb_tables() where schema_name = 'marts' order by 1"
                ).fetchall()
            ]
            assert len(names) > 25
            said = []
            for name in names:
                kept, made = f"from kept.marts.{name}", f"from made.marts.{name}"
                (count,) = con.execute(
                    f"select count(*) from (({kept} except all {made}) union all ({made} except all {kept}))"
                ).fetchone() or (None,)
                if count:
                    said.append(f"{name}: {count}")
            return said


@pytest.fixture(scope="module")
def july(county: County, tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    """What came until 2 August but for one file of June, built."""
    warehouse = Warehouse(county, tmp_path_factory.mktemp("july"))
    shutil.copytree(county.data / "work", warehouse.work)
    warehouse.receive(f"received_on <= date '2021-08-02' and not {LATE}")
    warehouse.build()
    return warehouse


@pytest.fixture
def warehouse(county: County, july: Warehouse, tmp_path: Path) -> Warehouse:
    """One's own copy of what came until 2 August."""
    copy = Warehouse(county, tmp_path)
    shutil.copy(july.path, copy.path)
    shutil.copytree(july.work, copy.work)
    return copy


def of(county: str, *dates: dt.date) -> set[tuple[str, dt.date]]:
    return {(county, date) for date in dates}


def test_a_night_builds_the_dates_anew_that_what_came_changes(warehouse: Warehouse) -> None:
    assert len(warehouse.built()) >= 8
    assert [model for model, dates in warehouse.build().items() if dates] == []  # nothing came

    warehouse.receive(f"received_on < date '2021-08-13' and not {LATE}")
    assert {model: dates for model, dates in warehouse.build().items() if dates != of(COUNTY, AUGUST)} == {}

    warehouse.receive(f"received_on <= date '2021-08-16' and not {LATE}")  # a correction among them
    built = warehouse.build()
    assert built["fct_coverage"] == of(COUNTY, AUGUST)
    assert built["fct_project_progress"] == built["fct_funding"] == built["int_water_sample"] == set()

    warehouse.receive(LATE)
    built = warehouse.build()
    assert built["fct_coverage"] == of(COUNTY, JUNE)  # by 15 July the town has reported again
    assert built["fct_funding"] == set()

    warehouse.run("delete from landing.file where path like '%白石镇水质检测(7.15)%'")
    built = warehouse.build()
    assert built["int_water_sample"] == of(COUNTY, JULY, END_OF_JULY, AUGUST)  # samples count in every report since
    assert built["fct_coverage"] == set()
    assert warehouse.differences() == []


@pytest.mark.slow
def test_the_marts_of_a_past_day_and_back_again(july: Warehouse, warehouse: Warehouse) -> None:
    past = dt.date(2021, 7, 15)
    warehouse.build(as_of=past)
    assert set(warehouse.built()["fct_coverage"]) == of(COUNTY, JUNE, JULY)
    assert warehouse.differences(as_of=past) == []
    warehouse.build()
    assert warehouse.differences_from(july.path) == []


@pytest.mark.slow
def test_a_file_read_anew_changes_its_dates_and_a_second_county_none_of_the_first(warehouse: Warehouse) -> None:
    of_a_town = "select min(file_sha256) from landing.village_progress where report_date = '2021-07-31'"
    warehouse.run(
        f"update landing.village_progress set population = population + 1 where file_sha256 in ({of_a_town})",
        f"update landing.file set master_version = 'another' where file_sha256 in ({of_a_town})",
    )
    assert warehouse.build()["fct_coverage"] == of(COUNTY, END_OF_JULY)

    warehouse.receive_neighbour("received_on <= date '2021-07-18'")
    built = warehouse.build()
    assert {model: dates for model, dates in built.items() if dates != of(NEIGHBOUR, JUNE, JULY)} == {}
    assert warehouse.differences() == []


@pytest.mark.slow
def test_what_a_later_report_says_of_a_project_changes_older_dates(warehouse: Warehouse) -> None:
    """Funds whose sheet and ledger name no supply mode take the one that is known of the project, however late."""
    modes = "select count(*) from marts.fct_funding where report_date = '2021-06-30' and supply_mode = 'small_scheme'"
    warehouse.run("update landing.funding set supply_mode = null", "delete from landing.project_ledger")
    transform.build(warehouse.path, warehouse.work, full_refresh=True)
    with duckdb.connect(str(warehouse.path), read_only=True) as con:
        before = con.execute(modes).fetchone()
    warehouse.run(
        "update landing.village_progress set supply_mode = 'small_scheme' where report_date = '2021-07-31'",
        "update landing.file set corrections_version = 'another' where report_date = '2021-07-31'",
    )
    assert (COUNTY, JUNE) in warehouse.build()["fct_funding"]
    assert warehouse.differences() == []
    with duckdb.connect(str(warehouse.path), read_only=True) as con:
        assert con.execute(modes).fetchone() > before


@pytest.mark.slow
def test_a_build_that_fails_leaves_no_row_that_the_next_one_takes_for_built(warehouse: Warehouse) -> None:
    """The record cannot be written where a view has its name: then the rows that it tells of are not there either."""
    rows = "select count(*) from marts.fct_coverage where report_date = '2021-08-10'"
    warehouse.receive(f"received_on < date '2021-08-13' and not {LATE}")
    warehouse.run(
        "alter table intermediate.fct_coverage__built rename to kept",
        "create view intermediate.fct_coverage__built as from intermediate.kept",
    )
    with pytest.raises(TransformError, match="fct_coverage"):
        warehouse.build()
    with duckdb.connect(str(warehouse.path), read_only=True) as con:
        assert con.execute(rows).fetchone() == (0,)
    warehouse.run(
        "drop view intermediate.fct_coverage__built",
        "alter table intermediate.kept rename to fct_coverage__built",
    )
    assert warehouse.build()["fct_coverage"] == of(COUNTY, AUGUST)
    with duckdb.connect(str(warehouse.path), read_only=True) as con:
        assert con.execute(rows).fetchone() > (0,)
