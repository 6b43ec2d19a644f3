"""The datasets of the Superset bundle give the figures that `flows.metrics` computes, whatever they are sliced by."""

import datetime as dt
import itertools
from collections.abc import Iterator, Sequence
from decimal import Decimal
from fractions import Fraction
from typing import Any

import duckdb
import pytest

from flows.metrics import Metric, Metrics
from flows.publish.query import connect
from flows.publish.superset.datasets import Dataset, Marts, fact_datasets
from flows.publish.superset.figures import figures_dataset
from tests.conftest import County

pytestmark = pytest.mark.pipeline

DAY = dt.date(2021, 8, 20)


@pytest.fixture(scope="module")
def con(county: County) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(county.published / "marts.duckdb") as con:
        yield con


@pytest.fixture(scope="module")
def metrics(con: duckdb.DuckDBPyConnection) -> Metrics:
    return Metrics(con)


@pytest.fixture(scope="module")
def figures(con: duckdb.DuckDBPyConnection, metrics: Metrics) -> Dataset:
    return figures_dataset(Marts(con, "main"), metrics)


def is_same(got: Any, figure: Any) -> bool:
    """Counts and money are equal; a rate, or a figure that was divided out of a sum, is as near as a double can be."""
    if isinstance(got, float) and figure is not None:
        return abs(Fraction(got) - Fraction(figure)) <= abs(Fraction(figure)) / 10**15
    return bool(got == figure)


def parts(metrics: Metrics, name: str) -> list[Metric]:
    """The simple metrics that a metric is computed from."""
    metric = metrics.all[name]
    return [part for made_of in metric.inputs for part in parts(metrics, made_of)] or [metric]


def test_every_figure_is_the_metric_of_its_slice(
    con: duckdb.DuckDBPyConnection, metrics: Metrics, figures: Dataset
) -> None:
    keys = ("report_date", "town_code", "supply_mode")
    names = list(figures.measures)
    rows = con.execute(
        f"""
        select {", ".join(keys)}, {", ".join(figures.measures[name].sql for name in names)}
        from ({figures.sql})
        group by grouping sets (
            (report_date), (report_date, town_code), (report_date, supply_mode), (report_date, town_code, supply_mode)
        )
        """
    ).fetchall()
    assert {row[:3] for row in rows} >= set(
        con.execute(
            "select distinct report_date, town_code, dim_supply_mode.supply_mode from fct_coverage, dim_supply_mode"
        ).fetchall()
    )
    known = 0
    for row in rows:
        where = {key: value for key, value in zip(keys, row[:3], strict=True) if value is not None}
        for name, got in zip(names, row[3:], strict=True):
            asked = {key: value for key, value in where.items() if key in metrics.dimensions(name)}
            figure = metrics.figure(name, asked).value
            assert is_same(got, figure), (name, where, got, figure)
            known += figure is not None
    assert known > 5000


def test_a_denominator_without_supply_modes_counts_once_over_several(
    con: duckdb.DuckDBPyConnection, metrics: Metrics, figures: Dataset
) -> None:
    def known(name: str, modes: Sequence[str]) -> list[Any]:
        found = [metrics.figure(name, {"report_date": DAY, "supply_mode": mode}).value for mode in modes]
        return [value for value in found if value is not None]

    modes = [mode for (mode,) in con.execute("select supply_mode from dim_supply_mode order by all").fetchall()]
    asked = ("rural_population", "planned_yuan", "supply_rate")
    whole = metrics.figure("rural_population", {"report_date": DAY}).value
    assert isinstance(whole, int)
    for chosen in itertools.chain.from_iterable(itertools.combinations(modes, size) for size in (2, 3, 4)):
        ((rural, planned, rate),) = con.execute(
            f"select {', '.join(figures.measures[name].sql for name in asked)} from ({figures.sql}) "
            "where report_date = ? and supply_mode in (select unnest(?))",
            [DAY, chosen],
        ).fetchall()
        assert rural == whole
        assert planned == sum(known("planned_yuan", chosen))
        served = sum(known("population_served_before", chosen)) + sum(known("population_completed", chosen))
        assert is_same(rate, Fraction(served, whole))


def test_the_metrics_of_a_fact_table_are_those_of_its_slices(con: duckdb.DuckDBPyConnection, metrics: Metrics) -> None:
    compared = set()
    for dataset in fact_datasets(Marts(con, "main"), metrics):
        for name, measure in dataset.measures.items():
            for town, got in con.execute(
                f"select town_code, {measure.sql} from ({dataset.sql}) where report_day = ? group by town_code",
                [str(DAY)],
            ).fetchall():
                figure = metrics.figure(name, {"report_date": DAY, "town_code": town}).value
                assert is_same(got, figure), (name, town, got, figure)
                compared.add(name)
    across = {name for name in metrics.all if len({part.table for part in parts(metrics, name)}) > 1}
    assert {"supply_rate", "village_target_rate", "population_served"} <= across
    assert metrics.all.keys() - compared == across


def test_the_figures_leave_out_only_what_cannot_be_added_up_by_report_date(metrics: Metrics, figures: Dataset) -> None:
    for name in metrics.all:
        is_left_out = any(
            part.aggregation in ("count_distinct", "median") or part.table in ("fct_data_issue", "fct_submission")
            for part in parts(metrics, name)
        )
        assert (name not in figures.measures) is is_left_out, name


def test_a_dataset_shows_every_row_of_its_table_once_with_names_beside_codes(
    con: duckdb.DuckDBPyConnection, metrics: Metrics
) -> None:
    datasets = {dataset.key: dataset for dataset in fact_datasets(Marts(con, "main"), metrics)}
    for table, dataset in datasets.items():
        assert (
            con.execute(f"select count(*) from ({dataset.sql})").fetchone()
            == con.execute(f"select count(*) from {table}").fetchone()
        )
        labels = [column.told.label for column in dataset.columns]
        assert len(set(labels)) == len(labels), table
    (row,) = con.execute(
        f"select distinct town_name, grade_name from ({datasets['fct_assessment'].sql}) "
        "where report_day = '2021-08-20' and rank = 1"
    ).fetchall()
    assert row == ("双桥镇", "优秀")


def test_money_stays_decimal(con: duckdb.DuckDBPyConnection, figures: Dataset) -> None:
    (spent,) = con.execute(f"select {figures.measures['spent_yuan'].sql} from ({figures.sql})").fetchone() or (None,)
    assert isinstance(spent, Decimal)
