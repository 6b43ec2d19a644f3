"""A month of nights: late, corrected, doubled and bad files, each night as it comes.

    uv run pytest -m faults -s tests/faults/test_month.py

prints the table of nights. The workbooks come from the generator `make_towns.py`, sought where `GONGSHUI_MAKE_TOWNS`
says, else in `../shared/bench/` beside the project; `GONGSHUI_NIGHTS` says how many nights, else there are thirty.
"""

import datetime as dt
import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from flows.ingest.landing_tables import tables
from tests.conftest import RAW
from tests.faults.county import Place
from tests.faults.state import of_tables

pytestmark = pytest.mark.faults

MAKE_TOWNS = Path(os.environ.get("GONGSHUI_MAKE_TOWNS", RAW.parent.parent / "shared" / "bench" / "make_towns.py"))
NIGHTS = int(os.environ.get("GONGSHUI_NIGHTS", "30"))
FIRST_DAY, TOWNS, VILLAGES = dt.date(2021, 8, 1), 14, 24
# Of the files of a night: so many come one to three nights later, are sent again corrected, sent twice, come damaged.
LATE, CORRECTED, DOUBLED, BAD = 0.2, 0.15, 0.1, 0.15
MOST_GROWTH = 1.5


@dataclass
class Line:
    """A line of the table of nights."""

    day: dt.date
    files: int
    landed: int
    rows: int
    seconds: float

    def __str__(self) -> str:
        landed = f"{self.landed:5} landed in all {self.rows:7} rows"
        return f"{self.day}  {self.files:4} files come {landed} {self.seconds:6.1f} s"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What every town could send for every day, and the county's lists."""
    if not MAKE_TOWNS.is_file():
        pytest.fail(f"{MAKE_TOWNS} is missing: set GONGSHUI_MAKE_TOWNS to the path of make_towns.py")
    folder = tmp_path_factory.mktemp("made")
    days = ",".join((FIRST_DAY + dt.timedelta(n)).isoformat() for n in range(NIGHTS))
    sizes = ["--towns", str(TOWNS), "--villages", str(VILLAGES), "--dates", days, "--jobs", "1"]
    subprocess.run([sys.executable, str(MAKE_TOWNS), *sizes, "--out", str(folder)], check=True, capture_output=True)
    return folder / "raw"


def deliveries(made: Path) -> list[list[tuple[str, bytes]]]:
    """Night by night the files that come, by their names beneath the folder of the day."""
    chance = random.Random(30)
    nights: list[list[tuple[str, bytes]]] = [[] for _ in range(NIGHTS + 4)]
    for number in range(NIGHTS):
        day = made / (FIRST_DAY + dt.timedelta(number)).isoformat()
        for town, file in enumerate(sorted(path for path in day.rglob("*") if path.is_file())):
            if (town + number) % 3:
                continue  # a town reports every third day
            name, data = file.relative_to(day).as_posix(), file.read_bytes()
            comes = number + (chance.randint(1, 3) if chance.random() < LATE else 0)
            nights[comes].append((name, data))
            if chance.random() < DOUBLED:
                nights[comes + chance.randint(0, 1)].append((f"副本/{name}", data))
            if file.suffix == ".csv" and chance.random() < CORRECTED * TOWNS / 3:
                nights[comes + 1].append((f"更正/{name}", _corrected(data)))
            if chance.random() < BAD:
                bad = chance.choice([data[: len(data) // 2], b"", b"\xd0\xcf\x11\xe0" + bytes(2000), b"PK\3\4 no more"])
                nights[comes].append((f"坏/{chance.randrange(10**6)} {file.name}", bad))
                nights[comes].append((f"坏/~${file.name}", b"lock"))
    return nights[:NIGHTS]


def _corrected(data: bytes) -> bytes:
    """A csv with another date by which its first village was to be done."""
    lines = data.decode("gb18030").splitlines(keepends=True)
    cells = lines[2].split(",")
    cells[7] = "2021.12.1"
    return "".join([*lines[:2], ",".join(cells), *lines[3:]]).encode("gb18030")


def test_a_month_of_nights_ends_as_one_run_over_all_and_loses_nothing(made: Path, tmp_path: Path) -> None:
    place = Place(tmp_path / "nightly")
    lists = made / (FIRST_DAY - dt.timedelta(10)).isoformat()
    shutil.copytree(lists, place.raw / lists.name)
    table, before = [], tmp_path / "before.duckdb"
    for number, files in enumerate(deliveries(made)):
        day = FIRST_DAY + dt.timedelta(number)
        for name, data in files:
            file = place.raw / day.isoformat() / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(data)
            os.utime(file, (number, number))  # nobody writes it any more
        started = time.monotonic()
        code, said = place.night("--plain")
        seconds = time.monotonic() - started
        assert code in (0, 1), said
        warehouse = place.data / "warehouse.duckdb"
        assert list(_lost(before, warehouse)) == [], day
        shutil.copyfile(warehouse, before)
        table.append(Line(day, len(files), *_landed(warehouse), seconds))
        print(f"\n{table[-1]}", end="")
    shutil.copytree(place.raw, tmp_path / "at once" / "raw")
    at_once = Place(tmp_path / "at once")
    code, said = at_once.night("--plain")
    assert code in (0, 1), said
    found, expected = place.data / "warehouse.duckdb", at_once.data / "warehouse.duckdb"
    assert list(of_tables(found, expected, ("landing", "marts"))) == []
    assert list(of_tables(place.published, at_once.published, ("main",))) == []
    early, late = ([line.seconds for line in lines] for lines in (table[5:10], table[-5:]))
    if NIGHTS >= 15:
        growth = sum(late) / sum(early)
        print(f"\nthe last five nights took {growth:.2f} times the sixth to tenth")
        assert growth <= MOST_GROWTH


def _lost(before: Path, now: Path) -> Iterator[str]:
    """What was in landing last night and is no more."""
    if not before.exists():
        return
    with duckdb.connect() as con:
        con.execute(f"attach '{before}' as before (read_only); attach '{now}' as now (read_only)")
        for name in tables():
            columns = "* exclude (issue_no)" if name == "issue" else "*"
            then, now_ = (f'select {columns} from {one}.landing."{name}"' for one in ("before", "now"))
            rows = f"{then} except all {now_}"
            ((lost,),) = con.execute(f"select count(*) from ({rows})").fetchall()
            if lost:
                yield f"{lost} rows of landing.{name}"


def _landed(warehouse: Path) -> tuple[int, int]:
    """How many files and rows of reports are landed."""
    with duckdb.connect(str(warehouse), read_only=True) as con:
        ((files, rows),) = con.execute(
            "select (select count(*) from landing.file), (select count(*) from landing.village_progress)"
        ).fetchall()
    return int(files), int(rows)
