"""The headline of the report that started the project, from the published marts."""

import datetime as dt
import json
from pathlib import Path
from typing import Protocol

import pytest

from flows.report.headline import headline

pytestmark = pytest.mark.pipeline

TRUTH = json.loads((Path(__file__).parents[1] / "data" / "truth" / "headline.json").read_text("utf-8"))


class County(Protocol):
    published: Path


def test_every_figure_of_the_headline_is_reproduced(county: County) -> None:
    found = headline(county.published / "marts.duckdb", dt.date.fromisoformat(TRUTH["report_date"]))
    assert found is not None
    assert found.as_printed() == TRUTH


def test_the_latest_report_date_is_the_default(county: County) -> None:
    found = headline(county.published / "marts.duckdb")
    assert found is not None
    assert found.as_printed() == TRUTH


def test_supply_modes_and_sources_come_in_the_order_of_reports(county: County) -> None:
    found = headline(county.published / "marts.duckdb")
    assert found is not None
    assert list(found.coverage) == ["cross_county", "county_plant", "town_plant", "small_scheme", "all"]
    assert list(found.funds) == ["special_bond", "agricultural_funds", "other", "all"]
    assert found.total is found.coverage["all"]


def test_a_date_without_a_report_has_no_headline(county: County) -> None:
    assert headline(county.published / "marts.duckdb", dt.date(2021, 8, 19)) is None
