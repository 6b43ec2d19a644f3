"""The annotated copy: what stands where in it, and how it is read when it comes back."""

import datetime as dt
import hashlib
import io
import json
import shutil
import zipfile
from pathlib import Path

import duckdb
import pytest
from openpyxl import Workbook, load_workbook

from flows.ingest.context import Names
from flows.ingest.grid import read_workbook
from flows.ingest.guard import Limits, Refused
from flows.ingest.night import Options, ingest
from flows.ingest.own_copy import own_copy
from flows.ingest.reading import FileRead, read_file
from flows.report import copies, returned, returning
from flows.report.copies import free_name, jobs_for, write_copies
from flows.report.findings import Finding, without_place
from flows.report.returned import COLOURS, LIST_SHEETS, annotate
from flows.report.returning import MANIFEST, Returned, bring_up_to_date
from tests.conftest import County

pytestmark = pytest.mark.pipeline

MESSY = Path(__file__).parents[2] / "tests" / "data" / "messy"
LIST = LIST_SHEETS[0]
RED, YELLOW = COLOURS["error"], COLOURS["warn"]


def finding(cell: str | None, severity: str = "error", sheet: str = "Sheet1", **told: object) -> Finding:
    words = {
        "rule": "R02",
        "row": 7,
        "field": "population",
        "printed": "-183",
        "message": "“人口”不能为负。请核实更正。",
    }
    return Finding(**{**words, "severity": severity, "sheet": sheet, "cell": cell, **told})  # type: ignore[arg-type]


def read(path: Path) -> FileRead:
    return read_file(path.read_bytes(), Names("", path.name, (), dt.date(2021, 8, 25)), Limits())


def told(found: FileRead) -> list:
    """Every row with its values and addresses."""
    return [
        (table.sheet, table.form, record.row, record.values, record.cells)
        for table in found.tables
        for record in table.records
    ]


def copy_of(source: Path, target: Path, *findings: Finding) -> Path:
    annotate(source.read_bytes(), source.name, findings, target)
    return target


@pytest.mark.parametrize("name", ["vp_row_rules.xlsx", "vp_xls.xls", "vp_ods.ods", "vp_html.xls", "vp_csv_gb.csv"])
def test_comments_and_colours_stand_on_the_cells_with_issues(name: str, tmp_path: Path) -> None:
    source = MESSY / name
    before = source.read_bytes()
    (sheet, *_) = [grid.name for grid in read_workbook(before, name)]
    findings = [
        finding("F5", sheet=sheet),
        finding("F5", "warn", sheet, message="户均人数偏少。"),
        finding("E6", "info", sheet),
    ]
    book = load_workbook(copy_of(source, tmp_path / "a" / "copy.xlsx", *findings))
    assert source.read_bytes() == before
    assert book.sheetnames[0] == LIST
    marked = {cell.coordinate: cell for row in book[sheet].iter_rows() for cell in row if cell.comment}
    assert set(marked) == {"F5", "E6"}
    assert "不能为负" in marked["F5"].comment.text
    assert "户均人数偏少" in marked["F5"].comment.text
    assert marked["F5"].fill.start_color.rgb == RED
    assert marked["E6"].fill.start_color.rgb == COLOURS["info"]


VALUES = "vp_xls.xls vp_ods.ods vp_html.xls vp_csv_gb.csv wq_ods.ods".split()
LOOKS = "as_xlsx.xlsx vp_percent_pctfmt.xlsx vp_offset_c5.xlsx at_long_merged.xlsx".split()


@pytest.mark.parametrize("name", [*VALUES, *LOOKS])
def test_a_copy_holds_the_same_rows_at_the_same_addresses(name: str, tmp_path: Path) -> None:
    source = MESSY / name
    sheet = read(source).tables[0].sheet
    copy = copy_of(source, tmp_path / "copy.xlsx", finding("B5", sheet=sheet))
    assert told(read(copy)) == told(read(source))


