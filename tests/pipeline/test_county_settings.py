"""Two counties in one warehouse, each judged by the rubric, deadlines and bounds that are its own at the time."""

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from flows import transform
from flows.ingest.guard import Limits
from flows.ingest.night import ingest
from flows.rubric import COLUMNS, COUNTY, read_rubric
from tests.conftest import NOW, OPTIONS, County
from tests.pipeline.test_counties import FIRST, INBOX, SECOND, write_inbox

pytestmark = [pytest.mark.pipeline, pytest.mark.slow]

# Its own until 15 August: 2 of the 3 days late count, and what would be good elsewhere is not enough.
OWN = (
    "schedule,节点进度,schedule,60,ratio,none=full",
    "timeliness,报送及时,timeliness,40,deduct,per_unit=10;due_days=1",
    "bounds,等次和处理界限,bounds,0,bounds,pass=82.5;warn_below=85",
)
Row = tuple[object, ...]


@dataclass(frozen=True)
class Judged:
    """County and day → what a town scored, and what followed; its indicators with their weights and points."""

    results: dict[tuple[str, str], Row]
    items: dict[tuple[str, str, str], Row]


def send_all(raw: Path) -> None:
    """Every county's report of its day three days late, and the first county's again ten days later, in time."""
    write_inbox(raw)
    for county, (_, _, day, _) in INBOX.items():
        late = raw / (day + dt.timedelta(days=3)).isoformat()
        late.mkdir()
        (raw / day.isoformat() / county).rename(late / county)
    (first,) = (raw / "2021-08-13" / "甲川县").iterdir()
    again = raw / "2021-08-20" / "甲川县" / first.name.replace("8.10", "8.20")
    again.parent.mkdir(parents=True)
    again.write_text(first.read_text("utf-8-sig").replace("8月10日", "8月20日"), "utf-8-sig")


def judge(warehouse: Path, work: Path, rubric: Path | None, tests: transform.Tests) -> Judged:
    transform.build(warehouse, work, rubric=read_rubric(rubric, Limits()), tests=tests)
    with duckdb.connect(str(warehouse), read_only=True) as con:
        results = con.execute(
            "select county_code, cast(report_date as varchar), total_score, grade, action, reason "
            "from marts.fct_assessment"
        ).fetchall()
        items = con.execute(
            "select county_code, cast(report_date as varchar), indicator, max_points, points, rule_text "
            "from marts.fct_assessment_item"
        ).fetchall()
    return Judged({row[:2]: row[2:] for row in results}, {row[:3]: row[3:] for row in items})


@pytest.fixture(scope="module")
def both(county: County, tmp_path_factory: pytest.TempPathFactory) -> tuple[Judged, Judged]:
    """The same warehouse judged by the shipped rubric, and then with one of its own for the first county."""
    folder = tmp_path_factory.mktemp("settings")
    send_all(folder / "raw")
    warehouse = folder / "warehouse.duckdb"
    ingest(folder / "raw", warehouse, OPTIONS, NOW, lambda *_: None)
    rubric = folder / "rubric.csv"
    lines = [f"{line},2021-08-01,2021-08-15,县办,{FIRST}" for line in OWN]
    rubric.write_text("\n".join([",".join((*COLUMNS, COUNTY)), *lines]) + "\n", "utf-8")
    shipped = judge(warehouse, county.data / "work", None, "none")
    return shipped, judge(warehouse, folder / "work", rubric, "data")


def test_a_county_is_judged_by_the_whole_of_its_own_rubric(both: tuple[Judged, Judged]) -> None:
    _, own = both
    found = {key: row for key, row in own.items.items() if key[:2] == (FIRST, "2021-08-10")}
    assert {key[2]: row[:2] for key, row in found.items()} == {
        "schedule": (Decimal(60), Decimal(60)),
        "timeliness": (Decimal(40), Decimal(20)),
    }
    rule = found[FIRST, "2021-08-10", "timeliness"][2]
    assert rule == "进度表迟报天数，每1天扣10分，最低0分，满分40分；报告日后1天内报送不扣分"


def test_grade_and_action_follow_the_countys_own_bounds(both: tuple[Judged, Judged]) -> None:
    _, own = both
    assert own.results[FIRST, "2021-08-10"] == (
        Decimal(80), "fail", "summons", "总分低于82.5分；失分最多：报送及时20分",
    )  # fmt: skip


def test_before_and_after_its_own_rubric_a_county_is_judged_by_that_of_all(both: tuple[Judged, Judged]) -> None:
    shipped, own = both
    day = (FIRST, "2021-08-20")
    assert own.results[day] == shipped.results[day]
    assert own.items[*day, "timeliness"][0] == Decimal(5)


def test_a_countys_own_rubric_is_no_matter_of_another_county(both: tuple[Judged, Judged]) -> None:
    shipped, own = both
    keys = [key for key in shipped.items if key[0] == SECOND]
    assert len(keys) == 9
    assert {key: own.items[key] for key in keys} == {key: shipped.items[key] for key in keys}
    assert own.results[SECOND, "2021-08-12"] == shipped.results[SECOND, "2021-08-12"]
    assert own.results.keys() == shipped.results.keys()


def test_a_rubric_that_changed_builds_anew_what_stood_unchanged(both: tuple[Judged, Judged]) -> None:
    shipped, own = both
    assert shipped.results[FIRST, "2021-08-10"] != own.results[FIRST, "2021-08-10"]
