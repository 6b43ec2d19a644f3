"""The data dictionary of a small warehouse, hostile words in it; forms, rules, vocabularies and docs as they are."""

import base64
import datetime as dt
import hashlib
import re
from pathlib import Path

import duckdb
import pytest
from lxml import html

from flows.publish import dictionary
from flows.publish.dictionary import read
from flows.publish.release import Run, publish, read_manifest
from flows.publish.words import UNITS, column_unit
from flows.said import Said
from schemas import forms
from schemas.rules import RULES
from schemas.vocabulary import units

NOON = dt.datetime(2021, 8, 21, 2, 0, tzinfo=dt.timezone(dt.timedelta(hours=8)))
HOSTILE = (
    """</style></script><script>alert("x")</script><img src=x onerror='alert(1)'> {{ 7 * 7 }} {% raw %} " ' & 镇"""
)


def quoted(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    file = tmp_path / "warehouse.duckdb"
    with duckdb.connect(file) as con:
        con.execute(f"""
            create schema marts; create schema meta;
            create table marts.dim_town (town_code varchar, "a ""<b>" varchar);
            comment on table marts.dim_town is {quoted(f"镇 | {HOSTILE} | {HOSTILE}")};
            comment on column marts.dim_town.town_code is '镇级代码 | 9位代码 | nine digits';
            comment on column marts.dim_town."a ""<b>" is {quoted(f"{HOSTILE} | 其一 | one")};
            insert into marts.dim_town values ('1', null), ('2', null), ('3', 'x');
            create table marts.fct_funding (project_code varchar, spent_yuan decimal(18, 2));
            comment on table marts.fct_funding is '资金 | 每行一个工程。 | One project.';
            create table marts.rpt_funding (spent_yuan decimal(18, 2));
            create table marts.metric as select
                'spent_yuan' as metric, {quoted(HOSTILE)} as name_zh, '支付' as definition, 'spent' as definition_en,
                'simple' as kind, '元' as unit, 'fct_funding' as "table", 'sum(spent_yuan)' as numerator,
                null as denominator, 'more than is shown' as dimensions;
            create table meta.table_key as
                select 'dim_town' as table_name, 1 as position, 'town_code' as column_name, false as is_nullable;
            create table meta.lineage as from (values
                ('rpt_funding', 'marts', 'int_funding', 'intermediate'),
                ('int_funding', 'intermediate', 'fct_funding', 'marts'),
                ('int_funding', 'intermediate', 'water_limit', 'seed'),
                ('fct_funding', 'marts', 'stg_funding', 'staging'),
                ('fct_funding', 'marts', 'stg_row', 'staging'),
                ('stg_funding', 'staging', 'funding', 'landing'),
                ('stg_row', 'staging', 'funding', 'landing'),
                ('stg_row', 'staging', 'water_quality', 'landing'),
                ('bulletin', 'document', 'rpt_funding', 'marts')
            ) as edges (name, layer, input, input_layer);
            create table meta.document as select
                'bulletin' as document, '通报' as label_zh, 'Bulletin' as label_en, 'x' as description_zh,
                'x' as description_en;
            create table meta.report_rule as
                select 'R24' as rule, 'info' as severity, '没有检测' as description_zh, 'no test' as description_en;
        """)
    return file


@pytest.fixture
def published(warehouse: Path, tmp_path: Path) -> Path:
    return release(warehouse, tmp_path / "published")


def release(warehouse: Path, published: Path, run_id: str = "one") -> Path:
    publish(warehouse, published, Run(run_id, NOON.date(), NOON, "1"))
    return published


def page(published: Path) -> html.HtmlElement:
    return html.document_fromstring((published / dictionary.FILE).read_bytes().decode())


def words(element: html.HtmlElement) -> str:
    return " ".join(element.text_content().split())


def test_it_is_a_part_of_the_release(warehouse: Path, published: Path) -> None:
    first = read_manifest(published)
    assert first is not None
    assert first.pages == {dictionary.FILE: hashlib.sha256((published / dictionary.FILE).read_bytes()).hexdigest()}
    with duckdb.connect(warehouse) as con:
        con.execute("comment on table marts.rpt_funding is '资金进度 | 每行一个。 | One.'")
    before = (published / dictionary.FILE).read_bytes()
    release(warehouse, published, "two")
    assert (published / "releases" / "one" / dictionary.FILE).read_bytes() == before
    assert "资金进度" in (published / dictionary.FILE).read_text("utf-8")


def test_the_same_content_gives_the_same_bytes(warehouse: Path, published: Path, tmp_path: Path) -> None:
    elsewhere = release(warehouse, tmp_path / "elsewhere", "another")
    assert (elsewhere / dictionary.FILE).read_bytes() == (published / dictionary.FILE).read_bytes()


def test_one_that_was_spoilt_is_published_again(warehouse: Path, published: Path) -> None:
    before = (published / dictionary.FILE).read_bytes()
    (published / dictionary.FILE).write_bytes(b"spoilt")
    release(warehouse, published, "two")
    assert (published / dictionary.FILE).read_bytes() == before


def test_one_that_says_something_new_of_the_same_tables_is_published(
    warehouse: Path, published: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("queries.md", "glossary.md"):
        text = (dictionary.DOCS / name).read_text("utf-8")
        (tmp_path / name).write_text(text.replace("| supply mode |", "| mode of supply |"), "utf-8")
    monkeypatch.setattr(dictionary, "DOCS", tmp_path)
    release(warehouse, published, "two")
    assert "mode of supply" in (published / dictionary.FILE).read_text("utf-8")


def test_nothing_that_stands_in_the_marts_becomes_markup(published: Path) -> None:
    root = page(published)
    style, script = root.xpath("//style")[0], root.xpath("//script")[0]
    assert len(root.xpath("//script")) == len(root.xpath("//style")) == 1
    assert not root.xpath("//img | //iframe | //*[@src] | //@*[starts-with(name(), 'on')] | //@style")
    assert words(root.xpath("//*[@id='table-dim_town']/header/p")[0]) == " ".join(HOSTILE.split())
    assert HOSTILE in root.xpath("//tr[@data-metric]/th/b")[0].text
    assert root.xpath("//*[@data-table='dim_town']//tr/@data-column") == ["town_code", 'a "<b>']
    for element, allowed in ((style, "style-src"), (script, "script-src")):
        policy = root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]
        digest = base64.b64encode(hashlib.sha256(element.text.encode()).digest()).decode()
        assert f"{allowed} 'sha256-{digest}'" in policy


def test_it_asks_for_nothing_beyond_itself(published: Path) -> None:
    root = page(published)
    targets = {str(target) for target in root.xpath("//@href")}
    assert {target for target in targets if not target.startswith("#")} == {"data:,"}
    ids = root.xpath("//@id")
    assert len(ids) == len(set(ids))
    assert {target[1:] for target in targets if target.startswith("#")} - {"", "en"} <= set(ids)
    assert "url(" not in root.xpath("//style")[0].text and "@import" not in root.xpath("//style")[0].text
    assert default_policy(root) == "default-src 'none'"


def default_policy(root: html.HtmlElement) -> str:
    return str(root.xpath("//meta[@http-equiv='Content-Security-Policy']/@content")[0]).split(";")[0]


def test_a_table_shows_key_rows_nulls_types_and_units(published: Path) -> None:
    tables = {table.name: table for table in read(published / "marts.duckdb").tables}
    town, funding = tables["dim_town"], tables["fct_funding"]
    assert (town.rows, town.label) == (3, "镇")
    assert [(column.is_key, column.nulls) for column in town.columns] == [(True, None), (False, 2)]
    assert funding.columns[1].type == Said("小数，2位", "decimal, 2 places")
    assert funding.columns[1].unit == Said("元", "yuan")
    assert words(page(published).xpath("//*[@id='table-dim_town']//dd")[0]) == "镇级代码town_code"


def test_lineage_leads_to_the_nearest_tables_and_forms(published: Path) -> None:
    origins = {table.name: table.origin for table in read(published / "marts.duckdb").tables}
    assert origins["rpt_funding"].tables == ["fct_funding"]
    assert origins["rpt_funding"].forms == []
    assert origins["rpt_funding"].seeds == ["water_limit"]
    assert origins["rpt_funding"].documents == ["bulletin"]
    assert origins["fct_funding"].forms == ["funding"]  # the register of all rows is no source
    assert origins["fct_funding"].readers == ["rpt_funding"]
    document = page(published).xpath("//tr[@data-document='bulletin']")[0]
    assert words(document) == "通报Bulletinxrpt_funding"


def test_a_table_lists_the_questions_that_read_it(published: Path) -> None:
    tables = {table.name: table for table in read(published / "marts.duckdb").tables}
    assert [title.en for title in tables["fct_funding"].questions.values()] == [
        "How much bond money is secured and not spent, by project?"
    ]
    assert not tables["dim_town"].questions


def test_every_form_stands_with_every_field_and_heading(published: Path) -> None:
    root = page(published)
    assert root.xpath("//@data-form") == list(forms())
    for name, form in forms().items():
        rows = root.xpath(f"//*[@data-form='{name}']//tr[@data-field]")
        assert [row.get("data-field") for row in rows] == list(form.fields)
        for row, field in zip(rows, form.fields.values(), strict=True):
            said = row.text_content()
            assert all(heading in said for heading in field.headings)
            assert field.description in said
            assert ("必填" in said) == field.required
            assert ("不公布" in said) == field.is_personal


def test_every_code_of_every_vocabulary_stands_with_its_spellings(published: Path) -> None:
    root = page(published)
    used = {field.vocabulary.name: field.vocabulary for form in forms().values() for field in form.fields.values()
            if field.vocabulary}  # fmt: skip
    assert set(root.xpath("//@data-vocabulary")) == set(used)
    for name, vocabulary in used.items():
        rows = root.xpath(f"//*[@data-vocabulary='{name}']//tr[@data-term]")
        assert [row.get("data-term") for row in rows] == list(vocabulary)
        for row, term in zip(rows, vocabulary.terms.values(), strict=True):
            assert all(word in row.text_content() for word in (term.zh, term.en, *term.spellings.split()))


def test_a_rule_stands_with_its_severity_and_without_the_places_of_one_case(published: Path) -> None:
    rules = {rule.name: rule for rule in read(published / "marts.duckdb").rules}
    assert rules.keys() == RULES.keys() | {"R24"}
    assert rules["R24"].messages == [Said("没有检测", "no test")]
    assert rules["R05"].severity.zh.startswith("错误")
    assert rules["R05"].messages[0].zh == "“…”填为“…”，大于该村总数“…”。请核实更正。"
    assert not any("{" in text for rule in rules.values() for message in rule.messages for text in message)


def test_every_dimension_of_the_forms_has_its_unit() -> None:
    assert units.UNITS.keys() <= UNITS.keys()


def test_every_question_and_word_of_the_docs_is_in_both_languages(published: Path) -> None:
    found = read(published / "marts.duckdb")
    assert len(found.questions) == (dictionary.DOCS / "queries.md").read_text("utf-8").count("```sql") > 0
    for question in found.questions:
        assert re.search("[一-鿿]", question.title.zh) and question.title.en.isascii(), question.title
    assert len(found.glossary) > 40
    assert all(all(row[:2]) for row in found.glossary)


@pytest.mark.parametrize(
    ("column", "sql_type", "unit"),
    [
        ("spent_yuan", "DECIMAL(18,2)", "元"),
        ("pipeline_laid_km", "DECIMAL(18,4)", "公里"),
        ("supply_rate_after_plan", "DECIMAL(18,6)", "比率，0–1"),
        ("factor_by_villages", "DECIMAL(18,6)", "比率，0–1"),
        ("population_served_before", "BIGINT", "人"),
        ("households", "BIGINT", "户"),
        ("target_villages", "BIGINT", "条"),
        ("days_late", "BIGINT", "天"),
        ("max_points", "DECIMAL(9,4)", "分"),
        ("rows_read", "BIGINT", "行"),
        ("population_basis", "VARCHAR", None),
        ("year", "BIGINT", None),
        ("value", "DECIMAL(18,6)", None),
    ],
)
def test_a_columns_unit_is_told_by_its_name(column: str, sql_type: str, unit: str | None) -> None:
    found = column_unit(column, sql_type)
    assert (found and found.zh) == unit
