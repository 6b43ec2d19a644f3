import datetime as dt
import zipfile
from decimal import Decimal
from io import BytesIO

import duckdb
import openpyxl
import pytest

from flows.cli import main
from flows.ingest import night
from flows.ingest.context import Names
from flows.ingest.guard import Limits
from flows.ingest.judged import Origin, Rows
from flows.ingest.reading import read_file
from flows.ingest.validate import judge
from flows.report.last_rows import last_rows
from flows.report.template import Template, columns_of, find_form, make_template
from schemas import forms
from schemas.vocabulary.water import PARAMETER
from tests.builders import MASTER
from tests.unit.test_night import DIVISION, FUNDS, PROGRESS, Inbox, read_here

TOWN, REPORTED, RECEIVED = "青龙镇", dt.date(2021, 8, 31), dt.date(2021, 9, 1)
VILLAGE = {"village_committee": "兴隆村委会", "natural_village": "大屋村"}
# One or two sound rows of each form, by column key, in canonical units.
SAMPLES = {
    "annual_target": [
        {
            "town": TOWN,
            "town_plant.villages": Decimal(2),
            "town_plant.households": Decimal(106),
            "town_plant.population": Decimal(512),
            "small_scheme.villages": Decimal(1),
            "small_scheme.households": Decimal(80),
            "small_scheme.population": Decimal(350),
        }
    ],
    "assignment": [{"town": TOWN, "post": "副县长", "unit": "县水务局", "task_force_lead": "镇长"}],
    "baseline": [
        {
            "town": TOWN,
            "rural_households": Decimal(5000),
            "rural_population": Decimal(25000),
            "population_basis": "registered",
            "county_plant.served": Decimal(0),
            "town_plant.served": Decimal(8000),
        }
    ],
    "division": [
        {
            "village_code": "440999101200001",
            "town": TOWN,
            **VILLAGE,
            "registered_households": Decimal(86),
            "registered_population": Decimal(412),
            "valid_from": dt.date(2020, 1, 1),
            "alias": "老屋、大屋场",
        }
    ],
    "funding": [
        {
            "project_name": "青龙镇镇级水厂扩网工程（一期）",
            "supply_mode": "town_plant",
            "special_bond.planned": Decimal("1234567.89"),
            "special_bond.secured": Decimal("1000000.01"),
            "special_bond.spent": Decimal("0.01"),
            "other.planned": Decimal("300000"),
            "document_no": "青水〔2021〕24号",
        },
        {"project_name": "大屋工程", "agricultural_funds.planned": Decimal("99.99"), "remark": "=1+1"},
    ],
    "inspection": [
        {
            "town": TOWN,
            **VILLAGE,
            "inspected_on": dt.date(2021, 8, 20),
            "has_water": True,
            "households_verified": Decimal(86),
            "population_verified": Decimal(412),
            "inspector_unit": "县水务局",
        }
    ],
    "project_ledger": [
        {
            "project_name": "大屋工程",
            "supply_mode": "small_scheme",
            "works_type": "new",
            "committees": Decimal(1),
            "villages": Decimal(2),
            "households": Decimal(106),
            "population": Decimal(512),
            "pipeline_planned_km": Decimal("3.2500"),
            "pipeline_laid_km": Decimal("1.0005"),
            "investment_planned": Decimal("856000.50"),
            "investment_completed": Decimal("12345.67"),
            "started_on": dt.date(2021, 5, 4),
            "progress_rate": Decimal("0.350000"),
        }
    ],
    "service_check": [
        {
            **VILLAGE,
            "checked_on": dt.date(2021, 8, 20),
            "quantity_lpcd": Decimal("80.50"),
            "quality_ok": "达标",
            "pressure_ok": "不达标",
            "convenience_ok": "达标",
            "assurance_rate": Decimal("0.955000"),
        }
    ],
    "supervision": [
        {
            "held_on": dt.date(2021, 8, 1),
            "kind": "onsite_supervision",
            "topic": "+加快进度",
            "issue": "-管网未到位",
            "due_on": dt.date(2021, 8, 20),
            "lead_unit": "@县水务局",
        }
    ],
    "village_progress": [
        {
            **VILLAGE,
            "supply_mode": "town_plant",
            "works_type": "extension",
            "project_name": "大屋工程",
            "households": Decimal(86),
            "population": Decimal(412),
            "planned_finish": dt.date(2021, 9, 30),
            "started_on": dt.date(2021, 5, 4),
            "status": "completed",
            "finished_on": dt.date(2021, 8, 4),
            "progress_rate": Decimal("1.000000"),
            "households_connected": Decimal(80),
            "population_supplied": Decimal(400),
            "remark": "正常",
        },
        {
            "village_committee": "兴隆村委会",
            "natural_village": "上围",
            "supply_mode": "town_plant",
            "households": Decimal(20),
            "population": Decimal(100),
            "status": "not_started",
            "progress_rate": Decimal("0.000000"),
        },
    ],
    "water_quality": [
        {
            "project_name": "大屋工程",
            "sampling_point": "tap",
            "sampled_on": dt.date(2021, 8, 20),
            "sample_no": "0012",
            "浑浊度.value": Decimal("0.46"),
            "pH.value": Decimal("7.2"),
            "总大肠菌群.value": "未检出",
            "铅.value": Decimal("0.001"),
            "verdict": "合格",
        }
    ],
}


