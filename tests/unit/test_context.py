import datetime as dt
import time

import pytest

from flows.ingest.context import Names, county_in, read_context, town_in
from flows.ingest.headings import unit_among
from schemas import forms
from tests.builders import PROGRESS, RECEIVED, TITLE, VILLAGE, column, grid, names, records, table

TOWNS = frozenset({"青龙镇", "白石镇", "黄竹镇", "石桥乡", "城关街道"})


def said(*titles, footers=(), sheet="Sheet1", file="报表.xlsx", folders=(), received=RECEIVED, towns=frozenset()):
    return read_context(titles, footers, Names(sheet, file, folders, received, towns))


# --- towns and counties -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "town"),
    [
        ("青龙镇农村集中供水攻坚进度表", "青龙镇"),
        ("填报单位：青龙镇人民政府", "青龙镇"),
        ("云塘县青龙镇农村供水进度表", "青龙镇"),
        ("附件2：青龙镇攻坚进度表", "青龙镇"),
        ("2021年青龙镇工程项目台账", "青龙镇"),
        ("青龍鎮進度表", "青龙镇"),
        ("石桥乡进度表", "石桥乡"),
        ("城关街道进度表", "城关街道"),
        ("20210820-青龙镇-供水攻坚.xlsx", "青龙镇"),
        ("青龙镇镇级水厂扩网工程进度表", "青龙镇"),
        ("各镇进度表", None),
        ("乡镇供水进度表", None),
        ("镇级水厂扩网工程", None),
        ("圩镇水厂扩网", None),
        ("云塘县农村供水基数表", None),
        ("青龙镇、白石镇进度表", None),
        ("", None),
    ],
)
@pytest.mark.parametrize("towns", [frozenset(), TOWNS], ids=["no list", "list"])
def test_a_text_names_a_town_only_where_it_names_one(text, town, towns):
    assert town_in(text, towns) == town


def test_the_master_list_knows_a_town_without_its_ending():
    assert town_in("黄竹供水攻坚表-6月30日.xlsx", TOWNS) == "黄竹镇"
    assert town_in("黄竹供水攻坚表-6月30日.xlsx") is None


def test_a_list_of_many_towns_is_not_gone_through_for_every_text():
    nation = TOWNS | {f"{chr(0x4E00 + number // 300)}{chr(0x5E00 + number % 300)}镇" for number in range(41_000)}
    started = time.process_time()
    found = {town_in(f"黄竹供水攻坚表{number}", nation) for number in range(1000)}
    assert found == {"黄竹镇"}
    assert time.process_time() - started < 5  # one by one it would take a minute


@pytest.mark.parametrize(
    ("text", "county"),
    [
        ("云塘县2021年度任务分解表", "云塘县"), ("附件1 云塘县挂点联系表", "云塘县"), ("全县合计", None),
        ("跨县扩网工程", None), ("青龙镇进度表", None), ("社区名单", None),
    ],
)  # fmt: skip
def test_a_title_names_its_county(text, county):
    assert county_in(text) == county


def test_the_town_comes_from_title_then_filler_then_sheet_file_folder():
    places = {
        "titles": ["甲子镇进度表", "填报单位：乙丑镇人民政府"],
        "sheet": "丙寅镇",
        "file": "丁卯镇进度表.xlsx",
        "folders": ("戊辰镇", "2021-08-20"),
    }
    order = []
    while True:
        titles = places["titles"]
        order.append(said(*titles, **{key: value for key, value in places.items() if key != "titles"}).town)
        if titles:
            places["titles"] = titles[1:]
        elif places["sheet"]:
            places["sheet"] = ""
        elif places["file"]:
            places["file"] = ""
        else:
            break
    assert order == ["甲子镇", "乙丑镇", "丙寅镇", "丁卯镇", "戊辰镇"]


