"""`gongshui serve` on a real Prefect server: nights that are scheduled, fail, are tried again, and are told."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import RAW
from tests.flows.receivers import post_office, robot

PASSWORD = "geheim-4711"
_HOLD = "import duckdb, sys; held = duckdb.connect(sys.argv[1]); print(1, flush=True); sys.stdin.read()"


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """An inbox of one town beside the county's own forms."""
    for folder in ("2021-06-25", "2021-08-20/白石镇"):
        shutil.copytree(RAW / folder, tmp_path / "raw" / folder)
    return tmp_path


def environment(place: Path, **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PREFECT", "GONGSHUI"))}
    kept = {key: value for key, value in kept.items() if "proxy" not in key.lower()}
    home = {"HOME": str(place), "PREFECT_HOME": str(place / "prefect"), "PYTHONPATH": str(RAW.parent)}
    return kept | home | {"DO_NOT_TRACK": "1", "PREFECT_SERVER_ANALYTICS_ENABLED": "false"} | more


def gongshui(*arguments: str, place: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "flows.cli", *arguments],
        cwd=place, env=environment(place, **more), capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def ask(url: str, question: dict[str, Any]) -> Any:
    request = urllib.request.Request(url, json.dumps(question).encode(), {"Content-Type": "application/json"})
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=10) as answer:
        return json.load(answer)


