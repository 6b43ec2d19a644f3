"""Printed cells to exact values: numbers, dates, codes, below-detection results.

Each reader returns the value, None for a none-mark or a blank, or :class:`Unread` where something is printed that it
cannot be sure of. Nothing is guessed: a doubtful cell is unread, and the rule R01 or a note says so.
"""

import calendar
import datetime as dt
import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from functools import lru_cache

from flows.ingest.grid import CellError, Uncached, Value
from schemas.text import plain
from schemas.vocabulary.marks import BELOW_DETECTION, NONE_MARKS, UNREADABLE
from schemas.vocabulary.units import MULTIPLIERS, unit_of


@dataclass(frozen=True)
class Unread:
    """Something is printed, and it is no value of its field."""

    printed: str


def printed(value: Value) -> str:
    """A cell's value as its reader sees it, for messages and for the record.

    Dates are ISO, whole numbers carry no point, other numbers their shortest exact form.
    """
    match value:
        case None:
            return ""
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value)) if value.is_integer() else repr(value)
        case dt.datetime():
            return value.isoformat(sep=" ")
        case dt.date():
            return value.isoformat()
        case Uncached():
            return f"={value.removeprefix('=')}"
        case _:
            return str(value).strip()


def is_none(value: Value) -> bool:
    """Whether a cell says «none»: blank or a none-mark. An error or a formula without value does not."""
    if value is None:
        return True
    return isinstance(value, str) and not isinstance(value, CellError | Uncached) and plain(value) in NONE_MARKS


MOST_DIGITS = 18

# --- numbers ----------------------------------------------------------------------------------------------------------

_ABOUT = re.compile(r"^(?:大约|约为|约|近|共计|共|合计|计)|(?:左右|上下|余|多)$")
_MORE_OR_LESS = re.compile(r"^(?:余|多|来)|(?:左右|上下|余|多)$")
_NUMBER = re.compile(r"^([+\-−－]?)(\d{1,3}(?:,\d{3})+|\d+)?(\.\d+)?([亿万千百]?)(.*)$")
_CHINESE_NUMERAL = re.compile(r"^[零〇一二两三四五六七八九十百千万亿点]{1,30}$")


@dataclass(frozen=True)
class Number:
    """A printed figure: its exact value before any heading's unit, and the factor of a unit printed in the cell."""

    value: Decimal
    # None where the cell names no unit.
    factor: Decimal | None = None
    # What the unit in the cell measures (schemas.vocabulary.units); None for a bare multiplier.
    dimension: str | None = None


def number(value: Value) -> Number | Unread | None:
    """Read a figure: 86, ``８６``, ``1,280``, ``约300``, ``86户``, ``1.2万``, ``二十三``, ``91%``.

    Returns
    -------
    Number | Unread | None
        None for a none-mark; the factor is set where the cell itself carries a unit or a multiplier.
    """
    match value:
        case None:
            return None
        case bool() | dt.date() | CellError() | Uncached():
            return Unread(printed(value))
        case int() | float():
            exact = Decimal(str(value))
            return Number(exact) if exact.is_finite() else Unread(printed(value))
    return _number_in(value)


@lru_cache(maxsize=50_000)
def _number_in(text: str) -> Number | Unread | None:
    clean = plain(text)
    if clean in NONE_MARKS:
        return None
    clean = _ABOUT.sub("", clean)
    if clean in UNREADABLE or not clean:
        return Unread(text.strip())
    match = _NUMBER.match(clean)
    if match is None or not (match[2] or match[3]):
        return _chinese_number(clean) or Unread(text.strip())
    sign, whole, fraction, multiplier, rest = match.groups()
    try:
        exact = Decimal((whole or "0").replace(",", "") + (fraction or ""))
    except InvalidOperation:
        return Unread(text.strip())
    exact = -exact if sign and sign != "+" else exact
    unit = _MORE_OR_LESS.sub("", rest)
    if not multiplier and not unit:
        return Number(exact)
    if whole_unit := unit_of(multiplier + unit):
        return Number(exact, whole_unit[1], whole_unit[0])
    if unit and not unit_of(unit):
        return Unread(text.strip())
    dimension, factor = unit_of(unit) or (None, Decimal(1))
    return Number(exact, MULTIPLIERS.get(multiplier, Decimal(1)) * factor, dimension)


def _chinese_number(clean: str) -> Number | None:
    digits = _MORE_OR_LESS.sub("", clean.rstrip("户人条个村口"))
    if not _CHINESE_NUMERAL.match(digits):
        return None
    try:
        return Number(Decimal(_arabic(digits)))
    except ValueError:
        return None


def _arabic(numerals: str) -> str:
    """The digits of Chinese numerals; ValueError where they are none."""
    from cn2an import cn2an  # slow to import, and few sheets need it

    return str(cn2an(numerals, "normal"))


def scaled(figure: Number, factor: Decimal, places: int | None) -> Decimal | None:
    """A figure in its canonical unit, rounded half up to the places that landing keeps (None: exact).

    None where it has more digits than any column holds: no such thing was built, a slip of the pen was made.
    """
    exact = figure.value * (figure.factor if figure.factor is not None else factor)
    if exact.adjusted() >= MOST_DIGITS - (places or 0):
        return None
    if places is None:
        return exact
    return exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


# --- results of water tests -------------------------------------------------------------------------------------------


# Laboratories write the limit itself and an L for a result below it: 0.02L.
_LIMIT_L = re.compile(r"^\d+(?:\.\d+)?l$")


@dataclass(frozen=True)
class Result:
    """A printed test result: a value, or that it lies below detection."""

    value: Decimal | None
    is_below_detection: bool


