"""Corrections: single cells read otherwise than they print, until the town sends them right.

The county keeps them in a table that any spreadsheet program edits (docs/corrections.md). A correction says what the
cell prints now; where the cell prints something else, or is gone, it is not applied, and the night says so until
somebody mends or closes it.
"""

import datetime as dt
import fnmatch
import hashlib
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from flows.ingest.grid import CellError, Grid, Uncached, Value, parse_range, read_workbook
from flows.ingest.guard import Limits, Refused
from flows.ingest.records import Note, Records
from flows.ingest.sheet import letters
from flows.ingest.values import Number, day, number, printed
from flows.said import Said
from schemas.text import heading_key, plain

# What a correction did, and what kept it from being applied.
APPLIED, FAILED = "N20", "N21"
_HEADINGS = {
    "file": ("文件", "文件名"),
    "sheet": ("工作表",),
    "cell": ("单元格",),
    "expect": ("原值", "现值"),
    "value": ("更正为", "改为"),
    "reason": ("原因", "理由"),
    "reported_on": ("提出日期", "日期"),
    "reported_by": ("提出岗位", "岗位"),
    "status": ("状态",),
}
# A blank sheet is the only one of the workbook; a blank expectation is a blank cell.
_MAY_BE_BLANK = ("sheet", "expect")
_STATUS = {
    "open": "open",
    "生效": "open",
    "有效": "open",
    "closed": "closed",
    "关闭": "closed",
    "已关闭": "closed",
    "停用": "closed",
}
_PLAIN_NUMBER = re.compile(r"^-?(?:0|[1-9]\d{0,14})(?:\.\d+)?$")


@dataclass(frozen=True)
class Correction:
    """One cell to be read otherwise: where it is, what it prints, what to read instead, and why."""

    file: str
    sheet: str
    cell: str
    expect: str
    value: str
    reason: str
    reported_on: dt.date
    # A post or an office, never a person's name.
    reported_by: str

    def is_for(self, path: str) -> bool:
        """Whether a file of the inbox is meant: its path with or without the inbox's name, its name, or a pattern."""
        meant = _path(self.file)
        known = _path(path)
        for name in (known, known.partition("/")[2], known.rpartition("/")[2]):
            if name == meant or fnmatch.fnmatchcase(name, meant):
                return True
        return False

    @property
    def place(self) -> str:
        """Where the cell is, in words."""
        return f"《{self.file}》{f'“{self.sheet}”' if self.sheet else ''}{self.cell}"

    def failure(self, zh: str, en: str) -> Said:
        """Why it could not be applied."""
        return Said(
            f"更正未执行：{self.place}{zh}。请核对后修改这条更正；乡镇已更正的，状态改为“关闭”。",
            f"correction not applied: {self.place} {en}. Mend it, or close it where the town has sent it right.",
        )


@dataclass(frozen=True)
class Corrections:
    """The open corrections of a county, and what is wrong with the table they stand in."""

    lines: tuple[Correction, ...] = ()
    problems: tuple[Said, ...] = ()
    # A table that cannot be opened says nothing: what was corrected before stays as it is.
    is_readable: bool = True

    def of(self, path: str) -> tuple[Correction, ...]:
        """Those for one file of the inbox."""
        return tuple(line for line in self.lines if line.is_for(path))

    def version(self, path: str) -> str:
        """What a file has to be read again for: a digest of its corrections, empty where it has none."""
        lines = sorted(map(repr, self.of(path)))
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()[:16] if lines else ""


