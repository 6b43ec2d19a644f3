"""What runs in a worker process: it answers items with results, each with its length before it, until none comes."""

import gc
import os
import pickle
import signal
import struct
import sys
import traceback
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from flows.ingest.guard import Refused

# Before an answer: its length in bytes.
LENGTH = struct.Struct("<Q")
_COLLECT_AFTER = 50_000
_PAGE = os.sysconf("SC_PAGE_SIZE") if hasattr(os, "sysconf") else 4096


class Failure:
    """An exception that the function should not have raised, as it crosses to the parent."""

    def __init__(self, error: BaseException) -> None:
        self.summary = f"{type(error).__name__}: {error}"[:200]
        self.trace = "".join(traceback.format_exception(error))
        self.is_memory = isinstance(error, MemoryError)


def serve() -> None:
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
        _send(answers, pickle.dumps(Failure(error).summary))
        return
    # What was imported stays, and what an item leaves forms few cycles: seldom is it worth looking for them.
    gc.freeze()
    gc.set_threshold(_COLLECT_AFTER)
    _limit_memory(memory_bytes)
    kept = memory_of(os.getpid()) + memory_bytes // 8
    _send(answers, pickle.dumps(""))
    while True:
        try:
            item = pickle.load(source)
        except EOFError:
            return
        _send(answers, _answer(function, item))
        if memory_of(os.getpid()) > kept:
            _give_back()


def _give_back() -> None:
    """Return to the system what the last item took: the C library would keep it, at the cost of the next item."""
    with suppress(AttributeError, OSError):  # a C library without it
        import ctypes

        ctypes.CDLL(None).malloc_trim(0)


def _answer(function: Callable[[Any], Any], item: Any) -> bytes:
    try:
        return pickle.dumps(function(item))
    except Refused as refused:
        return pickle.dumps(refused)
    except Exception as error:  # noqa: BLE001 - one file's failure, told with its trace, must not be all files'
        return pickle.dumps(Failure(error))


def _limit_memory(memory_bytes: int) -> None:
    """Limit what this process may allocate beyond its imports, where the system can."""
    with suppress(ImportError, OSError, ValueError):
        import resource

        mapped = int(Path("/proc/self/statm").read_text().split()[0]) * _PAGE
        resource.setrlimit(resource.RLIMIT_AS, (mapped + memory_bytes, mapped + memory_bytes))


def _send(stream: IO[bytes], data: bytes) -> None:
    stream.write(LENGTH.pack(len(data)))
    stream.write(data)
    stream.flush()


def memory_of(pid: int) -> int:
    """Return the bytes a process has in use, 0 where the system does not tell."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE
    except (OSError, IndexError, ValueError):
        return 0
