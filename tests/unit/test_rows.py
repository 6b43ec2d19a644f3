import datetime as dt
from decimal import Decimal

import pytest

from flows.ingest.grid import CellError, Uncached
from tests.builders import PROGRESS, TITLE, VILLAGE, column, grid, names, records, table

NO_MODE = "青龙镇进度表（截至2021年8月20日）"
FUNDS = "青龙镇资金落实表（截至2021年8月20日）"
UPPER = ["兴隆村委会", "上围", 20, 100, "√"]
LOWER = ["石桥村委会", "下围", 30, 150, "未开工"]


def villages(*rows, **options):
    return column(records(*rows, **options), "natural_village")


def in_column(heading, *cells, title=TITLE, field=None, **options):
    """What the cells of one more column give, a village each."""
    rows = records([title], [*PROGRESS, heading], *([*VILLAGE, cell] for cell in cells), **options)
    return column(rows, field) if field else rows


# --- one row ----------------------------------------------------------------------------------------------------------


def test_a_row_has_its_values_its_addresses_and_what_the_title_says():
    (record,) = records([TITLE], PROGRESS, VILLAGE)
    assert record.row == 3
    assert record.values == {
        "village_committee": "兴隆村委会",
        "natural_village": "大屋村",
        "households": 86,
        "population": 412,
        "status": "under_construction",
        "town": "青龙镇",
        "supply_mode": "town_plant",
    }
    assert record.cells == {
        "village_committee": "A3",
        "natural_village": "B3",
        "households": "C3",
        "population": "D3",
        "status": "E3",
    }


def test_what_was_printed_is_kept_where_it_reads_otherwise():
    (record,) = records([TITLE], PROGRESS, ["兴隆村委会", "大屋村", "约86户", "４１２", "施工中"])
    assert record.printed == {"households": "约86户", "population": "４１２", "status": "施工中"}


def test_an_unreadable_cell_is_null_and_remembered():
    row = ["兴隆村委会", "大屋村", CellError("#REF!"), "不详", "快了"]
    (record,) = records([TITLE], PROGRESS, row)
    assert [record.values[name] for name in ("households", "population", "status")] == [None] * 3
    assert record.unread == {"households": "#REF!", "population": "不详", "status": "快了"}


def test_a_formula_without_value_is_computed_or_unread_never_zero():
    row = ["兴隆村委会", "大屋村", Uncached("80+6"), Uncached("VLOOKUP(A1,B:C,2)"), "在建"]
    (record,) = records([TITLE], PROGRESS, row, formulas={(2, 2): "80+6", (2, 3): "VLOOKUP(A1,B:C,2)"})
    assert record.values["households"] == 86
    assert record.unread == {"population": "=VLOOKUP(A1,B:C,2)"}


def test_a_hidden_column_is_read():
    assert column(records([TITLE], PROGRESS, VILLAGE, hidden_columns={2}), "households") == [86]


def test_blank_and_ruled_rows_give_nothing():
    assert villages([TITLE], PROGRESS, [], VILLAGE, [None, " "], UPPER, ["—", "/", "无"]) == ["大屋村", "上围"]


# --- filling down -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("blank", [None, "", " "])
def test_a_blank_committee_takes_the_one_above_and_its_address(blank):
    rows = records([TITLE], PROGRESS, VILLAGE, [blank, "上围", 20, 100, "√"], LOWER)
    assert column(rows, "village_committee") == ["兴隆村委会", "兴隆村委会", "石桥村委会"]
    assert [record.cells["village_committee"] for record in rows] == ["A3", "A3", "A5"]


def test_a_merged_committee_holds_for_its_rows():
    rows = records([TITLE], PROGRESS, VILLAGE, [None, "上围", 20, 100, "√"], merges="A3:A4")
    assert [record.cells["village_committee"] for record in rows] == ["A3", "A3"]


def test_nothing_is_filled_down_into_another_section():
    rows = records([NO_MODE], PROGRESS, ["一、镇级水厂扩网工程"], VILLAGE, ["二、小型集中供水"], [None, *UPPER[1:]])
    assert column(rows, "village_committee") == ["兴隆村委会", None]


