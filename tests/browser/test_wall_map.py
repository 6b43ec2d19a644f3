"""The wall map in Chromium: what it shows is what SQL says, it asks nobody, and everybody can use it.

Needs Debian's `chromium`; `GONGSHUI_SCREENSHOTS=folder` keeps pictures of the page at its sizes and the A3 print.
"""

import os
import re
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import product
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from flows.metrics import Metrics
from flows.publish.query import connect
from flows.report.numbers import half_up
from flows.report.wall_map.boundaries import Boundaries
from flows.report.wall_map.cells import read_addresses
from flows.report.wall_map.figures import read_figures
from flows.report.wall_map.wall_map import render, write_wall_map
from tests.conftest import County
from tests.unit.test_wall_map import HOSTILE, collection, feature

pytestmark = pytest.mark.browser

DAY = "2021-08-20"
SIZES = {"desk": (1366, 768), "phone": (390, 844), "wall": (1920, 1080)}
Open = Callable[..., Page]


@pytest.fixture(scope="module")
def file(county: County, tmp_path_factory: pytest.TempPathFactory) -> Path:
    written = write_wall_map(
        county.published / "marts.duckdb", tmp_path_factory.mktemp("作战图"), "zh", read_addresses(county.warehouse)
    )
    assert written.file
    return written.file


@pytest.fixture
def opened(browser: Browser, file: Path) -> Iterator[Open]:
    """Opens the page, watching for what a good one never does."""
    pages: list[Page] = []
    said: list[str] = []
    asked: list[str] = []

    def open_page(hash_: str = "", size: str = "desk", path: Path = file, **more: Any) -> Page:
        width, height = SIZES[size]
        page = browser.new_page(viewport={"width": width, "height": height}, **more)
        pages.append(page)
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(f"error: {error}"))
        page.on("dialog", lambda dialog: said.append(f"dialog: {dialog.message}"))
        page.on("request", lambda request: asked.append(request.url))
        page.goto(path.as_uri() + hash_)
        page.wait_for_selector("html[data-drawn]")
        return page

    yield open_page
    for page in pages:
        page.close()
    assert said == []
    assert all(url.startswith("file:") and ".html" in url for url in asked) and len(asked) == len(pages)


@pytest.fixture(scope="module")
def metrics(county: County) -> Iterator[Metrics]:
    with connect(county.published / "marts.duckdb") as con:
        yield Metrics(con)


def kpi(page: Page, name: str) -> str:
    return page.locator(f'[data-kpi="{name}"]').inner_text()


def address(page: Page) -> dict[str, str]:
    return {name: value for name, (value,) in parse_qs(page.url.partition("#")[2]).items()}


# --- figures ----------------------------------------------------------------------------------------------------------


def expected(metrics: Metrics, day: str, town: str, mode: str) -> dict[str, list[str]]:
    """What the cards must say, from the metrics alone."""

    def value(name: str) -> Any:
        asked = {"report_date": day, "town_code": town, "supply_mode": mode}
        where = {key: of for key, of in asked.items() if of and key in metrics.dimensions(name)}
        return metrics.figure(name, where)

    def count(name: str) -> str:
        found = value(name).value
        return "—" if found is None else f"{found:,}"

    def percent(name: str) -> str:
        found = value(name).value
        return "—" if found is None else f"{half_up(Fraction(found) * 100, 1)}%"

    def money(name: str) -> str:
        found = value(name).value
        return "—" if found is None else f"{half_up(Fraction(found) / 10_000, 2):,}"

    def parts(name: str) -> list[str]:
        return ["—" if part.value is None else f"{part.value:,}" for part in value(name).inputs]

    planned, secured, spent = (money(f"{name}_yuan") for name in ("planned", "secured", "spent"))
    late = [value(name).value for name in ("late_villages", "late_open")]
    served, rural = parts("supply_rate")
    return {
        "villages": [
            percent("village_completion_rate"), f"完成 {count('villages_completed')} 条",
            f"÷ 计划 {count('villages_planned')} 条自然村",
            f"年度任务 {count('target_villages')} 条，完成 {percent('village_target_rate')}",
        ],
        "people": [
            percent("population_completion_rate"), f"完成 {count('population_completed')} 人",
            f"÷ 计划 {count('population_planned')} 人",
            f"年度任务 {count('target_population')} 人，完成 {percent('population_target_rate')}",
        ],
        "late": [f"{late[0]}条", f"{late[1]} 条至今未完成", f"{late[0] - late[1]} 条逾期后完成"],
        "supply": [
            percent("supply_rate"), f"已供水 {served} 人", f"÷ 农村人口 {rural} 人",
            f"计划完成后 {percent('supply_rate_after_plan')}（{parts('supply_rate_after_plan')[0]} 人）",
        ],
        "secured": [percent("secured_rate"), f"到位 {secured} 万元", f"÷ 计划 {planned} 万元"],
        "spent": [percent("spent_rate"), f"支付 {spent} 万元", f"÷ 到位 {secured} 万元"],
    }  # fmt: skip


