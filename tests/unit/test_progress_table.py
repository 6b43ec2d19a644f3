"""The sheets of the progress table: how figures are printed, and which formulas stand behind them."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from io import BytesIO
from typing import Any

import duckdb
import openpyxl
import pytest
import xlsxwriter

from flows.metrics import Metric, Metrics
from flows.report.figures import Citations, Edition, Facts
from flows.report.gaps import Gaps
from flows.report.progress_table.columns import Column, Shape
from flows.report.progress_table.sheet import Book, Sheet

DAY, COUNTY = dt.date(2021, 8, 20), "449901"
TOWNS = {"449901101": "青龙镇", "449901102": "石陂镇"}
# metric, unit, table, kind, aggregation, expression, numerator, denominator
METRICS: list[tuple[str | None, ...]] = [
    ("done", "条", "fct_coverage", "simple", "sum", "done", "sum(done)", None),
    ("planned", "条", "fct_coverage", "simple", "sum", "planned", "sum(planned)", None),
    ("extra", "条", "fct_coverage", "simple", "sum", "extra", "sum(extra)", None),
    ("score", "分", "fct_coverage", "simple", "max", "score", "max(score)", None),
    ("rate", None, "fct_coverage", "ratio", None, None, "done", "planned"),
    ("more", "条", "fct_coverage", "derived", None, "done + extra", "done + extra", None),
    ("rate_of_more", None, "fct_coverage", "ratio", None, None, "more", "planned"),
]
COLUMNS = [
    Column("序号", item="no"),
    Column("镇", width=12, item="name"),
    Column("完成", "自然村", metric="done", is_summed=True),
    Column("计划", "自然村", metric="planned", is_summed=True),
    Column("另有", "自然村", metric="extra", is_summed=True),
    Column("合计", "自然村", metric="more"),
    Column("完成率", metric="rate", is_summed=True),
    Column("合计率", metric="rate_of_more"),
    Column("得分", metric="score"),
]
Row = tuple[str, int | None, int | None, int | None, Decimal]


def marts(rows: list[Row]) -> duckdb.DuckDBPyConnection:
    con = duckdb.connect()
    con.execute(
        'create table metric (metric varchar, unit varchar, "table" varchar, kind varchar, aggregation varchar, '
        "expression varchar, numerator varchar, denominator varchar, name_zh varchar default '指标', "
        "definition varchar default '', definition_en varchar default '', "
        "dimensions varchar default 'report_date, county_code, town_code', fields varchar)"
    )
    same = ("指标", "", "", "report_date, county_code, town_code", None)
    for metric in METRICS:
        con.execute(f"insert into metric values ({', '.join('?' * 13)})", [*metric, *same])
    con.execute(
        "create table fct_coverage (report_date date, county_code varchar, town_code varchar, done bigint, "
        "planned bigint, extra bigint, score decimal(9, 4))"
    )
    for row in rows:
        con.execute("insert into fct_coverage values (?, ?, ?, ?, ?, ?, ?)", [DAY, COUNTY, *row])
    con.execute("create table dim_division (division_code varchar, name varchar, level varchar, county_code varchar)")
    for code, name in TOWNS.items():
        con.execute("insert into dim_division values (?, ?, 'town', ?)", [code, name, COUNTY])
    con.execute("create table fct_annual_target (report_date date, county_code varchar, town_code varchar)")
    return con


class Written:
    """A sheet with the county in row 6 and its towns below, read back."""

    def __init__(self, rows: list[Row], **more: Any) -> None:
        con, buffer = marts(rows), BytesIO()
        file = xlsxwriter.Workbook(buffer, {"in_memory": True})
        self.edition = Edition(
            con, "云塘县", Facts(Metrics(con), DAY, COUNTY), None, DAY, dt.datetime(2021, 8, 25), Citations()
        )
        self.book = Book(file, self.edition, "document.xlsx", Gaps(self.edition))
        sheet = Sheet(self.book, "汇总", "标题", COLUMNS, {}, "云塘县水务局")
        sheet.figures(sheet.body, {}, [sheet.body + 1, sheet.body + 2], "#FFFFFF")
        for row, code in enumerate(TOWNS, sheet.body + 1):
            sheet.figures(row, {"town_code": code})
        if "item" in more:
            shown, figures = more["item"]
            by_metric = {column.metric: column for column in COLUMNS if column.metric}
            sheet.item(sheet.body + 3, shown, {by_metric[name]: value for name, value in figures.items()})
        sheet.finish(leading=2)
        self.missing = sheet.missing()
        file.close()
        self.formulas = openpyxl.load_workbook(buffer)["汇总"]
        self.values = openpyxl.load_workbook(buffer, data_only=True)["汇总"]


BOTH: list[Row] = [("449901101", 3, 4, 1, Decimal(80)), ("449901102", 5, 5, 0, Decimal("91.5951"))]


def metric(unit: str | None) -> Metric:
    return Metric("m", "", "", "", "simple", unit, "t", "sum", "x", "sum(x)", None, (), ())


@pytest.mark.parametrize(
    ("unit", "value", "printed"),
    [
        ("条", 1234, "1,234"),
        ("人", 0, "0"),
        ("元", Decimal("109014999.99"), "10,901.50"),
        ("元", Decimal("50"), "0.01"),
        ("元", Decimal("49.99"), "0.00"),
        ("公里", Decimal("895.7650"), "895.77"),
        ("分", Decimal("91.5951"), "91.60"),
        (None, Fraction(1, 8), "12.5%"),
        (None, Fraction(2, 3), "66.7%"),
    ],
)
def test_figures_are_printed_in_the_official_unit_half_up(unit: str | None, value: Any, printed: str) -> None:
    assert Shape.of(metric(unit)).printed(value) == printed


def test_sums_rates_and_what_is_derived_are_formulas_of_the_cells_beside() -> None:
    written = Written(BOTH)
    county = [written.formulas.cell(6, column).value for column in range(3, 10)]
    assert county == [
        "=SUM(C7:C8)", "=SUM(D7:D8)", "=SUM(E7:E8)", "=C6 + E6", '=IF(D6=0,"—",C6/D6)', '=IF(D6=0,"—",F6/D6)', "—",
    ]  # fmt: skip
    assert [written.values.cell(6, column).value for column in range(3, 9)] == [8, 9, 1, 9, pytest.approx(8 / 9), 1]
    town = [written.formulas.cell(7, column).value for column in range(3, 10)]
    assert town == [3, 4, 1, "=C7 + E7", '=IF(D7=0,"—",C7/D7)', '=IF(D7=0,"—",F7/D7)', 80]


def test_a_sum_names_rows_that_do_not_follow_each_other() -> None:
    written = Written(BOTH)
    sheet = Sheet(written.book, "again", "标题", COLUMNS, {}, "")
    assert sheet._formula(5, 2, sheet.metrics["done"], [6, 7, 8, 11, 20, 21]) == "=SUM(C7:C9,C12,C21:C22)"
    assert sheet._formula(5, 8, sheet.metrics["score"], [6, 7]) is None


def test_what_a_town_never_told_is_unknown_and_no_figure() -> None:
    written = Written(BOTH[:1])
    assert [written.values.cell(8, column).value for column in range(3, 10)] == ["未报"] * 7
    assert written.values.cell(6, 3).value == 3
    assert written.missing == ["石陂镇未报攻坚进度表"]
    cited = {cell for _, cell, _, _ in written.book.sources}
    assert "C7" in cited and not any(cell.endswith("8") for cell in cited)


def test_a_rate_without_a_divisor_is_a_dash() -> None:
    written = Written([("449901101", 0, 0, 0, Decimal(0)), BOTH[1]])
    assert written.values["G7"].value == "—"
    assert written.values["G6"].value == 1


def test_a_figure_keeps_its_number_on_every_sheet() -> None:
    written = Written(BOTH)
    numbers = {(cell, no) for _, cell, no, _ in written.book.sources}
    sheet = Sheet(written.book, "again", "标题", COLUMNS, {}, "")
    sheet.figures(sheet.body, {}, [])
    assert {(cell, no) for name, cell, no, _ in written.book.sources if name == "again"} <= numbers


def test_a_village_shows_its_figures_and_what_it_owes() -> None:
    shown = {"no": 1, "name": "=cmd|' /C calc'!A0"}
    written = Written(BOTH, item=(shown, {"done": 1, "planned": 2, "extra": None}))
    row = [written.formulas.cell(9, column).value for column in range(1, 10)]
    assert row == [1, shown["name"], 1, 2, "未报", "—", '=IF(D9=0,"—",C9/D9)', "—", "—"]
    assert written.formulas.cell(9, 2).data_type == "s" and written.formulas.cell(9, 2).quotePrefix
    assert written.values.cell(9, 7).value == 0.5


def test_headings_stand_over_their_columns_with_units_below() -> None:
    sheet = Written(BOTH).values
    assert [sheet.cell(3, 3).value, sheet.cell(4, 3).value, sheet.cell(5, 3).value] == ["自然村", "完成", "条"]
    assert "C3:F3" in {str(span) for span in sheet.merged_cells.ranges}
    assert (sheet.cell(3, 1).value, sheet.cell(5, 7).value) == ("序号", "%")
    assert sheet.print_title_rows == "$3:$5" and sheet.freeze_panes == "C6"
