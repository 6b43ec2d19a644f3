"""What official documents are written with: figures in sentences, what they lack, and the file."""

import datetime as dt
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from docx import Document
from docx.oxml.ns import qn

from flows.metrics import Figure, Metric, Metrics
from flows.report.figures import Citation, Citations, Edition, Facts
from flows.report.lists import names, number_zh
from flows.report.official import OfficialDocument, linked, unlinked
from flows.report.prose import Prose

DAY = dt.date(2021, 8, 20)
MARTS = """
create table metric as
select *, null as definition, null as definition_en, '人' as unit from (values
    ('target', '年度任务', 'simple', 'fct_annual_target', 'sum', 'target', 'sum(target)', null, 'villages'),
    ('villages', '自然村', 'simple', 'fct_coverage', 'count', 'village', 'count(village)', null, 'natural_village'),
    ('people', '供水人口', 'simple', 'fct_coverage', 'sum', 'people', 'sum(people)', null, 'population'),
    ('finish', '完成时间', 'simple', 'fct_coverage', 'max', 'finish', 'max(finish)', null, 'planned_finish'),
    ('middle', '中位数', 'simple', 'fct_coverage', 'median', 'people',
        'cast(percentile_cont(0.5) within group (order by people) as decimal(18, 1))', null, null),
    ('money', '计划资金', 'simple', 'fct_funding', 'sum', 'money', 'sum(money)', null, 'planned'),
    ('inhabitants', '农村人口', 'simple', 'fct_rural_population', 'sum', 'people', 'sum(people)', null, null),
    ('events', '会议', 'simple', 'fct_supervision_as_of', 'count', 'event', 'count(event)', null, null),
    ('rate', '供水率', 'ratio', 'fct_coverage', null, null, 'people', 'inhabitants', null),
    ('of_target', '任务完成率', 'ratio', 'fct_coverage', null, null, 'villages', 'target', null)
) as of_the_marts (metric, name_zh, kind, "table", aggregation, expression, numerator, denominator, fields)
cross join (select 'report_date, county_code, town_code' as dimensions);
create table dim_division as select * from (values
    ('C', 'county', '某县', null), ('C1', 'town', '甲镇', 'C'), ('C2', 'town', '乙镇', 'C'), ('C3', 'town', '丙镇', 'C')
) as d (division_code, level, name, county_code);
create table fct_submission (
    form varchar, status varchar, county_code varchar, town_code varchar, report_date date, received_on date
);
"""
TABLES = {
    "fct_annual_target": "target integer",
    "fct_coverage": "village varchar, people integer, finish date",
    "fct_funding": "money decimal(18, 2)",
    "fct_rural_population": "people integer",
    "fct_supervision_as_of": "event varchar",
}
for table, columns in TABLES.items():
    MARTS += f"create table {table} (report_date date, county_code varchar, town_code varchar, {columns});\n"


@pytest.fixture
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(MARTS)
        yield con


def add(con: duckdb.DuckDBPyConnection, table: str, *rows: tuple[object, ...]) -> None:
    for town, *values in rows:
        marks = ", ".join("?" for _ in values)
        con.execute(f"insert into {table} values ('{DAY}', 'C', ?, {marks})", [town, *values])


def prose(con: duckdb.DuckDBPyConnection) -> Prose:
    facts = Facts(Metrics(con), DAY, "C")
    return Prose(Edition(con, "某县", facts, None, DAY, dt.datetime(2021, 8, 21), Citations()), "汇报.docx")


# --- figures in sentences ---------------------------------------------------------------------------------------------


def test_a_figure_in_a_sentence_is_noted_and_leads_to_its_source(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "fct_coverage", ("C1", "v1", 30_000, None), ("C2", "v2", 12_832, None))
    writer = prose(con)
    said = writer.told(("完成自然村{}", writer.count("villages", "条")), ("，解决{}", writer.persons("people")))
    assert unlinked(said) == "完成自然村2条，解决4.3万人。"
    first, second = writer.edition.citations
    assert (first.no, first.figure.value, first.printed) == ("S001", 2, {"汇报.docx": ["2条"]})
    assert (second.no, second.figure.value, second.printed) == ("S002", 42_832, {"汇报.docx": ["4.3万人"]})
    assert linked(first, "2条") in said and first.anchor == "_S001"


