import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from flows.ingest.grid import CellError, Uncached
from flows.ingest.values import Number, Result, Unread, day, is_none, number, printed, result, scaled

NUMBERS = {
    # as a number cell
    86: "86",
    412.0: "412",
    0: "0",
    0.1: "0.1",
    # as text, in every width and with every decoration
    "86": "86",
    " 86 ": "86",
    "８６": "86",
    "８６．５": "86.5",
    "　86　": "86",
    "1,280": "1280",
    "1，280": "1280",
    "1,234,567.89": "1234567.89",
    "３，４５６．７": "3456.7",
    "1 280": "1280",
    "约300": "300",
    "約300": "300",
    "大约300": "300",
    "近300": "300",
    "300左右": "300",
    "300余": "300",
    "+5": "5",
    "-5": "-5",
    "－5": "-5",
    "−5": "-5",
    "0": "0",
    ".5": "0.5",
    # Chinese numerals
    "二十三": "23",
    "十": "10",
    "一千二百": "1200",
    "两百零五": "205",
    "二十三户": "23",
    "零": "0",
    "三百多户": "300",
    "一万": "10000",
}


@pytest.mark.parametrize(("cell", "exact"), NUMBERS.items())
def test_a_printed_figure_is_its_exact_value(cell, exact):
    assert number(cell) == Number(Decimal(exact))


WITH_UNITS = {
    "86户": 86,
    "86 人": 86,
    "约300户": 300,
    "共86户": 86,
    "86户左右": 86,
    "300余户": 300,
    "1.2万": 12000,
    "１．２万": 12000,
    "3千": 3000,
    "1.2亿": 120000000,
    "1.2万人": 12000,
    "350万元": 3500000,
    "3.5公里": Decimal("3.5"),
    "1200米": Decimal("1.2"),
    "91%": Decimal("0.91"),
    "９１．５％": Decimal("0.915"),
    "5‰": Decimal("0.005"),
}


@pytest.mark.parametrize(("cell", "exact"), WITH_UNITS.items())
@pytest.mark.parametrize("heading", [Decimal(1), Decimal(10000)])
def test_a_unit_in_the_cell_beats_the_headings(cell, exact, heading):
    figure = number(cell)
    assert isinstance(figure, Number)
    assert scaled(figure, heading, None) == exact


@pytest.mark.parametrize("mark", [None, "", "  ", "\u3000", "—", "–", "－", "-", "——", "/", "／", "无", " 无 "])
def test_a_none_mark_is_null_for_every_reader(mark):
    assert is_none(mark)
    assert number(mark) is None
    assert result(mark) is None
    assert day(mark, 2021) is None


@pytest.mark.parametrize(
    "cell",
    [
        "不详", "不清楚", "见备注", "待定", "待核实", "约", "户", "万", "负5", "86/412", "3-5", "1,28", "1.2.3", "5e3",
        "八六点点", "八十多万元整", "(86)", "86#", "#REF!",
        CellError("#REF!"), CellError("#N/A"), Uncached("=A1+B1"), True, dt.date(2021, 8, 20),
        dt.datetime(2021, 8, 20), float("nan"), float("inf"),
    ],
)  # fmt: skip
def test_what_is_no_figure_is_unread(cell):
    assert isinstance(number(cell), Unread)


def test_what_is_unread_keeps_its_words():
    assert number(" 不详 ") == Unread("不详")
    assert number(Uncached("A1+B1")) == Unread("=A1+B1")
    assert number(CellError("#REF!")) == Unread("#REF!")


def test_an_error_or_a_formula_without_value_is_not_none():
    assert not is_none(CellError("#N/A"))
    assert not is_none(Uncached("=A1"))
    assert not is_none(0)


@pytest.mark.parametrize(("printed_figure", "places", "kept"), [("1.005", 2, "1.01"), ("1.0049", 2, "1.00")])
def test_a_figure_is_rounded_half_up_to_what_landing_keeps(printed_figure, places, kept):
    figure = number(printed_figure)
    assert isinstance(figure, Number)
    assert scaled(figure, Decimal(1), places) == Decimal(kept)


def test_money_in_ten_thousands_stays_exact():
    figure = number(0.1)
    assert isinstance(figure, Number)
    assert scaled(figure, Decimal(10000), 2) == Decimal("1000.00")


# --- results of water tests -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cell", ["<0.02", "＜0.05", "< 0.02", "未检出", "未检出(<0.02)", "低于检出限", "ND", "nd", "N.D.", "小于0.02"]
)
def test_below_detection_is_no_value(cell):
    assert result(cell) == Result(None, True)


@pytest.mark.parametrize(("cell", "exact"), [(0.46, "0.46"), ("0.46", "0.46"), ("７.2", "7.2"), ("0.5mg/L", "0.5")])
def test_a_result_is_its_printed_value(cell, exact):
    assert result(cell) == Result(Decimal(exact), False)


@pytest.mark.parametrize("cell", [0, 0.0, "0", "0.0"])
def test_a_printed_zero_is_the_value_zero(cell):
    assert result(cell) == Result(Decimal(0), False)


@pytest.mark.parametrize(
    "cell", ["检出", "阴性", "不详", "86户", ">0.5", "7.2±0.1", CellError("#N/A"), Uncached("=A1")]
)
def test_what_is_no_result_is_unread(cell):
    assert isinstance(result(cell), Unread)


def test_a_multiplier_in_a_result_counts():
    assert result("1.2万") == Result(Decimal(12000), False)


def test_a_laboratorys_limit_mark_is_below_detection():
    assert result("0.02L") == Result(None, True)


# --- dates ------------------------------------------------------------------------------------------------------------

