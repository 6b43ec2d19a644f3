"""The progress table (进度表): every cell is what the marts hold, the formulas say the same, and gaps are told."""

import datetime as dt
import re
import shutil
import subprocess
import zipfile
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import openpyxl
import pytest
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from flows.report import progress_table
from flows.report.figures import Citations
from flows.report.numbers import half_up
from tests.pipeline.editions import COUNTY, DAYS, NAME, edition

pytestmark = pytest.mark.pipeline

HEAD = slice(3, 6)  # rows of headings, from 1
ALL, UNKNOWN, NONE = "全县合计", "未报", "—"
SUMMARIES, LISTS = ("汇总", "工程资金汇总"), ("项目台账", "资金落实")
MODES = {
    "cross_county": "跨县扩网工程",
    "county_plant": "县级水厂扩网",
    "town_plant": "镇级水厂扩网",
    "small_scheme": "农村小型集中供水",
}
TOWN = "449901103"

# What a column shows, by the tables that reports read rather than those that the metrics are computed from. Of each:
# numerator, denominator (None where it is no rate), what it is divided by to be in the printed unit.
_COVERAGE = "from rpt_coverage_town where report_date = $day and county_code = $county and {of}"
_SUPPLY = "from rpt_supply_rate where report_date = $day and county_code = $county and {supply}"
_FUNDS = "from rpt_funding where report_date = $day and county_code = $county and {funds} and funding_source = 'all'"
_LEDGER = "from fct_project_progress where report_date = $day and county_code = $county and {of}"
_SCORE = "from fct_assessment where report_date = $day and county_code = $county and {of}"
_SAMPLE = f"{_LEDGER.replace('project_progress', 'water_sample')} and year(sampled_on) = year($day)"
Said = tuple[str, str | None, int]
SAYS: dict[tuple[str, str], Said] = {
    ("年度任务", "自然村"): (f"select sum(target_villages) {_COVERAGE}", None, 1),
    ("年度任务", "人口"): (f"select sum(target_population) {_COVERAGE}", None, 1),
    ("计划", "自然村"): (f"select sum(villages_planned) {_COVERAGE}", None, 1),
    ("计划", "户数"): (f"select sum(households_planned) {_COVERAGE}", None, 1),
    ("计划", "人口"): (f"select sum(population_planned) {_COVERAGE}", None, 1),
    ("已完成", "自然村"): (f"select sum(villages_completed) {_COVERAGE}", None, 1),
    ("已完成", "户数"): (f"select sum(households_completed) {_COVERAGE}", None, 1),
    ("已完成", "人口"): (f"select sum(population_completed) {_COVERAGE}", None, 1),
    ("任务完成率", "自然村"): (
        f"select sum(villages_completed) {_COVERAGE}", f"select sum(target_villages) {_COVERAGE}", 1,
    ),
    ("任务完成率", "人口"): (
        f"select sum(population_completed) {_COVERAGE}", f"select sum(target_population) {_COVERAGE}", 1,
    ),
    ("计划完成率", "自然村"): (
        f"select sum(villages_completed) {_COVERAGE}", f"select sum(villages_planned) {_COVERAGE}", 1,
    ),
    ("计划完成率", "人口"): (
        f"select sum(population_completed) {_COVERAGE}", f"select sum(population_planned) {_COVERAGE}", 1,
    ),
    ("逾期", "自然村"): (f"select sum(late_villages) {_COVERAGE}", None, 1),
    ("逾期", "其中未完成"): (f"select sum(late_open) {_COVERAGE}", None, 1),
    ("供水率", "农村人口"): (f"select rural_population {_SUPPLY}", None, 1),
    ("供水率", "原已供水人口"): (f"select population_served_before {_SUPPLY}", None, 1),
    ("供水率", "现供水人口"): (f"select population_served_before + population_added {_SUPPLY}", None, 1),
    ("供水率", "现供水率"): (
        f"select population_served_before + population_added {_SUPPLY}", f"select rural_population {_SUPPLY}", 1,
    ),
    ("供水率", "计划完成后"): (
        f"select population_served_before + population_added + population_to_add {_SUPPLY}",
        f"select rural_population {_SUPPLY}", 1,
    ),
    ("考核", "得分"): (f"select total_score {_SCORE}", None, 1),
    ("考核", "名次"): (f"select rank {_SCORE}", None, 1),
    ("工程", "工程数"): (f"select count(*) {_LEDGER}", None, 1),
    ("工程", "已开工"): (f"select count(*) {_LEDGER} and started_on <= $day", None, 1),
    ("工程", "已完工"): (f"select count(*) {_LEDGER} and finished_on <= $day", None, 1),
    ("管网", "计划铺设"): (f"select sum(pipeline_planned_km) {_LEDGER}", None, 1),
    ("管网", "已铺设"): (f"select sum(pipeline_laid_km) {_LEDGER}", None, 1),
    ("投资", "总投资"): (f"select sum(investment_planned_yuan) {_LEDGER}", None, 10_000),
    ("投资", "完成投资"): (f"select sum(investment_completed_yuan) {_LEDGER}", None, 10_000),
    ("投资", "完成率"): (
        f"select sum(investment_completed_yuan) {_LEDGER}", f"select sum(investment_planned_yuan) {_LEDGER}", 1,
    ),
    ("水样", "已检测"): (f"select count(*) {_SAMPLE} and is_passed is not null", None, 1),
    ("水样", "合格"): (f"select count(*) {_SAMPLE} and is_passed", None, 1),
    ("水样", "合格率"): (
        f"select count(*) {_SAMPLE} and is_passed", f"select count(*) {_SAMPLE} and is_passed is not null", 1,
    ),
    **{
        (group, heading): (f"select {column} {_FUNDS.replace('all', source)}", None, 10_000)
        for group, source in (
            ("资金", "all"), ("资金合计", "all"), ("专项债券资金", "special_bond"), ("涉农资金", "agricultural_funds"),
            ("其他资金", "other"),
        )
        for heading, column in (("计划", "planned_yuan"), ("到位", "secured_yuan"), ("支付", "spent_yuan"))
    },
    **{
        (group, heading): (f"select {top} {_FUNDS}", f"select {bottom} {_FUNDS}", 1)
        for group in ("资金", "资金合计")
        for heading, top, bottom in (
            ("到位率", "secured_yuan", "planned_yuan"), ("支付率", "spent_yuan", "secured_yuan"),
        )
    },
}  # fmt: skip