def read_corrections(location: Path | None, limits: Limits) -> Corrections:
    """Read the table of corrections: csv (UTF-8 or GB18030) or a workbook, one correction a line.

    Parameters
    ----------
    location : pathlib.Path or None
        Where it is; no such file is no correction.
    limits : Limits
        What a reader may spend on it.

    Returns
    -------
    Corrections
        A line that lacks something is no correction, and a problem.
    """
    if location is None or not location.exists():
        return Corrections()
    try:
        grid = read_workbook(location.read_bytes(), location.name, limits)[0]
    except Refused as refused:
        return _unreadable(location, refused.reason_zh, refused.reason_en)
    except OSError as error:
        return _unreadable(location, f"{error.strerror}。", f"{error.strerror}.")
    head, columns = _head(grid)
    missing = [titles[0] for name, titles in _HEADINGS.items() if name not in columns]
    if missing:
        return _unreadable(location, f"缺少栏目：{'、'.join(missing)}。", f"it lacks columns: {', '.join(missing)}.")
    lines, problems = [], []
    for row in range(head + 1, len(grid.rows)):
        told = {name: printed(grid.at(row, column)) for name, column in columns.items()}
        if not any(told.values()):
            continue
        if wrong := list(_wrong(told)):
            zh = f"更正表《{location.name}》第{row + 1}行不能执行：{'；'.join(said.zh for said in wrong)}。"
            en = f"line {row + 1} of {location.name} cannot be applied: {'; '.join(said.en for said in wrong)}."
            problems.append(Said(zh, en))
        elif _STATUS[told.pop("status").casefold()] == "open":
            reported_on = day(told.pop("reported_on"), None)
            assert isinstance(reported_on, dt.date)
            lines.append(Correction(**told | {"cell": _cell(told["cell"])}, reported_on=reported_on))
    return Corrections(tuple(lines), tuple(problems))


def _unreadable(location: Path, zh: str, en: str) -> Corrections:
    said = Said(f"更正表《{location.name}》无法读取：{zh}", f"{location.name} cannot be read: {en}")
    return Corrections(problems=(said,), is_readable=False)


def _head(grid: Grid) -> tuple[int, dict[str, int]]:
    """The row of the headings and the column of each field: the first row that knows most of them."""
    names = {heading_key(word): name for name, titles in _HEADINGS.items() for word in (name, *titles)}
    best: tuple[int, dict[str, int]] = (0, {})
    for row, cells in enumerate(grid.rows[:10]):
        found: dict[str, int] = {}
        for column, value in enumerate(cells):
            if isinstance(value, str) and (name := names.get(heading_key(value))):
                found.setdefault(name, column)
        if len(found) > len(best[1]):
            best = row, found
    return best


def _wrong(told: dict[str, str]) -> Iterator[Said]:
    """What a line lacks, or says in words that are not known."""
    for name, titles in _HEADINGS.items():
        if not told[name] and name not in _MAY_BE_BLANK:
            yield Said(f"“{titles[0]}”为空", f"{name} is empty")
    if told["cell"] and not _cell(told["cell"]):
        yield Said(f"单元格“{told['cell']}”不是地址", f"{told['cell']!r} is no address of a cell")
    if told["reported_on"] and not isinstance(day(told["reported_on"], None), dt.date):
        yield Said(f"提出日期“{told['reported_on']}”不是日期", f"{told['reported_on']!r} is no date")
    if told["status"] and told["status"].casefold() not in _STATUS:
        yield Said(f"状态“{told['status']}”应为“生效”或“关闭”", f"status {told['status']!r} is not open or closed")


def _cell(text: str) -> str:
    """An address as the margins of the sheet print it, empty where the text is none."""
    address = plain(text).upper()
    place = parse_range(address)
    is_one = place is not None and place[:2] == place[2:] and place.top >= 0
    return address.replace("$", "") if is_one else ""


def _path(text: str) -> str:
    return unicodedata.normalize("NFC", text.strip().replace("\\", "/")).removeprefix("./")


# --- in a workbook ----------------------------------------------------------------------------------------------------


