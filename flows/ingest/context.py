"""What a sheet says outside its table: whom it speaks for, as of which day, in which supply mode, in which unit.

Precedence (forms.md): a column, a merged cell or a section row, then the title, 填报单位, then the
sheet's, the file's and the folder's name. Two that disagree: the nearest to the row wins and a note names both.
"""

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from flows.ingest.values import arabic_days
from schemas.text import plain

# Words of titles that stand before a town's name without a blank.
_BEFORE_TOWN = re.compile(r"^(?:年度?|关于|附件|附表|表|报送|上报|填报)+")
_TOWN = re.compile(r"([一-龥]{1,5}?(?:民族乡|街道|镇|乡))(?!级|水厂|属|街道|区|所|名|自来水)")
_NOT_TOWNS = re.compile(
    r"^(?:各|本|全|该|乡|县|市|圩|城|集|所在|所属|涉及|及)*(?:镇|乡|街道)$|(?:各|全|本|该)(?:镇|乡|街道)$"
)
_OF_COUNTY = re.compile(r"^.*?(?:自治县|[一-龥]{2}[县市区])(?=[一-龥]{2,5}(?:镇|乡|街道))")
_COUNTY = re.compile(r"([一-龥]{2,7}?(?:自治县|县|区|市))(?=[^一-龥]|[一-龥])")
_NOT_COUNTIES = (
    "跨县",
    "全县",
    "各县",
    "本县",
    "邻县",
    "市县",
    "地区",
    "行政区",
    "社区",
    "片区",
    "灌区",
    "库区",
    "山区",
    "城市",
    "该县",
    "我县",
    "外县",
)
_TITLE_HEAD = re.compile(r"^(?:附件|附表|表)?[\d一二三四五六七八九十]*[：:.、 ]*(?:\d{4}年度?)?")
_DATE = r"(?:(\d{4}|\d{2})年)?(\d{1,2})月(\d{1,2})[日号]"
_DOTTED = r"(?:(\d{4})[./\-])?(\d{1,2})[./\-](\d{1,2})"
_AS_OF = re.compile(r"截[至止](?:到|日期|时间|日)?[：:]?(?:" + _DATE + "|" + _DOTTED + ")")
_UNTIL = re.compile(r"(?:" + _DATE + "|" + _DOTTED + r")止")
_FILLED = re.compile(r"(?:填报|填表|报出|上报|报送|制表|报告)(?:日期|时间)[：:]?(?:" + _DATE + "|" + _DOTTED + ")")
_BARE = re.compile(r"(?:^|[(（])(?:" + _DATE + "|" + _DOTTED + r")(?:[)）]|$)")
_ENDING = re.compile(r"\.[A-Za-z]{2,5}$")
_IN_NAMES = (
    re.compile(_DATE),
    re.compile(r"(?<!\d)(20\d{2})(\d{2})(\d{2})(?!\d)"),
    re.compile(r"(?<![\d.\-/])(?:(20\d{2})[./\-](\d{1,2})[./\-](\d{1,2})|()(\d{1,2})\.(\d{1,2}))(?![\d.\-/])"),
)
# 金额单位 and 单位 name a unit, 填报单位 does not.
_UNITS = re.compile(r"(?<![报制送任理织点])单位[：:]?([^)）。]*)")


@dataclass(frozen=True)
class Names:
    """The names around a sheet, nearest first, and the day the file was received."""

    sheet: str
    file: str
    folders: tuple[str, ...]
    received_on: dt.date
    # Town names of the master list, where there is one.
    towns: frozenset[str] = frozenset()


@dataclass
class Context:
    """What surrounds a table's rows."""

    town: str | None = None
    county: str | None = None
    report_date: dt.date | None = None
    units: str = ""
    # Texts that may name a supply mode or the like, nearest first.
    speaking: list[str] = field(default_factory=list)
    # How many of them are the sheet's own; names of file and folders follow.
    own: int = 0
    # Of those, the table's own titles; the titles of the whole sheet follow.
    nearest: int = 0
    # Further towns named farther away, which the nearest overrules.
    overruled: list[str] = field(default_factory=list)


def read_context(titles: Iterable[str], footers: Iterable[str], names: Names, over_all: Iterable[str] = ()) -> Context:
    """Gather what the titles, footers and names around a table say.

    Parameters
    ----------
    titles : iterable of str
        Printed texts above the table, nearest to the table last.
    footers : iterable of str
        Printed texts below it.
    names : Names
        Of the sheet, file and folders.
    over_all : iterable of str
        The title texts of the whole sheet: they speak where the table's own say nothing.

    Returns
    -------
    Context
        With None where nothing is said.
    """
    above, below = [arabic_days(plain(text)) for text in titles], [arabic_days(plain(text)) for text in footers]
    shared = [text for text in map(arabic_days, map(plain, over_all)) if text not in above]
    outside = [names.sheet, names.file, *names.folders]
    context = Context(units=_units(above) or _units(shared))
    for text in (*above, *below, *(shared if not _towns([*above, *below], names) else ()), *outside):
        town = town_in(text, names.towns)
        if town and context.town is None:
            context.town = town
        elif town and town != context.town and town not in context.overruled:
            context.overruled.append(town)
    context.county = next((county for text in (*above, *shared, *outside) if (county := county_in(text))), None)
    context.report_date = _report_date(above, below, shared, names)
    context.speaking = [names.sheet, *reversed(above), *reversed(shared), names.file, *names.folders]
    context.own, context.nearest = 1 + len(above) + len(shared), 1 + len(above)
    return context


