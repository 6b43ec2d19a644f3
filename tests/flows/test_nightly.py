"""The night as its user runs it: the command, with Prefect's server, on a real inbox."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import RAW

pytestmark = pytest.mark.flows


def gongshui(*arguments: str, home: Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run the command in a process of its own, with an empty HOME."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT", "GONGSHUI"))}
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        cwd=cwd,
        env=environment | {"HOME": str(home), "PYTHONPATH": str(RAW.parent)},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An inbox of two towns beside the county's own forms, in a folder with a space and Chinese characters."""
    place = tmp_path_factory.mktemp("供水 数据")
    (place / "home").mkdir()
    for folder in ("2021-06-25", "2021-08-20/白石镇"):
        shutil.copytree(RAW / folder, place / "raw" / folder)
    return place


def test_a_night_and_the_night_after(place: Path) -> None:
    first = gongshui("run", home=place / "home", cwd=place)
    assert first.returncode == 1, first.stderr  # the notice in the inbox is no form: somebody should look
    assert "截至2021年8月20日" in first.stderr
    assert "关于报送进度表的通知.txt" in first.stderr
    manifest = (place / "data" / "published" / "manifest.json").read_bytes()
    copies = {path: path.stat().st_mtime_ns for path in (place / "data" / "published" / "returned").glob("*/*")}
    assert copies
    assert f"批注副本 {len(copies)} 份（新写 {len(copies)}，" in first.stderr

    again = gongshui("run", home=place / "home", cwd=place)
    assert again.returncode == 1, again.stderr
    assert "收件没有变化" in again.stderr
    assert f"批注副本 {len(copies)} 份（新写 0，" in again.stderr
    assert {path: path.stat().st_mtime_ns for path in copies} == copies
    assert (place / "data" / "published" / "manifest.json").read_bytes() == manifest
    assert list((place / "home").iterdir()) == []

    answer = gongshui(
        "sql", "select count(*) as villages from fct_coverage", "--format", "json", home=place / "home", cwd=place
    )
    assert json.loads(answer.stdout) == [{"villages": 27}]


def test_published_and_marts_deleted_come_back(place: Path) -> None:
    shutil.rmtree(place / "data" / "published")
    night = gongshui("run", "--lang", "en", home=place / "home", cwd=place)
    assert night.returncode == 1, night.stderr
    assert "as of 2021-08-20" in night.stderr
    assert "no header is recognised in it." in night.stderr
    assert (place / "data" / "published" / "marts.duckdb").is_file()


def test_copies_that_cannot_be_written_are_said_and_fail_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from flows import nightly
    from flows.settings import Settings

    def fail(_):
        raise PermissionError(13, "Permission denied", "returned")

    monkeypatch.setattr(nightly, "return_workbooks", fail)
    ((path, why),) = nightly._returned(Settings()).failed
    assert path.endswith("returned")
    assert "Permission denied" in why.reason_zh


def test_a_wall_map_that_cannot_be_written_is_said_and_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    from prefect.states import Failed

    from flows import nightly
    from flows.settings import Settings

    failed = Failed(data=PermissionError(13, "Permission denied", "wall-map.html"))
    monkeypatch.setattr(nightly, "draw_wall_map", lambda settings, return_state: failed)
    drawn = nightly._wall_map(Settings())
    assert drawn.file is None
    (note,) = drawn.notes
    assert "作战图没有写成" in note.zh and "Permission denied" in note.zh and "not written" in note.en


def test_a_missing_inbox_is_said_and_ends_with_2(tmp_path: Path) -> None:
    night = gongshui("run", "--raw", "没有", "--data", "data", home=tmp_path, cwd=tmp_path)
    assert night.returncode == 2
    assert "没有" in night.stderr
    assert "Traceback" not in night.stderr


def test_an_empty_inbox_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    night = gongshui("run", home=tmp_path, cwd=tmp_path)
    assert night.returncode == 0, night.stderr


def test_a_bad_flag_ends_with_2(tmp_path: Path) -> None:
    night = gongshui("run", "--as-of", "昨天", home=tmp_path, cwd=tmp_path)
    assert (night.returncode, night.stdout) == (2, "")
