"""Single workbooks with one or two difficulties each, and beside each what a careful reader gets from it."""

import datetime as dt
import json
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from flows.ingest.context import Names
from flows.ingest.guard import Limits
from flows.ingest.judged import NOBODY, Issue, Origin, Row, Rows
from flows.ingest.master import Master, Village
from flows.ingest.reading import FileRead, read_file
from flows.ingest.validate import judge
from schemas import forms
from schemas.rules import RULES

ROOT = Path(__file__).parents[2]
MESSY = ROOT / "tests" / "data" / "messy"
DIVISION = ROOT / "raw" / "2021-06-25" / "县级" / "云塘县行政区划与户籍基数表.xlsx"
RECEIVED = dt.date(2021, 8, 25)
TRUTHS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in sorted(MESSY.glob("*.json"))}
LOADED = [name for name, truth in TRUTHS.items() if truth["expect"] == "load"]
OTHERS = [name for name, truth in TRUTHS.items() if truth["expect"] != "load"]


def read(path: Path, towns: frozenset[str] = frozenset()) -> FileRead:
    return read_file(path.read_bytes(), Names("", path.name, (), RECEIVED, towns), Limits())


def rows_of(path: Path, found: FileRead, master: Master = NOBODY) -> dict[str, list[Row]]:
    rows: dict[str, list[Row]] = {}
    for table in found.tables:
        if table.form and table.report_date:
            origin = Origin(path.name, path.name, table.sheet, table.town, table.report_date)
            beside = rows.setdefault(table.form, [])
            beside += Rows(origin, table.records, len(beside), master)
    return rows


def tables_of(rows: list[Row]) -> list[Rows]:
    return list(dict.fromkeys(row.rows for row in rows))


@cache
def master() -> Master:
    rows = rows_of(DIVISION, read(DIVISION))["division"]
    judge("division", tables_of(rows), left_out=("R06",))
    names = ("village_code", "town", "village_committee", "natural_village", "registered_population")
    later = ("valid_from", "valid_to", "alias")
    return Master(
        Village(*(row.values[name] for name in names), **{name: row.values.get(name) for name in later})
        for row in rows
        if row.state == "accepted"
    )


@cache
def loaded(name: str) -> tuple[FileRead, dict[str, list[Row]], list[Issue]]:
    path = MESSY / TRUTHS[name]["file"]
    found = read(path, master().towns.names)
    rows = rows_of(path, found, master())
    issues = [issue for form, some in rows.items() if some for issue in judge(form, tables_of(some))]
    return found, rows, issues


def told(name: str) -> list[dict]:
    """The tables that the truth tells of, one a form."""
    return [TRUTHS[name], *TRUTHS[name].get("more", [])]


def key(form: str, sheet: str, row: int, values: dict) -> tuple:
    """What tells the rows of one printed row apart: the group they were read from."""
    spread = forms()[form].spread
    return sheet, row, values.get(spread) if spread else None


def plain(value: object) -> object:
    """A value as JSON holds it."""
    if isinstance(value, dt.date):
        return value.isoformat()
    return float(value) if isinstance(value, Decimal | int) and not isinstance(value, bool) else value or None


def state(truth: dict) -> str:
    return "rejected" if truth.get("_rejected") else "duplicate" if truth.get("_duplicate") else "accepted"


def paired(name: str):
    """Each row of the truth with the row that was read for it."""
    _, rows, _ = loaded(name)
    for table in told(name):
        form = table["form"]
        read_rows = {key(form, row.origin.sheet, row.record.row, row.values): row for row in rows[form]}
        for truth in table["rows"]:
            yield truth, read_rows[key(form, truth["_sheet"], truth["_row"], truth)]


@pytest.mark.parametrize("name", LOADED)
def test_the_table_is_found_with_its_form_town_and_day(name):
    found, _, _ = loaded(name)
    assert found.status == "read"
    for table in told(name):
        read_table = next(one for one in found.tables if one.form == table["form"])
        assert read_table.report_date
        assert table["report_date"] in (None, read_table.report_date.isoformat())
        assert not table["town"] or read_table.town == table["town"]


@pytest.mark.parametrize("name", LOADED)
def test_exactly_the_rows_of_the_truth_are_read(name):
    _, rows, _ = loaded(name)
    for table in told(name):
        form = table["form"]
        expected = sorted(str(key(form, truth["_sheet"], truth["_row"], truth)) for truth in table["rows"])
        read_rows = rows.get(form, [])
        assert sorted(str(key(form, row.origin.sheet, row.record.row, row.values)) for row in read_rows) == expected
    assert set(rows) == {table["form"] for table in told(name)}


@pytest.mark.parametrize("name", LOADED)
def test_every_value_is_that_of_the_truth(name):
    wrong = [
        (truth["_row"], field, row.values.get(field), value)
        for truth, row in paired(name)
        for field, value in truth.items()
        if not field.startswith("_") and plain(row.values.get(field)) != plain(value)
    ]
    assert wrong == []


@pytest.mark.parametrize("name", LOADED)
def test_every_address_is_that_of_the_truth(name):
    wrong = [
        (truth["_row"], field, row.record.cells.get(field), cell)
        for truth, row in paired(name)
        for field, cell in truth["_cells"].items()
        if truth.get(field) is not None and row.record.cells.get(field) != cell
    ]
    assert wrong == []


@pytest.mark.parametrize("name", LOADED)
def test_every_row_is_accepted_rejected_or_a_duplicate_as_in_the_truth(name):
    wrong = [(truth["_row"], row.state, row.rules) for truth, row in paired(name) if row.state != state(truth)]
    assert wrong == []


@pytest.mark.parametrize("name", LOADED)
def test_every_fault_put_in_is_found_and_no_other(name):
    _, rows, issues = loaded(name)
    put_in = {(i["rule"], i["row"]) for table in told(name) for i in table.get("issues", []) if i["rule"] in RULES}
    found = {(issue.rule, issue.row) for issue in issues}
    assert put_in - found == set()
    # Of a rejected row only the faults put in are listed; it may break more rules.
    rejected = {row.record.row for some in rows.values() for row in some if row.state == "rejected"}
    assert {(rule, row) for rule, row in found - put_in if row not in rejected} == set()


@pytest.mark.parametrize("name", OTHERS)
def test_what_is_no_table_of_ours_is_refused_or_unrecognised_and_says_why(name):
    truth = TRUTHS[name]
    found = read(MESSY / truth["file"])
    assert found.status in truth.get("accept", [truth["expect"]])
    assert found.reason
    assert [table.records for table in found.tables if table.records] == []


def test_the_master_list_is_that_of_the_county():
    assert len(master().towns.names) > 5


def test_every_case_has_its_file():
    assert len(TRUTHS) > 80
    assert [name for name, truth in TRUTHS.items() if not (MESSY / truth["file"]).is_file()] == []
