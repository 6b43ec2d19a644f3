"""A Prefect server for one night: started beside the imports, stopped when the night is told.

Prefect's own temporary server costs 6–14 s a night: the parent imports the whole server only to spawn it.
Here the server's process starts before Prefect is imported, so that both take their seconds side by side, and
its database is kept (`data/prefect`), so that it is migrated once. Where PREFECT_API_URL names a server, that
one is used.
"""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import IO, Self

# The server ends when its stdin does: that is when the parent ends, however it ends.
_SERVER = """
import sys, threading, uvicorn
server = uvicorn.Server(uvicorn.Config("prefect.server.api.server:create_app", factory=True, host="127.0.0.1",
    port=int(sys.argv[1]), log_level="error", lifespan="on", timeout_graceful_shutdown=5))
def watch():
    sys.stdin.buffer.read()
    server.should_exit = True
threading.Thread(target=watch, daemon=True).start()
server.run()
"""
_QUIET = {
    "DO_NOT_TRACK": "1",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_LOGGING_LEVEL": "WARNING",
    # What fails is told once, by the command, in the user's language; Prefect keeps its own account of it.
    "PREFECT_LOGGING_HANDLERS_CONSOLE_LEVEL": "CRITICAL",
}
_SERVER_ONLY = {
    "PREFECT_UI_ENABLED": "0",
    "PREFECT__SERVER_EPHEMERAL": "1",
    "PREFECT__SERVER_FINAL": "1",
    "PREFECT_SERVER_REGISTER_BLOCKS_ON_START": "false",
    # With Prefect's default of one, task runs of the last second are lost when the server stops.
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_READ_BATCH_SIZE": "200",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_FLUSH_INTERVAL": "1",
}
_PATIENCE = 180.0


class ServerDied(Exception):
    """The server ended, or never answered; the message names its log."""


class LocalServer:
    """A context in which PREFECT_API_URL names a server. Enter it before importing prefect.

    Parameters
    ----------
    home : pathlib.Path
        Prefect's folder: its database and the server's log. Kept from night to night.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self._process: subprocess.Popen[bytes] | None = None
        self._log: IO[bytes] | None = None
        self._url = ""

    def __enter__(self) -> Self:
        """Start the server, without waiting for it."""
        os.environ.update(_QUIET)
        if os.environ.get("PREFECT_API_URL"):
            return self
        self.home.mkdir(parents=True, exist_ok=True)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self._url = f"http://127.0.0.1:{port}/api"
        os.environ.update(PREFECT_HOME=str(self.home), PREFECT_API_URL=self._url)
        self._log = (self.home / "server.log").open("wb")
        self._process = subprocess.Popen(
            [sys.executable, "-c", _SERVER, str(port)],
            stdin=subprocess.PIPE,
            stdout=self._log,
            stderr=self._log,
            start_new_session=True,  # Ctrl-C is the parent's
            env={**os.environ, **_SERVER_ONLY},
        )
        return self

    def wait(self) -> None:
        """Return when the server answers.

        Raises
        ------
        ServerDied
            It ended, or did not answer in three minutes.
        """
        if self._process is None:
            return
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until and self._process.poll() is None:
            try:
                with opener.open(f"{self._url}/health", timeout=5):
                    return
            except OSError:
                time.sleep(0.05)
        raise ServerDied(str(self.home / "server.log"))

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