@pytest.mark.parametrize(
    ("people", "of", "printed"),
    [
        (766, 1000, "76.6%"), (1000, 1000, "100.0%"), (9_999, 10_000, "99.99%"), (99_999, 100_000, "99.999%"),
        (0, 1000, "0%"), (1, 10_000, "0.01%"), (1_250, 1000, "125.0%"),
    ],
)  # fmt: skip
def test_nearly_all_is_never_printed_as_all_nor_next_to_nothing_as_nothing(
    con: duckdb.DuckDBPyConnection, people: int, of: int, printed: str
) -> None:
    add(con, "fct_coverage", ("C1", "v", people, None))
    add(con, "fct_rural_population", ("C1", of))
    assert prose(con).percent("rate").printed == printed


@pytest.mark.parametrize(
    ("people", "printed"), [(999, "999人"), (1_000, "0.1万人"), (1_500, "0.2万人"), (42_832, "4.3万人")]
)
def test_few_persons_are_told_one_by_one(con: duckdb.DuckDBPyConnection, people: int, printed: str) -> None:
    add(con, "fct_coverage", ("C1", "v", people, None))
    assert prose(con).persons("people").printed == printed


@pytest.mark.parametrize(
    ("day", "printed"),
    [(dt.date(2021, 9, 30), "9月底"), (dt.date(2021, 9, 10), "9月10日"), (dt.date(2022, 2, 28), "2022年2月底")],
)
def test_a_last_day_is_told_as_officials_do(con: duckdb.DuckDBPyConnection, day: dt.date, printed: str) -> None:
    add(con, "fct_coverage", ("C1", "v", 1, day))
    assert prose(con).by("finish").printed == printed


def test_a_median_of_none_is_unknown_and_no_nought(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "fct_coverage", ("C1", "v", 52, None), ("C1", "w", 51, None), ("C2", "x", None, None))
    writer = prose(con)
    assert writer.count("middle", "天", town_code="C1").printed == "51.5天"
    assert writer.value("middle", town_code="C2") is None
    assert (
        writer.told(("{}", writer.count("middle", town_code="C2"))) == "中位数情况待补：攻坚进度表中没有中位数的记录。"
    )


# --- what is missing --------------------------------------------------------------------------------------------------


def test_what_is_unknown_is_neither_blank_nor_zero_but_says_who_owes_it(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "fct_coverage", ("C1", "v", 100, None))
    writer = prose(con)
    said = writer.told(("计划资金{}", writer.money("money")), ("，自然村{}", writer.count("villages", "条")))
    assert unlinked(said) == "自然村1条。计划资金情况待补：各镇均未报资金落实表。"
    assert [citation.figure.metric.name for citation in writer.edition.citations] == ["villages"]


def test_the_towns_that_owe_a_form_are_named_and_the_others_are_told(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "fct_funding", ("C2", 10_000))
    writer = prose(con)
    assert [gap.as_text for gap in writer.gaps.unreported(["funding"])] == ["甲镇、丙镇未报资金落实表"]
    assert unlinked(writer.told(("计划资金{}", writer.money("money")))) == "计划资金1万元。"
    owed = writer.gaps.owing(writer.edition.facts("money", town_code="C1"))
    assert [(gap.as_text, gap.towns) for gap in owed] == [("甲镇未报资金落实表", ("C1",))]


def test_a_town_without_a_target_owes_nothing(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "fct_annual_target", ("C1", 5), ("C2", 5))
    add(con, "fct_funding", ("C1", 10_000))
    assert [gap.as_text for gap in prose(con).gaps.unreported(["funding", "annual_target"])] == ["乙镇未报资金落实表"]


def test_a_form_of_events_may_have_none(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "fct_supervision_as_of", ("C1", "e"))
    con.execute(f"insert into fct_submission values ('supervision', 'current', 'C', 'C2', '{DAY}', '{DAY}')")
    assert [gap.as_text for gap in prose(con).gaps.unreported(["supervision"])] == ["丙镇未报督导会商台账"]


def test_what_the_county_owes_is_said_of_the_county(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "fct_coverage", ("C1", "v", 100, None))
    writer = prose(con)
    assert writer.told(("{}", writer.percent("rate"))) == "供水率情况待补：县级未报供水现状基数表。"
    assert writer.told(("{}", writer.percent("of_target"))) == "任务完成率情况待补：县级未报年度任务分解表。"


def test_a_rate_whose_denominator_lacks_a_town_is_not_told(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "fct_coverage", ("C1", "v", 100, None), ("C2", "w", 100, None))
    add(con, "fct_rural_population", ("C1", 200))
    writer = prose(con)
    assert writer.edition.facts("rate").value == 1
    assert writer.told(("{}", writer.percent("rate"))) == "供水率情况待补：县级供水现状基数表未列乙镇。"
    assert writer.percent("rate", town_code="C1").printed == "50.0%"