def result(value: Value) -> Result | Unread | None:
    """Read a test result: 0.46, ``<0.02``, ``＜0.05``, ``未检出``, ``ND``, ``未检出(<0.02)``. A printed 0 is 0."""
    if isinstance(value, str) and not isinstance(value, CellError | Uncached):
        clean = plain(value).casefold()
        if clean.startswith(("<", "≤", "小于")) or clean.startswith(BELOW_DETECTION) or _LIMIT_L.match(clean):
            return Result(None, True)
    figure = number(value)
    if not isinstance(figure, Number):
        return figure
    if figure.dimension not in (None, "concentration"):
        return Unread(printed(value))
    exact = scaled(figure, Decimal(1), None)
    return Unread(printed(value)) if exact is None else Result(exact, False)


# --- dates ------------------------------------------------------------------------------------------------------------

_CHINESE_DAY = re.compile(r"[〇零○一二两三四五六七八九十]{1,8}(?=[年月日号])")
_DIGITS_OF = str.maketrans("〇零○一二三四五六七八九", "000123456789")
_SHORT = re.compile(r"^(\d{2})[./\-](\d{1,2})[./\-](\d{1,2})$")
_FULL = re.compile(
    r"^(\d{4}|\d{2}(?=年))[年./\-](\d{1,2})[月./\-](\d{1,2})[日号]?(?:[ T]?\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?)?$"
)
_DIGITS = re.compile(r"^((?:19|20)\d{2})(\d{2})(\d{2})$")
_MONTH_DAY = re.compile(r"^(\d{1,2})(?:月(\d{1,2})[日号]?|[./\-](\d{1,2}))$")
_MONTH = re.compile(r"^(?:(\d{4}|\d{2})年)?(\d{1,2})月(?:份)?(上旬|初|中旬|中|下旬|底|末|月底|月末|底前)?$")
_YEAR_MONTH = re.compile(r"^(\d{4})[./\-](\d{1,2})$")
_YEAR_END = re.compile(r"^(?:(\d{4}|\d{2})年)?年?(?:底|末)$")
_BEFORE = re.compile(r"(?:之前|以前|前|止)$")
_EPOCH = dt.date(1899, 12, 30)
_YEARS = range(1900, 2200)
_SERIALS = range(20_000, 80_000)
# 初 and 上旬 are the 10th, 中旬 the 20th; 下旬, 底, 末 and a bare month the last day (forms.md, settled points).
_DAYS = {"上旬": 10, "初": 10, "中旬": 20, "中": 20}


def arabic_days(text: str) -> str:
    """Chinese numerals of a date as digits: ``二〇二一年八月二十日`` and ``九月底`` give 2021年8月20日 and 9月底."""
    return _CHINESE_DAY.sub(lambda match: _digits(match[0]), text)


def _digits(numerals: str) -> str:
    if "十" not in numerals:
        return numerals.translate(_DIGITS_OF)
    try:
        return _arabic(numerals)
    except ValueError:
        return numerals


def day(value: Value, year: int | None) -> dt.date | Unread | None:
    """Read a date in any of the forms that towns write.

    Parameters
    ----------
    value : Value
        The cell.
    year : int or None
        The year of a date that prints none.

    Returns
    -------
    datetime.date | Unread | None
        None for a none-mark.
    """
    match value:
        case None:
            return None
        case dt.datetime():
            return value.date()
        case dt.date():
            return value
        case bool() | CellError() | Uncached():
            return Unread(printed(value))
        case float() if not (value * 10) % 1 and value % 1:
            return Unread(printed(value))  # 8.2 may have been typed as 8.20
        case int() | float():
            text = printed(value)
        case _:
            text = value
    return _day_in(text, year)


@lru_cache(maxsize=50_000)
def _day_in(text: str, year: int | None) -> dt.date | Unread | None:
    clean = arabic_days(plain(text).rstrip("。.、,;"))
    if clean in NONE_MARKS:
        return None
    bare = _BEFORE.sub("", clean)
    return _parse_day(bare, year) or Unread(text.strip())


def _parse_day(clean: str, year: int | None) -> dt.date | None:
    if match := _FULL.match(clean):
        return _date(_year(match[1]), int(match[2]), int(match[3]))
    if match := _SHORT.match(clean):
        return _date(_year(match[1]), int(match[2]), int(match[3]))
    if match := _DIGITS.match(clean):
        return _date(int(match[1]), int(match[2]), int(match[3]))
    if clean.isascii() and clean.isdigit() and int(clean) in _SERIALS:
        return _EPOCH + dt.timedelta(days=int(clean))
    if match := _MONTH.match(clean):
        years = _year(match[1]) if match[1] else year
        return _within_month(years, int(match[2]), match[3])
    if match := _YEAR_MONTH.match(clean):
        return _within_month(int(match[1]), int(match[2]), None)
    if match := _MONTH_DAY.match(clean):
        return _date(year, int(match[1]), int(match[2] or match[3]))
    if match := _YEAR_END.match(clean):
        years = _year(match[1]) if match[1] else year
        return dt.date(years, 12, 31) if years in _YEARS and years else None
    return None


def _year(digits: str) -> int:
    return int(digits) if len(digits) == 4 else 2000 + int(digits)


def _date(year: int | None, month: int, of_month: int) -> dt.date | None:
    if (
        year not in _YEARS
        or year is None
        or not 1 <= month <= 12
        or not 1 <= of_month <= calendar.monthrange(year, month)[1]
    ):
        return None
    return dt.date(year, month, of_month)


def _within_month(year: int | None, month: int, part: str | None) -> dt.date | None:
    if year not in _YEARS or year is None or not 1 <= month <= 12:
        return None
    last = calendar.monthrange(year, month)[1]
    return dt.date(year, month, _DAYS.get(part or "", last))
