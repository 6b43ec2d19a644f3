"""Rows judged by the rules, in batches: pandera says which rows break which rule, this says it in words.

The conditions stand on the forms (`schemas/`); here names are resolved against the master list, a frame is
built, and every failure becomes an issue with file, sheet, cell, printed value and what to do.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property
from typing import Any

import pandas as pd
import pyarrow as pa
from pandera.errors import SchemaErrors

from flows.ingest.master import Master
from flows.ingest.records import Contradiction, Record
from flows.ingest.values import printed
from schemas import forms
from schemas.info import FormInfo, Kind, Severity
from schemas.rules import RULES, STAGES


@dataclass(frozen=True)
class Origin:
    """Where a row stands: its file, sheet and what the sheet speaks for."""

    file_sha256: str
    file: str
    sheet: str
    town: str | None
    county: str | None
    report_date: dt.date
    folders: tuple[str, ...] = ()


@dataclass(slots=True)
class Row:
    """One row on its way into landing."""

    origin: Origin
    record: Record
    seq: int
    values: dict[str, Any] = field(default_factory=dict)
    town_code: str | None = None
    county_code: str | None = None
    village_code: str | None = None
    object: str | None = None
    registered_population: int | None = None
    rules: list[str] = field(default_factory=list)
    # accepted | rejected | duplicate
    state: str = "accepted"


@dataclass(frozen=True)
class Issue:
    """One finding, as the person who can mend it reads it."""

    file_sha256: str
    form: str
    rule: str
    severity: Severity
    sheet: str
    row: int | None
    cell: str | None
    field: str | None
    object: str | None
    printed_value: str | None
    message_zh: str
    message_en: str
    county_code: str | None = None
    town_code: str | None = None
    report_date: dt.date | None = None
    is_row_rejected: bool = False


def judge(form: str, rows: Sequence[Row], master: Master, left_out: Collection[str] = ()) -> list[Issue]:
    """Judge the rows of one form, from any number of files; states are set on the rows.

    Parameters
    ----------
    form : str
        The form's name.
    rows : sequence of Row
        Of that form; `values` need not be set.
    master : Master
        The master list. Where it is empty no name is known, so R06 rejects every row until the list has come.
    left_out : collection of str
        Rules not to be judged.

    Returns
    -------
    list of Issue
        In the order of the rows.
    """
    if not rows:
        return []
    info = forms()[form]
    resolver = _Resolver(info, master)
    for row in rows:
        resolver.resolve(row)
    broken = [found for found in _broken_rules(info, rows) if found[1] not in left_out]
    for place, rule, _ in broken:
        row = rows[place]
        row.rules.append(rule)
        if RULES[rule].severity == "error":
            row.state = "rejected"
        elif rule == "R09" and row.state != "rejected":
            row.state = "duplicate"
    if info.rejected_together:
        _reject_together(rows)
    speaker = _Speaker(info, rows, master)
    issues = [speaker.issue(rows[place], rule, name) for place, rule, name in broken]
    issues += [
        speaker.contradiction(row, found)
        for row in rows
        for found in row.record.contradictions
        if found.rule not in left_out
    ]
    return _once_a_printed_row(issues)


def _reject_together(rows: Iterable[Row]) -> None:
    """A rejected water sample rejects all its parameters (marts.md, settled points)."""
    together: dict[tuple[str, str, str | None], list[Row]] = defaultdict(list)
    for row in rows:
        together[row.origin.file_sha256, row.origin.sheet, row.object].append(row)
    for sample in together.values():
        if any(row.state == "rejected" for row in sample):
            for row in sample:
                row.state = "rejected"


# --- names ------------------------------------------------------------------------------------------------------------


class _Resolver:
    """Names become codes where the master list knows them; the list's spelling replaces the printed one."""

    def __init__(self, info: FormInfo, master: Master) -> None:
        self.info, self.master = info, master
        self._shows_town, self._is_of_village = "town" in info.fields, "natural_village" in info.fields
        self._is_the_list = info.name == "division"
        # (origin, town) → its code and the county's: the rows of a table share them.
        self._codes: dict[tuple[int, str | None], tuple[str | None, str | None]] = {}

    def resolve(self, row: Row) -> None:
        """Set the values, codes and object of a row."""
        origin = row.origin
        row.values = values = dict(row.record.values)
        town = values.get("town") or origin.town
        if self._shows_town:
            values["town"] = town
        if self._is_the_list:
            code = row.village_code = values.get("village_code")
            row.town_code = code[:9] if code else None
            row.county_code = code[:6] if code else self.master.county_code(origin.county)
        else:
            key = (id(origin), town)
            if key not in self._codes:
                self._codes[key] = self._town_and_county(origin, town)
            row.town_code, row.county_code = self._codes[key]
            if self._is_of_village and row.town_code:
                self._resolve_village(row, values)
        row.object = row.village_code or _object(self.info, row)

    def _town_and_county(self, origin: Origin, town: str | None) -> tuple[str | None, str | None]:
        around = [place for place in (origin.county, *reversed(origin.folders)) if place]
        code = self.master.town_code(town, around)
        return code, code[:6] if code else self.master.county_code(origin.county)

    def _resolve_village(self, row: Row, values: dict[str, Any]) -> None:
        committee, village = values.get("village_committee"), values.get("natural_village")
        if not committee or not village:
            return
        line = self.master.village(str(row.town_code), committee, village, row.origin.report_date)
        if line is None:
            return
        row.village_code, row.registered_population = line.village_code, line.registered_population
        if line.village_committee != committee:
            row.record.printed.setdefault("village_committee", committee)
            values["village_committee"] = line.village_committee
        if line.natural_village != village:
            row.record.printed.setdefault("natural_village", village)
            values["natural_village"] = line.natural_village


