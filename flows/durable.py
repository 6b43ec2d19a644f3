"""Files that are whole or not there: written beside their place, on the disk before they are seen, then moved over it.

A rename alone survives a killed program, not a power cut: the system may write the name before the content.
"""

import os
from contextlib import suppress
from pathlib import Path


def write_whole(target: Path, data: bytes | str) -> None:
    """Replace a file: a reader, and whoever comes after a power cut, sees the old or the new content.

    Raises
    ------
    OSError
        It could not be written; what was there stands.
    """
    beside = target.with_name(f".{target.name}.part")
    try:
        beside.write_bytes(data.encode() if isinstance(data, str) else data)
        move(beside, target)
    except OSError:
        with suppress(OSError):
            beside.unlink(missing_ok=True)  # on a full disk half a file is in the way
        raise


def move(source: Path, target: Path) -> None:
    """Put a finished file in its place."""
    sync(source)
    source.replace(target)
    sync_names(target.parent)


def sync(path: Path) -> None:
    """Return when the content of a file is on the disk."""
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_all(folder: Path) -> None:
    """Return when all that lies in a folder and beneath it, and its names, are on the disk."""
    for parent, _, names in os.walk(folder):
        for name in names:
            sync(Path(parent, name))
        sync_names(Path(parent))


def sync_names(*folders: Path) -> None:
    """Return when the names in folders are on the disk; Windows has no such call and needs none."""
    if os.name == "nt":
        return
    for folder in folders:
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
