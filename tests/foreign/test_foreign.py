"""Other readers' test workbooks through `gongshui check`: `uv run --with pip pytest -m foreign tests/foreign -s`.

The source distributions of spreadsheet libraries hold the workbooks that once broke somebody's reader. pip fetches them
from whatever index is set up. They are unpacked, never built: what setting up says does not matter, what is there does.
"""

import json
import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from flows.ingest.guard import REASONS, Limits

pytestmark = pytest.mark.foreign

# Those whose source distributions carry workbooks.
PACKAGES = """
    agate-excel odfpy petl pyexcel pyexcel-htmlr pyexcel-io pyexcel-ods pyexcel-ods3 pyexcel-xls pyexcel-xlsx
    pyexcel-xlsxw python-calamine tablib xlutils xlwt
""".split()
ENDINGS = frozenset(".xls .xlsx .xlsm .xlsb .xlt .xltx .ods .ots .fods .csv .tsv .htm .html .xml".split())
BATCH = 40
# What a reader stops for, and a sound one never does.
STOPPED = tuple(REASONS[code][0][:4] for code in ("timeout", "memory", "crashed"))
LIMITS = Limits()


def workbooks(package: str, folder: Path) -> list[Path]:
    """The files of a package's source distribution that look like tables."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", ":all:"]
    # Without isolation nothing is fetched to build it with; without cleaning what was unpacked stays.
    command += ["--no-build-isolation", "--no-clean", "--dest", str(folder / "archives"), package]
    fetched = subprocess.run(
        command,
        env={**os.environ, "TMPDIR": str(folder), "TEMP": str(folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    found = [path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix.lower() in ENDINGS]
    assert found, fetched.stderr
    return found


def checked(files: list[Path], home: Path) -> Iterator[dict]:
    """What `gongshui check --json` says of each file."""
    for start in range(0, len(files), BATCH):
        some = [str(path) for path in files[start : start + BATCH]]
        started = time.monotonic()
        done = subprocess.run(
            [sys.executable, "-m", "flows.cli", "check", "--json", "--data", str(home), *some],
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
            timeout=LIMITS.seconds * len(some),
        )
        assert done.returncode in (0, 1), done.stderr
        assert "Traceback" not in done.stderr, done.stderr
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        assert [line["file"] for line in lines] == some
        print(f"{len(some)} files in {time.monotonic() - started:.1f} s", end="; ")
        yield from lines


@pytest.mark.parametrize("package", PACKAGES)
def test_every_workbook_is_read_or_refused_with_a_reason(package: str, tmp_path: Path) -> None:
    files = workbooks(package, tmp_path)
    print(f"\n{package}: ", end="")
    told = list(checked(files, tmp_path / "data"))
    for file in told:
        assert file["status"] in ("read", "refused", "unrecognised", "duplicate"), file
        assert file["status"] == "read" or file["reason"], file
        assert not str(file["reason"]).startswith(STOPPED), file
    print(dict(Counter(file["status"] for file in told)))
    for reason, count in Counter(file["reason"] for file in told if file["status"] == "refused").items():
        print(f"    {count} × {reason}")
    if sys.platform != "win32":
        import resource

        most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        assert most < LIMITS.memory_bytes, most