def test_the_list_names_and_links_every_finding_gravest_first(tmp_path: Path) -> None:
    findings = [finding("E6", "warn"), finding(None, "error"), finding("F5", message='=HYPERLINK("x")')]
    sheet = load_workbook(copy_of(MESSY / "vp_row_rules.xlsx", tmp_path / "copy.xlsx", *findings))[LIST]
    lines = [[cell.value for cell in row] for row in sheet.iter_rows(min_row=7)]
    assert [line[:4] for line in lines] == [
        ["错误", "Sheet1", "第7行", "-183"],
        ["错误", "Sheet1", "F5", "-183"],
        ["提醒", "Sheet1", "E6", "-183"],
    ]
    assert lines[0][4:] == ["“人口”不能为负。", "请核实更正。"]
    assert [sheet.cell(row, 3).hyperlink.location for row in (7, 8, 9)] == ["'Sheet1'!A7", "'Sheet1'!F5", "'Sheet1'!E6"]
    text = sheet.cell(8, 5)
    assert (text.data_type, text.quotePrefix) == ("s", True)
    assert sheet.cell(9, 4).quotePrefix


def test_a_finding_without_a_printed_value_shows_its_cells(tmp_path: Path) -> None:
    source = tmp_path / "a.xlsx"
    book = Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Sheet1"
    sheet["A1"], sheet["B1"], sheet["C1"] = "已完成", 0.915, dt.date(2021, 8, 20)
    sheet["B1"].number_format = "0.0%"
    book.save(source)
    findings = [finding(cell, printed=None) for cell in ("A1", "B1", "C1", None)]
    lines = load_workbook(copy_of(source, tmp_path / "copy.xlsx", *findings))[LIST].iter_rows(min_row=7)
    assert [line[3].value for line in lines] == ["已完成", "91.5%", "2021-08-20", None]


def test_a_copy_of_values_has_columns_as_wide_as_its_table_and_lines_as_they_are_broken(tmp_path: Path) -> None:
    source = tmp_path / "a.csv"
    rows = [
        "青龙镇农村集中供水全覆盖攻坚行动进度表",
        '序号,项目名称,"户数\n（户）"',
        "1,青龙镇镇级水厂扩网工程（一期）,20",
    ]
    source.write_text("\n".join(rows), encoding="utf-8")
    sheet = load_workbook(copy_of(source, tmp_path / "copy.xlsx", finding("A3")))["Sheet1"]
    widths = [sheet.column_dimensions[letter].width for letter in "ABC"]
    assert widths[1] == len("青龙镇镇级水厂扩网工程（一期）") * 2 + 2
    assert max(widths[0], widths[2]) < 12
    assert sheet["C2"].alignment.wrap_text


def test_text_of_the_sender_never_becomes_a_formula(tmp_path: Path) -> None:
    source = tmp_path / "进度.csv"
    source.write_text("a,b\n=1+1,+2\n@x,-y\n", encoding="utf-8")
    book = load_workbook(copy_of(source, tmp_path / "copy.xlsx", finding("A1")))
    cells = [cell for row in book["Sheet1"]["A2:B3"] for cell in row]
    assert (cells[0].value, cells[0].data_type) == ("=1+1", "s")
    assert {cell.data_type for cell in cells if isinstance(cell.value, str)} == {"s"}
    copy = copy_of(MESSY / "hostile_formula_text.xlsx", tmp_path / "b.xlsx", finding("B3"))
    assert told(read(copy)) == told(read(MESSY / "hostile_formula_text.xlsx"))


def test_links_to_other_places_are_not_carried_over(tmp_path: Path) -> None:
    copy = copy_of(MESSY / "hostile_external_links.xlsx", tmp_path / "copy.xlsx", finding("B4"))
    with zipfile.ZipFile(copy) as archive:
        assert [name for name in archive.namelist() if "external" in name.lower()] == []
        parts = b"".join(archive.read(name) for name in archive.namelist())
    assert b'TargetMode="External"' not in parts
    assert b"203.0.113" not in parts and b"192.0.2" not in parts and b"198.51.100" not in parts
    assert told(read(copy)) == told(read(MESSY / "hostile_external_links.xlsx"))


