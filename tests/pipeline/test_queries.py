"""The questions of docs/queries.md, asked of the sample county, against answers worked out from its truth."""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest

from flows.publish.query import query
from tests.conftest import County
from tests.pipeline.test_sample_county import TRUTH

pytestmark = pytest.mark.pipeline

DOCUMENT = Path(__file__).parents[2] / "docs" / "queries.md"
NOW, BEFORE = "2021-08-20", "2021-08-10"
Row = dict[str, str]
Answer = list[tuple[str, ...]]


def questions() -> dict[str, str]:
    """Each heading of the document with its one statement."""
    sections = [section.split("\n", 1) for section in DOCUMENT.read_text("utf-8").split("\n## ")[1:]]
    return {heading: re.findall(r"```sql\n(.*?)```", text, re.S)[0] for heading, text in sections}


def truth(table: str, **where: str) -> list[Row]:
    with (TRUTH / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if all(row[name] == value for name, value in where.items())]


def towns() -> dict[str, str]:
    """Code → name."""
    return {row["village_code"][:9]: row["town"] for row in truth("rows/division")}


def villages() -> dict[str, str]:
    return {row["village_code"]: row["natural_village"] for row in truth("rows/division")}


def explained() -> Answer:
    items = truth("fct_assessment_item", report_date=NOW, town_code="449901101")
    items.sort(key=lambda row: (Decimal(row["points"]) - Decimal(row["max_points"]), row["indicator"]))
    return [(f"{row['numerator']}/{row['denominator']}".rstrip("/"), row["max_points"]) for row in items]


def actions() -> Answer:
    rows = sorted(truth("fct_assessment", report_date=NOW), key=lambda row: int(row["rank"]))
    return [(towns()[row["town_code"]], row["rank"], row["grade"], row["action"]) for row in rows]


def slipped() -> Answer:
    ranks = {row["town_code"]: int(row["rank"]) for row in truth("fct_assessment", report_date=BEFORE)}
    rows = sorted(truth("fct_assessment", report_date=NOW), key=lambda row: int(row["rank"]))
    return [
        (towns()[row["town_code"]], str(ranks[row["town_code"]]), row["rank"])
        for row in rows
        if int(row["rank"]) > ranks[row["town_code"]]
    ]


def changed() -> Answer:
    now, before = (
        {(row["village_code"], row["supply_mode"]): row for row in truth("fct_coverage", report_date=day)}
        for day in (NOW, BEFORE)
    )
    numbers: Counter[tuple[str, str]] = Counter()
    people: Counter[tuple[str, str]] = Counter()
    for key in now.keys() | before.keys():
        was, stands = before.get(key), now.get(key)
        match was and was["is_completed"], stands and stands["is_completed"]:
            case None, _:
                change = "joined"
            case _, None:
                change = "dropped"
            case "0", "1":
                change = "finished"
            case "1", "0":
                change = "fell back"
            case _:
                if was and stands and was["population"] == stands["population"]:
                    continue
                change = "counted anew"
        numbers[key[0][:9], change] += 1
        people[key[0][:9], change] += sum(int(row["population_completed"]) for row in (stands,) if row)
        people[key[0][:9], change] -= sum(int(row["population_completed"]) for row in (was,) if row)
    rose = [
        sum(
            int(row["population_completed"]) for row in truth("rpt_coverage_county", report_date=day, supply_mode="all")
        )
        for day in (BEFORE, NOW)
    ]
    assert people.total() == rose[1] - rose[0]
    for row in truth("fct_restatement", report_date=BEFORE):
        numbers[row["town_code"], "restated"] += 1
    return [
        (towns()[town], change, str(number), "" if change == "restated" else str(people[town, change]))
        for (town, change), number in sorted(numbers.items())
    ]


def untested() -> Answer:
    issues = truth("fct_data_issue", rule="R24", report_date=NOW, submission="current")
    return sorted((row["object"],) for row in issues)


def without_water() -> Answer:
    rows = truth("fct_verification", report_date=NOW, reported_completed="1", has_water="0")
    return sorted(
        (row["village_code"], towns()[row["town_code"]], villages()[row["village_code"]], row["inspected_on"])
        for row in rows
    )