def _object(info: FormInfo, row: Row) -> str | None:
    """What the row is about, as text; of a natural village that no list knows its names."""
    values = row.values
    if "natural_village" in info.fields:
        committee, village = values.get("village_committee"), values.get("natural_village")
        return f"?{committee}/{village}" if committee and village else None
    if info.name == "water_quality":
        return values.get("sample_no") or values.get("project_name")
    parts = [row.town_code or values.get("town") if name == "town" else values.get(name) for name in info.grain]
    return "|".join(printed(part) for part in parts) if any(parts) else None


# --- rules ------------------------------------------------------------------------------------------------------------

# Arrow makes columns of Python's values many times faster than pandas does, which takes them over as its own types.
_ARROW: dict[Kind, pa.DataType] = {
    "text": pa.string(),
    # Counts are validated as numbers that may be fractional (R02 says so), and landed as integers.
    "count": pa.float64(),
    "date": pa.date32(),
    "code": pa.string(),
    "flag": pa.bool_(),
}
_PANDAS = {pa.string(): pd.StringDtype(), pa.float64(): pd.Float64Dtype(), pa.bool_(): pd.BooleanDtype()}
# What the columns hold that no sheet shows, where it is no text.
_JOINED: dict[str, Kind] = {"report_date": "date", "registered_population": "count"}


def _broken_rules(info: FormInfo, rows: Sequence[Row]) -> list[tuple[int, str, str]]:
    """(place of the row, rule, field) of every failure, in the order of the rows."""
    frame = _frame(info, rows)
    broken = set(_failures(info, frame))
    for name, described in info.fields.items():
        for code in described.repeats_over or ():
            # A field that repeats over groups is judged group by group, as a column of its own.
            values = [row.values.get(f"{code}.{name}") for row in rows]
            repeated = frame.assign(**{name: pd.array(_floats(values), dtype=pd.Float64Dtype())})
            broken |= {
                (place, rule, f"{code}.{name}") for place, rule, field in _failures(info, repeated) if field == name
            }
    return sorted(finding for finding in broken if _applies(finding, rows))


