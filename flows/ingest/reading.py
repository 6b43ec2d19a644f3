"""One file read whole: its sheets, their tables, their rows. No database, no clock: bytes and names only."""

import datetime as dt
import hashlib
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.ingest.blocks import DEEPEST_HEADER
from flows.ingest.context import Context, Names, read_context
from flows.ingest.corrections import Applied, Correction, apply
from flows.ingest.grid import Grid, read_workbook
from flows.ingest.guard import Limits, Refused
from flows.ingest.heading_notes import heading_notes
from flows.ingest.headings import form_headings, is_field_heading, is_known_heading
from flows.ingest.inbox import InboxFile, cannot_open, locate
from flows.ingest.kinds import mentions_signing
from flows.ingest.leftovers import Body, tell_leftovers
from flows.ingest.own_copy import own_copy, restore
from flows.ingest.recognise import FEWEST_COLUMNS
from flows.ingest.records import Note, Record, Records
from flows.ingest.rows import read_rows
from flows.ingest.sheet import Sheet, letters
from flows.ingest.tables import Table, find_tables
from flows.ingest.totals import Line, check_totals
from schemas import described, forms, tell
from schemas.info import FormInfo
from schemas.personal import MASK, is_masked
from schemas.text import plain


@dataclass
class TableRead:
    """One table of a sheet, or a sheet without one (`form` None and a reason)."""

    sheet: str
    form: str | None = None
    reason: str | None = None
    town: str | None = None
    county: str | None = None
    report_date: dt.date | None = None
    first_row: int | None = None
    last_row: int | None = None
    # field → {"column", "heading", "unit"}; of a group of columns `code.field`.
    header_map: dict[str, dict[str, Any]] = field(default_factory=dict)
    # Texts around a table that names no town, nearest first: the master list's names may be found in them.
    speaking: tuple[str, ...] = ()
    records: Records = field(default_factory=Records)
    notes: list[Note] = field(default_factory=list)
    # Rows and totals until R14 has been judged over the workbook.
    lines: list[Line] = field(default_factory=list, repr=False)
    reason_en: str | None = None


@dataclass
class FileRead:
    """What a file holds, or why it could not be read."""

    status: str
    reason: str | None = None
    tables: list[TableRead] = field(default_factory=list)
    # The path of the first copy, where the same bytes came before.
    duplicate_of: str | None = None
    # sha256 of the original, where the file is our annotated copy of it and holds the same data.
    unread_copy_of: str | None = None
    reason_en: str | None = None
    # Of a refusal: the key of its reason (`guard.REASONS`), or `unopened`.
    code: str | None = None
    # How long the reading took; of a worker that died nobody knows.
    seconds: float | None = None

    @property
    def may_pass(self) -> bool:
        """Whether the same bytes may be read another night: not they were at fault, but what the machine had left."""
        return self.code in ("timeout", "memory", "crashed")

    @classmethod
    def refused(cls, refused: Refused) -> "FileRead":
        """A file that a guard refuses, with its reason in both languages."""
        return cls("refused", refused.reason_zh, reason_en=refused.reason_en, code=refused.code)

    @classmethod
    def cannot_open(cls, error: OSError) -> "FileRead":
        """A file that the system does not let us read."""
        said = cannot_open(error)
        return cls("refused", said.zh, reason_en=said.en, code="unopened")


# sha256 → the bytes of a file of the inbox, None where it is not there.
Find = Callable[[str], bytes | None]


def nothing(_digest: str) -> bytes | None:
    """Find no file: where there is no inbox."""
    return None


def read_file(
    data: bytes, names: Names, limits: Limits, corrections: Sequence[Correction] = (), find: Find = nothing
) -> FileRead:
    """Read a workbook as it is.

    Parameters
    ----------
    data : bytes
        The file.
    names : Names
        The file's and its folders' names, when it was received, the towns of the master list.
    limits : Limits
        What a reader may spend on it.
    corrections : sequence of Correction
        Cells to be read otherwise than they print.
    find : callable
        Finds the original of a copy of ours, which hides persons.

    Returns
    -------
    FileRead
        Status `read`, `refused` (with the reason) or `unrecognised` (no table of any form).
    """
    try:
        grids = read_workbook(data, names.file, limits)
    except Refused as refused:
        return FileRead.refused(refused)
    copy = own_copy(data, limits)
    unread = copy.original if copy and copy.is_unchanged(grids) else None
    if copy:
        restore([grid for grid in grids if grid.name != copy.list_sheet], copy, find, limits)
    corrected = apply(grids, corrections)
    tables = []
    for grid in grids:
        if copy and grid.name == copy.list_sheet:
            tables.append(_no_table(grid, "系统退回时附加的问题清单，不是报表。", "our own list of issues, no form."))
        else:
            tables += _read_sheet(grid, names)
    _note_corrections(corrected, tables)
    for table in tables:
        _leave_out_masked(table)
    for form in {table.form for table in tables if table.form}:
        check_totals([table.lines for table in tables if table.form == form])
    for table in tables:
        table.lines = []
    if not any(table.form for table in tables):
        zh, en = "文件中没有找到本系统的报表（没有可识别的表头）。", "no header is recognised in it."
        return FileRead("unrecognised", zh, tables, reason_en=en)
    return FileRead("read", None, tables, unread_copy_of=unread)