def test_the_figures_on_top_are_those_of_sql_for_every_slice(opened: Open, metrics: Metrics) -> None:
    page = opened()
    days = page.locator("#date option").evaluate_all("options => options.map(option => option.value)")
    towns, modes = ["", "449901101", "449901105", "449901109"], ["", "county_plant", "town_plant", "small_scheme"]
    assert len(days) == 5
    for day, town, mode in product(days, towns, modes):
        page.select_option("#date", day)
        page.select_option("#town", town)
        page.select_option("#mode", mode)
        for name, lines in expected(metrics, day, town, mode).items():
            shown = kpi(page, name).replace("\n\n", "\n").split("\n")[1:]
            assert shown[: len(lines)] == lines, (day, town, mode)


def test_the_whole_county_at_the_latest_date(opened: Open) -> None:
    page = opened()
    assert "77.4%" in kpi(page, "villages") and "完成 206 条" in kpi(page, "villages")
    assert "10,460.25 万元" in kpi(page, "secured")
    assert page.locator("header").inner_text().count("2021-08-20") == 1
    assert page.locator("#tiles .tile").count() == sum(map(int, page.locator("#legend b").all_inner_texts()))


def test_the_ranking_is_the_marts(opened: Open, county: County) -> None:
    with connect(county.published / "marts.duckdb") as con:
        rows = con.execute(
            "select rank, name, total_score from fct_assessment inner join dim_division on division_code = "
            f"fct_assessment.town_code where report_date = '{DAY}' order by rank, fct_assessment.town_code"
        ).fetchall()
    shown = opened().locator("#ranking-rows tr").all_inner_texts()
    assert [line.split()[:3] for line in shown] == [
        [str(rank), name, f"{half_up(Fraction(score), 2)}"] for rank, name, score in rows
    ]


def test_the_curves_are_summed_over_the_slice(opened: Open, county: County) -> None:
    page = opened(f"#date={DAY}&town=449901101&measure=people")
    page.locator(".progress summary").click()
    rows = [text.replace(",", "").split() for text in page.locator("#progress-rows tr").all_inner_texts()]
    with connect(county.published / "marts.duckdb") as con:
        for day, done, due, _ in rows:
            answer = con.execute(
                f"""
                select
                    (select sum(population_completed) from fct_coverage
                        where report_date = '{day}' and town_code = '449901101'),
                    (select coalesce(sum(population), 0) from fct_coverage
                        where report_date = '{DAY}' and town_code = '449901101' and planned_finish <= '{day}')
                """
            ).fetchone()
            assert (int(done), int(due)) == answer
    assert len(rows) == 5


# --- use --------------------------------------------------------------------------------------------------------------


