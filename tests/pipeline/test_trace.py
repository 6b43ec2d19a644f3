"""The proof of the sample county's figures: every cell that a trace names is opened by other means and read again."""

import csv
import datetime as dt
import json
import re
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator
from decimal import Decimal
from functools import cache
from pathlib import Path

import lxml.html
import openpyxl
import pytest
import xlrd
from cn2an import cn2an
from openpyxl.utils.cell import column_index_from_string, coordinate_from_string
from python_calamine import CalamineWorkbook

from flows.cli import main
from flows.metrics import Figure, Metrics
from flows.publish.query import connect
from flows.trace import Cell, Proof, Tracer
from tests.conftest import RAW, County, build_county

pytestmark = pytest.mark.pipeline

DAY, COUNTY = dt.date(2021, 8, 20), "449901"
MODES = ("cross_county", "county_plant", "town_plant", "small_scheme")
SOURCES = ("special_bond", "agricultural_funds", "other")
# The first section of the county's report: what is printed of each supply mode and of all, and of each source.
COVERAGE = (
    "committees_planned", "villages_planned", "households_planned", "population_planned", "villages_started",
    "villages_completed", "households_completed", "population_completed", "late_villages", "village_completion_rate",
    "target_villages", "target_population", "village_target_rate", "population_served_before", "supply_rate",
    "supply_rate_after_plan", "projects", "pipeline_planned_km", "pipeline_laid_km", "investment_planned_yuan",
    "investment_completed_yuan", "latest_planned_finish",
)  # fmt: skip
FUNDS = ("planned_yuan", "secured_yuan", "spent_yuan", "secured_rate", "spent_rate")
# What a town may print a unit in, by the unit of the metric.
FACTORS = {"元": {"1", "10000"}, "公里": {"1", "0.001"}, "人": {"1", "10000"}, "户": {"1"}, "条": {"1"}}


@pytest.fixture(scope="module")
def tracer(county: County) -> Iterator[Tracer]:
    with Tracer(county.published / "marts.duckdb", county.warehouse) as tracer:
        yield tracer


def first_section(metrics: Metrics, **where: object) -> list[Figure]:
    at = {"report_date": DAY, "county_code": COUNTY, **where}
    slices: list[dict[str, object]] = [{}, *({"supply_mode": mode} for mode in MODES)]
    found = [metrics.figure(name, at | part) for name in COVERAGE for part in slices]
    slices = [{}, *({"funding_source": source} for source in SOURCES)]
    return found + [metrics.figure(name, at | part) for name in FUNDS for part in slices]


def leaves(proof: Proof) -> Iterator[Proof]:
    if not proof.inputs:
        yield proof
    for part in proof.inputs:
        yield from leaves(part)


# --- files, opened by other means -------------------------------------------------------------------------------------


@cache
def sheet_of(path: Path, sheet: str) -> Callable[[int, int], object]:
    """What stands at a 1-based row and column of a sheet."""
    data = path.read_bytes()
    if path.suffix == ".csv":
        text = data.decode("utf-8-sig") if data.startswith(b"\xef\xbb\xbf") else decoded(data)
        return of_rows(list(csv.reader(text.splitlines())))
    if data.startswith(b"\xd0\xcf\x11\xe0"):
        old = xlrd.open_workbook(file_contents=data).sheet_by_name(sheet)
        return lambda row, column: old_value(old, row - 1, column - 1)
    if path.suffix == ".ods":
        book = CalamineWorkbook.from_path(path)
        return of_rows(book.get_sheet_by_name(sheet).to_python(skip_empty_area=False))
    if data.startswith(b"PK"):
        new = openpyxl.load_workbook(path, data_only=True)[sheet]
        return lambda row, column: new.cell(row, column).value
    return of_rows(html_rows(decoded(data), int(sheet.removeprefix("Sheet"))))


def decoded(data: bytes) -> str:
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("gb18030")


def of_rows(rows: list[list[object]]) -> Callable[[int, int], object]:
    return lambda row, column: rows[row - 1][column - 1] if column <= len(rows[row - 1]) else None