@dataclass
class Read:
    """A progress table as a reader has it, and what was noted as it was written."""

    path: Path
    book: Workbook
    citations: Citations

    def columns(self, sheet: Worksheet) -> dict[int, tuple[str, str]]:
        """Number of the column → the heading over it and its own."""

        def text(row: int, column: int) -> str:
            cell = sheet.cell(row, column)
            if isinstance(cell, MergedCell):
                (span,) = [span for span in sheet.merged_cells.ranges if cell.coordinate in span]
                cell = sheet.cell(span.min_row, span.min_col)
            assert isinstance(cell, Cell)
            return str(cell.value or "").replace("\n", "")

        return {
            column: (text(HEAD.start, column), text(HEAD.start + 1, column))
            for column in range(1, sheet.max_column + 1)
        }

    def body(self, sheet: Worksheet) -> list[int]:
        """The rows between the headings and the notes."""
        first_note = next(
            row for row in range(HEAD.stop, sheet.max_row + 1) if str(sheet.cell(row, 1).value).startswith("注：")
        )
        return list(range(HEAD.stop, first_note))

    def sums(self, sheet: Worksheet, towns: dict[str, str]) -> dict[int, str | None]:
        """The rows that stand for the county (None) or a town; those of a summary's supply modes are left out."""
        by_name = {name: code for code, name in towns.items()}
        found: dict[int, str | None] = {}
        for row in self.body(sheet):
            label, name = str(sheet.cell(row, 1).value), str(sheet.cell(row, 2).value)
            if label == ALL:
                found[row] = None
            elif sheet.title in SUMMARIES:
                if name in by_name:
                    found[row] = by_name[name]
            elif (town := label.partition("（")[0]) in by_name:
                found[row] = by_name[town]
        return found

    def sources(self) -> dict[tuple[str, str], str]:
        """Sheet and cell of every figure → the number of its citation."""
        rows = self.book["_来源"].iter_rows(min_row=2, values_only=True)
        return {(str(sheet), str(cell)): str(no) for sheet, cell, no, _ in rows}

    @property
    def tables(self) -> list[Worksheet]:
        """The sheets that hold figures."""
        return [sheet for sheet in self.book.worksheets if sheet.title not in ("说明", "_来源")]


