import datetime as dt
import json
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pytest

from flows.ingest.inbox import InboxFile
from flows.ingest.landing import Landing
from flows.ingest.landing_lines import LandedFile
from flows.ingest.landing_tables import form_columns, tables
from flows.ingest.reading import FileRead, TableRead
from flows.ingest.records import Note
from schemas import forms
from tests.builders import ACCEPTABLE, REPORTED, judged, row

NOW = dt.datetime(2021, 8, 21, 2, 0)
SIZE = 100


def inbox_file(path="raw/2021-08-20/青龙镇.xlsx", day=dt.date(2021, 8, 20)):
    return InboxFile(Path(path), path, tuple(path.split("/")[1:-1]), day, day, SIZE, 1)


def landed(*rows, digest="aaa", path="raw/2021-08-20/青龙镇.xlsx", form="village_progress", status="read", **read):
    """A file with these rows, judged."""
    for one in rows:
        one.rows.origin = replace(one.origin, file_sha256=digest)
    issues = judged(*rows, form=form) if rows else []
    sheet = TableRead(
        "Sheet1", form, town="青龙镇", county="云塘县", report_date=REPORTED, notes=[Note("N08", "甲", "a")]
    )
    file_read = FileRead(status, read.get("reason"), [sheet] if rows else [], read.get("duplicate_of"))
    return LandedFile(inbox_file(path), digest, file_read, {form: [one.rows for one in rows]}, issues, "master")


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with Landing(tmp_path_factory.mktemp("数据 库") / "new" / "warehouse.duckdb") as warehouse:
        yield warehouse


@pytest.fixture
def landing(opened):
    """An empty landing: one file serves all tests."""
    for name in tables():
        opened.connection.execute(f'delete from landing."{name}"')
    return opened


def write(landing, *files, version="1", now=NOW):
    landing.write(files, version, now)


def select(landing, columns, table, order="all"):
    return landing.connection.execute(f'select {columns} from landing."{table}" order by {order}').fetchall()


def sizes(landing):
    return {name: select(landing, "count(*)", name)[0][0] for name in tables()}


# --- the schema -------------------------------------------------------------------------------------------------------


def test_every_form_has_a_table_with_its_fields(landing):
    for name, info in forms().items():
        columns = form_columns(info)
        repeated = {field for field, described in info.fields.items() if described.repeats_over}
        assert set(info.fields) - repeated <= set(columns)
        shown = [column for column, *_ in landing.connection.execute(f'describe landing."{name}"').fetchall()]
        assert shown == list(columns)


@pytest.mark.parametrize(
    ("form", "field", "kind"),
    [
        ("funding", "planned", pa.decimal128(18, 2)), ("village_progress", "households", pa.int64()),
        ("village_progress", "finished_on", pa.date32()), ("inspection", "has_water", pa.bool_()),
        ("division", "village_code", pa.string()), ("village_progress", "progress_rate", pa.decimal128(18, 6)),
        ("baseline", "served_town_plant", pa.int64()), ("village_progress", "project_key", pa.string()),
    ],
)  # fmt: skip
def test_columns_have_the_type_of_their_field(form, field, kind):
    assert form_columns(forms()[form])[field] == kind


def test_opening_again_finds_what_was_landed(tmp_path):
    with Landing(tmp_path / "w.duckdb") as first:
        write(first, landed(row()))
    with Landing(tmp_path / "w.duckdb") as second:
        assert len(select(second, "1", "village_progress")) == 1


# --- what is written --------------------------------------------------------------------------------------------------


def test_an_accepted_row_has_place_keys_values_and_evidence(landing):
    found = row(project_name="甲 工程", progress_rate=Decimal("0.5"), printed={"progress_rate": "50%"})
    write(landing, landed(found))
    ((place, keys, values, cells, printed),) = select(
        landing,
        "[sheet, row::text, seq::text], [county_code, town_code, village_code, project_key],"
        " [households::text, progress_rate::text, status], cells, printed",
        "village_progress",
    )
    assert place == ["Sheet1", "4", "0"]
    assert keys == ["440999", "440999101", "440999101200001", "甲工程"]
    assert values == ["86", "0.500000", "under_construction"]
    assert json.loads(cells)["households"] == found.record.cells["households"]
    assert json.loads(printed) == {"progress_rate": "50%"}