def html_rows(text: str, number: int) -> list[list[object]]:
    """The cells of a table of a page, each at its place beneath rowspans and colspans."""
    table = lxml.html.fromstring(re.sub(r"<\?xml[^>]*>|<meta[^>]*>", "", text)).findall(".//table")[number - 1]
    rows: list[dict[int, object]] = []
    for number, line in enumerate(table.iter("tr")):
        rows.extend({} for _ in range(number + 1 - len(rows)))
        column = 0
        for cell in line.xpath("./td|./th"):
            while column in rows[number]:
                column += 1
            down, right = (int(cell.get(name) or 1) for name in ("rowspan", "colspan"))
            rows.extend({} for _ in range(number + down - len(rows)))
            for below in range(down):
                rows[number + below] |= dict.fromkeys(range(column, column + right))
            rows[number][column] = cell.text_content().strip()
    return [[row.get(column) for column in range(max(row, default=-1) + 1)] for row in rows]


def old_value(sheet: xlrd.sheet.Sheet, row: int, column: int) -> object:
    cell = sheet.cell(row, column)
    if cell.ctype == xlrd.XL_CELL_DATE:
        return xlrd.xldate_as_datetime(cell.value, sheet.book.datemode)
    return cell.value


def shown(value: object) -> str:
    match value:
        case None:
            return ""
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case dt.datetime():
            return value.date().isoformat() if value.time() == dt.time() else value.isoformat(" ")
    return str(value).strip()


def stands(cell: Cell) -> str:
    """What another reader finds at the address of a cell."""
    assert cell.address
    letters, row = coordinate_from_string(cell.address)
    path = RAW.joinpath(*Path(cell.file).parts[1:])
    return shown(sheet_of(path, cell.sheet)(row, column_index_from_string(letters)))


# --- every figure of the first section --------------------------------------------------------------------------------


def test_every_cell_of_the_first_section_prints_what_its_trace_says(tracer: Tracer) -> None:
    compared: dict[str, int] = defaultdict(int)
    for figure in first_section(tracer.metrics):
        for proof in leaves(tracer.trace(figure)):
            assert proof.rows or not proof.figure.value, proof.figure.key
            for row in proof.rows:
                assert row.cells, (proof.figure.key, row)
                for cell in (*row.cells, *row.beside):
                    if cell.address and cell.printed:
                        assert stands(cell) == cell.printed.removesuffix(" 00:00:00"), cell
                        compared[kind(cell)] += 1
    assert compared.keys() == {".xlsx", ".xls", ".csv", ".ods", "html"}
    assert min(compared.values()) > 500


def figure_in(text: str) -> Decimal:
    """The bare figure of a cell: 约128, 366人, 七十八."""
    digits = re.sub(r"[^\d.]", "", text)
    return Decimal(digits) if digits else Decimal(str(cn2an(text, "normal")))


def kind(cell: Cell) -> str:
    path = RAW.joinpath(*Path(cell.file).parts[1:])
    is_html = path.suffix == ".xls" and not path.read_bytes().startswith(b"\xd0\xcf")
    return "html" if is_html else path.suffix


def test_what_is_printed_converted_and_summed_is_each_figure_of_the_first_section(tracer: Tracer) -> None:
    factors: dict[tuple[str, str, str], set[Decimal]] = defaultdict(set)
    summed = 0
    for figure in first_section(tracer.metrics):
        for proof in leaves(tracer.trace(figure)):
            metric = proof.figure.metric
            assert proof.total == (proof.figure.value or (0 if proof.rows else proof.figure.value)), proof.figure.key
            if metric.aggregation != "sum":
                continue
            total = Decimal(0)
            for row in proof.rows:
                (cell,) = row.cells
                printed = figure_in(stands(cell))
                assert isinstance(row.contribution, int | Decimal)
                factor = Decimal(row.contribution) / printed if printed else Decimal(1)
                assert format(factor.normalize(), "f") in FACTORS[str(metric.unit)], cell
                if printed:
                    factors[cell.file, cell.sheet, cell.field].add(factor)
                total += printed * factor
            assert total == (proof.figure.value or 0), proof.figure.key
            summed += 1
    assert all(len(found) == 1 for found in factors.values())  # a column has one unit
    assert summed > 80


def test_counting_figures_count_their_cells(tracer: Tracer) -> None:
    for figure in first_section(tracer.metrics):
        for proof in leaves(tracer.trace(figure)):
            names = [(row.town, stands(cell)) for row in proof.rows for cell in row.cells]
            match proof.figure.metric.aggregation:
                case "count" | "sum_boolean":
                    assert len(names) == proof.figure.value
                case "count_distinct":
                    assert len(set(names)) == proof.figure.value


