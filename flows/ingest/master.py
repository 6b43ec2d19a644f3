"""The master list of natural villages, as names are looked up in it (R06, R11)."""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import NamedTuple

from rapidfuzz import process

from schemas.text import committee_key, plain, village_key

SUGGESTIONS = 3
# Below this likeness a suggestion helps nobody. It only suggests: nothing is ever matched by likeness.
LEAST_LIKENESS = 50


class Village(NamedTuple):
    """One line of the master list."""

    village_code: str
    town: str
    village_committee: str
    natural_village: str
    registered_population: int | None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    alias: str | None = None

    @property
    def names(self) -> list[str]:
        """The village's own name and its aliases."""
        if not self.alias:
            return [self.natural_village]
        return [self.natural_village, *(name for name in self.alias.split("、") if name)]

    def is_valid_on(self, day: dt.date | None) -> bool:
        """Whether the line held on a day."""
        if day is None:
            return True
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


class Towns:
    """The towns of a master list.

    Parameters
    ----------
    listed : iterable of (str, str)
        Name and 9-digit code of each.
    """

    def __init__(self, listed: Iterable[tuple[str, str]]) -> None:
        self._codes: dict[str, set[str]] = defaultdict(set)
        for name, code in listed:
            self._codes[plain(name)].add(code)
        self._nearest: dict[str, list[str]] = {}

    @cached_property
    def names(self) -> frozenset[str]:
        """As they are compared."""
        return frozenset(self._codes)

    @cached_property
    def county_code(self) -> str | None:
        """The 6-digit code of their county; None where they are of several or there is none."""
        counties = {code[:6] for codes in self._codes.values() for code in codes}
        return next(iter(counties)) if len(counties) == 1 else None

    def code(self, town: str | None) -> str | None:
        """The code of a town; None where none or several bear the name."""
        codes = self._codes.get(plain(town), set()) if town else set()
        return next(iter(codes)) if len(codes) == 1 else None

    def nearest(self, town: str) -> list[str]:
        """Towns that may have been meant."""
        if town not in self._nearest:  # a whole sheet may speak for an unknown town
            self._nearest[town] = likest(town, list(self._codes))
        return self._nearest[town]


class Master:
    """Look-ups over a master list; an empty one knows no name.

    Parameters
    ----------
    villages : iterable of Village
        Its lines, or those of some of its towns.
    towns : Towns, optional
        All its towns; those of the villages where they are not given.
    """

    def __init__(self, villages: Iterable[Village] = (), towns: Towns | None = None) -> None:
        # Of a village listed twice for the same time, the later line counts.
        self._villages = {(line.village_code, line.valid_from): line for line in villages}
        self.towns = towns or Towns((line.town, line.village_code[:9]) for line in self._villages.values())

    @cached_property
    def _by_name(self) -> dict[tuple[str, str, str], list[Village]]:
        by_name: dict[tuple[str, str, str], list[Village]] = defaultdict(list)
        for line in self._villages.values():
            committee = committee_key(line.village_committee)
            for name in line.names:
                by_name[line.village_code[:9], committee, village_key(name)].append(line)
        return by_name

    @cached_property
    def _of_town(self) -> dict[str, list[Village]]:
        of_town: dict[str, list[Village]] = defaultdict(list)
        for line in self._villages.values():
            of_town[line.village_code[:9]].append(line)
        return of_town

    def village(self, town_code: str, committee: str, village: str, day: dt.date | None) -> Village | None:
        """The one line that a committee's and a village's printed names mean on a day; None where none or several."""
        return self.villages([town_code], [committee], [village], day)[0]

    def villages(
        self,
        town_codes: Iterable[str | None],
        committees: Iterable[str | None],
        villages: Iterable[str | None],
        day: dt.date | None,
    ) -> list[Village | None]:
        """The line of each row of a table; None where one of its names is missing."""
        return [
            self._one(self._by_name.get((town, committee_key(committee), village_key(village)), ()), village, day)
            if town and committee and village
            else None
            for town, committee, village in zip(town_codes, committees, villages, strict=True)
        ]

    def _one(self, found: Sequence[Village], village: str, day: dt.date | None) -> Village | None:
        if len(found) == 1:
            return found[0] if found[0].is_valid_on(day) else None
        found = [line for line in found if line.is_valid_on(day)]
        if len({line.village_code for line in found}) > 1:
            found = [line for line in found if plain(village) in map(plain, line.names)]
        return found[0] if len({line.village_code for line in found}) == 1 else None

    def nearest_villages(self, town_code: str, committee: str, village: str) -> list[str]:
        """Names that may have been meant: of the same committee first, then of the town."""
        lines = self._of_town.get(town_code, [])
        near = [
            line.natural_village for line in lines if committee_key(line.village_committee) == committee_key(committee)
        ]
        near = likest(village, near)
        if len(near) < SUGGESTIONS:
            elsewhere = {f"{line.natural_village}（{line.village_committee}）": line.natural_village for line in lines}
            labels = {name: label for label, name in elsewhere.items() if name not in near}
            near += [labels[name] for name in likest(village, list(labels))][: SUGGESTIONS - len(near)]
        return near


def likest(name: str, names: list[str]) -> list[str]:
    """Those of some names that may have been meant, the likest first."""
    found = process.extract(plain(name), names, processor=plain, limit=SUGGESTIONS, score_cutoff=LEAST_LIKENESS)
    return [match for match, _, _ in found]
