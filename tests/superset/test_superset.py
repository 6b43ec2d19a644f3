"""The bundle in a real Superset: imported again and again, asked through its API, and its dashboard looked at."""

import datetime as dt
import re
import shutil
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Page, expect

from flows.metrics import Metrics, Value
from flows.publish import postgres
from flows.publish.query import connect
from flows.publish.superset.bundle import write_bundle
from flows.publish.superset.dashboard import TITLE
from tests.conftest import County
from tests.postgres.conftest import Server
from tests.superset.conftest import Superset
from tests.ways import DAY, by_every_way, parts
from tests.ways import QUESTIONS as WAYS_QUESTIONS

pytestmark = pytest.mark.superset

DUCKDB, POSTGRES = "农村供水", "农村供水（PostgreSQL）"
# Dataset, metric and slice of the questions that are put to Superset and to the metrics.
QUESTIONS = [
    ("供水指标", "supply_rate_after_plan", {"supply_mode": "town_plant"}),
    ("供水指标", "supply_rate", {}),
    ("供水指标", "village_target_rate", {"town_code": "449901106"}),
    ("供水指标", "population_served", {"town_code": "449901105", "supply_mode": "county_plant"}),
    ("供水指标", "planned_yuan", {"town_code": "449901108", "supply_mode": "cross_county"}),
    ("自然村覆盖明细", "late_villages", {"town_code": "449901103"}),
    ("工程资金", "secured_rate", {"funding_source": "special_bond"}),
    ("工程进展", "pipeline_laid_km", {"supply_mode": "small_scheme"}),
]


@pytest.fixture(scope="module")
def metrics(county: County) -> Iterator[Metrics]:
    with connect(county.published / "marts.duckdb") as con:
        yield Metrics(con)


