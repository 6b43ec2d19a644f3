"""Answers as CSV for Excel and WPS: hostile text stays text, codes keep their digits, numbers stay numbers."""

import csv
import datetime as dt
import shutil
import subprocess
from decimal import Decimal
from pathlib import Path

import duckdb
import openpyxl
import pytest

from flows import cli
from flows.publish.query import QueryError
from flows.publish.spreadsheet import cell, save, save_tables

FORMULAS = [
    "=HYPERLINK(\"http://example.com?\"&A1,\"点击\")", "+1+1", "-2+3", "@SUM(1,1)", "\t=1", "\r=1", "\n=1", " =1+1",
    "＝1+1", "=cmd|' /C calc'!A0", "-", "\0=1",
]  # fmt: skip
CODES = [
    "449901101001",
    "449901101001002",
    "007",
    "3-5",
    "1E5",
    "12.50",
    "2021/8",
    "8月20日",
    "13:30",
    "１２３４５６７８９０１２",
]


@pytest.fixture(scope="module")
def marts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of one table, a row for each text; `id` is a number and as long as a code."""
    file = tmp_path_factory.mktemp("县 数据") / "published" / "marts.duckdb"
    file.parent.mkdir()
    with duckdb.connect(file.with_name("made.duckdb")) as con:
        con.execute("""
            create schema marts_zh; create schema meta;
            create table main.said (id bigint, words varchar, money decimal(18, 2), seen_on date, yes boolean);
            create view marts_zh.said as
                select id as 编号, words as "=原文", money as 金额, seen_on as 日期 from main.said;
            create table meta.table_rows as select 'said' as table_name, 0::bigint as "rows";
        """)
        con.executemany(
            "insert into main.said values (?, ?, -1234.50, date '2021-08-20', true)",
            [
                (123456789012 + number, text)
                for number, text in enumerate([*FORMULAS, *CODES, '他说"好"，\n再见', None])
            ],
        )
    return file.with_name("made.duckdb").rename(file)


def rows_of(file: Path) -> list[list[str]]:
    with file.open(encoding="utf-8-sig", newline="") as lines:
        return list(csv.reader(lines))


@pytest.mark.parametrize("text", FORMULAS)
def test_a_text_that_might_be_run_is_a_text_that_starts_with_a_quote(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", CODES)
def test_a_text_that_looks_like_a_number_or_a_day_is_kept_a_text_by_a_tab(text: str) -> None:
    assert cell(text) == f"\t{text}"


@pytest.mark.parametrize("text", ["青龙镇", "449901", "0", "12345678901", "A-1", "2-3户", "50%以上", ""])
def test_any_other_text_is_untouched(text: str) -> None:
    assert cell(text) == text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (-5, "-5"), (Decimal("-1234567890123456.70"), "-1234567890123456.70"), (-0.5, "-0.5"), (True, "true"),
        (dt.date(2021, 8, 20), "2021-08-20"), (123456789012345, "123456789012345"), (None, ""),
    ],
)  # fmt: skip
def test_numbers_and_dates_are_untouched(value: object, shown: str) -> None:
    assert cell(value) == shown


def test_an_answer_is_saved_whole_with_a_byte_order_mark(marts: Path, tmp_path: Path) -> None:
    file = tmp_path / "原文.csv"
    assert save(marts, 'select words as "=原文", money from said order by id', file) == len(FORMULAS) + len(CODES) + 2
    assert file.read_bytes().startswith("\ufeff'=原文,money\r\n".encode())
    assert [row[0] for row in rows_of(file)][-2:] == ['他说"好"，\n再见', ""]
    with pytest.raises(QueryError):
        save(marts, "select cast(words as int) from said", file)
    assert len(rows_of(file)) == len(FORMULAS) + len(CODES) + 3  # what was there stands
    assert list(tmp_path.iterdir()) == [file]


def test_tables_are_saved_under_chinese_headings_or_under_their_own_names(marts: Path, tmp_path: Path) -> None:
    (file,) = save_tables(marts, tmp_path / "表", [], "zh")
    assert file == tmp_path / "表" / "said.csv"
    assert rows_of(file)[0] == ["编号", "'=原文", "金额", "日期"]
    (file,) = save_tables(marts, tmp_path / "表", ["marts.said"], "en")
    assert rows_of(file)[0] == ["id", "words", "money", "seen_on", "yes"]
    with pytest.raises(QueryError, match="said"):
        save_tables(marts, tmp_path / "无", ["sad"], "zh")
    assert not (tmp_path / "无").exists()


def test_the_commands_print_where_the_files_are(
    marts: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    data = ["--data", str(marts.parent.parent)]
    assert cli.main(["publish", "csv", "--output", str(tmp_path / "表"), *data]) == 0
    assert capsys.readouterr() == (f"{tmp_path / '表' / 'said.csv'}\n", "")
    assert cli.main(["publish", "csv", "--output", str(tmp_path), "--table", "said", "--table", "x", *data]) == 2
    assert "没有表 x" in capsys.readouterr().err
    monkeypatch.setattr("flows.publish.spreadsheet.MOST_ROWS", 1)
    assert cli.main(["sql", "from said", "--output", str(tmp_path / "一.csv"), *data]) == 0
    assert "只能显示前 1 行" in capsys.readouterr().err


@pytest.mark.skipif(not shutil.which("soffice"), reason="LibreOffice is not installed")
def test_a_spreadsheet_opens_it_without_a_formula_and_with_every_digit(marts: Path, tmp_path: Path) -> None:
    save(marts, "select * from said order by id", tmp_path / "said.csv")
    subprocess.run(
        ["soffice", "--headless", f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}",
         "--infilter=CSV:44,34,76", "--convert-to", "xlsx", "--outdir", str(tmp_path), str(tmp_path / "said.csv")],
        check=True, capture_output=True, timeout=120,
    )  # fmt: skip
    head, *rows = openpyxl.load_workbook(tmp_path / "said.xlsx").active.iter_rows()
    assert [cell.value for cell in head] == ["id", "words", "money", "seen_on", "yes"]
    assert all(cell.data_type != "f" for row in rows for cell in row)
    assert [row[0].value for row in rows] == [123456789012 + number for number in range(len(rows))]
    assert {row[2].value for row in rows} == {-1234.5}
    assert {row[3].value for row in rows} == {dt.datetime(2021, 8, 20)}
    shown = [row[1].value for row in rows]
    assert [str(text).strip("\t") for text in shown[len(FORMULAS) : -2]] == CODES
    assert all(str(text).startswith("'") for text in shown[: len(FORMULAS)])
