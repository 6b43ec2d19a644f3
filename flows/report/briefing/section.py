"""What a part of the situation report consists of, and the lists it names things from."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flows.report.figures import Edition
from flows.report.official import clean

Row = Mapping[str, Any]

_DIGITS = "零一二三四五六七八九十"
MOST_NAMES = 3  # of a town, before 等


@dataclass(frozen=True)
class Table:
    """Headings, rows and the widths of the columns, one against the other."""

    headings: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]


@dataclass(frozen=True)
class Section:
    """One （一）: its paragraphs, a table, paragraphs below it, then numbered items, each with a lead."""

    title: str
    paragraphs: Sequence[str] = ()
    table: Table | None = None
    below: Sequence[str] = ()
    items: Sequence[tuple[str, str]] = field(default_factory=tuple)


def number_zh(number: int) -> str:
    """Write a number up to 99 as headings do: 一, 十二, 二十."""
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "") + (_DIGITS[ones] if ones else "")


def rows(edition: Edition, sql: str) -> list[Row]:
    """Rows of a list of villages, projects or towns, of the edition's county and report date ($county, $day).

    Texts come without control characters.
    """
    facts = edition.facts
    answer = edition.con.execute(
        sql,
        {
            name: value
            for name, value in (("day", facts.report_date), ("county", facts.county_code))
            if f"${name}" in sql
        },
    )
    names = [column[0] for column in answer.description or ()]
    return [
        {name: clean(value) if isinstance(value, str) else value for name, value in zip(names, values, strict=True)}
        for values in answer.fetchall()
    ]


def by_town(found: Iterable[Row]) -> dict[str | None, list[Row]]:
    """Rows by the code of their town, in the order in which they came."""
    towns: dict[str | None, list[Row]] = defaultdict(list)
    for row in found:
        towns[row["town_code"]].append(row)
    return dict(towns)


def names(found: Sequence[Row], within: str = "", most: int = MOST_NAMES) -> str:
    """The first names of some rows, each once, and 等 where there are more; of what is within a town, without it."""
    all_of_them = list(dict.fromkeys(row["name"].removeprefix(within) for row in found if row["name"]))
    return "、".join(all_of_them[:most]) + ("等" if len(all_of_them) > most else "")