def test_a_rejected_row_is_kept_with_its_cells_as_printed(landing):
    write(landing, landed(row(unread={"population": "不详"}, households=-1)))
    ((state, rules, cells),) = select(landing, "state, rules, cells", "rejected_row")
    assert (state, rules) == ("rejected", "R01,R02")
    assert json.loads(cells)["population"]["printed"] == "不详"
    assert json.loads(cells)["households"]["printed"] == "-1"
    assert select(landing, "1", "village_progress") == []


def test_the_second_of_two_identical_rows_is_kept_as_a_duplicate(landing):
    write(landing, landed(row(0), row(1)))
    assert select(landing, "row, state, rules", "rejected_row") == [(5, "duplicate", "R09")]
    assert len(select(landing, "1", "village_progress")) == 1


def test_issues_and_notes_are_landed_with_their_address(landing):
    write(landing, landed(row(population=600)))
    rows = select(landing, "rule, severity, sheet, row, cell, printed_value, is_row_rejected", "issue")
    cell = row().record.cells["population"]
    assert rows == [
        ("N08", "info", "Sheet1", None, None, None, False),
        ("R11", "warn", "Sheet1", 4, cell, "600", False),
    ]


def test_the_people_served_by_each_mode_have_a_column_each(landing):
    base = {"town": "青龙镇", "rural_households": 100, "rural_population": 500, "town_plant.served": Decimal(30)}
    write(landing, landed(row(base=base), form="baseline"))
    assert select(landing, "served_town_plant, served_cross_county", "baseline") == [(30, None)]


def test_the_registry_says_what_became_of_a_file(landing):
    refused = landed(digest="bbb", path="raw/2021-08-20/坏.xlsx", status="refused", reason="文件为空。")
    write(landing, landed(row()), refused)
    assert select(landing, "path, status, reason, town_code, report_date", "file") == [
        ("raw/2021-08-20/坏.xlsx", "refused", "文件为空。", None, None),
        ("raw/2021-08-20/青龙镇.xlsx", "read", None, "440999101", REPORTED),
    ]
    known = landing.known()["raw/2021-08-20/青龙镇.xlsx"]
    assert (known.sha256, known.size, known.status, known.master_version) == ("aaa", SIZE, "read", "master")


def test_a_file_of_several_towns_speaks_for_none(landing):
    other = row(1, town="白石镇", village_committee="山口村委会", households=60, population=280)
    write(landing, landed(row(0), other))
    assert select(landing, "town_code", "file") == [(None,)]


def test_a_copy_speaks_for_the_town_and_day_of_its_original(landing):
    copy = landed(path="raw/2021-08-20/副本.xlsx", status="duplicate", duplicate_of="raw/2021-08-20/青龙镇.xlsx")
    write(landing, landed(row()), copy)
    assert select(landing, "status, town_code, report_date", "file") == [
        ("duplicate", "440999101", REPORTED),
        ("read", "440999101", REPORTED),
    ]
    assert len(select(landing, "1", "village_progress")) == 1
    assert landing.originals() == {"aaa": "raw/2021-08-20/青龙镇.xlsx"}


# --- again, and going wrong -------------------------------------------------------------------------------------------


def test_reading_again_replaces_the_reading_and_nothing_else(landing):
    other = landed(row(), digest="bbb", path="raw/2021-08-20/别.xlsx")
    write(landing, landed(row(0), row(1, natural_village="上围", households=20, population=150)), other)
    before = sizes(landing)
    write(landing, landed(row(population=600)), version="2", now=NOW + dt.timedelta(days=1))
    assert select(landing, "file_sha256, population", "village_progress") == [("aaa", 600), ("bbb", 412)]
    assert select(landing, "file_sha256, rule", "issue") == [("aaa", "N08"), ("aaa", "R11"), ("bbb", "N08")]
    assert select(landing, "file_sha256, pipeline_version", "file") == [("aaa", "2"), ("bbb", "1")]
    assert sizes(landing) == before | {"village_progress": before["village_progress"] - 1}


