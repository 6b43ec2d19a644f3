"""The documents of a date and the annex that proves them, on the sample county."""

import datetime as dt
import hashlib
import json
import re
import shutil
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import docx
import duckdb
import openpyxl
import pytest
from docx.oxml.ns import qn
from openpyxl.workbook import Workbook

from flows.cli import main
from flows.rebuild import rebuild
from flows.report import annex, documents
from flows.report.figures import Citations, Edition, Facts
from flows.report.numbers import half_up
from flows.settings import read_settings
from flows.trace import Tracer
from tests.conftest import County

pytestmark = pytest.mark.pipeline

DAY, EARLIER, COUNTY = dt.date(2021, 8, 20), dt.date(2021, 8, 10), "449901"
BRIEFING, BULLETIN, TABLE = documents.DOCUMENTS
FIGURES, CELLS = "数据来源", "单元格"


@pytest.fixture(scope="module")
def folder(county: County, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The documents of the latest date."""
    folder = tmp_path_factory.mktemp("文件")
    written = documents.write(county.published / "marts.duckdb", county.warehouse, folder, DAY)
    assert written == documents.Written([DAY])
    return folder / DAY.isoformat()


@pytest.fixture
def tracer(county: County) -> Iterator[Tracer]:
    with Tracer(county.published / "marts.duckdb", county.warehouse) as tracer:
        yield tracer


@pytest.fixture(scope="module")
def workbook(folder: Path) -> Workbook:
    return openpyxl.load_workbook(folder / annex.FILE, data_only=True)


@pytest.fixture(scope="module")
def formulas(folder: Path) -> Workbook:
    return openpyxl.load_workbook(folder / annex.FILE)


def cited(folder: Path) -> dict[str, dict[str, Any]]:
    told: dict[str, dict[str, Any]] = json.loads((folder / "citations.json").read_text("utf-8"))
    return told


def rows(workbook: Workbook, sheet: str = FIGURES) -> Iterator[dict[str, Any]]:
    """The rows of a sheet by their headings, with the number of the row."""
    headings = [cell.value for cell in workbook[sheet][3]]
    for number, values in enumerate(workbook[sheet].iter_rows(min_row=4, values_only=True), 4):
        yield dict(zip(headings, values, strict=True)) | {"row": number}


# --- the annex --------------------------------------------------------------------------------------------------------


def test_all_documents_of_a_date_stand_together(folder: Path) -> None:
    assert {path.name for path in folder.iterdir()} == {*documents.DOCUMENTS, annex.FILE, "citations.json"}


def test_every_link_of_the_documents_leads_to_the_row_of_its_figure(folder: Path, workbook: Workbook) -> None:
    anchors = set()
    for name in (BRIEFING, BULLETIN):
        for link in docx.Document(str(folder / name)).element.body.iter(qn("w:hyperlink")):
            anchors.add(link.get(qn("w:anchor")))
    assert len(anchors) > 200
    for anchor in anchors:
        sheet, cell = workbook.defined_names[anchor].attr_text.split("!")
        assert workbook[sheet][cell.replace("$", "")].value == anchor.removeprefix("_")


def test_every_figure_has_a_row_with_its_exact_value(folder: Path, workbook: Workbook, tracer: Tracer) -> None:
    found = {row["编号"]: row for row in rows(workbook)}
    assert found.keys() == cited(folder).keys()
    for number, told in cited(folder).items():
        where = told["slice"] | {"report_date": dt.date.fromisoformat(told["slice"]["report_date"])}
        figure, row = tracer.metrics.figure(told["metric"], where), found[number]
        assert figure.key == told["key"]
        value = row["数值"]
        if figure.value is None:
            assert value == "没有报告"
        elif isinstance(figure.value, dt.date):
            assert value.date() == figure.value
        else:
            assert half_up(Fraction(value), 6) == half_up(Fraction(figure.value), 6), number
        assert row["指标"] == figure.metric.name_zh
        assert row["定义"] == figure.metric.definition


def test_the_figures_that_documents_print_say_where_and_how(workbook: Workbook) -> None:
    printed = [row["印出的样式（文件）"] for row in rows(workbook)]
    assert printed[0] != "未直接印出"
    for name in documents.DOCUMENTS:
        assert any(name.partition(".")[0] in text for text in printed), name


def test_the_value_of_a_figure_is_the_sum_of_its_cells_or_the_quotient_of_its_inputs(
    workbook: Workbook, formulas: Workbook
) -> None:
    values, cells = workbook[FIGURES], workbook[CELLS]
    checked = {"SUM": 0, "MAX": 0, "/": 0, "+": 0}
    for row in rows(formulas):
        formula, value = str(row["数值"]), values.cell(row["row"], 4).value
        if match := re.fullmatch(rf"=(SUM|MAX|MIN|MEDIAN)\({CELLS}!(I\d+):(I\d+)\)", formula):
            found = [cell.value for (cell,) in cells[f"{match[2]}:{match[3]}"] if cell.value is not None]
            if match[1] == "SUM":
                assert sum(found) == pytest.approx(value, abs=1e-6)
            elif match[1] == "MAX":
                assert max(found) == value
            checked[match[1]] = checked.get(match[1], 0) + 1
        elif match := re.fullmatch(r"=(D\d+) ?([/+]) ?(D\d+)", formula):
            first, second = (values[match[place]].value for place in (1, 3))
            if isinstance(value, int | float):
                assert (first / second if match[2] == "/" else first + second) == pytest.approx(value, abs=1e-12)
            checked[match[2]] += 1
    assert all(checked[sign] > 1 for sign in ("SUM", "MAX", "/", "+")), checked


def test_three_steps_lead_from_any_figure_to_its_cells(formulas: Workbook) -> None:
    sheet = formulas[FIGURES]
    links = {link.ref: link.location for link in (cell.hyperlink for line in sheet for cell in line) if link}
    waiting = [(row["row"], 1) for row in rows(formulas) if row["数值"] not in (0, "没有报告")]
    ends = 0
    while waiting:
        row, steps = waiting.pop()
        assert steps <= 3
        if f"K{row}" in links:
            place, cell = links[f"K{row}"].split("!")
            assert place == CELLS and formulas[CELLS][cell.replace("A", "B")].value
            ends += 1
            continue
        inputs = [links[f"{column}{row}"] for column in "HI" if f"{column}{row}" in links]
        assert inputs or sheet[f"K{row}"].value == "没有计入的行"
        waiting += [(int(place.split("!A")[1]), steps + 1) for place in inputs]
    assert ends > 500


def test_two_annexes_of_the_same_figures_are_the_same_bytes(folder: Path, county: County, tmp_path: Path) -> None:
    documents.write(county.published / "marts.duckdb", county.warehouse, tmp_path, DAY)
    for path in folder.iterdir():
        assert path.read_bytes() == (tmp_path / DAY.isoformat() / path.name).read_bytes(), path.name


def test_what_a_cell_prints_is_never_a_formula_of_ours(tracer: Tracer, tmp_path: Path) -> None:
    facts, citations = Facts(tracer.metrics, DAY, COUNTY), Citations()
    figure = facts("issues_raised", town_code="449901101")
    citations.cite("通报", figure, "=1+1")
    citations.cite("+汇报", figure, "@SUM(A1)")
    edition = Edition(tracer.con, "云塘县", facts, None, DAY, dt.datetime(2021, 8, 25), citations)
    annex.write(edition, tmp_path / annex.FILE, tracer)
    made = openpyxl.load_workbook(tmp_path / annex.FILE)
    told = [cell for sheet in made for line in sheet for cell in line if cell.data_type == "f"]
    assert {re.sub(r"\d", "", str(cell.value)) for cell in told} == {f"=SUM({CELLS}!I:I)", "=SUM(I:I)"}
    assert made[FIGURES]["F4"].value == "=1+1（通报）\n@SUM(A1)（+汇报）"
    assert made[FIGURES]["F4"].data_type == "s"


# --- the night --------------------------------------------------------------------------------------------------------


def bring(county: County, folder: Path, version: str = "1") -> documents.Written:
    return documents.bring_up_to_date(county.published / "marts.duckdb", county.warehouse, folder, version)


def stamps(folder: Path) -> dict[Path, int]:
    return {path: path.stat().st_mtime_ns for path in folder.rglob("*") if path.is_file()}


def test_a_night_writes_the_latest_date_and_leaves_what_did_not_change(county: County, tmp_path: Path) -> None:
    assert bring(county, tmp_path) == documents.Written([DAY])
    before = stamps(tmp_path)
    assert bring(county, tmp_path) == documents.Written([], kept=1)
    assert stamps(tmp_path) == before


@pytest.mark.slow
def test_documents_of_an_earlier_date_are_kept_up_to_date_once_they_are_there(county: County, tmp_path: Path) -> None:
    documents.write(county.published / "marts.duckdb", county.warehouse, tmp_path, EARLIER)
    assert bring(county, tmp_path) == documents.Written([EARLIER, DAY])
    assert bring(county, tmp_path) == documents.Written([], kept=2)
    manifest = tmp_path / "manifest.json"
    made_of = json.loads(manifest.read_text("utf-8"))["made_of"]
    manifest.write_text(json.dumps({"made_of": made_of | {str(EARLIER): "other figures"}}), "utf-8")
    assert bring(county, tmp_path) == documents.Written([EARLIER], kept=1)


def test_a_file_that_says_no_date_says_nothing_of_dates_before_it_came(county: County, tmp_path: Path) -> None:
    marts = tmp_path / "marts.duckdb"
    shutil.copy(county.published / "marts.duckdb", marts)

    def made_of() -> dict[str, str]:
        with Tracer(marts, county.warehouse) as tracer:
            return documents._made_of(tracer.con, "1")

    before = made_of()
    with duckdb.connect(str(marts)) as con:
        con.execute(
            "insert into main.fct_submission by name "
            "select * replace (null as report_date, $day::date as received_on) from main.fct_submission limit 1",
            {"day": DAY},
        )
    assert [day for day, digest in made_of().items() if digest != before[day]] == [str(DAY)]


def test_a_document_that_is_open_is_said_and_the_others_are_written(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Path.replace

    def replace(path: Path, target: Path) -> Path:
        if target.name == BULLETIN:
            raise PermissionError(13, "The process cannot access the file", str(target))
        return real(path, target)

    monkeypatch.setattr(Path, "replace", replace)
    written = bring(county, tmp_path)
    (failed,) = written.failed
    assert "正被打开" in failed.zh and f"gongshui report --date {DAY}" in failed.zh and BULLETIN in failed.en
    there = {path.name for path in (tmp_path / DAY.isoformat()).iterdir()}
    assert there == {BRIEFING, TABLE, annex.FILE, "citations.json"}
    monkeypatch.undo()
    assert bring(county, tmp_path) == documents.Written([DAY])  # tried again, though nothing changed


def test_a_document_that_cannot_be_made_is_said_and_leaves_last_times_together(
    county: County, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no such heading")

    bring(county, tmp_path)
    before = stamps(tmp_path)
    monkeypatch.setattr("flows.report.bulletin.write", fail)
    (failed,) = bring(county, tmp_path, version="2").failed
    assert "维护人员" in failed.zh and "no such heading" in failed.zh
    now = stamps(tmp_path)
    assert {path: now[path] for path in before if path.name != "manifest.json"} == {
        path: stamp for path, stamp in before.items() if path.name != "manifest.json"
    }


# --- the command ------------------------------------------------------------------------------------------------------


def test_the_command_writes_a_date_again_and_says_where(
    county: County, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "数据"
    shutil.copytree(county.published, data / "published")
    shutil.copy(county.warehouse, data)
    assert main(["report", "--date", str(EARLIER), "--data", str(data)]) == 0
    place = data / "published" / "documents" / str(EARLIER)
    assert capsys.readouterr().out.strip() == str(place)
    number = next(iter(cited(place)))
    assert main(["trace", number, "--date", str(EARLIER), "--data", str(data), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["figure"] == cited(place)[number]["key"]
    assert main(["report", "--date", "2021-08-11", "--data", str(data)]) == 2
    assert "2021-08-11 不是报告日" in capsys.readouterr().err


@pytest.mark.slow
def test_documents_as_known_then_leave_out_what_came_later_and_touch_nothing(county: County, tmp_path: Path) -> None:
    """白石镇 restated 10 August on the 13th: 40 households became 41."""
    settings = read_settings(raw=county.raw, data=tmp_path)
    shutil.copytree(county.published, settings.published)
    shutil.copy(county.warehouse, settings.warehouse)
    before = {path: hashlib.sha256(path.read_bytes()).digest() for path in tmp_path.rglob("*") if path.is_file()}
    assert rebuild(settings, EARLIER, dt.date(2021, 8, 11), settings.rebuilt) == documents.Written([EARLIER])
    then = openpyxl.load_workbook(settings.rebuilt / str(EARLIER) / annex.FILE, data_only=True)
    files = {row["文件"] for row in rows(then, CELLS) if row["文件"]}
    assert not any("更正" in file or "2021-08-13" in file for file in files)
    (restated,) = {
        row["原文"]
        for row in rows(then, CELLS)
        if row["对象"] == "龙岗村委会新郭屋村（镇级水厂扩网）" and row["原文"] in ("40", "41")
    }
    assert restated == "40"
    assert {path: hashlib.sha256(path.read_bytes()).digest() for path in before} == before
    assert list(settings.work.iterdir()) == []
