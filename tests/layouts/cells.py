"""Values as cells print them."""

import datetime as dt
import random
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import cn2an

from schemas.info import FieldInfo, FormInfo
from schemas.vocabulary.units import UNITS
from tests.layouts.headings import Column, spelling_of, units_of
from tests.layouts.plans import Plan


@dataclass(frozen=True)
class Cell:
    """What a cell shows: a value, how it is formatted (`date`, `percent`, `error`), the formula it comes from."""

    value: str | int | float | dt.date
    style: str = ""
    formula: str = ""
    # Whether the file stores the formula without its value.
    is_uncached: bool = False


Place = tuple[int, int]
ERRORS = ("#REF!", "#DIV/0!", "#VALUE!", "#N/A", "#NAME?")
UNREADABLE = ("不详", "不清楚", "见备注", "待核实", "待定")
MARKS = ("—", "/", "无", "－", "-", "–", "／")
FULL_WIDTH = str.maketrans("0123456789.,%", "０１２３４５６７８９．，％")


def null_cell(p: Plan, choose: random.Random, *, must_show: bool = False) -> Cell | None:
    return Cell(choose.choice(MARKS)) if must_show or (p.nulls == "marks" and choose.random() < 0.7) else None


def unreadable_cell(p: Plan, described: FieldInfo, choose: random.Random) -> Cell | None:
    """What stands now and then where a figure or a day should be."""
    if p.unreadable == "none" or described.required or described.kind not in ("count", "decimal", "date"):
        return None
    if choose.random() < 0.7:
        return None
    return Cell(choose.choice(ERRORS), "error") if p.unreadable == "errors" else Cell(choose.choice(UNREADABLE))


def shown_cell(
    p: Plan, info: FormInfo, column: Column, name: str, value: Any, choose: random.Random, year: int
) -> Cell | None:
    """A value as the plan's clerk prints it in a column."""
    described = info.fields[name.rpartition(".")[2]]
    if value is None:
        return null_cell(p, choose, must_show=described.fill_down)
    match described.kind:
        case "count" | "decimal" if described.dimension == "rate":
            return _shown_rate(p, column, value, choose)
        case "count" | "decimal":
            return _shown_figure(p, described, column, Decimal(value), choose)
        case "date":
            return _shown_date(p, value, choose, year)
        case "code":
            return Cell(spelling_of(choose, described.vocabulary, value))
        case "flag":
            return Cell(spelling_of(choose, described.vocabulary, "yes" if value else "no"))
    text = str(value)
    if described.is_identifier and text.isdigit() and text[0] != "0" and p.numbers != "text" and choose.random() < 0.5:
        return Cell(int(text))
    return Cell(text)


def _number(p: Plan, exact: Decimal, choose: random.Random) -> Cell:
    number = int(exact) if exact == int(exact) else float(exact)
    if p.numbers in ("formulas", "uncached") and choose.random() < 0.4:
        part = choose.randint(1, 9)
        return Cell(number, formula=f"{exact - part:f}+{part}", is_uncached=p.numbers == "uncached")
    return Cell(
        plain_number(exact) if p.numbers == "text" or (p.numbers == "mixed" and choose.random() < 0.3) else number
    )


def plain_number(exact: Decimal) -> str:
    return f"{exact.normalize():f}"


def _shown_figure(p: Plan, described: FieldInfo, column: Column, value: Decimal, choose: random.Random) -> Cell:
    dimension = described.dimension or ""
    exact = value / column.factor
    if dimension in UNITS and dimension != "concentration" and p.units == "cell":
        units = units_of(dimension)
        unit = choose.choice([u for u, f in units.items() if value / f == round(value / f, 4)])
        return Cell(plain_number(value / units[unit]) + choose.choice(("", " ")) + unit)
    if p.numbers != "mixed" or choose.random() < 0.3:
        return _number(p, exact, choose)
    text = plain_number(exact)
    ways: list[Callable[[str], str]] = [lambda text: text.translate(FULL_WIDTH), lambda text: f" {text} "]
    ways += [lambda text: f"约{text}"]
    if exact >= 1000:
        ways += [lambda text: f"{Decimal(text):,f}"] * 2
    if column.factor == 1 and dimension in ("persons", "households", "villages"):
        unit = {"persons": "人", "households": "户", "villages": choose.choice("个条")}[dimension]
        ways += [lambda text: text + unit, lambda text: f"约{text}{unit}"]
        ways += [_in_chinese] if exact > 0 else []
        if exact >= 1000 and exact % 100 == 0:
            ways += [lambda text: f"{plain_number(Decimal(text) / 10000)}万"] * 3
    return Cell(choose.choice(ways)(text))


def _in_chinese(text: str) -> str:
    return str(cn2an.an2cn(text))


def _year_in_chinese(year: int) -> str:
    return str(year).translate(str.maketrans("0123456789", "〇一二三四五六七八九"))


def _shown_rate(p: Plan, column: Column, value: Decimal, choose: random.Random) -> Cell:
    match column.rate:
        case "hundred":
            return _number(p.but(numbers="text" if p.numbers == "text" else "plain"), value * 100, choose)
        case "text":
            return Cell(f"{plain_number(value * 100)}%".translate(FULL_WIDTH if choose.random() < 0.2 else {}))
        case "format":
            return Cell(float(value), "percent")
    return _number(p.but(numbers="text" if p.numbers == "text" else "plain"), value, choose)


def _shown_date(p: Plan, day: dt.date, choose: random.Random, year: int) -> Cell:
    if p.dates in ("excel", "parts") or (p.dates == "mixed" and choose.random() < 0.4):
        return Cell(day, "date")
    y, m, d = day.year, day.month, day.day
    ways = [
        f"{y}.{m}.{d}",
        f"{y}-{m:02d}-{d:02d}",
        f"{y}/{m}/{d}",
        f"{y}年{m}月{d}日",
        f"{y}{m:02d}{d:02d}",
        f"{y}年{m}月{d}日。",
        f"{y}年{m}月{d}日前",
        f"{y % 100}年{m}月{d}日",
        f"{y}-{m:02d}-{d:02d} 00:00:00",
        f"{_year_in_chinese(y)}年{cn2an.an2cn(m)}月{cn2an.an2cn(d)}日",
    ]
    ways += [str((day - dt.date(1899, 12, 30)).days)]
    whole = {10: ("初", "上旬"), 20: ("中旬",)}.get(
        d, ("底前", "底", "", "下旬", "份", "末") if (day + dt.timedelta(1)).day == 1 else ()
    )
    ways += [f"{y}年{m}月{part}" for part in whole]
    if y == year:
        ways += [f"{m}月{d}日", f"{m}.{d}", f"{m}月{d}日".translate(FULL_WIDTH), *(f"{m}月{part}" for part in whole)]
    return Cell(choose.choice(ways))
