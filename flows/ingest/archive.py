"""A zip archive whose unpacking is bounded: declared sizes are checked first, actual ones while inflating."""

import re
import struct
import zipfile
import zlib
from functools import lru_cache
from io import BytesIO

from flows.ingest.guard import Damaged, Limits, Refused

LOCAL_HEADER = struct.Struct("<4s5HLLLHH")
_SMALL = 10_000  # bytes; what is remembered must stay small
DRIVE = re.compile(r"^[A-Za-z]:")


class Archive:
    """The entries of an untrusted zip file, unpacked in memory only.

    Parameters
    ----------
    data
        The zip file.
    limits
        Of entries, sizes and ratio.

    Raises
    ------
    Refused
        The archive is damaged, encrypted, a bomb, or names files outside itself.
    """

    def __init__(self, data: bytes, limits: Limits) -> None:
        self._data = data
        self._limits = limits
        self._left = limits.unzipped_bytes
        try:
            with zipfile.ZipFile(BytesIO(data)) as archive:
                entries = archive.infolist()
        except (zipfile.BadZipFile, NotImplementedError, UnicodeDecodeError, ValueError, OSError) as error:
            raise Refused.because("damaged", detail=str(error)) from error
        self._check(entries)
        # Some writers store backslashes or another case than the names that refer to the part.
        self._entries = {_key(entry.filename): entry for entry in entries}

    def _check(self, entries: list[zipfile.ZipInfo]) -> None:
        if len(entries) > self._limits.entries:
            raise Refused.too_many("压缩包内文件", "entries in the archive", len(entries), self._limits.entries)
        total = 0
        for entry in entries:
            name = entry.filename
            if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/") or DRIVE.match(name):
                raise Refused.because("unsafe_name", entry=name[:60])
            if entry.flag_bits & 1:
                raise Refused.because("encrypted")
            total += entry.file_size
            self._check_ratio(entry.filename, entry.file_size, entry.compress_size)
        if total > self._limits.unzipped_bytes:
            raise Refused.because("bomb", what=f"{total / 1e6:.0f} MB")

    def _check_ratio(self, name: str, size: int, compressed: int) -> None:
        if size > self._limits.ratio_from_bytes and size > self._limits.ratio * max(compressed, 1):
            raise Refused.because("bomb", what=f"{name}: {size / 1e6:.0f} MB, {size // max(compressed, 1)} : 1")

    def __contains__(self, name: str) -> bool:
        """Return whether the archive has an entry of this name."""
        return _key(name) in self._entries

    def read(self, name: str) -> bytes:
        """Return one entry, unpacked.

        Raises
        ------
        Damaged
            It is missing, broken off, or not what its checksum says.
        Refused
            It holds more than it declared or than the limit that is left.
        """
        entry = self._entries.get(_key(name))
        if entry is None:
            raise Damaged.at(f"缺少{name}")
        inflate = _inflate_again if max(entry.file_size, entry.compress_size) <= _SMALL else _inflate
        # One byte more than declared is enough to know a liar; never more than what is left of the allowance.
        bound = min(entry.file_size, self._left) + 1
        data, crc = inflate(self._packed(entry), entry.compress_type, bound, entry.filename)
        if len(data) != entry.file_size or crc != entry.CRC:
            raise Damaged.at(name)
        self._left -= len(data)
        return data

    def _packed(self, entry: zipfile.ZipInfo) -> bytes:
        offset = entry.header_offset
        header = self._data[offset : offset + LOCAL_HEADER.size]
        if len(header) < LOCAL_HEADER.size or not header.startswith(b"PK\3\4"):
            raise Damaged.at(entry.filename)
        *_, name_length, extra_length = LOCAL_HEADER.unpack(header)
        start = offset + LOCAL_HEADER.size + name_length + extra_length
        return self._data[start : start + entry.compress_size]


def _inflate(packed: bytes, method: int, bound: int, name: str) -> tuple[bytes, int]:
    """The content of an entry and its checksum."""
    if method == zipfile.ZIP_STORED:
        return packed, zlib.crc32(packed)
    if method != zipfile.ZIP_DEFLATED:
        raise Damaged.at(f"{name}: 压缩方式{method}")
    try:
        data = zlib.decompressobj(-15).decompress(packed, bound)
    except zlib.error as error:
        raise Damaged.at(f"{name}: {error}") from error
    if len(data) >= bound:
        raise Refused.because("bomb", what=f"{name}: > {bound / 1e6:.1f} MB")
    return data, zlib.crc32(data)


# Towns fill in copies of one file: its styles and relations are the same bytes in all of them.
_inflate_again = lru_cache(maxsize=64)(_inflate)


def _key(name: str) -> str:
    return name.replace("\\", "/").lstrip("/").lower()
