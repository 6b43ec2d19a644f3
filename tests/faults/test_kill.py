"""A night that is killed, at any moment: the next one ends where an undisturbed one would have ended.

    uv run pytest -m faults -s tests/faults/test_kill.py

kills a hundred nights at random moments (`GONGSHUI_KILLS` says how many, `GONGSHUI_SEED` which) and one at each named
moment, and reads the published database all the while.
"""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.county import FIRST, THEN, Place, environment
from tests.faults.state import differences

pytestmark = [pytest.mark.faults, pytest.mark.skipif(os.name == "nt", reason="process groups are killed")]

KILLS, SEED = int(os.environ.get("GONGSHUI_KILLS", "100")), int(os.environ.get("GONGSHUI_SEED", "7"))
# One night in so many is the whole command with Prefect's server; the others leave Prefect out.
WHOLE_EVERY = 10
MOMENTS = {
    "between two files": "flows.ingest.night:after_reading:2",
    "in the landing transaction, after some tables": "flows.ingest.landing:Landing._insert:3",
    "in the landing transaction, before it is committed": "flows.ingest.landing:Landing._describe_copies:1",
    "when the files are landed": "flows.ingest.night:_Ingest._tell:1",
    "before dbt": "flows.transform:build:1",
    "when dbt has built everything": "flows.transform:_note_built_with:1",
    "when the release is built": "flows.publish.release:_archive:1",
    "when the last release is archived": "flows.publish.release:_swap:1",
    "when the release is swapped in": "flows.publish.release:_tidy:1",
    "before the copies": "flows.report.returning:write_copies:1",
    "when the copies are written": "flows.report.returning:_is_removed:1",
    "before the wall map": "flows.nightly:write_wall_map:1",
    "when the documents are written, before they are put in place": "flows.report.documents:_swap:1",
    "between two report dates of the documents": "flows.report.documents:_swap:2",
    "at the end": "flows.nightly:_leave_artifacts:1",
}


