"""The wall map of the sample county: its figures are those of the metrics, its cells those of the workbooks."""

import csv
import gzip
from collections import Counter
from itertools import product
from pathlib import Path
from typing import Any

import duckdb
import pytest

from flows.metrics import Metrics
from flows.publish.query import connect
from flows.report.wall_map.cells import read_addresses
from flows.report.wall_map.figures import METRICS, read_figures
from flows.report.wall_map.states import DOUBTS, STATES
from flows.report.wall_map.villages import SHOWN
from flows.report.wall_map.wall_map import FILE, write_wall_map
from tests.conftest import County

pytestmark = pytest.mark.pipeline

TRUTH = Path(__file__).parent.parent / "data" / "truth"
Figures = dict[str, Any]


@pytest.fixture(scope="module")
def figures(county: County) -> Figures:
    with connect(county.published / "marts.duckdb") as con:
        return read_figures(con, read_addresses(county.warehouse), "zh")


def marts(county: County, sql: str) -> list[tuple[Any, ...]]:
    with connect(county.published / "marts.duckdb") as con:
        return con.execute(sql).fetchall()


def added(figures: Figures, metric: str, where: dict[str, str]) -> int | None:
    """What the page adds up."""
    table = figures["sums"][figures["metrics"][metric]["table"]]
    rows = table["days"].get(where["report_date"], [])
    rows = table["days"][rows] if isinstance(rows, str) else rows
    lists = {"town_code": figures["towns"], "supply_mode": figures["modes"]}
    wanted = {
        table["columns"].index(column): [code for code, _ in lists[column]].index(where[column])
        for column in lists
        if column in where
    }
    amounts = [
        row[table["columns"].index(metric)] for row in rows if all(row[at] == place for at, place in wanted.items())
    ]
    known = [amount for amount in amounts if amount is not None]
    return sum(known) if known else None


def test_the_sums_of_every_slice_are_those_of_the_metrics(county: County, figures: Figures) -> None:
    towns, modes = [None, *(code for code, _ in figures["towns"])], [None, *(code for code, _ in figures["modes"])]
    simple = [name for name, metric in figures["metrics"].items() if metric["kind"] == "simple"]
    assert {name for name, metric in figures["metrics"].items() if metric["kind"] != "simple"} >= {"supply_rate"}
    compared = 0
    with connect(county.published / "marts.duckdb") as con:
        metrics = Metrics(con)
        for day, town, mode, name in product(figures["dates"], towns, modes, simple):
            asked = {"report_date": day, "town_code": town, "supply_mode": mode}
            by = ("report_date", *figures["metrics"][name]["by"])
            where = {key: value for key, value in asked.items() if value and key in by}
            expected = metrics.figure(name, where).value
            shown = added(figures, name, where)
            if figures["metrics"][name]["unit"] == "元" and expected is not None:
                expected *= 100  # type: ignore[operator]
            assert (shown or 0) == (expected or 0), (name, where)
            compared += 1
    assert compared > 3000
    assert set(METRICS) <= figures["metrics"].keys()


def test_the_villages_by_state_are_those_of_the_marts(county: County, figures: Figures) -> None:
    """Every counted village has one tile, the late ones are those of the figure on top, and none is lost."""
    expected = {
        day.isoformat(): told
        for day, *told in marts(
            county,
            "select report_date, sum(villages_planned), sum(villages_completed), sum(late_open), "
            "sum(villages_rejected) from rpt_coverage_town group by all",
        )
    }
    for day, lines in figures["days"].items():
        states = Counter(STATES[line[1]].code for line in lines)
        rejected = [line for line in lines if line[2] & DOUBTS["is_rejected"]]
        done = [line for line in lines if figures["facts"][line[0]][3] == "completed"]
        assert [len(lines) - len(rejected), len(done), states["late"], len(rejected)] == expected[day]
        assert states["verified"] + states["completed"] <= len(done)
    assert sum(len(lines) for lines in figures["days"].values()) > 1300


def test_a_village_contradicted_or_untested_is_doubtful(county: County, figures: Figures) -> None:
    contradicted = marts(
        county,
        "select report_date, village_code from fct_verification "
        "inner join fct_coverage using (report_date, village_code) "
        "where reported_completed and not has_water and is_completed",
    )
    untested = marts(
        county,
        "select coverage.report_date, village_code from fct_coverage as coverage inner join fct_data_issue as issue "
        "on issue.object = village_code and issue.source_id = coverage.source_id where rule = 'R24'",
    )
    for bit, expected in ((DOUBTS["is_contradicted"], contradicted), (DOUBTS["is_untested"], untested)):
        shown = {
            (day, figures["villages"][figures["facts"][line[0]][0]][0]): STATES[line[1]].code
            for day, lines in figures["days"].items()
            for line in lines
            if line[2] & bit
        }
        assert shown.keys() == {(day.isoformat(), village) for day, village in expected}
        assert set(shown.values()) == {"doubtful"}


def test_every_cell_is_where_the_truth_has_it(figures: Figures) -> None:
    """The address of every figure of every village at every report date, against the sample's own list of cells."""
    truth: dict[tuple[str, ...], set[str]] = {}  # a village that is listed twice has two
    with gzip.open(TRUTH / "cells.csv.gz", "rt", encoding="utf-8") as file:
        for cell in csv.DictReader(file):
            if cell["form"] == "village_progress":
                truth.setdefault((cell["file"], cell["object"], cell["field"]), set()).add(cell["cell"])
    compared = Counter[str]()
    for lines in figures["days"].values():
        for fact, _, doubts, _, sheet, row in lines:
            file, columns = (figures[kind][figures["sheets"][sheet][at]] for kind, at in (("files", 0), ("columns", 3)))
            village = figures["villages"][figures["facts"][fact][0]][0]
            if doubts & DOUBTS["is_rejected"]:
                continue  # not in the table of accepted rows: file, sheet and row are shown
            for field in SHOWN:
                if (expected := truth.get((file, village, field))) and field in columns:
                    column = columns[field]
                    assert (column if column[-1].isdigit() else f"{column}{row}") in expected, (file, village, field)
                    compared[field] += 1
    assert compared["status"] > 1300 and compared["population"] > 1300


def test_the_page_is_written_once_and_stays_until_it_changes(county: County, tmp_path: Path) -> None:
    addresses = read_addresses(county.warehouse)
    database = county.published / "marts.duckdb"
    written = write_wall_map(database, tmp_path, "zh", addresses)
    assert written.file == tmp_path / FILE and written.notes == []
    before = written.file.stat().st_mtime_ns
    write_wall_map(database, tmp_path, "zh", addresses)
    assert written.file.stat().st_mtime_ns == before
    write_wall_map(database, tmp_path, "en", addresses)
    assert '<html lang="en">' in written.file.read_text("utf-8")
    assert [path.name for path in tmp_path.iterdir()] == [FILE]


def test_a_page_that_cannot_be_made_leaves_the_old_one(county: County, tmp_path: Path) -> None:
    file = tmp_path / FILE
    file.write_text("old", "utf-8")
    empty = tmp_path / "marts.duckdb"
    duckdb.connect(str(empty)).close()
    with pytest.raises(duckdb.Error):
        write_wall_map(empty, tmp_path, "zh", {})
    assert file.read_text("utf-8") == "old"
