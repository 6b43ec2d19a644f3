"""Work on untrusted files in processes of their own: one that dies, hangs or eats memory takes one file with it.

Each worker is a fresh interpreter that speaks pickle over its standard streams: it works alike on Linux and Windows and
never imports the caller's main module. A thread drives each worker, and keeps it busy while the caller digests results.
"""

import logging
import os
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
import traceback
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, TypeVar

from flows.ingest.guard import Refused

Item = TypeVar("Item")
Result = TypeVar("Result")

log = logging.getLogger(__name__)

# The caller's sys.path comes first: the child must find what the parent found, also where nothing is installed.
_BOOT = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from flows.ingest.workers import _serve; _serve()"
)
# Items sent ahead, so that a worker need not wait for a parent that is busy. Together they must fit any system's pipe
# buffer (4 kB is Windows' smallest): a parent blocked in writing to a child blocked in writing would wait for ever.
_AHEAD, _AHEAD_BYTES = 3, 4000
_RESULTS_A_PROCESS = 32
_WATCH_SECONDS = 0.05
_START_SECONDS = 120.0
_MAX_IDLE_DEATHS = 3
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


def run_isolated(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    processes: int,
    seconds: float,
    memory_bytes: int,
) -> Iterator[tuple[Item, Result | Refused]]:
    """Apply a function to each item in worker processes; yield results in the order they are done.

    Parameters
    ----------
    function
        Of a module that can be imported (not of the main one); what it returns must be picklable.
    items
        Picklable, best small: a path, not a file's content.
    processes
        How many at once; also one is a process of its own.
    seconds
        Of an item, by the clock.
    memory_bytes
        Of a worker, in use beyond what its imports need. Only Linux can tell and limit it.

    Yields
    ------
    tuple
        The item and its result, or `Refused`: raised by the function, or with the code timeout, memory or crashed.

    Raises
    ------
    RuntimeError
        The function cannot be imported in a worker.
    """
    pool = _Pool(function, items, processes, seconds, memory_bytes)
    try:
        yield from pool.results()
    finally:
        pool.close()


class _Pool:
    """Workers, the threads that drive them, and one that watches time and memory."""

    def __init__(
        self, function: Callable[[Any], Any], items: Iterable[Any], processes: int, seconds: float, memory_bytes: int
    ) -> None:
        self.pending = deque(items)
        self.seconds = seconds
        self.memory_bytes = memory_bytes
        self.is_closed = False
        self.function = pickle.dumps(function)
        self._left = len(self.pending)
        count = max(1, min(processes, self._left))
        self._done: queue.Queue[tuple[Any, Any]] = queue.Queue(_RESULTS_A_PROCESS * count)
        self._drivers = [_Driver(self) for _ in range(count if self._left else 0)]
        self._watch = threading.Thread(target=self._watch_all, name="worker watch", daemon=True)

    def results(self) -> Iterator[tuple[Any, Any]]:
        for driver in self._drivers:
            driver.thread.start()
        self._watch.start()
        while self._left:
            item, result = self._done.get()
            if isinstance(result, RuntimeError):
                raise result
            self._left -= 1
            yield item, result

    def put(self, item: Any, result: Any) -> None:
        """Hand a result to the caller, waiting while it has enough; in vain once it has gone."""
        while not self.is_closed:
            with suppress(queue.Full):
                self._done.put((item, result), timeout=0.5)
                return

    def close(self) -> None:
        self.is_closed = True
        for driver in self._drivers:
            driver.kill("")
        for driver in self._drivers:
            if driver.thread.ident:
                driver.thread.join()

    def _watch_all(self) -> None:
        while not self.is_closed and any(driver.thread.is_alive() for driver in self._drivers):
            for driver in self._drivers:
                driver.check()
            time.sleep(_WATCH_SECONDS)