@pytest.fixture(scope="module")
def second_delivery(first_night: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A first night done, a second delivery come."""
    place = first_night.copy(tmp_path_factory.mktemp("killed") / "before")
    place.deliver(*THEN)
    return place


@pytest.fixture(scope="module")
def counts() -> dict[str, int]:
    """How often files are put in place, and nodes built, in the undisturbed night."""
    return {}


@pytest.fixture(scope="module")
def undisturbed(second_delivery: Place, counts: dict[str, int]) -> Place:
    """The second night, undisturbed."""
    place = second_delivery.copy(second_delivery.folder.parent / "undisturbed")
    code, said = place.night("--plain", "--count", str(place.folder / "count.json"))
    assert code == 1, said
    counts.update(json.loads((place.folder / "count.json").read_text()))
    return place


def test_two_undisturbed_nights_are_the_same(second_delivery: Place, undisturbed: Place) -> None:
    place = second_delivery.copy(second_delivery.folder.parent / "again")
    assert place.night("--plain")[0] == 1
    assert differences(place.data, undisturbed.data) == []


@pytest.mark.parametrize("moment", MOMENTS.values(), ids=MOMENTS)
def test_a_night_killed_at_a_named_moment_is_made_good_by_the_next(
    moment: str, second_delivery: Place, undisturbed: Place, tmp_path: Path
) -> None:
    with reading(tmp_path) as read:
        place = _fresh(second_delivery, tmp_path / "night", read)
        assert place.night("--plain", "--at", moment)[0] == -signal.SIGKILL
        _complete(place, undisturbed)
    assert not read.failed


@pytest.mark.parametrize("kind", ["move", "node"])
def test_a_night_killed_before_any_move_of_a_file_or_after_any_node_is_made_good_by_the_next(
    kind: str, second_delivery: Place, undisturbed: Place, counts: dict[str, int], tmp_path: Path
) -> None:
    """Every move of a file into its place (each rename of the swap among them); every fortieth node of dbt."""
    numbers = range(1, counts[kind] + 1, 1 if kind == "move" else 40)
    with reading(tmp_path) as read:
        for number in numbers:
            place = _fresh(second_delivery, tmp_path / "night", read)
            assert place.night("--plain", "--at", f"{kind}:{number}")[0] == -signal.SIGKILL
            _complete(place, undisturbed, f"{kind}:{number}")
    assert not read.failed
    print(f"\nkilled at {len(numbers)} of {counts[kind]} moments “{kind}”; {read}")


def test_nights_killed_at_random_moments_are_made_good_by_the_next(
    second_delivery: Place, undisturbed: Place, tmp_path: Path
) -> None:
    chance, ended, seconds = random.Random(SEED), 0, dict[bool, float]()
    for whole in (False, True):
        place = _fresh(second_delivery, tmp_path / "timed", None)
        started = time.monotonic()
        assert place.night(*([] if whole else ["--plain"]))[0] == 1
        seconds[whole] = time.monotonic() - started
    with reading(tmp_path) as read:
        for number in range(KILLS):
            options = [] if number % WHOLE_EVERY == 0 else ["--plain"]
            place = _fresh(second_delivery, tmp_path / "night", read)
            night = place.start(*options)
            at = chance.uniform(0, seconds[not options])
            try:
                night.communicate(timeout=at)
                ended += 1  # before its moment
            except subprocess.TimeoutExpired:
                os.killpg(night.pid, signal.SIGKILL)
                night.communicate()
            _complete(place, undisturbed, f"kill {number} after {at:.2f} s")
    assert not read.failed
    print(f"\n{KILLS - ended} nights killed, {ended} ended before; a night takes {seconds[False]:.1f} s; {read}")


def test_a_first_night_killed_anywhere_is_made_good_by_the_next(first_night: Place, tmp_path: Path) -> None:
    for moment in ("flows.ingest.landing:Landing._insert:3", "node:100", "move:5", "move:30", "move:45"):
        shutil.rmtree(tmp_path / "night", ignore_errors=True)
        place = Place(tmp_path / "night")
        place.deliver(*FIRST)
        assert place.night("--plain", "--at", moment)[0] == -signal.SIGKILL
        _complete(place, first_night, moment)


# --- what a killed night is measured by -------------------------------------------------------------------------------


class Reading:
    """A process that reads the published database of one place after another."""

    def __init__(self, folder: Path) -> None:
        self._control = folder / "reading.txt"
        self.turn_to(None)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.reader", str(self._control)],
            env=environment(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.failed: list[str] = []
        self.reads = self.releases = 0

    def turn_to(self, place: Place | None) -> None:
        beside = self._control.with_suffix(".part")
        beside.write_text(str(place.published) if place else "", encoding="utf-8")
        beside.replace(self._control)

    def end(self) -> None:
        told, _ = self._process.communicate()
        for name, value in json.loads(told).items():
            setattr(self, name, value)

    def __str__(self) -> str:
        return f"{self.reads} reads of {self.releases} releases, {len(self.failed)} failed"


@contextmanager
def reading(folder: Path) -> Iterator[Reading]:
    """Read all the while; afterwards it tells what failed."""
    read = Reading(folder)
    try:
        yield read
    finally:
        read.end()


def _fresh(before: Place, folder: Path, read: Reading | None) -> Place:
    """The place as it was before the night, to be read from now on."""
    if read:
        read.turn_to(None)
        time.sleep(0.1)  # a read may be under way
    shutil.rmtree(folder, ignore_errors=True)
    place = before.copy(folder)
    if read:
        read.turn_to(place)
    return place


def _complete(place: Place, undisturbed: Place, when: str = "") -> None:
    """A normal night ends where the undisturbed one did."""
    code, said = place.night("--plain")
    assert code == 1, f"{when}: {said}"
    assert differences(place.data, undisturbed.data) == [], when
