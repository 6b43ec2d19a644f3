"""Two thousand towns' workbooks: what a file costs, beside what must be spent on it and what others spend.

Run it on Linux, on a machine that does nothing else: `uv run pytest -m bench tests/bench/test_towns.py -s`. The
workbooks come from the generator `make_towns.py`, sought where `GONGSHUI_MAKE_TOWNS` says, else in
`../shared/bench/` beside the project.

Each line of the table is measured in a process of its own: unzipping and scanning the bytes (the least that reading
can cost), bare python-calamine, openpyxl read-only, and the ingest from files into accepted rows. The difference
between an inbox and one of half its size tells the cost of a file from that of starting.

Two inboxes are measured. One holds the workbooks alone, those that calamine and openpyxl read too, while the county's
lists were landed the night before: like is compared with like, and the goals are asserted of it. The other holds all
files, the third of them that are csv or HTML and the counties' lists of a thousand lines included.
"""

import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest

pytestmark = pytest.mark.bench

ROOT = Path(__file__).parent.parent.parent
MAKE_TOWNS = Path(os.environ.get("GONGSHUI_MAKE_TOWNS", ROOT.parent / "shared" / "bench" / "make_towns.py"))
TOWNS = (250, 500, 1000)  # two workbooks each
BEFORE = "night_before.duckdb"
Given = TypeVar("Given")
MOST_CALAMINES, LEAST_BELOW_OPENPYXL, LEAST_GAIN_OF_TWO_CORES, MOST_GROWTH = 6.0, 5.0, 1.8, 1.2


# --- in a process of its own ------------------------------------------------------------------------------------------


def scan(files: list[Path]) -> int:
    """Read, unzip and look at every byte once."""
    for path in files:
        if zipfile.is_zipfile(path):
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    archive.read(name).count(b"<c ")
        else:
            path.read_bytes().count(b"<td")
    return len(files)


def calamine(files: list[Path]) -> int:
    """Every sheet to Python's values; csv and HTML it does not read."""
    from python_calamine import CalamineError, CalamineWorkbook

    read = 0
    for path in files:
        with suppress(CalamineError), path.open("rb") as file:
            workbook = CalamineWorkbook.from_filelike(file)
            for name in workbook.sheet_names:
                workbook.get_sheet_by_name(name).to_python()
            read += 1
    return read


def bare(files: list[Path]) -> int:
    """Every file to Python's values, each by the bare reader of its kind: calamine, lxml for HTML, csv for text."""
    from lxml import etree

    workbooks = [path for path in files if zipfile.is_zipfile(path)]
    for path in sorted({*files} - {*workbooks}):
        data = path.read_bytes()
        try:
            text = data.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = data.decode("gb18030")
        if text.lstrip().startswith("<"):
            for row in etree.HTML(text.encode(), etree.HTMLParser(encoding="utf-8")).iter("tr"):
                ["".join(cell.itertext()) for cell in row]
        else:
            list(csv.reader(io.StringIO(text, newline="")))
    return calamine(workbooks) + len(files) - len(workbooks)


def openpyxl_read_only(files: list[Path]) -> int:
    """Every value of every sheet; only .xlsx."""
    from openpyxl import load_workbook

    workbooks = [path for path in files if path.suffix == ".xlsx"]
    for path in workbooks:
        workbook = load_workbook(path, read_only=True, data_only=True)
        for sheet in workbook:
            for _ in sheet.iter_rows(values_only=True):
                pass
        workbook.close()
    return len(workbooks)


def ingest(files: list[Path]) -> int:
    """The inbox into accepted rows, with a worker process for each core."""
    from flows.ingest.guard import Limits
    from flows.ingest.night import Options
    from flows.ingest.night import ingest as night
    from tests.conftest import NOW

    raw = next(parent for parent in files[0].parents if parent.name == "raw")
    warehouse = raw.parent / f"{os.getpid()}.duckdb"
    if (before := raw.parent / BEFORE).exists():
        shutil.copyfile(before, warehouse)
    done = night(raw, warehouse, Options(Limits(), len(os.sched_getaffinity(0))), NOW, lambda *_: None)
    assert done.count("read") == len(files)
    assert all(outcome.accepted and not outcome.rejected for outcome in done.outcomes)
    if raw.parent.name == "lists":
        warehouse.rename(raw.parent.parent / "workbooks" / BEFORE)
    else:
        warehouse.unlink()
    return len(files)


def peak(process: str) -> float:
    """The most memory that a process has had, in MB."""
    return int(re.findall(r"VmHWM:\s*(\d+)", Path("/proc", process, "status").read_text())[0]) / 1024


def watch(peaks: dict[str, float]) -> None:
    """Note again and again the peaks of the children of this process."""
    while True:
        for task in Path("/proc/self/task").iterdir():
            with suppress(OSError, IndexError):  # they end while they are looked at
                for child in (task / "children").read_text().split():
                    peaks[child] = peak(child)
        time.sleep(0.05)


def measure(reader: Callable[[Given], int], given: Given) -> None:
    """Print what reading some files costs, as JSON."""
    peaks: dict[str, float] = {}
    threading.Thread(target=watch, args=(peaks,), daemon=True).start()
    started = time.perf_counter()
    read = reader(given)
    wall, times = time.perf_counter() - started, os.times()
    cpu = times.user + times.system + times.children_user + times.children_system
    print(json.dumps({"files": read, "wall": wall, "cpu": cpu, "peaks": [peak("self"), *sorted(peaks.values())]}))


