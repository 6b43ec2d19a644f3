"""What files give to the tables of schema `landing`: their lines, column by column."""

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import chain
from typing import Any, TypeVar

import pyarrow as pa

from flows.ingest.inbox import InboxFile
from flows.ingest.judged import Issue, Row, Rows
from flows.ingest.landing_tables import SHEET, tables
from flows.ingest.reading import FileRead
from flows.ingest.values import printed
from schemas import forms
from schemas.info import FormInfo
from schemas.text import project_key

_WHOLE = frozenset({int, type(None)})
_to_json = json.JSONEncoder(ensure_ascii=False).encode


@dataclass
class LandedFile:
    """All that one file gives."""

    file: InboxFile
    sha256: str
    read: FileRead
    # Form → the rows of its tables.
    rows: dict[str, list[Rows]] = field(default_factory=dict)
    issues: list[Issue] = field(default_factory=list)
    master_version: str = ""
    corrections_version: str = ""


class Batch:
    """What a number of files gives to each table."""

    def __init__(self, issue_no: int) -> None:
        self.issue_no = issue_no
        self.forms = forms()
        self.lines: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self.accepted: dict[str, list[dict[str, list[Any]]]] = defaultdict(list)

    def tables(self) -> dict[str, pa.Table]:
        """The tables that have lines."""
        found = {}
        for name, columns in tables().items():
            if lines := self.lines.get(name):
                found[name] = _table(columns, {column: [line.get(column) for line in lines] for column in columns})
            elif accepted := self.accepted.get(name):
                every = {column: [*chain.from_iterable(part[column] for part in accepted)] for column in columns}
                found[name] = _table(columns, every)
        return found

    def add(self, landed: LandedFile, pipeline_version: str, seen_at: dt.datetime) -> None:
        """Add all lines of one file."""
        towns: dict[str, set[str | None]] = defaultdict(set)
        dates: set[dt.date] = set()
        for form, every in landed.rows.items():
            for rows in every:
                towns[rows.origin.sheet].update(rows.town_codes)
                dates.update([rows.origin.report_date] if len(rows) else [])
                if rows.count("accepted"):
                    self.accepted[form].append(_accepted(self.forms[form], rows))
                self.lines["rejected_row"] += [_rejected(form, Row(rows, place)) for place in sorted(rows.states)]
        self.lines["file"].append(
            _file_line(landed, pipeline_version, seen_at)
            | {"town_code": _only(set().union(*towns.values())), "report_date": _only(dates)}
        )
        for number, table in enumerate(landed.read.tables):
            self.lines["sheet"].append(
                {
                    **{column: getattr(table, column, None) for column in SHEET},
                    "file_sha256": landed.sha256,
                    "table_no": number,
                    "town_code": _only(towns[table.sheet]),
                    "header_map": _to_json(table.header_map),
                },
            )
            for note in table.notes:
                self._add_issue(
                    landed.sha256, form=table.form, rule=note.code, severity=note.severity, sheet=table.sheet,
                    row=note.row, cell=note.cell, printed_value=note.printed, message_zh=note.zh,
                    message_en=note.en, report_date=table.report_date, is_row_rejected=False,
                )  # fmt: skip
        for issue in landed.issues:
            self._add_issue(**issue.__dict__)

    def _add_issue(self, file_sha256: str, **line: Any) -> None:
        self.lines["issue"].append({"issue_no": self.issue_no, "file_sha256": file_sha256, **line})
        self.issue_no += 1


Only = TypeVar("Only")


def _only(found: Collection[Only]) -> Only | None:
    """The only one there is; None where there are several or none."""
    return next(iter(found)) if len(found) == 1 else None


def _table(columns: Mapping[str, pa.DataType], values: Mapping[str, list[Any]]) -> pa.Table:
    return pa.table({column: pa.array(values[column], kind) for column, kind in columns.items()})


def _file_line(landed: LandedFile, pipeline_version: str, seen_at: dt.datetime) -> dict[str, Any]:
    file = landed.file
    return {
        "path": file.path,
        "file_sha256": landed.sha256,
        "name": file.name,
        "folder": "/".join(file.folders),
        "received_on": file.received_on,
        "first_seen_at": seen_at,
        "size": file.size,
        "modified_ns": None if landed.read.may_pass else file.modified_ns,
        "status": landed.read.status,
        "reason": landed.read.reason,
        "reason_en": landed.read.reason_en,
        "duplicate_of": landed.read.duplicate_of,
        "pipeline_version": pipeline_version,
        "master_version": landed.master_version,
        "corrections_version": landed.corrections_version,
    }


def _accepted(info: FormInfo, rows: Rows) -> dict[str, list[Any]]:
    """The columns that the accepted rows of a table give to their form's table."""
    number, origin, records = len(rows), rows.origin, rows.records
    blank = [None] * number
    columns: dict[str, list[Any]] = {
        "file_sha256": [origin.file_sha256] * number,
        "sheet": [origin.sheet] * number,
        "row": records.rows,
        "seq": list(range(rows.first, rows.first + number)),
        "report_date": [origin.report_date] * number,
        "county_code": rows.county_codes,
        "town_code": rows.town_codes,
        "village_code": rows.village_codes,
        "cells": records.cells_json(),
        "printed": records.printed_json(),
    }
    if "project_name" in info.fields:
        columns["project_key"] = [name and project_key(name) for name in rows.values.get("project_name", blank)]
    for name, described in info.fields.items():
        if described.repeats_over:
            for code in described.repeats_over:
                columns[f"{name}_{code}"] = _counts(rows.values.get(f"{code}.{name}", blank))
        elif described.kind == "count":
            columns[name] = _counts(rows.values.get(name, blank))
        else:
            columns[name] = rows.values.get(name, blank)
    if rows.states:
        places = rows.accepted()
        columns = {name: [column[place] for place in places] for name, column in columns.items()}
    return columns


def _counts(values: list[Any]) -> list[int | None]:
    if _WHOLE.issuperset(map(type, values)):
        return values
    return [None if value is None else int(value) for value in values]


def _as_printed(row: Row) -> dict[str, dict[str, str | None]]:
    record = row.record
    names = dict.fromkeys((*record.cells, *record.values))
    return {
        name: {
            "cell": record.cells.get(name),
            "printed": record.unread.get(name) or record.printed.get(name) or printed(_plain(record.values.get(name))),
        }
        for name in names
    }


def _plain(value: Any) -> Any:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


def _rejected(form: str, row: Row) -> dict[str, Any]:
    return {
        "file_sha256": row.origin.file_sha256,
        "form": form,
        "sheet": row.origin.sheet,
        "row": row.record.row,
        "seq": row.seq,
        "state": row.state,
        "county_code": row.county_code,
        "town_code": row.town_code,
        "village_code": row.village_code,
        "supply_mode": row.values.get("supply_mode"),
        "report_date": row.origin.report_date,
        "object": row.object,
        "rules": ",".join(sorted(set(row.rules))),
        "cells": _to_json(_as_printed(row)),
    }