def test_of_two_towns_the_nearest_wins_and_a_note_names_both():
    read = table(grid([TITLE], PROGRESS, VILLAGE), names("白石镇进度表.xlsx"))
    assert read.town == "青龙镇"
    (note,) = [note for note in read.notes if note.code == "N06"]
    assert "青龙镇" in note.zh
    assert "白石镇" in note.zh


def test_a_column_of_towns_beats_the_title():
    read = table(grid([TITLE], ["镇", *PROGRESS], ["白石镇", *VILLAGE]))
    assert column(read.records, "town") == ["白石镇"]


def test_a_column_that_contradicts_the_title_is_said():
    read = table(grid([TITLE], ["镇", *PROGRESS], ["白石镇", *VILLAGE]))
    assert any("白石镇" in note.zh and "青龙镇" in note.zh for note in read.notes)


def test_a_merged_town_holds_for_its_rows():
    rows = records(
        ["云塘县镇级水厂扩网工程进度表（截至2021年8月20日）"], ["镇", *PROGRESS],
        ["青龙镇", *VILLAGE], [None, "兴隆村委会", "上围", 20, 100, "√"], ["白石镇", "山口村委会", "大屋", 9, 40, "√"],
        merges="A3:A4",
    )  # fmt: skip
    assert column(rows, "town") == ["青龙镇", "青龙镇", "白石镇"]


# --- the report date --------------------------------------------------------------------------------------------------

AUGUST_20 = dt.date(2021, 8, 20)


@pytest.mark.parametrize(
    "title",
    [
        "进度表（截至2021年8月20日）", "截至2021年8月20日", "进度表（截止2021年8月20日）", "进度表（截至8月20日）",
        "截至8.20", "截至2021.8.20", "截至2021-08-20", "（截至21年8月20日）",
        "（2021年8月20日）",         "进度表（8月20日）", "进度表(8.20)", "2021年8月20日", "进度表（2021年8月20日止）",
        "进度表（截至２０２１年８月２０日）", "填报日期：2021年8月20日", "报送时间：8月20日",
    ],
)  # fmt: skip
def test_the_title_says_as_of_when(title):
    assert said("青龙镇进度表", title).report_date == AUGUST_20


@pytest.mark.parametrize(
    "name",
    [
        "进度表(8.20).xlsx", "进度表（8.20更新）(1).xlsx", "进度表20210820.xlsx", "20210820-青龙镇-供水攻坚.xlsx",
        "进度表8月20日.xlsx", "进度表-8月20日.xlsx", "进度表2021年8月20日.xlsx", "进度表（2021-08-20）.xlsx",
        "8.20进度表.xls",
    ],
)  # fmt: skip
def test_a_file_name_says_as_of_when(name):
    assert said(file=name, folders=("2021-08-18",)).report_date == AUGUST_20


@pytest.mark.parametrize("name", ["进度表8.20.xlsx", "进度表2021-08-20.xlsx", "进度表2021.8.20.xlsx"])
def test_a_date_may_end_a_file_name(name):
    assert said(file=name, folders=("2021-08-18",)).report_date == AUGUST_20


@pytest.mark.parametrize("places", [{"file": "附件1-2 进度表.xlsx"}, {"sheet": "1-1"}])
def test_the_number_of_an_annex_is_no_date(places):
    assert said(folders=("2021-08-20",), **places).report_date == AUGUST_20


def test_as_of_beats_the_day_of_filling_which_beats_names():
    everywhere = {"footers": ["填报日期：2021年8月19日"], "file": "进度表(8.18).xlsx", "folders": ("2021-08-17",)}
    assert said("截至2021年8月20日", **everywhere).report_date == AUGUST_20
    assert said("进度表", **everywhere).report_date == dt.date(2021, 8, 19)
    assert said("进度表", **everywhere | {"footers": []}).report_date == dt.date(2021, 8, 18)
    assert said("进度表", folders=("2021-08-17",)).report_date == dt.date(2021, 8, 17)
    assert said("进度表").report_date is None


