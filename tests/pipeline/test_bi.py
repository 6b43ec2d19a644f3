"""What analysts take from a release of the sample county: what it says of itself, spreadsheets, and the example."""

import csv
import importlib.util
import json
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import duckdb
import polars as pl
import pytest

from flows.publish.query import connect, query
from flows.publish.spreadsheet import cell, save_tables
from schemas import forms
from tests.conftest import County

pytestmark = pytest.mark.pipeline

EXAMPLE = Path(__file__).parents[2] / "docs" / "examples" / "waiting.py"


@pytest.fixture(scope="module")
def con(county: County) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(county.published / "marts.duckdb") as con:
        yield con


@pytest.fixture(scope="module")
def example() -> ModuleType:
    spec = importlib.util.spec_from_file_location("waiting", EXAMPLE)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


# --- what a release says of itself ------------------------------------------------------------------------------------


def test_its_run_day_and_rows_are_those_of_the_manifest(county: County, con: duckdb.DuckDBPyConnection) -> None:
    manifest = json.loads((county.published / "manifest.json").read_text("utf-8"))
    assert con.sql("select run_id, cast(as_of as varchar), code_version from meta.release").fetchall() == [
        (manifest["run_id"], manifest["as_of"], manifest["code_version"])
    ]
    rows = {name: table["rows"] for name, table in manifest["tables"].items()}
    assert dict(con.sql("from meta.table_rows").fetchall()) == rows
    assert all(con.sql(f"select count(*) from {table}").fetchall() == [(count,)] for table, count in rows.items())


def test_every_town_and_form_is_told_with_its_latest_report(con: duckdb.DuckDBPyConnection) -> None:
    towns = {code for (code,) in con.sql("select division_code from dim_division where level = 'town'").fetchall()}
    told = {(town, form): dates for town, form, *dates in con.sql("from meta.freshness").project(
        "town_code, form, report_date, received_on").fetchall()}  # fmt: skip
    assert {town for town, _ in told} == towns
    assert {form for _, form in told} < forms().keys()
    assert len(told) == len(towns) * len({form for _, form in told})
    for (town, form), (report_date, received_on) in told.items():
        reports = con.execute(
            "select report_date, received_on from fct_submission where town_code = ? and form = ? "
            "and status = 'current' order by report_date, received_on",
            [town, form],
        ).fetchall()
        assert (report_date, received_on) == (reports[-1] if reports else (None, None))
    assert any(dates[0] for dates in told.values())


def test_rows_and_issues_add_up_to_those_of_the_marts(con: duckdb.DuckDBPyConnection) -> None:
    sums = "sum(rows_read), sum(rows_accepted), sum(rows_rejected)"
    (told,) = con.sql(f"select {sums} from meta.form_quality").fetchall()
    assert [told] == con.sql(f"select {sums} from fct_submission where status in ('current', 'rejected')").fetchall()
    assert told[2] > 0
    issues = con.sql("select severity, sum(issues) from meta.rule_quality group by all order by all").fetchall()
    assert (
        issues
        == con.sql(
            "select severity, count(*) from fct_data_issue where submission = 'current' group by all order by all"
        ).fetchall()
    )
    assert [severity for severity, _ in issues] == ["error", "info", "warn"]


# --- spreadsheets -----------------------------------------------------------------------------------------------------


def test_every_table_is_written_for_spreadsheets_row_by_row(
    county: County, con: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    written = save_tables(county.published / "marts.duckdb", tmp_path, [], "zh")
    assert {file.stem: rows for file, rows in written.items()} == dict(con.sql("from meta.table_rows").fetchall())
    for file in written:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            heading, *rows = csv.reader(lines)
        answer = con.sql(f"from marts_zh.{file.stem}")
        assert heading == [cell(name) for name in answer.columns]
        assert rows == [[cell(value) for value in row] for row in answer.fetchall()], file.stem
    village_code = rows_of(tmp_path / "fct_coverage.csv")[0]["自然村代码"]
    assert village_code.startswith("\t4499")  # 15 digits, which a spreadsheet would cut


def rows_of(file: Path) -> list[dict[str, str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.DictReader(lines))


# --- the example of docs/examples -------------------------------------------------------------------------------------


def test_the_example_answers_as_the_command_does(county: County) -> None:
    done = subprocess.run(
        [sys.executable, str(EXAMPLE), str(county.published)], capture_output=True, text=True, check=True
    )
    _, *lines, last = done.stdout.splitlines()
    assert last == "polars: the same"
    sql = """
        select division.name, supply.population_to_add, funding.secured_yuan - funding.spent_yuan as idle
        from rpt_supply_rate as supply
        inner join rpt_funding as funding using (report_date, town_code, supply_mode)
        inner join dim_division as division on supply.town_code = division.division_code
        where
            report_date = (select max(report_date) from rpt_supply_rate) and supply_mode = 'all'
            and funding_source = 'all' and population_to_add > 0
        order by idle desc, division.name
    """
    _, *asked = "".join(query(county.published / "marts.duckdb", sql, "csv")).splitlines()
    assert [",".join(line.split()) for line in lines] == asked != []


def test_the_example_waits_until_files_are_of_one_release(county: County, example: ModuleType, tmp_path: Path) -> None:
    published = shutil.copytree(county.published, tmp_path / "published", ignore=shutil.ignore_patterns("releases"))
    file = published / "parquet" / "rpt_funding.parquet"
    whole = file.read_bytes()
    pl.read_parquet(file).head(1).write_parquet(file)  # of another release
    with pytest.raises(TimeoutError):
        example.tables(published, "rpt_supply_rate", "rpt_funding", patience=0.1)

    def put_in_place() -> None:
        time.sleep(0.5)
        file.with_suffix(".new").write_bytes(whole)
        file.with_suffix(".new").replace(file)

    night = threading.Thread(target=put_in_place)
    night.start()
    _, funding = example.tables(published, "rpt_supply_rate", "rpt_funding")
    night.join()
    assert len(funding) > 1
