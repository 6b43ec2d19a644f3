"""Rows judged by the rules, in batches: pandera says which rows break which rule, this says it in words.

The conditions stand on the forms (`schemas/`); here names are resolved against the master list, a frame is
built, and every failure becomes an issue with file, sheet, cell, printed value and what to do.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pandas as pd
from pandera.errors import SchemaErrors

from flows.ingest.master import Master
from flows.ingest.records import Contradiction, Record
from flows.ingest.values import printed
from schemas import forms
from schemas.form import DTYPES, FormInfo
from schemas.rules import RULES, STAGES, Severity


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


@dataclass
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
    for row in rows:
        _resolve(info, row, master)
    broken = [found for found in _broken_rules(info, rows) if found[1] not in left_out]
    for place, rule, _ in broken:
        rows[place].rules.append(rule)
    for row in rows:
        if any(RULES[rule].severity == "error" for rule in row.rules):
            row.state = "rejected"
        elif "R09" in row.rules:
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


def _resolve(info: FormInfo, row: Row, master: Master) -> None:
    """Names become codes where the master list knows them; the list's spelling replaces the printed one."""
    origin, record = row.origin, row.record
    row.values = dict(record.values)
    town = row.values.get("town") or origin.town
    if "town" in info.fields:
        row.values["town"] = town
    around = [place for place in (origin.county, *reversed(origin.folders)) if place]
    row.town_code = master.town_code(town, around)
    if info.name == "division":
        code = row.values.get("village_code")
        row.village_code, row.town_code = code, code[:9] if code else None
    row.county_code = row.town_code[:6] if row.town_code else master.county_code(origin.county)
    committee, village = row.values.get("village_committee"), row.values.get("natural_village")
    if info.name != "division" and row.town_code and committee and village:
        line = master.village(row.town_code, committee, village, origin.report_date)
        if line:
            row.village_code, row.registered_population = line.village_code, line.registered_population
            for name, official in (
                ("village_committee", line.village_committee),
                ("natural_village", line.natural_village),
            ):
                if official != row.values[name]:
                    record.printed.setdefault(name, row.values[name])
                    row.values[name] = official
    row.object = _object(info, row)


def _object(info: FormInfo, row: Row) -> str | None:
    """What the row is about, as text."""
    values = row.values
    if "natural_village" in info.fields:
        if row.village_code:
            return row.village_code
        committee, village = values.get("village_committee"), values.get("natural_village")
        return f"?{committee}/{village}" if committee and village else None
    if info.name == "water_quality":
        return values.get("sample_no") or values.get("project_name")
    parts = [row.town_code or values.get("town") if name == "town" else values.get(name) for name in info.grain]
    return "|".join(printed(part) for part in parts) if any(parts) else None


# --- rules ------------------------------------------------------------------------------------------------------------


def _broken_rules(info: FormInfo, rows: Sequence[Row]) -> list[tuple[int, str, str]]:
    """(place of the row, rule, field) of every failure, in the order of the rows."""
    frame = _frame(info, rows)
    broken = set(_failures(info, frame))
    for name, described in info.fields.items():
        for code in described.repeats_over or ():
            # A field that repeats over groups is judged group by group, as a column of its own.
            values = [row.values.get(f"{code}.{name}") for row in rows]
            repeated = frame.assign(**{name: _numbers(values)})
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
    for name, schema in info.model.to_schema().columns.items():
        described = info.fields.get(name)
        if described and described.repeats_over:
            continue
        kind = described.kind if described else None
        values = [_value(info, row, name) for row in rows]
        if kind in ("count", None) and str(schema.dtype).startswith("Float"):
            columns[name] = _numbers(values)
        elif kind == "date" or name == "report_date":
            columns[name] = pd.Series(pd.to_datetime(pd.Series(values, dtype="object"))).astype("datetime64[s]").array
        elif kind == "decimal":
            columns[name] = pd.Series(values, dtype="object").array
        else:
            columns[name] = pd.array(values, dtype=DTYPES[kind] if kind else pd.StringDtype())
    return pd.DataFrame(columns)


def _numbers(values: Sequence[Any]) -> Any:
    return pd.array([None if value is None else float(value) for value in values], dtype=pd.Float64Dtype())


def _value(info: FormInfo, row: Row, name: str) -> Any:
    if name in info.fields:
        return row.values.get(name)
    return getattr(row.origin if name in ("file_sha256", "report_date") else row, name)


# --- words ------------------------------------------------------------------------------------------------------------


class _Speaker:
    """Puts findings into the words of the person who can mend them."""

    def __init__(self, info: FormInfo, rows: Sequence[Row], master: Master) -> None:
        self.info, self.master = info, master
        self.beside: dict[tuple[str, dt.date, str | None], list[Row]] = defaultdict(list)
        for row in rows:
            self.beside[row.origin.file_sha256, row.origin.report_date, row.object].append(row)

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
            for other in self.beside[row.origin.file_sha256, row.origin.report_date, row.object]
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
