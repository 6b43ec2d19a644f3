"""A limit, a criterion or a deadline that is changed in its seed changes the marts of every date."""

import datetime as dt
import shutil
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from flows import transform
from tests.conftest import County
from tests.pipeline.test_queries import truth

pytestmark = pytest.mark.pipeline

LIMIT, LEAST, DAYS = Decimal("0.5"), 50, 10


@pytest.fixture(scope="module")
def changed(county: County, tmp_path_factory: pytest.TempPathFactory) -> duckdb.DuckDBPyConnection:
    """The warehouse after a night of other seeds: less fluoride, more water and more meetings are asked for."""
    folder = tmp_path_factory.mktemp("seeds")
    project = shutil.copytree(transform.PROJECT, folder / "sql", ignore=shutil.ignore_patterns("target", "logs"))
    change(project / "seeds" / "water_limit.csv", "氟化物,,,,1.0,mg/L,2007", f"氟化物,,,,{LIMIT},mg/L,2007")
    change(project / "seeds" / "water_limit.csv", "氟化物,,small_scheme,,1.2", f"氟化物,,small_scheme,,{LIMIT}")
    change(project / "seeds" / "service_criterion.csv", "quantity,basic,wet,35", f"quantity,basic,wet,{LEAST}")
    change(project / "seeds" / "meeting_cadence.csv", "consultation,0,14", f"consultation,0,{DAYS}")
    warehouse = Path(shutil.copy(county.warehouse, folder / "warehouse.duckdb"))
    transform.build(warehouse, folder / "work", project=project)
    con = duckdb.connect(str(warehouse), read_only=True)
    con.execute("use warehouse.marts")
    con.execute(f"attach '{county.warehouse}' as before (read_only)")
    return con


def change(seed: Path, old: str, new: str) -> None:
    text = seed.read_text("utf-8")
    assert text.count(old) == 1
    seed.write_text(text.replace(old, new), encoding="utf-8")


def test_another_limit_fails_the_samples_above_it(changed: duckdb.DuckDBPyConnection) -> None:
    samples: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in truth("fct_water_quality"):
        samples[row["sample_no"]].append(row)
    above = {
        row["sample_no"] for row in truth("fct_water_quality", parameter="氟化物") if Decimal(row["value"]) > LIMIT
    }
    found = changed.execute("select sample_no from fct_water_quality where parameter = '氟化物' and not is_passed")
    assert sorted(number for (number,) in found.fetchall()) == sorted(above) != []
    # with them the towns' points for water quality
    spoilt = [number for number in above if all(row["is_passed"] == "1" for row in samples[number])]
    fewer = changed.execute("""
        select sum(was.numerator - now.numerator)
        from fct_assessment_item as now
        inner join before.marts.fct_assessment_item as was using (report_date, town_code, indicator)
        where indicator = 'water_quality' and report_date = '2021-08-20'
    """).fetchone()
    assert fewer == (len(spoilt),)
    assert spoilt


def test_another_criterion_fails_the_villages_below_it(changed: duckdb.DuckDBPyConnection) -> None:
    below = [
        (row["village_code"], dt.date.fromisoformat(row["checked_on"]))
        for row in truth("fct_service_check")
        if row["quantity_lpcd"] and Decimal(row["quantity_lpcd"]) < LEAST
    ]
    found = changed.execute(
        "select village_code, checked_on from fct_service_check where quantity = 'failed' order by all"
    )
    assert found.fetchall() == sorted(set(below)) != []


def test_another_deadline_makes_meetings_due_sooner(changed: duckdb.DuckDBPyConnection) -> None:
    found = changed.execute("""
        select now.report_date, now.last_held_on, now.next_due_on, was.next_due_on, now.is_overdue
        from rpt_meeting_cadence as now
        inner join before.marts.rpt_meeting_cadence as was using (report_date, town_code, kind)
        where kind = 'consultation' and now.last_held_on is not null
    """).fetchall()
    assert len({date for date, *_ in found}) == 5
    for date, held, due, was_due, is_overdue in found:
        assert (due, was_due) == (held + dt.timedelta(DAYS), held + dt.timedelta(14))
        assert is_overdue == (date > due)
