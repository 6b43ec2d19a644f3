"""What `check` read and found in a file, for a program: one JSON object."""

import datetime as dt
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from flows.report.findings import in_words
from schemas import forms
from schemas.info import FieldInfo

if TYPE_CHECKING:
    from flows.check import CheckedFile, CheckedSheet
    from flows.ingest.judged import Row

_STATES = ("accepted", "rejected", "duplicate")


def file_json(file: "CheckedFile", lang: str) -> dict[str, Any]:
    """All that was read, in canonical units and codes; no personal fields."""
    return {
        "file": file.name,
        "status": file.read.status,
        "reason": in_words(file.read, lang),
        "sheets": [_sheet_json(sheet, lang) for sheet in file.sheets],
    }


def _sheet_json(sheet: "CheckedSheet", lang: str) -> dict[str, Any]:
    table = sheet.table
    rows = {state: [_row_json(row, table.form) for row in sheet.rows if row.state == state] for state in _STATES}
    return {
        "sheet": table.sheet,
        "form": table.form,
        "reason": in_words(table, lang),
        "town": sheet.town,
        "report_date": table.report_date.isoformat() if table.form and table.report_date else None,
        "rows": rows["accepted"],
        "rejected": rows["rejected"],
        "duplicates": rows["duplicate"],
        "issues": [
            {
                "rule": finding.rule,
                "severity": finding.severity,
                "row": finding.row,
                "cell": finding.cell,
                "field": finding.field,
                "printed_value": finding.printed,
                "message": finding.message,
            }
            for finding in sheet.findings
        ],
    }


def _row_json(row: "Row", form: str | None) -> dict[str, Any]:
    fields = forms()[str(form)].fields
    shown: dict[str, FieldInfo] = {
        name: info for name in row.values if (info := fields.get(name.rpartition(".")[2])) and not info.is_personal
    }
    return {
        **{name: _plain(row.values[name], info) for name, info in shown.items()},
        "_row": row.record.row,
        "_cells": {name: cell for name, cell in row.record.cells.items() if name in shown},
    }


def _plain(value: Any, info: FieldInfo) -> Any:
    """A value as JSON holds it: money as text, other numbers as numbers, days ISO."""
    match value:
        case Decimal() if info.dimension == "yuan":
            return format(value, f".{info.scale}f")
        case Decimal():
            return int(value) if value == value.to_integral_value() else float(value)
        case dt.date():
            return value.isoformat()
        case _:
            return value