def test_a_none_mark_is_none_and_not_the_one_above():
    assert column(records([TITLE], PROGRESS, VILLAGE, ["—", *UPPER[1:]]), "village_committee") == ["兴隆村委会", None]


def test_figures_states_and_villages_are_never_filled_down():
    _, second = records([TITLE], PROGRESS, VILLAGE, ["兴隆村委会", "上围", None, None, None])
    assert [second.values[name] for name in ("households", "population", "status")] == [None] * 3


def test_a_total_between_does_not_end_the_filling():
    rows = [VILLAGE, [None, *UPPER[1:]], [None, "小计", 106, 512], [None, "下围", 20, 100, "√"]]
    assert column(records([TITLE], PROGRESS, *rows, merges="A3:A6"), "village_committee") == ["兴隆村委会"] * 3


def test_a_project_stays_the_same_over_its_sources():
    rows = [["甲工程", "专项债券", 70], [None, "涉农资金", 30], ["乙工程", "自筹", 5]]
    found = records([FUNDS], ["项目名称", "资金来源", "计划"], *rows)
    assert column(found, "project_name") == ["甲工程", "甲工程", "乙工程"]
    assert column(found, "funding_source") == ["special_bond", "agricultural_funds", "other"]


@pytest.mark.parametrize(
    ("header", "rows", "field", "name"),
    [
        (
            ["项目名称", "资金来源", "计划"],
            [["甲工程", "合计", 100], [None, "专项债券", 70], [None, "涉农资金", 30]],
            "project_name",
            "甲工程",
        ),
        (PROGRESS, [["兴隆村委会", "小计", 86, 412], [None, *VILLAGE[1:]], [None, *UPPER[1:]]], "village_committee",
         "兴隆村委会"),
    ],
)  # fmt: skip
def test_a_total_that_comes_first_names_the_object_of_its_rows(header, rows, field, name):
    assert column(records([TITLE if field != "project_name" else FUNDS], header, *rows), field) == [name, name]


# --- sections ---------------------------------------------------------------------------------------------------------

SECTION_ROWS = {
    "bare": ["一、镇级水厂扩网工程"],
    "with totals": ["一、镇级水厂扩网工程", None, 106, 512],
    "in two cells": ["一", "镇级水厂扩网工程", 106, 512],
    "in brackets": ["（一）镇级水厂扩网"],
}


@pytest.mark.parametrize("section", SECTION_ROWS.values(), ids=SECTION_ROWS)
def test_a_section_names_the_mode_of_its_rows(section):
    rows = records([NO_MODE], PROGRESS, section, VILLAGE, UPPER)
    assert column(rows, "supply_mode") == ["town_plant"] * 2
    assert [record.row for record in rows] == [4, 5]


def test_a_section_needs_no_number_where_it_is_merged_or_stands_under_the_running_number():
    rows = records([NO_MODE], PROGRESS, ["镇级水厂扩网工程"], VILLAGE, merges="A3:E3")
    assert column(rows, "supply_mode") == ["town_plant"]
    rows = records([NO_MODE], ["序号", *PROGRESS], ["镇级水厂扩网工程"], [1, *VILLAGE])
    assert column(rows, "supply_mode") == ["town_plant"]


def test_a_sections_mode_has_the_sections_address():
    (record,) = records([NO_MODE], PROGRESS, ["一、镇级水厂扩网工程"], VILLAGE)
    assert record.cells["supply_mode"] == "A3"


def test_a_section_ends_where_the_next_begins():
    rows = records([NO_MODE], PROGRESS, ["一、镇级水厂扩网工程"], VILLAGE, ["二、农村小型集中供水"], LOWER)
    assert column(rows, "supply_mode") == ["town_plant", "small_scheme"]


def test_nested_sections_say_the_inner_mode():
    rows = records(
        [NO_MODE], PROGRESS,
        ["一、规模化水厂扩网工程"], ["（一）镇级水厂扩网"], VILLAGE, ["（二）县级水厂扩网"], UPPER,
        ["二、农村小型集中供水"], LOWER,
    )  # fmt: skip
    assert column(rows, "supply_mode") == ["town_plant", "county_plant", "small_scheme"]


