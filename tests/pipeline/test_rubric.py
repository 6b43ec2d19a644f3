"""The county's rubric decides the assessment: weights, deadlines and versions, without a change of SQL."""

import csv
import shutil
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from pathlib import Path

import duckdb
import pytest

from flows import transform
from flows.ingest.guard import Limits
from flows.rubric import SHIPPED, Line, read_rubric
from tests.conftest import County
from tests.pipeline.test_sample_county import TRUTH

pytestmark = pytest.mark.pipeline

Points = dict[tuple[str, str], dict[str, Decimal]]


def shipped(**changes: dict[str, str]) -> list[Line]:
    """The shipped rubric, some of its lines changed."""
    return [line | changes.get(line["indicator"], {}) for line in read_rubric(SHIPPED, Limits())]


def half_up(number: Fraction) -> Decimal:
    exact = Decimal(number.numerator * 10**10 // number.denominator).scaleb(-10)  # ten digits say which way to round
    return exact.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def truth() -> dict[tuple[str, str], dict[str, dict[str, str]]]:
    """The truth's figures by report date, town and indicator."""
    found: dict[tuple[str, str], dict[str, dict[str, str]]] = defaultdict(dict)
    with (TRUTH / "fct_assessment_item.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["report_date"], row["town_code"]][row["indicator"]] = row
    return found


def share(weight: int, row: dict[str, str]) -> Fraction:
    """What a ratio is worth."""
    return weight * min(Fraction(row["numerator"]) / Fraction(row["denominator"]), Fraction(1))


def build(county: County, folder: Path, rubric: list[Line]) -> tuple[Points, dict[tuple[str, str], Decimal]]:
    """Every town's points and totals under a rubric."""
    warehouse = Path(shutil.copy(county.warehouse, folder / "warehouse.duckdb"))
    transform.build(warehouse, folder / "work", rubric=rubric)
    points: Points = defaultdict(dict)
    with duckdb.connect(str(warehouse), read_only=True) as con:
        for day, town, indicator, value in con.execute(
            "select cast(report_date as varchar), town_code, indicator, points from marts.fct_assessment_item"
        ).fetchall():
            points[day, town][indicator] = value
        totals = con.execute("select cast(report_date as varchar), town_code, total_score from marts.fct_assessment")
        return points, {(day, town): total for day, town, total in totals.fetchall()}


def test_another_weight_and_deadline_change_the_points_of_every_town(county: County, tmp_path: Path) -> None:
    rubric = shipped(
        coverage_progress={"weight": "32.5"},
        timeliness={"weight": "7.5", "parameters": "per_unit=2.5;due_days=2;stale_days=15"},
    )
    points, totals = build(county, tmp_path, rubric)
    known = truth()
    assert points.keys() == known.keys()
    weights = {"schedule": 20, "funds_secured": 5, "funds_spent": 10, "service_standard": 5, "approvals": 5}
    for key, rows in known.items():
        exact = {
            name: share(weight, rows[name]) for name, weight in weights.items() if rows[name]["denominator"] != "0"
        }
        exact["coverage_progress"] = share(65, rows["coverage_progress"]) / 2
        days = max(int(rows["timeliness"]["numerator"] or 99) - 1, 0)  # no report: no points
        exact["timeliness"] = max(Fraction(15, 2) - Fraction(5, 2) * days, Fraction(0))
        # steps, and what there was nothing to measure of, stay what they were
        exact = {name: Fraction(row["points"]) for name, row in rows.items()} | exact
        assert points[key] == {name: half_up(value) for name, value in exact.items()}
        assert totals[key] == half_up(sum(exact.values(), Fraction(0)))


@pytest.mark.slow
def test_a_new_version_leaves_earlier_reports_as_they_were(county: County, tmp_path: Path) -> None:
    old = shipped()
    for line in old:
        line["valid_to"] = "2021-08-09"
    new = {"valid_from": "2021-08-10", "rule_type": "all_or_nothing", "parameters": "at_least=0.8"}
    _, totals = build(county, tmp_path, [*old, old[0] | new | {"weight": "100", "valid_to": ""}])
    with (TRUTH / "fct_assessment.csv").open(encoding="utf-8", newline="") as file:
        before = {(row["report_date"], row["town_code"]): Decimal(row["total_score"]) for row in csv.DictReader(file)}
    known = truth()
    for key, total in totals.items():
        covered = known[key]["coverage_progress"]
        reached = Fraction(covered["numerator"]) >= Fraction(8, 10) * Fraction(covered["denominator"])
        assert total == (before[key] if key[0] < "2021-08-10" else 100 * reached)
    assert {key[0] for key in totals} == {key[0] for key in before}


@pytest.mark.slow
def test_a_rubric_that_cannot_be_reckoned_with_stops_the_build_and_says_all_that_is_wrong(
    county: County, tmp_path: Path
) -> None:
    rubric = shipped(
        approvals={"weight": "0", "valid_to": "2021-07-31"},
        schedule={"metric": "coverage_progress"},
        funds_spent={"metric": "weather"},
        service_standard={"rule_type": "guess"},
        water_quality={"parameters": "0.95:10"},
        timeliness={"rule_type": "ratio", "parameters": ""},
    )
    own = {"county_code": "990101", "name_zh": "进度", "weight": "95"}
    bounds = {"indicator": "bounds", "metric": "bounds", "rule_type": "bounds", "parameters": "pass=60;best=99"}
    rubric += [rubric[1] | {"metric": "schedule"} | own, rubric[1] | own | bounds | {"weight": "0"}]
    with pytest.raises(transform.TransformError) as caught:
        build(county, tmp_path, rubric)
    said = str(caught.value)
    for day in ("2000-01-01", "2021-08-01"):
        assert f"考核办法（{day}起施行）权重合计为95，应为100。" in said
        assert f"Rubric in force from {day}: the weights sum to 95, not 100." in said
    assert "metric 重复：coverage_progress" in said
    wrong = ("funds_spent", "service_standard", "water_quality", "timeliness")
    assert all(f"指标{indicator}的 metric、rule_type 或 parameters 不符合要求" in said for indicator in wrong)
    assert "指标coverage_progress的" not in said
    assert "考核办法（990101，2000-01-01起施行）权重合计为95，应为100。" in said
    assert "Rubric of 990101 in force from 2000-01-01: the weights sum to 95, not 100." in said
    assert "指标bounds的 metric、rule_type 或 parameters 不符合要求" in said
    assert "指标schedule在各县的名称不一：节点进度、进度" in said
