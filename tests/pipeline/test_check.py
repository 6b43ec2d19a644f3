"""`gongshui check`: every messy case through the command as its user runs it, against its truth."""

import contextlib
import datetime as dt
import io
import json
import os
import shutil
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest
from openpyxl import load_workbook

from flows import check, cli
from flows.ingest.guard import Limits
from flows.ingest.night import Options, ingest
from flows.report import copies
from schemas import forms
from schemas.rules import RULES
from tests.unit.test_night import read_here

pytestmark = pytest.mark.pipeline

ROOT = Path(__file__).parents[2]
MESSY = ROOT / "tests" / "data" / "messy"
TRUTHS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(MESSY.glob("*.json"))}
LOADED = [name for name, truth in TRUTHS.items() if truth["expect"] == "load"]
OTHERS = [name for name, truth in TRUTHS.items() if truth["expect"] != "load"]
NIGHT = dt.datetime(2021, 8, 25, 2, 0)


def gongshui(*arguments: object) -> tuple[int, str, str]:
    """The command in this process: exit code, stdout, stderr."""
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = cli.main([str(argument) for argument in arguments])
    return code, out.getvalue(), err.getvalue()


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder that holds the county's master list."""
    folder = tmp_path_factory.mktemp("主数据")
    shutil.copytree(ROOT / "raw" / "2021-06-25", folder / "raw" / "2021-06-25")
    ingest(folder / "raw", folder / "data" / "warehouse.duckdb", Options(Limits(), 2), NIGHT, lambda *_: None)
    return folder / "data"


@pytest.fixture(scope="module")
def read(data: Path) -> dict[str, dict]:
    """What `check --json` says of every case, by its name; all in one call."""
    files = {name: str(MESSY / truth["file"]) for name, truth in TRUTHS.items()}
    code, out, err = gongshui("check", "--json", "--data", data, *files.values())
    assert (code, err) == (1, "")
    lines = [json.loads(line) for line in out.splitlines()]
    assert [line["file"] for line in lines] == list(files.values())
    return dict(zip(files, lines, strict=True))


def told(name: str) -> list[dict]:
    return [TRUTHS[name], *TRUTHS[name].get("more", [])]


def key(form: str, sheet: str, row: dict) -> str:
    """What tells the rows of one printed row apart: the group they were read from."""
    spread = forms()[form].spread
    return str((sheet, row["_row"], row.get(spread) if spread else None))


def rows(file: dict, form: str) -> dict[str, tuple[str, dict]]:
    states = ("rows", "rejected", "duplicates")
    sheets = [sheet for sheet in file["sheets"] if sheet["form"] == form]
    return {
        key(form, sheet["sheet"], row): (state, row) for sheet in sheets for state in states for row in sheet[state]
    }


def same(value: object, truth: object, is_money: bool) -> bool:
    if is_money and value is not None:
        assert isinstance(value, str)
        return truth is not None and Decimal(value) == Decimal(str(truth))
    return (value or None) == (truth or None) and isinstance(value, bool) == isinstance(truth, bool)


@pytest.mark.parametrize("name", LOADED)
def test_what_is_read_is_that_of_the_truth(name: str, read: dict[str, dict]) -> None:
    file = read[name]
    assert (file["status"], file["reason"]) == ("read", None)
    for table in told(name):
        sheet = next(sheet for sheet in file["sheets"] if sheet["form"] == table["form"])
        assert table["report_date"] in (None, sheet["report_date"])
        assert table["town"] in (None, sheet["town"])
        found, info = rows(file, table["form"]), forms()[table["form"]]
        expected = {key(table["form"], row["_sheet"], row): row for row in table["rows"]}
        assert set(found) == set(expected)
        for place, truth in expected.items():
            state, row = found[place]
            assert state == (
                "rejected" if truth.get("_rejected") else "duplicates" if truth.get("_duplicate") else "rows"
            )
            for field, value in truth.items():
                described = info.fields.get(field.rpartition(".")[2])
                if field.startswith("_") or (described and described.is_personal):
                    assert field.startswith("_") or field not in row
                    continue
                is_money = described is not None and described.dimension == "yuan"
                assert same(row.get(field), value, is_money), (place, field, row.get(field), value)
                if value is not None and field in truth["_cells"]:
                    assert row["_cells"][field] == truth["_cells"][field]


