"""A real Superset in an environment of its own, started for the tests on a free port and stopped after them."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import APIResponse, Browser, BrowserContext

from tests.browser.conftest import browser as browser
from tests.postgres.conftest import database as database
from tests.postgres.conftest import server as server

# Superset's own list of what it needs is not enough: it forgets rich and cachetools, and Flask-Caching 2.5 breaks it
# (apache/superset issue 43860). duckdb-engine is made for DuckDB before 2.
REQUIREMENTS = [
    "apache-superset==6.1.0",
    "cachetools>=5",
    "duckdb>=1.5,<2",
    "duckdb-engine>=0.17,<0.18",
    "flask-caching<2.5",
    "psycopg2-binary>=2.9,<3",
    "rich>=13",
    "sqlalchemy>=1.4.54,<2",
]
ENVIRONMENT = Path(__file__).parents[2] / ".ci" / "superset"  # kept from run to run; .gitignore leaves it out
USER, PASSWORD = "admin", "admin"
_CONFIG = """
SECRET_KEY = {secret!r}
SQLALCHEMY_DATABASE_URI = {database!r}
BABEL_DEFAULT_LOCALE = "zh"
LANGUAGES = {{"zh": {{"flag": "cn", "name": "Chinese"}}}}
CONTENT_SECURITY_POLICY_WARNING = False
"""


@dataclass(frozen=True)
class Superset:
    """A running Superset, and somebody who has logged in to it in a browser."""

    url: str
    context: BrowserContext
    headers: dict[str, str]

    def get(self, path: str) -> Any:
        return self._answer(self.context.request.get(f"{self.url}/api/v1/{path}", headers=self.headers))

    def load(
        self,
        bundle: Path,
        passwords: dict[str, str] | None = None,
        place: str = "assets/import/",
        field: str = "bundle",
        **more: str,
    ) -> None:
        """Import a bundle as docs/bi.md says."""
        file = {"name": bundle.name, "mimeType": "application/zip", "buffer": bundle.read_bytes()}
        answer = self.context.request.post(
            f"{self.url}/api/v1/{place}",
            headers=self.headers,
            multipart={field: file, "passwords": json.dumps(passwords or {}), **more},  # type: ignore[dict-item]
            timeout=120_000,
        )
        assert self._answer(answer) == {"message": "OK"}

    def objects(self, kind: str) -> list[dict[str, Any]]:
        """All databases, datasets, charts or dashboards."""
        found = self.get(f"{kind}/?q=(page_size:100)")
        assert len(found["result"]) == found["count"]
        return list(found["result"])

    def ask(self, dataset: int, metrics: Sequence[str], by: Sequence[str] = (), **where: str) -> list[dict[str, Any]]:
        """Put a question to the chart data API; `where` gives columns and the value that each must have."""
        filters = [{"col": column, "op": "==", "val": value} for column, value in where.items()]
        query = {"metrics": list(metrics), "columns": list(by), "filters": filters, "row_limit": 1000}
        answer = self.context.request.post(
            f"{self.url}/api/v1/chart/data",
            headers=self.headers,
            data={"datasource": {"id": dataset, "type": "table"}, "queries": [query]},
            timeout=60_000,
        )
        return list(self._answer(answer)["result"][0]["data"])

    @staticmethod
    def _answer(answer: APIResponse) -> Any:
        assert answer.ok, f"{answer.url}: {answer.status} {answer.text()[:2000]}"
        return answer.json()


@pytest.fixture(scope="session")
def programs() -> Path:
    """The folder of Superset's programs, installed where they are not yet."""
    done, wanted = ENVIRONMENT / "installed", "\n".join(REQUIREMENTS)
    if not done.is_file() or done.read_text("utf-8") != wanted:
        uv = os.environ.get("UV") or shutil.which("uv")
        if uv is None:
            pytest.fail("uv is missing: run these tests with uv run pytest -m superset")
        # Superset 6.1 runs on these only.
        _install(uv, "venv", "--quiet", "--clear", "--no-project", "--python", ">=3.10,<3.13", str(ENVIRONMENT))
        python = str(ENVIRONMENT / "bin" / "python")
        _install(uv, "pip", "install", "--quiet", "--python", python, *REQUIREMENTS)
        done.write_text(wanted, "utf-8")
    return ENVIRONMENT / "bin"


def _install(*command: str) -> None:
    run = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        pytest.fail(f"Superset cannot be installed here, which needs Python 3.10 to 3.12 and PyPI:\n{run.stderr}")


@pytest.fixture(scope="session")
def address(programs: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where a Superset without anything in it answers."""
    home = tmp_path_factory.mktemp("superset")
    config = home / "superset_config.py"
    config.write_text(_CONFIG.format(secret=secrets.token_urlsafe(42), database=f"sqlite:///{home}/superset.db"))
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "SUPERSET_HOME": str(home),
        "SUPERSET_CONFIG_PATH": str(config),
        "FLASK_APP": "superset.app",
    }
    environment.pop("VIRTUAL_ENV", None)
    with (home / "log").open("w") as log:
        admin = ("--username", USER, "--password", PASSWORD, "--email", "a@example.com")
        for command in (
            ("db", "upgrade"),
            ("fab", "create-admin", *admin, "--firstname", "供水", "--lastname", "管理"),
            ("init",),
        ):
            run = subprocess.run([str(programs / "superset"), *command], env=environment, stdout=log, stderr=log)
            assert run.returncode == 0, f"superset {' '.join(command[:2])}:\n{(home / 'log').read_text()[-3000:]}"
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            place = f"127.0.0.1:{probe.getsockname()[1]}"
        command = ["-k", "gthread", "--threads", "8", "--timeout", "300", "-b", place, "superset.app:create_app()"]
        running = subprocess.Popen([str(programs / "gunicorn"), *command], env=environment, stdout=log, stderr=log)
        try:
            _wait(place, running, home / "log")
            yield f"http://{place}"
        finally:
            running.terminate()
            running.wait(30)


def _wait(place: str, running: subprocess.Popen[bytes], log: Path) -> None:
    host, _, port = place.partition(":")
    for _ in range(240):
        if running.poll() is None:
            try:
                socket.create_connection((host, int(port)), 1).close()
            except OSError:
                time.sleep(0.5)
                continue
            return
    pytest.fail(f"Superset did not start:\n{log.read_text()[-3000:]}")


@pytest.fixture(scope="session")
def superset(address: str, browser: Browser) -> Iterator[Superset]:
    """Superset with somebody logged in, to its pages and to its API."""
    context = browser.new_context(viewport={"width": 1600, "height": 3600}, locale="zh-CN")
    page = context.new_page()
    page.goto(f"{address}/login/", timeout=120_000)
    page.locator("input:visible").first.fill(USER)
    page.locator("input[type=password]").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/superset/welcome/**", timeout=120_000)
    page.close()
    answer = context.request.get(f"{address}/api/v1/security/csrf_token/")
    assert answer.ok, answer.text()
    yield Superset(
        address, context, {"X-CSRFToken": answer.json()["result"], "Referer": address, "Accept": "application/json"}
    )
    context.close()
