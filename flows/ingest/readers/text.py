"""Text tables: comma, tab or semicolon between the fields, in UTF-8 or GB18030 (UTF-16 with its mark)."""

import csv
import io
from collections.abc import Iterator

from flows.ingest.grid import Grid
from flows.ingest.guard import Damaged, Limits, Refused
from flows.ingest.readers.cells import Sink, printed

DELIMITERS = ",\t;"
_MARKS = ((b"\xef\xbb\xbf", "utf-8-sig"), (b"\xff\xfe", "utf-16"), (b"\xfe\xff", "utf-16"))
_SAMPLE = 200  # records
_MOST_FIELDS = 20_000


def read(data: bytes, limits: Limits) -> list[Grid]:
    """Return the one sheet of a text table; its rows are records, however many lines a quoted field takes.

    Raises
    ------
    Refused
    """
    text = decoded(data)
    if "\0" in text:
        raise Refused.because("nul")
    grid = Grid("Sheet1")
    sink, fields = Sink(grid, limits), _Fields()
    try:
        for r, record in enumerate(_records(text, delimiter(text), limits)):
            sink.put_row(r, list(map(fields.__getitem__, record)))
    except csv.Error as error:
        raise Damaged.at(str(error)) from error
    return [grid]


def decoded(data: bytes) -> str:
    """Return the text: by its byte order mark, else UTF-8, else GB18030.

    Raises
    ------
    Refused
        It is none of them.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _strict(data, encoding)
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return _strict(data, "gb18030")


def _strict(data: bytes, encoding: str) -> str:
    try:
        return data.decode(encoding)
    except UnicodeDecodeError as error:
        raise Refused.because(
            "not_workbook", what_zh="无法识别的编码或二进制数据", what_en="neither UTF-8 nor GB18030"
        ) from error


def delimiter(text: str) -> str:
    """Return the delimiter that divides the most of the first records, and among equals into the most fields."""

    def score(candidate: str) -> tuple[int, int]:
        lengths = [len(record) for record, _ in zip(_reader(text, candidate), range(_SAMPLE), strict=False)]
        return sum(length > 1 for length in lengths), sum(lengths)

    present = [candidate for candidate in DELIMITERS if candidate in text]
    if len(present) < 2:
        return present[0] if present else ","
    try:
        return max(present, key=score)
    except csv.Error:
        return present[0]


def _reader(text: str, separator: str) -> Iterator[list[str]]:
    # newline="" keeps line breaks inside quoted fields as they are.
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator)


def _records(text: str, separator: str, limits: Limits) -> Iterator[list[str]]:
    csv.field_size_limit(limits.string)
    return _reader(text, separator)


class _Fields(dict[str, str | None]):
    """Fields → what they show, of one table: ``="001"``, which keeps Excel from dropping zeros, shows 001."""

    def __missing__(self, field: str) -> str | None:
        if len(self) > _MOST_FIELDS:
            self.clear()
        shown = self[field] = printed(field[2:-1] if field.startswith('="') and field.endswith('"') else field)
        return shown
