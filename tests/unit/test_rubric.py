"""A county's own rubric is read as the county writes it, and refused with the line that is wrong."""

import csv
import datetime as dt
from pathlib import Path

import pytest
from openpyxl import Workbook

from flows.ingest.guard import Limits
from flows.rubric import COLUMNS, COUNTY, SHIPPED, read_rubric
from flows.settings import BadSetting, read_settings

LINE = "timeliness,报送及时,timeliness,5,deduct,per_unit=1;due_days=1,2021/8/1,,县办〔2021〕7号"


def write(folder: Path, *lines: str, header: tuple[str, ...] = COLUMNS, encoding: str = "utf-8") -> Path:
    file = folder / "考核办法.csv"
    file.write_text("\r\n".join([",".join(header), *lines]) + "\r\n", encoding=encoding)
    return file


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_csv_as_a_spreadsheet_program_saves_it(tmp_path: Path, encoding: str) -> None:
    (line,) = read_rubric(write(tmp_path, LINE, ",,,,,,,,", encoding=encoding), Limits())
    assert line == {
        "indicator": "timeliness",
        "name_zh": "报送及时",
        "metric": "timeliness",
        "weight": "5",
        "rule_type": "deduct",
        "parameters": "per_unit=1;due_days=1",
        "valid_from": "2021-08-01",
        "valid_to": "",
        "source": "县办〔2021〕7号",
        "county_code": "",
    }


def test_lines_of_counties_alone_leave_the_shipped_rubric_to_all_others(tmp_path: Path) -> None:
    file = write(tmp_path, f"{LINE},９９０１０１", header=(*COLUMNS, COUNTY))
    own, *others = read_rubric(file, Limits())
    assert own["county_code"] == "990101"
    assert others == read_rubric(SHIPPED, Limits())
    file = write(tmp_path, f"{LINE},990101", f"{LINE},", header=(*COLUMNS, COUNTY))
    assert [line["county_code"] for line in read_rubric(file, Limits())] == ["990101", ""]


def test_workbook_with_dates_and_full_width_signs(tmp_path: Path) -> None:
    book = Workbook()
    assert book.active is not None
    book.active.append(COLUMNS)
    book.active.append(
        ["a", "甲", "schedule", 12.5, "step", "０.９＝１２.５；０.８＝５", dt.date(2022, 1, 1), None, None]
    )
    book.save(tmp_path / "rubric.xlsx")
    (line,) = read_rubric(tmp_path / "rubric.xlsx", Limits())
    assert (line["weight"], line["parameters"], line["valid_from"]) == ("12.5", "0.9=12.5;0.8=5", "2022-01-01")


def test_the_shipped_rubric_can_be_copied_and_changed() -> None:
    with SHIPPED.open(encoding="utf-8", newline="") as file:
        assert read_rubric(SHIPPED, Limits()) == list(csv.DictReader(file))


@pytest.mark.parametrize(
    ("line", "said"),
    [
        (f"{LINE},云塘县", "第2行的 county_code 不能是“云塘县”"),
        (LINE.replace(",5,", ",五,"), "第2行的 weight 不能是“五”"),
        (LINE.replace(",5,", ",105,"), "第2行的 weight 不能是“105”"),
        (LINE.replace("2021/8/1", "8月"), "第2行的 valid_from 不能是“8月”"),
        (LINE.replace("timeliness,", ",", 1), "第2行的 indicator 为空"),
    ],
)
def test_a_bad_cell_is_named(tmp_path: Path, line: str, said: str) -> None:
    with pytest.raises(BadSetting) as caught:
        read_rubric(write(tmp_path, line, header=(*COLUMNS, COUNTY)), Limits())
    assert said in caught.value.zh
    assert "line 2" in caught.value.en


def test_what_cannot_be_read_is_said(tmp_path: Path) -> None:
    (tmp_path / "empty.csv").write_text(",".join(COLUMNS) + "\n", encoding="utf-8")
    (tmp_path / "other.csv").write_text("indicator,weight\na,100\n", encoding="utf-8")
    for name, said in {
        "nowhere.csv": "无法使用",
        "empty.csv": "没有内容",
        "other.csv": "缺少列名：name_zh、metric、rule_type",
    }.items():
        with pytest.raises(BadSetting) as caught:
            read_rubric(tmp_path / name, Limits())
        assert said in caught.value.zh


def test_the_settings_name_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_rubric(read_settings().rubric, Limits()) == []
    (tmp_path / "gongshui.toml").write_text('rubric = "考核办法.csv"\n', encoding="utf-8")
    write(tmp_path, LINE)
    assert len(read_rubric(read_settings().rubric, Limits())) == 1
