"""`gongshui check`: read workbooks as the night would and say what is wrong; nothing is loaded.

A file is read in a worker process, like at night, with the corrections that the night would apply to it. What judging
it takes is imported here while the worker starts and reads.
"""

import datetime as dt
import importlib
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from flows.ingest.corrections import Correction, Corrections
from flows.ingest.guard import Refused
from flows.ingest.inbox import InboxFile, day_of
from flows.ingest.reading import FileRead, Reader, TableRead
from flows.ingest.workers import run_isolated
from flows.report.findings import Finding, without_place
from schemas import forms

if TYPE_CHECKING:
    from flows.ingest.judged import Issue, Row
    from flows.ingest.landing_lines import LandedFile
    from flows.settings import Settings

# Files judged together: pandera takes as long for one small frame as for a large one.
BATCH = 64
# Without the master list no name is known, and no registered population to compare with.
NEED_THE_MASTER_LIST = ("R06", "R11")
# A report prints dates of its own weeks; the plans in it may lie behind, though hardly by half a year.
_LONG_AFTER = dt.timedelta(days=200)
_ORDER: dict[str, int] = {"error": 0, "warn": 1, "info": 2}


@dataclass
class CheckedSheet:
    """One table of a sheet, or a sheet without one."""

    table: TableRead
    rows: list["Row"] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)

    @property
    def town(self) -> str | None:
        """The town that the sheet speaks for, where no column names it."""
        return self.table.town or next((row.origin.town for row in self.rows if row.origin.town), None)

    def count(self, state: str) -> int:
        """The number of rows in a state: accepted, rejected, duplicate."""
        return sum(row.state == state for row in self.rows)


@dataclass
class CheckedFile:
    """One file with all that was found in it."""

    name: str
    location: Path
    read: FileRead
    sheets: list[CheckedSheet] = field(default_factory=list)

    @property
    def findings(self) -> list[Finding]:
        """All findings, the gravest first within their sheet."""
        return [finding for sheet in self.sheets for finding in sheet.findings]

    @property
    def needs_a_person(self) -> bool:
        """Whether the file, a row of it or a correction would not be taken."""
        return self.read.status != "read" or any(finding.severity == "error" for finding in self.findings)


class _Reader(Reader):
    """Reads a file (in a worker process) that may lie in no folder of a day, and in an earlier year than this."""

    def __call__(self, work: tuple[InboxFile, Sequence[Correction]]) -> FileRead:
        file, corrections = work
        read = super().__call__(work)
        if file.day is None and (day := _last_day_of_its_year(read, file.received_on)):
            read = super().__call__((replace(file, received_on=day), corrections))
        return read


def _last_day_of_its_year(read: FileRead, today: dt.date) -> dt.date | None:
    """Of a file from an earlier year that prints its own day without a year: that year's end; else None.

    No folder says when it was received, so the day got this year, long after any date that the rows print in full.
    """
    days = [
        value
        for table in read.tables
        for record in table.records
        for name, value in record.values.items()
        if isinstance(value, dt.date) and str(value.year) in record.printed.get(name, str(value))
    ]
    reports = [table.report_date for table in read.tables if table.report_date]
    if not days or not reports or any(note.code == "N09" for table in read.tables for note in table.notes):
        return None
    last = max(days)
    is_older = last.year < today.year and max(reports) - last > _LONG_AFTER
    return dt.date(last.year, 12, 31) if is_older else None


# --- files ------------------------------------------------------------------------------------------------------------


def find(paths: Iterable[Path], today: dt.date) -> tuple[list[InboxFile], list[Path]]:
    """The files to check, and the paths where there is nothing.

    Parameters
    ----------
    paths : iterable of pathlib.Path
        Files, and folders that are walked; of those lock files and thumbnails are left out. What is named twice is
        checked once.
    today : datetime.date
        The day that a file is taken to be received where no folder above it names one.
    """
    found: list[InboxFile] = []
    missing: list[Path] = []
    for path in paths:
        if path.is_dir():
            inside = [_file(entry, path, today) for entry in sorted(path.rglob("*")) if entry.is_file()]
            inside = [file for file in inside if not file.is_litter]
            found += inside
            missing += [] if inside else [path]
        elif path.is_file():
            found.append(_file(path, path.parent, today))
        else:
            missing.append(path)
    return list({file.location.resolve(): file for file in reversed(found)}.values())[::-1], missing


def _file(path: Path, base: Path, today: dt.date) -> InboxFile:
    """A file as the inbox would hold it: the folders from the one that names a day, else those from `base` down."""
    parents = path.absolute().parent.parts
    depth = len(path.absolute().parent.relative_to(base.absolute()).parts) + 1
    dated = next((n for n in range(len(parents) - 1, -1, -1) if day_of(parents[n])), None)
    folders = parents[dated:] if dated is not None else parents[-depth:]
    day = day_of(folders[0]) if folders else None
    stat = path.stat()
    return InboxFile(path, str(path), folders, day, day or today, stat.st_size, stat.st_mtime_ns)


def _path_in(raw: Path, file: InboxFile) -> str:
    """The path that a file has in the inbox, or would have there: corrections name it so."""
    location = file.location.absolute()
    folders = location.relative_to(raw).parts[:-1] if location.is_relative_to(raw) else file.folders
    return "/".join((raw.name, *folders, file.name))


