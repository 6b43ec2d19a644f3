import pytest

from flows.ingest.sheet import Sheet
from flows.ingest.tables import find_tables
from tests.builders import PROGRESS, TITLE, VILLAGE, column, grid, records, table, tables

FUNDING = "青龙镇资金落实表（截至2021年8月20日）"


def found(*rows, hints="", **options):
    return find_tables(Sheet(grid(*rows, **options)), hints)


def forms_of(*rows, **options):
    return [one.form.name for one in found(*rows, **options)]


# --- how deep a header is ---------------------------------------------------------------------------------------------

TWO = [["位置", None, "规模", None, "进展情况"], ["村委会", "自然村", "户数", "人口", None]]
THREE = [
    ["基本情况", None, None, None, "进展情况"],
    ["位置", None, "规模", None, None],
    ["村委会", "自然村", "户数", "人口", None],
]
FOUR = [
    ["2021年攻坚任务", None, None, None, "工程"],
    ["基本情况", None, None, None, "进展情况"],
    ["位置", None, "规模", None, None],
    ["村委会", "自然村", "户数", "人口", None],
]


@pytest.mark.parametrize(
    ("header", "merges"),
    [
        ([PROGRESS], ""),
        (TWO, "A2:B2 C2:D2 E2:E3"),
        (THREE, "A2:D2 A3:B3 C3:D3 E2:E4"),
        (FOUR, "A2:D2 A3:D3 A4:B4 C4:D4 E3:E5"),
    ],
    ids=["one row", "two", "three", "four"],
)
def test_a_header_is_as_deep_as_it_is(header, merges):
    (one,) = found([TITLE], *header, VILLAGE, merges=merges)
    assert (one.form.name, one.body) == ("village_progress", 1 + len(header))
    assert [c.meanings[0].field for c in one.columns] == [
        "village_committee", "natural_village", "households", "population", "status",
    ]  # fmt: skip


def test_two_levels_without_merges_stand_over_the_blank_cells_on_their_right():
    (one,) = found(
        [FUNDING],
        ["项目名称", "专项债券资金", None, None, "涉农资金", None, None],
        [None, "计划", "到位", "支付", "计划", "到位", "支付"],
        ["甲工程", 10, 8, 6, 5, 4, 3],
    )
    assert [(c.meanings[0].group, c.meanings[0].field) for c in one.columns[1:]] == [
        (source, stage)
        for source in ("special_bond", "agricultural_funds")
        for stage in ("planned", "secured", "spent")
    ]


def test_a_blank_text_in_a_header_is_as_good_as_an_empty_cell():
    (one,) = found(
        [FUNDING],
        ["项目名称", "专项债券资金", " ", "涉农资金", " "],
        [None, "计划", "到位", "计划", "到位"],
        ["甲工程", 10, 8, 5, 4],
    )
    assert [c.meanings[0].group for c in one.columns[1:]] == ["special_bond"] * 2 + ["agricultural_funds"] * 2


def test_headings_of_a_merge_are_printed_from_top_to_bottom():
    (one,) = found([TITLE], *TWO, VILLAGE, merges="A2:B2 C2:D2 E2:E3")
    assert [c.printed for c in one.columns] == ["位置/村委会", "位置/自然村", "规模/户数", "规模/人口", "进展情况"]


def test_a_unit_row_belongs_to_the_header():
    (one,) = found([TITLE], PROGRESS, [None, None, "户", "人", None], VILLAGE)
    assert (one.body, [c.row_unit for c in one.columns]) == (3, [None, None, "户", "人", None])


@pytest.mark.parametrize(
    "steps",
    [
        ["(1)", "(2)", "(3)", "(4)", "(5)"], ["（1）", "（2）", "（3）", "（4）", "（5）"], ["甲", "乙", 1, 2, 3],
        [1, 2, 3, 4, 5], [1.0, 2.0, 3.0, 4.0, 5.0], ["①", "②", "③", "④", "⑤"], ["甲", "乙", "丙", "丁", "戊"],
    ],
)  # fmt: skip
def test_a_row_of_column_numbers_is_no_data(steps):
    assert [record.row for record in records([TITLE], PROGRESS, steps, VILLAGE)] == [4]


def test_a_unit_row_and_column_numbers_may_follow_each_other():
    rows = [TITLE], PROGRESS, [None, None, "户", "人", None], ["甲", "乙", 1, 2, 3], VILLAGE
    assert [record.row for record in records(*rows)] == [5]


def test_a_step_row_counts_one_by_one():
    assert not Sheet(grid([1, 2, 4])).is_step_row(0)
    assert not Sheet(grid([1, 2])).is_step_row(0)
    assert Sheet(grid([1, 2, 3])).is_step_row(0)


