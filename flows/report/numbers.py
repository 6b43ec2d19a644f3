"""How officials print figures: 万, percentages, 年月日; rounded half up, once, from the exact value."""

import datetime as dt
from collections.abc import Sequence
from decimal import Decimal
from fractions import Fraction

Exact = int | Decimal | Fraction

_WAN = 10_000
_PERSON_IN_WAN = 4  # decimals with which 万 tells every person


def half_up(value: Exact, places: int) -> Decimal:
    """Round half up, once, from the exact value (Python's own rounding goes to the even neighbour)."""
    scaled = (abs(Fraction(value)) * 10**places * 2 + 1) // 2
    return Decimal(scaled if value >= 0 else -scaled).scaleb(-places)


def percent(rate: Exact, places: int = 1) -> str:
    """Write a rate as a percentage, without the sign."""
    return format(half_up(Fraction(rate) * 100, places), "f")


def wan(count: Exact, places: int = 1) -> str:
    """Write a number of persons in 万."""
    return format(half_up(Fraction(count) / _WAN, places), "f")


def money(yuan: Exact) -> str:
    """Write yuan in 万元, at most two decimals."""
    return plain(Fraction(yuan) / _WAN)


def plain(value: Exact, places: int = 2) -> str:
    """Write a number with at most so many decimals, none of them an idle zero."""
    rounded = half_up(value, places)
    return format(rounded, "f").rstrip("0").rstrip(".") if places else format(rounded, "f")


def places_that_add_up(parts: Sequence[Exact], total: Exact, at_least: int = 1) -> int:
    """How many decimals of 万 parts and total need for the printed parts to add up to the printed total.

    A reader adds up what is printed. With few decimals the rounded parts may miss the rounded total; more decimals put
    that right without printing a figure that is not its own half-up value.
    """
    for places in range(at_least, _PERSON_IN_WAN):
        if sum(half_up(Fraction(part) / _WAN, places) for part in parts) == half_up(Fraction(total) / _WAN, places):
            return places
    return _PERSON_IN_WAN


def day_zh(day: dt.date) -> str:
    """Write a day as documents do: 2021年8月20日."""
    return f"{day.year}年{day.month}月{day.day}日"