def _leave_out_masked(table: TableRead) -> None:
    """A mask that no original resolves is no value of a personal field."""
    form = forms()[table.form] if table.form else None
    if form is None:
        return
    for name in [name for name in table.records.values if name in form.fields and form.fields[name].is_personal]:
        values = table.records.values[name]
        masks = [place for place, value in enumerate(values) if _is_mask(value)]
        for place in masks:
            values[place] = None
        if masks:
            place, title = masks[0], form.fields[name].title
            zh = f"“{title}”一栏有{len(masks)}处是已隐去的个人信息（{MASK}），找不到原文件，未读取。"
            en = f"“{title}” shows masks of personal data ({len(masks)}); without the original they were not read."
            table.notes.append(Note("N11", zh, en, table.records.rows[place], table.records.cell(place, name)))


def _is_mask(value: object) -> bool:
    return isinstance(value, str) and is_masked(value)


def _note_corrections(corrected: Applied, tables: list[TableRead]) -> None:
    """Corrected cells keep what they print; what was corrected, or was not, is said beside their table."""
    for table in tables:
        corrected.keep_printed(table.sheet, table.records)
    for sheet, note in corrected.notes:
        of_sheet = [table for table in tables if table.sheet == sheet] or tables
        around = (table for table in of_sheet if (table.first_row or 1) <= (note.row or 0) <= (table.last_row or 0))
        next(around, of_sheet[0]).notes.append(note)


def _read_sheet(grid: Grid, names: Names) -> list[TableRead]:
    if grid.is_hidden:
        return [_no_table(grid, "工作表被隐藏，未作为数据读取。", "the sheet is hidden and was not read.")]
    sheet = Sheet(grid)
    if grid.damage:
        return [_no_table(grid, grid.damage.reason_zh, grid.damage.reason_en)]
    if not any(sheet.filled(row) for row in range(len(sheet.rows))):
        return [_no_table(grid, "工作表为空。", "the sheet is empty.")]
    hints = f"{grid.name} {names.file}"
    apart = [(strip, find_tables(strip, hints)) for strip in sheet.strips()]
    strips = [(strip, tables) for strip, tables in apart if tables]
    if len(strips) < 2:
        strips = apart if len(apart) == 1 else [(sheet, find_tables(sheet, hints))]
    tables = [table for _, found in strips for table in found]
    first = min((table.top for table in tables), default=0)
    if not tables and (top := _fields_down_the_side(sheet)) is not None:
        first, sheet = top, Sheet(grid, turned_at=top)
        tables = find_tables(sheet, hints)
        strips = [(sheet, tables)]
    if not tables:
        return [_no_table(grid, "没有可识别的表头，不是报表。", "no header is recognised: no form of ours.")]
    over_all = [str(value) for row in grid.rows[:first] for value in row if isinstance(value, str)]
    read = [_read_table(strip, table, names, over_all) for strip, found in strips for table in found]
    tell_leftovers(sheet, [body for _, body in read])
    return [table for table, _ in read]


def _no_table(grid: Grid, reason_zh: str, reason_en: str) -> TableRead:
    return TableRead(grid.name, reason=reason_zh, reason_en=reason_en)


def _fields_down_the_side(sheet: Sheet) -> int | None:
    """The first row of headings that run down the side, groups in the columns before them; None where none do."""
    rows = [[(column, str(value)) for column, value in sheet.filled(row)] for row in range(len(sheet.rows))]
    left = min((cells[0][0] for cells in rows if cells), default=0)
    # The headings of a row and the groups before them.
    heads = [[text for column, text in cells if column < left + DEEPEST_HEADER] for cells in rows]
    named = [row for row, texts in enumerate(heads) if any(map(is_field_heading, texts))]
    # 水厂, 采样时间 and the parameters: names of groups are headings beside two of fields.
    known = [row for row, texts in enumerate(heads) if any(map(is_known_heading, texts))]
    return named[0] if len(named) > 1 and len(known) >= FEWEST_COLUMNS else None


