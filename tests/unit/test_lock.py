import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from flows import cli
from flows.lock import SERVING, CannotLock, Held, hold, holder

# Holds the lock until its stdin is closed; a process of its own stays behind when it is killed.
HOLDER = """
import subprocess, sys
from pathlib import Path
from flows.lock import hold
with hold(Path(sys.argv[1]), "gongshui run"):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    print(child.pid, flush=True)
    sys.stdin.read()
    child.kill()
"""


@contextmanager
def another_process(data: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock on a folder."""
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(data)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin and process.stdout
        child = int(process.stdout.readline())
        try:
            yield process
        finally:
            process.stdin.close()
            process.wait()
            subprocess.run(["kill", str(child)], stderr=subprocess.DEVNULL, check=False)


def test_a_second_writer_is_told_who_holds_the_folder(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        with pytest.raises(Held) as refused, hold(tmp_path, "gongshui report"):
            pass
        found = holder(tmp_path)
    assert found and (found.command, found.pid) == ("gongshui run", process.pid)
    assert f"gongshui run（进程 {process.pid}，主机 {found.host}，" in refused.value.zh
    assert f"“gongshui run” (process {process.pid} on {found.host}, since {found.since:%Y-%m-%d}" in refused.value.en


def test_a_killed_holder_blocks_nobody_and_holds_nothing(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        process.kill()
        process.wait()
        assert (tmp_path / ".run.json").is_file()  # the note that it left behind
        assert holder(tmp_path) is None
        with hold(tmp_path, "gongshui run"):
            pass


def test_a_writer_may_wait_for_the_one_before_it(tmp_path: Path) -> None:
    with another_process(tmp_path) as process:
        assert process.stdin
        process.stdin.close()
        with hold(tmp_path, "gongshui report", wait=30):
            assert process.wait(10) == 0


def test_the_same_process_may_take_it_again_and_holds_it_until_it_is_done(tmp_path: Path) -> None:
    with hold(tmp_path, "gongshui run"):
        with hold(tmp_path, "inner"):
            pass
        found = holder(tmp_path)
        assert found and found.command == "gongshui run"
    assert holder(tmp_path) is None
    assert not (tmp_path / ".run.json").exists()


def test_those_who_ask_never_turn_a_writer_away(tmp_path: Path) -> None:
    asking = """
import sys
from pathlib import Path
from flows.lock import holder
print(flush=True)
while True: holder(Path(sys.argv[1]))
"""
    with subprocess.Popen([sys.executable, "-c", asking, str(tmp_path)], stdout=subprocess.PIPE) as process:
        assert process.stdout
        process.stdout.readline()
        until = time.monotonic() + 0.5
        while time.monotonic() < until:
            with hold(tmp_path, "gongshui run"):
                pass
        process.kill()


def test_serving_and_writing_are_locks_of_their_own_and_serving_says_its_schedule(tmp_path: Path) -> None:
    with hold(tmp_path, "gongshui serve", name=SERVING, said={"cron": "0 2 * * *"}), hold(tmp_path, "gongshui run"):
        serving, writing = holder(tmp_path, SERVING), holder(tmp_path)
    assert serving and (serving.command, serving.said) == ("gongshui serve", {"cron": "0 2 * * *"})
    assert writing and writing.command == "gongshui run"


def test_a_folder_that_cannot_be_locked_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotLock) as refused, hold(tmp_path / "file" / "data", "gongshui run"):
        pass
    assert "无法加锁" in refused.value.zh and "cannot be locked" in refused.value.en


def test_a_run_beside_another_one_ends_with_2_and_touches_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "raw").mkdir()
    with another_process(tmp_path / "data"):
        assert cli.main(["run", "--lang", "en"]) == 2
        assert "“gongshui run” (process" in capsys.readouterr().err
        assert cli.main(["status"]) == 0
    assert sorted(path.name for path in (tmp_path / "data").iterdir()) == [".run.lock"]


def test_a_typed_folder_that_is_none_is_not_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for command in (["report"], ["publish", "postgres", "--url", "postgresql://nobody@localhost/none"], ["status"]):
        cli.main([*command, "--data", "none"])
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("command", [["run"], ["serve", "--port", "4999"]])
def test_a_data_folder_that_cannot_be_used_is_said_without_a_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PREFECT_API_URL", raising=False)
    (tmp_path / "raw").mkdir()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "prefect").write_text("a file where a folder has to be")
    assert cli.main(command) == 2
    said = capsys.readouterr().err
    assert said.startswith("文件无法读写：") and "上次发布的成果未受影响" in said and "Traceback" not in said
