"""Judging what was read: the rows of the master lists first, then all others, each table by the list of its county."""

from collections.abc import Callable, Collection, Sequence
from functools import cache, partial

from flows.ingest.context import town_in
from flows.ingest.judged import NOBODY, Origin, Rows
from flows.ingest.landing_lines import LandedFile
from flows.ingest.lists import Lists
from flows.ingest.master import Master
from flows.ingest.reading import TableRead
from flows.ingest.validate import judge
from schemas import forms

# The version of the list that judged a file in which nothing is judged by a list.
NO_LIST = ""
_LIST = "division"


def is_judged_by_list(file: LandedFile) -> bool:
    """Whether a file holds anything but lines of the list itself."""
    return any(table.form not in (None, _LIST) for table in file.read.tables)


def judge_master_lists(files: Sequence[LandedFile]) -> list[LandedFile]:
    """Judge the rows of the master list that files hold and set them on the files; the files that give any line."""
    for file in files:
        file.rows |= _rows_of(file, [_LIST], lambda _: NOBODY)
    _judge_form(_LIST, files, ("R06",))
    return [file for file in files if any(rows.count("accepted") for rows in file.rows.get(_LIST, ()))]


def add_rows(files: Sequence[LandedFile], lists: Lists | None) -> None:
    """Set all other rows on the files, each table's with the list that is to judge it; with none where there is none.

    The lists are asked for all files at once, and not needed any more when they are judged.
    """
    others = [name for name in forms() if name != _LIST]
    of_villages = [name for name in others if "natural_village" in forms()[name].fields]
    for file in files:
        file.rows |= _rows_of(file, others, partial(_list_of, file, lists))
    if lists:
        lists.fetch_villages([rows for file in files for name in of_villages for rows in file.rows.get(name, ())])


def _list_of(file: LandedFile, lists: Lists | None, table: TableRead) -> Master:
    if not lists:
        return NOBODY
    return lists.of_table(table.county, named_counties(file), file.file.folders, file.file.received_on)


def judge_files(files: Sequence[LandedFile], left_out: Collection[str] = ()) -> None:
    """Judge all rows but those of the master lists, which were set by `add_rows`; issues are set on the files."""
    for form in forms():
        if form != _LIST:
            _judge_form(form, files, left_out)


def judge_by_lists(files: Sequence[LandedFile], lists: Lists) -> None:
    """Judge all rows but those of the master lists, and note on each file which lists judged it."""
    add_rows(files, lists)
    judge_files(files)
    version = cache(lists.version)
    for file in files:
        file.master_version = version(named_counties(file), file.file.folders, file.file.received_on)


def named_counties(file: LandedFile) -> tuple[str, ...]:
    """The counties that the tables of a file name, "" for a table that names none."""
    return tuple(sorted({table.county or "" for table in file.read.tables if table.form}))


def _judge_form(form: str, files: Sequence[LandedFile], left_out: Collection[str]) -> None:
    by_digest = {file.sha256: file for file in files if form in file.rows}
    tables = [rows for file in files for rows in file.rows.get(form, ())]
    for issue in judge(form, tables, left_out):
        by_digest[issue.file_sha256].issues.append(issue)


def _rows_of(file: LandedFile, names: Collection[str], list_of: Callable[[TableRead], Master]) -> dict[str, list[Rows]]:
    """The rows of some forms of a file; a town that no sheet spells out is sought by the master list's names."""
    found: dict[str, list[Rows]] = {}
    first = 0
    for table in file.read.tables:
        if table.form in names and table.report_date:
            master = list_of(table)
            spoken = (town_in(text, master.towns.names) for text in table.speaking)
            town = table.town or next(filter(None, spoken), None)
            origin = Origin(file.sha256, file.file.path, table.sheet, town, table.report_date)
            found.setdefault(str(table.form), []).append(Rows(origin, table.records, first, master))
        first += len(table.records)
    return found