def read(con: duckdb.DuckDBPyConnection, day: str, folder: Path) -> Read:
    path, written = folder / f"{day}.xlsx", edition(con, day)
    progress_table.write(written, path)
    return Read(path, openpyxl.load_workbook(path, data_only=True), written.citations)


@pytest.fixture(scope="module")
def tables(con: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    folder = tmp_path_factory.mktemp("进度表 文档")
    return {day: read(con, day, folder) for day in DAYS}


def towns_of(con: duckdb.DuckDBPyConnection) -> dict[str, str]:
    return dict(con.execute("select division_code, name from dim_division where level = 'town'").fetchall())


def said_by_sql(
    con: duckdb.DuckDBPyConnection, says: Said, day: str, town: str | None, mode: str | None
) -> Fraction | None:
    """A column's figure in its printed unit."""
    of = " and ".join(
        [*([f"town_code = '{town}'"] if town else []), *([f"supply_mode = '{mode}'"] if mode else [])] or ["true"]
    )
    both = f"town_code = '{town or 'all'}' and supply_mode = '{mode or 'all'}'"
    numbers: list[Fraction | None] = []
    for sql in says[:2]:
        if sql is None:
            continue
        found = con.execute(
            sql.format(of=of, supply=both, funds=both),
            {"day": dt.date.fromisoformat(day), "county": COUNTY},
        ).fetchone()
        numbers.append(None if found is None or found[0] is None else Fraction(found[0]))
    if None in numbers:
        return None
    value = numbers[0] if len(numbers) == 1 else numbers[0] / numbers[1] if numbers[1] else None  # type: ignore[operator]
    return None if value is None else value / says[2]


# --- the figures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", DAYS)
def test_every_figure_is_what_the_marts_hold(con: duckdb.DuckDBPyConnection, tables: dict[str, Read], day: str) -> None:
    table, towns, compared = tables[day], towns_of(con), 0
    modes = {name: code for code, name in MODES.items()}
    for sheet in table.tables:
        columns = {place: SAYS[heading] for place, heading in table.columns(sheet).items() if heading in SAYS}
        rows = table.sums(sheet, towns)
        assert len(rows) == len(set(rows.values()))
        for row, town in rows.items():
            for place, says in columns.items():
                shown = sheet.cell(row, place).value
                value = said_by_sql(con, says, day, town, modes.get(sheet.title))
                if isinstance(shown, int | float):
                    assert value is not None and abs(Fraction(shown) - value) < Fraction(1, 10**8), (sheet.title, row)
                    compared += 1
                elif shown == NONE:
                    assert town is None or not value, (sheet.title, row, place)
                else:
                    assert (shown, value or 0) == (UNKNOWN, 0), (sheet.title, row, place)
    assert compared > 900
    assert [sheet.title for sheet in table.tables] == [*SUMMARIES, *MODES.values(), *LISTS]


@pytest.mark.parametrize("day", DAYS)
def test_a_summary_shows_each_supply_mode_of_the_county(
    con: duckdb.DuckDBPyConnection, tables: dict[str, Read], day: str
) -> None:
    table, compared = tables[day], 0
    for title in SUMMARIES:
        sheet = table.book[title]
        for row in table.body(sheet):
            name = str(sheet.cell(row, 1).value).removeprefix("其中：")
            mode = next((code for code, zh in MODES.items() if zh == name), None)
            for place, heading in table.columns(sheet).items():
                if mode and heading in SAYS and heading[0] not in ("考核", "水样"):
                    shown, value = sheet.cell(row, place).value, said_by_sql(con, SAYS[heading], day, None, mode)
                    assert (value or 0) == 0 if isinstance(shown, str) else abs(value - Fraction(shown)) < 1e-8  # type: ignore[operator]
                    compared += 1
    assert compared == len(MODES) * (14 + 5 + 3 + 2 + 3 + 5)


@pytest.mark.parametrize("day", DAYS)
def test_every_cell_of_a_figure_leads_to_its_citation(tables: dict[str, Read], con: Any, day: str) -> None:
    table, towns = tables[day], towns_of(con)
    cited, sources = {citation.no: citation for citation in table.citations}, table.sources()
    for sheet in table.tables:
        columns = [place for place, heading in table.columns(sheet).items() if heading in SAYS]
        for row in table.sums(sheet, towns):
            for place in columns:
                cell = sheet.cell(row, place)
                assert ((sheet.title, cell.coordinate) in sources) is isinstance(cell.value, int | float)
    assert set(sources.values()) == set(cited)
    for (title, coordinate), no in sources.items():
        cell, citation = table.book[title][coordinate], cited[no]
        value = citation.figure.value
        assert isinstance(value, int | Decimal | Fraction)
        shown = Fraction(cell.value) * (10_000 if citation.figure.metric.unit == "元" else 1)
        assert abs(shown - Fraction(value)) < Fraction(1, 10**4)
        assert citation.printed[progress_table.DOCUMENT] == [as_displayed(cell)]


def as_displayed(cell: Any) -> str:
    """What Excel shows of a number, by the cell's own format."""
    value = Fraction(repr(cell.value)) if isinstance(cell.value, float) else Fraction(cell.value)
    match cell.number_format:
        case "0.0%":
            return f"{half_up(value * 100, 1)}%"
        case "#,##0.00":
            return f"{half_up(value, 2):,f}"
        case "#,##0":
            assert value.denominator == 1
            return f"{int(value):,d}"
    raise AssertionError(cell.number_format)


def test_villages_and_projects_stand_under_their_towns_as_the_marts_list_them(
    con: duckdb.DuckDBPyConnection, tables: dict[str, Read]
) -> None:
    day = "2021-08-20"
    table, sheet = tables[day], tables[day].book[MODES["small_scheme"]]
    columns = {heading: place for place, heading in table.columns(sheet).items()}
    shown = []
    for row in table.body(sheet):
        if isinstance(sheet.cell(row, 1).value, int):
            of = {heading: sheet.cell(row, place).value for heading, place in columns.items()}
            shown.append(
                (
                    of["自然村", "自然村"], of["计划", "户数"], of["计划", "人口"], of["已完成", "人口"],
                    of["时间节点", "计划完成"].date(), of["进展情况", "进展情况"], of["逾期", "自然村"],
                )
            )  # fmt: skip
            assert ("逾期" in of["备注", "备注"]) is (of["逾期", "自然村"] == 1)
            is_marked = sheet.cell(row, 1).fill.fgColor.rgb != "00000000"
            assert is_marked is (of["逾期", "自然村"] == 1)
    assert (
        shown
        == con.execute(
            """
        select name, households, population, population_completed, planned_finish,
            case status when 'completed' then '已完成' when 'not_started' then '未开工' else '在建' end,
            case when late_days > 0 then 1 else 0 end
        from fct_coverage inner join dim_division on village_code = division_code
        where report_date = $day and supply_mode = 'small_scheme' order by village_code
        """,
            {"day": day},
        ).fetchall()
    )
    assert any(row[-1] for row in shown)
    ledger = table.book["项目台账"]
    named = [ledger.cell(row, 2).value for row in table.body(ledger) if isinstance(ledger.cell(row, 1).value, int)]
    assert sorted(named) == [
        name
        for (name,) in con.execute(
            "select project_name from fct_project_progress inner join dim_project using (project_code) "
            "where report_date = $day order by project_name",
            {"day": day},
        ).fetchall()
    ]


# --- formulas ---------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_libreoffice_computes_the_values_that_are_stored(tables: dict[str, Read], tmp_path: Path) -> None:
    table, bare, formulas = tables["2021-08-20"], tmp_path / "bare.xlsx", 0
    with zipfile.ZipFile(table.path) as package, zipfile.ZipFile(bare, "w") as stripped:
        for part in package.infolist():
            content = package.read(part)
            if part.filename.startswith("xl/worksheets/"):
                content, found = re.subn(rb"(</f>)<v>[^<]*</v>", rb"\1", content)
                formulas += found
            stripped.writestr(part, content)
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}", "--convert-to",
         "xlsx:Calc MS Excel 2007 XML", "--outdir", str(tmp_path / "computed"), str(bare)],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    computed = openpyxl.load_workbook(tmp_path / "computed" / "bare.xlsx", data_only=True)
    written = openpyxl.load_workbook(table.path)
    compared = 0
    for sheet in table.tables:
        for row in sheet.iter_rows():
            for cell in row:
                if str(written[sheet.title][cell.coordinate].value).startswith("="):
                    value = computed[sheet.title][cell.coordinate].value
                    assert value == pytest.approx(cell.value, rel=1e-12, abs=1e-9), (sheet.title, cell.coordinate)
                    compared += 1
    assert compared == formulas > 500