# --- checking ---------------------------------------------------------------------------------------------------------


class MasterLists:
    """The master lists of a warehouse, opened for reading; why there are none, where there are none.

    Attributes
    ----------
    missing
        None, or why the rules that need the list are left out: `absent`, `locked`, `empty`, `unreadable`.
    """

    def __init__(self, warehouse: Path) -> None:
        self._warehouse = warehouse
        self.missing: str | None = None if warehouse.is_file() else "absent"

    def add_rows(self, files: Sequence["LandedFile"]) -> None:
        """Set the rows that a list judges on the files, each table's with the list of its county."""
        import duckdb

        from flows.ingest.judging import add_rows
        from flows.ingest.landing import Landing
        from flows.ingest.lists import Lists

        if not self.missing:
            try:
                with Landing(self._warehouse, read_only=True) as landing:
                    lists = Lists(landing.connection)
                    add_rows(files, lists)
                    self.missing = None if lists else "empty"
                    return
            except duckdb.Error as error:
                self.missing = "locked" if "lock" in str(error).lower() else "unreadable"
        add_rows(files, None)


def check(
    files: Sequence[InboxFile], lists: MasterLists, corrections: Corrections, settings: "Settings"
) -> Iterator[CheckedFile]:
    """Read and judge files.

    Parameters
    ----------
    files : sequence of InboxFile
        From `find`.
    lists : MasterLists
        Rules that need the master list are left out where it has none.
    corrections : Corrections
        Applied as the night applies them.
    settings : Settings
        The inbox, what reading one file may take, how many are read at the same time, the language of messages.

    Yields
    ------
    CheckedFile
        In the order given.
    """
    for start in range(0, len(files), BATCH):
        yield from _judged(_read(files[start : start + BATCH], corrections, settings), lists, settings.lang)


def _read(files: Sequence[InboxFile], corrections: Corrections, settings: "Settings") -> list["LandedFile"]:
    forms()  # workers are told them: their models take long to import
    warm = threading.Thread(target=importlib.import_module, args=("flows.ingest.night",), name="import")
    warm.start()
    limits = settings.limits
    results = run_isolated(
        _Reader(limits),
        [(file, corrections.of(_path_in(settings.raw, file))) for file in files],
        processes=settings.processes,
        seconds=limits.seconds,
        memory_bytes=limits.memory_bytes,
    )
    reads = [FileRead.refused(result) if isinstance(result, Refused) else result for _, result in results]
    warm.join()
    from flows.ingest.landing_lines import LandedFile

    # Two names of the same bytes are checked each for itself: a file goes by its number.
    return [LandedFile(file, str(number), read) for number, (file, read) in enumerate(zip(files, reads, strict=True))]


def _judged(files: Sequence["LandedFile"], lists: MasterLists, lang: str) -> Iterator[CheckedFile]:
    from flows.ingest.judging import judge_files, judge_master_lists

    read = [file for file in files if file.read.status == "read"]
    judge_master_lists(read)
    lists.add_rows(read)
    judge_files(read, NEED_THE_MASTER_LIST if lists.missing else ())
    for file in files:
        yield _checked(file, lang)


def _checked(file: "LandedFile", lang: str) -> CheckedFile:
    sheets = [CheckedSheet(table) for table in file.read.tables]
    by_table = {id(rows.records): rows for every in file.rows.values() for rows in every}
    for sheet in sheets:
        sheet.rows = list(by_table.get(id(sheet.table.records), ()))
        sheet.findings = [
            Finding(
                note.code, note.severity, sheet.table.sheet, note.row, note.cell, None, note.printed,
                note.zh if lang == "zh" else note.en,
            )
            for note in sheet.table.notes
        ]  # fmt: skip
    for issue in file.issues:
        _sheet_of(issue, sheets).findings.append(_finding(issue, file.file.path, lang))
    for sheet in sheets:
        sheet.findings.sort(key=lambda finding: (_ORDER[finding.severity], finding.row or 0))
    if file.read.unread_copy_of:
        file.read.status = "duplicate"
        file.read.reason = "本文件是系统退回的批注副本，内容与原文件相同，尚未更正。"
        file.read.reason_en = "our annotated copy, sent back as it was: nothing in it has been mended."
    return CheckedFile(file.file.path, file.file.location, file.read, sheets)


def _sheet_of(issue: "Issue", sheets: Sequence[CheckedSheet]) -> CheckedSheet:
    """The table that an issue is about: several of one form may stand on a sheet."""
    same = [one for one in sheets if (one.table.sheet, one.table.form) == (issue.sheet, issue.form)]
    return next((one for one in same if issue.row in one.table.records.rows), same[0])


def _finding(issue: "Issue", file: str, lang: str) -> Finding:
    message = without_place(issue.message_zh if lang == "zh" else issue.message_en, file, issue.sheet)
    is_personal = _is_personal(issue.form, issue.field)
    printed = None if is_personal else issue.printed_value
    return Finding(issue.rule, issue.severity, issue.sheet, issue.row, issue.cell, issue.field, printed, message)


def _is_personal(form: str, name: str | None) -> bool:
    info = forms()[form].fields.get((name or "").rpartition(".")[2])
    return bool(info and info.is_personal)
