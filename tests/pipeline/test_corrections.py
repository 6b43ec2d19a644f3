import datetime as dt
from dataclasses import replace
from io import BytesIO

import openpyxl
import pytest

from flows.ingest import night
from flows.ingest.context import Names
from flows.ingest.corrections import Correction, Corrections, apply, read_corrections
from flows.ingest.guard import Limits
from flows.ingest.reading import read_file
from tests.builders import grid
from tests.unit.test_night import DIVISION, LIST, PROGRESS, TOWN, Inbox, read_here

pytestmark = pytest.mark.pipeline

HEAD = "文件,工作表,单元格,原值,更正为,原因,提出日期,提出岗位,状态\n"
LINE = "2021-08-20/青龙镇.csv,,D4,100,101,户籍站来函,2021-08-21,水务局建管股,生效\n"
CORRECTION = Correction("青龙镇.xlsx", "进度", "D3", "412", "421", "两位数字写反", dt.date(2021, 8, 21), "水务局建管股")
ROWS = [
    ["青龙镇镇级水厂扩网工程进度表（截至2021年8月20日）"],
    ["村委会", "自然村", "户数", "人口", "进展情况", "完成时间"],
    ["兴隆村委会", "大屋村", 86, 412, "在建", dt.date(2021, 8, 4)],
    ["兴隆村委会", "上围", 20, 100, "未开工"],
]


def workbook(*sheets):
    book = openpyxl.Workbook()
    book.remove(book.active)
    for name in sheets or ("进度",):
        sheet = book.create_sheet(name)
        for row in ROWS if name == "进度" else [["填表说明"]]:
            sheet.append(row)
        if name == "进度":
            sheet.merge_cells("A3:A4")
    buffer = BytesIO()
    book.save(buffer)
    return buffer.getvalue()


def read(*corrections, content=None):
    names = Names("", "青龙镇.xlsx", (), dt.date(2021, 8, 21))
    return read_file(content or workbook(), names, Limits(), corrections)


def notes(found):
    return [(note.code, note.severity, note.cell) for table in found.tables for note in table.notes]


# --- one file ---------------------------------------------------------------------------------------------------------


def test_a_correction_is_read_instead_of_the_cell_and_the_record_keeps_what_is_printed():
    found = read(CORRECTION)
    (table,) = found.tables
    assert [record.values["population"] for record in table.records] == [421, 100]
    assert table.records[0].printed["population"] == "412"
    assert notes(found) == [("N20", "info", "D3")]
    assert "两位数字写反" in table.notes[0].zh
    assert "水务局建管股，2021-08-21" in table.notes[0].zh


def test_a_correction_whose_cell_prints_something_else_is_an_error_and_not_applied():
    found = read(replace(CORRECTION, expect="411"))
    (table,) = found.tables
    assert table.records[0].values["population"] == 412
    assert "population" not in table.records[0].printed
    assert notes(found) == [("N21", "error", "D3")]
    assert "应为“411”，现为“412”" in table.notes[0].zh


@pytest.mark.parametrize(
    "correction",
    [replace(CORRECTION, sheet="没有"), replace(CORRECTION, cell="ZZ99"), replace(CORRECTION, sheet="")],
    ids=["no such sheet", "no such cell", "which sheet"],
)
def test_a_correction_of_a_place_that_is_gone_is_an_error_and_the_file_still_loads(correction):
    found = read(correction, content=workbook("进度", "说明"))
    assert found.status == "read"
    assert [code for code, severity, _ in notes(found) if severity == "error"] == ["N21"]
    assert [record.values["population"] for record in found.tables[0].records] == [412, 100]


def test_a_blank_sheet_means_the_only_one():
    assert notes(read(replace(CORRECTION, sheet=""))) == [("N20", "info", "D3")]


def test_two_corrections_of_one_cell_are_an_error():
    found = read(CORRECTION, replace(CORRECTION, value="422", expect="421"))
    assert sorted(code for code, *_ in notes(found)) == ["N20", "N21"]
    assert found.tables[0].records[0].values["population"] == 421


def test_a_merged_cell_is_corrected_by_any_of_its_addresses():
    found = read(replace(CORRECTION, cell="A4", expect="兴隆村委会", value="石桥村委会"))
    assert [record.values["village_committee"] for record in found.tables[0].records] == ["石桥村委会"] * 2
    assert [record.printed["village_committee"] for record in found.tables[0].records] == ["兴隆村委会"] * 2


@pytest.mark.parametrize("expect", ["2021-08-04", "2021年8月4日", "2021/8/4"])
def test_a_day_is_expected_in_any_way_of_writing_it(expect):
    found = read(replace(CORRECTION, cell="F3", expect=expect, value="2021年8月14日"))
    assert found.tables[0].records[0].values["finished_on"] == dt.date(2021, 8, 14)