def test_a_click_on_a_village_names_the_cell_of_each_figure(opened: Open, county: County) -> None:
    page = opened()
    page.locator(".town", has_text="黄竹镇").locator(".tile.doubtful").first.click()
    details = page.locator("#details")
    key, code = address(page)["village"], address(page)["village"].split("|")[0]
    with connect(county.published / "marts.duckdb") as con:
        file, sheet, row, population, source = (
            con.execute(
                "select source_file, source_sheet, source_row, population, source_id from fct_coverage "
                f"where report_date = '{DAY}' and village_code = '{code}' and supply_mode = '{key.split('|')[1]}'"
            ).fetchone()
            or (None,) * 5
        )
    cells = read_addresses(county.warehouse)[source, sheet, row, code]
    text = details.inner_text()
    assert file in text and f"工作表“{sheet}”" in text and f"第{row}行" in text and "发布于" in text
    assert details.locator('[data-field="population"]').inner_text().split() == [
        "人口",
        f"{population:,}",
        "人",
        cells["population"],
    ]
    assert details.locator('[data-field="status"]').inner_text().endswith(cells["status"])
    page.keyboard.press("Escape")
    assert details.is_hidden()
    assert page.evaluate("document.activeElement.dataset.key") == key


def test_a_village_without_water_shows_the_inspection_and_its_cell(opened: Open) -> None:
    page = opened(f"#date={DAY}&village=449901109207004%7Ctown_plant")
    text = page.locator("#details").inner_text()
    assert "核查时没有水" in text
    assert re.search(r"2021年8月14日核查：没有水（单元格 [A-Z]+\d+）", text)
    assert "县核查组抽查情况表(8月16日).xlsx" in text


def test_a_rejected_village_is_doubtful_and_says_why(opened: Open) -> None:
    page = opened("#date=2021-07-31&village=449901101206004%7C")
    text = page.locator("#details").inner_text()
    assert "被退回，未计入任何数字" in text
    assert "G32" in text and "户均超过15人" in text


def test_a_report_that_was_copied_forward_is_told_at_its_town(opened: Open) -> None:
    page = opened("#date=2021-08-10")
    noted = page.locator(".town", has_text="R19").locator("h3").all_inner_texts()
    assert [text.split()[0] for text in noted] == ["黄竹镇"]
    page.select_option("#date", DAY)
    assert page.locator(".town", has_text="R19").count() == 0  # a new report has come


def test_the_address_holds_the_view(opened: Open) -> None:
    page = opened()
    page.select_option("#date", "2021-07-31")
    page.select_option("#town", "449901101")
    page.select_option("#mode", "town_plant")
    page.locator('[data-set="measure=people"]').click()
    page.locator('#legend [data-state="completed"]').click()
    page.locator(".tile").first.click()
    told = address(page)
    assert told.keys() == {"date", "town", "mode", "measure", "state", "village"}
    again = opened("#" + page.url.partition("#")[2])
    assert again.locator("main").inner_text() == page.locator("main").inner_text()
    assert again.locator("#details").inner_text() == page.locator("#details").inner_text()
    assert address(again) == told
    page.go_back()
    assert page.locator("#details").is_hidden()
    assert "village" not in address(page)


@pytest.mark.parametrize(
    "hash_",
    [
        "#date=1999-01-01&town=no&mode=x&state=y&view=map&measure=z",
        "#%E0%A4%A",
        "#date",
        "#__proto__=1&constructor=2",
        "#village=<img src=x onerror=alert(1)>",
    ],
)
def test_an_address_that_makes_no_sense_shows_the_county(opened: Open, hash_: str) -> None:
    assert "完成 206 条" in kpi(opened(hash_), "villages")


def test_a_search_finds_villages_and_dims_the_others(opened: Open) -> None:
    page = opened()
    page.fill("#find", "449901101201001")
    assert page.locator(".tile:not(.dim)").count() == 1
    page.fill("#find", "没有这个村")
    assert page.locator(".tile:not(.dim)").count() == 0