def test_a_section_beats_the_title_and_a_column_beats_the_section():
    assert column(records([TITLE], PROGRESS, ["一、小型集中供水"], VILLAGE), "supply_mode") == ["small_scheme"]
    header = [*PROGRESS, "供水方式"]
    rows = records([TITLE], header, ["一、小型集中供水"], [*VILLAGE, "跨县"])
    assert column(rows, "supply_mode") == ["cross_county"]


@pytest.mark.parametrize("numbers", [("", ""), ("一、", "二、"), ("（一）", "（二）")])
def test_a_section_may_name_the_committee(numbers):
    header = ["自然村", "户数", "人口", "进展情况"]
    first, second = numbers
    rows = records([TITLE], header, [f"{first}兴隆村委会"], VILLAGE[1:], [f"{second}石桥村委会"], LOWER[1:])
    assert column(rows, "village_committee") == ["兴隆村委会", "石桥村委会"]


@pytest.mark.parametrize("merges", ["A3:E3", ""])
def test_a_section_may_name_the_town(merges):
    rows = records(["镇级水厂扩网工程进度表（截至2021年8月20日）"], PROGRESS, ["白石镇"], VILLAGE, merges=merges)
    assert column(rows, "town") == ["白石镇"]


# --- totals, notes, footers, hidden rows ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "total",
    [
        ["合计", None, 106, 512], [None, "合计", 106, 512], ["合  计", None, 106, 512], ["小计", None, 1, 2],
        ["总计：", None, 1, 2], ["全县合计", None, 1, 2], ["兴隆村委会小计", None, 1, 2], ["兴隆村委会", "小计", 1, 2],
        ["兴隆村委会", "小计（1个）", 1, 2], ["共计", None, 1, 2], ["合计数", None, 1, 2], ["合計", None, 1, 2],
    ],
)  # fmt: skip
@pytest.mark.parametrize("place", [0, 1, 2], ids=["first", "between", "last"])
def test_a_total_is_no_data_wherever_it_stands(total, place):
    rows = [VILLAGE, UPPER]
    rows.insert(place, total)
    assert villages([TITLE], PROGRESS, *rows) == ["大屋村", "上围"]


def test_nested_totals_are_no_data():
    rows = [["合计", None, 136, 662], ["小计", None, 106, 512], VILLAGE, UPPER, ["小计", None, 30, 150], LOWER]
    assert villages([TITLE], PROGRESS, *rows) == ["大屋村", "上围", "下围"]


def test_a_group_of_columns_that_sums_the_others_is_no_source():
    header = [["项目名称", "专项债券资金", "合计"], [None, "计划", "计划"]]
    rows = records([FUNDS], *header, ["甲工程", 10, 10])
    assert column(rows, "funding_source") == ["special_bond"]


@pytest.mark.parametrize(
    "note",
    [
        ["注：数据截至8月"],
        ["注:1.户数为户籍户数"],
        ["备注：无"],
        ["说明：本表每周报送"],
        ["※ 已核对"],
        [None, "注：同上"],
    ],
)
def test_a_note_is_no_data(note):
    assert villages([TITLE], PROGRESS, VILLAGE, note) == ["大屋村"]


FOOTERS = {
    "one cell": ["填报人：张三   审核人：李四   联系电话：13800000000   填报日期：2021年8月20日"],
    "two cells": ["填报人：张三", None, None, "联系电话：13800000000"],
    "three cells": ["填报人：张三", None, "审核人：李四", "联系电话：13800000000"],
    "five cells": ["填报人：张三", "审核人：李四", "联系电话：13800000000", "填报日期：", "2021年8月20日"],
    "words and names": ["填报人", "张三", "审核人", "李四"],
}


@pytest.mark.parametrize("footer", FOOTERS.values(), ids=FOOTERS)
def test_a_footer_is_no_data(footer):
    assert villages([TITLE], PROGRESS, VILLAGE, footer) == ["大屋村"]