@pytest.mark.parametrize("name", LOADED)
def test_every_fault_put_in_is_named_at_its_row_and_no_other(name: str, read: dict[str, dict]) -> None:
    file = read[name]
    put_in = {(i["rule"], i["row"]) for table in told(name) for i in table.get("issues", []) if i["rule"] in RULES}
    issues = [issue for sheet in file["sheets"] for issue in sheet["issues"]]
    found = {(issue["rule"], issue["row"]) for issue in issues if issue["rule"].startswith("R")}
    assert put_in - found == set()
    rejected = {row["_row"] for sheet in file["sheets"] for row in sheet["rejected"]}
    assert {(rule, row) for rule, row in found - put_in if row not in rejected} == set()
    assert all(issue["message"] and "《" not in issue["message"] for issue in issues)


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_table_of_ours_loads_nothing_and_says_why(name: str, read: dict[str, dict]) -> None:
    truth, file = TRUTHS[name], read[name]
    assert file["status"] in truth.get("accept", [truth["expect"]])
    assert file["reason"]
    assert [sheet for sheet in file["sheets"] if sheet["rows"] or sheet["rejected"]] == []


def test_no_personal_field_is_printed(read: dict[str, dict]) -> None:
    personal = {name for info in forms().values() for name, field in info.fields.items() if field.is_personal}
    shown = {
        name
        for file in read.values()
        for sheet in file["sheets"]
        for row in sheet["rows"] + sheet["rejected"]
        for name in (*row, *row["_cells"])
    }
    assert personal
    assert shown & personal == set()