@pytest.mark.parametrize("name", ["hostile_merged_sheet.xlsx", "hostile_far_cell.xlsx", "hostile_dimension.xlsx"])
def test_a_hostile_workbook_that_can_be_read_can_be_annotated(name: str, tmp_path: Path) -> None:
    sheet = read_workbook((MESSY / name).read_bytes(), name)[0].name
    copy = copy_of(MESSY / name, tmp_path / "copy.xlsx", finding("B3", sheet=sheet))
    assert [grid.name for grid in read_workbook(copy.read_bytes(), "copy.xlsx")][:2] == [LIST, sheet]
    assert told(read(copy)) == told(read(MESSY / name))


def test_what_cannot_be_read_gets_no_copy(tmp_path: Path) -> None:
    with pytest.raises(Refused):
        copy_of(MESSY / "hostile_zip_bomb.xlsx", tmp_path / "copy.xlsx", finding("B3"))
    assert list(tmp_path.iterdir()) == []


def test_where_openpyxl_fails_the_copy_holds_the_values(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run_here(function, items, **_):
        for item in items:
            try:
                yield item, function(item)
            except ValueError as error:
                yield item, Refused.because("crashed", detail=str(error))

    def fail(*_, **__):
        raise ValueError("no such style")

    monkeypatch.setattr(copies, "run_isolated", run_here)
    monkeypatch.setattr(returned, "load_workbook", fail)
    source = MESSY / "vp_row_rules.xlsx"
    jobs = jobs_for([(source, [finding("F5")])], tmp_path, "zh", Limits())
    ((_, copy),) = write_copies(jobs, Limits(), 1)
    assert isinstance(copy, Path)
    assert "只保留各单元格的数值" in load_workbook(copy)[LIST]["A4"].value
    assert told(read(copy)) == told(read(source))


def test_copies_are_made_in_workers_and_never_over_the_original(tmp_path: Path) -> None:
    source = tmp_path / "进度.xlsx"
    shutil.copy(MESSY / "vp_row_rules.xlsx", source)
    before = source.read_bytes()
    jobs = jobs_for([(source, [finding("F5")]), (MESSY / "vp_xls.xls", [])], tmp_path, "zh", Limits())
    ((_, copy),) = write_copies(jobs, Limits(), 1)
    assert isinstance(copy, Path)
    assert copy.parent == tmp_path
    assert copy != source
    assert source.read_bytes() == before


# --- sent back --------------------------------------------------------------------------------------------------------


def test_a_copy_sent_back_unread_is_recognised(tmp_path: Path) -> None:
    source = MESSY / "vp_formulas.xlsx"
    copy = copy_of(source, tmp_path / "copy.xlsx", finding("F5"))
    found = read(copy)
    assert found.unread_copy_of == hashlib.sha256(source.read_bytes()).hexdigest()
    book = load_workbook(copy)  # opened and saved, also without the list: still nothing was changed
    del book[LIST]
    book.save(copy)
    assert read(copy).unread_copy_of == found.unread_copy_of


def test_a_corrected_copy_is_read_as_a_submission_and_its_list_as_no_form(tmp_path: Path) -> None:
    copy = copy_of(MESSY / "vp_row_rules.xlsx", tmp_path / "copy.xlsx", finding("F4"))
    book = load_workbook(copy)
    book["Sheet1"]["F4"] = 183
    book.save(copy)
    found = read(copy)
    assert (found.status, found.unread_copy_of) == ("read", None)
    assert [(table.sheet, table.form) for table in found.tables] == [(LIST, None), ("Sheet1", "village_progress")]
    assert next(record for record in found.tables[1].records if record.row == 4).values["population"] == 183


def test_the_list_is_no_form_also_where_the_mark_is_lost(tmp_path: Path) -> None:
    copy = copy_of(MESSY / "vp_row_rules.xlsx", tmp_path / "copy.xlsx", finding("F4"), finding("E4", "warn"))
    lost = io.BytesIO()
    book = load_workbook(copy)
    del book.custom_doc_props["gongshui"]  # type: ignore[attr-defined]
    book.save(lost)
    assert own_copy(lost.getvalue(), Limits()) is None
    found = read_file(lost.getvalue(), Names("", "x.xlsx", (), dt.date(2021, 8, 25)), Limits())
    assert [table.form for table in found.tables] == [None, "village_progress"]


def test_a_copy_of_a_corrected_copy_has_one_list_and_only_the_new_marks(tmp_path: Path) -> None:
    copy = copy_of(MESSY / "vp_row_rules.xlsx", tmp_path / "1.xlsx", finding("F4"), finding("E5", "warn"))
    again = copy_of(copy, tmp_path / "2.xlsx", finding("E5", "warn"))
    book = load_workbook(again)
    assert book.sheetnames == [LIST, "Sheet1"]
    assert [cell.coordinate for row in book["Sheet1"].iter_rows() for cell in row if cell.comment] == ["E5"]
    assert book["Sheet1"]["F4"].fill.fill_type is None
    mark = own_copy(again.read_bytes(), Limits())
    assert mark
    assert mark.original == hashlib.sha256(copy.read_bytes()).hexdigest()


def test_a_sheet_of_the_towns_own_with_the_lists_name_stays(tmp_path: Path) -> None:
    book = Workbook()
    book.worksheets[0].title = LIST
    book.worksheets[0]["A1"] = "存在问题"
    book.save(tmp_path / "a.xlsx")
    copy = copy_of(tmp_path / "a.xlsx", tmp_path / "copy.xlsx", finding("A1", sheet=LIST))
    names = load_workbook(copy).sheetnames
    assert names == [LIST_SHEETS[1], LIST]


# --- the night --------------------------------------------------------------------------------------------------------

TEXT = """青龙镇镇级水厂扩网工程进度表（截至2021年8月20日）
村委会,自然村,户数,人口,进展情况
兴隆村委会,大屋村,86,{population},在建
"""
DIVISION = """云塘县行政区划与户籍基数表（截至2021年6月25日）
自然村编码,镇,村委会,自然村,户籍户数,户籍人口
440999101200001,青龙镇,兴隆村委会,大屋村,86,412
"""


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    raw = tmp_path / "raw"
    for path, text in {
        "2021-06-25/行政区划与户籍基数表.csv": DIVISION,
        "2021-08-20/青龙镇/进度.csv": TEXT.format(population=-1),
        "2021-08-20/青龙镇/无误.csv": TEXT.format(population=412),
        "2021-08-20/甲/进度.csv": TEXT.format(population=-2),
    }.items():
        (raw / path).parent.mkdir(parents=True, exist_ok=True)
        (raw / path).write_text(text, encoding="utf-8")
    return raw


def night(raw: Path) -> dict[str, tuple[str, str | None, int]]:
    done = ingest(raw, raw.parent / "w.duckdb", Options(Limits(), 2), dt.datetime(2021, 8, 25), lambda *_: None)
    return {one.path.rpartition("/")[2]: (one.status, one.reason, one.accepted) for one in done.outcomes}


def test_a_copy_that_comes_back_counts_once_while_it_is_unread(inbox: Path, tmp_path: Path) -> None:
    night(inbox)
    source = inbox / "2021-08-20" / "青龙镇" / "进度.csv"
    copy = copy_of(source, tmp_path / "copy.xlsx", finding("D3"))

    back = inbox / "2021-08-21"
    back.mkdir()
    shutil.copy(copy, back / "退回.xlsx")
    status, reason, _ = night(inbox)["退回.xlsx"]
    assert status == "duplicate"
    assert "raw/2021-08-20/青龙镇/进度.csv" in str(reason)
    assert night(inbox) == {}

    book = load_workbook(copy)
    book["Sheet1"]["D3"] = 400
    book.save(back / "更正.xlsx")
    assert night(inbox)["更正.xlsx"] == ("read", None, 1)


def test_an_unread_copy_counts_where_its_original_never_came(inbox: Path, tmp_path: Path) -> None:
    source = tmp_path / "从未报送.csv"
    source.write_text(TEXT.format(population=411), encoding="utf-8")
    copy_of(source, inbox / "2021-08-20" / "批注.xlsx", finding("A1", "warn"))
    assert night(inbox)["批注.xlsx"] == ("read", None, 1)


@pytest.fixture
def warehouse(county: County, tmp_path: Path) -> Path:
    """The sample county's, to be changed."""
    return Path(shutil.copy(county.warehouse, tmp_path / "w.duckdb"))


def returned_in(folder: Path, warehouse: Path, raw: Path, version: str = "1") -> Returned:
    return bring_up_to_date(warehouse, raw, folder, version, Limits(), 2)


@pytest.fixture(scope="module")
def written(county: County, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Returned]:
    """The county's copies, and what the night that wrote them said."""
    folder = tmp_path_factory.mktemp("退回")
    return folder, returned_in(folder, county.warehouse, county.raw)


@pytest.fixture
def folder(written: tuple[Path, Returned], tmp_path: Path) -> Path:
    """The county's copies, to be changed."""
    return shutil.copytree(written[0], tmp_path / "returned")


def listed_in(folder: Path) -> dict[str, dict[str, str]]:
    """Copy → what the manifest says of it."""
    return json.loads((folder / MANIFEST).read_text("utf-8"))["copies"]


def marks(copy: Path) -> dict[tuple[str, str], str]:
    """(sheet, cell) → the comment of ours on it."""
    return {
        (sheet.title, cell.coordinate): cell.comment.text
        for sheet in load_workbook(copy).worksheets
        for row in sheet.iter_rows()
        for cell in row
        if cell.comment and cell.comment.author == returned.AUTHOR
    }


def test_every_file_to_be_mended_has_a_copy_with_its_comments_on_their_cells(
    county: County, written: tuple[Path, Returned]
) -> None:
    folder, done = written
    with duckdb.connect(str(county.warehouse), read_only=True) as connection:
        told = connection.execute(
            """
            select file, sheet, cell, rule, severity
            from marts.fct_data_issue
            where submission = 'current'
            union all
            select file.path, issue.sheet, issue.cell, issue.rule, issue.severity
            from landing.issue
            inner join landing.file on issue.file_sha256 = file.file_sha256 and file.status = 'read'
            where issue.rule like 'N%'
            """
        ).fetchall()
    to_mend = {file for file, *_, severity in told if severity != "info"}
    listed = listed_in(folder)
    assert {entry["file"] for entry in listed.values()} == to_mend
    assert (done.written, done.kept, done.removed, done.failed) == (len(to_mend), 0, 0, [])
    found = set()
    for name, entry in listed.items():
        assert name.split("/")[0] == entry["file"].split("/")[1]
        cells = {(sheet, cell) for file, sheet, cell, *_ in told if file == entry["file"] and cell}
        assert cells <= marks(folder / name).keys()
        found |= {rule for file, _, _, rule, _ in told if file == entry["file"]}
    # Those that need the history of reports are among them, and what the reader noticed.
    assert found >= {"R04", "R17", "R19", "R23", "R24", "N04"}


def test_a_figure_that_a_rule_in_sql_names_is_shown_as_the_cell_prints_it(written: tuple[Path, Returned]) -> None:
    seen = 0
    for copy in written[0].glob("*/*.xlsx"):
        for row in load_workbook(copy)[LIST].iter_rows(min_row=7, values_only=True):
            assert row[3] not in ("completed", "in_progress", "not_started")
            seen += row[3] == "已完成"
    assert seen


def test_a_second_night_touches_no_copy_and_a_new_finding_only_its_own(
    county: County, warehouse: Path, folder: Path
) -> None:
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}
    listed = listed_in(folder)
    again = returned_in(folder, warehouse, county.raw)
    assert (again.written, again.kept, again.removed) == (0, len(listed), 0)
    assert {path: path.stat().st_mtime_ns for path in before} == before

    name, entry = next(iter(listed.items()))
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("update marts.fct_data_issue set message_zh = '改了。' where file = $1", [entry["file"]])
    assert returned_in(folder, warehouse, county.raw).written == 1
    changed = {path for path, when in before.items() if path.stat().st_mtime_ns != when}
    assert changed == {folder / name, folder / MANIFEST}


