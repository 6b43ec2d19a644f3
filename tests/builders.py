"""Tiny sheets, master lists and inboxes for the unit tests of ingest."""

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import Any

import pytest

from flows.ingest import reading
from flows.ingest.context import Names
from flows.ingest.grid import Grid, Merge, Value, parse_range
from flows.ingest.headings import Heading, heading
from flows.ingest.judged import Issue, Origin, Row, Rows
from flows.ingest.master import Master, Village
from flows.ingest.reading import TableRead
from flows.ingest.records import Record, Records
from flows.ingest.validate import judge

RECEIVED = dt.date(2021, 8, 25)
REPORTED = dt.date(2021, 8, 20)
TITLE = "青龙镇镇级水厂扩网工程进度表（截至2021年8月20日）"
# The columns that a progress table needs; a row of it is `VILLAGE`.
PROGRESS = ["村委会", "自然村", "户数", "人口", "进展情况"]
VILLAGE: list[Value] = ["兴隆村委会", "大屋村", 86, 412, "在建"]


def grid(*rows: Sequence[Value], name: str = "Sheet1", merges: str = "", **options: Any) -> Grid:
    """A sheet of these rows; merges as printed, `A1:E1 A3:A4`."""
    ranges = [merge for text in merges.split() if (merge := parse_range(text))]
    return Grid(name=name, rows=[list(row) for row in rows], merges=[Merge(*merge) for merge in ranges], **options)


def names(file: str = "报表.xlsx", *folders: str, received: dt.date = RECEIVED, towns: Iterable[str] = ()) -> Names:
    """The names around a file, its nearest folder first."""
    return Names("", file, folders, received, frozenset(towns))


def tables(sheet: Grid, around: Names | None = None) -> list[TableRead]:
    """The tables of a sheet, read."""
    return reading._read_sheet(sheet, around or names())


def table(sheet: Grid, around: Names | None = None) -> TableRead:
    """The only table of a sheet, read."""
    (only,) = tables(sheet, around)
    return only


def records(*rows: Sequence[Value], merges: str = "", around: Names | None = None, **options: Any) -> Records:
    """The records of the only table of a sheet of these rows."""
    return table(grid(*rows, merges=merges, **options), around).records


def column(found: Sequence[Record], field: str) -> list[Any]:
    """One field of all records; a field without a value is None."""
    return [record.values.get(field) for record in found]


def path(*printed: str) -> tuple[Heading, ...]:
    """The headings over a column, the top one first."""
    return tuple(heading(text) for text in printed)


# --- rows to judge ----------------------------------------------------------------------------------------------------

VILLAGES = [
    Village("440999101200001", "青龙镇", "兴隆村委会", "大屋村", 412, alias="老屋、大屋场"),
    Village("440999101200002", "青龙镇", "兴隆村委会", "上围", 100),
    Village("440999101200003", "青龙镇", "石桥村委会", "下围", 350),
    Village("440999102200001", "白石镇", "山口村委会", "大屋村", 280),
]
MASTER = Master(VILLAGES)
ACCEPTABLE: dict[str, Any] = {
    "town": "青龙镇",
    "village_committee": "兴隆村委会",
    "natural_village": "大屋村",
    "supply_mode": "town_plant",
    "households": 86,
    "population": 412,
    "status": "under_construction",
    "finished_on": None,
}
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def row(
    place: int = 0,
    *,
    sheet: str = "Sheet1",
    file: str = "raw/2021-08-20/青龙镇.xlsx",
    reported: dt.date = REPORTED,
    printed: dict[str, str] | None = None,
    unread: dict[str, str] | None = None,
    base: dict[str, Any] = ACCEPTABLE,
    **values: Any,
) -> Row:
    """A row that breaks no rule, but for these values."""
    values = base | values | dict.fromkeys(unread or {})
    cells = {field: f"{LETTERS[n]}{place + 4}" for n, field in enumerate(values)}
    record = Record(place + 4, values, cells, printed or {}, unread or {})
    return Row(Rows(Origin(file, file, sheet, None, reported), Records.of([record]), place), 0)


def judged(*rows: Row, form: str = "village_progress", master: Master = MASTER) -> list[Issue]:
    """The issues of these rows."""
    for row in rows:
        row.rows.master = master
    return judge(form, [row.rows for row in rows])


def rules(*rows: Row, form: str = "village_progress", master: Master = MASTER) -> list[str]:
    """The rules that these rows break, in order."""
    return [issue.rule for issue in judged(*rows, form=form, master=master)]


class Batch:
    """Rows of one form judged together, each from a file of its own: a judgement is slow, a row more costs nothing."""

    def __init__(self, form: str = "village_progress", base: dict[str, Any] = ACCEPTABLE) -> None:
        self.form, self.base = form, base
        self.rows: list[Row] = []

    def case(self, *expected: Any, **values: Any) -> Any:
        """A case of a parametrised test: the place of a new row, then what is expected of it."""
        self.rows.append(row(file=f"{len(self.rows)}.xlsx", **{"base": self.base, **values}))
        name = "sound" if not values else " ".join(f"{key}={value}" for key, value in values.items() if key != "base")
        return pytest.param(len(self.rows) - 1, *expected, id=name)

    @cached_property
    def _issues(self) -> list[Issue]:
        return judged(*self.rows, form=self.form)

    def issues(self, place: int) -> list[Issue]:
        """The issues of one row."""
        return [issue for issue in self._issues if issue.file_sha256 == f"{place}.xlsx"]

    def rules(self, place: int) -> list[str]:
        """The rules that one row breaks."""
        return [issue.rule for issue in self.issues(place)]