def test_an_unknown_column_is_named_and_the_others_are_read():
    read = table(grid([TITLE], [*PROGRESS, "旧户数"], [*VILLAGE, 3]))
    assert len(read.records) == 1
    (note,) = read.notes
    assert (note.code, note.cell, note.printed) == ("N04", "F2", "旧户数")
    assert "旧户数" in note.zh


def test_a_missing_required_column_is_named_with_what_is_there():
    read = table(grid([TITLE], ["村委会", "自然村", "户数", "进展情况"], VILLAGE[:3] + VILLAGE[4:]))
    (note,) = [note for note in read.notes if note.code == "N05"]
    assert "人口" in note.zh
    assert "村委会、自然村、户数、进展情况" in note.zh


# --- where tables are -------------------------------------------------------------------------------------------------


def test_a_table_may_start_anywhere():
    (record,) = records([], [None] * 3 + [TITLE], [], [None] * 3 + PROGRESS, [], [None] * 3 + VILLAGE)
    assert (record.row, record.cells["natural_village"], record.values["town"]) == (6, "E6", "青龙镇")


def test_a_header_repeated_at_a_page_break_is_no_data_and_no_table():
    rows = records([TITLE], PROGRESS, VILLAGE, PROGRESS, ["石桥村委会", "下围", 20, 100, "√"])
    assert [record.row for record in rows] == [3, 5]


def test_a_repeated_header_with_a_title_of_its_own_is_another_table():
    first, second = tables(
        grid([TITLE], PROGRESS, VILLAGE, [TITLE.replace("青龙", "白石")], PROGRESS, ["山口村委会", "大屋", 9, 40, "√"])
    )
    assert (first.town, [r.row for r in first.records]) == ("青龙镇", [3])
    assert (second.town, [r.row for r in second.records]) == ("白石镇", [6])


def test_stacked_tables_have_their_own_titles_dates_and_rows():
    first, second = tables(
        grid(
            [TITLE], PROGRESS, VILLAGE, ["合计", None, 86, 412], [],
            ["青龙镇资金落实表（截至2021年8月10日）单位：万元"], ["项目名称", "资金来源", "计划", "到位"],
            ["甲工程", "专项债券", 1, 1],
        )
    )  # fmt: skip
    assert (first.form, str(first.report_date), len(first.records)) == ("village_progress", "2021-08-20", 1)
    assert (second.form, str(second.report_date), len(second.records)) == ("funding", "2021-08-10", 1)
    assert second.records[0].values["planned"] == 10000


def test_different_forms_side_by_side_have_their_own_titles():
    left, right = tables(
        grid(
            [TITLE, *[None] * 5, "白石镇资金落实表（截至2021年8月10日）单位：元"],
            [*PROGRESS, None, "项目名称", "资金来源", "计划"],
            [*VILLAGE, None, "甲工程", "专项债券", 10],
        )
    )
    assert (left.form, left.town, str(left.report_date)) == ("village_progress", "青龙镇", "2021-08-20")
    assert (right.form, right.town, str(right.report_date)) == ("funding", "白石镇", "2021-08-10")
    assert right.records[0].cells["planned"] == "I3"


@pytest.mark.parametrize("gap", [[], [None]], ids=["touching", "apart"])
def test_two_panels_of_one_form_are_read_left_then_right(gap):
    left, right = tables(
        grid(
            [TITLE],
            [*PROGRESS, *gap, *PROGRESS],
            [*VILLAGE, *gap, "石桥村委会", "下围", 20, 100, "√"],
            ["兴隆村委会", "上围", 20, 100, "√"],
        )
    )
    assert column(left.records, "natural_village") == ["大屋村", "上围"]
    assert column(right.records, "natural_village") == ["下围"]


@pytest.mark.parametrize("merges", ["", "A1:K1"], ids=["not merged", "merged"])
def test_two_panels_share_the_title_above_both(merges):
    _, right = tables(
        grid([TITLE], [*PROGRESS, None, *PROGRESS], [*VILLAGE, None, "石桥村委会", "下围", 9, 40, "√"], merges=merges)
    )
    assert (right.town, str(right.report_date)) == ("青龙镇", "2021-08-20")


LEDGER = [
    ["项目名称", "甲工程", "乙工程"],
    ["供水方式", "镇级水厂", "县级水厂"],
    ["受益户数", 86, 20],
    ["受益人口", 412, 100],
    ["总投资（万元）", 1, 2],
]


def test_a_transposed_table_has_a_record_a_column():
    rows = records(*LEDGER)
    assert column(rows, "project_name") == ["甲工程", "乙工程"]
    assert [record.cells["investment_planned"] for record in rows] == ["B5", "C5"]
    assert column(rows, "investment_planned") == [10000, 20000]


