"""Rubrics (考核办法) of one county or several, a table in place of the one that is shipped (docs/rubric.md)."""

import datetime as dt
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from pathlib import Path

from flows.ingest.grid import Grid, read_workbook
from flows.ingest.guard import Limits, Refused
from flows.ingest.values import day, printed
from flows.settings import BadSetting

COLUMNS = ("indicator", "name_zh", "metric", "weight", "rule_type", "parameters", "valid_from", "valid_to", "source")
COUNTY = "county_code"  # a column that need not be there; a blank is every county that has no lines of its own
SHIPPED = Path(__file__).resolve().parent.parent / "sql" / "seeds" / "rubric.csv"
_MAY_BE_BLANK = ("parameters", "valid_to", "source", COUNTY)
_WORDS = ("name_zh", "source")  # for people; the others are read by the models, full-width signs or not

Line = dict[str, str]


def read_rubric(location: Path | None, limits: Limits) -> list[Line]:
    """Read a rubric: csv (UTF-8 or GB18030) or a workbook, one indicator a line, under the headings of the seed.

    Where every line is of some county, those of the shipped rubric come with them, for all others. Whether it adds up
    is asked where it is used: by the model int_rubric_line, of a county's own and the shipped one alike.

    Parameters
    ----------
    location
        Where it is; None where the shipped one is all there is.
    limits
        What a reader may spend on it.

    Returns
    -------
    list of dict
        The lines by column, as texts: weights as plain numbers, dates ISO, blanks empty. Empty without a file.

    Raises
    ------
    BadSetting
        It cannot be read, or a cell is not what it has to be.
    """
    if location is None:
        return []
    try:
        grid = read_workbook(location.read_bytes(), location.name, limits)[0]
    except Refused as refused:
        raise _bad(location, refused.reason_zh, refused.reason_en) from refused
    except OSError as error:
        raise _bad(location, f"{error.strerror}。", f"{error.strerror}.") from error
    headings = [printed(value) for value in grid.rows[0]] if grid.rows else []
    if missing := [name for name in COLUMNS if name not in headings]:
        raise _bad(location, f"第1行缺少列名：{'、'.join(missing)}。", f"line 1 lacks {', '.join(missing)}.")
    places = {name: headings.index(name) for name in (*COLUMNS, COUNTY) if name in headings}
    filled = [row for row in range(1, len(grid.rows)) if any(map(printed, grid.rows[row]))]
    lines = [_line(location, grid, row, places) for row in filled]
    if not lines:
        raise _bad(location, "没有内容。", "it has no lines.")
    return [*lines, *read_rubric(SHIPPED, limits)] if all(line[COUNTY] for line in lines) else lines


def _line(location: Path, grid: Grid, row: int, places: dict[str, int]) -> Line:
    line = {COUNTY: ""} | {name: printed(grid.at(row, column)) for name, column in places.items()}
    for name, text in line.items():
        if name in _WORDS or (not text and name in _MAY_BE_BLANK):
            continue
        value = _value(name, unicodedata.normalize("NFKC", text))
        if not value:
            zh = f"第{row + 1}行的 {name} {'为空' if not text else f'不能是“{text}”'}。"
            raise _bad(location, zh, f"line {row + 1}: {name} cannot be “{text}”.")
        line[name] = value
    return line


def _value(name: str, text: str) -> str:
    """The text as the models read it; empty where it is none."""
    if name == "weight":
        try:
            weight = Decimal(text)
        except InvalidOperation:
            return ""
        return f"{weight:f}" if 0 <= weight <= 100 else ""
    if name.startswith("valid_"):
        date = day(text, None)
        return date.isoformat() if isinstance(date, dt.date) else ""
    if name == COUNTY:
        return text if re.fullmatch("[0-9]{6}", text) else ""
    return text


def _bad(location: Path, zh: str, en: str) -> BadSetting:
    return BadSetting(f"考核办法《{location.name}》无法使用：{zh}", f"The rubric {location.name} cannot be used: {en}")
