"""What the readers share: number formats, serial dates, the plain form of a value."""

import datetime as dt
import math
import re
from functools import lru_cache

from flows.ingest.grid import CellError, Grid, Value
from flows.ingest.guard import Damaged, Limits, Refused

DATE, PERCENT = "date", "percent"
# ECMA-376 part 1, 18.8.30: the formats known by number alone, with the dates of Chinese editions (27–36, 50–58).
# Those of a time of day are left out: their value is a fraction of a day, no date.
BUILTIN = {
    **dict.fromkeys((9, 10), PERCENT),
    **dict.fromkeys((14, 15, 16, 17, 22, *range(27, 32), 36, *range(50, 55), 57, 58), DATE),
}
_LITERAL = re.compile(r'"[^"]*"|\\.|_.|\*.|\[[^\]]*\]')
_ERA_YEAR = re.compile(r"(?<![0#?])e")  # 0.00E+00 is no year


@lru_cache(maxsize=4096)
def format_kind(code: str) -> str | None:
    """Return whether a number format shows a `DATE`, a `PERCENT` or (None) a plain number or a time of day."""
    shown = _LITERAL.sub("", code.partition(";")[0]).strip().lower()
    if "%" in shown:
        return PERCENT
    if shown in ("general", "g/通用格式", "@", "standard"):
        return None
    if "y" in shown or "d" in shown or _ERA_YEAR.search(shown):
        return DATE
    return DATE if "m" in shown and "h" not in shown and "s" not in shown else None


@lru_cache(maxsize=20_000)
def from_serial(serial: int | float, is_1904: bool) -> Value:
    """Return the date of a serial number, with a time only where it has one; the number itself outside the calendar."""
    days, seconds = divmod(round(serial * 86400), 86400)
    if is_1904:
        days += 1462
    elif 0 < days < 60:
        days += 1  # Excel believes in 29 February 1900
    if not 0 < days < 2958466 or serial < 1:
        return whole(serial)
    if seconds:
        return dt.datetime.fromordinal(days + 693594) + dt.timedelta(seconds=seconds)
    return dt.date.fromordinal(days + 693594)


def from_iso(text: str) -> Value:
    """Return the date of an ISO text, with a time only where it has one; the text where it is no date."""
    try:
        moment = dt.datetime.fromisoformat(text.strip().removesuffix("Z"))
    except ValueError:
        return text
    return moment if moment.time() != dt.time() else moment.date()


def whole(number: int | float) -> int | float | CellError:
    """Return a whole number as int: a code of 15 digits keeps them all. What is no number becomes the error #NUM!."""
    if isinstance(number, int):
        return number
    if not math.isfinite(number):
        return CellError("#NUM!")
    return int(number) if number.is_integer() and abs(number) < 1e18 else number


def number(text: str) -> int | float | CellError:
    """Return the number that a file stores as text.

    Raises
    ------
    Damaged
        It is no number.
    """
    try:
        return int(text) if text.isdigit() else whole(float(text))
    except ValueError as error:
        raise Damaged.at(f"“{text[:20]}”不是数值") from error


def printed(text: str) -> str | None:
    """Return text as it is, None where it shows nothing."""
    return None if not text or text.isspace() else text


class Sink:
    """Puts cells into a grid, whatever their order, and watches the limits."""

    def __init__(self, grid: Grid, limits: Limits) -> None:
        self.grid = grid
        self._limits = limits
        self._cells = 0
        self._area = 0

    def put(self, row: int, column: int, value: Value) -> None:
        """Store one value; blanks take no room.

        Raises
        ------
        Refused
            Too many cells, or one beyond the last row or column.
        """
        if value is None:
            return
        rows = self.grid.rows
        if row >= len(rows):
            check_row(row, self._limits)
            rows.extend([] for _ in range(row + 1 - len(rows)))
        line = rows[row]
        if column >= len(line):
            check_column(column, self._limits)
            self._area += column + 1 - len(line)
            line.extend([None] * (column - len(line)))
            line.append(value)
        else:
            line[column] = value
        self._cells += 1
        if self._cells > self._limits.cells or self._area > self._limits.area:
            check_cells(self._cells, self._area, self._limits)
        check_string(value, self._limits)

    def put_row(self, row: int, values: list[Value]) -> None:
        """Store a whole row at once; what stood there goes.

        Raises
        ------
        Refused
            Too many cells, or a row beyond the last.
        """
        while values and values[-1] is None:
            values.pop()
        if not values:
            return
        limits, rows = self._limits, self.grid.rows
        self._cells += len(values) - values.count(None)
        self._area += len(values)
        if len(values) > limits.columns or self._cells > limits.cells or self._area > limits.area:
            check_column(len(values) - 1, limits)
            check_cells(self._cells, self._area, limits)
        if row < len(rows):
            rows[row] = values
            return
        if row > len(rows):
            check_row(row, limits)
            rows.extend([] for _ in range(row - len(rows)))
        rows.append(values)


def check_row(row: int, limits: Limits) -> None:
    """Refuse a row beyond the limit."""
    if row >= limits.rows:
        raise Refused.too_many("行", "rows", row + 1, limits.rows)


def check_column(column: int, limits: Limits) -> None:
    """Refuse a column beyond the limit."""
    if column >= limits.columns:
        raise Refused.too_many("列", "columns", column + 1, limits.columns)


def check_string(value: Value, limits: Limits) -> None:
    """Refuse a text longer than a cell's may be."""
    if isinstance(value, str) and len(value) > limits.string:
        raise Refused.too_many("单元格内文字", "characters in a cell", len(value), limits.string)


def check_cells(cells: int, area: int, limits: Limits) -> None:
    """Refuse a sheet of too many cells, or of too many blanks between them."""
    if cells > limits.cells:
        raise Refused.too_many("单元格", "cells", cells, limits.cells)
    if area > limits.area:
        raise Refused.too_many("单元格（含空白）", "cells, blank ones counted,", area, limits.area)