@pytest.mark.parametrize("merges", ["", "A1:C1"], ids=["not merged", "merged"])
def test_a_transposed_table_has_its_title_above(merges):
    read = table(grid(["青龙镇工程项目台账（截至2021年8月20日）"], *LEDGER, merges=merges))
    assert (read.town, str(read.report_date)) == ("青龙镇", "2021-08-20")


# --- which form it is -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "rows",
    [
        [["通讯录"], ["姓名", "电话", "职务"], ["张三", "13800000000", "科员"]],
        [["填表说明"], ["1", "户数为户籍户数"], ["2", "人口为户籍人口"]],
        [["目录"], ["序号", "表名", "页码"], [1, "攻坚进度表", 1]],
        [["户数"], [86]],
    ],
    ids=["contacts", "explanations", "contents", "one heading"],
)
def test_a_sheet_that_is_no_form_is_said_to_be_none(rows):
    read = table(grid(*rows))
    assert (read.form, list(read.records)) == (None, [])
    assert "表头" in (read.reason or "")


def test_an_empty_and_a_hidden_sheet_are_no_data():
    assert table(grid([None, " "], [])).reason == "工作表为空。"
    assert table(grid([TITLE], PROGRESS, VILLAGE, is_hidden=True)).form is None


def test_a_header_without_rows_is_recognised_and_said_so():
    read = table(grid([TITLE], PROGRESS))
    assert (read.form, list(read.records)) == ("village_progress", [])
    assert [note.code for note in read.notes] == ["N08"]


@pytest.mark.parametrize(
    ("title", "headings", "form"),
    [
        ("进度表", ["镇", "村委会", "自然村", "户数", "人口", "进展情况"], "village_progress"),
        ("核查表", ["镇", "村委会", "自然村", "核查日期", "水量", "水质", "水压"], "service_check"),
        ("抽查表", ["镇", "村委会", "自然村", "核查日期", "是否通水", "核实户数"], "inspection"),
        ("基数表", ["镇", "农村户数", "农村人口", "已供水人口-跨县"], "baseline"),
        ("区划", ["自然村编码", "镇", "村委会", "自然村", "户籍户数", "户籍人口"], "division"),
        ("任务分解表", ["镇", "供水方式", "自然村数", "户数", "人口"], "annual_target"),
        ("台账", ["项目名称", "供水方式", "自然村数", "户数", "人口", "总投资"], "project_ledger"),
        ("资金", ["项目名称", "资金来源", "计划", "到位", "支付"], "funding"),
        ("水质", ["水厂", "采样点", "采样日期", "浑浊度", "pH"], "water_quality"),
        ("水质", ["水厂", "采样点", "采样日期", "检测项目", "检测结果", "单位"], "water_quality"),
        ("督导", ["时间", "形式", "主题", "存在问题", "责任单位"], "supervision"),
        ("挂点", ["镇", "挂点领导职务", "挂点单位", "工作专班组长职务"], "assignment"),
    ],
)
@pytest.mark.parametrize("is_titled", [True, False])
def test_similar_headers_are_the_form_that_fits_best(title, headings, form, is_titled):
    assert forms_of([title] if is_titled else [], headings, [None] * len(headings)) == [form]


@pytest.mark.parametrize(("name", "form"), [("年度任务分解", "annual_target"), ("攻坚进度", "village_progress")])
def test_names_decide_where_the_headings_leave_a_choice(name, form):
    (one,) = found(["自然村", "户数", "人口"], ["大屋村", 86, 412], hints=name)
    assert one.form.name == form


@pytest.mark.parametrize("first", ["项目名称", "工程名称"])
def test_a_wide_table_whose_only_plain_heading_is_the_project_is_found(first):
    headings = [first, "债券资金计划", "债券资金到位", "涉农资金计划", "涉农资金到位"]
    assert forms_of([FUNDING], headings, ["甲工程", 10, 8, 6, 0]) == ["funding"]


def test_a_unit_may_be_the_heading_under_a_group():
    header = [["项目名称", "供水方式", "受益情况", None], [None, None, "户", "人"]]
    (one,) = found(["青龙镇工程项目台账"], *header, ["甲工程", "镇级水厂", 86, 412], merges="C2:D2 A2:A3 B2:B3")
    assert [c.meanings[0].field for c in one.columns[2:]] == ["households", "population"]


def test_the_order_of_the_columns_does_not_matter():
    (record,) = records([TITLE], PROGRESS[::-1], VILLAGE[::-1])
    assert (record.values["households"], record.cells["households"]) == (86, "C3")
