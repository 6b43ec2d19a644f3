"""The data dictionary of the sample county as people open it: in an office browser, on a phone, on paper."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from flows.publish import dictionary
from tests.conftest import County

pytestmark = pytest.mark.browser

OFFICE, PHONE = ViewportSize(width=1366, height=768), ViewportSize(width=390, height=844)


@pytest.fixture(params=[OFFICE, PHONE], ids=["office", "phone"])
def page(request: pytest.FixtureRequest, browser: Browser, county: County) -> Iterator[Page]:
    """The page in a window; whoever opens it, it asks for nothing and complains of nothing."""
    context = browser.new_context(viewport=request.param)
    page = context.new_page()
    asked: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda asking: asked.append(asking.url))
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    address = (county.published / dictionary.FILE).as_uri()
    page.goto(address)
    yield page
    assert set(asked) == {address}
    assert complaints == []
    context.close()


def test_it_speaks_chinese_until_asked_for_english_and_remembers_in_its_address(page: Page) -> None:
    heading, table = page.locator("h1"), page.locator("#table-fct_coverage header p")
    assert heading.inner_text() == "数据字典"
    assert table.inner_text().startswith("每行一个")
    page.get_by_role("link", name="English").click()
    assert heading.inner_text() == "Data dictionary" == page.title()
    assert table.inner_text().startswith("One natural village")
    assert page.evaluate("[location.hash, document.documentElement.lang]") == ["#en", "en"]
    page.reload()
    assert heading.inner_text() == "Data dictionary"
    page.get_by_role("link", name="中文").click()
    assert page.evaluate("[location.hash, document.documentElement.lang]") == ["", "zh-CN"]


def test_a_link_leads_to_its_place_in_either_language_and_back(page: Page) -> None:
    page.goto(page.url + "#en/table-rpt_funding")
    expect(page.locator("#table-rpt_funding")).to_be_in_viewport()
    page.locator("#table-rpt_funding dd a", has_text="fct_funding").first.click()
    expect(page.locator("#table-fct_funding")).to_be_in_viewport()
    assert page.evaluate("location.hash") == "#en/table-fct_funding"
    page.go_back()
    expect(page.locator("#table-rpt_funding")).to_be_in_viewport()


def test_an_address_that_leads_nowhere_does_no_harm(page: Page) -> None:
    for nowhere in ("#en/%", "#table-none", "#en/"):
        page.goto(page.url.partition("#")[0] + nowhere)
        page.reload()
        expect(page.locator("#table-dim_date")).to_be_visible()


def test_a_search_leaves_what_has_all_its_words(page: Page) -> None:
    page.locator("#filter").fill("受益户数")  # a heading that towns print
    expect(page.locator("[data-form=village_progress] [data-field=households]")).to_be_visible()
    expect(page.locator("[data-form=village_progress] [data-field=status]")).to_be_hidden()
    expect(page.locator("#table-dim_date")).to_be_hidden()
    page.locator("#filter").fill("ＦＣＴ_funding  到位")  # full width, two words: of one table one column
    expect(page.locator("#table-fct_funding [data-column=secured_yuan]")).to_be_visible()
    expect(page.locator("#table-fct_funding [data-column=planned_yuan]")).to_be_hidden()
    assert int(page.locator("#found b").inner_text()) == page.locator("main tbody tr:visible, pre:visible").count()
    page.locator("#filter").fill("没有这个词")
    expect(page.locator("#nothing")).to_be_visible()
    page.locator("#filter").fill("")
    expect(page.locator("#table-dim_date")).to_be_visible()
    expect(page.locator("#found")).to_be_hidden()


def test_a_link_leads_out_of_a_search_that_hides_its_place(page: Page) -> None:
    page.locator("#filter").fill("rpt_funding")
    expect(page.locator("#table-fct_funding")).to_be_hidden()
    page.locator("#table-rpt_funding dd a", has_text="工程资金").first.click()
    expect(page.locator("#table-fct_funding")).to_be_in_viewport()


def test_nothing_is_wider_than_the_window(page: Page) -> None:
    for language in ("", "#en"):
        page.goto(page.url.partition("#")[0] + language)
        width, seen = page.evaluate("[document.documentElement.scrollWidth, window.innerWidth]")
        assert width <= seen


def test_the_contents_are_folded_on_a_phone(page: Page) -> None:
    is_phone = page.viewport_size == PHONE
    link = page.locator("nav a", has_text="镇级覆盖进度")
    if is_phone:
        expect(link).to_be_hidden()
        page.locator("nav summary").click()
    link.click()
    expect(page.locator("#table-rpt_coverage_town")).to_be_in_viewport()


@pytest.mark.parametrize("window", [OFFICE, PHONE], ids=["office", "phone"])
@pytest.mark.parametrize("language", ["", "#en"])
def test_everybody_can_read_it(browser: Browser, county: County, window: ViewportSize, language: str) -> None:
    # axe-core is a script of its own, which the page's policy keeps out
    page = browser.new_page(viewport=window, bypass_csp=True)
    page.goto((county.published / dictionary.FILE).as_uri() + language)
    assert [violation["id"] for violation in Axe().run(page).response["violations"]] == []
    page.close()


def test_on_paper_there_are_only_its_words(page: Page) -> None:
    page.emulate_media(media="print")
    for gone in ("nav", "#filter", ".languages"):
        expect(page.locator(gone)).to_be_hidden()
    expect(page.locator("#table-fct_coverage")).to_be_visible()
    expect(page.locator("#table-fct_coverage thead")).to_be_visible()


def test_a_script_that_slipped_into_it_would_not_run(page: Page, county: County, tmp_path: Path) -> None:
    text = (county.published / dictionary.FILE).read_text("utf-8")
    spoilt = tmp_path / "spoilt.html"
    spoilt.write_text(text.replace("<main>", "<main><script>document.title = 'ran'</script>"), "utf-8")
    guest = page.context.new_page()
    guest.goto(spoilt.as_uri())
    assert guest.title() == "数据字典"
    assert guest.locator("h1").inner_text() == "数据字典"