def test_a_copy_goes_when_nothing_is_left_to_mend_and_no_other_file_does(
    county: County, warehouse: Path, folder: Path
) -> None:
    name, entry = next(iter(listed_in(folder).items()))
    other = (folder / name).with_name("镇里的.xlsx")
    other.write_bytes(b"x")
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("delete from marts.fct_data_issue where file = $1", [entry["file"]])
    assert returned_in(folder, warehouse, county.raw).removed == 1
    assert not (folder / name).exists()
    assert name not in listed_in(folder)
    assert other.read_bytes() == b"x"


def test_a_copy_that_fails_is_named_and_tried_again(
    county: County, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(jobs, limits, processes):
        return [(job, Refused.because("crashed", detail="x")) for job in jobs]

    name, *others = listed_in(folder)
    (folder / name).unlink()
    with monkeypatch.context() as patched:
        patched.setattr(returning, "write_copies", fail)
        done = returned_in(folder, county.warehouse, county.raw)
    assert ([why.code for _, why in done.failed], done.kept) == (["crashed"], len(others))
    again = returned_in(folder, county.warehouse, county.raw)
    assert (again.written, again.kept, again.failed) == (1, len(others), [])


def test_a_manifest_cannot_make_the_night_delete_elsewhere(county: County, folder: Path) -> None:
    victim = folder.parent / "账.xlsx"
    victim.write_bytes(b"x")
    text = json.dumps({"copies": listed_in(folder) | {"../账.xlsx": {"file": "x", "made_of": ""}}})
    (folder / MANIFEST).write_text(text, encoding="utf-8")
    assert returned_in(folder, county.warehouse, county.raw).written == 0
    assert victim.exists()


def test_copies_of_one_name_are_told_apart_by_their_folders() -> None:
    taken: set[str] = set()
    names = []
    for path in ("青龙镇/进度.xlsx", "白石镇/进度.xlsx", "白石镇/进度.xls", "白石镇/进度.xls"):
        copy = free_name(Path("r"), Path(path), (Path(path).parent.name,), taken)
        names.append(copy.name)
    assert names == ["进度.xlsx", "白石镇-进度.xlsx", "白石镇-进度.xls.xlsx", "进度(2).xlsx"]


def test_what_the_county_has_to_mend_is_not_returned() -> None:
    said = [finding("F5", rule="N21"), finding("F5", rule="N20", severity="info")]
    (job,) = jobs_for([(Path("a.xlsx"), said), (Path("b.xlsx"), said[:1])], Path("r"), "zh", Limits())
    assert [one.rule for one in job.findings] == ["N20"]


@pytest.mark.parametrize("is_mended", [False, True])
def test_only_a_copy_that_nobody_worked_on_is_replaced(is_mended: bool, tmp_path: Path) -> None:
    source = MESSY / "vp_row_rules.xlsx"
    copy = copy_of(source, tmp_path / source.name, finding("F5"))
    if is_mended:
        book = load_workbook(copy)
        book["Sheet1"]["F4"] = 183
        book.save(copy)
    before = copy.read_bytes()
    (job,) = jobs_for([(source, [finding("E6")])], tmp_path, "zh", Limits())
    ((_, result),) = write_copies([job], Limits(), 1)
    assert isinstance(result, Refused) == is_mended
    assert (copy.read_bytes() == before) == is_mended


def test_a_message_loses_its_place() -> None:
    assert without_place("《a.xlsx》：自然村“甲”，本期没有。", "a.xlsx", None) == "自然村“甲”，本期没有。"
    assert without_place("a.xlsx: dropped.", "a.xlsx", None) == "dropped."
    assert without_place("《a.xlsx》“表1”F4：不对：请改。", "a.xlsx", "表1") == "不对：请改。"
    assert without_place("a.xlsx “表1” F4: wrong: mend.", "a.xlsx", "表1") == "wrong: mend."
    assert without_place("第6行被隐藏。", "a.xlsx", "表1") == "第6行被隐藏。"
