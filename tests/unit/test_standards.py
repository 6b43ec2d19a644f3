"""The seeds of limits, criteria and meetings speak the words of the forms, and say where each figure comes from."""

import csv
from pathlib import Path

import pytest

from schemas.vocabulary.events import EVENT_KIND
from schemas.vocabulary.water import PARAMETER, SAMPLING_POINT

SEEDS = Path(__file__).parent.parent.parent / "sql" / "seeds"


def seed(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_a_limit_is_in_the_unit_of_its_parameter() -> None:
    limits = seed("water_limit")
    assert {limit["parameter"] for limit in limits} <= PARAMETER.terms.keys()
    wrong = [limit for limit in limits if (PARAMETER.terms[limit["parameter"]].unit or "") != limit["unit"]]
    assert wrong == []


def test_a_limit_holds_at_points_and_scales_that_there_are() -> None:
    limits = seed("water_limit")
    assert {limit["sampling_point"] for limit in limits} <= {"", *SAMPLING_POINT.terms}
    assert {limit["scale"] for limit in limits} <= {"", *(mode["scale"] for mode in seed("supply_mode"))}


def test_a_unit_is_converted_to_one_that_a_limit_has() -> None:
    units = seed("water_unit")
    assert {unit["limit_unit"] for unit in units} <= {limit["unit"] for limit in seed("water_limit")}
    assert [unit for unit in units if unit["unit"] != unit["unit"].lower()] == []


def test_a_meeting_is_of_a_kind_that_there_is_and_comes_again() -> None:
    cadences = seed("meeting_cadence")
    assert {cadence["kind"] for cadence in cadences} <= EVENT_KIND.terms.keys()
    assert [each for each in cadences if int(each["every_months"]) + int(each["every_days"]) <= 0] == []


@pytest.mark.parametrize("name", ["water_limit", "service_criterion"])
def test_a_figure_says_where_it_was_read_or_that_it_was_not(name: str) -> None:
    rows = seed(name)
    assert [row for row in rows if not (row["source"] and row["valid_from"])] == []
    assert {row["is_verified"] for row in rows} == {"true", "false"}
    # what was read was read at an address, what was not names the standard that it is to be checked against
    assert [row for row in rows if (row["is_verified"] == "true") == row["source"].startswith(row["standard"])] == []
