"""The documents of a large county: `uv run pytest -m bench tests/bench/test_documents.py -s`.

Sixty towns with twenty villages each, made by `make_towns.py` (see test_towns.py), through the whole pipeline. What the
documents cost stands beside what building the marts costs in the same run.
"""

import datetime as dt
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from flows import transform
from flows.ingest.night import ingest
from flows.publish.release import Run, publish
from flows.report import documents
from flows.report.wall_map.cells import read_addresses
from flows.report.wall_map.wall_map import write_wall_map
from tests.bench.test_towns import MAKE_TOWNS
from tests.conftest import NOW, OPTIONS

pytestmark = pytest.mark.bench

TOWNS, VILLAGES, MOST_TRANSFORMS = 60, 20, 2.0


def test_the_documents_of_a_large_county_cost_little_beside_its_marts(tmp_path: Path) -> None:
    if not MAKE_TOWNS.is_file():
        pytest.fail(f"{MAKE_TOWNS} is missing: set GONGSHUI_MAKE_TOWNS to the path of make_towns.py")
    command = [sys.executable, str(MAKE_TOWNS), "--towns", str(TOWNS), "--villages", str(VILLAGES), "--full"]
    subprocess.run([*command, "--out", str(tmp_path)], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    warehouse, published = tmp_path / "warehouse.duckdb", tmp_path / "published"
    ingest(tmp_path / "raw", warehouse, OPTIONS, NOW, lambda *_: None)
    built = transform.build(warehouse, tmp_path / "work").seconds
    publish(warehouse, published, Run.starting(NOW.date(), NOW.astimezone()))
    marts = published / "marts.duckdb"
    with duckdb.connect(str(marts), read_only=True) as con:
        day, towns, villages = con.execute(
            "select max(report_date), count(distinct town_code), count(distinct village_code) from main.fct_coverage"
        ).fetchone() or (dt.date.min, 0, 0)
    started = time.perf_counter()
    written = documents.write(marts, warehouse, tmp_path / "documents", day)
    seconds = time.perf_counter() - started
    started = time.perf_counter()
    write_wall_map(marts, tmp_path, "zh", read_addresses(warehouse))
    drawn = time.perf_counter() - started
    assert not written.failed
    files = sorted((tmp_path / "documents").rglob("*.*"))
    print(
        f"\n{towns} towns, {villages} villages, {sum(file.stat().st_size for file in files) / 1e6:.1f} MB of documents"
    )
    print(f"documents {seconds:.1f} s, wall map {drawn:.1f} s, marts {built:.1f} s: {seconds / built:.2f} of the marts")
    assert towns == TOWNS and villages == TOWNS * VILLAGES
    assert seconds <= MOST_TRANSFORMS * built
