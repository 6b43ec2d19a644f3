"""Nothing on a sheet with a table is lost without a word."""

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from flows.ingest.context import Names
from flows.ingest.grid import Grid, Value, read_workbook
from flows.ingest.guard import Limits
from flows.ingest.reading import read_file
from flows.ingest.records import Note
from tests.accounting import lost_cells, lost_in
from tests.builders import PROGRESS, TITLE, VILLAGE, grid, names, table, tables
from tests.unit.workbooks import worksheet, xlsx

ROOT = Path(__file__).parents[2]
OTHER: list[Value] = ["石桥村委会", "下围", 20, 100, "在建"]
TOLD_OF = ("N01", "N02", "N05", "N07", "N10")


def files() -> Iterator[tuple[bytes, Names]]:
    """Every file of the sample county and of the single workbooks, with the names around it."""
    for root in (ROOT / "raw", ROOT / "tests" / "data" / "messy"):
        for path in sorted(root.rglob("*")):
            if path.is_file() and path.suffix not in (".json", ".md"):
                folders = tuple(reversed(path.parent.relative_to(root).parts))
                yield path.read_bytes(), Names("", path.name, folders, dt.date(2021, 8, 25))


def told(sheet: Grid) -> list[Note]:
    """The notes on what was left over, after making sure that without them something would be lost."""
    read = tables(sheet)
    assert lost_in(sheet, read) == []
    notes = [note for each in read for note in each.notes if note.code in TOLD_OF]
    for each in read:
        each.notes = []
    assert bool(lost_in(sheet, read)) == bool(notes)
    return notes


def found(*rows: Sequence[Value], merges: str = "") -> list[tuple[str, str | None]]:
    return [(note.code, note.cell) for note in told(grid([TITLE], PROGRESS, *rows, merges=merges))]


def test_in_the_sample_county_and_the_single_workbooks_no_cell_is_lost():
    assert [lost for data, around in files() for lost in lost_cells(data, around)] == []


def test_in_the_sample_county_and_the_single_workbooks_no_note_is_false():
    read = [read_file(data, around, Limits()) for data, around in files()]
    notes = [note for file in read for each in file.tables for note in each.notes]
    assert [note for note in notes if note.code in TOLD_OF] == []
    assert {note.printed for note in notes if note.code == "N04"} == {"辅助列", "旧户数"}


@pytest.mark.parametrize("gap", [0, 2])
def test_text_beside_a_row_is_told(gap):
    (note,) = told(grid([TITLE], PROGRESS, [*VILLAGE, *[None] * gap, "请尽快"], OTHER))
    cell = "FGH"[gap] + "3"
    assert (note.code, note.row, note.cell, note.printed) == ("N02", 3, cell, None)
    assert cell in note.zh
    assert cell in note.en


def test_neighbouring_columns_beside_a_table_are_told_once():
    (note,) = told(grid([TITLE], PROGRESS, [*VILLAGE, None, "甲", 1], [*OTHER, None, "乙", 2]))
    assert (note.code, note.cell) == ("N02", "G3")
    assert "G3:H4" in note.zh
    assert "4个单元格" in note.zh


def test_figures_under_a_blank_heading_are_told():
    rows = [TITLE], ["村委会", "自然村", "户数", "人口", None, "进展情况"], ["兴隆村委会", "大屋村", 86, 412, 7, "在建"]
    assert [(note.code, note.cell) for note in told(grid(*rows))] == [("N02", "E3")]


def test_a_total_beside_its_columns_is_told():
    assert found(VILLAGE, ["合计", None, 86, 412, None, "核对"]) == [("N02", "F4")]


@pytest.mark.parametrize(
    "row",
    [
        ["其中扩网", None, 50, 60, None],
        ["备用", "其中扩网", None, None, None],
        ["注：另有", None, 50, 60, None],
        [None, None, None, None, "继续"],
    ],
    ids=str,
)
def test_a_row_between_the_data_that_is_no_data_is_told(row):
    ((code, cell),) = found(VILLAGE, row, OTHER)
    assert (code, cell) in {("N01", "A4"), ("N01", "E4")}


