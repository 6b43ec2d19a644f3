"""The data dictionary of the sample county says what its release holds, no more and no less, in both languages."""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
import yaml
from lxml import html

from flows.publish import dictionary
from flows.publish.dictionary import Dictionary, read
from flows.publish.query import connect
from flows.publish.superset.bundle import write_bundle
from flows.publish.words import column_unit, is_number
from schemas import forms
from schemas.rules import RULES
from tests.conftest import County

pytestmark = pytest.mark.pipeline

PROJECT = Path(__file__).parents[2]
MODELS = PROJECT / "sql" / "models"
# Numbers that are no quantity, or whose unit another column tells.
WITHOUT_UNIT = set(
    "denominator limit_max limit_min metric_value month numerator numerator_to_next position rank row rows sort_order "
    "source_row stage_no value week year".split()
)


@pytest.fixture(scope="module")
def release(county: County) -> Iterator[duckdb.DuckDBPyConnection]:
    with connect(county.published / "marts.duckdb") as connection:
        yield connection


@pytest.fixture(scope="module")
def said(county: County) -> Dictionary:
    return read(county.published / "marts.duckdb")


@pytest.fixture(scope="module")
def root(county: County) -> html.HtmlElement:
    return html.document_fromstring((county.published / dictionary.FILE).read_bytes().decode())


Comments = list[tuple[str, str, str, str | None]]


def comments(release: duckdb.DuckDBPyConnection) -> Comments:
    """Table, column, type and comment of every published column."""
    return release.execute(
        "select table_name, column_name, data_type, comment from duckdb_columns() "
        "where database_name = 'published' and schema_name in ('main', 'meta') order by table_name, column_index"
    ).fetchall()


def test_it_shows_every_table_and_column_of_the_release_and_no_other(
    release: duckdb.DuckDBPyConnection, root: html.HtmlElement
) -> None:
    shown = [
        (table.get("data-table"), row.get("data-column"))
        for table in root.xpath("//*[@data-table]")
        for row in table.xpath(".//tr[@data-column]")
    ]
    assert len(shown) > 300
    assert sorted(shown) == sorted((table, column) for table, column, _, _ in comments(release))


def test_it_shows_the_rows_of_every_table(release: duckdb.DuckDBPyConnection, said: Dictionary) -> None:
    published = dict(release.execute("from meta.table_rows").fetchall())
    assert {table.name: table.rows for table in said.tables if table.schema == "main"} == published


def test_every_table_and_column_is_described_in_both_languages(release: duckdb.DuckDBPyConnection) -> None:
    tables = release.execute(
        "select table_name, comment from duckdb_tables() where schema_name in ('main', 'meta')"
    ).fetchall()
    described = dict(tables) | {f"{table}.{column}": comment for table, column, _, comment in comments(release)}
    for name, comment in described.items():
        parts = (comment or "").split(" | ")
        assert len(parts) == 3 and all(parts), name
        label, zh, en = parts
        assert re.search("[一-鿿]", label) and re.search("[一-鿿0-9]", zh), name
        assert re.search("[A-Za-z]", en), name


def test_every_mart_has_its_key_and_comes_from_somewhere(said: Dictionary) -> None:
    for table in said.tables:
        if table.schema == "main":
            assert any(column.is_key for column in table.columns), table.name
            came_in = table.origin.forms or table.origin.tables or table.origin.seeds or table.origin.is_register
            assert came_in or table.name == "metric", table.name  # metrics are what the project itself says


def test_every_number_has_its_unit_and_the_one_its_label_prints(release: duckdb.DuckDBPyConnection) -> None:
    for table, column, sql_type, comment in comments(release):
        unit = column_unit(column, sql_type)
        if is_number(sql_type):
            assert unit or column in WITHOUT_UNIT, f"{table}.{column}"
        if printed := re.search(r"（(.+)）$", (comment or "").split(" | ")[0]):
            assert unit and unit.zh == printed[1], f"{table}.{column}"


def test_it_shows_every_metric_and_the_figures_it_is_made_of(
    release: duckdb.DuckDBPyConnection, root: html.HtmlElement
) -> None:
    rows = release.execute('select metric, name_zh, definition, "table" from main.metric').fetchall()
    assert sorted(root.xpath("//@data-metric")) == sorted(metric for metric, *_ in rows)
    tables = {table for table, *_ in comments(release)}
    for metric, name, definition, table in rows:
        text = root.xpath(f"//tr[@data-metric='{metric}']")[0].text_content()
        assert name in text and definition in text
        assert table in tables, metric


