"""The datasets of the Superset bundle, on marts of a few rows where little is known."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest

from flows.metrics import Metrics
from flows.publish.superset.datasets import Dataset, Marts, fact_datasets
from flows.publish.superset.figures import figures_dataset

DAY = dt.date(2021, 8, 20)
PLACE = "report_date date, county_code varchar, town_code varchar"
MARTS = f"""
create table metric as
select * from (values
    ('villages', '自然村', 'simple', '条', 'fct_villages', 'count', 'count(village)', null),
    ('people', '人口', 'simple', '人', 'fct_villages', 'sum', 'sum(people)', null),
    ('last_day', '最晚', 'simple', '日', 'fct_villages', 'max', 'max(finish)', null),
    ('middle', '中位', 'simple', '人', 'fct_villages', 'median', 'median(people)', null),
    ('inhabitants', '农村人口', 'simple', '人', 'fct_base', 'sum', 'sum(inhabitants)', null),
    ('yuan', '资金', 'simple', '元', 'fct_money', 'sum', 'sum(yuan)', null),
    ('served', '供水', 'derived', '人', 'fct_villages', null, 'people + villages', null),
    ('rate', '率', 'ratio', null, 'fct_villages', null, 'served', 'inhabitants'),
    ('own_rate', '户率', 'ratio', null, 'fct_villages', null, 'people', 'villages')
) as of_the_marts (metric, name_zh, kind, unit, "table", aggregation, numerator, denominator)
cross join lateral (
    select
        '定义' as definition,
        'definition' as definition_en,
        if(kind = 'derived', numerator, null) as expression,
        'report_date, county_code, town_code' || if("table" = 'fct_base', '', ', supply_mode') as dimensions,
        null as fields
);
create table fct_villages ({PLACE}, supply_mode varchar, village varchar, people bigint, finish date, status varchar);
insert into fct_villages values
    ('2021-08-20', '1', 'A', 'plant', 'v1', 100, '2021-09-10', 'done'),
    ('2021-08-20', '1', 'A', 'small', 'v2', 30, '2021-09-30', 'idle'),
    ('2021-08-20', '1', 'B', 'small', 'v3', null, null, 'done'),
    ('2021-08-20', '1', 'A', null, 'v4', 7, null, 'idle'),
    ('2021-08-20', '1', null, 'small', 'v5', 5, null, 'idle'),
    ('2021-08-10', '1', 'A', 'plant', 'v1', 90, '2021-09-10', 'idle');
