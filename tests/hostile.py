"""Files that mean harm, or are as large as may be: what each could cost a reader that trusts it."""

import io
import struct
import zipfile
from collections.abc import Callable
from itertools import pairwise

from flows.ingest.sheet import letters
from tests.builders import PROGRESS, TITLE
from tests.unit.workbooks import worksheet, xlsx, zipped

ENTITIES = "".join(f'<!ENTITY {name} "{f"&{inner};" * 10}">' for inner, name in pairwise("abcdefghi"))
BILLION_LAUGHS = f'<!DOCTYPE x [<!ENTITY a "haha">{ENTITIES}]>'
A_FILE = '<!DOCTYPE x [<!ENTITY i SYSTEM "file:///etc/passwd">]>'
USE = worksheet("<row><c><v>&i;</v></c></row>")
OFFICE = "urn:oasis:names:tc:opendocument:xmlns"
WHOLE_SHEET = '<mergeCells><mergeCell ref="A1:XFD1048576"/></mergeCells>'


def cell(value: object, address: str = "") -> str:
    """A cell's XML; a text that begins with = is a formula without a stored value."""
    place = f' r="{address}"' if address else ""
    if isinstance(value, str) and value.startswith("="):
        return f"<c{place}><f>{value[1:]}</f></c>"
    return f"<c{place}><v>{value}</v></c>" if isinstance(value, int) else f'<c{place} t="str"><v>{value}</v></c>'


def village(number: int, households: object = 86) -> list[object]:
    """A row of a progress table."""
    return ["兴隆村委会", f"大屋{number}村", households, 412, "在建"]


def table(*rows: list[object], more: str = "", after: str = "", title: str = TITLE) -> bytes:
    """A workbook of one progress table with these rows, and what its XML holds beside."""
    lines = enumerate(([title], PROGRESS, *rows), start=1)
    cells = "".join(f'<row r="{number}">{"".join(map(cell, values))}</row>' for number, values in lines)
    return xlsx(worksheet(cells + more, after=after))


