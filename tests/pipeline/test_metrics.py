"""Every metric of the sample county: the same slice gives the same figure wherever it is read."""

from collections.abc import Iterator
from decimal import Decimal

import pytest

from flows.metrics import UNITS_EN, Metrics, UnknownMetric
from flows.publish.query import connect
from flows.report.numbers import half_up
from tests.conftest import County

pytestmark = pytest.mark.pipeline

DAY = "2021-08-20"


@pytest.fixture(scope="module")
def metrics(county: County) -> Iterator[Metrics]:
    with connect(county.published / "marts.duckdb") as con:
        yield Metrics(con)


def test_every_metric_says_what_it_is_and_can_be_computed(metrics: Metrics) -> None:
    assert len(metrics.all) > 50
    for name, metric in metrics.all.items():
        assert metric.name_zh and metric.definition and metric.definition_en and metric.table
        assert metric.unit in UNITS_EN if metric.kind != "ratio" else metric.unit is None
        assert metrics.figure(name, {"report_date": DAY}).value is not None


def test_a_report_table_says_what_the_metric_of_the_same_name_says(metrics: Metrics) -> None:
    con, compared = metrics._con, 0
    keys = ("report_date", "county_code", "town_code", "supply_mode", "funding_source")
    columns: dict[str, list[str]] = {}
    for table, column in con.execute(
        "select table_name, column_name from information_schema.columns "
        "where table_schema = 'main' and table_name like 'rpt_%' order by ordinal_position"
    ).fetchall():
        columns.setdefault(table, []).append(column)
    pairs = [(table, column) for table, names in columns.items() for column in names if column in metrics.all]
    for table, column in pairs:
        has = [key for key in keys if key in columns[table]]
        for *slice_, said in con.execute(f"select {', '.join(has)}, {column} from {table}").fetchall():
            where = {
                key: value
                for key, value in zip(has, slice_, strict=True)
                if value != "all" and key in metrics.dimensions(column)
            }
            figure = metrics.figure(column, where)
            value = figure.value
            if isinstance(said, Decimal) and figure.metric.kind == "ratio" and value is not None:
                value = half_up(value, 6)
            assert (value or 0) == (said or 0), (table, column, where)
            compared += 1
    assert {table for table, _ in pairs} >= {
        "rpt_coverage_town", "rpt_coverage_county", "rpt_supply_rate", "rpt_funding", "rpt_verification_town",
    }  # fmt: skip
    assert compared > 5000


def test_what_nobody_reported_is_unknown_and_what_is_not_there_is_none(metrics: Metrics) -> None:
    assert metrics.figure("villages_planned", {"report_date": "2021-01-01"}).value is None
    assert metrics.figure("villages_planned", {"report_date": DAY, "works_type": "no such"}).value == 0
    assert metrics.figure("planned_yuan", {"report_date": DAY, "funding_source": "no such"}).value == 0


def test_a_figure_cannot_be_sliced_by_what_none_of_its_tables_has(metrics: Metrics) -> None:
    with pytest.raises(UnknownMetric, match="funding_source"):
        metrics.figure("supply_rate", {"report_date": DAY, "funding_source": "other"})
    with pytest.raises(UnknownMetric, match="no_such"):
        metrics.figure("no_such", {})
