"""A disk that is full or read-only: the night says so, nothing published is half, and the next night makes it good.

Small file systems in memory are mounted for it, which only root may do.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.faults.county import THEN, UNPRIVILEGED, Place
from tests.faults.reader import read
from tests.faults.state import differences

pytestmark = pytest.mark.faults

# How much room is left, in kB, when the second night begins: it ends in landing, in dbt, in building or archiving the
# release, in the copies or in the documents.
ROOMS = (0, 512, 2048, 4096, 8192, 16384, 24576)


@contextmanager
def mounted(folder: Path, options: str) -> Iterator[None]:
    """A file system in memory at a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    done = subprocess.run(command, capture_output=True, check=False) if shutil.which("mount") else None
    if done is None or done.returncode:
        pytest.skip("no file system can be mounted here")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


def remount(folder: Path, options: str) -> None:
    """Give a mounted file system another size, or make it read-only."""
    subprocess.run(["mount", "-o", f"remount,{options}", str(folder)], check=True, capture_output=True)


def used(folder: Path) -> int:
    """How much of a file system is in use, in kB."""
    told = os.statvfs(folder)
    return (told.f_blocks - told.f_bfree) * told.f_frsize // 1024


@pytest.fixture(scope="module")
def second_delivery(first_night: Place, tmp_path_factory: pytest.TempPathFactory) -> Place:
    """A first night done, a second delivery come."""
    place = first_night.copy(tmp_path_factory.mktemp("full") / "before")
    place.deliver(*THEN)
    return place


@pytest.fixture(scope="module")
def undisturbed(second_delivery: Place) -> Place:
    """The second night, undisturbed."""
    place = second_delivery.copy(second_delivery.folder.parent / "undisturbed")
    code, said = place.night("--plain")
    assert code == 1, said
    return place


@contextmanager
def nearly_full(place: Place, source: Place, room: int) -> Iterator[str]:
    """Put a place on a disk of its own, with so many kilobytes left; give the run that is published there."""
    with mounted(place.folder, "size=400m"):
        shutil.copytree(source.folder, place.folder, dirs_exist_ok=True)
        before = read(place.published)
        remount(place.folder, f"size={used(place.folder) + room}k")
        yield before


@pytest.mark.parametrize("room", ROOMS)
def test_a_full_disk_is_said_and_what_is_published_stands_until_there_is_room(
    room: int, second_delivery: Place, undisturbed: Place, tmp_path: Path
) -> None:
    place = Place(tmp_path / "night")
    with nearly_full(place, second_delivery, room) as before:
        code, said = place.night("--plain")
        print(f"\n{room:6} kB left: exit code {code}: {_last_words(said)}")
        assert code in (1, 2), said
        assert "Traceback" not in said
        if code == 2:
            assert "磁盘已满" in said
            assert "上次发布的成果未受影响" in said
            assert read(place.published) == before
        else:  # the marts were published, and what could not be written beside them is told
            assert read(place.published) != before
        remount(place.folder, "size=400m")
        assert place.night("--plain")[0] == 1
        assert differences(place.data, undisturbed.data) == []


@pytest.mark.parametrize("room", [4096, 24576])  # Prefect's database finds no room; or it is the release
def test_a_full_disk_is_said_by_the_whole_command_too(
    room: int, second_delivery: Place, undisturbed: Place, tmp_path: Path
) -> None:
    place = Place(tmp_path / "night")
    with nearly_full(place, second_delivery, room) as before:
        code, said = place.night()
        print(f"\n{_last_words(said)}")
        assert code == 2
        assert "磁盘已满" in said
        assert "Traceback" not in said
        assert read(place.published) == before
        remount(place.folder, "size=400m")
        assert place.night()[0] == 1
        assert differences(place.data, undisturbed.data) == []


def test_a_data_folder_on_a_read_only_disk_is_said_and_stands(
    second_delivery: Place, undisturbed: Place, tmp_path: Path
) -> None:
    place = Place(tmp_path / "night")
    with mounted(place.folder, "size=400m"):
        shutil.copytree(second_delivery.folder, place.folder, dirs_exist_ok=True)
        remount(place.folder, "ro")
        code, said = place.night()
        print(f"\n{_last_words(said)}")
        assert code == 2
        assert str(place.data) in said
        assert "Traceback" not in said
        remount(place.folder, "rw")
        assert place.night("--plain")[0] == 1
        assert differences(place.data, undisturbed.data) == []


@pytest.mark.skipif(UNPRIVILEGED is None, reason="permissions bind nobody here")
def test_a_data_folder_that_may_not_be_written_is_said(tmp_path: Path) -> None:
    place = Place(tmp_path)
    place.raw.mkdir()
    place.data.mkdir(mode=0o555)
    code, said = place.night(before=UNPRIVILEGED or [])
    print(f"\n{_last_words(said)}")
    assert code == 2
    assert str(place.data) in said
    assert "Traceback" not in said


@pytest.mark.skipif(UNPRIVILEGED is None, reason="permissions bind nobody here")
def test_an_inbox_that_may_not_be_written_is_as_good_as_any(
    second_delivery: Place, undisturbed: Place, tmp_path: Path
) -> None:
    place = second_delivery.copy(tmp_path / "night")
    for folder in (place.raw, *(path for path in place.raw.rglob("*") if path.is_dir())):
        folder.chmod(0o555)
    code, said = place.night("--plain", before=UNPRIVILEGED or [])
    assert code == 1, said
    assert differences(place.data, undisturbed.data) == []


def _last_words(said: str) -> str:
    return "\n".join(said.strip().splitlines()[-4:])
