"""Metrics over slices, on marts of a few rows."""

import datetime as dt
from collections.abc import Iterator
from fractions import Fraction

import duckdb
import pytest

from flows.metrics import Metrics, UnknownMetric

DAY = dt.date(2021, 8, 20)
MARTS = """
create table metric as
select * from (values
    ('villages', '自然村', 'z', 'e', 'simple', '条', 'fct', 'count', 'village', 'count(village)', null),
    ('people', '人口', 'z', 'e', 'simple', '人', 'fct', 'sum', 'people', 'sum(people)', null),
    ('done', '完成', 'z', 'e', 'simple', '条', 'fct', 'sum_boolean', 'is_done', 'count_if(is_done)', null),
    ('last_day', '最晚', 'z', 'e', 'simple', '日', 'fct', 'max', 'finish', 'max(finish)', null),
    ('inhabitants', '农村人口', 'z', 'e', 'simple', '人', 'base', 'sum', 'inhabitants', 'sum(inhabitants)', null),
    ('twice', '两倍', 'z', 'e', 'derived', '人', 'fct', null, 'people + people', 'people + people', null),
    ('rate', '率', 'z', 'e', 'ratio', null, 'fct', null, null, 'people', 'inhabitants'),
    ('done_rate', '完成率', 'z', 'e', 'ratio', null, 'fct', null, null, 'done', 'villages')
) as of_the_marts (
    metric, name_zh, definition, definition_en, kind, unit, "table", aggregation, expression, numerator, denominator
)
cross join lateral (
    select
        'report_date, town_code' || if("table" = 'fct', ', supply_mode', '') as dimensions,
        if(kind = 'simple', 'population', null) as fields
);
create table fct as select * from (values
    (date '2021-08-20', 'A', 'plant', 'v1', 100, true, date '2021-09-10'),
    (date '2021-08-20', 'A', 'small', 'v2', 30, false, date '2021-09-30'),
    (date '2021-08-20', 'B', 'small', 'v3', null, true, null),
    (date '2021-08-10', 'A', 'plant', 'v1', 90, false, date '2021-09-10')
) as f (report_date, town_code, supply_mode, village, people, is_done, finish);
create table base as select * from (values
    (date '2021-08-20', 'A', 1000), (date '2021-08-20', 'B', 500)
) as b (report_date, town_code, inhabitants);
"""


@pytest.fixture
def metrics() -> Iterator[Metrics]:
    with duckdb.connect() as con:
        con.execute(MARTS)
        yield Metrics(con)


def value(metrics: Metrics, name: str, **where: object) -> object:
    return metrics.figure(name, {"report_date": DAY, **where}).value


def test_a_simple_metric_sums_its_slice(metrics: Metrics) -> None:
    assert value(metrics, "people") == 130
    assert value(metrics, "people", town_code="A", supply_mode="small") == 30
    assert value(metrics, "done", town_code="A") == 1
    assert value(metrics, "last_day") == dt.date(2021, 9, 30)


def test_a_rate_divides_sums_and_leaves_a_denominator_without_the_dimension_whole(metrics: Metrics) -> None:
    figure = metrics.figure("rate", {"report_date": DAY, "supply_mode": "small"})
    assert figure.value == Fraction(30, 1500)
    assert [part.value for part in figure.inputs] == [30, 1500]
    assert value(metrics, "rate", town_code="A") == Fraction(130, 1000)
    assert value(metrics, "done_rate") == Fraction(2, 3)


def test_a_derived_metric_is_its_expression(metrics: Metrics) -> None:
    assert value(metrics, "twice", town_code="A") == 260


def test_no_row_is_none_where_something_was_reported_and_unknown_where_nothing_was(metrics: Metrics) -> None:
    assert value(metrics, "people", town_code="B", supply_mode="plant") == 0
    assert value(metrics, "done_rate", town_code="B", supply_mode="plant") is None  # nothing to divide by
    assert value(metrics, "people", town_code="C") is None
    assert value(metrics, "rate", town_code="C") is None
    assert value(metrics, "people", town_code="B") is None  # reported, without a figure
    assert value(metrics, "last_day", town_code="A", supply_mode="other") is None


def test_a_figure_is_known_by_metric_and_slice_however_it_is_asked_for(metrics: Metrics) -> None:
    one = metrics.figure("people", {"supply_mode": "small", "town_code": "A", "report_date": DAY})
    other = metrics.figure("people", {"report_date": DAY, "town_code": "A", "supply_mode": "small"})
    assert one == other
    assert one.key == "people@2021-08-20/A/small"


def test_what_cannot_be_asked_is_refused(metrics: Metrics) -> None:
    with pytest.raises(UnknownMetric, match="no_such"):
        metrics.figure("no_such", {"report_date": DAY})
    with pytest.raises(UnknownMetric, match="inhabitants: supply_mode"):
        metrics.figure("inhabitants", {"report_date": DAY, "supply_mode": "small"})
