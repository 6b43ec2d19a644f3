"""From figures to cells, on marts and a warehouse of a few rows."""

import datetime as dt
import json
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from flows.metrics import Figure
from flows.trace import Proof, Row, Tracer, Untraceable

DAY = dt.date(2021, 8, 20)
FILE = "raw/2021-08-20/青龙镇.xlsx"
MARTS = """
create schema meta;
create table meta.lineage as select * from (values
    ('fct_coverage', 'int_part_as_of'), ('int_part_as_of', 'stg_row'), ('fct_coverage', 'stg_village_progress')
) as l (name, input);
create table meta.table_key as select * from (values
    ('fct_coverage', 'report_date'), ('fct_coverage', 'village_code'), ('fct_coverage', 'supply_mode')
) as k (table_name, column_name);
create table metric as
select *, 'report_date, county_code, town_code, supply_mode' as dimensions from (values
    ('villages', '自然村', '村数', 'villages', 'simple', '条', 'fct_coverage', 'count', 'village_code',
        'count(village_code)', null, 'natural_village'),
    ('people', '完成人口', '人口', 'people', 'simple', '人', 'fct_coverage', 'sum', 'people_done', 'sum(people_done)',
        null, 'population'),
    ('committees', '村委会', '村委会', 'committees', 'simple', '个', 'fct_coverage', 'count_distinct',
        'substr(village_code, 1, 12)', 'count(distinct substr(village_code, 1, 12))', null, 'village_committee'),
    ('last_day', '最晚', '最晚', 'latest', 'simple', '日', 'fct_coverage', 'max', 'planned_finish',
        'max(planned_finish)', null, 'planned_finish'),
    ('rate', '每村人口', '人口÷村数', 'people ÷ villages', 'ratio', null, 'fct_coverage', null, null, 'people',
        'villages', null)
) as m (
    metric, name_zh, definition, definition_en, kind, unit, "table", aggregation, expression, numerator, denominator,
    fields
);
create table dim_division as select * from (values
    ('449901', 'county', '云塘县', null), ('449901101', 'town', '青龙镇', '449901'),
    ('449901101201', 'committee', '兴隆村委会', '449901101'),
    ('449901101201001', 'village', '大屋', '449901101201'), ('449901101201002', 'village', '上围', '449901101201')
) as d (division_code, level, name, parent_code);
create table dim_project as select 'p' as project_code, 'P' as project_name;
create table fct_restatement (
    report_date date, town_code varchar, form varchar, part varchar, object varchar, "column" varchar,
    old_value varchar, new_value varchar, changed_on date, old_file varchar
);
create table fct_coverage as select
    date '2021-08-20' as report_date, '449901' as county_code, '449901101' as town_code, *,
    date '2021-08-20' as reported_on, 'sha' as source_id, 'raw/2021-08-20/青龙镇.xlsx' as source_file,
    '进度' as source_sheet
from (values
    ('449901101201001', 'town_plant', 412, date '2021-08-31', 5),
    ('449901101201002', 'town_plant', 0, date '2021-09-30', 6),
    ('449901101201002', 'small_scheme', 300, date '2021-09-30', 6)
) as c (village_code, supply_mode, people_done, planned_finish, source_row);
"""
WAREHOUSE = """
create schema landing;
create table landing.file as select 'sha' as file_sha256, date '2021-08-21' as received_on, 'read' as status;
create table landing.issue (
    file_sha256 varchar, sheet varchar, cell varchar, rule varchar, message_zh varchar, message_en varchar
);
create table landing.village_progress (
    file_sha256 varchar, sheet varchar, "row" bigint, seq bigint, report_date date, county_code varchar,
    town_code varchar, village_code varchar, supply_mode varchar, village_committee varchar, natural_village varchar,
    population bigint, planned_finish date, cells varchar, printed varchar
);
"""
CELLS = {"village_committee": "A5", "planned_finish": "E{row}"}
CELL_ROWS = (
    # village, mode, population, planned finish, row, cells, printed
    (
        "001",
        "town_plant",
        412,
        "2021-08-31",
        5,
        {"natural_village": "B5", "population": "D5"},
        {"population": "0.0412"},
    ),
    ("002", "town_plant", 200, "2021-09-30", 6, {"natural_village": "B6", "population": "D6"}, {}),
    ("002", "small_scheme", 300, "2021-09-30", 6, {"natural_village": "B6", "population": "F6"}, {}),
)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    with duckdb.connect(str(tmp_path / "marts.duckdb")) as con:
        con.execute(MARTS)
    with duckdb.connect(str(tmp_path / "warehouse.duckdb")) as con:
        con.execute(WAREHOUSE)
        for number, (village, mode, people, finish, row, cells, printed) in enumerate(CELL_ROWS):
            cells = cells | {name: cell.format(row=row) for name, cell in CELLS.items()}
            con.execute(
                "insert into landing.village_progress values "
                "('sha', '进度', ?, ?, '2021-08-20', '449901', '449901101', ?, ?, '兴隆', '村', ?, ?, ?, ?)",
                [row, number, f"449901101201{village}", mode, people, finish, json.dumps(cells), json.dumps(printed)],
            )
    return tmp_path


@pytest.fixture
def tracer(place: Path) -> Iterator[Tracer]:
    with Tracer(place / "marts.duckdb", place / "warehouse.duckdb") as tracer:
        yield tracer