def _read_table(sheet: Sheet, table: Table, names: Names, over_all: list[str]) -> tuple[TableRead, Body]:
    titles = [text for _, _, text in table.titles]
    signing = {text for text in sheet.texts(table.body, table.end) if mentions_signing(text)}
    footers = [
        str(value)
        for row in range(table.body, table.end if signing else table.body)
        for _, value in sheet.filled(row)
        if value in signing
    ]
    around = Names(sheet.name, names.file, names.folders, names.received_on, names.towns)
    context = read_context(titles, footers, around, over_all)
    says_no_date = context.report_date is None
    context.report_date = context.report_date or names.received_on
    read = read_rows(sheet, table, context, names.towns)
    shows_town = any(meaning.field == "town" for column in table.columns for meaning in column.meanings)
    if shows_town and context.town:
        # The column speaks; the title and the names around it are only compared with it.
        told = {plain(town) for town in {*read.records.values.get("town", ())} if town}
        context.overruled = [town for town in (context.town, *context.overruled) if told and town not in told]
        context.town = "、".join(sorted(told))
    notes = heading_notes(sheet, table, read.records) + read.notes + _context_notes(context, says_no_date)
    if not read.records:
        zh, en = "表头已识别，但表内没有数据行。", "the header was recognised, but no rows stand under it."
        notes.append(Note("N08", zh, en, table.top + 1))
    body = Body(table, read.kinds, {row - 1 for row in read.records.rows}, notes)
    if sheet.turned_at is not None:
        read.records.rows = [_row_of(record, table.form) for record in read.records]
    rows = read.records.rows
    found = TableRead(
        sheet.name,
        table.form.name,
        None,
        None if shows_town else context.town,
        context.county,
        context.report_date,
        min(rows, default=None),
        max(rows, default=None),
        _header_map(sheet, table),
        () if context.town or shows_town else tuple(context.speaking),
        read.records,
        notes,
        read.lines,
    )
    return found, body


def _row_of(record: Record, info: FormInfo) -> int:
    """In a turned table a record's row is that of its name, or of its parameter where each has a row."""
    words = [name for name, field in info.fields.items() if field.kind == "text" and not field.is_identifier]
    keys = [
        name for name in info.grain if name in words and (info.fields[name].required or info.fields[name].from_context)
    ]
    called = [*reversed(keys), *reversed([name for name in info.required() if name in words]), *info.grain]
    names = [*info.measures, *info.grain] if info.rejected_together else called
    cell = next((record.cells[name] for name in names if name in record.cells), None)
    return int(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) if cell else record.row


def _context_notes(context: Context, says_no_date: bool) -> list[Note]:
    notes = []
    if context.overruled:
        others = "、".join(context.overruled)
        zh = f"表内为“{context.town}”，文件名或其他位置另有“{others}”，以离数据最近的“{context.town}”为准。请核对。"
        en = f"the sheet says “{context.town}”, other places “{others}”; the nearest to the rows was taken."
        notes.append(Note("N06", zh, en, severity="warn"))
    if says_no_date:
        day = context.report_date
        zh = f"表内、文件名和文件夹名均未注明截至日期，以收到日期{day}为准。请在标题中注明“截至×年×月×日”。"
        notes.append(Note("N09", zh, f"no as-of date anywhere; the day of receipt {day} was taken."))
    return notes


def _header_map(sheet: Sheet, table: Table) -> dict[str, dict[str, Any]]:
    mapped: dict[str, dict[str, Any]] = {}
    for column in table.columns:
        turned = sheet.turned_at
        place = letters(column.index) if turned is None else str(column.index + turned + 1)
        for meaning in column.meanings:
            name = f"{meaning.group}.{meaning.field}" if meaning.group else meaning.field
            # One of several columns of the field: those of a date's parts, or of its codes to be ticked.
            name = ":".join(filter(None, (name, meaning.part or meaning.tick)))
            mapped[name] = {
                "column": place,
                "heading": column.printed,
                "unit": column.unit or column.row_unit,
            }
    return mapped


@dataclass(frozen=True)
class Originals:
    """Finds files of the inbox by their sha256, for copies of them that come back."""

    raw: Path
    # sha256 → path, as the inbox tells it.
    paths: Mapping[str, str]

    def __call__(self, digest: str) -> bytes | None:
        """The bytes of a file; None where it is gone or has another content by now."""
        try:
            data = locate(self.raw, self.paths[digest]).read_bytes()
        except (KeyError, OSError):
            return None
        return data if hashlib.sha256(data).hexdigest() == digest else None


class Reader:
    """Reads files of the inbox in a worker process, by the forms as the process that made it knows them."""

    def __init__(self, limits: Limits, find: Find = nothing) -> None:
        self.limits, self.find = limits, find

    def __call__(self, work: tuple[InboxFile, Sequence[Correction]]) -> FileRead:
        """Read one file, with the corrections of its cells."""
        file, corrections = work
        started = time.perf_counter()
        names = Names("", file.name, tuple(reversed(file.folders)), file.received_on)
        try:
            data = file.location.read_bytes()
        except OSError as error:
            return FileRead.cannot_open(error)
        read = read_file(data, names, self.limits, corrections, self.find)
        read.seconds = time.perf_counter() - started
        return read

    def __reduce__(self) -> tuple[Any, ...]:
        """Take the descriptions of the forms along: their models take longer to import than many files to read."""
        return _reader_told, (type(self), self.limits, self.find, described())


def _reader_told(kind: type[Reader], limits: Limits, find: Find, forms: dict[str, FormInfo]) -> Reader:
    tell(forms)
    warm()
    return kind(limits, find)


def warm() -> None:
    """Index the headings once, before the first file."""
    form_headings()