@pytest.mark.parametrize("footer", FOOTERS.values(), ids=FOOTERS)
def test_no_note_about_a_footer_prints_a_person_or_telephone(footer):
    read = table(grid([TITLE], PROGRESS, VILLAGE, footer))
    said = "".join(f"{note.zh}{note.en}{note.printed}" for note in read.notes)
    assert "张三" not in said
    assert "138" not in said


def test_a_row_hidden_by_hand_is_no_data_and_noted_with_its_address():
    read = table(grid([TITLE], PROGRESS, VILLAGE, UPPER, hidden_rows={3}))
    assert column(read.records, "natural_village") == ["大屋村"]
    (note,) = [note for note in read.notes if note.code == "N03"]
    assert (note.row, note.cell) == (4, "A4")


def test_no_note_about_a_hidden_row_prints_a_person_or_telephone():
    header = ["项目名称", "供水方式", "受益户数", "责任人", "联系电话"]
    project = ["甲工程", "镇级水厂", 86, "张三", "13800000000"]
    read = table(grid(["青龙镇工程项目台账（截至2021年8月20日）"], header, project, project, hidden_rows={3}))
    said = "".join(f"{note.zh}{note.en}{note.printed}" for note in read.notes)
    assert "张三" not in said
    assert "138" not in said


# --- ticks, compound cells, date parts --------------------------------------------------------------------------------


@pytest.mark.parametrize("mark", ["√", "✓", "●", "○", 1, "1", 1.0])
def test_a_mark_means_the_sub_heading_it_stands_under(mark):
    header = [["村委会", "自然村", "户数", "人口", "进展情况", None, None], [None] * 4 + ["未开工", "在建", "已完成"]]
    (record,) = records([TITLE], *header, [*VILLAGE[:4], None, mark, None], merges="E2:G2 A2:A3 B2:B3 C2:C3 D2:D3")
    assert (record.values["status"], record.cells["status"]) == ("under_construction", "F4")


def test_no_mark_at_all_is_null():
    header = [["村委会", "自然村", "户数", "人口", "进展情况", None], [None] * 4 + ["未开工", "在建"]]
    (record,) = records([TITLE], *header, [*VILLAGE[:4], None, "—"], merges="E2:F2 A2:A3 B2:B3 C2:C3 D2:D3")
    assert record.values["status"] is None


def test_a_mode_may_be_ticked():
    header = [["村委会", "自然村", "供水方式", None, "户数", "人口", "进展情况"], [None, None, "县级水厂", "镇级水厂"]]
    rows = records([NO_MODE], *header, ["兴隆村委会", "大屋村", None, "●", 86, 412, "在建"], merges="C2:D2")
    assert column(rows, "supply_mode") == ["town_plant"]


@pytest.mark.parametrize("heading", ["户/人", "户数/人口", "户／人"])
@pytest.mark.parametrize("cell", ["86/412", "86／412", "86户/412人"])
def test_two_figures_in_one_cell_fill_two_fields(heading, cell):
    (record,) = records([TITLE], ["村委会", "自然村", heading, "进展情况"], ["兴隆村委会", "大屋村", cell, "在建"])
    assert (record.values["households"], record.values["population"]) == (86, 412)
    assert record.cells["households"] == record.cells["population"] == "C3"


@pytest.mark.parametrize("cell", ["86", 86])
def test_other_than_two_figures_in_such_a_cell_are_unread(cell):
    (record,) = records([TITLE], ["村委会", "自然村", "户/人", "进展情况"], ["兴隆村委会", "大屋村", cell, "在建"])
    assert set(record.unread) == {"households", "population"}


def test_three_figures_in_such_a_cell_are_unread():
    (record,) = records(
        [TITLE], ["村委会", "自然村", "户/人", "进展情况"], ["兴隆村委会", "大屋村", "86/412/3", "在建"]
    )
    assert set(record.unread) == {"households", "population"}


@pytest.mark.parametrize("committee", ["兴隆村委会", "兴隆村民委员会", "兴隆居委会"])
def test_committee_and_village_in_one_cell_are_divided(committee):
    header = ["自然村", "户数", "人口", "进展情况"]
    (record,) = records([TITLE], header, [f"{committee}大屋村", 86, 412, "在建"])
    assert (record.values["village_committee"], record.values["natural_village"]) == (committee, "大屋村")
    assert record.cells["village_committee"] == "A3"