def test_sums_and_rates_are_formulas(tables: dict[str, Read], con: duckdb.DuckDBPyConnection) -> None:
    table, towns = tables["2021-08-20"], towns_of(con)
    written = openpyxl.load_workbook(table.path)
    for sheet in table.tables:
        (county,) = [row for row, town in table.sums(sheet, towns).items() if town is None]
        for place, heading in table.columns(sheet).items():
            cell = written[sheet.title].cell(county, place)
            if heading in SAYS and isinstance(sheet[cell.coordinate].value, int | float):
                starts = "=IF(" if SAYS[heading][1] else ("=SUM(", "=")
                assert str(cell.value).startswith(starts), (sheet.title, cell.coordinate)


# --- looks ------------------------------------------------------------------------------------------------------------


def test_it_is_set_up_for_a3_and_says_what_it_is(tables: dict[str, Read]) -> None:
    for day, table in tables.items():
        date = dt.date.fromisoformat(day)
        for sheet in table.tables:
            assert str(sheet.page_setup.paperSize) == "8"
            assert sheet.page_setup.orientation == "landscape"
            assert sheet.page_setup.fitToWidth in (1, None) and sheet.page_setup.fitToHeight == 0
            assert sheet.print_title_rows == "$3:$5"
            assert sheet.freeze_panes.endswith("6")
            assert str(sheet.cell(1, 1).value).startswith(f"{NAME}农村集中供水攻坚进度表")
            second = [cell.value for cell in sheet[2] if cell.value]
            assert second[0].startswith(f"填报单位：{NAME}")
            assert second[1] == f"截至{date.year}年{date.month}月{date.day}日"
        assert [sheet.title for sheet in table.book.worksheets if sheet.sheet_state != "visible"] == ["_来源"]