@dataclass
class Applied:
    """What corrections did to the sheets of one file."""

    # (sheet, cell) → what it prints.
    printed: dict[tuple[str, str], str] = field(default_factory=dict)
    # The sheet that a note belongs to; None where there is no such sheet.
    notes: list[tuple[str | None, Note]] = field(default_factory=list)

    def keep_printed(self, sheet: str, records: Records) -> None:
        """Records keep what the corrected cells print."""
        for place, record in enumerate(records) if self.printed else ():
            for name, cell in record.cells.items():
                if (sheet, cell) in self.printed and name not in record.unread:
                    records.put_printed(place, name, self.printed[sheet, cell])


def apply(grids: Sequence[Grid], corrections: Sequence[Correction]) -> Applied:
    """Write the corrections into the sheets of a file, before they are read.

    Parameters
    ----------
    grids : sequence of Grid
        Changed in place.
    corrections : sequence of Correction
        Those for the file.

    Returns
    -------
    Applied
        What the corrected cells print, and a note for each correction: N20 where it was applied, N21 (an error) where
        the cell does not print what is expected, or is gone.
    """
    applied = Applied()
    for correction in corrections:
        named = [grid for grid in grids if grid.name == correction.sheet]
        if not correction.sheet:
            named = [grid for grid in grids if not grid.is_hidden]
        if len(named) == 1:
            _correct(named[0], correction, applied)
            continue
        sheets = "、".join(grid.name for grid in grids)
        said = correction.failure(
            f"，文件中{'有多个工作表，须写明工作表名' if not correction.sheet else '没有这个工作表'}（现有：{sheets}）",
            f"names no sheet of the file (there are: {sheets})",
        )
        applied.notes.append((None, Note(FAILED, said.zh, said.en, severity="error")))
    return applied


def _correct(grid: Grid, correction: Correction, applied: Applied) -> None:
    place = parse_range(correction.cell)
    assert place is not None
    row, column = place.top, place.left
    for merge in grid.merges:
        if merge.top <= row <= merge.bottom and merge.left <= column <= merge.right:
            row, column = merge.top, merge.left
    stands, address = grid.at(row, column), f"{letters(column)}{row + 1}"
    there = printed(stands)
    if (grid.name, address) in applied.printed or not _is_expected(stands, correction.expect):
        twice = (grid.name, address) in applied.printed
        said = correction.failure(
            "已有另一条更正" if twice else f"应为“{correction.expect}”，现为“{there}”",
            "has another correction" if twice else f"should print “{correction.expect}” and prints “{there}”",
        )
        note = Note(FAILED, said.zh, said.en, row + 1, address, there, "error")
        applied.notes.append((grid.name, note))
        return
    # A cell beyond the sheet's last value is one that is blank.
    grid.rows.extend([] for _ in range(len(grid.rows), row + 1))
    cells = grid.rows[row]
    cells.extend(None for _ in range(len(cells), column + 1))
    cells[column] = _value(correction.value, stands)
    grid.formulas.pop((row, column), None)
    applied.printed[grid.name, address] = there
    why = f"{correction.reason}；{correction.reported_by}，{correction.reported_on}提出"
    zh = f"按更正表将“{there}”读作“{correction.value}”（{why}）。请在下一期报表中更正。"
    en = f"read “{correction.value}” instead of “{there}” by a correction ({why})."
    applied.notes.append((grid.name, Note(APPLIED, zh, en, row + 1, address, there)))


def _is_expected(stands: Value, expect: str) -> bool:
    """Whether a cell prints what a correction expects, however its format shows numbers and days."""
    if plain(printed(stands)) == plain(expect):
        return True
    match stands:
        case bool() | CellError() | Uncached() | str() | None:
            return False
        case dt.date():
            return day(expect, None) == (stands.date() if isinstance(stands, dt.datetime) else stands)
    figure = number(expect)
    return isinstance(figure, Number) and figure.value * (figure.factor or 1) == Decimal(str(stands))


def _value(text: str, stands: Value) -> Value:
    """What the cell holds instead: a number stays one, so that formulas over it still count."""
    if isinstance(stands, int | float) and not isinstance(stands, bool) and _PLAIN_NUMBER.match(text):
        return float(text)
    return text
