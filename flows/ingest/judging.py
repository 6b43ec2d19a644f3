"""Judging what was read: each file by the master list that had been received by its day, or the earliest there is."""

import datetime as dt
import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import groupby

from flows.ingest.context import town_in
from flows.ingest.judged import Origin, Rows
from flows.ingest.landing_lines import LandedFile
from flows.ingest.master import Master, Village
from flows.ingest.validate import judge
from schemas import forms

# The version of the list that judged a file in which nothing is judged by a list.
NO_LIST = ""


def parts_of_list(files: Sequence[LandedFile]) -> list[tuple[LandedFile, Master]]:
    """Judge the rows of the master list that files hold; each file that gives a part of the list, with the part."""
    return [
        (file, Master(villages, _counties(file, division)))
        for file, division in judge_master_lists(files)
        if (villages := [village for rows in division for village in _villages(rows)])
    ]


def by_list(
    files: Sequence[LandedFile], lists: Sequence[tuple[dt.date, str]]
) -> dict[tuple[str, ...], list[LandedFile]]:
    """The files that are judged by the master list, by the one that applies to them; those left out need none.

    Parameters
    ----------
    files : sequence of LandedFile
        In the order received.
    lists : sequence
        (received on, sha256) of every file of the list, in their order.
    """
    groups: dict[tuple[str, ...], list[LandedFile]] = {}
    for day, received in groupby(filter(_is_judged, files), key=lambda file: file.file.received_on):
        groups.setdefault(applicable(lists, day), []).extend(received)
    return groups


def _is_judged(file: LandedFile) -> bool:
    return any(table.form not in (None, "division") for table in file.read.tables)


def judge_groups(
    groups: Mapping[tuple[str, ...], Sequence[LandedFile]], masters: Mapping[tuple[str, ...], Master]
) -> None:
    """Judge the rows of each group by its list, and note on each file which one it was."""
    for digests, group in groups.items():
        version = version_of(digests)
        for file in group:
            file.master_version = version
        judge_files(group, masters[digests])


def judge_master_lists(files: Sequence[LandedFile]) -> list[tuple[LandedFile, list[Rows]]]:
    """Judge the rows of the master list that files hold; rows and issues are set on the files that have any."""
    found = [(file, rows) for file in files if (rows := rows_of(file, ["division"], frozenset()).get("division"))]
    for file, rows in found:
        file.rows["division"] = rows
    _judge_form("division", files, Master([]), ("R06",))
    return found


def judge_files(files: Sequence[LandedFile], master: Master, left_out: Collection[str] = ()) -> None:
    """Judge all other rows of the files by one master list; rows and issues are set on the files."""
    others = [name for name in forms() if name != "division"]
    for file in files:
        file.rows |= rows_of(file, others, master.towns)
    for form in others:
        _judge_form(form, files, master, left_out)


def _judge_form(form: str, files: Sequence[LandedFile], master: Master, left_out: Collection[str]) -> None:
    by_digest = {file.sha256: file for file in files if form in file.rows}
    tables = [rows for file in files for rows in file.rows.get(form, ())]
    for issue in judge(form, tables, master, left_out):
        by_digest[issue.file_sha256].issues.append(issue)


def rows_of(file: LandedFile, names: Collection[str], towns: frozenset[str]) -> dict[str, list[Rows]]:
    """The rows of some forms of a file; a town that no sheet spells out is sought by the master list's names."""
    found: dict[str, list[Rows]] = {}
    first = 0
    for table in file.read.tables:
        if table.form in names and table.report_date:
            town = table.town or next((town for text in table.speaking if (town := town_in(text, towns))), None)
            origin = Origin(
                file.sha256, file.file.path, table.sheet, town, table.county, table.report_date, file.file.folders
            )
            found.setdefault(str(table.form), []).append(Rows(origin, table.records, first))
        first += len(table.records)
    return found


def _counties(file: LandedFile, division: Sequence[Rows]) -> dict[str, str]:
    codes = {code for rows in division for code in rows.county_codes if code}
    named = {table.county for table in file.read.tables if table.form == "division" and table.county}
    return {named.pop(): codes.pop()} if len(named) == len(codes) == 1 else {}


def _villages(rows: Rows) -> Iterator[Village]:
    """The accepted lines of the master list."""
    blank = [None] * len(rows)
    lines = [*zip(*(rows.values.get(name, blank) for name in Village._fields), strict=True)]
    for place in rows.accepted():
        line = Village(*lines[place])
        population = line.registered_population
        yield line if isinstance(population, int | None) else line._replace(registered_population=int(population))


def applicable(lists: Sequence[tuple[dt.date, str]], day: dt.date) -> tuple[str, ...]:
    """The files of the master list received by a day; where there are none, those received first."""
    by_then = [digest for received_on, digest in lists if received_on <= day]
    if by_then or not lists:
        return tuple(by_then)
    earliest = min(received_on for received_on, _ in lists)
    return tuple(digest for received_on, digest in lists if received_on == earliest)


def version_of(digests: Sequence[str]) -> str:
    """What a file is judged again for when it changes: a digest of the list's files."""
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()[:16]
