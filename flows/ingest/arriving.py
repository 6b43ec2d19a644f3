"""What becomes of a file of the inbox on both sides of its reading: most are opened, some are left for another night.

Towns write to the inbox while it is read. What is not the same before and after, or cannot be opened at all, is not
landed: it is told, and tried again every night.
"""

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path

from flows.ingest.guard import Refused
from flows.ingest.inbox import InboxFile, cannot_open
from flows.ingest.reading import FileRead

# Not landed: a person has to see to it that the file can be opened; or nobody has to do anything but wait.
UNREADABLE, UNSETTLED = "unreadable", "unsettled"
LEFT = (UNREADABLE, UNSETTLED)
# Windows: another program holds the file open, or a part of it.
_HELD = (32, 33)


def before_reading(file: InboxFile, originals: dict[str, str]) -> tuple[InboxFile, str, FileRead | None]:
    """The file, its sha256, and what becomes of it where it need not be read; of new bytes it is the original."""
    if file.is_litter:
        return file, "", FileRead("ignored", "系统文件或临时文件，不是报表。", reason_en="a system file, no form.")
    if file.obstacle:
        return file, "", FileRead(UNREADABLE, file.obstacle.zh, reason_en=file.obstacle.en)
    try:
        digest = _sha256(file.location)
    except OSError as error:
        return file, "", _not_opened(error)
    original = originals.setdefault(digest, file.path)
    if original == file.path:
        return file, digest, None
    zh, en = f"与《{original}》内容完全相同，只计一次。", f"the same as {original}; it counts once."
    return file, digest, FileRead("duplicate", zh, duplicate_of=original, reason_en=en)


def after_reading(
    file: InboxFile, result: FileRead | Refused, originals: Mapping[str, str], settle_seconds: float
) -> FileRead:
    """What a worker gave; a copy that we annotated and that came back unread counts only without its original.

    Parameters
    ----------
    file, result
        The file as it was listed, and what reading it gave.
    originals
        sha256 → path, of all that was read.
    settle_seconds
        A file that was changed in the last seconds and is refused may be half of what it will be: it is left.
    """
    read = FileRead.refused(result) if isinstance(result, Refused) else result
    try:
        now = file.location.stat()
    except OSError as error:
        return _not_opened(error)
    if (now.st_size, now.st_mtime_ns) != (file.size, file.modified_ns):
        return _unsettled("读取时文件仍在变化", "it changed while it was read")
    if read.code == "unopened":
        return FileRead(UNREADABLE, read.reason, reason_en=read.reason_en)
    if read.status == "refused" and abs(time.time() - now.st_mtime) < settle_seconds:
        return _unsettled(f"刚刚写入，可能还不完整：{read.reason}", f"just written, maybe not whole: {read.reason_en}")
    original = originals.get(read.unread_copy_of or "", file.path)
    if original == file.path:
        return read
    zh = f"系统退回的批注副本，内容与《{original}》相同，尚未更正，不重复计入。"
    en = f"our annotated copy of {original}, sent back unmended; it does not count again."
    return FileRead("duplicate", zh, duplicate_of=original, reason_en=en)


def without_original(original: str) -> FileRead:
    """A copy of a file that was left itself."""
    return _unsettled(f"与《{original}》内容相同，而该文件尚未读取", f"the same as {original}, which was left")


def _not_opened(error: OSError) -> FileRead:
    if isinstance(error, FileNotFoundError):
        return _unsettled("列出之后文件被移走或删除", "it was moved or removed after it was listed")
    if getattr(error, "winerror", None) in _HELD:
        return _unsettled("文件正被另一个程序打开", "another program holds it open")
    said = cannot_open(error)
    return FileRead(UNREADABLE, said.zh, reason_en=said.en)


def _unsettled(why_zh: str, why_en: str) -> FileRead:
    zh, en = f"{why_zh.rstrip('。')}，留待下次读取。", f"{why_en.rstrip('.')}; left for next time."
    return FileRead(UNSETTLED, zh, reason_en=en)


def _sha256(location: Path) -> str:
    with location.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
