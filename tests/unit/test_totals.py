"""Printed totals and rates against their own figures, whatever the layout (R14, R15)."""

from decimal import Decimal

import pytest

from flows.ingest.grid import Uncached
from flows.ingest.guard import Limits
from flows.ingest.intervals import Interval, interval, shorter
from flows.ingest.reading import read_file
from flows.ingest.totals import check_totals
from tests.builders import grid, names, tables

HEADER = ["村委会", "自然村", "户数", "人口", "进展情况", "入户率", "已通水户数"]
TITLE = "青龙镇镇级水厂扩网工程进度表（截至2021年8月20日）"
A = ["兴隆村委会", "大屋村", 86, 412, "在建", None, None]
B = ["兴隆村委会", "上围", 20, 100, "在建", None, None]
C = ["石桥村委会", "下围", 70, 350, "在建", None, None]


def contradictions(*rows, header=HEADER, title=TITLE, **options):
    """(rule, field, cell, what a total sums) of every contradiction, in reading order."""
    text = "\n".join(",".join("" if value is None else str(value) for value in row) for row in [[title], header, *rows])
    if options:
        found = tables(grid([title], header, *rows, **options))
        check_totals([read.lines for read in found])
    else:
        found = read_file(text.encode(), names(), Limits()).tables
    return sorted(
        (one.rule, one.field, one.cell, one.object)
        for read in found
        for record in read.records
        for one in record.contradictions
    )


def total(label, households, population=None, village=None):
    return [label, village, households, population, None, None, None]


# --- intervals --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "low", "high"),
    [("96.81", "96.805", "96.815"), ("91", "90.5", "91.5"), ("7.7100", "7.70995", "7.71005"), ("0", "-0.5", "0.5")],
)
def test_a_printed_number_stands_for_all_that_rounds_to_it(printed, low, high):
    assert interval(Decimal(printed)) == (Decimal(low), Decimal(high))


def test_a_count_is_exact_and_one_in_ten_thousands_is_not():
    assert interval(Decimal(86), is_count=True) == (86, 86)
    assert interval(Decimal("1.2"), Decimal(10_000), is_count=True) == (11_500, 12_500)


def test_a_number_computed_in_floating_point_is_no_more_exact_than_it_can_be():
    assert interval(Decimal(str(11 / 12))).meets(Interval(Decimal(11) / 12, Decimal(11) / 12))


def test_nothing_is_divided_by_what_may_be_zero():
    assert interval(Decimal(1)).over(interval(Decimal(0))) is None


@pytest.mark.parametrize(("value", "text"), [("1024.6800", "1024.68"), ("0.7272727272", "0.72727273"), ("120", "120")])
def test_a_computed_number_is_said_shortly(value, text):
    assert shorter(Decimal(value)) == text


# --- a real table that contradicts its own footnote (domain.md, 曲靖 2019) --------------------------------------

QUJING = {
    "麒麟区": ("42.8397", ["4.3808", "24.9425", "8.9005", "4.5581"], "99.85", False),
    "沾益区": ("30.84", ["0.0000", "3.1506", "17.4717", "9.7740"], "98.69", False),
    "马龙区": ("17.55", ["0.4248", "2.2600", "6.6000", "7.7100"], "96.81", True),
    "师宗县": ("37.73", ["0.00", "15.05", "6.66", "12.8068"], "91.00", False),
    "罗平县": ("59.21", ["0.8635", "17.5678", "11.2269", "25.4757"], "92.30", False),
    "会泽县": ("105.76", ["0.0000", "33.2930", "16.3735", "48.9689"], "92.18", False),
}


@pytest.mark.parametrize("place", QUJING)
def test_a_published_table_is_judged_by_intervals(place):
    population, served, rate, is_consistent = QUJING[place]
    parts = [interval(Decimal(part)) for part in served]
    whole = Interval(sum((part.low for part in parts), Decimal()), sum((part.high for part in parts), Decimal()))
    quotient = whole.over(interval(Decimal(population)))
    assert quotient is not None
    assert quotient.meets(interval(Decimal(rate), Decimal("0.01"))) is is_consistent


# --- R14 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([A, B, C, total("合计", 176, 862)], id="last"),
        pytest.param([total("合计", 176, 862), A, B, C], id="first"),
        pytest.param([A, B, total("小计", 106, 512), C, total("小计", 70, 350), total("合计", 176, 862)], id="nested"),
        pytest.param([total("兴隆村委会小计", 106, 512), A, B, total("石桥村委会小计", 70, 350), C], id="named first"),
        pytest.param([A, B, C, total("兴隆村委会小计", 106), total("总计", 176)], id="named last"),
        pytest.param([A, B, C, total("兴隆村委会", 106, village="小计"), total("青龙镇合计", 176)], id="name beside"),
        pytest.param([A, A, B, total("合计", 192, 924)], id="double rows count"),
        pytest.param([A, [*B[:2], -20, *B[3:]], total("合计", 66, 512)], id="rejected rows count"),
        pytest.param([A, [*B[:2], "", *B[3:]], total("合计", 86, 512)], id="blank is nothing"),
        pytest.param([A, [*B[:2], "不详", *B[3:]], total("合计", 106, 512)], id="unreadable is not judged"),
        pytest.param([A, B, total("合计", "/", "")], id="nothing printed"),
        pytest.param([A, B, total("合计", "106户", "0.0512万人")], id="units of its own"),
    ],
)
def test_r14_a_total_that_adds_up_is_not_blamed(rows):
    assert contradictions(*rows) == []


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        pytest.param([A, B, C, total("合计", 177, 862)], [("households", "C6", "total:grand")], id="last"),
        pytest.param([total("合计", 176, 863), A, B, C], [("population", "D3", "total:grand")], id="first"),
        pytest.param(
            [A, B, total("小计", 105, 512), C, total("小计", 70, 350), total("合计", 176, 862)],
            [("households", "C5", "total:兴隆村委会")],
            id="a subtotal, and the total of totals sums rows",
        ),
        pytest.param(
            [A, B, C, total("兴隆村委会小计", 107, 512)], [("households", "C6", "total:兴隆村委会")], id="named"
        ),
        pytest.param(
            [A, B, total("合计", 107, 513)],
            [("households", "C5", "total:grand"), ("population", "D5", "total:grand")],
            id="every column",
        ),
    ],
)
def test_r14_a_total_off_by_one_is_found_where_it_stands(rows, found):
    assert contradictions(*rows) == [("R14", *one) for one in found]


