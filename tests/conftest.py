"""The sample county, built once a test session by the plain functions: no Prefect here."""

import datetime as dt
import os
from dataclasses import dataclass
from pathlib import Path

import pytest

from flows.ingest.guard import Limits
from flows.ingest.night import Night, Options, ingest

RAW = Path(__file__).parent.parent / "raw"
NOW = dt.datetime(2021, 8, 25, 2, 0)
OPTIONS = Options(Limits(), processes=os.cpu_count() or 1)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--minutes", default="1", help="how long -m fuzz goes on (1)")


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """As many processes as there are cores, but one for what measures and for a few tests named on the command line."""
    if "bench" in config.option.markexpr.split() or any("::" in name for name in config.args):
        config.option.dist = "no"
        return 0
    return os.cpu_count() or 1


@dataclass(frozen=True)
class County:
    """The folders of a county, and what reading it gave."""

    raw: Path
    data: Path
    warehouse: Path
    published: Path
    night: Night


def build_county(raw: Path, data: Path, work: Path | None = None) -> County:
    """Ingest, transform and publish an inbox; in the `work` folder of another county the project is parsed already."""
    from flows import transform  # dbt takes seconds to import; unit tests do without
    from flows.publish.release import Run, publish

    warehouse, published = data / "warehouse.duckdb", data / "published"
    night = ingest(raw, warehouse, OPTIONS, NOW, lambda *_: None)
    transform.build(warehouse, work or data / "work")
    publish(warehouse, published, Run.starting(dt.date(2021, 8, 20), NOW.astimezone()))
    return County(raw, data, warehouse, published, night)


@pytest.fixture(scope="session")
def county(tmp_path_factory: pytest.TempPathFactory) -> County:
    """The sample county; its folder holds a space and Chinese characters, as users' do."""
    return build_county(RAW, tmp_path_factory.mktemp("云塘县 数据"))
