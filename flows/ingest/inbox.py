"""What lies in the inbox: files in folders named by the day they were received. Nothing is opened here."""

import datetime as dt
import errno
import os
import re
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from operator import attrgetter
from pathlib import Path

from flows.said import Said

# What lies about in shared folders and is no submission: lock files of open workbooks, thumbnails, system files.
_LITTER = re.compile(r"^(?:~\$.*|\..*|thumbs\.db|desktop\.ini|.*\.(?:tmp|lnk|bak|part|crdownload))$", re.IGNORECASE)
# What a name may hold and nobody should print: control characters, line ends, marks that turn the direction of writing.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_CAUSES_ZH = {
    errno.EACCES: "没有读取权限",
    errno.EPERM: "没有读取权限",
    errno.ELOOP: "链接循环",
    errno.EIO: "磁盘或网络读取出错",
}
_DAY = re.compile(r"^(20\d{2})[-._年]?(\d{1,2})[-._月]?(\d{1,2})日?")


@dataclass(frozen=True, slots=True)
class InboxFile:
    """One file of the inbox."""

    location: Path
    # The inbox's own name and the path beneath it, with forward slashes: raw/2021-08-20/…; of text that can be printed.
    path: str
    # Folders beneath the inbox, the top one first.
    folders: tuple[str, ...]
    # The day its top folder names; None where it names none (then the day it was first seen).
    day: dt.date | None
    received_on: dt.date
    size: int
    modified_ns: int
    # Why it cannot be opened; None where nothing stands against it.
    obstacle: Said | None = None

    @property
    def name(self) -> str:
        """The file's name."""
        return self.path.rpartition("/")[2]

    @property
    def is_litter(self) -> bool:
        """Whether the file is no submission, whatever it holds."""
        return bool(_LITTER.match(self.name))


def discover(raw: Path, today: dt.date) -> Iterator[InboxFile]:
    """All files beneath the inbox, in the order of their paths; what cannot be opened is among them.

    Parameters
    ----------
    raw : pathlib.Path
        The inbox. Links to files are followed, links to folders are not: they may lead anywhere, and in circles.
    today : datetime.date
        The day that a file is received whose top folder names none.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    """
    if not raw.is_dir():
        raise FileNotFoundError(raw)
    inbox = readable(raw.name)
    # What is still to be looked at, the next one last: its place, the folders above it and, of a folder, those within.
    waiting: list[tuple[str, tuple[str, ...], tuple[str, ...] | None]] = [(str(raw), (), ())]
    while waiting:
        place, above, within = waiting.pop()
        error = None
        if within is not None:
            try:
                with os.scandir(place) as entries:
                    found = sorted(entries, key=attrgetter("name"), reverse=True)
            except FileNotFoundError:
                continue  # a folder that was taken away holds nothing
            except OSError as failed:
                error = failed
            else:
                waiting += [(entry.path, within, _within(entry, within)) for entry in found]
                continue
        if file := _inbox_file(Path(place), inbox, above, today, error):
            yield file


def _within(entry: os.DirEntry[str], above: tuple[str, ...]) -> tuple[str, ...] | None:
    """The folders that lead to what an entry holds; None where it is no folder, or nobody can tell."""
    with suppress(OSError):
        if entry.is_dir(follow_symlinks=False):
            return (*above, readable(entry.name))
    return None


def _inbox_file(
    location: Path, inbox: str, folders: tuple[str, ...], today: dt.date, error: OSError | None
) -> InboxFile | None:
    """What was found at a place; None where nothing is left there."""
    size = modified_ns = 0
    obstacle = cannot_open(error, "文件夹") if error else None
    try:
        entry = location.stat()
        size, modified_ns = entry.st_size, entry.st_mtime_ns
        if not obstacle and not stat.S_ISREG(entry.st_mode):
            obstacle = Said("是指向文件夹的链接或特殊文件，未读取。", "a link to a folder, or no regular file.")
    except FileNotFoundError:
        if not location.is_symlink():
            return None
        obstacle = Said("链接指向的文件不存在。", "a link that leads nowhere.")
    except OSError as failed:
        obstacle = obstacle or cannot_open(failed)
    day = day_of(folders[0]) if folders else None
    path = "/".join((inbox, *folders, readable(location.name)))
    return InboxFile(location, path, folders, day, day or today, size, modified_ns, obstacle)


def cannot_open(error: OSError, what_zh: str = "文件") -> Said:
    """Why the system does not let us read."""
    cause = error.strerror or type(error).__name__
    known = _CAUSES_ZH.get(error.errno or 0)
    return Said(f"{what_zh}无法打开：{f'{known}（{cause}）' if known else cause}。", f"it cannot be opened: {cause}.")


def readable(name: str) -> str:
    """A file's name as text: bytes that are no UTF-8 are taken for GB18030, what cannot be printed is written out."""
    try:
        name.encode()
    except UnicodeEncodeError:
        name = os.fsencode(name).decode("gb18030", errors="backslashreplace")
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", name)


def locate(raw: Path, path: str) -> Path:
    """Where the file of a path lies, as `discover` told it; there may be none by now."""
    place = raw
    for part in path.split("/")[1:]:
        there = place / part
        if not there.exists() and place.is_dir():
            there = next((entry for entry in place.iterdir() if readable(entry.name) == part), there)
        place = there
    return place


@lru_cache(maxsize=1_000)
def day_of(folder: str) -> dt.date | None:
    """The day that a folder's name begins with, None where it is none."""
    match = _DAY.match(folder)
    if match is None:
        return None
    try:
        return dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
