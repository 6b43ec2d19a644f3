"""The tables of schema `landing` and their columns, as Arrow types; DuckDB's follow from them."""

import pyarrow as pa

from schemas import forms
from schemas.info import FieldInfo, FormInfo

_STRING, _DATE, _INT = pa.string(), pa.date32(), pa.int64()

FILE = {
    "path": _STRING,
    "file_sha256": _STRING,
    "name": _STRING,
    "folder": _STRING,
    "received_on": _DATE,
    "first_seen_at": pa.timestamp("us"),
    "size": _INT,
    "modified_ns": _INT,  # null where the file is to be read again every night
    "status": _STRING,  # read | refused | unrecognised | duplicate | ignored
    "reason": _STRING,
    "reason_en": _STRING,
    "duplicate_of": _STRING,
    "town_code": _STRING,
    "report_date": _DATE,
    "pipeline_version": _STRING,
    # The master list that the file's rows were judged by: they are judged again when another one applies.
    "master_version": _STRING,
    # The corrections that the file was read with: it is read again when they are others.
    "corrections_version": _STRING,
}
SHEET = {
    "file_sha256": _STRING,
    "sheet": _STRING,
    "table_no": _INT,
    "form": _STRING,
    "reason": _STRING,
    "reason_en": _STRING,
    "county": _STRING,
    "town": _STRING,
    "town_code": _STRING,
    "report_date": _DATE,
    "first_row": _INT,
    "last_row": _INT,
    "header_map": _STRING,
}
REJECTED_ROW = {
    "file_sha256": _STRING,
    "form": _STRING,
    "sheet": _STRING,
    "row": _INT,
    "seq": _INT,
    "state": _STRING,  # rejected | duplicate: the second of two identical rows
    "county_code": _STRING,
    "town_code": _STRING,
    "village_code": _STRING,
    "supply_mode": _STRING,
    "report_date": _DATE,
    "object": _STRING,
    "rules": _STRING,
    "cells": _STRING,
}
ISSUE = {
    "issue_no": _INT,
    "file_sha256": _STRING,
    "form": _STRING,
    "rule": _STRING,
    "severity": _STRING,
    "sheet": _STRING,
    "row": _INT,
    "cell": _STRING,
    "field": _STRING,
    "object": _STRING,
    "printed_value": _STRING,
    "message_zh": _STRING,
    "message_en": _STRING,
    "county_code": _STRING,
    "town_code": _STRING,
    "report_date": _DATE,
    "is_row_rejected": pa.bool_(),
}
_PLACE = {
    "file_sha256": _STRING,
    "sheet": _STRING,
    "row": _INT,
    "seq": _INT,
    "report_date": _DATE,
    "county_code": _STRING,
    "town_code": _STRING,
}
_EVIDENCE = {"cells": _STRING, "printed": _STRING}


def form_columns(info: FormInfo) -> dict[str, pa.DataType]:
    """The columns of a form's landing table: place, keys, the form's fields, evidence."""
    columns = dict(_PLACE)
    if "natural_village" in info.fields:
        columns["village_code"] = _STRING
    if "project_name" in info.fields:
        columns["project_key"] = _STRING
    for name, described in info.fields.items():
        if described.repeats_over:
            columns |= {f"{name}_{code}": _type(described) for code in described.repeats_over}
        else:
            columns[name] = _type(described)
    return columns | _EVIDENCE


def _type(described: FieldInfo) -> pa.DataType:
    match described.kind:
        case "count":
            return _INT
        case "decimal":
            return pa.decimal128(18, described.scale)
        case "date":
            return _DATE
        case "flag":
            return pa.bool_()
    return _STRING


def tables() -> dict[str, dict[str, pa.DataType]]:
    """Every table of the schema with its columns."""
    fixed = {"file": FILE, "sheet": SHEET, "rejected_row": REJECTED_ROW, "issue": ISSUE}
    return fixed | {name: form_columns(info) for name, info in forms().items()}