def test_r14_sections_print_their_totals():
    rows = [["一、镇级水厂扩网工程", None, 106], A, B, ["二、农村小型集中供水", None, 71], C, total("合计", 176, 862)]
    assert contradictions(*rows) == [("R14", "households", "C6", "total:small_scheme")]


def test_r14_rows_hidden_by_hand_are_not_summed():
    assert contradictions(A, B, C, total("合计", 106), hidden_rows={4}) == []
    assert contradictions(A, B, C, total("合计", 176), hidden_rows={4}) == [("R14", "households", "C6", "total:grand")]


def test_r14_a_merged_figure_counts_once():
    rows = [A, [*B[:2], None, *B[3:]], total("合计", 86, 512)]
    assert contradictions(*rows, merges="C3:C4") == []


def test_r14_a_formula_without_a_value_is_computed():
    assert contradictions(A, B, total("合计", Uncached("=SUM(C3:C4)")), merges="") == []
    assert contradictions(A, B, total("合计", Uncached("=C3")), name="进度") == [
        ("R14", "households", "C5", "total:grand")
    ]


LEDGER = ["项目名称", "供水方式", "总投资（万元）", "完成投资（万元）"]


@pytest.mark.parametrize(("printed", "found"), [("3.02", 0), ("2.98", 0), ("3.03", 1), ("2.97", 1)])
def test_r14_a_total_may_differ_by_what_rounding_explains(printed, found):
    rows = [[name, "镇级水厂扩网", "1.00", ""] for name in ("甲", "乙", "丙")]
    assert len(contradictions(*rows, ["合计", "", printed, ""], header=LEDGER)) == found


FUNDS = ["项目名称", "债券资金", None, "涉农资金", None, "资金合计", None, "到位率"]
STAGES = [None, "计划", "到位", "计划", "到位", "计划", "到位", None]
MERGES = "A2:A3 B2:C2 D2:E2 F2:G2 H2:H3"


@pytest.mark.parametrize(("printed", "found"), [("301", []), ("302", [("R14", "total.planned", "F4", None)])])
def test_r14_the_groups_of_a_row_add_up_to_its_total(printed, found):
    row = ["甲工程", "100", "100", "200", "100", printed, "200", None]
    assert contradictions(STAGES, row, header=FUNDS, title="青龙镇资金落实表", merges=MERGES) == found


@pytest.mark.parametrize(("printed", "found"), [("300", []), ("302", [("R14", "total.planned", "D3", None)])])
def test_r14_a_heading_of_one_row_may_be_that_of_the_total(printed, found):
    header = ["项目名称", "债券资金计划", "涉农资金计划", "合计计划"]
    assert contradictions(["甲工程", "100", "200", printed], header=header, title="青龙镇资金落实表") == found


# --- R15 --------------------------------------------------------------------------------------------------------------

RATE = "#rate:households_connected/households"


@pytest.mark.parametrize(
    ("printed", "connected", "is_wrong"),
    [
        ("0.58", 50, False),  # 50 ÷ 86 = 0.5814
        ("58%", 50, False),
        ("58.1", 50, False),
        ("58.2", 50, True),
        ("0.59", 50, True),
        ("1", 86, False),
        ("58", "", False),
        ("/", 50, False),
        ("不详", 50, False),
        ("58.6", "不详", False),
    ],
)
def test_r15_a_rate_agrees_with_its_figures_to_its_last_digit(printed, connected, is_wrong):
    row = [*A[:5], printed, connected]
    assert contradictions(row) == ([("R15", RATE, "F3", None)] if is_wrong else [])


def test_r15_the_message_says_what_the_rate_should_be():
    (read,) = tables(grid([TITLE], HEADER, [*A[:5], "46.5%", 50]))
    (found,) = read.records[0].contradictions
    assert found.words["low"] == found.words["high"] == "58.139535%"
    assert (found.words["numerator"], found.words["denominator"], found.printed) == ("50", "86", "46.5%")


@pytest.mark.parametrize(
    ("printed", "found"), [("66.7%", []), ("90%", [("R15", "#rate:total.secured/total.planned", "H4", None)])]
)
def test_r15_beside_groups_a_rate_is_that_of_their_totals(printed, found):
    row = ["甲工程", "100", "100", "200", "100", "300", "200", printed]
    assert contradictions(STAGES, row, header=FUNDS, title="青龙镇资金落实表", merges=MERGES) == found
