"""The inbox into landing: what is new is read in worker processes, judged in batches, and landed.

A file already landed under the same path with the same size and time is not opened again. Rows are judged
by the master list received by the day the file was received (else by the earliest there is); when another
list comes to apply, the files that it concerns are judged again, so that any order of nights ends in the
same landing.
"""

import datetime as dt
import hashlib
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from flows.ingest.context import Names, town_in
from flows.ingest.corrections import Correction, Corrections, Sentence, read_corrections
from flows.ingest.guard import Limits, Refused
from flows.ingest.inbox import InboxFile, discover
from flows.ingest.landing import Known, LandedFile, Landing
from flows.ingest.master import Master, Village
from flows.ingest.reading import FileRead, read_file
from flows.ingest.validate import Origin, Row, judge
from flows.ingest.workers import run_isolated
from schemas import forms

# Raised when the same bytes would be read otherwise: `--reread` then reads everything again.
PIPELINE_VERSION = "1"
BATCH = 256
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
    failed_corrections: list[Sentence] = field(default_factory=list)

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
    with Landing(warehouse) as landing:
        night = _Ingest(landing, options, now, progress)
        return night.run(list(discover(raw, now.date())))


class _Ingest:
    def __init__(self, landing: Landing, options: Options, now: dt.datetime, progress: Progress) -> None:
        self.landing, self.options, self.now, self.progress = landing, options, now, progress
        self.night = Night()
        self.rows_read = 0
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
        return [
            file
            for file in found
            if (entry := known.get(file.path))
            and entry.status == "read"
            and entry.master_version != _version(applicable(lists, entry.received_on))
        ]

    def _failed_corrections(self) -> list[Sentence]:
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
        return failed + [Sentence(*said) for said in self.landing.failed_corrections()]

    def _land(self, files: Sequence[InboxFile]) -> None:
        files = sorted(files, key=_order)
        done = 0
        for start in range(0, len(files), BATCH):
            batch, landed = files[start : start + BATCH], []
            for file in self._read(batch):
                file.corrections_version = self.corrections.version(file.file.path)
                landed.append(file)
                done += 1
                self.rows_read += sum(len(table.records) for table in file.read.tables)
                self.progress(done, len(files), self.rows_read)
            self._judge(landed)
            self.landing.write(landed, PIPELINE_VERSION, self.now)
            self.night.outcomes += [_outcome(file) for file in landed]

    # --- reading --------------------------------------------------------------------------------------------------

    def _read(self, files: Sequence[InboxFile]) -> Iterator[LandedFile]:
        """Each file with what it holds; litter is not opened, the same bytes are read once."""
        originals = self.landing.originals()
        first: dict[str, str] = {}
        to_read: list[tuple[InboxFile, str]] = []
        for file in files:
            if file.is_litter:
                yield LandedFile(file, "", FileRead("ignored", "系统文件或临时文件，不是报表。"))
                continue
            try:
                digest = _sha256(file.location)
            except OSError as error:
                yield LandedFile(file, "", FileRead("refused", f"文件无法打开：{error.strerror}。"))
                continue
            earlier = originals.get(digest) or first.setdefault(digest, file.path)
            if earlier != file.path:
                yield LandedFile(
                    file,
                    digest,
                    FileRead("duplicate", f"与《{earlier}》内容完全相同，只计一次。", duplicate_of=earlier),
                )
            else:
                to_read.append((file, digest))
        limits = self.options.limits
        work = [(file, digest, limits, self.corrections.of(file.path)) for file, digest in to_read]
        for (file, digest, *_), result in run_isolated(
            read_location,
            work,
            processes=self.options.processes,
            seconds=limits.seconds,
            memory_bytes=limits.memory_bytes,
        ):
            read = FileRead("refused", result.reason_zh) if isinstance(result, Refused) else result
            # A copy that we annotated and that came back unread counts only where its original never came.
            original = (first | originals).get(read.unread_copy_of or "")
            if original and original != file.path:
                reason = f"系统退回的批注副本，内容与《{original}》相同，尚未更正，不重复计入。"
                read = FileRead("duplicate", reason, duplicate_of=original)
            yield LandedFile(file, digest, read)

    # --- judging --------------------------------------------------------------------------------------------------

    def _judge(self, files: Sequence[LandedFile]) -> None:
        """Judge the master list's own rows first, then all others by the list that applies to each file."""
        lists = dict.fromkeys(self.landing.master_files())
        fresh: dict[str, Master] = {}
        for file in files:
            division = judge_master_list(file)
            if villages := [_village(row) for row in division if row.state == "accepted"]:
                fresh[file.sha256] = Master(villages, _counties(file, division))
                lists[file.file.received_on, file.sha256] = None
        groups: dict[tuple[str, ...], list[LandedFile]] = {}
        for file in files:
            groups.setdefault(applicable(sorted(lists), file.file.received_on), []).append(file)
        for digests, group in groups.items():
            master = Master([])
            for digest in digests:  # in the order received: of a village in two lists the later line counts
                master = master.joined(fresh[digest] if digest in fresh else self.landing.master(digest))
            self._judge_by(group, master, _version(digests))

    def _judge_by(self, files: Sequence[LandedFile], master: Master, version: str) -> None:
        for file in files:
            file.master_version = version
        judge_files(files, master)


