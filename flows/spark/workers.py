"""What Spark's workers do with files: read them, judge what was read. Both are flows/ingest's own, batch by batch."""

import datetime as dt
import pickle
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from flows.ingest.arriving import LEFT, after_reading
from flows.ingest.guard import Limits
from flows.ingest.inbox import InboxFile
from flows.ingest.judging import is_judged_by_list, judge_by_lists, judge_master_lists
from flows.ingest.landing import Landing
from flows.ingest.landing_lines import Batch, LandedFile
from flows.ingest.lists import Lists
from flows.ingest.night import PIPELINE_VERSION, outcome_of
from flows.ingest.reading import FileRead, Find, Reader
from flows.ingest.workers import run_isolated

# A file to be read, by its number in the order of all; `work` holds a `Work`.
WORK = pa.schema({"no": pa.int64(), "work": pa.binary()})
# A file as it was read: a `LandedFile`; and what the driver has to know of it.
READING = pa.schema(
    {"no": pa.int64(), "landed": pa.binary(), "status": pa.string(), "gives_list": pa.bool_(), "is_copy": pa.bool_()}
)
# Lines of one table of landing, as an Arrow stream; under the name of OUTCOMES what became of files, pickled.
LINES = pa.schema({"table": pa.string(), "lines": pa.binary()})
OUTCOMES = "outcomes"
# Numbers of issues that a file can have: they are counted on from its place among all files.
_ISSUES = 1 << 32

Batches = Iterable[pa.RecordBatch]
# (the file, its sha256, what became of it where it need not be read, its corrections, their version)
Work = tuple[InboxFile, str, FileRead | None, tuple[Any, ...], str]


@dataclass(frozen=True)
class ReadFiles:
    """Reads the files of a partition, one after the other in a process beside the worker (`flows.ingest.workers`)."""

    limits: Limits
    find: Find
    settle_seconds: float

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """From WORK to READING."""
        lines = [line for batch in batches for line in batch.to_pylist()]
        works: list[tuple[int, Work]] = [(line["no"], pickle.loads(line["work"])) for line in lines]
        with closing(
            run_isolated(
                Reader(self.limits, self.find),
                [(file, corrections) for _, (file, _, read, corrections, _) in works if read is None],
                processes=1,
                seconds=self.limits.seconds,
                memory_bytes=self.limits.memory_bytes,
            )
        ) as results:
            for number, (file, digest, read, _, version) in works:
                if read is None:
                    read = after_reading(file, next(results)[1], {}, self.settle_seconds)
                yield _reading(number, LandedFile(file, digest, read, corrections_version=version))


def _reading(number: int, landed: LandedFile) -> pa.RecordBatch:
    gives_list = any(table.form == "division" for table in landed.read.tables)
    is_copy = landed.read.unread_copy_of is not None
    values = (number, pickle.dumps(landed), landed.read.status, gives_list, is_copy)
    return pa.record_batch([[value] for value in values], schema=READING)


@dataclass(frozen=True)
class JudgeFiles:
    """Judges files by the master lists and lays out their lines.

    Attributes
    ----------
    lists
        A warehouse in which the files are landed that give the lists; each task opens it for reading.
    decided
        Number of a file → what the driver made of it, where that is not what the worker read.
    seen_at
        When the night began.
    """

    lists: Path
    decided: Mapping[int, FileRead]
    seen_at: dt.datetime

    def __call__(self, batches: Batches) -> Iterator[pa.RecordBatch]:
        """From READING to LINES."""
        with Landing(self.lists, read_only=True) as landing:
            lists = Lists(landing.connection)
            for batch in batches:
                files = {line["no"]: pickle.loads(line["landed"]) for line in batch.to_pylist()}
                if files:
                    yield self._judged(dict(sorted(files.items())), lists)

    def _judged(self, files: Mapping[int, LandedFile], lists: Lists) -> pa.RecordBatch:
        for number, file in files.items():
            file.read = self.decided.get(number, file.read)
        landed = [file for file in files.values() if file.read.status not in LEFT]
        judge_master_lists(landed)
        judge_by_lists([file for file in landed if is_judged_by_list(file)], lists)
        batch = Batch(issue_no=min(files) * _ISSUES)
        for file in landed:
            batch.add(file, PIPELINE_VERSION, self.seen_at)
        lines = {name: _stream(table) for name, table in batch.tables().items()}
        lines[OUTCOMES] = pickle.dumps([outcome_of(file) for file in files.values()])
        return pa.record_batch([[*lines], [*lines.values()]], schema=LINES)


def unpack(batches: Batches) -> Iterator[pa.RecordBatch]:
    """From LINES of one table to its rows."""
    for batch in batches:
        for lines in batch.column("lines"):
            with pa.ipc.open_stream(lines.as_buffer()) as stream:
                yield from stream


def _stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue())