def test_all_metrics_are_proven_by_their_rows(tracer: Tracer) -> None:
    at = {"report_date": DAY, "county_code": COUNTY}
    for name in tracer.metrics.all:
        for proof in leaves(tracer.trace(tracer.metrics.figure(name, at))):
            assert proof.rows or not proof.figure.value, proof.figure.key
            assert proof.total == proof.figure.value, proof.figure.key
            assert all(row.cells or row.notes for row in proof.rows), proof.figure.key


def test_hundreds_of_figures_are_traced_by_one_query_a_table(county: County) -> None:
    with Tracer(county.published / "marts.duckdb", county.warehouse) as tracer:
        towns = [f"{COUNTY}{number}" for number in range(101, 111)]
        figures = [figure for town in towns for figure in first_section(tracer.metrics, town_code=town)]
        asked, real = [], tracer.con

        class Counting:
            def __getattr__(self, name: str) -> object:
                return getattr(real, name)

            def execute(self, sql: str, *given: object) -> object:
                asked.append(sql)
                return real.execute(sql, *given)

        tracer.con = tracer._evidence._con = Counting()  # type: ignore[assignment]
        for figure in figures:
            tracer.trace(figure)
        tracer.con = real
    assert len(figures) > 1000
    assert len(asked) < 60


def test_a_restated_figure_says_what_it_was(tracer: Tracer) -> None:
    where = {"report_date": dt.date(2021, 8, 10), "county_code": COUNTY, "town_code": "449901103"}
    rows = tracer.trace(tracer.metrics.figure("households_planned", where)).rows
    (note,) = [note for row in rows for cell in row.cells for note in cell.notes]
    assert note == "原报40（raw/2021-08-10/白石镇/白石镇攻坚进度表(8.10).csv），2021-08-13更正为41"


# --- one cell changed -------------------------------------------------------------------------------------------------

CHANGED = ("2021-08-20", "20210820-龙塘镇-供水攻坚.xlsx", "表1 进度")


@pytest.fixture(scope="module")
def changed(tracer: Tracer, tmp_path_factory: pytest.TempPathFactory) -> tuple[County, Cell]:
    """The county, in which one person more lives in a completed village."""
    folder = tmp_path_factory.mktemp("改一格")
    at = {"report_date": DAY, "county_code": COUNTY, "town_code": "449901110"}
    cell = tracer.trace(tracer.metrics.figure("population_completed", at)).rows[3].cells[0]
    shutil.copytree(RAW, folder / "raw")
    path = folder.joinpath(*Path(cell.file).parts)
    book = openpyxl.load_workbook(path)
    assert (path.name, cell.sheet) == CHANGED[1:]
    book[cell.sheet][str(cell.address)].value += 1
    book.save(path)
    return build_county(folder / "raw", folder / "data"), cell


def every_figure(metrics: Metrics) -> Iterator[Figure]:
    """Every metric over every slice by town, supply mode and funding source."""
    towns = [None, *(f"{COUNTY}{number}" for number in range(101, 111))]
    for name in metrics.all:
        for town in towns:
            for mode in (None, *MODES):
                for source in (None, *SOURCES):
                    part = {"town_code": town, "supply_mode": mode, "funding_source": source}
                    where = {key: value for key, value in part.items() if value}
                    for day in (dt.date(2021, 8, 10), DAY):
                        at = {"report_date": day, "county_code": COUNTY, **where}
                        if at.keys() <= metrics.dimensions(name):
                            yield metrics.figure(name, at)


def rests_on(proof: Proof, changed: Cell, *, alone: bool) -> bool:
    """Whether a trace contains the changed cell, or a cell of its row."""
    place = changed.file, changed.sheet
    line = coordinate_from_string(str(changed.address))[1]
    return any(
        (cell.file, cell.sheet) == place
        and cell.address
        and (cell.address == changed.address if alone else coordinate_from_string(cell.address)[1] == line)
        for part in leaves(proof)
        for row in part.rows
        for cell in (row.cells if alone else (*row.cells, *row.beside))
    ) or any(rests_on(part, changed, alone=alone) for part in proof.inputs)


