import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest

from flows import cli
from flows.lock import SERVING, hold
from flows.settings import Settings
from flows.status import Stands, stands
from flows.status_told import as_json, as_text

NOW = dt.datetime(2021, 8, 26, 9, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
START = {"at": "2021-08-26T02:00:03.000+08:00", "run_id": "20210826-020003-ab12", "event": "start"}


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "data" / "logs").mkdir(parents=True)
    return Settings(data=tmp_path / "data")


def logged(settings: Settings, *lines: dict[str, Any], day: int = 26) -> None:
    file = settings.logs / f"202108{day}-020003-ab12.jsonl"
    file.write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")


def ended(outcome: str = "done", **said: Any) -> dict[str, Any]:
    return START | {"event": "end", "outcome": outcome, "seconds": 8.1} | said


def outcome(settings: Settings) -> str:
    last_run = stands(settings, NOW).last_run
    assert last_run
    return last_run.outcome


def test_before_the_first_run_there_is_nothing_to_say_and_nobody_is_needed(tmp_path: Path) -> None:
    found = stands(Settings(data=tmp_path / "none"), NOW)
    assert found == Stands(NOW) and not found.needs_a_person
    assert "上次运行  没有记录" in as_text(found, "zh") and "published  nothing yet" in as_text(found, "en")
    assert json.loads(as_json(found))["last_run"] is None


@pytest.mark.parametrize(
    ("told", "needs_a_person"), [("done", False), ("needs_a_person", True), ("failed", True), ("interrupted", True)]
)
def test_how_the_last_run_ended_is_what_its_log_says(settings: Settings, told: str, needs_a_person: bool) -> None:
    logged(settings, START, ended("failed" if told == "done" else "done"), day=25)
    logged(settings, START, ended(told, reason="OSError: the disk is full"))
    found = stands(settings, NOW)
    assert (outcome(settings), found.needs_a_person) == (told, needs_a_person)
    assert "（运行编号 20210826-020003-ab12）" in as_text(found, "zh") and "8.1 s" in as_text(found, "en")
    assert "the disk is full" in as_text(found, "zh")


def test_a_run_that_was_killed_does_not_go_on_because_another_command_holds_the_folder(settings: Settings) -> None:
    logged(settings, START, START | {"event": "step", "step": "ingest"})
    with hold(settings.data, "gongshui report"):
        assert outcome(settings) == "killed"


def test_a_run_that_goes_on_is_told_from_one_that_was_killed(settings: Settings) -> None:
    now = {"at": dt.datetime.now().astimezone().isoformat()}
    with hold(settings.data, "gongshui run"):
        logged(settings, START | now, START | {"event": "step", "step": "ingest"})
        assert outcome(settings) == "running"
        assert "正在使用  gongshui run（进程" in as_text(stands(settings, NOW), "zh")
    assert outcome(settings) == "killed"
    assert stands(settings, NOW).needs_a_person


def test_files_that_could_not_be_read_stay_open_until_a_run_ends_without_them(settings: Settings) -> None:
    unread = {"path": "raw/2021-08-20/通知.txt", "zh": "不是报表。", "en": "no form."}
    logged(settings, START, ended("needs_a_person", files_unread=[unread]), day=24)
    logged(settings, START, ended("failed"), day=25)
    found = stands(settings, NOW)
    assert "raw/2021-08-20/通知.txt：不是报表。" in as_text(found, "zh") and found.unread == [unread]
    logged(settings, START, ended("done", files_unread=[]))
    assert stands(settings, NOW).unread == []


def test_the_next_run_is_that_of_the_schedule_that_serve_says(settings: Settings) -> None:
    assert "没有运行" in as_text(stands(settings, NOW), "zh")
    with hold(settings.data, "gongshui serve", name=SERVING, said={"cron": "0 2 * * *", "timezone": "Asia/Shanghai"}):
        found = stands(settings, NOW)
    assert found.next_run == dt.datetime(2021, 8, 27, 2, 0, tzinfo=NOW.tzinfo)
    assert "下次运行  2021-08-27 02:00" in as_text(found, "zh")
    with hold(settings.data, "gongshui serve", name=SERVING, said={"cron": "nonsense", "timezone": "Nowhere/None"}):
        assert stands(settings, NOW).next_run is None


def test_the_disk_is_told_by_parts_and_by_growth_a_run(settings: Settings) -> None:
    settings.warehouse.write_bytes(bytes(3_000_000))
    for day, size in ((23, 1_000_000), (24, 2_000_000), (25, 4_000_000)):
        logged(settings, START, ended(data_bytes=size), day=day)
    disk = stands(settings, NOW).disk
    assert disk and (disk.parts["warehouse.duckdb"], disk.growth) == (3_000_000, 1_500_000)
    assert disk.data == sum(disk.parts.values()) and disk.free > 0
    assert "warehouse.duckdb 3.0 MB" in as_text(stands(settings, NOW), "zh")
    assert "1.5 MB more a run" in as_text(stands(settings, NOW), "en")


def test_a_damaged_log_is_no_reason_to_fail(settings: Settings) -> None:
    (settings.logs / "20210826-020003-ab12.jsonl").write_bytes(b"\xff\x00 no json\n[]\n")
    assert stands(settings, NOW).last_run is None


def test_the_command_ends_with_1_where_somebody_is_needed(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["status", "--data", str(settings.data)]) == 0
    logged(settings, START)
    assert cli.main(["status", "--json", "--data", str(settings.data)]) == 1
    said = capsys.readouterr().out
    assert json.loads(said[said.index("{") :])["last_run"]["outcome"] == "killed"