def test_the_keyboard_reaches_every_village(opened: Open) -> None:
    page = opened()
    for _ in range(40):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.classList.contains('tile')"):
            break
    key = "document.activeElement.dataset.key"
    first = page.evaluate(key)
    page.keyboard.press("ArrowRight")
    second = page.evaluate(key)
    page.keyboard.press("ArrowDown")
    below = page.evaluate(key)
    page.keyboard.press("ArrowUp")
    assert page.evaluate(key) == second
    page.keyboard.press("ArrowLeft")
    assert page.evaluate(key) == first
    assert len({first, second, below}) == 3
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline == "solid"
    page.keyboard.press("End")
    page.keyboard.press("Enter")
    assert page.locator("#details h2").is_visible()
    assert page.evaluate("document.activeElement.tagName") == "H2"
    page.keyboard.press("Escape")
    seen = {page.evaluate(key)}
    page.keyboard.press("Home")
    for _ in range(page.locator(".tile").count()):
        seen.add(page.evaluate(key))
        page.keyboard.press("ArrowRight")
    assert len(seen) == page.locator(".tile").count()


def test_a_filter_keeps_the_focus(opened: Open) -> None:
    page = opened()
    page.locator('#legend [data-state="late"]').focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.dataset.state") == "late"
    page.locator("#ranking-rows button").first.focus()
    name = page.evaluate("document.activeElement.textContent")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.textContent") == name


# --- for everybody ----------------------------------------------------------------------------------------------------


def barriers(page: Page) -> list[tuple[str, str, str]]:
    """What axe-core finds: the rule, how grave, and an element."""
    rules = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
    found = Axe().run(page, options={"resultTypes": ["violations"], "runOnly": rules}).response["violations"]
    return [(one["id"], one["impact"], one["nodes"][0]["html"]) for one in found]


@pytest.mark.parametrize("size", ["desk", "phone"])
@pytest.mark.parametrize("hash_", ["", f"#date={DAY}&village=449901109207004%7Ctown_plant"])
def test_axe_finds_nothing(opened: Open, size: str, hash_: str) -> None:
    page = opened(hash_, size, bypass_csp=True)
    for summary in page.locator("summary").all():
        if summary.is_visible():
            summary.dispatch_event("click")
    assert barriers(page) == []


@pytest.mark.parametrize("size", SIZES)
def test_nothing_runs_out_of_the_window(opened: Open, size: str) -> None:
    page = opened("", size)
    assert page.evaluate("document.documentElement.scrollWidth") == SIZES[size][0]
    beyond = page.evaluate(
        "[...document.querySelectorAll('main *')].filter(e => e.getBoundingClientRect().right > innerWidth + 1).length"
    )
    assert beyond == 0


def test_the_towns_of_the_county_are_seen_at_once_on_an_office_screen(opened: Open) -> None:
    page = opened()
    assert page.locator("#tiles").bounding_box()["y"] + page.locator("#tiles").bounding_box()["height"] <= 768


def test_motion_is_not_needed(opened: Open) -> None:
    page = opened("", reduced_motion="reduce")
    assert page.locator(".tile").first.evaluate("tile => getComputedStyle(tile).transitionDuration") == "0s"


def test_it_prints_on_one_a3_page_with_its_dates(opened: Open, tmp_path: Path) -> None:
    page = opened()
    pdf = page.pdf(prefer_css_page_size=True, print_background=True)
    boxes = [tuple(map(float, box.split())) for box in re.findall(rb"/MediaBox \[([\d. ]+)\]", pdf)]
    assert len(boxes) == 1
    assert boxes[0][2] / 72 * 25.4 == pytest.approx(420, abs=1)
    assert boxes[0][3] / 72 * 25.4 == pytest.approx(297, abs=1)
    page.emulate_media(media="print")
    assert page.locator("#scope").is_visible() and not page.locator(".filters").is_visible()


# --- maps, languages, hostile names -----------------------------------------------------------------------------------


