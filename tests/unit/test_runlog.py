import json
from pathlib import Path

import pytest

from flows import runlog
from flows.said import SaidError


def lines(folder: Path, run_id: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (folder / f"{run_id}.jsonl").read_text("utf-8").splitlines()]


def test_a_run_leaves_its_start_its_notes_and_its_end(tmp_path: Path) -> None:
    with runlog.written(tmp_path / "logs", "run-1", "zh", kept=9, as_of=None) as end:
        runlog.note("file", path="raw/2021-08-20/青龙镇.xlsx", status="read", seconds=0.1)
        end.outcome, end.said = "needs_a_person", {"rows_rejected": 3}
    runlog.note("file", path="after")
    start, file, last = lines(tmp_path / "logs", "run-1")
    assert (start["event"], start["run_id"], start["as_of"]) == ("start", "run-1", None)
    assert (file["event"], file["path"], file["seconds"]) == ("file", "raw/2021-08-20/青龙镇.xlsx", 0.1)
    assert (last["event"], last["outcome"], last["rows_rejected"]) == ("end", "needs_a_person", 3)


def test_a_run_that_fails_leaves_the_reason_and_the_trace(tmp_path: Path) -> None:
    with pytest.raises(ValueError), runlog.written(tmp_path, "run-1", "zh", kept=9):
        raise ValueError("bad")
    last = lines(tmp_path, "run-1")[-1]
    assert (last["outcome"], last["reason"]) == ("failed", "ValueError: bad")
    assert "Traceback" in str(last["trace"])


def test_a_run_that_fails_says_why_in_the_language_of_the_run(tmp_path: Path) -> None:
    with pytest.raises(SaidError), runlog.written(tmp_path, "run-1", "zh", kept=9):
        raise SaidError("文件不存在。", "There is no such file.")
    assert lines(tmp_path, "run-1")[-1]["reason"] == "文件不存在。"


def test_a_run_that_is_stopped_has_not_failed(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), runlog.written(tmp_path, "run-1", "zh", kept=9):
        raise KeyboardInterrupt
    last = lines(tmp_path, "run-1")[-1]
    assert last["outcome"] == "interrupted" and "reason" not in last


def test_a_hash_keeps_its_digits(tmp_path: Path) -> None:
    with runlog.written(tmp_path, "run-1", "zh", kept=9):
        runlog.note("file", path="甲.xlsx", sha256="a13812345678b", unread=[{"path": "张三 13812345678.xlsx"}])
    _, line, _ = map(json.loads, (tmp_path / "run-1.jsonl").read_text("utf-8").splitlines())
    assert line["sha256"] == "a13812345678b" and line["unread"] == [{"path": "张三 138××××5678.xlsx"}]


def test_telephones_are_in_no_log(tmp_path: Path) -> None:
    with pytest.raises(ValueError), runlog.written(tmp_path, "run-1", "zh", kept=9):
        runlog.note("file", path="raw/张三13812345678.xlsx", size=138123456789)
        raise ValueError("could not read 13987654321")
    text = (tmp_path / "run-1.jsonl").read_text("utf-8")
    assert "13812345678" not in text.replace("138123456789", "") and "13987654321" not in text


def test_the_latest_logs_are_kept(tmp_path: Path) -> None:
    for number in range(4):
        with runlog.written(tmp_path, f"run-{number}", "zh", kept=2):
            pass
    assert sorted(file.stem for file in tmp_path.iterdir()) == ["run-2", "run-3"]


def test_a_log_that_cannot_be_made_is_said_and_fails_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "logs").touch()
    with runlog.written(tmp_path / "logs", "run-1", "zh", kept=2):
        runlog.note("file", path="one")
    assert capsys.readouterr().err.count("运行日志未能写全") == 1


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full disk at hand")
def test_a_disk_that_fills_up_is_said_once_and_fails_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "run-1.jsonl").symlink_to("/dev/full")
    with runlog.written(tmp_path, "run-1", "en", kept=2):
        runlog.note("file", path="one")
        runlog.note("file", path="two")
    said = capsys.readouterr().err
    assert said.count("could not be written") == 1 and "No space left on device" in said
    assert "Traceback" not in said


def test_a_line_cut_off_by_a_kill_is_left_out(tmp_path: Path) -> None:
    log = tmp_path / "run-1.jsonl"
    log.write_text('{"event": "start"}\n{"event": "fi', "utf-8")
    assert runlog.read(log) == [{"event": "start"}]
    assert runlog.read(tmp_path / "none.jsonl") == []