def test_a_village_stays_whole_where_the_committee_has_its_column():
    rows = records([TITLE], PROGRESS, ["兴隆村委会", "兴隆村委会大屋", 86, 412, "在建"])
    assert column(rows, "natural_village") == ["兴隆村委会大屋"]


@pytest.mark.parametrize("separator", ["、", "，", "/", "\n", " "])
def test_several_towns_in_one_cell_are_a_row_each(separator):
    rows = records(["挂点联系表"], ["镇", "挂点领导职务", "挂点单位"], [f"青龙镇{separator}白石镇", "县长", "水务局"])
    assert column(rows, "town") == ["青龙镇", "白石镇"]
    assert [record.row for record in rows] == [3, 3]


DATE_MERGES = "A2:A3 B2:B3 C2:C3 D2:D3 E2:E3 F2:H2"


@pytest.mark.parametrize(
    ("parts", "day"),
    [
        ([2021, 7, 5], dt.date(2021, 7, 5)),
        (["2021", "7", "5"], dt.date(2021, 7, 5)),
        ([None, 7, 5], dt.date(2021, 7, 5)),
        ([2021, 7, None], dt.date(2021, 7, 31)),
        ([None] * 3, None),
    ],
)
def test_year_month_and_day_in_three_columns_make_one_date(parts, day):
    header = [[*PROGRESS, "开工时间", None, None], [None] * 5 + ["年", "月", "日"]]
    (record,) = records([TITLE], *header, VILLAGE + parts, merges=DATE_MERGES)
    assert record.values["started_on"] == day


def test_sub_headings_need_no_merge_as_in_a_csv():
    header = [[*PROGRESS, "开工时间", None, None], [None] * 5 + ["年", "月", "日"]]
    assert column(records([TITLE], *header, [*VILLAGE, 2021, 7, 5]), "started_on") == [dt.date(2021, 7, 5)]
    header = [["村委会", "自然村", "户数", "人口", "进展情况", None], [None] * 4 + ["未开工", "在建"]]
    assert column(records([TITLE], *header, [*VILLAGE[:4], None, "√"]), "status") == ["under_construction"]


def test_impossible_date_parts_are_unread():
    header = [[*PROGRESS, "开工时间", None, None], [None] * 5 + ["年", "月", "日"]]
    (record,) = records([TITLE], *header, [*VILLAGE, 2021, 2, 30], merges=DATE_MERGES)
    assert (record.values["started_on"], record.unread) == (None, {"started_on": "2021年2月30日"})


@pytest.mark.parametrize("finish", ["9月底前", "2021年9月", dt.date(2021, 9, 30)])
def test_a_date_keeps_its_words(finish):
    (record,) = in_column("计划完成时间", finish)
    assert record.values["planned_finish"] == dt.date(2021, 9, 30)
    if isinstance(finish, str):
        assert record.printed["planned_finish"] == finish


# --- other than its headings say --------------------------------------------------------------------------------------


def test_a_class_of_works_that_is_no_mode_leaves_the_titles_mode():
    rows = in_column("工程类别", "新建", "扩网")
    assert column(rows, "supply_mode") == ["town_plant"] * 2


def test_a_class_of_works_that_is_a_mode_is_the_mode():
    assert in_column("工程类别", "县级水厂", title=NO_MODE, field="supply_mode") == ["county_plant"]


def test_of_which_belongs_to_the_heading_on_its_left():
    header = ["村委会", "自然村", "户数", "其中：已通水", "人口", "其中：已供水", "进展情况"]
    (record,) = records([TITLE], header, ["兴隆村委会", "大屋村", 86, 50, 412, 200, "在建"])
    assert (record.values["households_connected"], record.values["population_supplied"]) == (50, 200)


def test_of_which_rows_belong_to_the_project_above():
    rows = [["甲工程", 100], ["其中：专项债券", 70], ["其中：涉农资金", 30], ["乙工程", 5], ["其中：自筹", 5]]
    found = records([FUNDS], ["项目名称", "计划", "到位"], *rows)
    assert column(found, "project_name") == ["甲工程", "甲工程", "乙工程"]
    assert column(found, "funding_source") == ["special_bond", "agricultural_funds", "other"]