create table fct_base ({PLACE}, inhabitants bigint);
insert into fct_base values ('2021-08-20', '1', 'A', 1000), ('2021-08-20', '1', 'B', 500);
create table fct_money ({PLACE}, supply_mode varchar, yuan decimal(18, 2));
insert into fct_money values ('2021-08-20', '1', 'C', 'plant', 12.34);
create table dim_supply_mode as
select * from (values ('plant', '水厂'), ('small', '小型'), ('cross', '跨县')) as m (supply_mode, name_zh);
create table dim_division as
select * from (values ('A', '甲镇'), ('B', '乙镇'), ('C', '丙镇')) as d (division_code, name);
create schema meta;
create table meta.table_key as
select table_name, 1 as position, 'report_date' as column_name from duckdb_tables() where table_name like 'fct_%';
comment on table fct_villages is '自然村 | 每行一条自然村。 | One village.';
comment on column fct_villages.status is '进展 | idle 未开工，done 已完成（通水） | status';
"""
OTHERS = {"fct_base": "基数", "fct_money": "资金"}


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(MARTS)
        for table, label in OTHERS.items():
            con.execute(f"comment on table {table} is '{label} | 定义 | definition'")
        for table, column in con.execute(
            "select table_name, column_name from duckdb_columns() "
            "where table_name like 'fct_%' and schema_name = 'main' and comment is null"
        ).fetchall():
            con.execute(f"comment on column {table}.{column} is '{column} | 定义 | definition'")
        yield con


@pytest.fixture
def figures(con: duckdb.DuckDBPyConnection) -> Dataset:
    return figures_dataset(Marts(con, "main"), Metrics(con))


def ask(con: duckdb.DuckDBPyConnection, dataset: Dataset, metric: str, where: str = "true") -> object:
    (value,) = con.execute(
        f"select {dataset.measures[metric].sql} from ({dataset.sql}) where report_day = '{DAY}' and {where}"
    ).fetchone() or (None,)
    return value


def test_a_table_without_supply_modes_stays_whole_and_counts_once(
    con: duckdb.DuckDBPyConnection, figures: Dataset
) -> None:
    for where in ("true", "supply_mode = 'small'", "supply_mode = 'cross'", "supply_mode in ('small', 'plant')"):
        assert ask(con, figures, "inhabitants", where) == 1500
    assert ask(con, figures, "inhabitants", "town_name = '甲镇'") == 1000
    assert ask(con, figures, "rate", "supply_mode = 'plant'") == pytest.approx(101 / 1500, abs=1e-15)
    assert ask(con, figures, "rate") == pytest.approx((142 + 5) / 1500, abs=1e-15)


def test_no_row_is_none_where_something_was_reported_and_unknown_where_nothing_was(
    con: duckdb.DuckDBPyConnection, figures: Dataset
) -> None:
    assert ask(con, figures, "people", "town_code = 'B' and supply_mode = 'plant'") == 0
    assert ask(con, figures, "people", "town_code = 'B'") is None  # a row, without a figure
    assert ask(con, figures, "villages", "town_code = 'B'") == 1
    assert ask(con, figures, "villages", "town_code = 'C'") is None
    assert ask(con, figures, "villages", "supply_mode = 'cross'") == 0
    assert ask(con, figures, "last_day", "town_code = 'A' and supply_mode = 'cross'") is None
    assert ask(con, figures, "rate", "town_code = 'C'") is None


def test_rows_of_no_town_or_mode_are_in_the_total(con: duckdb.DuckDBPyConnection, figures: Dataset) -> None:
    assert ask(con, figures, "people") == 142
    assert ask(con, figures, "people", "supply_mode_name = '未注明'") == 7
    assert ask(con, figures, "people", "town_name = '未注明'") == 5
    assert ask(con, figures, "yuan") == Decimal("12.34")


def test_what_cannot_be_put_together_from_parts_is_left_to_its_table(
    con: duckdb.DuckDBPyConnection, figures: Dataset
) -> None:
    assert "middle" not in figures.measures
    villages, *_ = (
        dataset for dataset in fact_datasets(Marts(con, "main"), Metrics(con)) if dataset.key == "fct_villages"
    )
    assert villages.measures.keys() == {"villages", "people", "last_day", "middle", "served", "own_rate"}
    assert ask(con, villages, "middle") == 18.5
    assert ask(con, villages, "own_rate", "town_code = 'A'") == pytest.approx(137 / 3, abs=1e-14)


def test_codes_stand_beside_their_names_and_labels_are_those_of_the_comments(con: duckdb.DuckDBPyConnection) -> None:
    villages, *_ = (
        dataset for dataset in fact_datasets(Marts(con, "main"), Metrics(con)) if dataset.key == "fct_villages"
    )
    assert con.execute(
        f"select town_name, supply_mode_name, status_name from ({villages.sql}) where village = 'v3'"
    ).fetchone() == ("乙镇", "小型", "已完成")
    labels = {column.name: column.told.label for column in villages.columns}
    assert (villages.label, labels["status"], labels["status_name"]) == ("自然村", "进展代码", "进展")
    described = villages.document()
    assert described["main_dttm_col"] == "report_date"
    assert [metric for metric in described["metrics"] if metric["metric_name"] == "villages"] == [
        {
            "metric_name": "villages",
            "verbose_name": "自然村（条）",
            "description": "定义 | definition",
            "expression": "count(village)",
            "d3format": ",.4~f",
        }
    ]


def test_only_the_schema_differs_where_superset_reads_postgresql(
    con: duckdb.DuckDBPyConnection, figures: Dataset
) -> None:
    con.execute("create schema marts")
    for (table,) in con.execute("select table_name from duckdb_tables() where schema_name = 'main'").fetchall():
        con.execute(f"create view marts.{table} as select * from main.{table}")
    there = figures_dataset(Marts(con, "marts"), Metrics(con))
    assert there.sql.replace(" marts.", " main.") == figures.sql != there.sql
    assert there.columns == figures.columns