def _failures(info: FormInfo, frame: pd.DataFrame) -> Iterator[tuple[int, str, str]]:
    try:
        info.model.validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases
    else:
        return
    for context, column, check, place in zip(
        cases["schema_context"], cases["column"], cases["check"], cases["index"], strict=True
    ):
        if pd.isna(place):
            raise RuntimeError(f"{info.name}: the frame does not fit its schema: {column}: {check}")
        rule, _, name = str(check).partition(":")
        if context == "Column":
            rule, name = "R01" if check == "not_nullable" else rule, str(column)
        yield int(place), rule, name


def _applies(finding: tuple[int, str, str], rows: Sequence[Row]) -> bool:
    """A rule about a field that the sheet does not show is left out."""
    place, rule, name = finding
    return rule in ("R01", "R06", "R08", "R09", "R22") or name in rows[place].record.values


def _frame(info: FormInfo, rows: Sequence[Row]) -> pd.DataFrame:
    """The rows of one form as the frame that its schema describes."""
    columns: dict[str, Any] = {}
    exact: dict[str, pd.Series] = {}
    shown = [row.values for row in rows]
    for name in info.model.to_schema().columns:
        described = info.fields.get(name)
        if described and described.repeats_over:
            continue
        kind = described.kind if described else _JOINED.get(name, "text")
        values = [row.get(name) for row in shown] if described else _joined(name, rows)
        if kind == "decimal":
            exact[name] = pd.Series(values, dtype="object")
        else:
            columns[name] = pa.array(_floats(values) if kind == "count" else values, _ARROW[kind])
            if kind == "date":
                columns[name] = columns[name].cast(pa.timestamp("s"))
    frame: pd.DataFrame = pa.table(columns).to_pandas(types_mapper=_PANDAS.get, use_threads=False)
    return frame.assign(**exact)


def _floats(values: Iterable[Any]) -> list[float | None]:
    return [None if value is None else float(value) for value in values]


def _joined(name: str, rows: Sequence[Row]) -> list[Any]:
    """A column that validation joins to what the sheet shows."""
    if name in ("file_sha256", "report_date"):
        return [getattr(row.origin, name) for row in rows]
    return [getattr(row, name) for row in rows]


# --- words ------------------------------------------------------------------------------------------------------------


