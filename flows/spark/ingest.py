"""The inbox into landing on Spark: the workers read and judge, the driver decides what only all files together tell.

Every night reads the whole inbox, and landing is written anew, as Parquet: all goes as in a first night of
flows/ingest/night.py, and the same comes of it.
"""

import datetime as dt
import pickle
import shutil
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa

from flows.ingest.arriving import LEFT, UNREADABLE, after_reading, before_reading, without_original
from flows.ingest.corrections import Corrections, read_corrections
from flows.ingest.inbox import InboxFile, discover
from flows.ingest.judging import judge_master_lists
from flows.ingest.landing import Landing
from flows.ingest.landing_lines import LandedFile
from flows.ingest.landing_tables import tables
from flows.ingest.night import (
    BATCH_ROWS,
    PIPELINE_VERSION,
    FileOutcome,
    Night,
    Options,
    Progress,
    failed_corrections,
    order,
)
from flows.ingest.reading import FileRead, Originals
from flows.said import Said
from flows.spark.warehouse import Place, show_landing
from flows.spark.workers import LINES, OUTCOMES, READING, WORK, JudgeFiles, ReadFiles, unpack
from schemas.personal import without_numbers

if TYPE_CHECKING:
    from pyspark.sql import DataFrame, SparkSession

# Files of a task: few, for a worker may die; many, for each task starts a reader, which takes a second.
_FILES_A_TASK = 500

# A file, its sha256, and what becomes of it where it need not be read.
Seen = tuple[InboxFile, str, FileRead | None]


def ingest(
    spark: "SparkSession", raw: Path, place: Place, options: Options, now: dt.datetime, progress: Progress
) -> Night:
    """Read the inbox into landing.

    Parameters
    ----------
    spark
        The session; its workers see the inbox and `place` under the same paths.
    raw
        The inbox; never written to.
    place
        Where landing is written, and the warehouse that shows it.
    options
        Limits and corrections; `processes` is the cluster's own here.
    now
        When the night began.
    progress
        Told when files are read and when they are landed.

    Returns
    -------
    flows.ingest.night.Night
        Counts and one outcome a file.

    Raises
    ------
    FileNotFoundError
        The inbox is missing.
    """
    corrections = read_corrections(options.corrections, options.limits)
    originals: dict[str, str] = {}
    seen = [before_reading(file, originals) for file in sorted(discover(raw, now.date()), key=order)]
    shutil.rmtree(place.work, ignore_errors=True)
    place.work.mkdir(parents=True)
    read = ReadFiles(options.limits, Originals(raw, originals), options.settle_seconds)
    readings = _kept(spark, place.work / "readings", _work(spark, seen, corrections).mapInArrow(read, _ddl(READING)))
    progress(len(seen), len(seen), 0)
    decided = _decided(readings, seen, originals, options.settle_seconds)
    lists = place.work / "lists.duckdb"
    _land_lists(readings, decided, lists, now)
    judge = JudgeFiles(lists, decided, now)
    judged = readings.select(*READING.names).mapInArrow(judge, _ddl(LINES))
    lines = _kept(spark, place.work / "lines", judged, by="table")
    _land(lines, place)
    night = Night(found=len(seen))
    for outcome in _outcomes(lines):
        night.tell(outcome)
    progress(len(seen), len(seen), sum(outcome.accepted + outcome.rejected for outcome in night.outcomes))
    show_landing(place)
    night.unread = [*_unread(night.outcomes)]
    with Landing(place.warehouse, read_only=True) as landing:
        night.failed_corrections = failed_corrections(corrections, landing)
    shutil.rmtree(place.work)
    return night