def read(content, file="报表.xlsx"):
    found = read_file(content, Names("", file, (), RECEIVED), Limits())
    assert found.status == "read"
    (table,) = found.tables
    return table


def filled(info, rows):
    """Rows as the reader gives them: a record for each group of a line."""
    told = []
    for row in rows:
        shared = {key: value for key, value in row.items() if "." not in key or not info.spread}
        if not info.spread:
            told.append(shared)
            continue
        for code in dict.fromkeys(key.partition(".")[0] for key in row if "." in key):
            group = {key.partition(".")[2]: value for key, value in row.items() if key.startswith(f"{code}.")}
            told.append(shared | group | {info.spread: code})
    return told


@pytest.mark.parametrize("name", list(SAMPLES))
def test_a_filled_template_reads_back_the_same_without_a_note_or_an_issue(name):
    info = forms()[name]
    table = read(make_template(Template(info, TOWN, REPORTED, SAMPLES[name])))
    assert (table.form, table.report_date, table.notes) == (name, REPORTED, [])
    assert table.town == (TOWN if info.level == "town" else None)
    expected = filled(info, SAMPLES[name])
    found = list(table.records)
    if info.spread:  # groups stand in the order of the columns
        expected.sort(key=lambda row: (row.get("project_name", ""), row[info.spread]))
        found.sort(key=lambda record: (record.values.get("project_name", ""), record.values[info.spread]))
    assert len(found) == len(expected)
    for record, row in zip(found, expected, strict=True):
        assert record.unread == {}
        for key, value in row.items():
            if value == "未检出":
                assert (record.values[key], record.values["is_below_detection"]) == (None, True)
            else:
                assert record.values[key] == value, key
        empty = {key for key in record.values if key not in row}
        assert {key for key in empty if record.values[key] is not None} <= {"town", "is_below_detection", "unit"}
    if name == "water_quality":
        assert [record.values["unit"] for record in found] == [
            PARAMETER.terms[record.values["parameter"]].unit or None for record in found
        ]
    origin = Origin("x", "报表.xlsx", table.sheet, table.town, REPORTED)
    rows = Rows(origin, table.records, 0, MASTER)
    assert judge(name, [rows], ["R06"] if name == "division" else []) == []


def test_every_form_has_a_sample():
    assert set(SAMPLES) == set(forms())


@pytest.mark.parametrize("name", list(SAMPLES))
def test_an_empty_template_reads_back_as_its_form_without_rows_and_says_so(name):
    info = forms()[name]
    table = read(make_template(Template(info, None, REPORTED)))
    assert (table.form, list(table.records), [note.code for note in table.notes]) == (name, [], ["N08"])
    # The date is left to be filled in: until then a note asks for it.
    table = read(make_template(Template(info)))
    assert sorted(note.code for note in table.notes) == ["N08", "N09"]


@pytest.mark.parametrize("name", list(SAMPLES))
def test_every_column_of_a_template_is_understood_and_required_ones_are_there(name):
    info = forms()[name]
    columns = columns_of(info)
    table = read(make_template(Template(info, TOWN, REPORTED)))
    assert set(table.header_map) == {column.key for column in columns}
    assert set(info.required()) <= {column.name for column in columns} | {info.spread}


def sheet_of(info, **options):
    return openpyxl.load_workbook(BytesIO(make_template(Template(info, **options)))).worksheets[0]


def test_a_required_heading_is_marked_by_colour_and_note_not_by_its_words():
    sheet = sheet_of(forms()["village_progress"])
    headings = {cell.value: cell for cell in sheet[3]}
    assert headings["户数（户）"].font.color.rgb == "FFC00000"
    assert headings["户数（户）"].comment.text.startswith("必填")
    assert headings["备注"].font.color is None or headings["备注"].font.color.rgb != "FFC00000"


def test_closed_lists_offer_their_chinese_names():
    sheet = sheet_of(forms()["village_progress"])
    lists = {rule.formula1 for rule in sheet.data_validations.dataValidation if rule.type == "list"}
    assert '"未开工,在建,已完成"' in lists


def test_a_template_prints_on_one_page_across_with_its_header_kept_in_sight():
    sheet = sheet_of(forms()["funding"])
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight, sheet.freeze_panes) == ("landscape", 0, "B5")
    assert sheet.print_title_rows == "$3:$4"
    assert {str(merge) for merge in sheet.merged_cells.ranges} >= {"A3:A4", "C3:E3"}


