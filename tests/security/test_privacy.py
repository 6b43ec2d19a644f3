"""A night over an inbox full of personal data, formulas and markup: none of it is in anything but landing.

Run with ``uv run pytest -m security``.
"""

import re
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from openpyxl import load_workbook

from tests.flows.test_nightly import gongshui
from tests.security.marked import FORMULA, MARKUP, RARE, Marks, write_inbox
from tests.security.scan import texts_of

pytestmark = pytest.mark.security


@dataclass
class Night:
    """A night over the marked inbox."""

    data: Path
    marks: Marks
    said: subprocess.CompletedProcess[str]

    def published(self, pattern: str) -> list[Path]:
        return sorted(path for path in (self.data / "published").rglob(pattern) if path.is_file())


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Night:
    place = tmp_path_factory.mktemp("night")
    marks = write_inbox(place / "raw")
    (place / "home").mkdir()
    said = gongshui("run", home=place / "home", cwd=place)
    assert said.returncode == 1, said.stderr
    return Night(place / "data", marks, said)


def test_landing_holds_the_marks(night: Night) -> None:
    with duckdb.connect(str(night.data / "warehouse.duckdb"), read_only=True) as con:
        persons = con.execute(
            "select responsible, phone from landing.project_ledger where phone is not null"
        ).fetchall()
        issues = con.execute("select topic, issue, lead_unit from landing.supervision").fetchall()
        rejected = con.execute("select count(*) from landing.rejected_row").fetchone()
    assert len([1 for name, phone in persons if RARE in name and phone in night.marks.phones]) > 5
    assert FORMULA in str(issues)
    assert MARKUP in str(issues)
    assert rejected
    assert rejected[0] > 3


def test_each_marked_town_has_its_copy(night: Night) -> None:
    copies = {path.name for path in night.published("returned/*/*.xlsx")}
    for town in ("青龙镇", "龙塘镇", "石陂镇", "水口镇"):
        assert any(town in name for name in copies), (town, copies)


def everything(night: Night) -> Iterator[tuple[str, str]]:
    yield "stdout", night.said.stdout
    yield "stderr", night.said.stderr
    for path in sorted(night.data.rglob("*")):
        yield "the name of a file", str(path.relative_to(night.data))
        if path.is_file() and not path.name.startswith("warehouse.duckdb"):
            yield from texts_of(path)


def test_no_telephone_number_and_no_name_is_in_anything_but_landing(night: Night) -> None:
    phones = re.compile(r"1397\d{7}|1397-\d{3}")
    leaks: dict[str, set[str]] = {}
    count = 0
    for where, text in everything(night):
        count += 1
        found = {*phones.findall(text)} & {*night.marks.phones}
        found |= {text[max(at.start() - 12, 0) : at.end() + 12] for at in re.finditer(RARE, text)}
        if found:
            leaks.setdefault(where, set()).update(found)
    assert count > 200
    assert leaks == {}


def test_no_formula_of_a_town_is_one_in_what_is_published(night: Night) -> None:
    seen = 0
    for path in [*night.published("*.xlsx")]:
        for sheet in load_workbook(path).worksheets:
            for row in sheet.iter_rows():
                for cell in row:
                    text = str(getattr(cell.value, "text", cell.value))
                    if FORMULA in text:
                        assert cell.data_type == "s", (path, sheet.title, cell.coordinate)
                        assert cell.quotePrefix or not text.startswith("="), (path, sheet.title, cell.coordinate)
                        seen += 1
                    assert not (cell.hyperlink and cell.hyperlink.target), (path, sheet.title, cell.coordinate)
    assert seen
    for path in night.published("*.docx"):
        for where, text in texts_of(path):
            assert not re.search(rf"<w:(?:instrText|fldSimple|hyperlink)[^<]*{FORMULA}", text), where


def test_no_markup_of_a_town_is_markup_in_a_page_or_a_document(night: Night) -> None:
    for path in (*night.published("*.html"), *night.published("*.docx"), *night.published("*.xlsx")):
        for where, text in texts_of(path):
            assert f"<img src=x onerror={MARKUP}" not in text, where
            assert f"<b>{MARKUP}" not in text, where
    for page in night.published("*.html"):
        text = page.read_text("utf-8")
        assert text.count("<script") == text.count("</script>"), page
        scripts = re.findall(r"<script[^>]*>(.*?)</script>", text, re.DOTALL)
        assert not [script for script in scripts if "<!--" in script or "\u2028" in script], page
