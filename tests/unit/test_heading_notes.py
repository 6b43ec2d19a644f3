from collections.abc import Sequence

import pytest

from flows.ingest.grid import Value
from flows.ingest.records import Note
from tests.builders import PROGRESS, TITLE, VILLAGE, column, grid, table

SERVICE = ["村", "核查日期", "水量(L/人·d)", "水质", "水压"]


def notes(*rows: Sequence[Value], merges: str = "") -> list[Note]:
    return table(grid(*rows, merges=merges)).notes


def test_an_unknown_heading_is_named_with_the_nearest_known_ones():
    (note,) = notes([TITLE], [*PROGRESS, "旧户数"], [*VILLAGE, 3])
    assert (note.code, note.cell, note.printed, note.severity) == ("N04", "F2", "旧户数", "info")
    assert "“旧户数”" in note.zh
    assert "最接近的已知栏目：户数" in note.zh
    assert "the nearest known ones: 户数" in note.en


def test_a_heading_like_none_gets_no_suggestion():
    (note,) = notes([TITLE], [*PROGRESS, "Helper"], [*VILLAGE, 3])
    assert note.zh.endswith("该列未读取。")


def test_a_heading_under_a_group_is_shown_where_it_is_printed():
    rows = [TITLE], ["村委会", "自然村", "户数", "人口", "进展情况", "其他情况"], [*[None] * 5, "旧户数"], VILLAGE
    (note,) = notes(*rows, merges="A2:A3 B2:B3 C2:C3 D2:D3 E2:E3")
    assert (note.code, note.row, note.cell) == ("N04", 3, "F3")


def test_a_missing_heading_is_named_with_its_names_and_what_is_there():
    (note,) = notes([TITLE], ["村委会", "自然村", "户数", "总人口数额", "进展情况"], VILLAGE)[1:]
    assert note.code == "N05"
    assert "“人口”" in note.zh
    assert "现有栏目：村委会、自然村、户数、总人口数额、进展情况。" in note.zh
    assert "“总人口数额”最接近" in note.zh
    assert "“总人口数额” is the nearest" in note.en


@pytest.mark.parametrize(
    ("second", "taken", "left"),
    [("总户数", "C2", "F2"), ("户数", "C2", "F2"), ("户数（户）", "C2", "F2")],
)
def test_of_two_columns_of_one_field_one_is_read_and_both_are_named(second, taken, left):
    read = table(grid([TITLE], [*PROGRESS, second], [*VILLAGE, 99]))
    (note,) = read.notes
    assert (note.code, note.cell, note.printed, note.severity) == ("N07", left, second, "warn")
    for sentence in (note.zh, note.en):
        assert f"“{second}”" in sentence
        assert f"“户数”（{taken}）" in sentence or f"“户数” ({taken})" in sentence
    assert column(read.records, "households") == [86]


def test_a_heading_that_fits_two_fields_says_which_it_was_read_as():
    read = table(
        grid(["青龙镇供水达标核查表（截至2021年8月20日）"], SERVICE, ["大屋村", "2021-08-01", 90, "达标", "达标"])
    )
    found = [note for note in read.notes if note.code == "N07"]
    assert [(note.cell, note.printed, note.severity) for note in found] == [("A2", "村", "warn")]
    assert "可指“村委会”，也可指“自然村”，已按“村委会”读取" in found[0].zh
    assert "may mean “村委会” or “自然村”" in found[0].en


def test_a_heading_whose_other_field_is_shown_is_in_no_doubt():
    rows = [TITLE], ["村委会", "村", "户数", "人口", "进展情况"], VILLAGE
    assert notes(*rows) == []


def test_a_printed_rate_may_stand_twice():
    rows = [TITLE], [*PROGRESS, "已通水户数", "通水率", "通水率"], [*VILLAGE, 43, 0.5, 0.5]
    assert [note.code for note in notes(*rows)] == []


def test_down_the_side_a_heading_is_shown_in_its_own_row():
    lines = zip([*PROGRESS, "旧户数"], [*VILLAGE, 3], ["兴隆村委会", "上围", 20, 100, "在建", 4], strict=True)
    (note,) = [note for note in notes([TITLE], *lines) if note.code == "N04"]
    assert (note.row, note.cell) == (7, "A7")