def _towns(texts: list[str], names: Names) -> list[str]:
    return [town for text in texts if (town := town_in(text, names.towns))]


def _units(texts: list[str]) -> str:
    return "、".join(match[1] for text in texts for match in _UNITS.finditer(text))


def town_in(text: str, towns: frozenset[str] = frozenset()) -> str | None:
    """The one town, township or street that a text names; a name of the master list before the shape of one."""
    clean = plain(text)
    known = _found(clean, _whole(towns))
    if len(known) == 1:
        return known.pop()
    if known:
        return None
    named = _shaped_town(clean)
    if named is None and towns:
        # 黄竹供水攻坚表: the name without 镇, where only one town has it.
        bare = _found(clean, _bare(towns))
        return bare.pop() if len(bare) == 1 else None
    return named


# Spellings of towns by their length: of a nation's towns a text is looked up in them, not each of them in the text.
_Spellings = dict[int, dict[str, set[str]]]


def _found(text: str, spellings: _Spellings) -> set[str]:
    """The towns of which a spelling stands in a text."""
    return {
        town
        for length, of_length in spellings.items()
        for start in range(len(text) - length + 1)
        for town in of_length.get(text[start : start + length], ())
    }


@lru_cache(maxsize=4)
def _whole(towns: frozenset[str]) -> _Spellings:
    return _by_length((town, town) for town in towns)


@lru_cache(maxsize=4)
def _bare(towns: frozenset[str]) -> _Spellings:
    return _by_length((re.sub(r"(?:镇|乡|街道)$", "", town), town) for town in towns if len(town) > 2)


def _by_length(spelled: Iterable[tuple[str, str]]) -> _Spellings:
    spellings: _Spellings = {}
    for spelling, town in spelled:
        spellings.setdefault(len(spelling), {}).setdefault(spelling, set()).add(town)
    return spellings


@lru_cache(maxsize=20_000)
def _shaped_town(clean: str) -> str | None:
    words = _TITLE_HEAD.sub("", clean)
    found = {
        name
        for piece in re.split(r"[^一-龥]+", words)
        for match in _TOWN.finditer(_BEFORE_TOWN.sub("", _OF_COUNTY.sub("", piece)))
        if not _NOT_TOWNS.search(name := match[1])
    }
    return found.pop() if len(found) == 1 else None


@lru_cache(maxsize=20_000)
def county_in(text: str) -> str | None:
    """The county that a title names: 云塘县 in 云塘县2021年度任务分解表."""
    match = _COUNTY.match(_TITLE_HEAD.sub("", plain(text)))
    if match is None or any(match[1].endswith(word) for word in _NOT_COUNTIES):
        return None
    return match[1]


def _report_date(above: list[str], below: list[str], shared: list[str], names: Names) -> dt.date | None:
    """As-of in the title or beside it, 填报日期, the file's name, the folder's: the first that is there."""
    for pattern, texts in (
        (_AS_OF, above),
        (_UNTIL, above),
        (_BARE, above),
        (_AS_OF, below),
        (_FILLED, [*above, *below]),
        (_AS_OF, shared),
        (_UNTIL, shared),
        (_BARE, shared),
        (_FILLED, shared),
    ):
        for text in texts:
            if (match := pattern.search(text)) and (found := _day(match.groups(), names.received_on)):
                return found
    for text in (names.sheet, names.file, *names.folders):
        for pattern in _IN_NAMES:
            for match in pattern.finditer(_ENDING.sub("", plain(text))):
                if found := _day(match.groups(), names.received_on):
                    return found
    return None


def _day(parts: tuple[str | None, ...], received_on: dt.date) -> dt.date | None:
    """A date from (year, month, day) groups; a missing year is that in which the file was received."""
    groups = parts[:3] if parts[1] else parts[3:]
    year, month, of_month = (int(part) if part else None for part in groups)
    if month is None or of_month is None:
        return None
    try:
        if year is not None:
            return dt.date(year if year > 99 else 2000 + year, month, of_month)
        found = dt.date(received_on.year, month, of_month)
    except ValueError:
        return None
    # A report on December received in January tells of last year.
    is_last_year = found > received_on + dt.timedelta(days=31) and found.month > 2
    return found.replace(year=found.year - 1) if is_last_year else found
