"""The night as its user runs it: the command, with Prefect's server, on a real inbox."""

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

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


@pytest.mark.slow
def test_published_and_marts_deleted_come_back(place: Path) -> None:
    shutil.rmtree(place / "data" / "published")
    night = gongshui("run", "--lang", "en", home=place / "home", cwd=place)
    assert night.returncode == 1, night.stderr
    assert "as of 2021-08-20" in night.stderr
    assert "no header is recognised in it." in night.stderr
    assert (place / "data" / "published" / "marts.duckdb").is_file()


def test_what_follows_publishing_is_said_where_it_cannot_be_done_and_fails_nothing() -> None:
    from prefect.states import Failed

    from flows import nightly
    from flows.publish.postgres import PostgresError
    from flows.settings import Settings

    class Step:
        """As a task that failed: what `_Steps` uses of one."""

        name = "step"

        def with_options(self, timeout_seconds: float):
            assert timeout_seconds == 3600
            return lambda *_, return_state: Failed(data=PermissionError(13, "Permission denied", "there"))

    steps = nightly._Steps(Settings(step_hours=1))
    ((path, why),) = steps.try_(Step(), lambda error: nightly._no_copies(Settings(), error)).failed
    assert path.endswith("returned") and "Permission denied" in why.reason_zh
    (note,) = steps.try_(Step(), nightly._no_wall_map).notes
    assert "作战图没有写成" in note.zh and "Permission denied" in note.zh and "not written" in note.en
    (said,) = steps.try_(Step(), nightly._no_documents).failed
    assert "gongshui report" in said.zh and "Permission denied" in said.en
    assert isinstance(steps.try_(Step(), nightly._not_in_postgres), PostgresError)
    with pytest.raises(PermissionError):
        steps.run(Step())
    assert set(steps.seconds) == {"step"}


@pytest.mark.parametrize(
    ("error", "can_pass"),
    [
        (PermissionError(13, "Permission denied"), True),
        (OSError(110, "Connection timed out"), True),
        (TimeoutError("Scope timed out after 3600 second(s)."), False),
        (FileNotFoundError(2, "No such file"), False),
        (ValueError("a bug"), False),
    ],
)
def test_only_what_can_pass_is_tried_again(error: Exception, can_pass: bool) -> None:
    from prefect.states import Failed

    from flows import nightly

    assert nightly._can_pass(None, None, Failed(data=error)) is can_pass  # type: ignore[arg-type]


def test_of_very_many_files_those_that_need_a_person_are_shown() -> None:
    from flows.artifacts import MOST_ROWS, submissions
    from flows.ingest.night import FileOutcome, Night

    outcomes = [FileOutcome(f"2021-08-20/{n}.xlsx", "read", None, None, accepted=1) for n in range(MOST_ROWS)]
    outcomes.append(FileOutcome("2021-08-20/坏.xlsx", "refused", "打不开", "cannot be opened"))
    rows = submissions(SimpleNamespace(night=Night(outcomes=outcomes)))  # type: ignore[arg-type]
    assert (len(rows), rows[0]["文件"], rows[0]["说明"]) == (MOST_ROWS, "2021-08-20/坏.xlsx", "打不开")


def test_figures_are_told_with_their_change() -> None:
    from decimal import Decimal
    from fractions import Fraction

    from flows.artifacts import figures
    from flows.report.headline import Headline

    def told(completed: int, rate: Fraction | None, spent: str) -> Headline:
        total = dict.fromkeys(
            ("late_villages", "population_planned", "population_completed", "supply_rate_after_plan",
             "village_completion_rate"), 0,
        )  # fmt: skip
        total |= {"villages_planned": 215, "villages_completed": completed, "supply_rate": rate}
        money = {"planned_yuan": Decimal(0), "secured_yuan": Decimal(0), "spent_yuan": Decimal(spent)}
        return Headline(dt.date(2021, 8, 20), "云塘县", {"all": total}, {"all": money})

    lines = figures(
        told(161, Fraction(616, 1000), "53261000.50"), told(154, Fraction(62, 100), "53161000")
    ).splitlines()
    assert "| 完成自然村 | 个 | 161 | 154 | +7 |" in lines
    assert "| 计划自然村 | 个 | 215 | 215 | 不变 |" in lines
    assert "| 集中供水率 | % | 61.6 | 62.0 | -0.4 |" in lines
    assert "| 支付资金 | 万元 | 5,326.10 | 5,316.10 | +10.00 |" in lines
    assert "| 集中供水率 | % | 61.6 | — | — |" in figures(told(1, Fraction(616, 1000), "1"), None)
    assert figures(None, None) == "没有可用的数字。"


def test_a_missing_inbox_is_said_and_ends_with_2(tmp_path: Path) -> None:
    night = gongshui("run", "--raw", "没有", "--data", "data", home=tmp_path, cwd=tmp_path)
    assert night.returncode == 2
    assert "没有" in night.stderr
    assert "Traceback" not in night.stderr


@pytest.mark.slow
def test_an_empty_inbox_is_no_failure(tmp_path: Path) -> None:
    (tmp_path / "raw").mkdir()
    night = gongshui("run", home=tmp_path, cwd=tmp_path)
    assert night.returncode == 0, night.stderr


def test_a_bad_flag_ends_with_2(tmp_path: Path) -> None:
    night = gongshui("run", "--as-of", "昨天", home=tmp_path, cwd=tmp_path)
    assert (night.returncode, night.stdout) == (2, "")