# --- beside each other ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cost:
    """What reading a number of files costs: seconds, and the peaks of the process and its workers in MB."""

    files: int
    wall: float
    cpu: float
    peaks: list[float]

    def line(self, name: str, bare: float) -> str:
        """A line of the table."""
        each, peaks = 1000 * self.cpu / self.files, " + ".join(f"{one:.0f}" for one in self.peaks)
        return f"{name:34}{self.files:6}{self.wall:9.2f}{self.cpu:9.2f}{each:9.2f}{each / bare:8.1f}   {peaks}"


def cost(reader: Callable[[Any], int], inbox: Path, cores: int = 1) -> Cost:
    """A reader's cost over an inbox, in a fresh process on so many cores."""
    command = [sys.executable, "-m", reader.__module__, reader.__name__, str(inbox), str(cores)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    return Cost(**json.loads(done.stdout))


@dataclass(frozen=True)
class Inboxes:
    """The files of so many towns: all of them, and the workbooks alone."""

    all_files: Path
    workbooks: Path


@pytest.fixture(scope="module")
def inboxes(tmp_path_factory: pytest.TempPathFactory) -> list[Inboxes]:
    """The inboxes of `TOWNS`."""
    if not MAKE_TOWNS.is_file():
        pytest.fail(f"{MAKE_TOWNS} is missing: set GONGSHUI_MAKE_TOWNS to the path of make_towns.py")
    made = []
    for towns in TOWNS:
        folder = tmp_path_factory.mktemp(f"towns{towns}")
        command = [sys.executable, str(MAKE_TOWNS), "--towns", str(towns), "--out", str(folder)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        lists = min((folder / "raw").iterdir())  # the folder of the earliest day
        for path in (path for path in (folder / "raw").rglob("*") if path.is_file()):
            kind = "lists" if path.is_relative_to(lists) else "workbooks"
            if kind == "lists" or zipfile.is_zipfile(path):
                there = folder / kind / path.relative_to(folder)
                there.parent.mkdir(parents=True, exist_ok=True)
                there.hardlink_to(path)
        cost(ingest, folder / "lists" / "raw")
        made.append(Inboxes(folder / "raw", folder / "workbooks" / "raw"))
    return made


def further(fewer: Cost, more: Cost) -> float:
    """What a further file costs, in milliseconds of CPU."""
    return 1000 * (more.cpu - fewer.cpu) / (more.files - fewer.files)


@dataclass(frozen=True)
class Measured:
    """What a further file costs in milliseconds of CPU, beside others; two cores to one; twice the files to half."""

    each: float
    calamine: float
    openpyxl: float
    gain: float
    growth: float

    def __str__(self) -> str:
        return (
            f"a further one: {self.each:.2f} ms CPU, {self.each / self.calamine:.1f} × calamine, "
            f"{self.openpyxl / self.each:.1f} × below openpyxl read-only; two cores read it {self.gain:.2f} × as fast "
            f"as one; twice as many take {self.growth:.2f} times the memory"
        )


@pytest.fixture(scope="module")
def measured(inboxes: list[Inboxes]) -> dict[str, Measured]:
    """The workbooks alone, and all files."""
    most = inboxes[-1].workbooks
    others = {reader.__name__: cost(reader, most) for reader in (scan, calamine, openpyxl_read_only)}
    bare, slow = (1000 * others[name].cpu / others[name].files for name in ("calamine", "openpyxl_read_only"))
    print(f"\n{'':34}{'files':>6}{'wall s':>9}{'CPU s':>9}{'ms each':>9}{'ratio':>8}   peak MB")
    for name, one in others.items():
        print(one.line(name.replace("_", " "), bare))
    found = {}
    for kind in ("workbooks", "all_files"):
        name = kind.replace("_", " ")
        places = [getattr(some, kind) for some in inboxes]
        on_one, on_two = [cost(ingest, inbox) for inbox in places], [cost(ingest, inbox, 2) for inbox in places[-2:]]
        for cores, costs in (("one core", on_one), ("two cores", on_two)):
            for one in costs:
                print(one.line(f"{name}, ingest on {cores}", bare))
        gain = (on_one[-1].wall - on_one[-2].wall) / (on_two[-1].wall - on_two[-2].wall)
        growth = sum(on_one[-1].peaks) / sum(on_one[-2].peaks)
        found[kind] = Measured(further(*on_one[-2:]), bare, slow, gain, growth)
        print(f"{name}: {found[kind]}")
    return found


def test_a_workbook_costs_few_times_what_bare_calamine_spends(measured: dict[str, Measured]) -> None:
    assert measured["workbooks"].each / measured["workbooks"].calamine <= MOST_CALAMINES


def test_a_workbook_costs_a_fraction_of_what_openpyxl_spends(measured: dict[str, Measured]) -> None:
    assert measured["workbooks"].openpyxl / measured["workbooks"].each >= LEAST_BELOW_OPENPYXL


def test_two_cores_read_nearly_twice_as_fast_as_one(measured: dict[str, Measured]) -> None:
    assert measured["workbooks"].gain >= LEAST_GAIN_OF_TWO_CORES


def test_memory_is_flat_in_the_number_of_files(measured: dict[str, Measured]) -> None:
    assert max(found.growth for found in measured.values()) <= MOST_GROWTH


if __name__ == "__main__":
    name, inbox, cores = sys.argv[1:]
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: int(cores)])
    measure(globals()[name], sorted(path for path in Path(inbox).rglob("*") if path.is_file()))