def until(what: Callable[[], Any], seconds: float = 240) -> Any:
    """What becomes true, asked again and again."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            if found := what():
                return found
        except OSError:
            pass  # the server is not up yet
        time.sleep(0.5)
    raise TimeoutError


@pytest.fixture
def server(place: Path) -> Iterator[str]:
    """`prefect server start`, with its pages; the address of its API."""
    port = free_port()
    with (place / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "prefect", "server", "start", "--port", str(port)]
        url = f"http://127.0.0.1:{port}/api"
        process = subprocess.Popen(command, env=environment(place, PREFECT_UI_API_URL=url), stdout=log, stderr=log)
        until(lambda: ask(f"{url}/flow_runs/filter", {}) == [])
        yield url
        process.terminate()
        process.wait(30)


def ended(url: str, states: tuple[str, ...]) -> list[dict[str, Any]]:
    runs = ask(f"{url}/flow_runs/filter", {"sort": "EXPECTED_START_TIME_ASC"})
    return [run for run in runs if run["state_type"] in states]


def waiting(url: str, but: str) -> str:
    """The run, other than one, of which a step waits for its next try; "" where none does."""
    runs = {task["flow_run_id"] for task in ask(f"{url}/task_runs/filter", {}) if task["state_name"] == "AwaitingRetry"}
    return str(next(iter(runs - {but}), ""))


@pytest.mark.prefect
def test_a_scheduled_night_fails_is_tried_again_and_told_and_the_next_one_passes(place: Path, server: str) -> None:
    pictures = Path(os.environ.get("PICTURES", str(place)))
    warehouse = place / "data" / "warehouse.duckdb"
    first = gongshui("run", place=place, PREFECT_API_URL=server)
    assert first.returncode == 1, first.stderr
    with robot() as group, post_office() as office:
        more = {
            "PREFECT_API_URL": server,
            "GONGSHUI_CRON": "* * * * *",
            "GONGSHUI_POSTGRES": f"postgresql://u:{PASSWORD}@127.0.0.1:1/db",
            "GONGSHUI_NOTIFY__WEBHOOK": group.url,
            "GONGSHUI_NOTIFY__SMTP": f"smtp://127.0.0.1:{office.port}",
            "GONGSHUI_NOTIFY__MAIL_TO": "office@example.cn",
            "GONGSHUI_NOTIFY__MAIL_FROM": "gongshui@example.cn",
        }
        locked = subprocess.Popen(
            [sys.executable, "-c", _HOLD, str(warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        assert locked.stdout and locked.stdout.readline()
        with (place / "serve.log").open("wb") as log:
            serving = subprocess.Popen(
                [sys.executable, "-m", "flows.cli", "serve"], cwd=place, env=environment(place, **more),
                stdout=log, stderr=log,
            )  # fmt: skip
        try:
            failed = until(lambda: ended(server, ("FAILED",)))[0]
            assert "夜间运行" in failed["name"] and "云塘县" in failed["tags"] and failed["auto_scheduled"]
            tasks = ask(f"{server}/task_runs/filter", {"flow_runs": {"id": {"any_": [failed["id"]]}}})
            assert [(task["state_type"], task["run_count"]) for task in tasks] == [("FAILED", 3)]
            until(lambda: len(office.mails) >= 1)
            assert "失败" in group.texts[0] and "数据库正被另一个程序使用" in group.texts[0]
            assert "失败" in office.mails[0]["Subject"]

            # The next night begins while the database is still held, and is let through after its first try.
            retried = until(lambda: waiting(server, failed["id"]))
            locked.communicate(b"")
            passed = until(lambda: [run for run in ended(server, ("COMPLETED",)) if run["id"] == retried], 400)[0]
            # PostgreSQL is not there: done, but somebody has to see to it.
            until(lambda: any("需要处理" in text for text in group.texts))
            tasks = ask(f"{server}/task_runs/filter", {"flow_runs": {"id": {"any_": [passed["id"]]}}})
            assert {"ingest": 2}.items() <= {
                task["name"].partition("-")[0]: task["run_count"] for task in tasks
            }.items()
            artifacts = ask(f"{server}/artifacts/filter", {"flow_runs": {"id": {"any_": [passed["id"]]}}})
            assert {artifact["key"] for artifact in artifacts} == {"figures", "submissions", "quality", "published"}
            ids = {artifact["key"]: artifact["id"] for artifact in artifacts}
            take_pictures(server, passed["id"], failed["id"], ids, pictures)
        finally:
            if locked.poll() is None:
                locked.communicate(b"")
            serving.send_signal(signal.SIGINT)
            assert serving.wait(60) == 0
    said = (place / "serve.log").read_text("utf-8")
    assert "下次运行" in said and "已停止" in said and "Traceback" not in said
    everything = b"".join(path.read_bytes() for path in place.rglob("*") if path.is_file() and "raw" not in path.parts)
    assert PASSWORD.encode() not in everything and b"geheim-7731" not in everything


def take_pictures(url: str, passed: str, failed: str, artifacts: dict[str, str], folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    pages = url.removesuffix("/api")
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = chromium.new_page(viewport={"width": 1400, "height": 1000}, locale="zh-CN")
        for name, address, tab, shown in (
            ("run", f"runs/flow-run/{passed}", "Task Runs", "夜间运行"),
            ("artifacts", f"runs/flow-run/{passed}", "Artifacts", "主要数字"),
            ("failed", f"runs/flow-run/{failed}", "Task Runs", "夜间运行"),
            ("figures", f"artifacts/artifact/{artifacts['figures']}", "", "完成自然村"),
            ("quality", f"artifacts/artifact/{artifacts['quality']}", "", "白石镇"),
        ):
            page.goto(f"{pages}/{address}", wait_until="networkidle")
            if tab:
                page.get_by_role("tab", name=tab).or_(page.get_by_text(tab, exact=True)).first.click()
            page.get_by_text(shown).first.wait_for(timeout=20_000)
            page.wait_for_timeout(1500)  # what is drawn moves into its place
            page.screenshot(path=folder / f"prefect-{name}.png", full_page=True)
        chromium.close()


@pytest.mark.prefect
def test_nights_that_were_missed_are_made_up_once(place: Path, server: str) -> None:
    place.joinpath("data").mkdir()
    more = {"PREFECT_API_URL": server, "GONGSHUI_CRON": "* * * * *"}

    def served() -> "subprocess.Popen[bytes]":
        with (place / "serve.log").open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "flows.cli", "serve"], cwd=place, env=environment(place, **more),
                stdout=log, stderr=log, start_new_session=True,
            )  # fmt: skip

    serving = served()
    until(lambda: len(ended(server, ("SCHEDULED",))) >= 3)
    os.killpg(serving.pid, signal.SIGKILL)  # as by a power failure
    serving.wait()
    time.sleep(130)  # two nights go by
    begun = len(ended(server, ("COMPLETED", "CANCELLED", "CRASHED")))
    serving = served()
    try:
        until(lambda: ended(server, ("COMPLETED",)))
        runs = ended(server, ("COMPLETED", "CANCELLED"))[begun:]
        assert [run["state_type"] for run in runs][-1] == "COMPLETED"
        assert [run["state_type"] for run in runs].count("COMPLETED") == 1
    finally:
        serving.send_signal(signal.SIGINT)
        assert serving.wait(60) == 0


@pytest.mark.prefect
def test_the_same_nights_are_registered_with_a_work_pool_and_run_by_its_worker(place: Path, server: str) -> None:
    missing = gongshui("serve", "--pool", "供水", place=place, PREFECT_API_URL=server)
    assert missing.returncode == 2 and "work-pool create" in missing.stderr
    prefect = [sys.executable, "-m", "prefect"]
    settings = environment(place, PREFECT_API_URL=server)
    subprocess.run([*prefect, "work-pool", "create", "供水", "--type", "process"], env=settings, check=True)
    made = gongshui("serve", "--pool", "供水", place=place, PREFECT_API_URL=server)
    assert made.returncode == 0, made.stderr
    subprocess.run([*prefect, "deployment", "run", "gongshui-nightly/nightly"], env=settings, check=True)
    subprocess.run(
        [*prefect, "worker", "start", "--pool", "供水", "--type", "process", "--run-once"],
        env=settings, check=True, timeout=300,
    )  # fmt: skip
    assert ended(server, ("COMPLETED",))
    assert (place / "data" / "published" / "marts.duckdb").is_file()


@pytest.mark.flows
def test_serve_refuses_what_cannot_be_in_both_languages(place: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        for arguments, zh, en in (
            (["--port", port], "已被其他程序占用", "Another program has port"),
            (["--port", "x"], "--port 应为1至65535的整数", "--port must be a whole number"),
            (["--cron", "每天"], "--cron 应为五段的时间表", "--cron must be a schedule"),
            (["--pool", "p"], "请设置环境变量 PREFECT_API_URL", "set the environment variable PREFECT_API_URL"),
        ):
            for lang, words in (("zh", zh), ("en", en)):
                refused = gongshui("serve", *arguments, "--lang", lang, place=place)
                assert refused.returncode == 2, refused.stderr
                assert words in refused.stderr and "Traceback" not in refused.stderr
