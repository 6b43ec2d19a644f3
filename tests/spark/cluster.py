"""A Spark cluster on this machine: a master and workers, each a process group that can be killed."""

import importlib.util
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

HOST = "127.0.0.1"
# The machine has to hold a driver, two executors and their Python workers.
DEFAULTS = {
    "spark.driver.host": HOST,
    "spark.driver.bindAddress": HOST,
    "spark.driver.memory": "2g",
    "spark.executor.memory": "1g",
    "spark.sql.shuffle.partitions": "2",
}


def home() -> Path:
    """The folder of the Spark that is installed, which only those who ask for these tests have."""
    spec = importlib.util.find_spec("pyspark")
    assert spec and spec.origin, "uv run --extra spark pytest -m spark"
    return Path(spec.origin).parent


class Cluster:
    """A master and its workers, by their processes."""

    def __init__(self, folder: Path) -> None:
        self.environment = environment(folder)
        self.folder = folder
        with closing(socket.create_server((HOST, 0))) as free:
            self.port = free.getsockname()[1]
        self.master = f"spark://{HOST}:{self.port}"
        self.processes: list[subprocess.Popen[bytes]] = []

    def start(self, workers: int) -> None:
        """Start the master, and workers of one core and the memory of one executor."""
        self._start("master.Master", "--host", HOST, "--port", str(self.port), "--webui-port", "0")
        _wait_for(lambda: _answers(self.port), "the master")
        for number in range(workers):
            self._start(
                "worker.Worker", "--host", HOST, "--cores", "1", "--memory", "1g", "--webui-port", "0",
                "--work-dir", str(self.folder / f"worker-{number}"), self.master,
            )  # fmt: skip

    def _start(self, name: str, *arguments: str) -> None:
        log = (self.folder / f"{name}-{time.monotonic_ns()}.log").open("wb")
        command = [str(home() / "bin" / "spark-class"), f"org.apache.spark.deploy.{name}", *arguments]
        process = subprocess.Popen(command, stdout=log, stderr=log, env=self.environment, start_new_session=True)
        self.processes.append(process)

    def kill(self, number: int) -> None:
        """Kill a process and all that it started: 0 is the master, then come the workers."""
        process = self.processes[number]
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def environment(folder: Path) -> dict[str, str]:
    """The environment of a command that uses Spark here."""
    configured = "".join(f"{name} {value}\n" for name, value in DEFAULTS.items())
    (folder / "spark-defaults.conf").write_text(configured, encoding="utf-8")
    return {**os.environ, "SPARK_CONF_DIR": str(folder), "SPARK_LOCAL_IP": HOST, "SPARK_HOME": str(home())}


@contextmanager
def cluster(folder: Path, workers: int = 2) -> Iterator[Cluster]:
    """Start a cluster, and end what is left of it."""
    started = Cluster(folder)
    try:
        started.start(workers)
        yield started
    finally:
        for number, process in enumerate(started.processes):
            if process.poll() is None:
                started.kill(number)


def wait_until(path: Path, run: "subprocess.Popen[str]", seconds: float = 1800) -> None:
    """Wait until there is such a path, as long as a program runs."""
    _wait_for(lambda: path.exists() or run.poll() is not None, str(path), seconds)
    assert run.poll() is None, "it ended too early"


def _answers(port: int) -> bool:
    with closing(socket.socket()) as client:
        return client.connect_ex((HOST, port)) == 0


def _wait_for(condition: Callable[[], bool], what: str, seconds: float = 600) -> None:
    until = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.1)