@pytest.mark.parametrize(
    "row",
    [
        ["注：另有一处在建"],
        ["填报人：某某"],
        ["合计", None, 86, 412],
        ["一、镇级水厂扩网工程"],
        ["—", "—", "—", "—", "—"],
    ],
    ids=str,
)
def test_what_explains_sums_heads_or_says_none_is_not_told(row):
    assert [note.code for note in table(grid([TITLE], PROGRESS, VILLAGE, row, OTHER)).notes] == []


def test_rows_without_data_are_told_together():
    (note,) = told(grid([TITLE], PROGRESS, VILLAGE, ["备用", "其中扩网"], ["注：另有", None, 5], OTHER))
    assert (note.code, note.row) == ("N01", 4)
    assert note.zh.startswith("第4至5行")
    assert note.en.startswith("row 4 to 5 ")


def test_a_project_without_any_sum_is_told():
    titles = ["青龙镇资金落实表（截至2021年8月20日）"], ["项目名称", "资金来源", "计划资金", "到位资金", "支付资金"]
    (note,) = told(grid(*titles, ["甲工程", "专项债券", 5, 3, 1], ["乙工程", "其他", None, None, None]))
    assert (note.code, note.cell) == ("N01", "A4")
    assert "没有填写数据" in note.zh


def test_rows_beneath_a_footer_are_read():
    read = table(grid([TITLE], PROGRESS, VILLAGE, ["填报人：某某"], OTHER))
    assert [record.row for record in read.records] == [3, 5]


def test_another_table_beneath_is_told():
    rows = VILLAGE, [], ["水厂", "电话", "地址"], ["甲水厂", 5, "x"], ["乙水厂", 6, "y"]
    assert found(*rows) == [("N02", "A5")]


def test_another_table_above_is_told():
    rows = ["人员", "数量", "金额"], ["甲", 5, 7], [], [TITLE], PROGRESS, VILLAGE
    assert [(note.code, note.cell) for note in told(grid(*rows))] == [("N02", "A2")]


def test_a_hidden_column_of_a_known_field_is_read_and_a_hidden_sheet_is_told():
    (record,) = table(grid([TITLE], PROGRESS, VILLAGE, hidden_columns={2})).records
    assert record.values["households"] == 86
    (hidden,) = tables(grid([TITLE], PROGRESS, VILLAGE, is_hidden=True))
    assert "隐藏" in str(hidden.reason)


def test_a_value_hidden_beneath_a_merge_is_told():
    def row(number: int, *values: str | int) -> str:
        cells = "".join(f'<c t="str"><v>{value}</v></c>' for value in values)
        return f'<row r="{number}">{cells}</row>'

    rows = (
        row(1, TITLE),
        row(2, *PROGRESS),
        row(3, *VILLAGE),
        row(4, "石桥村委会", *OTHER[1:]),
        row(5, *VILLAGE[:1], *OTHER[1:]),
    )
    data = xlsx(worksheet("".join(rows), after='<mergeCells><mergeCell ref="A3:A5"/></mergeCells>'))
    assert read_workbook(data, "x.xlsx")[0].covered == [(3, 0)]
    (read,) = read_file(data, names(), Limits()).tables
    (note,) = [note for note in read.notes if note.code == "N10"]
    assert (note.row, note.cell) == (4, "A4")
    assert len(read.records) == 3


def test_two_tables_beside_each_other_account_for_each_other():
    rows = [TITLE, *[None] * 5, TITLE], [*PROGRESS, None, *PROGRESS], [*VILLAGE, None, *OTHER], [*OTHER, None, *VILLAGE]
    assert told(grid(*rows)) == []


def test_the_title_of_a_table_may_stand_beside_the_rows_of_another():
    rows = (
        [TITLE],
        [*PROGRESS, None, TITLE],
        [*VILLAGE, None, *PROGRESS],
        [*OTHER, None, *VILLAGE],
        [*VILLAGE, None, *OTHER],
    )
    read = tables(grid(*rows))
    assert [len(each.records) for each in read] == [3, 2]
    assert [note for each in read for note in each.notes] == []


def test_down_the_side_what_is_beside_is_told_by_its_own_address():
    lines = [list(line) for line in zip(PROGRESS, VILLAGE, OTHER, strict=True)]
    assert told(grid([TITLE], *lines)) == []
    (note,) = told(grid([TITLE], *lines, [], [None, "另", None]))
    assert (note.code, note.cell) == ("N02", "B8")
