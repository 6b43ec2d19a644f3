"""Printed numbers as intervals: all that rounds to them.

A printed number stands for all that rounds to it: 96.81 for 96.805 to 96.815. Counts of persons, households and
villages printed as such are whole by nature and exact.
"""

from collections.abc import Iterable
from decimal import Decimal
from functools import lru_cache
from typing import NamedTuple

from flows.ingest.grid import Value
from flows.ingest.values import Number, number, printed

# A number computed in floating point is exact to so many digits.
SIGNIFICANT_DIGITS = 12
# How a sum or a quotient is written in a message.
SHOWN_DIGITS = 8
_MOST_FIGURES = 20_000


class Interval(NamedTuple):
    """All values that a printed number, or a sum or quotient of such, may stand for."""

    low: Decimal
    high: Decimal

    def meets(self, other: "Interval") -> bool:
        """Whether some value lies in both."""
        return self.low <= other.high and other.low <= self.high

    def over(self, other: "Interval") -> "Interval | None":
        """All quotients of two amounts; None where the divisor may be zero or an amount is negative."""
        if self.high < 0 or other.low <= 0:
            return None
        return Interval(max(self.low, Decimal(0)) / other.high, self.high / other.low)


def interval(figure: Decimal, factor: Decimal = Decimal(1), *, is_count: bool = False) -> Interval:
    """What a printed number may stand for: itself ± half its last digit.

    Parameters
    ----------
    figure : Decimal
        As printed, its decimals included.
    factor : Decimal
        Of its unit.
    is_count : bool
        Whether it counts things that have no parts.
    """
    if is_count and factor == 1 and figure == figure.to_integral_value():
        return Interval(figure, figure)
    exponent = int(figure.as_tuple().exponent)
    last = max(min(exponent, 0), figure.adjusted() - SIGNIFICANT_DIGITS + 1)
    half = Decimal(5).scaleb(last - 1)
    low, high = (figure - half) * factor, (figure + half) * factor
    return Interval(min(low, high), max(low, high))


class Figure(NamedTuple):
    """A printed number, where it stands, and what it may stand for; no interval where it cannot be read."""

    value: Value
    interval: Interval | None
    # From its own unit to the canonical one, to say sums in the unit of the sheet.
    factor: Decimal
    # Its address; not looked up of rows that are only summed.
    cell: str = ""

    @property
    def printed(self) -> str:
        """As the cell prints it."""
        return printed(self.value)


def sum_of(figures: Iterable[Figure]) -> Interval | None:
    """The sum of figures; None where one of them cannot be read."""
    low = high = Decimal(0)
    for figure in figures:
        if figure.interval is None:
            return None
        low += figure.interval.low
        high += figure.interval.high
    return Interval(low, high)


def shorter(value: Decimal) -> str:
    """A computed number for a message: no more digits than a reader wants."""
    rounded = round(value, max(0, SHOWN_DIGITS - 1 - value.adjusted())) if value else Decimal(0)
    text = format(rounded, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


class Figures(dict[tuple[type, Value], Figure | None]):
    """(type, value) of cells → their figures, each read once; None of a none-mark."""

    def __init__(self, dimension: str | None, is_count: bool, factor: Decimal) -> None:
        super().__init__()
        self.dimension, self.is_count, self.factor = dimension, is_count, factor

    def __missing__(self, key: tuple[type, Value]) -> Figure | None:
        if len(self) > _MOST_FIGURES:
            self.clear()
        value = key[1]
        read = number(value)
        if read is None:
            self[key] = None
        elif not isinstance(read, Number) or read.dimension not in (None, self.dimension):
            self[key] = Figure(value, None, self.factor)
        else:
            scale = read.factor if read.factor is not None else self.factor
            self[key] = Figure(value, interval(read.value, scale, is_count=self.is_count), scale)
        return self[key]


figures_of = lru_cache(maxsize=200)(Figures)
