"""A night over two counties that is killed while it makes their releases: the next one makes them whole.

    uv run pytest -m faults -n 0 -s tests/faults/test_kill_counties.py

`GONGSHUI_SEED` says at which random moments; workers that make a county's release die with the night.
"""

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from tests.faults.county import Place
from tests.faults.state import differences
from tests.pipeline.test_counties import FIRST, INBOX, SECOND, send, write_inbox

pytestmark = [pytest.mark.faults, pytest.mark.skipif(os.name == "nt", reason="process groups are killed")]

KILLS, SEED = 12, int(os.environ.get("GONGSHUI_SEED", "7"))
MOMENTS = (
    "flows.counties:bring_up_to_date:1",
    "flows.counties:remove_gone:1",
    "flows.counties:write_state:1",
)


@pytest.fixture(scope="module")
def second_delivery(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A first night of two counties done; then both send that all is completed."""
    place = Place(tmp_path_factory.mktemp("两县") / "before")
    write_inbox(place.raw)
    code, said = place.night("--plain")
    assert code in (0, 1), said
    for county in INBOX:
        send(place.raw, county, all_completed=True)
    return place


@pytest.fixture(scope="module")
def undisturbed(second_delivery: Place) -> Place:
    """The second night, undisturbed."""
    place = second_delivery.copy(second_delivery.folder.parent / "undisturbed")
    assert place.night("--plain")[0] in (0, 1)
    return place


def compare(place: Place, undisturbed: Place, when: str) -> None:
    """A normal night ends where the undisturbed one did, for all counties and for each."""
    code, said = place.night("--plain")
    assert code in (0, 1), f"{when}: {said}"
    assert differences(place.data, undisturbed.data) == [], when


@pytest.mark.parametrize("moment", MOMENTS)
def test_counties_are_made_whole_after_a_night_killed_at_a_named_moment(
    moment: str, second_delivery: Place, undisturbed: Place, tmp_path: Path
) -> None:
    place = second_delivery.copy(tmp_path / "night")
    assert place.night("--plain", "--at", moment)[0] == -signal.SIGKILL
    compare(place, undisturbed, moment)


def test_counties_are_made_whole_after_nights_killed_while_their_releases_are_made(
    second_delivery: Place, undisturbed: Place, tmp_path: Path
) -> None:
    """From the moment the release of all is there, at random until a night would have ended."""
    chance, killed = random.Random(SEED), 0
    timed = second_delivery.copy(tmp_path / "timed")
    seconds = _until_ended(timed)
    for number in range(KILLS):
        place = second_delivery.copy(tmp_path / f"night{number}")
        night = place.start("--plain")
        assert _is_replaced(place, night)
        after = chance.uniform(0, seconds)
        try:
            night.communicate(timeout=after)
        except subprocess.TimeoutExpired:
            os.killpg(night.pid, signal.SIGKILL)
            night.communicate()
            killed += 1
        compare(place, undisturbed, f"{after:.2f} s after the swap")
    assert killed
    print(f"\n{killed} of {KILLS} nights killed within {seconds:.1f} s after the swap")


def _until_ended(place: Place) -> float:
    """How long a night goes on once the release of all is in its place."""
    night = place.start("--plain")
    assert _is_replaced(place, night)
    started = time.monotonic()
    night.communicate(timeout=600)
    assert {FIRST, SECOND} <= {path.name for path in (place.data / "published").iterdir()}
    return time.monotonic() - started


def _is_replaced(place: Place, night: "subprocess.Popen[str]") -> bool:
    """Wait until the night has put another manifest in the place of the one that was there."""
    manifest = place.data / "published" / "manifest.json"
    before = manifest.stat().st_ino
    while night.poll() is None:
        if manifest.stat().st_ino != before:
            return True
        time.sleep(0.01)
    return False