def test_reading_again_keeps_the_day_a_file_was_first_seen(landing):
    write(landing, landed(row()))
    write(landing, landed(row()), now=NOW + dt.timedelta(days=9))
    assert select(landing, "first_seen_at", "file") == [(NOW,)]


def test_other_bytes_under_one_path_are_both_kept_and_the_later_is_known(landing):
    write(landing, landed(row(), digest="aaa"))
    write(landing, landed(row(population=400), digest="bbb"), now=NOW + dt.timedelta(days=1))
    assert select(landing, "file_sha256, population", "village_progress") == [("aaa", 412), ("bbb", 400)]
    assert landing.known()["raw/2021-08-20/青龙镇.xlsx"].sha256 == "bbb"


def test_numbers_of_issues_go_on(landing):
    write(landing, landed(row(population=600)))
    write(landing, landed(row(population=600), digest="bbb", path="raw/b.xlsx"))
    assert select(landing, "issue_no", "issue") == [(1,), (2,), (3,), (4,)]


class Unwritable(dict):
    """A row's values that the database cannot hold: writing them fails half way."""

    def get(self, name, default=None):
        if name == "remark":
            raise RuntimeError("in the middle of writing")
        return super().get(name, default)


def test_a_failure_leaves_nothing_of_the_batch(landing):
    write(landing, landed(row(population=400)))
    before = [(name, select(landing, "*", name)) for name in tables()]
    bad = landed(row(households=2**70), digest="bbb", path="raw/b.xlsx")
    bad.rows["village_progress"][0].states.clear()
    with pytest.raises((OverflowError, pa.ArrowInvalid)):
        write(landing, landed(row()), landed(row(), digest="ccc", path="raw/c.xlsx"), bad)
    assert [(name, select(landing, "*", name)) for name in tables()] == before


def test_after_a_failure_writing_goes_on(landing):
    bad = landed(row(), digest="bbb", path="raw/b.xlsx")
    bad.rows["village_progress"][0].values["households"] = [2**70]
    with pytest.raises((OverflowError, pa.ArrowInvalid)):
        write(landing, bad)
    write(landing, landed(row()))
    assert select(landing, "file_sha256", "village_progress") == [("aaa",)]


def test_a_failure_before_the_transaction_leaves_nothing_either(landing):
    bad = landed(row(), digest="bbb", path="raw/b.xlsx")
    bad.rows["village_progress"][0].values = Unwritable({name: [value] for name, value in ACCEPTABLE.items()})
    with pytest.raises(RuntimeError):
        write(landing, landed(row()), bad)
    assert set(sizes(landing).values()) == {0}


def test_writing_nothing_writes_nothing(landing):
    write(landing)
    assert set(sizes(landing).values()) == {0}


# --- several writings at once -----------------------------------------------------------------------------------------


def test_what_is_written_in_one_transaction_is_there_at_once_or_not_at_all(landing):
    with pytest.raises(RuntimeError), landing.transaction():
        write(landing, landed(row()))
        write(landing, landed(row(), digest="bbb", path="raw/b.xlsx"))
        assert sizes(landing)["file"] == 2
        raise RuntimeError
    assert set(sizes(landing).values()) == {0}
    with landing.transaction():
        write(landing, landed(row()))
        write(landing, landed(row(population=400)))
    assert select(landing, "population", "village_progress") == [(400,)]


def test_the_counties_that_the_tables_of_a_file_name(landing):
    file = landed(row())
    file.read.tables += [TableRead("说明"), TableRead("Sheet2", "funding", report_date=REPORTED)]
    write(landing, file)
    assert landing.counties() == {"aaa": ("", "云塘县")}
