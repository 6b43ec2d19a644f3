"""What was published before a correction came, beside what is known since: the queries of docs/history.md."""

import csv
import datetime as dt
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

from flows import transform
from flows.publish.query import query
from flows.publish.release import Run, publish
from tests.conftest import NOW, County
from tests.pipeline.test_queries import truth

pytestmark = pytest.mark.pipeline

DOCUMENT = Path(__file__).parents[2] / "docs" / "history.md"


def ask(database: Path, sql: str) -> list[dict[str, str]]:
    return list(csv.DictReader("".join(query(database, sql, "csv")).splitlines()))


def people(file: str) -> Counter[tuple[str, str]]:
    """Population completed by town and supply mode, as one file of the report showed it."""
    found: Counter[tuple[str, str]] = Counter()
    for row in truth("rows/village_progress", file=file, state="accepted"):
        found[row["object"][:9], row["supply_mode"]] += int(row["population"]) * (row["status"] == "completed")
    return found


@pytest.mark.slow
def test_what_was_published_before_a_correction_and_what_is_known_since(county: County, tmp_path: Path) -> None:
    then_and_now, why = re.findall(r"```sql\n(.*?)```", DOCUMENT.read_text("utf-8"), re.S)
    warehouse = Path(shutil.copy(county.warehouse, tmp_path / "warehouse.duckdb"))
    transform.build(warehouse, tmp_path / "work", as_of=dt.date(2021, 8, 12))
    then = dt.datetime(2021, 8, 12, 2, 0).astimezone()
    publish(warehouse, tmp_path / "published", Run.starting(dt.date(2021, 8, 10), then))
    transform.build(warehouse, county.data / "work")
    publish(warehouse, tmp_path / "published", Run.starting(dt.date(2021, 8, 20), NOW.astimezone()))

    database = tmp_path / "published" / "marts.duckdb"
    told = ask(database, then_and_now.replace("2021-08-26", "2021-08-13").replace("2021-08-20", "2021-08-10"))
    restated = truth("fct_restatement", report_date="2021-08-10")
    first, correction = people(restated[0]["old_file"]), people(restated[0]["new_file"])
    differing = sorted(key for key in correction if first[key] != correction[key])
    assert [(row["town_code"], row["supply_mode"]) for row in told] == differing != []
    assert [int(row["people_published"]) for row in told] == [first[key] for key in differing]
    assert [int(row["people_known"]) for row in told] == [correction[key] for key in differing]

    columns = ("object", "column", "old_value", "new_value", "changed_on", "old_file", "new_file")
    reasons = sorted(tuple(row[name] for name in columns) for row in restated)
    assert [tuple(row[name] for name in columns) for row in ask(database, why)] == reasons
