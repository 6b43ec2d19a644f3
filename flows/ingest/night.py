"""The inbox into landing: what is new is read in worker processes, judged in batches, and landed.

A file already landed under the same path with the same size and time is not opened again. Rows are judged
by their county's master list as it was received by the day the file was received (else by the earliest there
is; where they name no county of which there is one, by those of all); when another list comes to apply, the
files that it concerns are judged again, so that any order of nights ends in the same landing.
"""

import datetime as dt
import gc
from collections import Counter
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from flows.ingest.arriving import LEFT, UNREADABLE, after_reading, before_reading, without_original
from flows.ingest.corrections import Corrections, read_corrections
from flows.ingest.guard import Limits
from flows.ingest.inbox import InboxFile, discover
from flows.ingest.judging import NO_LIST, is_judged_by_list, judge_by_lists, judge_master_lists
from flows.ingest.landing import Known, Landing
from flows.ingest.landing_lines import LandedFile
from flows.ingest.lists import Lists
from flows.ingest.reading import Originals, Reader
from flows.ingest.workers import run_isolated
from flows.runlog import note
from flows.said import Said
from schemas import forms
from schemas.personal import without_numbers

# Raised when the same bytes would be read otherwise: `--reread` then reads everything again.
PIPELINE_VERSION = "1"
# What is judged and landed together: the more, the less each costs; the fewer, the less memory it takes.
BATCH_FILES, BATCH_ROWS = 512, 20_000
# The towns write while we read: a file younger than this that is refused may not be whole yet.
SETTLE_SECONDS = 60.0
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
    # A file that was written in these last seconds, and is refused, is left for another night.
    settle_seconds: float = 0.0


@dataclass
class FileOutcome:
    """One line of the night's table of submissions."""

    path: str
    status: str
    reason: str | None
    reason_en: str | None
    accepted: int = 0
    rejected: int = 0
    issues: Counter[str] = field(default_factory=Counter)
    sha256: str = ""
    seconds: float | None = None


@dataclass
class Night:
    """What a night's ingest did."""

    found: int = 0
    known: int = 0
    again: int = 0
    outcomes: list[FileOutcome] = field(default_factory=list)
    # Files of the inbox that hold no table of ours, or cannot be read or opened, and why: somebody has to see to them.
    unread: list[tuple[str, Said]] = field(default_factory=list)
    # Why corrections were not applied, tonight or before: somebody has to mend or close them.
    failed_corrections: list[Said] = field(default_factory=list)

    def tell(self, outcome: FileOutcome) -> None:
        """Count what became of a file, and write its line into the log of the run."""
        self.outcomes.append(outcome)
        note(
            "file", path=without_numbers(outcome.path), sha256=outcome.sha256, status=outcome.status,
            rows_accepted=outcome.accepted, rows_rejected=outcome.rejected, issues=dict(outcome.issues),
            seconds=outcome.seconds,
        )  # fmt: skip

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
        night = _Ingest(raw, landing, options, now, progress)
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
    def __init__(self, raw: Path, landing: Landing, options: Options, now: dt.datetime, progress: Progress) -> None:
        self.raw, self.landing, self.options, self.now, self.progress = raw, landing, options, now, progress
        self.night = Night()
        self.rows_read = 0
        # Path → sha256 of what was not landed: what stands of it from before, stands.
        self.left: dict[str, str] = {}
        # The master lists as they are landed; None where others have come since, or nothing was judged yet.
        self.lists: Lists | None = None
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
        self.night.unread = self._unread(found)
        self.night.failed_corrections = failed_corrections(self.corrections, self.landing)
        return self.night

    def _unread(self, found: Sequence[InboxFile]) -> list[tuple[str, Said]]:
        known, left = self.landing.known(), {outcome.path: outcome for outcome in self.night.outcomes}
        entries = [(file.path, left[file.path] if file.path in self.left else known.get(file.path)) for file in found]
        return [
            (without_numbers(path), Said(entry.reason or "", entry.reason_en or entry.reason or ""))
            for path, entry in entries
            if entry and entry.status in ("refused", "unrecognised", UNREADABLE)
        ]

    def _judged_by_another_list(self, found: list[InboxFile]) -> list[InboxFile]:
        known, counties = self.landing.known(), self.landing.counties()
        self.lists = Lists(self.landing.connection)
        version = cache(self.lists.version)
        return [
            file
            for file in found
            if (entry := known.get(file.path))
            and file.path not in self.left
            and entry.status == "read"
            and entry.master_version != NO_LIST
            and entry.master_version != version(counties.get(entry.sha256, ()), file.folders, entry.received_on)
        ]

    def _land(self, files: Sequence[InboxFile]) -> None:
        files = sorted(files, key=order)
        batch: list[LandedFile] = []
        rows = 0
        with closing(self._read(files)) as read:
            for done, file in enumerate(read, 1):
                file.corrections_version = self.corrections.version(file.file.path)
                if file.read.status in LEFT:
                    self.left[file.file.path] = file.sha256
                    self._tell(file)
                else:
                    batch.append(file)
                rows += sum(len(table.records) for table in file.read.tables)
                self.progress(done, len(files), self.rows_read + rows)
                if len(batch) == BATCH_FILES or rows >= BATCH_ROWS or done == len(files):
                    self._land_batch(batch)
                    self.rows_read += rows
                    batch, rows = [], 0
                    gc.collect(0)

    def _land_batch(self, batch: Sequence[LandedFile]) -> None:
        if not batch:
            return
        judged = [file for file in batch if is_judged_by_list(file)]
        with self.landing.transaction():
            if lists := judge_master_lists(batch):
                # What is landed of them judges the others.
                self._write(lists)
                self.lists = None
            if judged:
                self.lists = self.lists or Lists(self.landing.connection)
                judge_by_lists(judged, self.lists)
            written = {id(file) for file in lists if not is_judged_by_list(file)}
            self._write([file for file in batch if id(file) not in written])
        for file in batch:
            self._tell(file)

    def _write(self, files: Sequence[LandedFile]) -> None:
        self.landing.write(files, PIPELINE_VERSION, self.now)

    def _tell(self, file: LandedFile) -> None:
        self.night.tell(outcome_of(file))

    # --- reading --------------------------------------------------------------------------------------------------

    def _read(self, files: Sequence[InboxFile]) -> Generator[LandedFile]:
        """Each file with what it holds, in their order; litter is not opened, the same bytes are read once."""
        limits, originals = self.options.limits, self.landing.originals()
        seen = [before_reading(file, originals) for file in files]
        work = [(file, self.corrections.of(file.path)) for file, _, read in seen if read is None]
        with closing(
            run_isolated(
                Reader(limits, Originals(self.raw, originals)),
                work,
                processes=self.options.processes,
                seconds=limits.seconds,
                memory_bytes=limits.memory_bytes,
            )
        ) as results:
            for file, digest, read in seen:
                if read is None:
                    read = after_reading(file, next(results)[1], originals, self.options.settle_seconds)
                elif read.duplicate_of and digest in self.left.values():
                    read = without_original(read.duplicate_of)
                yield LandedFile(file, digest, read)