class _Speaker:
    """Puts findings into the words of the person who can mend them."""

    def __init__(self, info: FormInfo, rows: Sequence[Row], master: Master) -> None:
        self.info, self.rows, self.master = info, rows, master

    @cached_property
    def _beside(self) -> dict[tuple[str, dt.date, str | None], list[Row]]:
        """The rows about each object of a report."""
        beside: dict[tuple[str, dt.date, str | None], list[Row]] = defaultdict(list)
        for row in self.rows:
            beside[row.origin.file_sha256, row.origin.report_date, row.object].append(row)
        return beside

    def issue(self, row: Row, rule: str, name: str) -> Issue:
        """One finding about one field of a row."""
        record, origin, said = row.record, row.origin, RULES[rule]
        cell = record.cells.get(name)
        words = self._words(row, rule, name)
        where_zh = f"《{origin.file}》“{origin.sheet}”{cell or f'第{record.row}行'}："
        where_en = f"{origin.file} “{origin.sheet}” {cell or f'row {record.row}'}: "
        return Issue(
            origin.file_sha256, self.info.name, rule, said.severity, origin.sheet, record.row, cell, name, row.object,
            words["printed"], where_zh + said.zh.format(**words), where_en + said.en.format(**words),
            row.county_code, row.town_code, origin.report_date, row.state == "rejected",
        )  # fmt: skip

    def contradiction(self, row: Row, found: Contradiction) -> Issue:
        """A printed total or rate that its own figures contradict."""
        origin, said = row.origin, RULES[found.rule]
        described = self.info.fields.get(found.field.rpartition(".")[2])
        words = {"title": described.title if described else found.field} | found.words
        is_total = found.object is not None
        # A total of the county's own table is no town's.
        town_code = None if is_total and self.info.level == "county" else row.town_code
        return Issue(
            origin.file_sha256, self.info.name, found.rule, said.severity, origin.sheet, _row_in(found.cell),
            found.cell, found.field, found.object or row.object, found.printed,
            f"《{origin.file}》“{origin.sheet}”{found.cell}：" + said.zh.format(**words),
            f"{origin.file} “{origin.sheet}” {found.cell}: " + said.en.format(**words),
            row.county_code, town_code, origin.report_date, row.state == "rejected" and not is_total,
        )  # fmt: skip

    def _words(self, row: Row, rule: str, name: str) -> dict[str, str]:
        shown, described = _printed(row, name), self.info.fields.get(name.rpartition(".")[2])
        words = {
            "title": described.title if described else name,
            "printed": shown,
            "printed_zh": f"填为“{shown}”，无法识别" if shown else "为空",
            "printed_en": f"reads “{shown}”, which is unreadable" if shown else "is empty",
            "report_date": str(row.origin.report_date),
            "registered": str(row.registered_population),
            "object_name": row.values.get("natural_village") or row.object or "",
        }
        for other in ("households", "population", "status", "finished_on"):
            words[other] = _printed(row, other) or "—"
        words["whole"] = words["households" if name == "households_connected" else "population"]
        if rule in _LIMITS or rule == "R13":
            limit = _earlier_stage(row, name) if rule == "R13" else _LIMITS[rule][name]
            words["before"] = words["limit_title"] = self.info.fields[limit].title
            words["before_printed"] = words["limit"] = _printed(row, limit)
        for other in ("investment_planned", "pipeline_planned_km"):
            words[other] = _printed(row, other) or "—"
        near = self._near(row, name) if rule == "R06" else []
        words["suggestions_zh"] = f"相近的名称：{'、'.join(near)}。" if near else ""
        words["suggestions_en"] = f"Near names: {', '.join(near)}. " if near else ""
        words["others"] = "、".join(self._others(row, rule)) if rule in ("R08", "R09", "R22") else ""
        return words

    def _near(self, row: Row, name: str) -> list[str]:
        if name == "town":
            return self.master.nearest_towns(row.values["town"])
        return self.master.nearest_villages(
            row.town_code or "", row.values["village_committee"], row.values["natural_village"]
        )

    def _others(self, row: Row, rule: str) -> list[str]:
        """Where else the object of a row stands in the same report."""
        return [
            f"“{other.origin.sheet}”第{other.record.row}行"
            for other in self._beside[row.origin.file_sha256, row.origin.report_date, row.object]
            if other is not row and (rule != "R09" or other.seq < row.seq)
        ]


# The figure that another one should not exceed.
_LIMITS = {
    "R16": {"secured": "planned", "spent": "secured"},
    "R21": {"investment_completed": "investment_planned", "pipeline_laid_km": "pipeline_planned_km"},
}


def _earlier_stage(row: Row, name: str) -> str:
    """R13: the latest of the stages before one."""
    before = [stage for stage in STAGES[: STAGES.index(name)] if row.values.get(stage)]
    return max(before, key=lambda stage: row.values[stage])


def _row_in(cell: str) -> int:
    return int(cell.lstrip("ABCDEFGHIJKLMNOPQRSTUVWXYZ"))


def _printed(row: Row, name: str) -> str:
    """A field as its cell prints it."""
    record = row.record
    value = row.values.get(name)
    shown = printed(format(value.normalize(), "f") if isinstance(value, Decimal) else value)
    return record.unread.get(name) or record.printed.get(name) or shown


def _once_a_printed_row(issues: Iterable[Issue]) -> list[Issue]:
    """A rule that several groups of one printed row break (the parameters of a sample) is said once."""
    said: dict[tuple[Any, ...], Issue] = {}
    for issue in issues:
        said.setdefault((issue.file_sha256, issue.sheet, issue.row, issue.rule, issue.field, issue.cell), issue)
    return list(said.values())