def test_no_cell_of_a_table_is_empty_and_every_metric_is_explained(
    con: duckdb.DuckDBPyConnection, tables: dict[str, Read]
) -> None:
    for table in tables.values():
        for sheet in table.tables:
            for row in table.body(sheet):
                for cell in sheet[row]:
                    assert isinstance(cell, MergedCell) or cell.value not in (None, ""), (sheet.title, cell.coordinate)
        texts = {str(row[4].value) for row in table.book["说明"].iter_rows() if row[4].value}
        defined = dict(con.execute("select name_zh, definition from metric").fetchall())
        assert {defined[citation.figure.metric.name_zh] for citation in table.citations} <= texts


def test_two_runs_are_the_same_bytes(con: duckdb.DuckDBPyConnection, tables: dict[str, Read], tmp_path: Path) -> None:
    again = read(con, DAYS[-1], tmp_path)
    assert again.path.read_bytes() == tables[DAYS[-1]].path.read_bytes()


# --- counties with gaps -----------------------------------------------------------------------------------------------

FACTS = ("fct_coverage", "fct_project_progress", "fct_funding", "fct_assessment", "rpt_funding", "fct_water_sample")


def notes(table: Read, title: str) -> str:
    sheet = table.book[title]
    return "\n".join(str(sheet.cell(row, 1).value) for row in range(len(table.body(sheet)) + HEAD.stop, sheet.max_row))


def cells(table: Read, title: str, towns: dict[str, str], town: str | None) -> dict[tuple[str, str], Any]:
    sheet = table.book[title]
    (row,) = [row for row, code in table.sums(sheet, towns).items() if code == town]
    return {heading: sheet.cell(row, place).value for place, heading in table.columns(sheet).items()}


