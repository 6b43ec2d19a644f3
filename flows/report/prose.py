"""Sentences with figures: each is cited, and what cannot be told says so, and who owes it."""

import datetime as dt
import string
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

from flows.metrics import Exact, Figure, Value
from flows.report.figures import Edition, Facts
from flows.report.gaps import Gap, Gaps
from flows.report.numbers import half_up, percent, plain
from flows.report.official import linked

_WAN = 10_000
_FEW_PERSONS = 1_000  # below this many, persons are told one by one
_MOST_PLACES = 4


@dataclass(frozen=True)
class Shown:
    """A figure and how a document prints it: None where it is unknown, or not fit to print."""

    figure: Figure
    printed: str | None
    owed: tuple[Gap, ...] = ()


class Prose:
    """Writes the sentences of one document.

    Parameters
    ----------
    edition
        Whose figures are told and noted.
    document
        Name of the document's file.
    """

    def __init__(self, edition: Edition, document: str) -> None:
        self.edition, self.document = edition, document
        self.gaps = Gaps(edition)
        self._untold: dict[Gap, None] = {}

    @cached_property
    def issued_on(self) -> dt.date:
        """When the document could be written: on the day on which the last report of its date was received."""
        facts = self.edition.facts
        found = self.edition.con.execute(
            "select max(received_on) from fct_submission where report_date = $day and county_code = $county",
            {"day": facts.report_date, "county": facts.county_code},
        ).fetchone()
        return max(facts.report_date, (found and found[0]) or facts.report_date)

    # --- figures, as they are printed -----------------------------------------------------------------------------

    def count(self, metric: str, unit: str = "", **where: object) -> Shown:
        """A whole number, or one with at most two decimals, with its unit."""
        return self._shown(metric, where, lambda value: plain(value) + unit)

    def exact(self, metric: str, unit: str = "", **where: object) -> Shown:
        """A measured value, with all the decimals it was reported with."""
        return self._shown(metric, where, lambda value: plain(value, 6) + unit)

    def percent(self, metric: str, places: int = 1, **where: object) -> Shown:
        """A rate as a percentage; what is nearly all is never printed as all, nor next to nothing as nothing."""
        return self._shown(metric, where, lambda value: _percent(value, places) + "%")

    def persons(self, metric: str, places: int = 1, **where: object) -> Shown:
        """Persons, in 万 from a thousand on."""
        return self._shown(metric, where, lambda value: _persons(value, places))

    def money(self, metric: str, places: int = 2, **where: object) -> Shown:
        """Yuan in 万元."""
        return self._shown(metric, where, lambda value: plain(Fraction(value) / _WAN, places) + "万元")

    def by(self, metric: str, **where: object) -> Shown:
        """A last day: 9月底 or 9月10日, with the year where it is not the report's."""
        figure = self.edition.facts(metric, **where)
        day = figure.value
        return Shown(figure, self.day(day, by=True) if isinstance(day, dt.date) else None)

    def of(self, facts: Facts, metric: str, unit: str = "", **where: object) -> Shown:
        """A whole number at another report date."""
        figure = facts(metric, **where)
        return Shown(figure, None if figure.value is None else plain(_exact(figure.value)) + unit)

    def value(self, metric: str, **where: object) -> Value:
        """A figure's value, to decide what to say; it is not noted as printed."""
        return self.edition.facts(metric, **where).value

    def number(self, metric: str, **where: object) -> Exact:
        """A figure's value, 0 where it is unknown: to decide what to say."""
        return _exact(self.value(metric, **where) or 0)

    def day(self, day: dt.date, *, by: bool = False) -> str:
        """A day; the last one of a month is its 底 where something is to be done by then."""
        year = "" if day.year == self.edition.facts.report_date.year else f"{day.year}年"
        is_last = (day + dt.timedelta(days=1)).day == 1
        return f"{year}{day.month}月底" if by and is_last else f"{year}{day.month}月{day.day}日"

    def _shown(self, metric: str, where: Mapping[str, object], how: Callable[[Exact], str]) -> Shown:
        figure = self.edition.facts(metric, **where)
        if figure.value is None:
            return Shown(figure, None)
        if spoilt := self.gaps.spoiling(figure):
            return Shown(figure, None, tuple(spoilt))
        return Shown(figure, how(_exact(figure.value)))

    # --- sentences ------------------------------------------------------------------------------------------------

    def say(self, template: str, **values: Shown | str) -> str:
        """Return a sentence: its {figures} noted in their order, or, where one is unknown, what is missing.

        Texts beside the figures are names and sentences that were said already.
        """
        shown = [value for value in values.values() if isinstance(value, Shown)]
        if unknown := [value for value in shown if value.printed is None]:
            return self._missing(unknown)
        for figure in (value.figure for value in shown):
            self._untold.update(dict.fromkeys(self.gaps.blanks(figure)))
        told = []
        for before, name, _, _ in string.Formatter().parse(template):
            told.append(before)
            if name:
                value = values[name]
                told.append(self.cite(value) if isinstance(value, Shown) else value)
        return "".join(told)

    def told(self, *clauses: tuple[str, Shown], lead: str = "", end: str = "。") -> str:
        """Return one sentence of clauses, each of one figure at its {}; then what is missing for those unknown.

        A clause begins with the mark that divides it from the one before it; the first one loses it.
        """
        known = [(text, shown) for text, shown in clauses if shown.printed is not None]
        unknown = [shown for _, shown in clauses if shown.printed is None]
        sentence = "".join(self.say(text.replace("{}", "{it}"), it=shown) for text, shown in known).lstrip("，、；")
        return (f"{lead}{sentence}{end}" if sentence else "") + (self._missing(unknown) if unknown else "")

    def cite(self, shown: Shown) -> str:
        """Note a figure as printed, and return it as it leads to its source."""
        assert shown.printed is not None
        return linked(self.edition.citations.cite(self.document, shown.figure, shown.printed), shown.printed)

    def paragraph(self, *sentences: str) -> str:
        """Sentences as a paragraph; what their figures lack is said at its end."""
        untold, self._untold = list(self._untold), {}
        note = f"（以上数据未含：{'；'.join(gap.as_text for gap in untold)}。）" if untold else ""
        return "".join(sentences) + note

    def _missing(self, unknown: list[Shown]) -> str:
        names = "、".join(dict.fromkeys(value.figure.metric.name_zh for value in unknown))
        owed: dict[Gap, None] = {}
        for value in unknown:
            owed.update(dict.fromkeys(value.owed or self.gaps.owing(value.figure)))
        reasons = "；".join(gap.as_text for gap in owed)
        return f"{names}情况待补：{reasons}。"


def joined(parts: list[str], most: int, what: str = "") -> str:
    """Names joined by 、; of many the first ones and 等."""
    return "、".join(parts[:most]) + (f"等{what}" if len(parts) > most else "")


def _exact(value: Value) -> Exact:
    assert not isinstance(value, dt.date) and value is not None
    return value


def _percent(rate: Exact, places: int) -> str:
    exact = Fraction(rate)
    for more in range(places, _MOST_PLACES + 1):
        rounded = half_up(exact * 100, more)
        if (rounded != 100 or exact == 1) and (rounded != 0 or exact == 0):
            return plain(exact, 0) if exact == 0 else percent(rate, more)
    return percent(rate, _MOST_PLACES)


def _persons(count: Exact, places: int) -> str:
    if count < _FEW_PERSONS:
        return f"{plain(count)}人"
    return f"{half_up(Fraction(count) / _WAN, places)}万人"