def change(place: Path, database: str, sql: str) -> None:
    with duckdb.connect(str(place / database)) as con:
        con.execute(sql)


def proof(tracer: Tracer, metric: str, **where: object) -> Proof:
    figure: Figure = tracer.metrics.figure(metric, {"report_date": DAY, "county_code": "449901", **where})
    return tracer.trace(figure)


def places(rows: tuple[Row, ...]) -> list[tuple[object, ...]]:
    return [(row.contribution, *(cell.address for cell in row.cells)) for row in rows]


def test_each_row_that_counts_ends_in_its_cell(tracer: Tracer) -> None:
    found = proof(tracer, "villages")
    assert found.total == found.figure.value == 3
    assert places(found.rows) == [(1, "B5"), (1, "B6"), (1, "B6")]
    (cell,) = found.rows[0].cells
    assert (cell.file, cell.sheet, cell.received_on) == (FILE, "进度", dt.date(2021, 8, 21))
    assert found.rows[0].object == "兴隆村委会大屋（镇级水厂扩网）"


def test_a_line_of_a_sheet_that_tells_of_two_modes_gives_each_its_own_cell(tracer: Tracer) -> None:
    assert places(proof(tracer, "people", supply_mode="small_scheme").rows) == [(300, "F6")]
    assert places(proof(tracer, "people", supply_mode="town_plant").rows) == [(412, "D5")]


def test_an_unfinished_village_does_not_count_and_a_printed_zero_does(place: Path) -> None:
    change(place, "warehouse.duckdb", "update landing.village_progress set population = 0 where population = 200")
    with Tracer(place / "marts.duckdb", place / "warehouse.duckdb") as tracer:
        assert places(proof(tracer, "people").rows) == [(412, "D5"), (300, "F6"), (0, "D6")]


def test_the_way_from_what_is_printed_to_the_value_is_told(tracer: Tracer) -> None:
    (first, _) = proof(tracer, "people").rows
    assert (first.cells[0].printed, first.cells[0].reading) == ("0.0412", "0.0412 × 10000 = 412")


def test_of_distinct_objects_every_row_is_evidence_and_one_counts(tracer: Tracer) -> None:
    found = proof(tracer, "committees")
    assert found.total == found.figure.value == 1
    assert [row.contribution for row in found.rows] == [1, 0, 0]


def test_the_latest_day_is_that_of_the_rows_that_have_it(tracer: Tracer) -> None:
    found = proof(tracer, "last_day")
    assert found.total == found.figure.value == dt.date(2021, 9, 30)
    assert places(found.rows) == [(dt.date(2021, 9, 30), "E6"), (dt.date(2021, 9, 30), "E6")]


def test_a_rate_is_proven_by_its_numerator_and_denominator(tracer: Tracer) -> None:
    found = proof(tracer, "rate", supply_mode="town_plant")
    assert not found.rows
    assert [(part.figure.metric.name, part.total) for part in found.inputs] == [("people", 412), ("villages", 2)]


def test_a_cell_of_another_line_and_what_no_cell_says_are_told(tracer: Tracer) -> None:
    rows = proof(tracer, "committees", supply_mode="town_plant").rows
    assert rows[0].cells[0].notes == ()
    assert "第6行未单独填写" in rows[1].cells[0].notes[0]
    assert [(cell.address, cell.notes) for cell in rows[0].beside] == [(None, ("取自表头、标题、工作表名或文件名",))]


def test_corrections_formulas_and_restatements_are_told(place: Path) -> None:
    change(
        place,
        "warehouse.duckdb",
        """
        update landing.village_progress set printed = '{"population": "=C6*3"}' where supply_mode = 'small_scheme';
        insert into landing.issue values
            ('sha', '进度', 'D5', 'N20', '按更正表将“402”读作“412”（来电；水务局，2021-08-21提出）。', 'corrected');
        """,
    )
    change(
        place,
        "marts.duckdb",
        "insert into fct_restatement values ('2021-08-20', '449901101', 'village_progress', 'small_scheme', "
        "'449901101201002', 'population', '299', '300', '2021-08-22', 'raw/old.xlsx')",
    )
    with Tracer(place / "marts.duckdb", place / "warehouse.duckdb") as tracer:
        corrected, computed = (row.cells[0] for row in proof(tracer, "people").rows)
        assert "水务局，2021-08-21提出" in corrected.notes[0]
        assert corrected.reading == "0.0412 → 412"  # no unit's doing
        assert computed.notes == ("公式没有存结果，按公式算得", "原报299（raw/old.xlsx），2021-08-22更正为300")


def test_a_row_whose_file_is_gone_says_so(place: Path) -> None:
    change(place, "warehouse.duckdb", "delete from landing.village_progress")
    with Tracer(place / "marts.duckdb", place / "warehouse.duckdb") as tracer:
        found = proof(tracer, "villages")
    assert found.total == 3
    assert {row.notes for row in found.rows} == {("原始文件已不在库中",)}


def test_without_a_warehouse_there_is_no_way_to_the_cells(place: Path) -> None:
    (place / "warehouse.duckdb").unlink()
    with pytest.raises(Untraceable, match="no way to the cells") as refused:
        Tracer(place / "marts.duckdb", place / "warehouse.duckdb")
    assert "请先运行 gongshui run" in refused.value.sentence("zh")