def test_as_of_below_the_table_beats_the_day_of_filling():
    assert said("进度表", footers=["填报日期：8月21日", "数据截至8月20日"]).report_date == AUGUST_20


def test_a_bare_date_in_brackets_yields_to_as_of():
    assert said("进度表（8月25日）", "截至8月20日").report_date == AUGUST_20


def test_a_missing_year_is_that_of_the_day_received():
    assert said("截至8月20日", received=dt.date(2019, 8, 25)).report_date == dt.date(2019, 8, 20)
    assert said(file="进度表(8.20).xlsx", received=dt.date(2022, 9, 1)).report_date == dt.date(2022, 8, 20)


def test_december_reported_in_january_is_last_years():
    assert said("截至12月31日", received=dt.date(2022, 1, 5)).report_date == dt.date(2021, 12, 31)
    assert said("截至2022年1月31日", received=dt.date(2022, 1, 5)).report_date == dt.date(2022, 1, 31)


def test_leap_day_reported_in_january_does_not_break():
    said("截至2月29日", received=dt.date(2024, 1, 10))


@pytest.mark.parametrize("title", ["截至13月40日", "截至2月30日", "（99.99）", "截至目前"])
def test_an_impossible_date_is_none(title):
    assert said(title).report_date is None


def test_without_any_date_the_day_received_is_taken_and_said():
    read = table(grid(["青龙镇镇级水厂扩网工程进度表"], PROGRESS, VILLAGE))
    assert read.report_date == RECEIVED
    assert "N09" in [note.code for note in read.notes]


def test_without_any_date_cells_take_the_year_received():
    (record,) = records(["青龙镇镇级水厂扩网进度表"], [*PROGRESS, "开工时间"], [*VILLAGE, "8月1日"])
    assert record.values["started_on"] == dt.date(2021, 8, 1)


# --- units and modes --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text", ["单位：万元", "（单位：万元）", "金额单位：万元", "单位:万元、公里", "计量单位：万元"]
)
def test_a_corner_names_units(text):
    units = said(text).units
    assert unit_among(units, forms()["funding"].fields["planned"]) == "万元"


@pytest.mark.parametrize(
    "text", ["填报单位：青龙镇", "报送单位：万元镇", "编制单位：万元", "责任单位：万元", "组织单位：万元"]
)
def test_a_unit_that_is_an_office_is_no_corner(text):
    assert said(text).units == ""


MODES = [
    ("青龙镇镇级水厂扩网进度表（截至2021年8月20日）", "Sheet1", "报表.xlsx", "town_plant"),
    ("青龙镇进度表（截至2021年8月20日）", "县级水厂扩网", "报表.xlsx", "county_plant"),
    ("青龙镇进度表（截至2021年8月20日）", "Sheet1", "青龙镇小型集中供水.xlsx", "small_scheme"),
    ("青龙镇镇级水厂扩网进度表（截至2021年8月20日）", "县级水厂扩网", "跨县.xlsx", "county_plant"),
    ("青龙镇农村集中供水进度表（截至2021年8月20日）", "Sheet1", "报表.xlsx", None),
]


@pytest.mark.parametrize(("title", "sheet", "file", "mode"), MODES)
def test_the_mode_comes_from_sheet_name_title_or_file(title, sheet, file, mode):
    (record,) = records([title], PROGRESS, VILLAGE, name=sheet, around=names(file))
    assert record.values.get("supply_mode") == mode
    assert "supply_mode" not in record.cells


@pytest.mark.parametrize(
    ("heading", "basis"), [("农村户籍人口", "registered"), ("农村常住人口", "resident"), ("农村人口", None)]
)
def test_which_population_is_counted_is_read_from_its_heading(heading, basis):
    (record,) = records(["供水现状基数表"], ["镇", "农村户数", heading, "已供水人口-跨县"], ["青龙镇", 100, 500, 9])
    assert record.values.get("population_basis") == basis