@pytest.mark.parametrize(
    ("stands", "expect", "is_expected"),
    [
        (1280, "1,280", True),
        (0.91, "91%", True),
        (412.0, "412", True),
        ("约300", "约300", True),
        ("约300", "300", False),
        (None, "", True),
        (None, "1", False),
        (True, "1", False),
    ],
)
def test_what_a_cell_prints_is_compared_as_a_clerk_sees_it(stands, expect, is_expected):
    sheet = grid([stands, "x"])
    correction = replace(CORRECTION, sheet="Sheet1", cell="A1", expect=expect, value="7")
    ((_, note),) = apply([sheet], [correction]).notes
    assert note.code == ("N20" if is_expected else "N21")


def test_a_correction_blanks_a_cell_with_a_none_mark():
    found = read(replace(CORRECTION, cell="F3", expect="2021-08-04", value="无"))
    assert found.tables[0].records[0].values["finished_on"] is None
    assert found.tables[0].records[0].printed["finished_on"] == "2021-08-04"


# --- the table of corrections -----------------------------------------------------------------------------------------


@pytest.fixture
def table(tmp_path):
    def write(content):
        location = tmp_path / "corrections.csv"
        location.write_bytes(content if isinstance(content, bytes) else content.encode())
        return read_corrections(location, Limits())

    return write


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_table_is_read_in_any_encoding_that_a_clerk_saves(table, encoding):
    found = table((HEAD + LINE).encode(encoding))
    expected = Correction(
        "2021-08-20/青龙镇.csv", "", "D4", "100", "101", "户籍站来函", dt.date(2021, 8, 21), "水务局建管股"
    )
    assert found == Corrections((expected,))


def test_the_table_may_be_a_workbook_with_a_title_over_it(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["更正表"])
    for line in (HEAD + LINE).splitlines():
        book.active.append(line.split(","))
    book.active["D3"] = 100
    book.active["G3"] = dt.date(2021, 8, 21)
    book.save(tmp_path / "更正表.xlsx")
    (line,) = read_corrections(tmp_path / "更正表.xlsx", Limits()).lines
    assert (line.expect, line.reported_on) == ("100", dt.date(2021, 8, 21))


def test_no_table_and_closed_lines_are_no_corrections(table, tmp_path):
    assert read_corrections(tmp_path / "none.csv", Limits()) == Corrections()
    assert table(HEAD + LINE.replace("生效", "关闭") + ",,,,,,,,\n") == Corrections()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("户籍站来函", "", "“原因”为空"),
        ("水务局建管股", "", "“提出岗位”为空"),
        ("101", "", "“更正为”为空"),
        ("D4", "第4行", "不是地址"),
        ("D4", "D4:D5", "不是地址"),
        ("2021-08-21", "昨天", "不是日期"),
        ("生效", "也许", "应为“生效”或“关闭”"),
    ],
)
def test_a_line_that_lacks_something_is_a_problem_and_others_count(table, old, new, said):
    found = table(HEAD + LINE.replace(old, new) + LINE)
    assert len(found.lines) == 1
    (problem,) = found.problems
    assert "第2行" in problem.zh
    assert said in problem.zh


@pytest.mark.parametrize("content", [b"", b"\x00\x01", "一,二\n1,2\n".encode(), HEAD.replace("原因", "缘由").encode()])
def test_a_table_that_cannot_be_read_is_a_problem(table, content):
    found = table(content)
    assert (found.lines, found.is_readable, len(found.problems)) == ((), False, 1)


@pytest.mark.parametrize(
    ("file", "is_meant"),
    [
        ("raw/2021-08-20/青龙镇[1].csv", True),
        ("2021-08-20/青龙镇[1].csv", True),
        ("2021-08-20\\青龙镇[1].csv", True),
        ("青龙镇[1].csv", True),
        ("青龙镇*.csv", True),
        ("2021-08-*/青龙镇*", True),
        ("青龙镇.csv", False),
        ("2021-08-21/青龙镇[1].csv", False),
    ],
)
def test_a_file_is_named_by_path_name_or_pattern(file, is_meant):
    assert replace(CORRECTION, file=file).is_for("raw/2021-08-20/青龙镇[1].csv") is is_meant


# --- nights -----------------------------------------------------------------------------------------------------------


class CorrectedInbox(Inbox):
    def correct(self, *lines):
        (self.raw.parent / "corrections.csv").write_text(HEAD + "".join(lines), encoding="utf-8")

    def night(self, **options):
        self.done = super().night(corrections=self.raw.parent / "corrections.csv", **options)
        return self.done

    def population(self):
        return self.select("select population from landing.village_progress where natural_village = '上围'")

    def failed(self):
        return [said.zh for said in self.done.failed_corrections]


@pytest.fixture
def workers():
    """Read in worker processes, as at night."""