def judge_master_list(file: LandedFile) -> list[Row]:
    """Judge the rows of the master list that a file holds; rows and issues are set on the file."""
    division = rows_of(file, ["division"], frozenset()).get("division", [])
    if division:
        file.rows["division"] = division
        file.issues += judge("division", division, Master([]), left_out=("R06",))
    return division


def judge_files(files: Sequence[LandedFile], master: Master, left_out: Collection[str] = ()) -> None:
    """Judge all other rows of the files by one master list; rows and issues are set on the files."""
    by_digest = {file.sha256: file for file in files}
    for file in files:
        file.rows |= rows_of(file, [name for name in forms() if name != "division"], master.towns)
    for form in forms():
        batch = [row for file in files for row in file.rows.get(form, [])]
        if form == "division" or not batch:
            continue
        for issue in judge(form, batch, master, left_out):
            by_digest[issue.file_sha256].issues.append(issue)


def read_location(work: tuple[InboxFile, str, Limits, tuple[Correction, ...]]) -> FileRead:
    """Read one file of the inbox (in a worker process)."""
    file, _, limits, corrections = work
    names = Names("", file.name, tuple(reversed(file.folders)), file.received_on)
    return read_file(file.location.read_bytes(), names, limits, corrections)


def rows_of(file: LandedFile, names: Collection[str], towns: frozenset[str]) -> dict[str, list[Row]]:
    """The rows of some forms of a file; a town that no sheet spells out is sought by the master list's names."""
    rows: dict[str, list[Row]] = {}
    seq = 0
    for table in file.read.tables:
        if table.form in names and table.report_date:
            town = table.town or next((town for text in table.speaking if (town := town_in(text, towns))), None)
            origin = Origin(
                file.sha256, file.file.path, table.sheet, town, table.county, table.report_date, file.file.folders
            )
            rows.setdefault(str(table.form), []).extend(
                Row(origin, record, seq + n) for n, record in enumerate(table.records)
            )
        seq += len(table.records)
    return rows


def _counties(file: LandedFile, division: Sequence[Row]) -> dict[str, str]:
    codes = {row.county_code for row in division if row.county_code}
    named = {table.county for table in file.read.tables if table.form == "division" and table.county}
    return {named.pop(): codes.pop()} if len(named) == len(codes) == 1 else {}


def _village(row: Row) -> Village:
    values: dict[str, Any] = row.values
    population = values["registered_population"]
    same = ("village_code", "town", "village_committee", "natural_village", "valid_from", "valid_to", "alias")
    return Village(
        **dict[str, Any]((name, values.get(name)) for name in same),
        registered_population=None if population is None else int(population),
    )


def _outcome(file: LandedFile) -> FileOutcome:
    states = Counter(row.state for rows in file.rows.values() for row in rows)
    severities: Counter[str] = Counter(issue.severity for issue in file.issues)
    read = file.read
    return FileOutcome(file.file.path, read.status, read.reason, states["accepted"], states["rejected"], severities)


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
