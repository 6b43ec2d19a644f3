"""The wall map of a large county: `uv run pytest -m bench tests/bench/test_wall_map.py -s`.

The sample county six times over, at five times its report dates: 60 towns, about 1,600 villages, 25 report dates.
"""

import time
from pathlib import Path

import duckdb
import pytest
from playwright.sync_api import Browser

from flows.report.wall_map.cells import read_addresses
from flows.report.wall_map.wall_map import write_wall_map
from tests.browser.conftest import browser  # noqa: F401
from tests.conftest import County

pytestmark = pytest.mark.bench

COPIES, SPELLS = 6, 5
MOST_BYTES, MOST_MILLISECONDS, MOST_SECONDS = 3_000_000, 2000, 10.0


def copy_of(value: str, kind: str, column: str) -> str:
    """The SQL of one column in copy `copy.n` of the county and spell `spell.n` of its report dates."""
    if kind == "DATE":
        # plans stay: a village's facts change as often as they do
        return (
            value
            if column in ("planned_finish", "finished_on")
            else f"cast({value} + spell.n * interval 60 day as date)"
        )
    if kind != "VARCHAR":
        return value
    if column in ("source_id", "source_file", "file"):
        return f"concat({value}, '.', copy.n, '.', spell.n)"
    projects = f"replace({value}, '449901-', concat('449901', copy.n + 1, '-'))"
    return f"replace({projects}, '4499011', concat('449901', copy.n + 1))"


def enlarge(small: Path, large: Path) -> None:
    """Copy the tables of published marts, many times over."""
    with duckdb.connect() as con:
        con.execute(f"attach '{small}' as small (read_only); attach '{large}' as large")
        con.execute("create schema large.meta; create table large.meta.release as select * from small.meta.release")
        tables = con.execute(
            "select table_name from duckdb_tables() where database_name = 'small' and schema_name = 'main'"
        ).fetchall()
        for (table,) in tables:
            columns = con.execute(
                "select column_name, data_type from duckdb_columns() "
                f"where database_name = 'small' and schema_name = 'main' and table_name = '{table}'"
            ).fetchall()
            copied = [
                f'{copy_of(f"t.{name!r}".replace(chr(39), chr(34)), kind, name)} as "{name}"' for name, kind in columns
            ]
            by_date = any(name == "report_date" for name, _ in columns)
            once = table in ("metric", "dim_supply_mode", "dim_funding_source", "dim_indicator", "dim_date")
            con.execute(
                f"""
                create table large.{table} as
                select distinct {", ".join(copied)}
                from small.main.{table} as t, range({1 if once else COPIES}) as copy(n),
                    range({SPELLS if by_date else 1}) as spell(n)
                """
            )


def test_a_large_county_is_small_enough_and_drawn_at_once(
    county: County,
    tmp_path: Path,
    browser: Browser,  # noqa: F811
) -> None:
    large = tmp_path / "marts.duckdb"
    enlarge(county.published / "marts.duckdb", large)
    addresses = {
        (f"{source}.{copy}.{spell}", sheet, row, village.replace("4499011", f"449901{copy + 1}")): cells
        for (source, sheet, row, village), cells in read_addresses(county.warehouse).items()
        for copy in range(COPIES)
        for spell in range(SPELLS)
    }
    started = time.perf_counter()
    written = write_wall_map(large, tmp_path, "zh", addresses)
    seconds = time.perf_counter() - started
    assert written.file
    size = written.file.stat().st_size

    drawn = []
    for width, height in ((1366, 768), (390, 844)):
        page = browser.new_page(viewport={"width": width, "height": height})
        page.goto(written.file.as_uri())
        page.wait_for_selector("html[data-drawn]")
        drawn.append(int(page.locator("html").get_attribute("data-drawn") or 0))
        tiles, towns = page.locator(".tile").count(), page.locator(".town").count()
        asked = time.perf_counter()
        page.select_option("#mode", "town_plant")
        filtered = time.perf_counter() - asked
        page.select_option("#mode", "")
        if width == 1366:
            page.screenshot(path=tmp_path / "large.png")
            (tmp_path / "large.pdf").write_bytes(page.pdf(prefer_css_page_size=True, print_background=True))
        page.close()
    print(
        f"\n{towns} towns, {tiles} villages, 25 report dates: {size / 1e6:.2f} MB, written in {seconds:.1f} s, "
        f"drawn in {drawn[0]} ms at 1366×768 and {drawn[1]} ms on a phone, filtered in {filtered * 1000:.0f} ms"
    )
    assert towns == 60 and tiles >= 1500
    assert size < MOST_BYTES
    assert max(drawn) < MOST_MILLISECONDS
    assert seconds < MOST_SECONDS