def test_a_column_that_a_town_left_blank_is_said_once_beside_the_sum(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "fct_coverage", ("C1", "v", 100, None), ("C2", "w", None, None))
    writer = prose(con)
    said = writer.paragraph(*(writer.told(("{}", writer.persons("people"))) for _ in range(2)))
    assert unlinked(said) == "100人。100人。（以上数据未含：乙镇攻坚进度表未填全“人口”。）"
    assert unlinked(writer.paragraph(writer.told(("{}", writer.count("villages"))))) == "2。"


def test_a_rate_of_nothing_says_what_is_nought(con: duckdb.DuckDBPyConnection) -> None:
    add(con, "fct_coverage", ("C1", "v", 100, None))
    add(con, "fct_annual_target", ("C1", 0))
    writer = prose(con)
    assert writer.told(("{}", writer.percent("of_target"))) == "任务完成率情况待补：年度任务为零，无从计算。"


def test_a_report_is_issued_when_the_last_of_its_date_is_in(con: duckdb.DuckDBPyConnection) -> None:
    assert prose(con).issued_on == DAY
    con.execute(f"insert into fct_submission values ('funding', 'current', 'C', 'C1', '{DAY}', '2021-08-23')")
    assert prose(con).issued_on == dt.date(2021, 8, 23)


# --- headings and names -----------------------------------------------------------------------------------------------


def test_numbers_of_headings() -> None:
    assert [number_zh(number) for number in (1, 9, 10, 12, 20, 34)] == ["一", "九", "十", "十二", "二十", "三十四"]


def test_of_many_names_the_first_are_told() -> None:
    rows = [{"name": name} for name in ("甲镇东村", "甲镇东村", "西村", "南村", "北村")]
    assert names(rows, "甲镇") == "东村、西村、南村等"
    assert names(rows[:3], "甲镇") == "东村、西村"


# --- the file ---------------------------------------------------------------------------------------------------------


def citation(name: str = "计划自然村") -> Citation:
    metric = Metric("villages", name, "", "", "simple", "条", "fct_coverage", "count", "v", "count(v)", None, (), ())
    return Citation("S012", Figure(metric, {}, 269))


def document(text: str) -> OfficialDocument:
    made = OfficialDocument("情况汇报", DAY)
    made.addressee("县委：")
    made.heading(1, "一、基本情况")
    made.paragraph(text, lead="1.总体。")
    made.table(["镇", "自然村"], [["甲镇", text]], [1, 2])
    made.signature("水务局", "2021年8月20日")
    return made


def test_a_figure_is_a_link_that_looks_like_text(tmp_path: Path) -> None:
    document(f"任务{linked(citation(), '269条')}。").save(tmp_path / "a.docx")
    read = Document(str(tmp_path / "a.docx"))
    links = list(read.element.body.iter(qn("w:hyperlink")))
    assert len(links) == 2
    for link in links:
        assert "".join(node.text for node in link.iter(qn("w:t"))) == "269条"
        assert link.get(qn("w:anchor")) == "_S012"
        assert link.get(qn("w:tooltip")) == "S012 计划自然村：点击查看来源"
        relation = read.part.rels[link.get(qn("r:id"))]
        assert relation.target_ref == "数据来源.xlsx" and relation.is_external
        assert not {"color", "u", "rStyle"} & {child.tag.rpartition("}")[2] for child in link.iter()}
    assert "1.总体。任务269条。" in [
        "".join(node.text or "" for node in paragraph.iter(qn("w:t")))
        for paragraph in read.element.body.iter(qn("w:p"))
    ]


def test_control_characters_of_the_data_neither_break_the_file_nor_forge_a_link(tmp_path: Path) -> None:
    document("甲\x02乙\x1f丙\x00丁\x0b").save(tmp_path / "a.docx")
    read = Document(str(tmp_path / "a.docx"))
    assert not list(read.element.body.iter(qn("w:hyperlink")))
    assert "1.总体。甲乙丙丁" in [paragraph.text for paragraph in read.paragraphs]


def test_the_same_content_is_the_same_bytes_and_no_time_of_now(tmp_path: Path) -> None:
    for name in ("a.docx", "b.docx"):
        document(f"任务{linked(citation(), '269条')}").save(tmp_path / name)
    assert (tmp_path / "a.docx").read_bytes() == (tmp_path / "b.docx").read_bytes()
    with zipfile.ZipFile(tmp_path / "a.docx") as package:
        core = package.read("docProps/core.xml").decode()
        assert core.count("2021-08-20T00:00:00Z") == 2 and str(dt.date.today().year) not in core
        assert "python-docx" not in core
