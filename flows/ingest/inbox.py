"""What lies in the inbox: files in folders named by the day they were received. Nothing is opened here."""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

# What lies about in shared folders and is no submission: lock files of open workbooks, thumbnails, system files.
_LITTER = re.compile(r"^(?:~\$.*|\..*|thumbs\.db|desktop\.ini|.*\.(?:tmp|lnk|bak|part|crdownload))$", re.IGNORECASE)
_DAY = re.compile(r"^(20\d{2})[-._年]?(\d{1,2})[-._月]?(\d{1,2})日?")


@dataclass(frozen=True)
class InboxFile:
    """One file of the inbox."""

    location: Path
    # The inbox's own name and the path beneath it, with forward slashes: raw/2021-08-20/…
    path: str
    # Folders beneath the inbox, the top one first.
    folders: tuple[str, ...]
    # The day its top folder names; None where it names none (then the day it was first seen).
    day: dt.date | None
    received_on: dt.date
    size: int
    modified_ns: int

    @property
    def name(self) -> str:
        """The file's name."""
        return self.location.name

    @property
    def is_litter(self) -> bool:
        """Whether the file is no submission, whatever it holds."""
        return bool(_LITTER.match(self.name))


def discover(raw: Path, today: dt.date) -> Iterator[InboxFile]:
    """All files beneath the inbox, in the order of their paths.

    Parameters
    ----------
    raw : pathlib.Path
        The inbox.
    today : datetime.date
        The day that a file is received whose top folder names none.

    Raises
    ------
    FileNotFoundError
        There is no such folder.
    """
    if not raw.is_dir():
        raise FileNotFoundError(raw)
    for location in sorted(path for path in raw.rglob("*") if path.is_file()):
        folders = location.relative_to(raw).parts[:-1]
        day = day_of(folders[0]) if folders else None
        stat = location.stat()
        path = "/".join((raw.name, *folders, location.name))
        yield InboxFile(location, path, folders, day, day or today, stat.st_size, stat.st_mtime_ns)


def day_of(folder: str) -> dt.date | None:
    """The day that a folder's name begins with, None where it is none."""
    match = _DAY.match(folder)
    if match is None:
        return None
    try:
        return dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
