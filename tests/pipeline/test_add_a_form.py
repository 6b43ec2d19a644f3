"""docs/add-a-form.md in one test: one schema module is written, and nothing else knows of it."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
import xlsxwriter

pytestmark = pytest.mark.pipeline

MODULE = '''
"""在校学生统计表: pupils of each school, grade by grade."""

import pandas as pd
from pandera.typing import Series

from schemas import rules
from schemas.form import code, count, form, text, value_rule
from schemas.rows import OfTown
from schemas.vocabulary import Term, Vocabulary

GRADE = Vocabulary(
    "grade",
    {f"grade_{n}": Term(f"{name}年级", f"grade {n}", f"{name}级 {n}年级") for n, name in enumerate("一二三", 1)},
)


@form(
    "school_census",
    "在校学生统计表",
    grain=("school", "grade"),
    title_words=("学生", "学校"),
    spread="grade",
    measures=("boys", "girls"),
)
class SchoolCensus(OfTown):
    """一所学校一个年级的一行。One school and grade."""

    school: Series[pd.StringDtype] = text("学校名称", "学校 校名", required=True, description="学校全称")
    grade: Series[pd.StringDtype] = code("年级", vocabulary=GRADE, required=True, description="年级")
    boys: Series[pd.Float64Dtype] = count("男生", "男 男生人数", dimension="persons", required=True)
    girls: Series[pd.Float64Dtype] = count("女生", "女 女生人数", dimension="persons")

    @value_rule("R02", "boys", "girls")
    def is_a_count(cls, values: pd.Series) -> pd.Series:
        """R02."""
        return rules.is_count(values, 0)
'''
DIVISION = """云塘县行政区划与户籍基数表（截至2021年6月25日）
自然村编码,镇,村委会,自然村,户籍户数,户籍人口
440999101200001,青龙镇,兴隆村委会,大屋村,86,412
"""
NIGHT = """
import datetime as dt, json, sys
from pathlib import Path
import duckdb
from flows.ingest.guard import Limits
from flows.ingest.night import Options, ingest

if __name__ == "__main__":
    raw, warehouse = map(Path, sys.argv[1:])
    night = ingest(raw, warehouse, Options(Limits(), 1), dt.datetime(2021, 9, 1), lambda *_: None)
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        rows = connection.execute(
            "select town, town_code, report_date::varchar, school, grade, boys, girls, cells ->> 'boys' "
            "from landing.school_census order by row, seq"
        ).fetchall()
        issues = connection.execute("select form, rule, cell, field, message_zh from landing.issue").fetchall()
    print(json.dumps({"status": [o.status for o in night.outcomes], "rows": rows, "issues": issues}))
"""


def census(location: Path) -> None:
    """A three-row header: all pupils, over grades, over boys and girls; one count is negative."""
    with xlsxwriter.Workbook(location) as book:
        sheet, form = book.add_worksheet("学生"), book.add_format()
        sheet.merge_range("A1:E1", "青龙镇学校学生情况（截至2021年9月1日）", form)
        sheet.merge_range("A2:A4", "学校", form)
        sheet.merge_range("B2:E2", "在校学生（人）", form)
        sheet.merge_range("B3:C3", "一年级", form)
        sheet.merge_range("D3:E3", "2年级", form)
        sheet.write_row("B4", ["男", "女", "男", "女"])
        sheet.write_row("A5", ["青龙中心小学", 31, 28, 30, "33人"])
        sheet.write_row("A6", ["兴隆小学", 12, 11, -1, 9])
        sheet.write_row("A7", ["合计", 43, 39, 29, 42])


@pytest.fixture
def surroundings(tmp_path):
    """A folder with one schema module, and an environment that names it."""
    (tmp_path / "forms").mkdir()
    (tmp_path / "forms" / "school_census.py").write_text(MODULE, encoding="utf-8")
    return os.environ | {"GONGSHUI_FORMS": str(tmp_path / "forms"), "PYTHONPATH": str(Path.cwd())}


def test_a_form_is_added_by_one_module_and_its_three_row_header_is_read_judged_and_landed(tmp_path, surroundings):
    inbox = tmp_path / "raw" / "2021-09-01"
    inbox.mkdir(parents=True)
    census(inbox / "学生.xlsx")
    (inbox / "区划.csv").write_text(DIVISION, encoding="utf-8")
    (tmp_path / "night.py").write_text(NIGHT, encoding="utf-8")
    warehouse = tmp_path / "warehouse.duckdb"
    done = subprocess.run(
        [sys.executable, tmp_path / "night.py", inbox.parent, warehouse],
        env=surroundings, capture_output=True, check=True,
    )  # fmt: skip
    found = json.loads(done.stdout)
    place = ["青龙镇", "440999101", "2021-09-01"]
    assert found["status"] == ["read", "read"]
    assert found["rows"] == [
        [*place, "青龙中心小学", "grade_1", 31, 28, "B5"],
        [*place, "青龙中心小学", "grade_2", 30, 33, "D5"],
        [*place, "兴隆小学", "grade_1", 12, 11, "B6"],
    ]
    ((form, rule, cell, field, message),) = found["issues"]
    assert (form, rule, cell, field) == ("school_census", "R02", "D6", "boys")
    assert "“男生”填为“-1”" in message

    command = [sys.executable, "-m", "flows.cli", "template", "在校学生统计表", "--town", "青龙镇"]
    command += ["--data", str(tmp_path), "--output", str(tmp_path / "t.xlsx")]
    said = subprocess.run(command, env=surroundings, capture_output=True, check=True)
    assert "2 行" in said.stderr.decode()
