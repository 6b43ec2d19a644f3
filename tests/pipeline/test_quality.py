"""Water, service and meetings beyond what the truth says: samples after the change of standard, and addresses."""

import json
import re
import shutil
from pathlib import Path

import duckdb
import pytest

from flows import transform
from tests.conftest import County

pytestmark = pytest.mark.pipeline


def test_every_water_result_leads_to_the_row_of_its_value(county: County) -> None:
    with duckdb.connect(str(county.warehouse), read_only=True) as con:
        results = con.execute("select row, cells from landing.water_quality").fetchall()
    rows = [(row, int(re.sub(r"\D", "", json.loads(cells)["value"]))) for row, cells in results]
    assert len(rows) > 1500
    assert [pair for pair in rows if pair[0] != pair[1]] == []


@pytest.mark.slow
def test_the_county_two_years_later_is_judged_by_the_new_standard(county: County, tmp_path: Path) -> None:
    warehouse = Path(shutil.copy(county.warehouse, tmp_path / "warehouse.duckdb"))
    with duckdb.connect(str(warehouse)) as con:
        con.execute("update landing.water_quality set sampled_on = sampled_on + interval 2 year")
        before = _verdicts(con)
    transform.build(warehouse, county.data / "work")
    with duckdb.connect(str(warehouse), read_only=True) as con:
        after = _verdicts(con)
    assert {standard for standard, _, _ in before} == {"GB 5749-2006"}
    assert {standard for standard, _, _ in after} == {"GB 5749-2022"}
    # nobody's water has changed: what small schemes were allowed, nobody is any more
    assert max(limit for _, limit, _ in before) == 500
    assert max(limit for _, limit, _ in after) == 100
    assert sum(not passed for _, _, passed in before) == 4
    assert sum(not passed for _, _, passed in after) > 4


def _verdicts(con: duckdb.DuckDBPyConnection) -> list[tuple[str, float, bool]]:
    return con.execute(
        "select standard, limit_max, is_passed from marts.fct_water_quality where parameter = '菌落总数'"
    ).fetchall()
