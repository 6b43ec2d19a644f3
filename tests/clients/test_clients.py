"""A release read by other DuckDBs, and the steps of docs/bi.md followed with the packages that they name."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from flows.publish.postgres import publish_release
from tests.conftest import County
from tests.postgres.conftest import Server
from tests.postgres.conftest import database as database
from tests.postgres.conftest import server as server

pytestmark = pytest.mark.clients

PAGE = Path(__file__).parents[2] / "docs" / "bi.md"
ANSWER = "0.245999"  # the supply rate after the plan of town plants on 2021-08-20
READ_ALL = """
import sys
import duckdb
with duckdb.connect(sys.argv[1], read_only=True) as con:
    tables = con.execute("select table_name, rows from meta.table_rows").fetchall()
    (name,) = con.execute("select current_database()").fetchone()
    for schema in ("main", "marts", "marts_zh"):
        for table, rows in tables:
            assert len(con.execute(f'select * from "{name}".{schema}."{table}"').fetchall()) == rows, (schema, table)
    print(duckdb.__version__, len(tables), con.execute("select run_id from meta.release").fetchall())
"""


def steps(language: str) -> dict[str, str]:
    """The programs of the page in a language, by the packages that their first line installs."""
    programs = re.findall(
        rf"```{language}\n(?:#|//) (?:pip|npm) install (.*?)\n(.*?)```", PAGE.read_text("utf-8"), re.S
    )
    return dict(programs)


def uv() -> str:
    found = os.environ.get("UV") or shutil.which("uv")
    if found is None:
        pytest.fail("uv is missing: run these tests with uv run pytest -m clients")
    return found


def python_with(packages: list[str], *arguments: str) -> str:
    """What a program prints in an environment of its own that has these packages and no more."""
    wanted = [part for package in packages for part in ("--with", package)]
    # The Pythons for which there is a DuckDB 1.0 and a 2.0.
    alone = ("--quiet", "--no-project", "--isolated", "--python", ">=3.11,<3.13")
    return output(uv(), "run", *alone, *wanted, "python", *arguments)


def output(*command: str, cwd: Path | None = None) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{command}:\n{done.stderr}"
    return done.stdout.strip()


@pytest.mark.parametrize("version", ["1.0.0", "2.0.0"])
def test_the_file_opens_in_the_oldest_and_in_the_newest_duckdb(county: County, version: str) -> None:
    said = python_with([f"duckdb=={version}"], "-c", READ_ALL, str(county.published / "marts.duckdb"))
    assert said.startswith(f"{version} ")


@pytest.mark.parametrize("packages", steps("python"))
def test_the_steps_in_python_answer(packages: str, county: County, server: Server, database: str) -> None:
    program = steps("python")[packages].replace("data/published", str(county.published))
    if "db.example" in program:
        publish_release(county.published, server.url(database))
        place = server.url(database).removeprefix("postgresql://")
        program = program.replace("reader@db.example/county", place)
    assert python_with([package.strip('"') for package in packages.split()], "-c", program) == ANSWER


def test_the_steps_in_javascript_answer(county: County, tmp_path: Path) -> None:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.fail("Node is missing (Debian: apt-get install npm)")
    ((packages, program),) = steps("js").items()
    output(npm, "install", "--silent", *packages.split(), cwd=tmp_path)
    file = tmp_path / "ask.mjs"
    file.write_text(program.replace("data/published", county.published.as_posix()), "utf-8")
    assert output(node, str(file), cwd=tmp_path) == ANSWER


def test_the_page_has_steps_to_follow() -> None:
    assert len(steps("python")) == 2
    assert len(steps("js")) == 1