def test_a_town_that_never_reported_is_unknown_and_named(changed: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for table in FACTS:
        changed.execute(f"delete from {table} where town_code = '{TOWN}'")
    written, towns = read(changed, DAYS[-1], tmp_path), towns_of(changed)
    shown = cells(written, "汇总", towns, TOWN)
    assert shown["年度任务", "自然村"] == 27
    assert {shown[heading] for heading in (("计划", "自然村"), ("已完成", "人口"), ("任务完成率", "人口"))} == {UNKNOWN}
    assert shown["数据截至", "数据截至"] == UNKNOWN
    assert cells(written, "汇总", towns, None)["计划", "自然村"] == 266 - 27
    assert f"{towns[TOWN]}未报攻坚进度表" in notes(written, "汇总")
    assert f"{towns[TOWN]}未报资金落实表" in notes(written, "工程资金汇总")


def test_without_funds_targets_or_baseline_the_rest_stands(changed: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for table in ("fct_funding", "rpt_funding", "fct_annual_target", "fct_population_served", "fct_rural_population"):
        changed.execute(f"delete from {table}")
    written, towns = read(changed, DAYS[-1], tmp_path), towns_of(changed)
    county, money = cells(written, "汇总", towns, None), cells(written, "工程资金汇总", towns, None)
    assert county["已完成", "自然村"] == 206
    for heading in (("年度任务", "人口"), ("任务完成率", "自然村"), ("供水率", "农村人口"), ("供水率", "现供水率")):
        assert county[heading] == UNKNOWN
    assert {money["资金", heading] for heading in ("计划", "到位", "支付", "到位率", "支付率")} == {UNKNOWN}
    assert "各镇均未报资金落实表" in notes(written, "工程资金汇总")
    assert "县级未报供水现状基数表" in notes(written, "汇总")
    assert cells(written, "资金落实", towns, TOWN)["资金合计", "计划"] == UNKNOWN


def test_a_rate_of_the_county_is_unknown_where_its_divisor_lacks_a_town(
    changed: duckdb.DuckDBPyConnection, tmp_path: Path
) -> None:
    changed.execute(f"delete from fct_rural_population where town_code = '{TOWN}'")
    written, towns = read(changed, DAYS[-1], tmp_path), towns_of(changed)
    assert cells(written, "汇总", towns, None)["供水率", "现供水率"] == UNKNOWN
    assert isinstance(cells(written, "汇总", towns, "449901101")["供水率", "现供水率"], float)
    assert f"供水现状基数表未列{towns[TOWN]}" in notes(written, "汇总")


def test_a_county_of_one_town(changed: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for table, column in changed.execute(
        "select table_name, column_name from information_schema.columns "
        "where column_name = 'town_code' and table_catalog = current_database()"
    ).fetchall():
        changed.execute(f"delete from {table} where {column} != '{TOWN}'")
    written = read(changed, DAYS[-1], tmp_path)
    assert cells(written, "汇总", towns_of(changed), None)["计划", "自然村"] == 27
    assert [sheet.title for sheet in written.tables] == [
        *SUMMARIES, MODES["town_plant"], MODES["small_scheme"], *LISTS,
    ]  # fmt: skip


def test_a_county_that_reported_nothing(changed: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for (table,) in changed.execute(
        "select distinct table_name from information_schema.columns where column_name = 'report_date' "
        "and table_catalog = current_database()"
    ).fetchall():
        changed.execute(f"delete from {table}")
    written = read(changed, DAYS[-1], tmp_path)
    assert not written.sources()
    assert cells(written, "汇总", towns_of(changed), TOWN)["计划", "自然村"] == UNKNOWN
    assert "各镇均未报攻坚进度表" in notes(written, "汇总")


def test_texts_that_look_like_formulas_stay_texts(changed: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    evil = ["=1+1", "+1", "-1", "@SUM(A1)", '=HYPERLINK("http://x","y")']
    project_name = "concat(chr(1), $evil[cast(1 + hash(project_code) % 5 as bigint)])"
    changed.execute(f"update dim_project set project_name = {project_name}", {"evil": evil})
    changed.execute("update dim_division set name = '=2+2' where level = 'village'")
    written = read(changed, DAYS[-1], tmp_path)
    raw = openpyxl.load_workbook(written.path)
    ledger = raw["项目台账"]
    shown = [cell for (cell,) in ledger.iter_rows(min_col=2, max_col=2) if cell.value in evil]
    assert shown and all(cell.data_type == "s" and cell.quotePrefix for cell in shown)
    villages = [cell for (cell,) in raw[MODES["small_scheme"]].iter_rows(min_col=3, max_col=3) if cell.value == "=2+2"]
    assert villages and all(cell.data_type == "s" for cell in villages)
    with zipfile.ZipFile(written.path) as package:
        assert not any(b"HYPERLINK" in package.read(part) for part in package.namelist() if "worksheets" in part)
