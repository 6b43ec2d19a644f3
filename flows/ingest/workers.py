"""Work on untrusted files in processes of their own: one that dies, hangs or eats memory takes one file with it.

Each worker is a fresh interpreter that speaks pickle over its standard streams: it works alike on Linux and Windows and
never imports the caller's main module. A thread drives each worker, and keeps it busy while the caller digests results;
until it takes them, they wait as the bytes that came.
"""

import logging
import pickle
import queue
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from typing import IO, Any, TypeVar

from flows.ingest.guard import Refused
from flows.ingest.worker import LENGTH, Failure, memory_of
from schemas.personal import without_numbers

Item = TypeVar("Item")
Result = TypeVar("Result")
# An item with its number in the order of all.
Place = tuple[int, Any]

log = logging.getLogger(__name__)

# The caller's sys.path comes first: the child must find what the parent found, also where nothing is installed.
_BOOT = (
    "import pickle, sys; sys.path[:] = pickle.load(sys.stdin.buffer); from flows.ingest.worker import serve; serve()"
)
# Items sent ahead, so that a worker need not wait for a parent that is busy. Together they must fit any system's pipe
# buffer (4 kB is Windows' smallest): a parent blocked in writing to a child blocked in writing would wait for ever.
_AHEAD, _AHEAD_BYTES = 3, 4000
# Items of a process that may be begun before the caller has taken the results of those before them.
_RUN_AHEAD = 256
_WATCH_SECONDS = 0.05
_START_SECONDS = 120.0
_MAX_IDLE_DEATHS = 3


def run_isolated(
    function: Callable[[Item], Result],
    items: Iterable[Item],
    *,
    processes: int,
    seconds: float,
    memory_bytes: int,
) -> Generator[tuple[Item, Result | Refused]]:
    """Apply a function to each item in worker processes; yield results in the order of the items.

    Workers run ahead of the caller, so far that they need not wait while it digests a number of results.

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
        self.pending = deque(enumerate(items))
        self.seconds = seconds
        self.memory_bytes = memory_bytes
        self.is_closed = False
        self.function = pickle.dumps(function)
        self._count = len(self.pending)
        self._done: queue.Queue[tuple[Place, Any]] = queue.Queue()
        self._drivers = [_Driver(self) for _ in range(min(max(1, processes), self._count))]
        self._room = threading.Semaphore(_RUN_AHEAD * len(self._drivers))
        self._watch = threading.Thread(target=self._watch_all, name="worker watch", daemon=True)

    def results(self) -> Iterator[tuple[Any, Any]]:
        for driver in self._drivers:
            driver.thread.start()
        self._watch.start()
        early: dict[int, tuple[Any, Any]] = {}
        for number in range(self._count):
            while number not in early:
                (place, item), result = self._done.get()
                if isinstance(result, RuntimeError):
                    raise result
                early[place] = item, result
            item, result = early.pop(number)
            yield item, result if isinstance(result, Refused) else self._loaded(item, result)
            self._room.release()

    def _loaded(self, item: Any, data: bytes) -> Any:
        result = pickle.loads(data)
        if isinstance(result, Failure):
            log.error("reading %s failed\n%s", without_numbers(str(item)), without_numbers(result.trace))
            return _refusal(result, self.memory_bytes)
        return result

    def take(self, *, may_wait: bool) -> Place | None:
        """The next item; None where there is none, or none may be begun yet and the driver cannot wait."""
        while self.pending and not self.is_closed:
            if self._room.acquire(timeout=0.5 if may_wait else 0):
                with suppress(IndexError):
                    return self.pending.popleft()
                self._room.release()
            elif not may_wait:
                return None
        return None

    def give_back(self, place: Place) -> None:
        """Return an item that has not been begun; it is the next to be taken."""
        self.pending.appendleft(place)
        self._room.release()

    def put(self, place: Place, result: bytes | Refused) -> None:
        """Hand a result to the caller, pickled as it came."""
        self._done.put((place, result))

    def fail(self, error: RuntimeError) -> None:
        """End it all."""
        self._done.put(((0, None), error))

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
            sent: deque[tuple[Place, int]] = deque()
            try:
                self._start()
                self._work(sent)
            except RuntimeError as error:
                self._pool.fail(error)
                return
            except (OSError, EOFError):
                # The worker is gone. What it had not come to is given to another one; the item it was at is lost.
                while len(sent) > 1:
                    self._pool.give_back(sent.pop()[0])
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
            problem = pickle.loads(_receive(_stream(process.stdout)))
        except (OSError, EOFError) as error:
            if self._pool.is_closed:
                raise
            raise RuntimeError(f"a worker process does not start: {error}") from error
        if problem:
            raise RuntimeError(f"a worker process cannot import its function: {problem}")
        self._base_memory = memory_of(process.pid)

    def _work(self, sent: deque[tuple[Place, int]]) -> None:
        """Feed and read until nothing is left; `sent` holds the items without an answer and their sizes."""
        assert self._process is not None
        to_child, from_child = _stream(self._process.stdin), _stream(self._process.stdout)
        while not self._pool.is_closed:
            self._feed(sent, to_child)
            if not sent:
                return
            result = _receive(from_child)
            place, _ = sent.popleft()
            self._deadline = time.monotonic() + self._pool.seconds if sent else float("inf")
            self._pool.put(place, result)

    def _feed(self, sent: deque[tuple[Place, int]], to_child: IO[bytes]) -> None:
        while len(sent) < _AHEAD and (place := self._pool.take(may_wait=not sent)):
            data = pickle.dumps(place[1])
            if sent and sum(size for _, size in sent) + len(data) > _AHEAD_BYTES:
                self._pool.give_back(place)
                return
            try:
                _send(to_child, data)
            except OSError:
                # Dead already, of an earlier item or of none: the answers it still gave are read first.
                self._pool.give_back(place)
                if sent:
                    return
                raise
            if not sent:
                self._deadline = time.monotonic() + self._pool.seconds
            sent.append((place, len(data)))

    def _died_idle(self) -> None:
        """Start another one for a worker that died without an item, but not for ever."""
        self._idle_deaths += 1
        if self._idle_deaths > _MAX_IDLE_DEATHS:
            self._pool.fail(RuntimeError(f"worker processes die without work: {self._cause().reason_en}"))
            self._pool.pending.clear()

    def check(self) -> None:
        """Kill the worker when its time or memory is up."""
        process = self._process
        if process is None or process.poll() is not None:
            return
        if time.monotonic() > self._deadline:
            self.kill("timeout")
        elif memory_of(process.pid) - self._base_memory > self._pool.memory_bytes:
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


def _receive(stream: IO[bytes]) -> bytes:
    """One answer, as long as it says that it is."""
    head = stream.read(LENGTH.size)
    data = stream.read(LENGTH.unpack(head)[0]) if len(head) == LENGTH.size else b""
    if len(head) < LENGTH.size or len(data) < LENGTH.unpack(head)[0]:
        raise EOFError("the worker is gone")
    return data


def _exit_name(code: int) -> str:
    with suppress(ValueError):
        if code < 0:
            return signal.Signals(-code).name
    return f"exit code {code}"


def _refusal(failure: "Failure", memory_bytes: int) -> Refused:
    if failure.is_memory:
        return Refused.because("memory", limit=memory_bytes / 1e6)
    return Refused.because("crashed", detail=failure.summary)


__all__ = ["run_isolated"]
