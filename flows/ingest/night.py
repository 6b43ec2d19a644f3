"""The inbox into landing: what is new is read in worker processes, judged in batches, and landed.

A file already landed under the same path with the same size and time is not opened again. Rows are judged
by the master list received by the day the file was received (else by the earliest there is); when another
list comes to apply, the files that it concerns are judged again, so that any order of nights ends in the
same landing.
"""

import datetime as dt
import gc
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

from flows.ingest.context import town_in
from flows.ingest.corrections import Corrections, read_corrections
from flows.ingest.guard import Limits, Refused
from flows.ingest.inbox import InboxFile, discover
from flows.ingest.judged import Origin, Rows
from flows.ingest.landing import Known, Landing
from flows.ingest.landing_lines import LandedFile
from flows.ingest.master import Master, Village
from flows.ingest.reading import FileRead, Reader
from flows.ingest.validate import judge
from flows.ingest.workers import run_isolated
from flows.said import Said
from schemas import forms

# Raised when the same bytes would be read otherwise: `--reread` then reads everything again.
PIPELINE_VERSION = "1"
# What is judged and landed together: the more, the less each costs; the fewer, the less memory it takes.
BATCH_FILES, BATCH_ROWS = 512, 20_000
# The version of the list that judged a file in which nothing is judged by a list.
NO_LIST = ""
# Files whose names say that they hold the master list come first on their day: fewer rows are then judged twice.
_MASTER_WORDS = forms()["division"].title_words


@dataclass(frozen=True)
class Options:
    """What a night may use."""

    limits: Limits
    processes: int
    reread: bool = False
    # The table of corrections, which need not be there.
    corrections: Path | None = None


@dataclass
class FileOutcome:
    """One line of the night's table of submissions."""

    path: str
    status: str
    reason: str | None
    accepted: int = 0
    rejected: int = 0
    issues: Counter[str] = field(default_factory=Counter)


@dataclass
class Night:
    """What a night's ingest did."""

    found: int = 0
    known: int = 0
    again: int = 0
    outcomes: list[FileOutcome] = field(default_factory=list)
    # Why corrections were not applied, tonight or before: somebody has to mend or close them.
    failed_corrections: list[Said] = field(default_factory=list)

    def count(self, status: str) -> int:
        """Number of files that ended in a status."""
        return sum(outcome.status == status for outcome in self.outcomes)


Progress = Callable[[int, int, int], None]


def ingest(raw: Path, warehouse: Path, options: Options, now: dt.datetime, progress: Progress) -> Night:
    """Bring landing up to date with the inbox.

    Parameters
    ----------
    raw : pathlib.Path
        The inbox; never written to.
    warehouse : pathlib.Path
        The DuckDB file; made where there is none.
    options : Options
        Limits, number of worker processes, whether to read everything again.
    now : datetime.datetime
        When the night began.
    progress : callable
        Told after every file: files done, files to do, rows read so far.

    Returns
    -------
    Night
        Counts and one outcome a file that was read.

    Raises
    ------
    FileNotFoundError
        The inbox is missing.
    """
    with Landing(warehouse) as landing, _collecting_by_hand():
        night = _Ingest(landing, options, now, progress)
        return night.run(list(discover(raw, now.date())))


@contextmanager
def _collecting_by_hand() -> Iterator[None]:
    """Keep the cyclic collector from going through all rows of a batch again and again: they form no cycles."""
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
        gc.unfreeze()