@pytest.mark.parametrize("text", ["=1+1", "+86", "-甲", "@SUM(A1)", '=HYPERLINK("http://x")'])
def test_text_that_looks_like_a_formula_is_text(text):
    rows = [{**SAMPLES["village_progress"][0], "remark": text}]
    content = make_template(Template(forms()["village_progress"], TOWN, REPORTED, rows))
    (record,) = read(content).records
    assert record.values["remark"] == text
    with zipfile.ZipFile(BytesIO(content)) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")


def test_a_list_too_long_for_excel_stands_on_a_hidden_sheet(monkeypatch):
    monkeypatch.setattr("flows.report.template._LONGEST_LIST", 5)
    content = make_template(Template(forms()["village_progress"], TOWN, REPORTED, SAMPLES["village_progress"]))
    found = read_file(content, Names("", "报表.xlsx", (), RECEIVED), Limits())
    assert [table.form for table in found.tables] == ["village_progress", None]
    assert len(found.tables[0].records) == 2


def test_more_rows_than_usual_leave_room_for_more():
    rows = [SAMPLES["village_progress"][0] | {"natural_village": f"{n}村"} for n in range(100)]
    table = read(make_template(Template(forms()["village_progress"], TOWN, REPORTED, rows)))
    assert len(table.records) == 100


def test_a_form_is_found_by_code_or_name():
    assert find_form("攻坚进度表") is find_form("village_progress") is forms()["village_progress"]
    assert find_form("no such form") is None


# --- the last rows of a town ------------------------------------------------------------------------------------------

LEDGER = """青龙镇工程项目台账（截至2021年8月20日）
项目名称,供水方式,总投资（万元）,责任人,联系电话
大屋工程,镇级水厂扩网,85.6,张三,13800000000
"""
LATER = PROGRESS.format(population=100).replace("8月20日", "8月25日").replace("未开工", "在建")


@pytest.fixture
def inbox(tmp_path, monkeypatch):
    monkeypatch.setattr(night, "run_isolated", read_here)
    inbox = Inbox(tmp_path)
    inbox.put("2021-06-25/行政区划与户籍基数表.csv", DIVISION)
    inbox.put("2021-08-20/进度.csv", PROGRESS.format(population=100))
    inbox.put("2021-08-25/进度.csv", LATER)
    inbox.put("2021-08-20/资金.csv", FUNDS.format(planned=100))
    inbox.put("2021-08-20/台账.csv", LEDGER)
    inbox.night()
    return inbox


def test_a_towns_latest_rows_are_filled_in_and_read_back(inbox):
    form = forms()["village_progress"]
    rows = last_rows(inbox.warehouse, form, "青龙镇")
    assert [(row["natural_village"], row["status"]) for row in rows] == [
        ("大屋村", "under_construction"),
        ("上围", "under_construction"),
    ]
    table = read(make_template(Template(form, TOWN, REPORTED, rows)))
    assert [record.values["population"] for record in table.records] == [412, 100]
    assert table.notes == []


def test_the_sources_of_a_project_stand_in_one_line(inbox):
    (row,) = last_rows(inbox.warehouse, forms()["funding"], TOWN)
    assert (row["special_bond.planned"], row["special_bond.spent"]) == (1_000_000, 600_000)


def test_personal_fields_are_never_filled_in(inbox):
    form = forms()["project_ledger"]
    rows = last_rows(inbox.warehouse, form, TOWN)
    assert rows[0]["project_name"] == "大屋工程"
    assert not {"responsible", "phone"} & rows[0].keys()
    content = make_template(Template(form, TOWN, REPORTED, [rows[0] | {"phone": "13800000000"}]))
    with zipfile.ZipFile(BytesIO(content)) as book:
        assert not any(b"13800000000" in book.read(name) for name in book.namelist())


def test_a_town_without_rows_gives_a_blank_table(inbox, tmp_path):
    assert last_rows(inbox.warehouse, forms()["village_progress"], "白石镇") == []
    assert last_rows(tmp_path / "none.duckdb", forms()["village_progress"], TOWN) == []
    duckdb.connect(str(tmp_path / "empty.duckdb")).close()
    assert last_rows(tmp_path / "empty.duckdb", forms()["village_progress"], TOWN) == []


def test_the_command_writes_the_workbook_and_says_where(inbox, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    arguments = ["template", "攻坚进度表", "--town", TOWN, "--date", "2021-08-31", "--data", str(tmp_path / "data")]
    assert main(arguments) == 0
    said = capsys.readouterr()
    assert said.out == "青龙镇攻坚进度表.xlsx\n"
    assert "2 行" in said.err
    assert len(read((tmp_path / "青龙镇攻坚进度表.xlsx").read_bytes()).records) == 2
    before = (tmp_path / "青龙镇攻坚进度表.xlsx").read_bytes()
    assert main(arguments) == 2
    assert "已存在" in capsys.readouterr().err
    assert (tmp_path / "青龙镇攻坚进度表.xlsx").read_bytes() == before


def test_an_unknown_form_lists_the_forms(capsys, tmp_path):
    assert main(["template", "no_such_form", "--data", str(tmp_path)]) == 2
    said = capsys.readouterr().err
    assert all(info.title in said and name in said for name, info in forms().items())