def test_the_map_of_given_boundaries_filters_by_town(opened: Open, county: County, tmp_path: Path) -> None:
    square = [[111, 23], [111.1, 23], [111.1, 23.1], [111, 23.1], [111, 23]]
    towns = ["青龙镇", "石陂镇", "白石镇"]
    shapes = [feature([[[x + 0.1 * at, y] for x, y in square]], n=name) for at, name in enumerate(towns)]
    written = write_wall_map(county.published / "marts.duckdb", tmp_path, "zh", {}, collection(tmp_path, *shapes))
    assert written.file
    page = opened(path=written.file, bypass_csp=True)
    assert page.locator("#map path").count() == 3
    assert barriers(page) == []
    assert "松岗镇" in page.locator(".notice").inner_text()
    assert page.locator(".tile").count() == 0
    page.locator("#map path").nth(1).focus()
    page.keyboard.press("Enter")
    assert address(page)["town"] == "449901102"
    assert page.locator("#tiles .town").count() == 1
    assert "88.5%" in kpi(page, "villages")
    page.locator('[data-set="view=tiles"]').click()
    assert page.locator("#map").is_hidden()


def test_the_english_page_speaks_english(opened: Open, county: County, tmp_path: Path) -> None:
    written = write_wall_map(county.published / "marts.duckdb", tmp_path, "en", read_addresses(county.warehouse))
    assert written.file
    page = opened(f"#date={DAY}&village=449901109207004%7Ctown_plant", path=written.file)
    assert "206 completed" in kpi(page, "villages")
    text = page.locator("body").inner_text()
    named = "option, .town-name, #ranking-rows th, h1, #details h2, .path, .file, footer"
    names = "".join(page.locator(named).all_text_contents())
    left = {letter for letter in re.findall(r"[\u4e00-\u9fff]", text) if letter not in names}
    assert left <= set("抽查表攻坚进度工程农村集中供水镇石头黄竹")  # names of sheets, towns and projects


def test_hostile_names_are_shown_as_text(opened: Open, county: County, tmp_path: Path) -> None:
    with connect(county.published / "marts.duckdb") as con:
        figures: dict[str, Any] = read_figures(con, {}, "zh")

    def spoilt(value: Any, at: list[int]) -> Any:
        if isinstance(value, str) and re.search(r"[\u4e00-\u9fff]", value):
            at[0] += 1
            return HOSTILE[at[0] % len(HOSTILE)] + str(at[0])
        if isinstance(value, list | tuple):
            return [spoilt(inner, at) for inner in value]
        return {key: spoilt(inner, at) for key, inner in value.items()} if isinstance(value, dict) else value

    told = (
        "county",
        "towns",
        "modes",
        "sources",
        "villages",
        "project_names",
        "files",
        "sheets",
        "issues",
        "texts",
        "assessment",
    )
    figures |= {name: spoilt(figures[name], [0]) for name in told}
    path = tmp_path / "hostile.html"
    path.write_text(render(figures, Boundaries(), [], "zh"), "utf-8")
    page = opened("#date=2021-07-31&village=449901101206004%7C", path=path)
    assert page.locator("h1").inner_text().startswith(figures["county"])
    names = page.locator(".town-name").all_inner_texts()
    assert [" ".join(name.split()) for name in names] == [" ".join(name.split()) for _, name in figures["towns"]]
    page.locator(".tile").nth(5).click()
    assert page.locator("script").count() == 2
    assert page.locator("img").count() == 0


def test_it_can_be_looked_at(opened: Open) -> None:
    """Pictures for people, where a folder is named for them."""
    if not (folder := os.environ.get("GONGSHUI_SCREENSHOTS")):
        pytest.skip("GONGSHUI_SCREENSHOTS names no folder")
    for size in SIZES:
        opened("", size).screenshot(path=Path(folder) / f"wall-map-{size}.png", full_page=size == "phone")
    opened().pdf(path=Path(folder) / "wall-map-a3.pdf", prefer_css_page_size=True, print_background=True)