def unspent() -> Answer:
    rows = truth("fct_funding", report_date=NOW, funding_source="special_bond")
    left = {row["project_name"]: Decimal(row["secured_yuan"]) - Decimal(row["spent_yuan"]) for row in rows}
    return [
        (name, f"{left[name]:.2f}") for name in sorted(left, key=lambda name: (-left[name], name)) if left[name] > 0
    ]


def overdue() -> Answer:
    duty = {row["object"]: (row["post"], row["task_force_lead"]) for row in truth("rows/assignment")}
    rows = [row for row in truth("fct_supervision", resolved_on="") if "" < row["due_on"] < NOW]
    rows.sort(key=lambda row: (row["due_on"], row["town_code"], row["issue"]))
    return [(towns()[row["town_code"]], row["issue"], row["due_on"], *duty[row["town_code"]]) for row in rows]


def late_reports() -> Answer:
    received: dict[str, list[str]] = defaultdict(list)
    for row in truth("fct_submission", form="village_progress", report_date="2021-07-31"):
        received[row["town_code"]].append(row["received_on"])
    first = {code: min(received[code], default="") for code in sorted(towns())}
    return [(towns()[code], day) for code, day in first.items() if not "" < day <= "2021-08-01"]


def behind() -> Answer:
    rows = [row for row in truth("fct_coverage", report_date=NOW, is_completed="0") if int(row["late_days"]) > 0]
    rows.sort(key=lambda row: (-int(row["late_days"]), row["village_code"]))
    return [(row["village_code"], row["planned_finish"], row["late_days"]) for row in rows[:10]]


def unapproved() -> Answer:
    rows = [row for row in truth("fct_project_progress", report_date=NOW) if "" < row["started_on"] <= NOW]
    wrong = [row for row in rows if not "" < row["approved_on"] <= row["started_on"]]
    return sorted((row["project_name"], row["started_on"], row["approved_on"]) for row in wrong)


def costliest() -> Answer:
    lost: dict[str, Decimal] = defaultdict(Decimal)
    for row in truth("fct_assessment_item", report_date=NOW):
        lost[row["indicator"]] += Decimal(row["max_points"]) - Decimal(row["points"])
    return [(f"{points:.4f}",) for points in sorted(lost.values(), reverse=True)]


# In the order of the document: how the answer is worked out, and the columns that it has in common with the query's.
ANSWERS: list[tuple[Callable[[], Answer], tuple[str, ...]]] = [
    (explained, ("数据", "满分")),
    (actions, ("镇", "名次", "等次", "处理")),
    (slipped, ("town", "rank_before", "rank_now")),
    (changed, ("town", "change", "number", "people")),
    (untested, ("village_code",)),
    (without_water, ("village_code", "town", "village", "inspected_on")),
    (unspent, ("project_name", "unspent_yuan")),
    (overdue, ("town", "issue", "due_on", "liaison_post", "task_force_lead_post")),
    (late_reports, ("town", "received_on")),
    (behind, ("village_code", "planned_finish", "late_days")),
    (unapproved, ("project_name", "started_on", "approved_on")),
    (costliest, ("points_lost",)),
]


@pytest.mark.parametrize(
    ("question", "answer", "columns"),
    [
        pytest.param(question, *answer, id=answer[0].__name__)
        for question, answer in zip(questions(), ANSWERS, strict=True)
    ],
)
def test_a_question_of_the_document_gets_its_true_answer(
    county: County, question: str, answer: Callable[[], Answer], columns: tuple[str, ...]
) -> None:
    told = csv.DictReader("".join(query(county.published / "marts.duckdb", questions()[question], "csv")).splitlines())
    expected = answer()
    assert expected
    assert [tuple(row[name] for name in columns) for row in told] == expected


def test_the_assessment_of_a_town_fits_a_screen(county: County) -> None:
    lines = "".join(query(county.published / "marts.duckdb", next(iter(questions().values())))).splitlines()
    assert len(lines) == 2 + 9
    assert max(len(line) + sum(ord(letter) > 0x2E80 for letter in line) for line in lines) <= 120