@pytest.fixture
def inbox(tmp_path, request, monkeypatch):
    if "workers" not in request.fixturenames:
        monkeypatch.setattr(night, "run_isolated", read_here)
    inbox = CorrectedInbox(tmp_path)
    inbox.put(LIST, DIVISION)
    inbox.put(TOWN)
    return inbox


def test_a_corrected_cell_is_landed_with_its_note_and_what_it_prints(inbox):
    inbox.correct(LINE)
    inbox.night()
    assert inbox.population() == [(101,)]
    printed = "select printed from landing.village_progress where natural_village = '上围'"
    assert '"population": "100"' in inbox.select(printed)[0][0]
    assert inbox.select("select severity, cell, printed_value from landing.issue where rule = 'N20'") == [
        ("info", "D4", "100")
    ]
    assert inbox.failed() == []


def test_changing_the_table_reads_the_files_it_names_again_and_no_others(inbox):
    inbox.night()
    assert inbox.population() == [(100,)]
    inbox.correct(LINE)
    assert [outcome.path for outcome in inbox.night().outcomes] == ["raw 收件/" + TOWN]
    assert inbox.population() == [(101,)]
    assert inbox.night().outcomes == []
    inbox.correct(LINE.replace("101", "102"))
    inbox.night()
    assert inbox.population() == [(102,)]
    inbox.correct(LINE.replace("生效", "关闭"))
    inbox.night()
    assert inbox.population() == [(100,)]
    assert inbox.select("select count(*) from landing.issue where rule like 'N2%'") == [(0,)]


def test_corrections_at_once_or_later_end_in_the_same_landing(tmp_path, inbox):
    other = CorrectedInbox(tmp_path / "other")
    other.put(LIST, DIVISION)
    other.put(TOWN)
    other.correct(LINE)
    other.night()
    inbox.night()
    inbox.correct(LINE)
    inbox.night()
    assert inbox.contents() == other.contents()


def test_a_correction_that_no_longer_matches_is_said_every_night_until_it_is_closed(inbox):
    inbox.correct(LINE)
    inbox.night()
    inbox.put(TOWN, PROGRESS.format(population=101))
    inbox.night()
    assert ["应为“100”，现为“101”" in said for said in inbox.failed()] == [True]
    assert inbox.night().outcomes == []
    assert len(inbox.failed()) == 1
    assert (101,) in inbox.population()
    inbox.correct(LINE.replace("生效", "关闭"))
    inbox.night()
    assert inbox.failed() == []


@pytest.mark.parametrize(
    ("file", "said"),
    [
        ("2021-08-22/没有.csv", "没有这个文件"),
        ("2021-08-21/青龙镇 - 副本.csv", "副本"),
        ("2021-08-20/坏.xlsx", "无法读取"),
    ],
)
def test_a_correction_of_a_file_that_is_not_read_fails(inbox, file, said):
    inbox.put("2021-08-21/青龙镇 - 副本.csv")
    inbox.put("2021-08-20/坏.xlsx", b"")
    inbox.correct(LINE.replace("2021-08-20/青龙镇.csv", file))
    inbox.night()
    assert [said in sentence for sentence in inbox.failed()] == [True]
    assert inbox.population() == [(100,)]


def test_a_correction_of_a_file_that_has_left_the_inbox_fails_unless_it_was_applied_before(inbox):
    inbox.correct(LINE)
    inbox.night()
    (inbox.raw / TOWN).unlink()
    inbox.night()
    assert inbox.failed() == []
    inbox.correct(LINE.replace("101", "102"))
    inbox.night()
    assert ["不在收件箱" in said for said in inbox.failed()] == [True]


def test_a_table_that_cannot_be_read_leaves_what_was_corrected_as_it_is(inbox):
    inbox.correct(LINE)
    inbox.night()
    (inbox.raw.parent / "corrections.csv").write_bytes(b"\0")
    assert inbox.night().outcomes == []
    assert len(inbox.failed()) == 1
    assert inbox.population() == [(101,)]


def test_corrections_reach_the_worker_processes(inbox, workers):
    inbox.correct(LINE)
    inbox.night()
    assert inbox.population() == [(101,)]


def test_a_failed_correction_is_in_the_summary_and_needs_a_person(inbox):
    from flows import terminal
    from flows.night_result import NightResult
    from flows.settings import Settings

    inbox.correct(LINE.replace("100,101", "99,101"))
    result = NightResult(inbox.night(), None, None, 0, {}, 0, 0, True)
    assert result.needs_a_person
    settings = Settings(raw=inbox.raw, data=inbox.warehouse.parent)
    assert settings.corrections_file == inbox.raw.parent / "corrections.csv"
    assert any("应为“99”，现为“100”" in line for line in terminal._chinese(result, settings))
    assert any("should print “99” and prints “100”" in line for line in terminal._english(result, settings))
    inbox.correct(LINE)
    assert not NightResult(inbox.night(), None, None, 0, {}, 0, 0, True).needs_a_person
