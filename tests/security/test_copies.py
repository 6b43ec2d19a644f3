"""Annotated copies that others may see: what is hidden in them, and how it is read when they come back."""

import datetime as dt
import shutil
import zipfile
from pathlib import Path

import duckdb
import pytest
from openpyxl import load_workbook

from flows.ingest.context import Names
from flows.ingest.guard import Limits
from flows.ingest.night import Options, ingest
from flows.ingest.reading import read_file
from flows.report.findings import Finding
from flows.report.returned import LIST_SHEETS, annotate
from schemas import forms
from schemas.personal import is_masked, masked, without_numbers, without_persons
from tests.conftest import RAW
from tests.security.marked import RARE, Marks, mark_workbook, with_lists
from tests.security.scan import texts_of

NOW = dt.datetime(2021, 8, 25, 2, 0)
SOURCE = next((RAW / "2021-08-20").glob("*青龙镇*.xlsx"))
LEDGER, PERSON, PHONE = "项目台账", "W9", "X9"
FINDING = Finding("R02", "error", LEDGER, 9, "I9", "population", None, "“受益人口”不能为负。")


@pytest.fixture(scope="module")
def marked(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Marks]:
    """A town's workbook full of persons."""
    path, marks = tmp_path_factory.mktemp("marked") / "青龙镇.xlsx", Marks()
    mark_workbook(SOURCE, path, marks)
    return path, marks


def copy_of(source: Path, target: Path, *, is_private: bool = True) -> Path:
    annotate(source.read_bytes(), source.name, [FINDING], target, is_private=is_private)
    return target


def leaks(copy: Path, marks: Marks) -> list[str]:
    return [where for where, text in texts_of(copy) if RARE in text or any(phone in text for phone in marks.phones)]


def test_a_copy_keeps_its_looks_and_hides_persons(marked: tuple[Path, Marks], tmp_path: Path) -> None:
    source, marks = marked
    assert leaks(source, marks)
    copy = copy_of(source, tmp_path / "copy.xlsx")
    assert leaks(copy, marks) == []
    book, original = load_workbook(copy), load_workbook(source)
    assert book[LEDGER].merged_cells.ranges == original[LEDGER].merged_cells.ranges
    assert book[LEDGER]["A1"].font.b == original[LEDGER]["A1"].font.b
    assert book[LEDGER][PERSON].value == masked(str(original[LEDGER][PERSON].value))
    assert book[LEDGER][PHONE].value == masked(str(original[LEDGER][PHONE].value))
    assert "×" in str(book[LIST_SHEETS[0]]["A4"].value)


def test_a_copy_for_the_sender_alone_hides_nothing(marked: tuple[Path, Marks], tmp_path: Path) -> None:
    book, original = load_workbook(copy_of(marked[0], tmp_path / "c.xlsx", is_private=False)), load_workbook(marked[0])
    assert book[LEDGER][PERSON].value == original[LEDGER][PERSON].value
    assert book[LEDGER]["A1"].comment


def test_what_stands_beside_the_cells_makes_a_copy_of_values(tmp_path: Path) -> None:
    marks = Marks()
    with_lists(SOURCE, tmp_path / "a.xlsx", marks)
    copy = copy_of(tmp_path / "a.xlsx", tmp_path / "copy.xlsx")
    assert leaks(copy, marks) == []
    with zipfile.ZipFile(copy) as archive:
        assert not any(b"<dataValidation " in archive.read(name) for name in archive.namelist())


def read_again(raw: Path, *files: str) -> list[list[tuple[str, str, str]]]:
    """The projects and persons of files after a night over the inbox."""
    ingest(raw, raw.parent / "w.duckdb", Options(Limits(), 1), NOW, lambda *_: None)
    with duckdb.connect(str(raw.parent / "w.duckdb")) as con:
        return [
            con.execute(
                "select project_name, responsible, phone from landing.project_ledger where file_sha256 = "
                "(select file_sha256 from landing.file where name = $name) order by seq",
                {"name": name},
            ).fetchall()
            for name in files
        ]


@pytest.fixture
def raw(marked: tuple[Path, Marks], tmp_path: Path) -> Path:
    """An inbox with the master list and the town's workbook, and an empty folder for what comes back."""
    raw = tmp_path / "raw"
    for folder in ("2021-08-20", "2021-08-22"):
        (raw / folder).mkdir(parents=True)
    shutil.copy(marked[0], raw / "2021-08-20")
    shutil.copy(next(RAW.rglob("*行政区划与户籍基数表.xlsx")), raw / "2021-08-20")
    return raw


def mended(copy: Path, population: int = 777, *, inserts: int = 0) -> None:
    book = load_workbook(copy)
    book[LEDGER]["I9"] = population
    if inserts:
        book[LEDGER].insert_rows(7, inserts)
    book.save(copy)


@pytest.mark.parametrize("inserts", [0, 1, 3])
def test_a_mended_copy_is_read_with_what_it_hides(marked: tuple[Path, Marks], raw: Path, inserts: int) -> None:
    copy = copy_of(marked[0], raw / "2021-08-22" / "更正.xlsx")
    mended(copy, inserts=inserts)
    original, again = read_again(raw, marked[0].name, copy.name)
    assert len(original) > 5
    assert again == original