class _Driver:
    """One worker process after another, and the thread that feeds it and reads its answers."""

    def __init__(self, pool: _Pool) -> None:
        self._pool = pool
        self._process: subprocess.Popen[bytes] | None = None
        self._deadline = float("inf")
        self._killed_for = ""
        self._base_memory = 0
        self._idle_deaths = 0
        self._lock = threading.Lock()
        self.thread = threading.Thread(target=self._run, name="worker driver", daemon=True)

    def _run(self) -> None:
        while self._pool.pending and not self._pool.is_closed:
            sent: deque[tuple[Any, int]] = deque()
            try:
                self._start()
                self._work(sent)
            except RuntimeError as error:
                self._pool.put(None, error)
                return
            except (OSError, EOFError, pickle.UnpicklingError):
                # The worker is gone. What it had not come to is given to another one; the item it was at is lost.
                while len(sent) > 1:
                    self._pool.pending.appendleft(sent.pop()[0])
                if sent:
                    self._pool.put(sent[0][0], self._cause())
                else:
                    self._died_idle()
            finally:
                self._stop()

    def _start(self) -> None:
        with self._lock:
            self._killed_for = ""
            self._deadline = time.monotonic() + _START_SECONDS
            self._process = process = subprocess.Popen(
                [sys.executable, "-c", _BOOT],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
            )
        try:
            _send(process.stdin, pickle.dumps(sys.path))
            _send(process.stdin, pickle.dumps((self._pool.function, self._pool.memory_bytes)))
            problem = pickle.load(_stream(process.stdout))
        except (OSError, EOFError) as error:
            if self._pool.is_closed:
                raise
            raise RuntimeError(f"a worker process does not start: {error}") from error
        if problem:
            raise RuntimeError(f"a worker process cannot import its function: {problem}")
        self._base_memory = _memory(process.pid)

    def _work(self, sent: deque[tuple[Any, int]]) -> None:
        """Feed and read until nothing is left; `sent` holds the items without an answer and their sizes."""
        assert self._process is not None
        to_child, from_child = _stream(self._process.stdin), _stream(self._process.stdout)
        while not self._pool.is_closed:
            self._feed(sent, to_child)
            if not sent:
                return
            result = pickle.load(from_child)
            item, _ = sent.popleft()
            self._deadline = time.monotonic() + self._pool.seconds if sent else float("inf")
            if isinstance(result, _Failure):
                log.error("reading %s failed\n%s", item, result.trace)
                result = _refusal(result, self._pool.memory_bytes)
            # While the caller lets this thread wait here, the worker goes on with what was sent ahead.
            waited = time.monotonic()
            self._pool.put(item, result)
            self._deadline += time.monotonic() - waited

    def _feed(self, sent: deque[tuple[Any, int]], to_child: IO[bytes]) -> None:
        while len(sent) < _AHEAD:
            try:
                item = self._pool.pending.popleft()
            except IndexError:
                return
            data = pickle.dumps(item)
            if sent and sum(size for _, size in sent) + len(data) > _AHEAD_BYTES:
                self._pool.pending.appendleft(item)
                return
            try:
                _send(to_child, data)
            except OSError:
                # Dead already, of an earlier item or of none: the answers it still gave are read first.
                self._pool.pending.appendleft(item)
                if sent:
                    return
                raise
            if not sent:
                self._deadline = time.monotonic() + self._pool.seconds
            sent.append((item, len(data)))

    def _died_idle(self) -> None:
        """Start another one for a worker that died without an item, but not for ever."""
        self._idle_deaths += 1
        if self._idle_deaths > _MAX_IDLE_DEATHS:
            self._pool.put(None, RuntimeError(f"worker processes die without work: {self._cause().reason_en}"))
            self._pool.pending.clear()

    def check(self) -> None:
        """Kill the worker when its time or memory is up."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        if time.monotonic() > self._deadline:
            self.kill("timeout")
        elif _memory(process.pid) - self._base_memory > self._pool.memory_bytes:
            self.kill("memory")

    def kill(self, reason: str) -> None:
        """End the worker process; its driver notices by the closed stream."""
        with self._lock:
            if self._process and self._process.poll() is None:
                self._killed_for = reason
                self._process.kill()

    def _cause(self) -> Refused:
        if self._killed_for == "timeout":
            return Refused.because("timeout", seconds=self._pool.seconds)
        if self._killed_for == "memory":
            return Refused.because("memory", limit=self._pool.memory_bytes / 1e6)
        code = self._process.wait() if self._process else 0
        return Refused.because("crashed", detail=_exit_name(code))

    def _stop(self) -> None:
        self._deadline = float("inf")
        self.kill("")
        with self._lock:
            process, self._process = self._process, None
        if process:
            process.wait()
            for stream in (process.stdin, process.stdout):
                with suppress(OSError):  # what was not sent to a dead worker cannot be flushed either
                    _stream(stream).close()


def _stream(stream: IO[bytes] | None) -> IO[bytes]:
    assert stream is not None
    return stream


def _send(stream: IO[bytes] | None, data: bytes) -> None:
    _stream(stream).write(data)
    _stream(stream).flush()


def _exit_name(code: int) -> str:
    with suppress(ValueError):
        if code < 0:
            return signal.Signals(-code).name
    return f"exit code {code}"


def _memory(pid: int) -> int:
    """Return the bytes a process has in use, 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0


def _refusal(failure: "_Failure", memory_bytes: int) -> Refused:
    if failure.is_memory:
        return Refused.because("memory", limit=memory_bytes / 1e6)
    return Refused.because("crashed", detail=failure.summary)


# In the worker ------------------------------------------------------------------------------------------------------


class _Failure:
    """An exception that the function should not have raised, as it crosses to the parent."""

    def __init__(self, error: BaseException) -> None:
        self.summary = f"{type(error).__name__}: {error}"[:200]
        self.trace = "".join(traceback.format_exception(error))
        self.is_memory = isinstance(error, MemoryError)


def _serve() -> None:
    """Answer items with results until there are no more; runs in the worker."""
    source = sys.stdin.buffer
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    # What a library prints must not run into the answers.
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's; it ends its workers
    try:
        pickled, memory_bytes = pickle.load(source)
        function = pickle.loads(pickled)
    except Exception as error:  # noqa: BLE001 - whatever an import raises is told to the parent
        _send(answers, pickle.dumps(_Failure(error).summary))
        return
    _limit_memory(memory_bytes)
    _send(answers, pickle.dumps(""))
    while True:
        try:
            item = pickle.load(source)
        except EOFError:
            return
        _send(answers, _answer(function, item))


def _answer(function: Callable[[Any], Any], item: Any) -> bytes:
    try:
        return pickle.dumps(function(item))
    except Refused as refused:
        return pickle.dumps(refused)
    except Exception as error:  # noqa: BLE001 - one file's failure, told with its trace, must not be all files'
        return pickle.dumps(_Failure(error))


def _limit_memory(memory_bytes: int) -> None:
    """Limit what this process may allocate beyond its imports, where the system can."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * _PAGE
        resource.setrlimit(resource.RLIMIT_AS, (mapped + memory_bytes, mapped + memory_bytes))


__all__ = ["run_isolated"]
