"""Hostile files through the real worker processes: their memory, their time, and that each harms itself alone."""

import datetime as dt
import json
import os
import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.ingest.context import Names
from flows.ingest.grid import read_workbook
from flows.ingest.guard import REASONS, Limits, Refused
from flows.ingest.reading import read_file
from flows.ingest.workers import run_isolated
from tests import hostile

MESSY = Path(__file__).parents[1] / "data" / "messy"
MOST_MEMORY, MOST_SECONDS = 1_500_000_000, 15.0


@dataclass(frozen=True)
class Cost:
    """How a file was read, and what that took of its worker."""

    status: str
    reason: str
    seconds: float
    peak: int


def cost(path: Path) -> Cost:
    """Read a file, in a worker: with the peak of its memory where the system tells it."""
    if path.stem == "dies":
        os._exit(9)
    status, is_linux = Path("/proc/self/status"), sys.platform == "linux"
    if is_linux:
        Path("/proc/self/clear_refs").write_text("5")  # the peak so far is another file's
    started = time.perf_counter()
    read = read_file(path.read_bytes(), Names("", path.name, (), dt.date(2021, 8, 25)), Limits())
    seconds = time.perf_counter() - started
    peak = int(re.findall(r"VmHWM:\s+(\d+) kB", status.read_text())[0]) * 1024 if is_linux else 0
    return Cost(read.status, read.reason or "", seconds, peak)


def run(paths: list[Path]) -> Iterator[tuple[Path, Cost | Refused]]:
    return run_isolated(cost, paths, processes=2, seconds=MOST_SECONDS, memory_bytes=Limits().memory_bytes)


@pytest.fixture(scope="module")
def costs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cost | Refused]:
    folder = tmp_path_factory.mktemp("hostile")
    paths = [path for path in sorted(MESSY.glob("hostile_*")) if path.suffix != ".json"]
    for name, (make, _) in hostile.FILES.items():
        paths.append(folder / f"{name}.xlsx")
        paths[-1].write_bytes(make())
    return {path.stem: result for path, result in run(paths)}


def test_no_file_ends_its_worker_or_goes_beyond_its_bounds(costs):
    assert len(costs) > 45
    for name, found in costs.items():
        assert isinstance(found, Cost), (name, found)
        assert found.peak < MOST_MEMORY, (name, found)
        assert found.seconds < MOST_SECONDS, (name, found)
    most = max(costs.values(), key=lambda found: found.peak)
    slowest = max(costs.values(), key=lambda found: found.seconds)
    print(f"most memory {most.peak / 1e6:.0f} MB, most time {slowest.seconds:.1f} s")


@pytest.mark.parametrize("name", hostile.FILES)
def test_each_is_read_or_refused_for_its_own_reason(costs, name):
    expected, found = hostile.FILES[name][1], costs[name]
    assert found.status == (expected if expected in ("read", "unrecognised") else "refused"), found
    if found.status == "refused":
        words = re.split(r"\{[^}]*\}", REASONS[expected][0])
        assert all(word in found.reason for word in words), found


@pytest.mark.parametrize("path", sorted(MESSY.glob("hostile_*.json")), ids=lambda path: path.stem)
def test_the_single_workbooks_end_as_their_truth_says(costs, path):
    truth = json.loads(path.read_text(encoding="utf-8"))
    found = costs[Path(truth["file"]).stem]
    assert found.status in {"read" if word == "load" else word for word in truth.get("accept", [truth["expect"]])}


def test_a_file_that_ends_its_worker_is_named_and_takes_no_other_with_it(tmp_path):
    sound = hostile.table(hostile.village(1))
    paths = [tmp_path / f"{name}.xlsx" for name in ("a", "b", "dies", "c", "d", "e")]
    for path in paths:
        path.write_bytes(sound)
    found = {path.stem: result for path, result in run(paths)}
    died = found.pop("dies")
    assert isinstance(died, Refused)
    assert (died.code, "exit code 9" in died.reason_zh) == ("crashed", True)
    assert [result.status for result in found.values()] == ["read"] * 5


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells")
def test_what_a_large_file_took_is_given_back_before_the_next(tmp_path):
    large, small = tmp_path / "large.xls", tmp_path / "small.xlsx"
    large.write_bytes(hostile.FILES["HTML cells"][0]())
    small.write_bytes(hostile.table(hostile.village(1)))
    work = [large, small]
    (_, first), (_, second) = run_isolated(
        cost, work, processes=1, seconds=MOST_SECONDS, memory_bytes=Limits().memory_bytes
    )
    assert second.peak < first.peak / 2


def test_an_encrypted_xls_is_refused_for_its_password():
    data = bytearray((MESSY / "vp_xls.xls").read_bytes())
    # The stream into which Excel puts an encrypted workbook, named in the container's directory.
    stream = "Workbook".encode("utf-16-le")
    data += "EncryptedPackage".encode("utf-16-le")
    assert stream in data
    with pytest.raises(Refused) as caught:
        read_workbook(bytes(data), "x.xls")
    assert caught.value.code == "encrypted"