def test_a_mended_copy_of_a_mended_copy_is_read_with_what_it_hides(marked: tuple[Path, Marks], raw: Path) -> None:
    first = copy_of(marked[0], raw / "2021-08-22" / "更正一.xlsx")
    mended(first)
    second = copy_of(first, raw / "2021-08-22" / "更正二.xlsx")
    mended(second, 778)
    original, again = read_again(raw, marked[0].name, second.name)
    assert again == original


def test_a_mask_without_its_original_is_told_and_is_no_value(marked: tuple[Path, Marks], tmp_path: Path) -> None:
    copy = copy_of(marked[0], tmp_path / "copy.xlsx")
    mended(copy)
    read = read_file(copy.read_bytes(), Names("", copy.name, (), NOW.date()), Limits())
    (table,) = [table for table in read.tables if table.form == "project_ledger"]
    assert {*table.records.values["responsible"], *table.records.values["phone"]} == {None}
    notes = [note for note in table.notes if note.code == "N11"]
    assert len(notes) == 2
    assert "已隐去" in notes[0].zh


def test_an_unread_copy_counts_once_though_it_hides_persons(marked: tuple[Path, Marks], raw: Path) -> None:
    copy = copy_of(marked[0], raw / "2021-08-22" / "退回.xlsx")
    assert read_again(raw, copy.name) == [[]]
    with duckdb.connect(str(raw.parent / "w.duckdb")) as con:
        assert con.execute("select status from landing.file where name = '退回.xlsx'").fetchall() == [("duplicate",)]


MASKED = {
    "13812345678": "138××××5678",
    "联系13812345678、13912345678；": "联系138××××5678、139××××5678；",
    "138-1234-5678 / 138 1234 5678": "138-××××-5678 / 138 ×××× 5678",
    "+8613812345678": "+86138××××5678",
    "１３８１２３４５６７８": "１３８××××５６７８",
    "0758-1234567，（020）12345678": "0758-×××4567，（020）××××5678",
    "440101199001011234": "440101×××××××××××4",
    "a_13812345678.xlsx": "a_138××××5678.xlsx",
    "440999101200001": "440999101200001",
    "130999101200001": "130999101200001",
    "138123456789": "138123456789",
    "2021-08-20 10:20": "2021-08-20 10:20",
}


@pytest.mark.parametrize(("text", "shown"), MASKED.items())
def test_numbers_of_persons_are_masked_and_other_numbers_are_not(text: str, shown: str) -> None:
    assert without_numbers(text) == shown
    assert without_numbers(shown) == shown


def test_the_marts_mask_what_python_masks() -> None:
    with duckdb.connect() as con:
        for text, shown in MASKED.items():
            assert con.execute(f"select {macro('without_numbers')}", {"text": text}).fetchone() == (shown,)


POSTS = {
    **dict.fromkeys(("县水务局局长", "副县长", "镇党委书记", "县委常委、常务副县长", "县政协主席", "四级调研员"), True),
    **dict.fromkeys(("张三", "张三副县长", "李县长", "副县长张三", "张三（副县长）", "王镇长"), False),
}


@pytest.mark.parametrize(("text", "is_post"), POSTS.items())
def test_a_name_in_the_place_of_a_post_is_not_published(text: str, is_post: bool) -> None:
    with duckdb.connect() as con:
        found = con.execute(f"select {macro('post')}", {"text": text}).fetchone()
    assert found == (text if is_post else None,)


def macro(name: str) -> str:
    """What a macro of the dbt project makes of the text $text on DuckDB."""
    from types import SimpleNamespace

    from jinja2 import Environment, FileSystemLoader

    environment = Environment(
        loader=FileSystemLoader(RAW.parent / "sql" / "macros"), extensions=["jinja2.ext.do"], autoescape=False
    )
    known: dict[str, object] = {}
    adapter = SimpleNamespace(dispatch=lambda called: known[f"duckdb__{called}"])
    environment.globals |= {"adapter": adapter, "return": str}
    for file in ("matches", "without_numbers", "post"):
        module = vars(environment.get_template(f"{file}.sql", globals=known).module)
        known |= {key: value for key, value in module.items() if callable(value)}
        environment.globals |= known
    return str(known[name]("$text"))  # type: ignore[operator]


def test_names_in_signatures_are_masked_and_words_beside_them_are_not() -> None:
    text = "填报人：张三　审核人（签字）: 李小四、王五 填报日期：2021年8月20日"
    assert without_persons(text) == "填报人：张×　审核人（签字）: 李××、王× 填报日期：2021年8月20日"
    assert without_persons("责任人及联系电话") == "责任人及联系电话"


def test_what_is_no_mask_is_not_taken_for_one() -> None:
    assert [is_masked(text) for text in ("张×", "138××××5678", "×", "3×5米", "张三", "")] == [True, True, *[False] * 4]


def test_every_personal_field_stands_under_a_heading_of_persons() -> None:
    """A county's own form too: what is personal in landing is hidden in copies."""
    from schemas.personal import names_person

    personal = [info for form in forms().values() for info in form.fields.values() if info.is_personal]
    assert personal
    assert [heading for info in personal for heading in info.headings if not names_person(heading)] == []
