"""Figures as officials print them."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction

import pytest

from flows.report.numbers import day_zh, half_up, money, percent, places_that_add_up, plain, wan


def test_figures_are_rounded_half_up_once() -> None:
    assert str(half_up(Fraction(1, 8), 2)) == "0.13"
    assert str(half_up(Fraction(-1, 8), 2)) == "-0.13"
    assert str(half_up(Fraction(24_499_999, 1_000_000), 0)) == "24"


@pytest.mark.parametrize(
    ("printed", "said"),
    [
        (wan(55_898), "5.6"),
        (wan(0), "0.0"),
        (money(Decimal("109015000.00")), "10901.5"),
        (money(Decimal("45637000.00")), "4563.7"),
        (plain(Decimal("971.4200")), "971.42"),
        (plain(100), "100"),
        (plain(1200, 0), "1200"),
        (percent(Fraction(206, 266), 0), "77"),
        (percent(Fraction(5, 4)), "125.0"),
        (day_zh(dt.date(2021, 8, 5)), "2021年8月5日"),
    ],
)
def test_officials_print(printed: str, said: str) -> None:
    assert printed == said


def test_parts_take_the_decimals_with_which_they_add_up() -> None:
    assert places_that_add_up([3267, 4049, 21326, 27256], 55898) == 2
    assert places_that_add_up([10_000, 20_000], 30_000) == 1
    assert places_that_add_up([10_001, 20_001, 30_001], 60_003) == 1
    assert places_that_add_up([14, 14, 14], 42, at_least=3) == 4
