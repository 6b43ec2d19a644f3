"""Names become codes where the master list knows them; the list's spelling replaces the printed one."""

from collections.abc import Sequence
from typing import Any

from flows.ingest.judged import Rows
from flows.ingest.values import printed
from schemas.info import FormInfo

_NAMES = ("village_committee", "natural_village")


def resolve(info: FormInfo, tables: Sequence[Rows]) -> None:
    """Set values, codes and objects of the rows.

    Parameters
    ----------
    info : FormInfo
        The form of all of them.
    tables : sequence of Rows
        From any number of files, each with its list; rows of a list itself carry their codes.
    """
    for rows in tables:
        blank: list[Any] = [None] * len(rows)
        rows.values = dict(rows.records.values)
        rows.village_codes, rows.registered = blank, blank
        if "town" in info.fields:
            rows.values["town"] = [town or rows.origin.town for town in rows.values.get("town", blank)]
        if info.name == "division":
            _take_codes(rows)
        else:
            _find_towns(rows)
            if "natural_village" in info.fields:
                _find_villages(rows)
        others = _objects(info, rows) if None in rows.village_codes else blank
        rows.objects = [code or other for code, other in zip(rows.village_codes, others, strict=True)]


def _take_codes(rows: Rows) -> None:
    rows.village_codes = rows.values.get("village_code") or [None] * len(rows)
    rows.town_codes = [code[:9] if code else None for code in rows.village_codes]
    rows.county_codes = [code[:6] if code else None for code in rows.village_codes]


def _find_towns(rows: Rows) -> None:
    listed = rows.master.towns
    towns = rows.values.get("town") or [rows.origin.town] * len(rows)
    codes = {town: listed.code(town) for town in set(towns)}
    rows.town_codes = [codes[town] for town in towns]
    rows.county_codes = [code[:6] if code else listed.county_code for code in rows.town_codes]


def _find_villages(rows: Rows) -> None:
    if any(name not in rows.values for name in _NAMES):
        return
    committees, villages = names = [rows.values[name] for name in _NAMES]
    lines = rows.master.villages(rows.town_codes, committees, villages, rows.origin.report_date)
    rows.village_codes = [line.village_code if line else None for line in lines]
    rows.registered = [line.registered_population if line else None for line in lines]
    for name, shown in zip(_NAMES, names, strict=True):
        listed = [getattr(line, name) if line else None for line in lines]
        if listed != shown:
            rows.values[name] = [of_list or text for of_list, text in zip(listed, shown, strict=True)]
            for place, (of_list, text) in enumerate(zip(listed, shown, strict=True)):
                if of_list and of_list != text and not rows.records.prints(place, name):
                    rows.records.put_printed(place, name, text)


def _objects(info: FormInfo, rows: Rows) -> list[str | None]:
    """What each row is about, as text; of a natural village that no list knows its names."""
    blank = [None] * len(rows)
    if "natural_village" in info.fields:
        names = zip(*(rows.values.get(name) or blank for name in _NAMES), strict=True)
        return [f"?{committee}/{village}" if committee and village else None for committee, village in names]
    if info.name == "water_quality":
        samples, projects = (rows.values.get(name) or blank for name in ("sample_no", "project_name"))
        return [sample or project for sample, project in zip(samples, projects, strict=True)]
    columns: list[Sequence[Any]] = [rows.values.get(name) or blank for name in info.grain]
    if "town" in info.grain:
        place = info.grain.index("town")
        columns[place] = [code or town for code, town in zip(rows.town_codes, columns[place], strict=True)]
    return ["|".join(map(printed, parts)) if any(parts) else None for parts in zip(*columns, strict=True)]
