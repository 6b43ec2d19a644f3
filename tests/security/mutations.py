"""Workbooks made slightly wrong: bytes anywhere, and words within the parts of archives and in markup."""

import io
import random
import re
import zipfile
from collections.abc import Callable
from pathlib import Path

MESSY = Path(__file__).parents[1] / "data" / "messy"
FORMATS = (".xlsx", ".xls", ".ods", ".fods", ".csv", ".html", ".xml", ".txt")
_WORD = re.compile(rb"-?\d+(?:\.\d+)?|[A-Za-z:_]+|\"[^\"]*\"")
_TAG = re.compile(rb"<[^<>]*>")
_WORDS = (
    b"0 -1 1 255 65536 1048577 16385 2147483648 99999999999999999999 1e999 -1e-999 NaN inf 0x10 1_000 "
    b"\xef\xbc\x91 \xc2\xb2 A1 XFD1048576 ZZZZ9 A0 $A$1:XFD1048576 R1C1 true s str inlineStr e d &#0; &#x110000; "
    b"&amp;&lt; _x0000_ _xD800_ =SUM(A:A) 1899-12-31 9999-12-31T24:00 \xe2\x80\xae \xff\xfe \xf0\x9f\x98\x80"
).split(b" ")


def corpus() -> list[Path]:
    """Real workbooks of every format, small ones: what is wrong is found sooner."""
    return sorted(path for path in MESSY.iterdir() if path.suffix in FORMATS and 0 < path.stat().st_size < 60_000)


def mutated(data: bytes, dice: random.Random) -> bytes:
    """The bytes of a workbook with one to eight things wrong."""
    if zipfile.is_zipfile(io.BytesIO(data)) and dice.random() < 0.8:
        return _in_archive(data, dice)
    return _wrong(data, dice, is_text=not data.startswith((b"PK", b"\xd0\xcf")))


def _in_archive(data: bytes, dice: random.Random) -> bytes:
    """An archive that is sound, and what is wrong within one or two of its parts."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    for _ in range(dice.choice((1, 1, 2))):
        name = dice.choice(list(parts))
        if dice.random() < 0.05:
            del parts[name]
            break
        parts[name] = _wrong(parts[name], dice, is_text=True)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return target.getvalue()


def _wrong(data: bytes, dice: random.Random, *, is_text: bool) -> bytes:
    for _ in range(dice.choice((1, 1, 1, 2, 2, 3, 5, 8))):
        change = dice.choice(_IN_TEXT if is_text and dice.random() < 0.75 else _IN_BYTES)
        data = change(data, dice)
    return data


def _cut(data: bytes, dice: random.Random) -> tuple[bytes, bytes, bytes]:
    """The data before, in and after a place, which is short mostly."""
    start = dice.randrange(len(data) + 1)
    end = min(len(data), start + int(2 ** dice.uniform(0, 12)))
    return data[:start], data[start:end], data[end:]


def _flip(data: bytes, dice: random.Random) -> bytes:
    before, within, after = _cut(data, dice)
    return before + bytes(byte ^ (1 << dice.randrange(8)) for byte in within[:4]) + within[4:] + after


def _drop(data: bytes, dice: random.Random) -> bytes:
    before, _, after = _cut(data, dice)
    return before + after


def _repeat(data: bytes, dice: random.Random) -> bytes:
    before, within, after = _cut(data, dice)
    return before + within * dice.choice((2, 3, 50)) + after


def _break_off(data: bytes, dice: random.Random) -> bytes:
    return data[: dice.randrange(len(data) + 1)]


def _number(data: bytes, dice: random.Random) -> bytes:
    """A number of the binary format that is 0, all ones, or large."""
    before, within, after = _cut(data, dice)
    width = dice.choice((1, 2, 4))
    value = dice.choice((0, 1, 2 ** (8 * width) - 1, 2 ** (8 * width - 1), dice.randrange(2 ** (8 * width))))
    return before + value.to_bytes(width, "little") + within[width:] + after


def _word(data: bytes, dice: random.Random) -> bytes:
    """Another word, or none, in the place of a word, a number or an attribute."""
    found = [match.span() for match in _WORD.finditer(data)]
    if not found:
        return data
    start, end = dice.choice(found)
    other = dice.choice(_WORDS) if dice.random() < 0.8 else data[slice(*dice.choice(found))]
    if data[start : start + 1] == b'"' and dice.random() < 0.8:
        other = b'"' + other.replace(b'"', b"") + b'"'
    return data[:start] + other + data[end:]


def _tag(data: bytes, dice: random.Random) -> bytes:
    """A tag twice, gone, or where another one stands."""
    found = [match.span() for match in _TAG.finditer(data)]
    if not found:
        return _word(data, dice)
    (start, end), (first, last) = dice.choice(found), dice.choice(found)
    other = dice.choice((b"", data[start:end] * 2, data[first:last], data[first:last] * 300))
    return data[:start] + other + data[end:]


_IN_BYTES: tuple[Callable[[bytes, random.Random], bytes], ...] = (_flip, _drop, _repeat, _break_off, _number, _number)
_IN_TEXT: tuple[Callable[[bytes, random.Random], bytes], ...] = (_word, _word, _word, _tag, _tag, _drop, _repeat)
