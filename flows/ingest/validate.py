"""Rows judged by the rules, in batches: pandera says which rows break which rule.

The conditions stand on the forms (`schemas/`); here names are resolved against the master list, a frame is
built, and every failure becomes an issue with file, sheet, cell, printed value and what to do.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import accumulate, chain, repeat
from typing import Any

import pandas as pd
import pyarrow as pa
from pandera.errors import SchemaErrors

from flows.ingest.judged import Issue, Row, Rows
from flows.ingest.messages import Speaker
from flows.ingest.resolve import resolve
from schemas import forms
from schemas.info import FormInfo, Kind
from schemas.rules import RULES


def judge(form: str, tables: Sequence[Rows], left_out: Collection[str] = ()) -> list[Issue]:
    """Judge the rows of one form, from any number of files; rules and states are set on them.

    Parameters
    ----------
    form : str
        The form's name.
    tables : sequence of Rows
        Of that form, each with the master list that judges it; names need not be resolved.
    left_out : collection of str
        Rules not to be judged.

    Returns
    -------
    list of Issue
        In the order of the rows.
    """
    tables = [rows for rows in tables if len(rows)]
    if not tables:
        return []
    info = forms()[form]
    resolve(info, tables)
    broken = [found for found in _broken_rules(info, tables) if found[1] not in left_out]
    for row, rule, _ in broken:
        row.rows.rules.setdefault(row.place, []).append(rule)
        if RULES[rule].severity == "error":
            row.rows.states[row.place] = "rejected"
        elif rule == "R09":
            row.rows.states.setdefault(row.place, "duplicate")
    if info.rejected_together:
        _reject_together(tables)
    speaker = Speaker(info, tables)
    issues = [speaker.issue(*found) for found in broken]
    issues += [
        speaker.contradiction(Row(rows, place), found)
        for rows in tables
        for place, contradictions in sorted(rows.records.contradictions.items())
        for found in contradictions
        if found.rule not in left_out
    ]
    return _once_a_printed_row(issues)


def _reject_together(tables: Iterable[Rows]) -> None:
    """A rejected water sample rejects all its parameters (marts.md, settled points)."""
    together: dict[tuple[str, str, str | None], list[Row]] = defaultdict(list)
    for rows in tables:
        for row in rows:
            together[row.origin.file_sha256, row.origin.sheet, row.object].append(row)
    for sample in together.values():
        if any(row.state == "rejected" for row in sample):
            for row in sample:
                row.rows.states[row.place] = "rejected"


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
# Rules that are judged whether or not the sheet shows the field that they are told of.
_ALWAYS = ("R01", "R06", "R08", "R09", "R22")


def _broken_rules(info: FormInfo, tables: Sequence[Rows]) -> list[tuple[Row, str, str]]:
    """(row, rule, field) of every failure, in the order of the rows."""
    frame = _frame(info, tables)
    broken = set(_failures(info, frame))
    for name, described in info.fields.items():
        for code in described.repeats_over or ():
            # A field that repeats over groups is judged group by group, as a column of its own.
            values = _floats(_column(f"{code}.{name}", tables))
            repeated = frame.assign(**{name: pd.array(values, dtype=pd.Float64Dtype())})
            broken |= {
                (place, rule, f"{code}.{name}") for place, rule, field in _failures(info, repeated) if field == name
            }
    starts = list(accumulate(map(len, tables), initial=0))
    found, table = [], 0
    for place, rule, name in sorted(broken):
        while place >= starts[table + 1]:
            table += 1
        if rule in _ALWAYS or name in tables[table].records.values:
            found.append((Row(tables[table], place - starts[table]), rule, name))
    return found


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


def _frame(info: FormInfo, tables: Sequence[Rows]) -> pd.DataFrame:
    """The rows of one form as the frame that its schema describes."""
    columns: dict[str, Any] = {}
    exact: dict[str, pd.Series] = {}
    for name in info.model.to_schema().columns:
        described = info.fields.get(name)
        if described and described.repeats_over:
            continue
        kind = described.kind if described else _JOINED.get(name, "text")
        values = list(_column(name, tables) if described else _joined(name, tables))
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


def _column(name: str, tables: Sequence[Rows]) -> Iterator[Any]:
    """A field of all rows."""
    return chain.from_iterable(rows.values.get(name) or repeat(None, len(rows)) for rows in tables)


# What validation joins to what the sheet shows, as :class:`Rows` call it.
_KEYS = {
    "object": "objects",
    "town_code": "town_codes",
    "village_code": "village_codes",
    "registered_population": "registered",
}


def _joined(name: str, tables: Sequence[Rows]) -> Iterator[Any]:
    """A column that validation joins to what the sheet shows."""
    if name in ("file_sha256", "report_date"):
        return chain.from_iterable(repeat(getattr(rows.origin, name), len(rows)) for rows in tables)
    return chain.from_iterable(getattr(rows, _KEYS[name]) for rows in tables)


def _once_a_printed_row(issues: Iterable[Issue]) -> list[Issue]:
    """A rule that several groups of one printed row break (the parameters of a sample) is said once."""
    said: dict[tuple[Any, ...], Issue] = {}
    for issue in issues:
        said.setdefault((issue.file_sha256, issue.sheet, issue.row, issue.rule, issue.field, issue.cell), issue)
    return list(said.values())
