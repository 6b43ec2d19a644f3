"""One writer at a time in a data folder, and who it is.

The lock is the operating system's: it ends with the process that holds it, however that ends. Beside it lies a note of
who took it, for people to read; the note decides nothing. Readers of what is published need neither.
"""

import datetime as dt
import json
import os
import socket
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path

from filelock import FileLock, Timeout

from flows.said import SaidError

# Those who write to the folder, and `gongshui serve`, which starts them.
WRITING, SERVING = "run", "serve"
# Who only asks whether a lock is held has it for an instant; a writer that comes just then is not to be turned away.
_PATIENCE = 1.0


@dataclass(frozen=True)
class Holder:
    """Who holds a lock.

    Attributes
    ----------
    command
        What it is doing: `gongshui run`.
    pid, host
        The process, and the machine that it runs on.
    since
        When it took the lock, by that machine's clock.
    said
        What else it says of itself.
    """

    command: str
    pid: int
    host: str
    since: dt.datetime
    said: dict[str, str] = field(default_factory=dict)


class Held(SaidError):
    """Another process holds the lock."""

    def __init__(self, data: Path, name: str, holder: Holder | None) -> None:
        zh, en = "另一个程序", "Another program"
        if holder:
            since = f"{holder.since:%Y-%m-%d %H:%M:%S}"
            zh = f"{holder.command}（进程 {holder.pid}，主机 {holder.host}，{since} 开始）"
            en = f"“{holder.command}” (process {holder.pid} on {holder.host}, since {since})"
        do_zh, do_en = (
            "请等它结束后再运行，或用 --wait 等候。",
            "Try again when it has ended, or wait for it with --wait.",
        )
        if name == SERVING:  # it never ends by itself
            do_zh, do_en = "它会每夜运行，不必再启动一个。", "It runs every night: no second one is needed."
        super().__init__(f"{zh}正在使用数据文件夹 {data}。{do_zh}", f"{en} is using {data}. {do_en}")
        self.holder = holder


class CannotLock(SaidError):
    """The folder, or the file system that it lies on, does not let itself be locked."""

    def __init__(self, data: Path, error: OSError) -> None:
        super().__init__(
            f"数据文件夹 {data} 无法加锁：{error.strerror}。它应在本机磁盘上，并且可以写入。",
            f"{data} cannot be locked: {error.strerror}. It has to be on a disk of this machine, and writable.",
        )


@contextmanager
def hold(
    data: Path, command: str, *, wait: float = 0, name: str = WRITING, said: Mapping[str, str] | None = None
) -> Iterator[None]:
    """Hold a lock on a data folder while something is done; within, the same process may take it again.

    Parameters
    ----------
    data
        The data folder; made where there is none.
    command
        What is being done, for those who are kept waiting.
    wait
        Seconds to wait for another holder to end.
    name
        Which lock: that of those who write to the folder, or another one.
    said
        What else others may want to know of the holder: `serve` says its `cron` and `timezone`.

    Raises
    ------
    Held
        Another process holds it.
    CannotLock
        There can be no lock there.
    """
    lock, note = _lock(data, name, is_singleton=True), data / f".{name}.json"
    is_within = lock.is_locked
    try:
        data.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=max(wait, _PATIENCE))
    except Timeout as error:
        raise Held(data, name, _noted(note)) from error
    except OSError as error:
        raise CannotLock(data, error) from error
    try:
        if not is_within:
            _note(
                note,
                Holder(command, os.getpid(), socket.gethostname(), dt.datetime.now().astimezone(), dict(said or {})),
            )
        yield
    finally:
        if not is_within:
            with suppress(OSError):  # the next holder writes its own over it
                note.unlink(missing_ok=True)
        lock.release()


def holder(data: Path, name: str = WRITING) -> Holder | None:
    """Return who holds a lock now; None where nobody does, whatever note a killed process left behind.

    Of a folder that the asker may not write to, the note alone is believed.
    """
    note = data / f".{name}.json"
    if not note.is_file():
        return None
    try:
        with _lock(data, name).acquire(timeout=0):
            return None
    except (Timeout, OSError):
        return _noted(note)


def _lock(data: Path, name: str, *, is_singleton: bool = False) -> FileLock:
    # Never filelock's fallback, a mere file: it would outlive a killed process.
    return FileLock(data / f".{name}.lock", thread_local=False, is_singleton=is_singleton, fallback_to_soft=False)


def _note(note: Path, holder: Holder) -> None:
    with suppress(OSError):  # on a full disk the lock holds all the same
        note.write_text(json.dumps(asdict(holder), default=str, ensure_ascii=False), encoding="utf-8")


def _noted(note: Path) -> Holder | None:
    try:
        said = json.loads(note.read_text("utf-8"))
        return Holder(**said | {"since": dt.datetime.fromisoformat(said["since"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None  # taken this instant, or on a full disk