class _Ingest:
    def __init__(self, landing: Landing, options: Options, now: dt.datetime, progress: Progress) -> None:
        self.landing, self.options, self.now, self.progress = landing, options, now, progress
        self.night = Night()
        self.rows_read = 0
        # The master list, file by file, and as it was joined for the last batch.
        self.parts: dict[str, Master] = {}
        self.masters: dict[tuple[str, ...], Master] = {}
        self.corrections = read_corrections(options.corrections, options.limits)

    def run(self, found: list[InboxFile]) -> Night:
        """Read what is new, then what another master list now applies to, until nothing is left."""
        self.night.found = len(found)
        known = self.landing.known()
        # A file in a folder without a date was received when it was first seen.
        found = [
            replace(file, received_on=known[file.path].received_on) if file.day is None and file.path in known else file
            for file in found
        ]
        new = [file for file in found if self.options.reread or not _is_known(file, known, self.corrections)]
        self.night.known = len(found) - len(new)
        self._land(new)
        while stale := self._judged_by_another_list(found):
            self.night.again += len(stale)
            self._land(stale)
        self.night.failed_corrections = self._failed_corrections()
        return self.night

    def _judged_by_another_list(self, found: list[InboxFile]) -> list[InboxFile]:
        known, lists = self.landing.known(), self.landing.master_files()
        version = lru_cache(lambda day: _version(applicable(lists, day)))
        return [
            file
            for file in found
            if (entry := known.get(file.path))
            and entry.status == "read"
            and entry.master_version not in (NO_LIST, version(entry.received_on))
        ]

    def _failed_corrections(self) -> list[Said]:
        """What is wrong with the table of corrections, and each that its file, sheet or cell no longer bears out."""
        known = self.landing.known()
        failed = list(self.corrections.problems)
        for line in self.corrections.lines:
            meant = {path: entry for path, entry in known.items() if entry.status != "ignored" and line.is_for(path)}
            if not meant:
                failed.append(line.failure("，收件中没有这个文件", "is in no file of the inbox"))
            elif all(entry.status in ("duplicate", "refused") for entry in meant.values()):
                zh = "，文件无法读取，或是另一文件的副本（请写原件）"
                failed.append(line.failure(zh, "is in a file that was refused, or a copy of another"))
            elif any(entry.corrections_version != self.corrections.version(path) for path, entry in meant.items()):
                zh = "，文件已不在收件箱，无法重新读取"
                failed.append(line.failure(zh, "is in a file that has left the inbox and cannot be read again"))
        return failed + [Said(*said) for said in self.landing.failed_corrections()]

    def _land(self, files: Sequence[InboxFile]) -> None:
        files = sorted(files, key=_order)
        batch: list[LandedFile] = []
        rows = 0
        with closing(self._read(files)) as read:
            for done, file in enumerate(read, 1):
                file.corrections_version = self.corrections.version(file.file.path)
                batch.append(file)
                rows += sum(len(table.records) for table in file.read.tables)
                self.progress(done, len(files), self.rows_read + rows)
                if len(batch) == BATCH_FILES or rows >= BATCH_ROWS or done == len(files):
                    self._land_batch(batch)
                    self.rows_read += rows
                    batch, rows = [], 0
                    gc.collect(0)

    def _land_batch(self, batch: Sequence[LandedFile]) -> None:
        self._judge(batch)
        self.landing.write(batch, PIPELINE_VERSION, self.now)
        self.night.outcomes += [_outcome(file) for file in batch]

    # --- reading --------------------------------------------------------------------------------------------------

    def _read(self, files: Sequence[InboxFile]) -> Generator[LandedFile]:
        """Each file with what it holds, in their order; litter is not opened, the same bytes are read once."""
        limits, originals = self.options.limits, self.landing.originals()
        seen = [_before_reading(file, originals) for file in files]
        work = [(file, self.corrections.of(file.path)) for file, _, read in seen if read is None]
        with closing(
            run_isolated(
                Reader(limits),
                work,
                processes=self.options.processes,
                seconds=limits.seconds,
                memory_bytes=limits.memory_bytes,
            )
        ) as results:
            for file, digest, read in seen:
                yield LandedFile(file, digest, read or _after_reading(file, next(results)[1], originals))

    # --- judging --------------------------------------------------------------------------------------------------

    def _judge(self, files: Sequence[LandedFile]) -> None:
        """Judge the master list's own rows first, then all others by the list that applies to each file."""
        lists = set(self.landing.master_files())
        for file, division in judge_master_lists(files):
            if villages := [village for rows in division for village in _villages(rows)]:
                self.parts[file.sha256] = Master(villages, _counties(file, division))
                self.masters.clear()
                lists.add((file.file.received_on, file.sha256))
        groups: dict[tuple[str, ...], list[LandedFile]] = {}
        for day, received in groupby(files, key=lambda file: file.file.received_on):
            groups.setdefault(applicable(sorted(lists), day), []).extend(received)
        self.masters = {digests: self.masters.get(digests) or self._joined(digests) for digests in groups}
        for digests, group in groups.items():
            version = _version(digests)
            for file in group:
                is_judged = any(table.form not in (None, "division") for table in file.read.tables)
                file.master_version = version if is_judged else NO_LIST
            judge_files(group, self.masters[digests])

    def _joined(self, digests: Sequence[str]) -> Master:
        """The list of several files in the order received: of a village in two of them the later line counts."""
        if missing := [digest for digest in digests if digest not in self.parts]:
            self.parts |= self.landing.masters(missing)
        return Master([]).joined(*(self.parts[digest] for digest in digests))


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