def sparse(row: int, step: int, words: list[str]) -> str:
    """A row that fills every so manieth of all columns."""
    cells = "".join(cell(words[n % len(words)], f"{letters(n * step)}{row}") for n in range(16384 // step))
    return f'<row r="{row}">{cells}</row>'


def ods(rows: str) -> bytes:
    """An .ods whose only sheet has this content."""
    names = " ".join(f'xmlns:{name}="{OFFICE}:{name}:1.0"' for name in ("office", "table", "text"))
    content = (
        f'<office:document-content {names}><office:body><office:spreadsheet><table:table table:name="S">{rows}'
        "</table:table></office:spreadsheet></office:body></office:document-content>"
    )
    return zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": content})


def repeated(rows: int, columns: int) -> bytes:
    """An .ods of a few bytes that repeats one cell over many rows and columns."""
    inner = f'<table:table-cell table:number-columns-repeated="{columns}"><text:p>1</text:p></table:table-cell>'
    return ods(f'<table:table-row table:number-rows-repeated="{rows}">{inner}</table:table-row>')


def html(cells: str) -> bytes:
    """An HTML table."""
    return f"<html><meta charset=utf-8><table>{cells}</table></html>".encode()


def csv(*rows: str) -> bytes:
    """A progress table as text."""
    return "\n".join((TITLE, ",".join(PROGRESS), *rows)).encode()


def lying(data: bytes, size: int) -> bytes:
    """A zip whose entries claim to unpack to so many bytes."""
    changed = bytearray(data)
    for signature, offset in ((b"PK\3\4", 22), (b"PK\1\2", 24)):
        at = changed.find(signature)
        while at >= 0:
            struct.pack_into("<L", changed, at + offset, size)
            at = changed.find(signature, at + 4)
    return bytes(changed)


def with_entry(name: str, size: int = 1) -> bytes:
    """A workbook whose archive holds a further entry, of blanks."""
    buffer = io.BytesIO(table(village(1)))
    with zipfile.ZipFile(buffer, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, b" " * size)
    return buffer.getvalue()


# Name → its bytes, and how it is refused (the code of the reason); `read` or `unrecognised` where it is not.
FILES: dict[str, tuple[Callable[[], bytes], str]] = {
    "no bytes": (lambda: b"", "empty"),
    "blanks": (lambda: b" " * 1_000_000, "damaged"),
    "a picture": (lambda: b"\x89PNG\r\n\x1a\n" + bytes(100), "not_workbook"),
    "a program": (lambda: b"MZ" + bytes(5000), "not_workbook"),
    "half a workbook": (lambda: table(village(1))[:900], "damaged"),
    "a workbook without sheets": (
        lambda: zipped({"[Content_Types].xml": "<a/>", "xl/workbook.xml": "<a/>"}),
        "damaged",
    ),
    "NUL bytes in text": (lambda: csv("甲,乙,1,2,在建") + bytes(3), "nul"),
    "entities in a sheet": (lambda: xlsx(BILLION_LAUGHS + USE), "entities"),
    "a file as an entity": (lambda: xlsx(A_FILE + USE), "entities"),
    "entities in an .ods": (lambda: zipped({"content.xml": BILLION_LAUGHS + "<a>&i;</a>"}), "entities"),
    "entities in HTML": (lambda: b"<html>" + BILLION_LAUGHS.encode() + html("<tr><td>&i;"), "entities"),
    "a path out of the archive": (lambda: with_entry("../../etc/cron.d/x"), "unsafe_name"),
    "a path from the root": (lambda: with_entry("/etc/passwd"), "unsafe_name"),
    "a path on a drive": (lambda: with_entry("C:x"), "unsafe_name"),
    "an entry of 140 MB": (lambda: with_entry("xl/media/a", 140_000_000), "bomb"),
    "entries that lie about their size": (lambda: lying(table(village(1)), 10), "bomb"),
    "a cell at XFD1048576": (lambda: table(village(1), more=f'<row r="1048576">{cell(1, "XFD1048576")}</row>'), "read"),
    "a merge of the whole sheet": (lambda: table(village(1), after=WHOLE_SHEET), "unrecognised"),
    "a gap beside every column": (lambda: table(village(1), more=sparse(9, 2, ["1"]) + sparse(99, 9, ["x"])), "read"),
    "a heading in every other column": (lambda: xlsx(worksheet(sparse(1, 2, PROGRESS) + sparse(2, 2, ["x"]))), "read"),
    "titles without end": (lambda: table(*[[f"{n}年截至"] for n in range(9000)], PROGRESS, village(1)), "read"),
    "rows that are no data": (lambda: table(village(1), *[["备用", "其中"]] * 20_000, village(2)), "read"),
    "a numeral without end": (lambda: table(village(1, "二" * 30_000), title="二" * 30_000), "read"),
    "digits without end": (lambda: table(village(1, "9" * 90_000)), "read"),
    "an exponent without end": (lambda: table(village(1, "1e999999999")), "read"),
    "formulas in a circle": (lambda: table(village(1, "=C4"), village(2, "=C3")), "read"),
    "formulas on formulas": (lambda: table(*[village(n, f"=C{n + 2}+C{n + 2}") for n in range(1, 900)]), "read"),
    "brackets without end": (lambda: table(village(1, "=" + "(" * 16_000 + "1" + ")" * 16_000)), "read"),
    "one field of 40 MB": (lambda: csv('"' + "x" * 40_000_000), "damaged"),
    "a million commas": (lambda: csv("," * 1_000_000), "read"),
    "two million short rows": (lambda: csv(*["a,b"] * 1_100_000), "too_many"),
    "an .ods that repeats a cell": (lambda: repeated(1_048_576, 16_384), "too_many"),
    "HTML spans": (lambda: html("<tr>" + "<td colspan=1000 rowspan=1000>x" * 5000), "too_many"),
    "HTML cells": (lambda: html("<tr>" + "<td>1" * 1_000_000), "too_many"),
    "500 sheets and one": (lambda: xlsx(*[worksheet("")] * 501), "too_many"),
}