# --- groups of columns ------------------------------------------------------------------------------------------------

WIDE = [["项目名称", "专项债券资金", None, "涉农资金", None], [None, "计划", "到位", "计划", "到位"]]


@pytest.mark.parametrize(
    ("cells", "sources"),
    [
        ([10, 8, 5, 4], ["special_bond", "agricultural_funds"]),
        ([10, 8, None, None], ["special_bond"]),
        (["—", "/", 5, 4], ["agricultural_funds"]),
        ([0, 0, 5, 4], ["agricultural_funds"]),
        ([0, 0, 5, 0], ["agricultural_funds"]),
        ([0, None, 5, 4], ["agricultural_funds"]),
        ([0, 0, 0, 0], ["special_bond", "agricultural_funds"]),
        ([0, 0, None, None], ["special_bond"]),
        ([None] * 4, []),
        ([10, 8, "不详", None], ["special_bond", "agricultural_funds"]),
    ],
)
def test_a_source_without_figures_is_no_row(cells, sources):
    assert column(records([FUNDS], *WIDE, ["甲工程", *cells]), "funding_source") == sources


def test_each_source_has_its_own_figures_and_addresses():
    bond, farm = records([FUNDS], *WIDE, ["甲工程", 10, 8, 5, 4])
    assert (bond.values["planned"], bond.cells["planned"], bond.cells["secured"]) == (10, "B4", "C4")
    assert (farm.values["planned"], farm.cells["planned"], farm.cells["project_name"]) == (5, "D4", "A4")


def test_stage_over_source_reads_like_source_over_stage():
    header = [["项目名称", "计划", None, "到位", None], [None, "专项债券", "涉农资金", "专项债券", "涉农资金"]]
    bond, farm = records([FUNDS], *header, ["甲工程", 10, 5, 8, 4])
    assert (bond.values["planned"], bond.values["secured"]) == (10, 8)
    assert (farm.values["planned"], farm.values["secured"]) == (5, 4)


def test_served_by_mode_stays_one_row():
    header = [["镇", "农村户数", "农村人口", "已供水人口", None], [None, None, None, "跨县", "镇级水厂"]]
    (record,) = records(["供水现状基数表"], *header, ["青龙镇", 100, 500, 30, "—"], merges="D2:E2")
    assert (record.values["cross_county.served"], record.values["town_plant.served"]) == (30, None)


WATER = "青龙镇水质检测表（截至2021年8月20日）"
SAMPLES = ["水厂", "采样点", "采样日期", "样品编号", "浑浊度(NTU)", "菌落总数", "判定"]


def test_a_sample_is_a_row_a_parameter():
    rows = records([WATER], SAMPLES, ["青龙水厂", "出厂水", "8月1日", "W1", "<0.5", 0, "合格"])
    assert column(rows, "parameter") == ["浑浊度", "菌落总数"]
    assert column(rows, "value") == [None, 0]
    assert column(rows, "is_below_detection") == [True, False]
    assert column(rows, "verdict") == ["合格", "合格"]
    assert column(rows, "unit") == ["NTU", None]


def test_a_parameter_that_was_not_tested_is_no_row():
    rows = records([WATER], SAMPLES, ["青龙水厂", "出厂水", "8月1日", "W1", "/", 0, "合格"])
    assert column(rows, "parameter") == ["菌落总数"]


def test_a_row_of_limits_is_no_sample():
    limits, sample = ["限值", None, None, None, 1, 100], ["青龙水厂", "出厂水", "8月1日", "W1", 0.5, 0, "合格"]
    assert {record.row for record in records([WATER], SAMPLES, limits, sample)} == {4}


