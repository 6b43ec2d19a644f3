"""Compares a mart with the truth of the sample county, cell by cell."""

import csv
from collections import Counter
from collections.abc import Collection
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb

# The natural key of each table, in the truth's own column names.
KEYS = {
    "fct_coverage": ("report_date", "village_code", "supply_mode"),
    "rpt_coverage_town": ("report_date", "town_code", "supply_mode"),
    "rpt_coverage_county": ("report_date", "county_code", "supply_mode"),
    "rpt_supply_rate": ("report_date", "county_code", "town_code", "supply_mode"),
    "fct_project_progress": ("report_date", "project_name"),
    "fct_funding": ("report_date", "project_name", "funding_source"),
    "rpt_funding": ("report_date", "town_code", "supply_mode", "funding_source"),
    "fct_water_quality": ("sample_no", "parameter"),
    "fct_service_check": ("village_code", "checked_on"),
    "fct_supervision": ("town_code", "held_on", "kind", "topic"),
    "fct_verification": ("report_date", "village_code"),
    "rpt_verification_town": ("report_date", "town_code"),
    "fct_assessment_item": ("report_date", "town_code", "indicator"),
    "fct_assessment": ("report_date", "town_code"),
    "fct_restatement": ("report_date", "object", "column"),
    "fct_submission": ("file", "form"),
}
# Where each parameter of a sample has a row of its own, ours says that row and the truth the sample's first.
FIRST_ROW = {("fct_water_quality", "source_row"): "min(source_row) over (partition by sample_id)"}
# An issue may stand at any one of the cells that its rule compares: its address is no part of what it is.
ISSUE = ("rule", "severity", "report_date", "town_code", "form", "object", "is_row_rejected", "submission")

Row = dict[str, str]


def differences(
    con: duckdb.DuckDBPyConnection, table: str, truth_dir: Path, rules: Collection[str] | None = None
) -> list[str]:
    """List how a table of the schema `marts` differs from the truth, one sentence a cell or row.

    Parameters
    ----------
    con
        A connection to the warehouse or to the published marts.
    table
        A mart that has a truth table.
    truth_dir
        The folder of the truth's csv files.
    rules
        For `fct_data_issue`: the rules to compare; all of them when None.
    """
    if table == "fct_data_issue":
        return _issue_differences(con, truth_dir, rules)
    expected = {tuple(row[key] for key in KEYS[table]): row for row in _truth(truth_dir / f"{table}.csv", table)}
    columns = list(next(iter(expected.values())))
    found: dict[tuple[str, ...], Row] = {}
    said = []
    for row in _mart(con, table, columns):
        key = tuple(row[name] for name in KEYS[table])
        if key in found:
            said.append(f"{table} {key}: twice")
        found[key] = row
    said += [f"{table} {key}: missing" for key in expected if key not in found]
    said += [f"{table} {key}: not in the truth" for key in found if key not in expected]
    for key in expected.keys() & found.keys():
        for column, value in expected[key].items():
            # csv and HTML files have no named sheets: ours says Sheet1 there, the truth what the clerk would call it
            if column == "source_sheet" and found[key][column] == "Sheet1":
                continue
            if found[key][column] != value:
                said.append(f"{table} {key}: {column} is {found[key][column]!r}, in the truth {value!r}")
    return sorted(said)


def _issue_differences(con: duckdb.DuckDBPyConnection, truth_dir: Path, rules: Collection[str] | None) -> list[str]:
    """Compare issues as a multiset; those that may be raised or not are no difference."""

    def counted(rows: list[Row]) -> Counter[tuple[str, ...]]:
        return Counter(tuple(row[name] for name in ISSUE) for row in rows if rules is None or row["rule"] in rules)

    expected = counted(_truth(truth_dir / "fct_data_issue.csv", "fct_data_issue"))
    tolerated = counted(_truth(truth_dir / "tolerated_issues.csv", "fct_data_issue"))
    found = counted(_mart(con, "fct_data_issue", list(ISSUE)))
    anything = ISSUE.index("object")
    said = [f"fct_data_issue {issue}: missing {count} times" for issue, count in (expected - found).items()]
    for issue, count in (found - expected).items():
        any_object = (*issue[:anything], "*", *issue[anything + 1 :])
        if issue not in tolerated and any_object not in tolerated:
            said.append(f"fct_data_issue {issue}: {count} times more than in the truth")
    return sorted(said)


def _truth(path: Path, table: str) -> list[Row]:
    """Read a truth table; the columns that explain the truth itself are left out."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        if table == "fct_submission":
            sheet_rows = row.pop("sheet_rows")
            if row["form"] == "baseline":  # its rows are counted by town (marts.md), which the truth leaves open
                row.update(rows_read=sheet_rows, rows_accepted=sheet_rows, rows_rejected="0")
    return rows


def _mart(con: duckdb.DuckDBPyConnection, table: str, columns: list[str]) -> list[Row]:
    """Read the named columns of a mart as the truth writes them; projects are known by name."""
    source = f"marts.{table}"
    if "project_name" in columns:
        source += " left join marts.dim_project as project using (project_code)"
    select = ", ".join(
        "project.project_name" if name == "project_name" else FIRST_ROW.get((table, name), f"{table}.{name}")
        for name in columns
    )
    rows = con.execute(f"select {select} from {source}").fetchall()
    return [{name: _text(value) for name, value in zip(columns, row, strict=True)} for row in rows]


def _text(value: Any) -> str:
    """Write a value as the truth does: no trailing zeros, 0 and 1 for booleans, nothing for null."""
    match value:
        case None:
            return ""
        case bool():
            return str(int(value))
        case Decimal():
            return f"{value.normalize():f}"
        case date():
            return value.isoformat()
        case _:
            return str(value)
