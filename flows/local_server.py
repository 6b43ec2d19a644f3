"""A Prefect server of our own: for one night, or for as long as `gongshui serve` is up, then with its pages.

Prefect's own temporary server costs 6–14 s a night: the parent imports the whole server only to spawn it.
Here the server's process starts before Prefect is imported, so that both take their seconds side by side, and
its database is kept (`data/prefect`), so that it is migrated once. Where PREFECT_API_URL names a server, that
one is used; beside a `gongshui serve`, the one that it has.
"""

import errno
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.error import HTTPError

from flows.lock import SERVING, holder
from flows.said import SaidError

# The server ends when its stdin does: that is when the parent ends, however it ends.
_SERVER = """
import os, sys, threading, uvicorn
server = uvicorn.Server(uvicorn.Config("prefect.server.api.server:create_app", factory=True, host="127.0.0.1",
    port=int(sys.argv[1]), log_level="error", lifespan="on", timeout_graceful_shutdown=5))
def watch():
    sys.stdin.buffer.read()
    server.should_exit = True
threading.Thread(target=watch, daemon=True).start()
server.run()
os._exit(0)  # all is written; Python's own way out takes a second more
"""
_QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    # What fails is told once, by the command, in the user's language; Prefect keeps its own account of it.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}
# For as long as nights are served: runs that ended 90 days ago leave the database, as their events do by themselves.
_LASTING = {"PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs"}
# For one night: no pages, and no services but those that keep what the night reports.
_BRIEF = {"PREFECT_UI_ENABLED": "0", "PREFECT__SERVER_EPHEMERAL": "1"}
_SERVER_ONLY = {
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    # With Prefect's default of one, task runs of the last second are lost when the server stops.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
}
# Seconds for our own server to start, and for another one to answer.
_LEAST_ROOM = 16_000_000
_PATIENCE, _PATIENCE_WITH_OTHERS = 180.0, 20.0


class ServerDied(SaidError):
    """The server ended, or never answered."""

    def __init__(self, place: str) -> None:
        super().__init__(
            f"Prefect 服务没有启动，或没有应答，详见 {place}。",
            f"Prefect's server did not start, or does not answer: {place}.",
        )


class PortTaken(SaidError):
    """Another program has the port."""

    def __init__(self, port: int) -> None:
        super().__init__(
            f"端口 {port} 已被其他程序占用：请用 --port 另选一个，或设置 PREFECT_API_URL 使用已有的 Prefect 服务。",
            f"Another program has port {port}: choose one with --port, or name a Prefect server in PREFECT_API_URL.",
        )


class LocalServer:
    """A context in which PREFECT_API_URL names a server. Enter it before importing prefect.

    Parameters
    ----------
    home : pathlib.Path
        Prefect's folder in the data folder: its database and the server's log. Kept from night to night.
    port : int, optional
        Where to stay up, with pages to look at, on this machine only. Without one, any port, for one night.

    Raises
    ------
    PortTaken
        On entering.
    """

    def __init__(self, home: Path, port: int | None = None) -> None:
        self.home, self.port = home, port
        self.url = ""
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None

    def __enter__(self) -> Self:
        """Start the server, without waiting for it."""
        os.environ.update(_QUIET)
        self.url = os.environ.get("PREFECT_API_URL", "")
        if self.url:
            return self
        self.home.mkdir(parents=True, exist_ok=True)
        if not self.port and (served := self._served()):
            self.url = served
            os.environ.update(PREFECT_HOME=str(self.home), PREFECT_API_URL=served)
            return self
        port = _free(self.port)
        self.url = f"http://127.0.0.1:{port}/api"
        os.environ.update(PREFECT_HOME=str(self.home), PREFECT_API_URL=self.url)
        lasting = {**_LASTING, "PREFECT_UI_STATIC_DIRECTORY": str(self.home / "ui")}
        self._log = (self.home / "server.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(port)],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C is the parent's
            env={**os.environ, **_SERVER_ONLY, **(lasting if self.port else _BRIEF)},
        )
        return self

    def wait(self) -> None:
        """Return when the server answers.

        Raises
        ------
        ServerDied
            It ended, or did not answer in time.
        OSError
            There is no room on the disk for its database.
        """
        until = time.monotonic() + (_PATIENCE if self._process else _PATIENCE_WITH_OTHERS)
        while time.monotonic() < until and (self._process is None or self._process.poll() is None):
            if _answers(self.url):
                return
            time.sleep(0.05)
        if self._process and shutil.disk_usage(self.home).free < _LEAST_ROOM:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(self.home))
        raise ServerDied(str(self.home / "server.log") if self._process else self.url)

    @property
    def address(self) -> str:
        """Of the server's API; "" before one is started on any port."""
        ours = f"http://127.0.0.1:{self.port}/api" if self.port else ""
        return self.url or os.environ.get("PREFECT_API_URL") or ours

    @property
    def page(self) -> str:
        """The address to look at with a browser."""
        return self.address.removesuffix("/api")

    def _served(self) -> str:
        """The address of the server that `gongshui serve` keeps up on the same data; "" where there is none."""
        serving = holder(self.home.parent, SERVING)
        url = serving.said.get("server", "") if serving else ""
        return url if url and _answers(url) else ""

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop the server; `flows.nightly.drain` must have been called where prefect was used."""
        if self._process is None:
            return
        if self._process.stdin:
            self._process.stdin.close()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
        if self._log:
            self._log.close()
        del os.environ["PREFECT_API_URL"]


def _free(port: int | None) -> int:
    """The port, where nobody has it; any free one without."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, os.name != "nt")  # of a server that has just ended
        try:
            probe.bind(("127.0.0.1", port or 0))
        except OSError as error:
            raise PortTaken(port or 0) from error
        free: int = probe.getsockname()[1]
    return free


def _answers(url: str) -> bool:
    opener = urllib.request.build_opener(*([urllib.request.ProxyHandler({})] if "://127.0.0.1" in url else []))
    try:
        with opener.open(f"{url}/health", timeout=5):
            return True
    except HTTPError:
        return True  # it wants to know who asks, which is Prefect's affair
    except (OSError, ValueError):
        return False