def failed_corrections(corrections: Corrections, landing: Landing) -> list[Said]:
    """What is wrong with the table of corrections, and each that its file, sheet or cell no longer bears out."""
    known = landing.known() if corrections.lines else {}
    failed = list(corrections.problems)
    for line in corrections.lines:
        meant = {path: entry for path, entry in known.items() if entry.status != "ignored" and line.is_for(path)}
        if not meant:
            failed.append(line.failure("，收件中没有这个文件", "is in no file of the inbox"))
        elif all(entry.status in ("duplicate", "refused") for entry in meant.values()):
            zh = "，文件无法读取，或是另一文件的副本（请写原件）"
            failed.append(line.failure(zh, "is in a file that was refused, or a copy of another"))
        elif any(entry.corrections_version != corrections.version(path) for path, entry in meant.items()):
            zh = "，文件已不在收件箱，无法重新读取"
            failed.append(line.failure(zh, "is in a file that has left the inbox and cannot be read again"))
    return failed + [Said(*said) for said in landing.failed_corrections()]


def outcome_of(file: LandedFile) -> FileOutcome:
    """What became of a file, counted."""
    tables = [rows for every in file.rows.values() for rows in every]
    accepted, rejected = (sum(rows.count(state) for rows in tables) for state in ("accepted", "rejected"))
    severities: Counter[str] = Counter(issue.severity for issue in file.issues)
    read = file.read
    seconds = None if read.seconds is None else round(read.seconds, 3)
    return FileOutcome(
        file.file.path, read.status, read.reason, read.reason_en, accepted, rejected, severities, file.sha256, seconds
    )  # fmt: skip


def order(file: InboxFile) -> tuple[Any, ...]:
    """By the day received; the master list first; of two copies the one with the shorter name is the original."""
    return file.received_on, not any(word in file.name for word in _MASTER_WORDS), len(file.path), file.path


def _is_known(file: InboxFile, known: dict[str, Known], corrections: Corrections) -> bool:
    entry = known.get(file.path)
    if entry is None or (entry.size, entry.modified_ns) != (file.size, file.modified_ns):
        return False
    return not corrections.is_readable or (entry.corrections_version or "") == corrections.version(file.path)