def test_one_cell_changes_the_figures_that_rest_on_it_and_no_others(
    county: County, changed: tuple[County, Cell]
) -> None:
    other, cell = changed
    seen: dict[str, int] = defaultdict(int)
    with (
        connect(other.published / "marts.duckdb") as con,
        Tracer(county.published / "marts.duckdb", county.warehouse) as tracer,
    ):
        after = Metrics(con)
        for figure in every_figure(tracer.metrics):
            is_changed = after.figure(figure.metric.name, figure.slice).value != figure.value
            proof = tracer.trace(figure)
            if is_changed:
                assert rests_on(proof, cell, alone=False), figure.key
            if figure.metric.aggregation == "sum" and rests_on(proof, cell, alone=True):
                assert is_changed, figure.key
            seen["changed" if is_changed else "same"] += 1
    assert seen["changed"] > 20
    assert seen["same"] > 3000


# --- the command ------------------------------------------------------------------------------------------------------


def trace(county: County, *arguments: str) -> int:
    return main(["trace", *arguments, "--data", str(county.data)])


def test_the_command_prints_the_way_from_a_rate_to_its_cells(
    county: County, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trace(county, "供水率", "--town", "青龙镇", "--mode", "镇级水厂扩网") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "供水率　38.4147%"
    assert lines[3] == "＝ 已供水人口 8,132 人 ÷ 农村人口 21,169 人"
    assert any(line.startswith("合计") and line.endswith("3,812") for line in lines)
    assert any("进度表" in line and "G9" in line and "192" in line for line in lines)


def test_the_command_takes_names_and_keys_in_both_languages_and_speaks_to_programs(
    county: County, capsys: pytest.CaptureFixture[str]
) -> None:
    said = []
    for asked in (
        ("planned_yuan", "--source", "special_bond", "--town", "449901103", "--date", "2021-08-10"),
        ("计划资金", "--source", "专项债券资金", "--town", "白石镇", "--date", "2021-08-10"),
        ("planned_yuan@2021-08-10/449901/449901103/special_bond",),
    ):
        assert trace(county, *asked, "--json") == 0
        said.append(json.loads(capsys.readouterr().out))
    assert said[0] == said[1] == said[2]
    total = sum(Decimal(row["contribution"]) for row in said[0]["rows"])
    assert said[0]["value"] == format(total.normalize(), "f")
    assert trace(county, "planned_yuan", "--town", "白石镇", "--format", "csv", "--lang", "en") == 0
    rows = list(csv.DictReader(capsys.readouterr().out.splitlines()))
    assert {row["figure"] for row in rows} == {"planned_yuan@2021-08-20/449901/449901103"}
    assert sum(Decimal(row["counts"]) for row in rows) > 1_000_000


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (("villages_done",), "villages_completed  完成自然村"),
        (("供水率", "--town", "青山镇"), "没有“青山镇”这个镇"),
        (("供水率", "--date", "2021-08-19"), "2021-08-19 不是报告日"),
        (("供水率", "--mode", "水窖"), "没有“水窖”这种供水方式"),
        (("农村人口", "--source", "other"), "不能这样划分"),
        (("S99999",), "没有编号 S99999"),
        (("supply_rate@2021-08-20/nowhere",), "看不懂"),
    ],
)
def test_what_there_is_not_is_refused_with_what_there_is(
    asked: tuple[str, ...], said: str, county: County, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trace(county, *asked) == 2
    told = capsys.readouterr()
    assert said in told.err
    assert not told.out


def test_a_warehouse_that_a_night_holds_is_said_in_the_users_language(
    county: County, capsys: pytest.CaptureFixture[str]
) -> None:
    hold = "import duckdb, sys; con = duckdb.connect(sys.argv[1]); print('held', flush=True); sys.stdin.read()"
    night = subprocess.Popen(
        [sys.executable, "-c", hold, str(county.warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert night.stdout and night.stdout.readline().strip() == b"held"
        assert trace(county, "供水率") == 2
        assert "可能是夜间任务" in capsys.readouterr().err
        assert trace(county, "供水率", "--lang", "en") == 2
        assert "Another program" in capsys.readouterr().err
    finally:
        night.communicate()


def test_without_a_release_there_is_nothing_to_trace(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["trace", "供水率", "--data", str(tmp_path)]) == 2
    assert "还没有发布过数据" in capsys.readouterr().err