@pytest.fixture(scope="module")
def marts(county: County, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The DuckDB file that Superset reads; its folder holds a space and Chinese characters, as users' do."""
    return shutil.copy(county.published / "marts.duckdb", tmp_path_factory.mktemp("云塘县 数据") / "marts.duckdb")


@pytest.fixture(scope="module")
def bundle(marts: Path) -> Path:
    file = marts.with_name("superset.zip")
    with connect(marts) as con:
        write_bundle(con, file, f"duckdb:///{marts}", DUCKDB)
    return file


@pytest.fixture(scope="module")
def datasets(superset: Superset, bundle: Path) -> dict[str, int]:
    """The numbers of the datasets on the DuckDB file, by their names."""
    superset.load(bundle)
    return numbers(superset, DUCKDB)


def numbers(superset: Superset, database: str) -> dict[str, int]:
    return {
        dataset["table_name"].removesuffix(f"（{database}）"): dataset["id"]
        for dataset in superset.objects("dataset")
        if dataset["database"]["database_name"] == database
    }


def agrees(superset: Superset, datasets: dict[str, int], metrics: Metrics) -> None:
    for dataset, name, where in QUESTIONS:
        ((answer),) = superset.ask(datasets[dataset], [name], report_day=DAY, **where)
        figure = metrics.figure(name, {"report_date": dt.date.fromisoformat(DAY), **where}).value
        assert figure is not None
        assert is_same(answer[name], figure), (name, where, answer[name], figure)


def is_same(shown: float, figure: Value) -> bool:
    """What comes through JSON, against the figure: equal, or for a rate as near as a double can be."""
    assert isinstance(figure, int | Decimal | Fraction)
    if isinstance(figure, Fraction):
        return abs(Fraction(shown) - figure) <= figure / 10**15
    return Decimal(str(shown)) == figure


def test_importing_again_updates_and_never_doubles(superset: Superset, bundle: Path, datasets: dict[str, int]) -> None:
    kinds = ("database", "dataset", "chart", "dashboard")
    before = {kind: {thing["uuid"]: thing["id"] for thing in superset.objects(kind)} for kind in kinds}
    chart = superset.objects("chart")[0]
    answer = superset.context.request.put(
        f"{superset.url}/api/v1/chart/{chart['id']}", headers=superset.headers, data={"slice_name": "改过的名称"}
    )
    assert answer.ok
    superset.load(bundle)
    superset.load(bundle, place="dashboard/import/", field="formData", overwrite="true")  # as its own page imports
    assert {kind: {thing["uuid"]: thing["id"] for thing in superset.objects(kind)} for kind in kinds} == before
    assert superset.get(f"chart/{chart['id']}")["result"]["slice_name"] == chart["slice_name"]
    with zipfile.ZipFile(bundle) as files:
        in_bundle = [name.split("/")[1] for name in files.namelist()]
    assert {kind: len(things) for kind, things in before.items()} == {
        kind: in_bundle.count(f"{kind}s") for kind in kinds
    }


def test_superset_says_what_the_metrics_say(superset: Superset, datasets: dict[str, int], metrics: Metrics) -> None:
    agrees(superset, datasets, metrics)


def test_its_charts_give_the_answer_that_every_other_way_gives(
    superset: Superset,
    datasets: dict[str, int],
    county: County,
    server: Server,
    database: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    marts = county.published / "marts.duckdb"
    with connect(marts) as con:
        postgres.publish(con, server.url(database), {})
    others = by_every_way(marts, server, database, capsys)
    for question in WAYS_QUESTIONS:
        (shown,) = superset.ask(datasets[question.dataset], question.metrics, report_day=DAY, **question.where)
        for way, totals in others.items():
            answer = [Fraction(part) for part in parts(question, totals)]
            if len(answer) > 1:
                assert abs(Fraction(shown[question.metrics[0]]) - answer[0] / answer[1]) <= Fraction(1, 10**15), way
            assert [Fraction(str(shown[name])) for name in question.metrics[-len(answer) :]] == answer, (way, shown)


def test_every_metric_of_every_dataset_can_be_asked(superset: Superset, datasets: dict[str, int]) -> None:
    for number in datasets.values():
        described = superset.get(f"dataset/{number}")["result"]
        assert all(re.search(r"[\u4e00-\u9fff]", column["verbose_name"]) for column in described["columns"])
        names = [metric["metric_name"] for metric in described["metrics"]]
        for by in ([], ["town_name"]) if names else []:
            rows = superset.ask(number, names, by)
            assert rows and all(row.keys() == {*names, *by} for row in rows)


def test_superset_can_read_nothing_but_the_marts(superset: Superset, datasets: dict[str, int]) -> None:
    (database,) = (thing["id"] for thing in superset.objects("database") if thing["database_name"] == DUCKDB)
    for forbidden in ("select * from read_text('/etc/passwd')", "create table main.t as select 1"):
        answer = superset.context.request.post(
            f"{superset.url}/api/v1/sqllab/execute/",
            headers=superset.headers,
            data={"database_id": database, "sql": forbidden, "runAsync": False},
        )
        assert not answer.ok, answer.text()


def test_a_new_release_is_seen_at_once(superset: Superset, marts: Path, datasets: dict[str, int]) -> None:
    def planned() -> object:
        return superset.ask(datasets["供水指标"], ["villages_planned"], report_day=DAY)[0]["villages_planned"]

    before = planned()
    assert isinstance(before, int)
    kept, changed = (shutil.copy(marts, marts.with_name(f"{name}.duckdb")) for name in ("kept", "changed"))
    with duckdb.connect(changed) as con:
        con.execute("delete from main.fct_coverage where report_date = ? and town_code = '449901101'", [DAY])
        left = con.execute("select count(*) from main.fct_coverage where report_date = ?", [DAY]).fetchone()
    changed.replace(marts)
    assert (planned(),) == left != (before,)
    kept.replace(marts)
    assert planned() == before


@pytest.fixture(scope="module")
def page(superset: Superset, datasets: dict[str, int], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """The dashboard, with all its charts drawn."""
    page = superset.context.new_page()
    (number,) = (thing["id"] for thing in superset.objects("dashboard") if thing["dashboard_title"] == TITLE)
    page.goto(f"{superset.url}/superset/dashboard/{number}/", timeout=120_000)
    expect(page.locator(".dashboard-component-chart-holder")).to_have_count(
        len(superset.objects("chart")), timeout=120_000
    )
    drawn(page)
    page.screenshot(path=tmp_path_factory.mktemp("dashboard") / "dashboard.png")
    yield page
    page.close()


def drawn(page: Page) -> None:
    page.wait_for_timeout(1000)
    expect(page.locator("[data-test=loading-indicator]")).to_have_count(0, timeout=240_000)


def chart(page: Page, title: str) -> list[str]:
    """The lines and cells in the chart of a title."""
    holder = page.locator(".dashboard-component-chart-holder").filter(
        has=page.locator("[data-test=editable-title]", has_text=re.compile(f"^{title}$"))
    )
    return re.split(r"[\n\t]+", holder.inner_text())


def test_the_dashboard_shows_the_latest_report_date(page: Page, metrics: Metrics) -> None:
    where = {"report_date": dt.date.fromisoformat(DAY)}
    for name, form in (
        ("villages_planned", "{:,}"),
        ("villages_completed", "{:,}"),
        ("population_completed", "{:,}"),
        ("rural_population", "{:,}"),
        ("spent_yuan", "{:,.2f}"),
        ("village_completion_rate", "{:.1%}"),
        ("supply_rate_after_plan", "{:.1%}"),
    ):
        figure = metrics.figure(name, where)
        value = float(figure.value) if isinstance(figure.value, Fraction) else figure.value
        assert form.format(value) in chart(page, figure.metric.name_zh)
    for label in ("报告日", "镇", "供水方式", "各镇指标", "资金来源", "各镇逾期自然村", "各报告日进度"):
        expect(page.get_by_text(label, exact=True).first).to_be_visible()
    assert all(word in chart(page, "考核排名") for word in ("双桥镇", "91.5951", "86.0480", "优秀", "约谈"))
    assert all(word in chart(page, "数据问题") for word in ("错误", "R01", "有效"))


def test_a_chosen_supply_mode_filters_the_figures_and_leaves_the_population_whole(page: Page, metrics: Metrics) -> None:
    page.locator("[data-test=form-item-value]").nth(2).locator("input").click()
    page.get_by_title("镇级水厂扩网").last.click()
    page.keyboard.press("Escape")
    page.locator("[data-test=filter-bar__apply-button]").click()
    drawn(page)
    where = {"report_date": dt.date.fromisoformat(DAY)}
    whole = metrics.figure("rural_population", where).value
    rate = metrics.figure("supply_rate", {**where, "supply_mode": "town_plant"}).value
    assert isinstance(whole, int) and isinstance(rate, Fraction)
    assert f"{whole:,}" in chart(page, "农村人口")
    assert f"{float(rate):.1%}" in chart(page, "供水率")


def test_the_marts_in_postgresql_say_the_same(
    superset: Superset, server: Server, database: str, county: County, metrics: Metrics, tmp_path: Path
) -> None:
    with connect(county.published / "marts.duckdb") as con:
        postgres.publish(con, server.url(database), {})
        write_bundle(con, tmp_path / "postgres.zip", server.url(database), POSTGRES)
    # Superset asks for the password that the bundle does not hold; this server lets everybody in
    superset.load(tmp_path / "postgres.zip", {"databases/marts.yaml": "asked for"})
    datasets = numbers(superset, POSTGRES)
    agrees(superset, datasets, metrics)
    test_every_metric_of_every_dataset_can_be_asked(superset, datasets)
    superset.load(tmp_path / "postgres.zip")  # the password that it has is kept
    assert numbers(superset, POSTGRES) == datasets