WITH_YEAR = {
    dt.date(2021, 8, 20): "2021-08-20",
    dt.datetime(2021, 8, 20, 10, 30): "2021-08-20",
    44428: "2021-08-20",
    44429.0: "2021-08-21",
    "44428": "2021-08-20",
    20210820: "2021-08-20",
    "20210820": "2021-08-20",
    "2021.8.20": "2021-08-20",
    "2021.08.20": "2021-08-20",
    "2021-8-20": "2021-08-20",
    "2021-08-20": "2021-08-20",
    "2021-08-20 00:00:00": "2021-08-20",
    "2021/8/20": "2021-08-20",
    "2021年8月20日": "2021-08-20",
    "2021年 8 月 20 日": "2021-08-20",
    "２０２１年８月２０日": "2021-08-20",
    "2021年8月20号": "2021-08-20",
    "2021年8月20日前": "2021-08-20",
    "2021年8月20日止": "2021-08-20",
    "22年9月5日": "2022-09-05",
    "22年9月": "2022-09-30",
    "2021.8.20.": "2021-08-20",
    "2021年8月20日。": "2021-08-20",
    "2021年9月": "2021-09-30",
    "2021.9": "2021-09-30",
    "2021年9月底前": "2021-09-30",
    "2021年9月初": "2021-09-10",
    "2021年9月上旬": "2021-09-10",
    "2021年9月中旬": "2021-09-20",
    "2021年9月中旬前": "2021-09-20",
    "2021年9月下旬": "2021-09-30",
    "2020年2月底": "2020-02-29",
    "2021年底": "2021-12-31",
    "2021年底前": "2021-12-31",
}


@pytest.mark.parametrize(("cell", "iso"), WITH_YEAR.items())
@pytest.mark.parametrize("year", [None, 1999])
def test_a_date_that_prints_its_year_needs_no_other(cell, iso, year):
    assert day(cell, year) == dt.date.fromisoformat(iso)


WITHOUT_YEAR = {
    "8月20日": "2021-08-20",
    "8月20": "2021-08-20",
    "八月二十日": "2021-08-20",
    "九月底": "2021-09-30",
    "8月20日前": "2021-08-20",
    "8月20日止": "2021-08-20",
    "8/20": "2021-08-20",
    "8-20": "2021-08-20",
    "8.20": "2021-08-20",
    "5.27": "2021-05-27",
    "8.2": "2021-08-02",
    5.27: "2021-05-27",
    8.25: "2021-08-25",
    "9月": "2021-09-30",
    "9月份": "2021-09-30",
    "9月初": "2021-09-10",
    "9月上旬": "2021-09-10",
    "9月中旬": "2021-09-20",
    "9月下旬": "2021-09-30",
    "9月底": "2021-09-30",
    "9月底前": "2021-09-30",
    "9月底之前": "2021-09-30",
    "9月末": "2021-09-30",
    "9月月底": "2021-09-30",
    "2月底": "2021-02-28",
    "年底": "2021-12-31",
    "年底前": "2021-12-31",
}


@pytest.mark.parametrize(("cell", "iso"), WITHOUT_YEAR.items())
def test_a_date_without_year_takes_the_reports(cell, iso):
    assert day(cell, 2021) == dt.date.fromisoformat(iso)


@pytest.mark.parametrize("cell", WITHOUT_YEAR)
def test_a_date_without_any_year_is_unread(cell):
    assert isinstance(day(cell, None), Unread)


@pytest.mark.parametrize("month", range(1, 13))
def test_a_float_that_may_have_lost_a_zero_is_unread(month):
    # 8.2 may have been typed as 8.20.
    for digit in range(1, 10):
        assert isinstance(day(float(f"{month}.{digit}"), 2021), Unread)


@pytest.mark.parametrize("month", range(1, 13))
def test_a_float_with_two_decimals_is_month_and_day(month):
    for of_month in (11, 19, 27):
        assert day(float(f"{month}.{of_month}"), 2021) == dt.date(2021, month, of_month)


@pytest.mark.parametrize(
    "cell",
    [
        "2月30日", "2021.2.29", "20211320", "20210230", "13.1", "0月5日", "13月", "9月32日", "0000-00-00", "2021年13月",
        "2021年", "22年", "8", 8, -1, 99999, 44428.5, 1e300, float("nan"), "待定", "不详", "未定", "近期", "完成后",
        True, CellError("#VALUE!"), Uncached("=TODAY()"),
    ],
)  # fmt: skip
def test_what_is_no_day_is_unread(cell):
    assert isinstance(day(cell, 2021), Unread)


@pytest.mark.parametrize("cell", ["0000-01-01", "0000年8月", "፩"])
def test_nonsense_never_leaves_the_date_reader(cell):
    assert isinstance(day(cell, 2021), Unread)


@settings(max_examples=300, deadline=None)
@given(st.text("0123456789.-/,<%年月日前底初万千百十点户人约无—ND ", max_size=8).filter(lambda text: "000" not in text))
def test_no_printed_text_breaks_a_reader(text):
    assert isinstance(number(text), Number | Unread | None)
    assert isinstance(result(text), Result | Unread | None)
    assert isinstance(day(text, 2021), dt.date | Unread | None)


# --- as printed -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (None, ""), (86, "86"), (86.0, "86"), (0.1, "0.1"), (1e21, "1000000000000000000000"), ("  约300 ", "约300"),
        (True, "TRUE"), (dt.date(2021, 8, 20), "2021-08-20"), (dt.datetime(2021, 8, 20), "2021-08-20 00:00:00"),
        (CellError("#REF!"), "#REF!"), (Uncached("=A1+1"), "=A1+1"), (Uncached("A1+1"), "=A1+1"),
    ],
)  # fmt: skip
def test_a_cell_is_printed_as_its_reader_sees_it(cell, text):
    assert printed(cell) == text