def test_it_shows_every_rule_that_finds_something_with_its_severity(
    release: duckdb.DuckDBPyConnection, said: Dictionary
) -> None:
    rules = {rule.name: rule for rule in said.rules}
    assert list(rules) == [f"R{n:02}" for n in range(1, 25)]
    judged = {"R17", "R19", "R20", "R21", "R23", "R24"}
    assert judged == {rule for (rule,) in release.execute("select rule from meta.report_rule").fetchall()}
    assert rules.keys() == RULES.keys() | judged
    found = release.execute("select distinct rule, severity from main.fct_data_issue where rule like 'R%'").fetchall()
    assert found
    for rule, severity in found:
        assert rules[rule].severity == dictionary.SEVERITIES[severity], rule


def test_a_form_shows_the_tables_that_its_rows_reach(root: html.HtmlElement, said: Dictionary) -> None:
    assert set(root.xpath("//@data-form")) == set(forms())
    reached = {form for table in said.tables for form in table.origin.forms}
    assert reached == set(forms())


def test_a_document_says_which_marts_it_reads(release: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    """The tables that its modules name, and those of the metrics that they name, stand in its exposure."""
    told: dict[str, set[str]] = {}
    for document, table in release.execute("select name, input from meta.lineage where layer = 'document'").fetchall():
        told.setdefault(document, set()).add(table)
    metrics = metric_tables(release)
    exposures = [
        entry
        for path in MODELS.rglob("*.yml")
        for entry in yaml.safe_load(path.read_text("utf-8")).get("exposures", [])
    ]
    assert {exposure["name"] for exposure in exposures} == told.keys()
    marts = {path.stem for path in (MODELS / "marts").glob("*.sql")}
    write_bundle(release, tmp_path / "superset.zip", "duckdb:///marts.duckdb")
    with zipfile.ZipFile(tmp_path / "superset.zip") as bundle:
        datasets = " ".join(bundle.read(name).decode() for name in bundle.namelist() if "/datasets/" in name)
    whole = {"marts": marts, "bundle": marts & set(re.findall(r"\b(?:dim|fct|rpt)_[a-z_]+", datasets))}
    modules: set[Path] = set()
    for exposure in exposures:
        if reads := exposure["config"]["meta"].get("reads"):
            assert told[exposure["name"]] == whole[reads], exposure["name"]
            continue
        own = {path for module in exposure["config"]["meta"]["modules"] for path in PROJECT.glob(module)}
        text = "".join(path.read_text("utf-8") for path in own)
        named = set(re.findall(r"\b(?:dim|fct|rpt)_[a-z_]+", text))
        for metric in set(re.findall(r"[\"']([a-z_]+)[\"']", text)) & metrics.keys():
            named |= metrics[metric]
        assert named == told[exposure["name"]], exposure["name"]
        modules |= own
    for path in (PROJECT / "flows" / "report").rglob("*.py"):
        if re.search(r"\b(?:dim|fct|rpt)_[a-z_]+", path.read_text("utf-8")):
            assert path in modules, f"{path.name} reads marts, and no exposure names it"


def metric_tables(release: duckdb.DuckDBPyConnection) -> dict[str, set[str]]:
    """Each metric with the tables that it is computed from."""
    rows = release.execute(
        "select metric, \"table\", concat_ws(' ', numerator, denominator) from main.metric"
    ).fetchall()
    made_of = {metric: (table, set(re.findall(r"\w+", text))) for metric, table, text in rows}

    def tables(metric: str) -> set[str]:
        table, inputs = made_of[metric]
        return {table}.union(*(tables(name) for name in inputs & made_of.keys() - {metric}))

    return {metric: tables(metric) for metric in made_of}


def test_what_the_glossary_names_exists_and_is_called_so(release: duckdb.DuckDBPyConnection, said: Dictionary) -> None:
    labels: dict[str, list[str]] = {}
    for table, column, _, comment in comments(release):
        for name in (column, f"{table}.{column}"):
            labels.setdefault(name, []).append((comment or "").split(" | ")[0])
    codes = {code for _, vocabulary in said.vocabularies for code in vocabulary}
    fields = {field for form in forms().values() for field in form.fields}
    tables = {table.name for table in said.tables}
    landed = release.execute("select 'landing.' || input from meta.lineage where input_layer = 'landing'").fetchall()
    known = labels.keys() | codes | fields | tables | set(forms()) | {name for (name,) in landed}
    for chinese, _, names in said.glossary:
        words = [word for word in re.split(r"[、/→：；（）\s]+", chinese) if word]
        for name, value in re.findall(r"`([\w.]+)(?: = (\w+))?`", names):
            assert name in known, chinese
            if not value:
                for label in labels.get(name, []):
                    assert any(word in label or label in word for word in words), (chinese, name, label)


def test_the_page_is_small_enough_to_send(county: County) -> None:
    assert (county.published / dictionary.FILE).stat().st_size < 600_000