def _before_reading(file: InboxFile, originals: dict[str, str]) -> tuple[InboxFile, str, FileRead | None]:
    """The file, its sha256, and what becomes of it where it need not be read; of new bytes it is the original."""
    if file.is_litter:
        return file, "", FileRead("ignored", "系统文件或临时文件，不是报表。", reason_en="a system file, no form.")
    try:
        digest = _sha256(file.location)
    except OSError as error:
        return file, "", FileRead.cannot_open(error)
    original = originals.setdefault(digest, file.path)
    if original == file.path:
        return file, digest, None
    zh, en = f"与《{original}》内容完全相同，只计一次。", f"the same as {original}; it counts once."
    return file, digest, FileRead("duplicate", zh, duplicate_of=original, reason_en=en)


def _after_reading(file: InboxFile, result: FileRead | Refused, originals: Mapping[str, str]) -> FileRead:
    """What a worker gave; a copy that we annotated and that came back unread counts only without its original."""
    if isinstance(result, Refused):
        return FileRead.refused(result)
    original = originals.get(result.unread_copy_of or "", file.path)
    if original == file.path:
        return result
    zh = f"系统退回的批注副本，内容与《{original}》相同，尚未更正，不重复计入。"
    en = f"our annotated copy of {original}, sent back unmended; it does not count again."
    return FileRead("duplicate", zh, duplicate_of=original, reason_en=en)


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


def _outcome(file: LandedFile) -> FileOutcome:
    tables = [rows for every in file.rows.values() for rows in every]
    accepted, rejected = (sum(rows.count(state) for rows in tables) for state in ("accepted", "rejected"))
    severities: Counter[str] = Counter(issue.severity for issue in file.issues)
    read = file.read
    return FileOutcome(file.file.path, read.status, read.reason, accepted, rejected, severities)


def _order(file: InboxFile) -> tuple[Any, ...]:
    """By the day received; the master list first; of two copies the one with the shorter name is the original."""
    return file.received_on, not any(word in file.name for word in _MASTER_WORDS), len(file.path), file.path


def _is_known(file: InboxFile, known: dict[str, Known], corrections: Corrections) -> bool:
    entry = known.get(file.path)
    if entry is None or (entry.size, entry.modified_ns) != (file.size, file.modified_ns):
        return False
    return not corrections.is_readable or (entry.corrections_version or "") == corrections.version(file.path)


def applicable(lists: Sequence[tuple[dt.date, str]], day: dt.date) -> tuple[str, ...]:
    """The files of the master list received by a day; where there are none, those received first."""
    by_then = [digest for received_on, digest in lists if received_on <= day]
    if by_then or not lists:
        return tuple(by_then)
    earliest = min(received_on for received_on, _ in lists)
    return tuple(digest for received_on, digest in lists if received_on == earliest)


def _version(digests: Sequence[str]) -> str:
    return hashlib.sha256("".join(sorted(digests)).encode()).hexdigest()[:16]


def _sha256(location: Path) -> str:
    with location.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