# --- rates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("heading", "cells", "rates"),
    [
        ("形象进度", [0.91, 1, 0], ["0.91", "1", "0"]),
        ("形象进度", [91, 100, 0], ["0.91", "1", "0"]),
        ("形象进度", [91, 1], ["0.91", "0.01"]),
        ("形象进度", ["91%", "100%", "９１％"], ["0.91", "1", "0.91"]),
        ("形象进度", ["91%", 0.5], ["0.91", "0.5"]),
        ("形象进度（%）", [91, 100], ["0.91", "1"]),
        ("形象进度（%）", [0.91, 1], ["0.91", "1"]),
        ("形象进度（%）", [5, 0], ["0.05", "0"]),
    ],
)
def test_a_rate_is_a_fraction_however_its_column_prints_it(heading, cells, rates):
    assert in_column(heading, *cells, field="progress_rate") == [Decimal(rate) for rate in rates]


def test_a_number_formatted_as_percentage_is_already_a_fraction():
    rows = in_column("形象进度", 0.91, 91, percents={(2, 5)}, field="progress_rate")
    assert rows == [Decimal("0.91"), Decimal("0.91")]


# --- units ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("corner", "heading", "unit_row", "cell", "yuan"),
    [
        ("单位：万元", "计划", None, 1, 10_000),
        ("单位：万元", "计划", "千元", 1, 1_000),
        ("单位：万元", "计划（元）", "千元", 1, 1),
        ("单位：万元", "计划（元）", "千元", "1亿元", 100_000_000),
        ("单位：万元、人", "计划", None, 1, 10_000),
        ("单位：人", "计划", None, 1, 1),
        (None, "计划（万元）", None, "1.5", 15_000),
        (None, "计划", None, 1, 1),
    ],
)
def test_the_cells_unit_beats_the_headings_beats_the_unit_rows_beats_the_corners(corner, heading, unit_row, cell, yuan):
    units = [[None, None, unit_row]] if unit_row else []
    rows = records([FUNDS, None, corner], ["项目名称", "资金来源", heading], *units, ["甲工程", "专项债券", cell])
    assert column(rows, "planned") == [yuan]


def test_a_unit_below_the_headings_counts_in_the_same_way():
    header = [["村委会", "自然村", "受益情况", None, "进展情况"], [None, None, "户", "人", None]]
    (record,) = records([TITLE], *header, VILLAGE, merges="C2:D2 A2:A3 B2:B3 E2:E3")
    assert (record.values["households"], record.values["population"]) == (86, 412)


@pytest.mark.parametrize(
    ("heading", "cell", "km"), [("已铺设管网（米）", 1200, "1.2"), ("已铺设管网", "1200米", "1.2")]
)
def test_pipes_are_kilometres(heading, cell, km):
    title = "青龙镇工程项目台账（截至2021年8月20日）"
    rows = records([title], ["项目名称", "供水方式", heading], ["甲工程", "镇级水厂", cell])
    assert column(rows, "pipeline_laid_km") == [Decimal(km)]


@pytest.mark.parametrize("cell", ["5米", "5户", "5%"])
def test_a_unit_of_another_dimension_makes_a_cell_unread(cell):
    (record,) = records([FUNDS], ["项目名称", "资金来源", "计划"], ["甲工程", "专项债券", cell])
    assert record.unread == {"planned": cell}


def test_money_is_kept_to_the_cent():
    rows = records([FUNDS, "单位：万元"], ["项目名称", "资金来源", "计划"], ["甲工程", "专项债券", "1.2345678"])
    assert column(rows, "planned") == [Decimal("12345.68")]


def test_a_figure_beyond_all_measure_is_unread():
    (record,) = records([FUNDS], ["项目名称", "资金来源", "计划"], ["甲工程", "专项债券", "1" + "0" * 30])
    assert "planned" in record.unread


def test_a_day_without_year_is_in_the_year_of_the_report():
    title = "青龙镇镇级水厂扩网工程进度表（截至2020年8月20日）"
    assert in_column("开工时间", "8月1日", title=title, field="started_on") == [dt.date(2020, 8, 1)]


def test_a_csv_with_blank_cells_reads_like_a_sheet():
    rows = records(
        [TITLE], PROGRESS, VILLAGE, [None, "上围", "20", "100", "√"], around=names("青龙镇.csv", "2021-08-20")
    )
    assert column(rows, "households") == [86, 20]