# --- the command ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "code", "word"),
    [("vp_xls", 0, ""), ("vp_row_rules", 1, ""), ("hostile_far_cell", 0, ""), ("hostile_zip_bomb", 1, "恶意")],
)
def test_a_process_of_its_own_reads_it_from_anywhere(
    name: str, code: int, word: str, data: Path, tmp_path: Path
) -> None:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GONGSHUI")}
    command = [sys.executable, "-m", "flows.cli", "check", "--json", "--data", str(data)]
    done = subprocess.run(
        [*command, str(MESSY / TRUTHS[name]["file"])],
        cwd=tmp_path,
        env=environment | {"PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "utf-8"},
        capture_output=True,
        encoding="utf-8",
        timeout=120,
        check=False,
    )
    assert (done.returncode, done.stderr) == (code, "")
    assert word in (json.loads(done.stdout)["reason"] or "")
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def reading_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read in this process: what workers do is tested above, and they take a second to start."""
    monkeypatch.setattr(check, "run_isolated", lambda function, items, **_: ((item, function(item)) for item in items))


def test_the_table_shows_cell_printed_value_and_what_to_do(data: Path, reading_here: None) -> None:
    code, out, err = gongshui("check", "--data", data, MESSY / "vp_row_rules.xlsx")
    assert code == 1
    line = next(line for line in out.splitlines() if "F4" in line)
    assert line.split()[:3] == ["错误", "F4", "-183"]
    assert "必须是整数且不能为负" in line
    assert "退回" in err
    assert "R06" not in err


def test_it_speaks_english(data: Path, reading_here: None) -> None:
    _, out, err = gongshui("--lang", "en", "check", "--data", data, MESSY / "vp_row_rules.xlsx")
    assert "a count must be a whole number" in out
    assert "1 files checked: " in err


def test_without_a_master_list_names_are_not_judged_and_it_says_so(tmp_path: Path, reading_here: None) -> None:
    code, out, err = gongshui("check", "--json", "--data", tmp_path, MESSY / "vp_names.xlsx")
    assert {issue["rule"] for sheet in json.loads(out)["sheets"] for issue in sheet["issues"]} & {"R06", "R11"} == set()
    assert code == 0
    assert "R06" in err
    assert list(tmp_path.iterdir()) == []


def test_a_locked_warehouse_is_left_alone_and_named(tmp_path: Path, reading_here: None) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    held = f"held = duckdb.connect({str(warehouse)!r})"
    hold = f"import duckdb, sys; {held}; print('held', flush=True); sys.stdin.readline()"
    with subprocess.Popen([sys.executable, "-c", hold], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        holder.stdout.readline()
        code, _, err = gongshui("check", "--data", tmp_path, MESSY / "vp_names.xlsx")
        holder.communicate(b"\n")
    assert code == 0
    assert "正被另一个程序使用" in err


def test_a_warehouse_without_a_master_list_is_named(tmp_path: Path, reading_here: None) -> None:
    duckdb.connect(str(tmp_path / "warehouse.duckdb")).close()
    assert "R06" in gongshui("check", "--data", tmp_path, MESSY / "vp_names.xlsx")[2]


def test_a_missing_file_is_named_after_the_others_are_done(data: Path, reading_here: None) -> None:
    code, out, err = gongshui("check", "--json", "--data", data, "没有.xlsx", MESSY / "vp_xls.xls")
    assert code == 2
    assert json.loads(out)["status"] == "read"
    assert "没有.xlsx" in err


def test_folders_are_walked_and_speak_for_their_files(data: Path, tmp_path: Path, reading_here: None) -> None:
    folder = tmp_path / "2021-08-20" / "白石镇"
    folder.mkdir(parents=True)
    (folder / "~$x.xls").write_bytes(b"x")
    text = "小型集中供水进度\n村委会,自然村,户数,人口,进展情况\n甲村委会,乙村,10,40,未开工\n"
    (folder / "进度.csv").write_text(text, encoding="utf-8")
    for given in (tmp_path, folder / "进度.csv"):
        (sheet,) = json.loads(gongshui("check", "--json", "--data", data, given)[1])["sheets"]
        assert (sheet["town"], sheet["report_date"]) == ("白石镇", "2021-08-20")


def test_a_day_without_a_year_takes_that_of_the_dates_in_the_rows(tmp_path: Path, reading_here: None) -> None:
    head = "青龙镇镇级水厂进度（截至8月20日）\n村委会,自然村,户数,人口,进展情况,开工时间,计划完成时间\n"
    text = head + "甲村委会,乙村,10,40,在建,2021.5.6,9月底前\n"
    (tmp_path / "进度.csv").write_text(text, encoding="utf-8")
    (sheet,) = json.loads(gongshui("check", "--json", "--data", tmp_path, tmp_path / "进度.csv")[1])["sheets"]
    assert (sheet["report_date"], sheet["rows"][0]["planned_finish"]) == ("2021-08-20", "2021-09-30")


def test_an_empty_folder_is_named(data: Path, tmp_path: Path) -> None:
    code, out, err = gongshui("check", "--data", data, tmp_path)
    assert (code, out) == (2, "")
    assert str(tmp_path) in err


# --- corrections ------------------------------------------------------------------------------------------------------

HEAD = "文件,工作表,单元格,原值,更正为,原因,提出日期,提出岗位,状态\n"
LINE = "{file},,D3,{expect},412,多打一个负号,2021-08-21,水务局建管股,生效\n"
PROGRESS = "青龙镇镇级水厂进度\n村委会,自然村,户数,人口,进展情况\n兴隆村委会,大屋村,86,-412,未开工\n"


@pytest.fixture
def corrected(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reading_here: None):
    """Check a workbook of the inbox with a table of corrections that holds this line."""
    file = tmp_path / "raw" / "2021-08-20" / "青龙镇" / "进度.csv"
    file.parent.mkdir(parents=True)
    file.write_text(PROGRESS, encoding="utf-8")
    monkeypatch.setenv("GONGSHUI_RAW", str(tmp_path / "raw"))

    def run(line: str, *arguments: object) -> tuple[int, str, str]:
        (tmp_path / "corrections.csv").write_text(HEAD + line, encoding="utf-8")
        return gongshui("check", "--data", tmp_path / "data", file, *arguments)

    return run


@pytest.mark.parametrize("file", ["raw/2021-08-20/青龙镇/进度.csv", "2021-08-20/青龙镇/进度.csv", "进*.csv"])
def test_corrections_are_applied_and_the_cells_are_named(file: str, corrected) -> None:
    code, out, _ = corrected(LINE.format(file=file, expect="-412"))
    assert code == 0
    assert "没有发现问题" in out
    (line,) = [line for line in out.splitlines() if "更正表" in line]
    assert "D3" in line
    assert "“-412”读作“412”" in line


def test_a_correction_that_no_longer_fits_is_named_and_not_applied(corrected) -> None:
    line = LINE.format(file="进度.csv", expect="-421")
    code, out, _ = corrected(line)
    assert code == 1
    assert "应为“-421”，现为“-412”" in out
    assert "R02" in corrected(line, "--json")[1]
    (found,) = [
        issue
        for issue in json.loads(corrected(line, "--json", "--lang", "en")[1])["sheets"][0]["issues"]
        if issue["rule"] == "N21"
    ]
    assert (found["severity"], found["cell"]) == ("error", "D3")
    assert "should print" in found["message"]


def test_a_correction_for_another_file_says_nothing(corrected) -> None:
    code, out, err = corrected(LINE.format(file="2021-08-10/青龙镇/进度.csv", expect="-412"))
    assert code == 1
    assert "更正" not in err
    assert "更正表" not in out


def test_what_is_wrong_with_the_table_of_corrections_is_said(corrected) -> None:
    code, _, err = corrected("进度.csv,,第三格,-412,412,多打一个负号,2021-08-21,水务局建管股,生效\n")
    assert code == 1
    assert "“第三格”不是地址" in err
    assert "is no address" in corrected("进度.csv,,第三格,1,2,x,2021-08-21,x,生效\n", "--lang", "en")[2]


# --- what can go wrong ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("hostile_zip_bomb.xlsx", "unpacks to far more"),
        ("空.xlsx", "The file is empty"),
        ("通知.txt", "no header is recognised in it."),
    ],
)
def test_reasons_are_told_in_english(name: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "空.xlsx").write_bytes(b"")
    (tmp_path / "通知.txt").write_text("请各镇按时报送。", encoding="utf-8")
    file = tmp_path / name if (tmp_path / name).exists() else MESSY / name
    code, out, err = gongshui("--lang", "en", "check", "--data", tmp_path, file)
    assert code == 1
    assert said in out
    told = (out + err).replace(str(file), "")
    assert not any("\u4e00" <= character <= "\u9fff" for character in told)
    assert said in json.loads(gongshui("check", "--json", "--lang", "en", "--data", tmp_path, file)[1])["reason"]


def test_a_file_that_the_system_does_not_let_us_read_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, reading_here: None
) -> None:
    def deny(_: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    (tmp_path / "a.csv").write_text(PROGRESS, encoding="utf-8")
    monkeypatch.setattr(Path, "read_bytes", deny)
    code, out, _ = gongshui("check", "--data", tmp_path, tmp_path / "a.csv")
    assert code == 1
    assert "文件无法打开：没有读取权限（Permission denied）" in out


def test_no_file_is_a_bad_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as left:
        cli.main(["check"])
    assert left.value.code == 2
    assert "缺少参数：FILE" in capsys.readouterr().err


def test_a_file_named_twice_is_checked_once(data: Path, reading_here: None) -> None:
    file = MESSY / "vp_row_rules.xlsx"
    out = gongshui("check", "--json", "--data", data, file, file.parent / ".." / "messy" / file.name)[1]
    assert len(out.splitlines()) == 1


@pytest.fixture
def copying_here(reading_here: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make copies in this process too."""

    monkeypatch.setattr(copies, "run_isolated", read_here)


def test_copies_of_one_name_in_one_call_and_json_beside_them(data: Path, tmp_path: Path, copying_here: None) -> None:
    for folder in ("甲镇", "乙镇"):
        (tmp_path / folder).mkdir()
        shutil.copy(MESSY / "vp_row_rules.xlsx", tmp_path / folder / "进度.xlsx")
    files = [tmp_path / "甲镇" / "进度.xlsx", tmp_path / "乙镇" / "进度.xlsx"]
    code, out, err = gongshui("check", "--json", "--data", data, *files, "--return", tmp_path / "新" / "退回")
    assert code == 1
    assert [json.loads(line)["status"] for line in out.splitlines()] == ["read", "read"]
    copies_written = sorted(path.name for path in (tmp_path / "新" / "退回").iterdir())
    assert copies_written == ["乙镇-进度.xlsx", "进度.xlsx"]
    assert all(name in err for name in copies_written)
    again = gongshui("check", "--data", data, *files, "--return", tmp_path / "新" / "退回")
    assert again[0] == 1
    assert sorted(path.name for path in (tmp_path / "新" / "退回").iterdir()) == copies_written


def test_a_note_is_in_the_table_and_on_its_cell(data: Path, tmp_path: Path, copying_here: None) -> None:
    text = PROGRESS.replace("进展情况", "进展情况,天气").replace("未开工", "未开工,晴").replace("-412", "412")
    (tmp_path / "进度.csv").write_text(text, encoding="utf-8")
    _, out, _ = gongshui("check", "--data", data, tmp_path / "进度.csv", "--return", tmp_path / "退回")
    assert "表头“天气”" in out
    sheet = load_workbook(tmp_path / "退回" / "进度.xlsx")["Sheet1"]
    assert "表头“天气”" in sheet["F2"].comment.text


@pytest.mark.parametrize("place", ["占用", "占用/下级"])
def test_a_folder_that_cannot_be_written_is_said(place: str, data: Path, tmp_path: Path, copying_here: None) -> None:
    (tmp_path / "占用").write_text("x")
    file = MESSY / "vp_row_rules.xlsx"
    code, _, err = gongshui("check", "--data", data, file, "--return", tmp_path / place)
    assert code == 2
    assert "应为文件夹" in err or "批注副本未能生成" in err
    assert "Traceback" not in err
    assert (tmp_path / "占用").read_text() == "x"


def test_a_workbook_in_the_folder_is_not_replaced(data: Path, tmp_path: Path, copying_here: None) -> None:
    shutil.copy(MESSY / "vp_names.xlsx", tmp_path / "vp_row_rules.xlsx")
    code, _, err = gongshui("check", "--data", data, MESSY / "vp_row_rules.xlsx", "--return", tmp_path)
    assert code == 2
    assert "未覆盖" in err
    assert (tmp_path / "vp_row_rules.xlsx").read_bytes() == (MESSY / "vp_names.xlsx").read_bytes()


def test_text_of_the_file_does_not_steer_the_terminal(data: Path, tmp_path: Path, reading_here: None) -> None:
    text = "青龙镇镇级水厂进度\n村委会,自然村,户数,人口,进展情况\n甲村委会,乙\x0c\u202e村,-1,40,未开工\n"
    (tmp_path / "进度.csv").write_text(text, encoding="utf-8")
    out = gongshui("check", "--data", data, tmp_path)[1]
    assert "\u202e" not in out
    assert "\x0c" not in out


def test_the_same_bytes_under_two_names_are_checked_each(data: Path, tmp_path: Path, reading_here: None) -> None:
    for name in ("甲.xlsx", "乙.xlsx"):
        shutil.copy(MESSY / "vp_row_rules.xlsx", tmp_path / name)
    lines = [json.loads(line) for line in gongshui("check", "--json", "--data", data, tmp_path)[1].splitlines()]
    assert lines[0]["sheets"] == lines[1]["sheets"]
    assert lines[0]["sheets"][0]["rejected"]
