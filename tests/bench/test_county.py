"""What the sample county's night costs: `uv run pytest -m bench tests/bench/test_county.py -s`."""

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import pytest
from python_calamine import CalamineError, CalamineWorkbook

from flows.ingest.night import ingest
from tests.conftest import NOW, OPTIONS, RAW

pytestmark = pytest.mark.bench


def night(data: Path) -> tuple[float, str]:
    """One `gongshui run` of the sample county: seconds of the whole process, and its own account of them."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "flows.cli", "run", "--lang", "en", "--raw", str(RAW), "--data", str(data)],
        cwd=RAW.parent,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == 1, done.stderr
    return time.perf_counter() - started, re.findall(r"^time .*$", done.stderr, re.MULTILINE)[-1]


def test_a_first_and_a_second_night(tmp_path: Path) -> None:
    for name in ("first", "second"):
        seconds, account = night(tmp_path / "data")
        print(f"\n{name} gongshui run: {seconds:.1f} s, of it {account}")


def cpu() -> float:
    """CPU seconds of this process and of the children it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def test_ingest_beside_bare_calamine(tmp_path: Path) -> None:
    files = [path for path in RAW.rglob("*") if path.is_file()]
    workbooks = []
    for path in files:
        try:
            with path.open("rb") as file:
                CalamineWorkbook.from_filelike(file)
            workbooks.append(path)
        except CalamineError:
            continue  # csv, HTML, litter: calamine reads none of them
    before = cpu()
    for path in workbooks:
        with path.open("rb") as file:
            workbook = CalamineWorkbook.from_filelike(file)
            for name in workbook.sheet_names:
                workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
    bare = (cpu() - before) / len(workbooks)
    before, started = cpu(), time.perf_counter()
    ingest(RAW, tmp_path / "warehouse.duckdb", OPTIONS, NOW, lambda *_: None)
    ours = (cpu() - before) / len(files)
    seconds = time.perf_counter() - started
    print(f"\ningest into accepted rows: {1000 * ours:.2f} ms CPU a file ({len(files)} files, {seconds:.1f} s)")
    print(f"bare calamine to_python:   {1000 * bare:.2f} ms CPU a file ({len(workbooks)} files)")
    print(f"ratio {ours / bare:.1f}")