def _work(spark: "SparkSession", seen: Sequence[Seen], corrections: Corrections) -> "DataFrame":
    """All files, in tasks of neighbours."""
    work = [(*one, corrections.of(one[0].path), corrections.version(one[0].path)) for one in seen]
    table = pa.table([[*range(len(work))], [pickle.dumps(one) for one in work]], schema=WORK)
    tasks = max(spark.sparkContext.defaultParallelism, len(work) // _FILES_A_TASK)
    return spark.createDataFrame(table).repartitionByRange(tasks, "no")


def _kept(spark: "SparkSession", folder: Path, rows: "DataFrame", by: str | None = None) -> "DataFrame":
    """The rows, written and read again: reading a file is not repeated, whatever becomes of a worker."""
    rows.write.parquet(str(folder), partitionBy=by)
    return spark.read.schema(rows.schema).parquet(str(folder))


def _decided(
    readings: "DataFrame", seen: Sequence[Seen], originals: dict[str, str], settle_seconds: float
) -> dict[int, FileRead]:
    """What becomes of files for the sake of others: copies of ours that came back, copies of what was left."""
    decided = {}
    for number, landed in _collected(readings, "is_copy"):
        decided[number] = after_reading(landed.file, landed.read, originals, settle_seconds)
    left = {landed.sha256 for _, landed in _collected(readings, f"status in {LEFT}")}
    for number, (_, digest, read) in enumerate(seen):
        if read and read.duplicate_of and digest in left:
            decided[number] = without_original(read.duplicate_of)
    return decided


def _land_lists(readings: "DataFrame", decided: dict[int, FileRead], warehouse: Path, now: dt.datetime) -> None:
    """Land the master lists beside everything else, where the workers look names up; so many lines at a time."""
    with Landing(warehouse) as landing:
        batch: list[LandedFile] = []
        for number, landed in _collected(readings, "gives_list and status = 'read'"):
            if number not in decided:
                batch.append(landed)
            if sum(len(table.records) for file in batch for table in file.read.tables) >= BATCH_ROWS:
                landing.write(judge_master_lists(batch), PIPELINE_VERSION, now)
                batch = []
        landing.write(judge_master_lists(batch), PIPELINE_VERSION, now)


def _collected(readings: "DataFrame", condition: str) -> Iterator[tuple[int, LandedFile]]:
    for row in readings.where(condition).orderBy("no").select("no", "landed").toLocalIterator():
        yield row.no, pickle.loads(row.landed)


def _land(lines: "DataFrame", place: Place) -> None:
    """Write every table of landing, then put them all in the place of the last night's."""
    for name, columns in tables().items():
        rows = lines.where(lines.table == name).select(*LINES.names).mapInArrow(unpack, _ddl(pa.schema(columns)))
        rows = _with_copies_described(rows) if name == "file" else rows
        rows.write.parquet(str(place.new_landing / name), mode="overwrite")
    shutil.rmtree(place.landing, ignore_errors=True)
    place.new_landing.rename(place.landing)


def _with_copies_described(files: "DataFrame") -> "DataFrame":
    """A copy speaks for the town and day of its original (`Landing.write` does the same)."""
    from pyspark.sql import functions as f

    told = ["town_code", "report_date"]
    originals = files.where("status = 'read'").select(
        "file_sha256", *(f.col(name).alias(f"original_{name}") for name in told), f.lit("duplicate").alias("status")
    )
    described = {name: f.coalesce(f"original_{name}", name) for name in told}
    return files.join(originals, ["file_sha256", "status"], "left").withColumns(described).select(*files.columns)


def _outcomes(lines: "DataFrame") -> Iterator[FileOutcome]:
    for row in lines.where(lines.table == OUTCOMES).select("lines").toLocalIterator():
        yield from pickle.loads(row.lines)


def _unread(outcomes: Iterable[FileOutcome]) -> Iterator[tuple[str, Said]]:
    for outcome in sorted(outcomes, key=lambda outcome: outcome.path):
        if outcome.status in ("refused", "unrecognised", UNREADABLE):
            said = Said(outcome.reason or "", outcome.reason_en or outcome.reason or "")
            yield without_numbers(outcome.path), said


def _ddl(schema: pa.Schema) -> object:
    """The schema as Spark knows it."""
    from pyspark.sql.pandas.types import from_arrow_schema

    return from_arrow_schema(schema)
