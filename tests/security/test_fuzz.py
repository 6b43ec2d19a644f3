"""Mutated workbooks through the night's own way: workers read them, the parent judges and lands them, copies are made.

What kills or stalls a worker, or raises what it should not, is kept as a file in `cases/`, which is read in every run.

The long run, in which each process has dice of its own and says how many files it read:
``uv run pytest -m fuzz -n 2 --dist load -rP --minutes 10 tests/security``.
"""

import datetime as dt
import hashlib
import os
import random
import time
from collections import Counter
from pathlib import Path

import pytest

from flows.ingest.guard import Limits, Refused
from flows.ingest.inbox import discover
from flows.ingest.night import Options, ingest
from flows.ingest.reading import FileRead, Reader
from flows.ingest.workers import run_isolated
from flows.report.copies import Job, write_copies
from flows.report.findings import Finding
from tests.security.mutations import corpus, mutated

CASES = Path(__file__).parent / "cases"
ROUND, COPIES = 150, 10
NOW = dt.datetime(2021, 8, 25, 2, 0)
# What no file may end in: the codes of `guard.REASONS` for what happened to the worker, not to the file.
FAULTS = ("crashed", "timeout", "memory")
FINDING = Finding("R02", "error", "Sheet1", 5, "A5", None, None, "“人口”不能为负。")


def faults_of(folder: Path, scratch: Path, processes: int) -> tuple[Counter[str], dict[Path, Refused]]:
    """Read every file of an inbox as the night does, land it, make copies of some: what became of them, and faults."""
    limits = Limits()
    night = ingest(folder, scratch / "w.duckdb", Options(limits, processes), NOW, lambda *_: None)
    files = list(discover(folder, NOW.date()))
    assert night.found == len(files) == len(night.outcomes)
    outcomes = {outcome.path: outcome.status for outcome in night.outcomes}
    faults: dict[Path, Refused] = {}
    for (file, _), read in run_isolated(
        Reader(limits), [(file, ()) for file in files],
        processes=processes, seconds=limits.seconds, memory_bytes=limits.memory_bytes,
    ):  # fmt: skip
        if isinstance(read, Refused) and read.code in FAULTS:
            faults[file.location] = read
    sound = [file.location for file in files if outcomes[file.path] == "read"][:COPIES]
    jobs = [
        Job(source, (FINDING,), scratch / f"{number}.xlsx", "zh", limits, replaces=True, is_private=True)
        for number, source in enumerate(sound)
    ]
    for job, written in write_copies(jobs, limits, processes):
        if isinstance(written, Refused) and written.code in FAULTS:
            faults[job.source] = written
    return Counter(outcomes.values()), faults


def kept(source: Path, why: Refused) -> Path:
    """Keep a file that found a fault as a case."""
    data = source.read_bytes()
    CASES.mkdir(exist_ok=True)
    case = CASES / f"{why.code}-{hashlib.sha256(data).hexdigest()[:8]}{source.suffix}"
    case.write_bytes(data)
    return case


@pytest.mark.fuzz
@pytest.mark.parametrize("process", range(2))
def test_no_mutated_workbook_crashes_stalls_or_swells_the_reader(
    process: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    ends = time.monotonic() + 60 * float(request.config.getoption("--minutes"))
    seed = int(os.environ.get("FUZZ_SEED", "0")) or random.SystemRandom().randrange(10**9)
    dice, sources, count = random.Random(seed * 2 + process), corpus(), Counter[str]()
    found: dict[Path, str] = {}
    rounds = 0
    while time.monotonic() < ends:
        rounds += 1
        folder = tmp_path / str(rounds) / "raw" / "2021-08-20"
        folder.mkdir(parents=True)
        for number in range(ROUND):
            source = dice.choice(sources)
            (folder / f"{number}{source.suffix}").write_bytes(mutated(source.read_bytes(), dice))
        statuses, faults = faults_of(folder.parent, folder.parent.parent, processes=1)
        count.update(statuses)
        found |= {kept(source, why): why.reason_en for source, why in faults.items()}
    print(f"\nFUZZ_SEED={seed} process {process}: {count.total()} files in {rounds} rounds, {dict(count)}")
    assert found == {}


def test_no_kept_case_crashes_stalls_or_swells_the_reader(tmp_path: Path) -> None:
    cases = sorted(path for path in CASES.glob("*") if path.is_file())
    assert cases
    folder = tmp_path / "raw" / "2021-08-20"
    folder.mkdir(parents=True)
    for case in cases:
        (folder / case.name).write_bytes(case.read_bytes())
    statuses, faults = faults_of(folder.parent, tmp_path, processes=1)
    assert statuses.total() == len(cases)
    assert faults == {}


def test_an_exception_that_no_reader_expects_is_a_fault_of_its_file_alone(tmp_path: Path) -> None:
    work = [Path("sound"), Path("broken"), Path("sound")]
    results = [result for _, result in run_isolated(fragile, work, processes=1, seconds=15, memory_bytes=10**9)]
    assert [isinstance(result, Refused) for result in results] == [False, True, False]
    assert isinstance(results[1], Refused)
    assert results[1].code == "crashed"


def fragile(path: Path) -> FileRead:
    """Fail on one of the paths as a reader with a mistake in it would."""
    if path.name == "broken":
        raise KeyError("no reader expects this")
    return FileRead("read")
