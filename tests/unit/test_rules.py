import datetime as dt
from decimal import Decimal
from functools import cache

import pytest

from flows.ingest.grid import CellError
from flows.ingest.judged import Origin, Rows
from flows.ingest.master import Master, Village
from flows.ingest.validate import judge
from schemas import forms
from schemas.rules import RULES
from tests.builders import ACCEPTABLE, REPORTED, TITLE, VILLAGE, Batch, grid, judged, row, rules, table
from tests.builders import VILLAGES as LISTED

TOMORROW = REPORTED + dt.timedelta(days=1)
# Registered are 412 persons in 大屋村 and 100 in 上围 (builders.VILLAGES).
SMALL = ACCEPTABLE | {"natural_village": "上围", "households": 20, "population": 100}
LEDGER = {
    "town": "青龙镇",
    "project_name": "甲工程",
    "supply_mode": "town_plant",
    "responsible": "张三",
    "phone": "13800000000",
}
SAMPLE = {
    "town": "青龙镇",
    "project_name": "青龙水厂",
    "sampled_on": REPORTED,
    "sample_no": "W1",
    "parameter": "pH",
    "value": Decimal(7),
    "is_below_detection": False,
}
# Each case is a row that breaks no rule, but for the values given.
VILLAGES, PROJECTS = Batch(), Batch("project_ledger", LEDGER)
CHECKS, SAMPLES = Batch("service_check"), Batch("water_quality", SAMPLE)
MONEY = {
    "town": "青龙镇",
    "project_name": "甲工程",
    "funding_source": "other",
    "planned": Decimal(100),
    "secured": Decimal(100),
    "spent": Decimal(100),
}
FUNDS = Batch("funding", MONEY)
funds = FUNDS.case
village, project = VILLAGES.case, PROJECTS.case


def states(*rows, form="village_progress"):
    judged(*rows, form=form)
    return [one.state for one in rows]


def test_a_sound_row_breaks_no_rule_and_is_accepted():
    sound = row()
    assert rules(sound) == []
    assert (sound.state, sound.village_code, sound.town_code) == ("accepted", "440999101200001", "440999101")
    assert sound.object == "440999101200001"


def test_no_rows_have_no_issues():
    assert judged() == []


def test_each_rule_has_the_severity_of_the_specification():
    errors = {"R01", "R02", "R03", "R04", "R05", "R06", "R07", "R08"}
    assert {rule for rule, said in RULES.items() if said.severity == "error"} == errors
    assert {rule for rule, said in RULES.items() if said.severity == "info"} == {"R21"}


@pytest.mark.parametrize(
    ("place", "state"),
    [
        village("rejected", households=0),
        village("accepted", population=600),
        village("accepted", finished_on=REPORTED),
    ],
)
def test_an_error_rejects_and_a_warning_does_not(place, state):
    assert VILLAGES.rules(place)
    assert VILLAGES.rows[place].state == state


@pytest.mark.parametrize("place", [village(households=20, population=400, status=None)])
def test_each_violated_rule_is_reported_and_the_row_rejected_once(place):
    assert VILLAGES.rules(place) == ["R01", "R04", "R10"]
    assert VILLAGES.rows[place].state == "rejected"


# --- R01 --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [village(**{field: None}) for field in forms()["village_progress"].required()])
def test_r01_every_required_field_must_be_there(place):
    assert "R01" in VILLAGES.rules(place)


OPTIONAL = ["works_type", "project_name", "planned_finish", "remark", "progress_rate"]


@pytest.mark.parametrize("place", [village(**{field: None}) for field in OPTIONAL])
def test_r01_leaves_other_fields_alone(place):
    assert VILLAGES.rules(place) == []


@pytest.mark.parametrize("place", [village(town=None)])
def test_r01_a_row_without_any_town(place):
    (issue,) = VILLAGES.issues(place)
    assert (issue.rule, issue.field) == ("R01", "town")


def test_r01_the_sheets_town_is_the_rows():
    without = row(town=None)
    without.rows.origin = Origin("f", "f", "Sheet1", "青龙镇", REPORTED)
    assert rules(without) == []


@pytest.mark.parametrize(
    ("place", "words", "printed"),
    [
        village("“人口”为空", "", population=None),
        village("“人口”填为“不详”，无法识别", "不详", unread={"population": "不详"}),
    ],
)
def test_r01_tells_an_empty_cell_from_an_unreadable_one(place, words, printed):
    (issue,) = VILLAGES.issues(place)
    assert words in issue.message_zh
    assert issue.printed_value == printed


@pytest.mark.parametrize("place", [village(unread={"planned_finish": "待定"})])
def test_r01_an_unreadable_field_that_is_not_required_is_null(place):
    assert VILLAGES.rules(place) == []


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        SAMPLES.case([]),
        SAMPLES.case([], value=Decimal(0)),
        SAMPLES.case([], value=None, is_below_detection=True),
        SAMPLES.case(["R01"], value=None),
        SAMPLES.case(["R01"], unread={"value": "不详"}),
    ],
)
def test_r01_a_water_test_has_a_result_or_is_below_detection(place, broken):
    assert SAMPLES.rules(place) == broken


# --- R02, R03 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place",
    [village(**{field: figure}) for field in ("households", "population") for figure in (-1, 0, Decimal("86.5"))],
)
def test_r02_households_and_population_are_whole_and_above_zero(place):
    assert "R02" in VILLAGES.rules(place)


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        village(broken, **{field: figure})
        for field in ("households_connected", "population_supplied")
        for figure, broken in [(-1, ["R02"]), (0, []), (Decimal("1.5"), ["R02"]), (1, [])]
    ],
)
def test_r02_a_part_may_be_zero(place, broken):
    assert VILLAGES.rules(place) == broken


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        project(broken, **{field: figure})
        for field in ("committees", "villages", "households", "population")
        for figure, broken in [(0, []), (-1, ["R02"]), (Decimal("2.5"), ["R02"])]
    ],
)
def test_r02_holds_for_projects_too(place, broken):
    assert PROJECTS.rules(place) == broken


@pytest.mark.parametrize("figure", [-3, Decimal("2.7")])
def test_r02_holds_for_the_people_served_before(figure):
    base = {"town": "青龙镇", "rural_households": 100, "rural_population": 500, "cross_county.served": figure}
    assert rules(row(base=base), form="baseline") == ["R02"]


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        village([], households=5000, population=20000),
        village(["R03"], households=5001, population=20000),
        village(["R03"], households=5000, population=20001),
        village(["R03", "R03"], households=5001, population=20001),
    ],
)
def test_r03_a_village_has_at_most_5000_households_and_20000_persons(place, broken):
    assert [rule for rule in VILLAGES.rules(place) if rule != "R11"] == broken


# --- R04, R05, R10 ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        village(["R04", "R10"], households=100, population=99),
        village(["R10"], households=100, population=100),
        village(["R10"], households=20, population=300),  # exactly 15
        village(["R04", "R10"], households=20, population=301),
        village(["R10"], households=100, population=149),
        village([], households=100, population=150),  # exactly 1.5
        village([], households=20, population=150),  # exactly 7.5
        village(["R10"], households=20, population=151),
    ],
)
def test_r04_and_r10_judge_the_persons_a_household(place, broken):
    assert [rule for rule in VILLAGES.rules(place) if rule != "R11"] == broken


@pytest.mark.parametrize("place", [village(households_connected=86), village(population_supplied=412)])
def test_r05_a_part_may_be_its_whole(place):
    assert VILLAGES.rules(place) == []


@pytest.mark.parametrize(
    ("place", "field", "part", "whole"),
    [
        village("households_connected", "87", "86", households_connected=87),
        village("population_supplied", "413", "412", population_supplied=413),
    ],
)
def test_r05_a_part_is_no_more_than_its_whole_and_both_are_told(place, field, part, whole):
    (issue,) = VILLAGES.issues(place)
    assert (issue.rule, issue.field) == ("R05", field)
    assert part in issue.message_zh
    assert whole in issue.message_zh


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        village(["R01", "R11"], households=None, population=5000),
        village(["R02"], households=-1, households_connected=50),
        village(["R02"], households=0, households_connected=50),
        village(["R02"], population=-5, population_supplied=50),
        village(["R01"], population=None, population_supplied=50),
        village(["R02"], households_connected=-5),
        village(["R01"], unread={"population": "不详"}, population_supplied=5000),
    ],
)
def test_a_rule_that_needs_a_count_found_unusable_is_not_evaluated(place, broken):
    assert VILLAGES.rules(place) == broken


# --- R06 --------------------------------------------------------------------------------------------------------------

NAMES = ["大屋村", "大屋", "大屋自然村", "大屋村小组", "大屋（组）", "大屋村（组）", " 大 屋 ", "老屋", "大屋场"]
COMMITTEES = ["兴隆村委会", "兴隆", "兴隆村", "兴隆村民委员会", "興隆村委會"]


@pytest.mark.parametrize(
    "place",
    [village(natural_village=name, village_committee=committee) for name in NAMES for committee in COMMITTEES],
)
def test_r06_names_match_without_endings_blanks_or_by_alias(place):
    assert VILLAGES.rules(place) == []
    found = VILLAGES.rows[place]
    assert found.village_code == "440999101200001"
    assert (found.values["natural_village"], found.values["village_committee"]) == ("大屋村", "兴隆村委会")


def test_r06_the_lists_spelling_replaces_the_printed_one_which_is_kept():
    found = row(natural_village="老屋")
    judged(found)
    assert found.record.printed["natural_village"] == "老屋"


@pytest.mark.parametrize(
    ("place", "name"), [village(name, natural_village=name) for name in ("大垄", "大屋脊", "大", "屋", "石屋村")]
)
def test_r06_nothing_matches_by_likeness(place, name):
    (issue,) = VILLAGES.issues(place)
    assert (issue.rule, issue.field, issue.printed_value) == ("R06", "natural_village", name)


@pytest.mark.parametrize("place", [village(natural_village="上圍子", households=20, population=100)])
def test_r06_suggests_near_names(place):
    (issue,) = VILLAGES.issues(place)
    assert "上围" in issue.message_zh
    assert "上围" in issue.message_en


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        village(["R06"], village_committee="石桥村委会"),
        village(["R06"], town="白石镇"),
        village([], town="白石镇", village_committee="山口村委会", households=60, population=280),
    ],
)
def test_r06_a_village_belongs_to_its_committee_and_its_town(place, broken):
    assert VILLAGES.rules(place) == broken


@pytest.mark.parametrize("place", [village(town="青垅镇")])
def test_r06_an_unknown_town_is_said_once_and_its_villages_not(place):
    (issue,) = VILLAGES.issues(place)
    assert (issue.rule, issue.field) == ("R06", "town")
    assert "青龙镇" in issue.message_zh


def test_r06_an_empty_list_knows_nobody():
    assert rules(row(), master=Master()) == ["R06"]


def test_r06_a_village_that_was_given_up_is_unknown_afterwards():
    given_up = Village("440999101200009", "青龙镇", "兴隆村委会", "旧围", 50, valid_to=REPORTED)
    master = Master([*LISTED, given_up])
    values = {"natural_village": "旧围", "households": 10, "population": 50}
    on_the_last_day, afterwards = row(0, **values), row(1, **values, file="later", reported=TOMORROW)
    assert rules(on_the_last_day, afterwards, master=master) == ["R06"]
    assert [on_the_last_day.state, afterwards.state] == ["accepted", "rejected"]


def test_r06_the_master_list_does_not_judge_itself():
    base = {
        "town": "青龙镇",
        "village_code": "440999101200001",
        "village_committee": "兴隆村委会",
        "natural_village": "大屋村",
        "registered_households": 86,
        "registered_population": 412,
    }
    line = row(base=base)
    assert judge("division", [line.rows], left_out=("R06",)) == []
    assert line.town_code == "440999101"


# --- R07 --------------------------------------------------------------------------------------------------------------

BOUNDS = [
    (REPORTED, []),
    (TOMORROW, ["R07"]),
    (dt.date(2000, 1, 1), []),
    (dt.date(1999, 12, 31), ["R07"]),
    (dt.date(9999, 12, 31), ["R07"]),
    (dt.date(21, 8, 1), ["R07"]),
]
STAGES = ["initiated_on", "designed_on", "reviewed_on", "approved_on", "started_on", "finished_on", "accepted_on"]


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        *(village(broken, started_on=day) for day, broken in BOUNDS),
        *(village(broken, finished_on=day, status="completed") for day, broken in BOUNDS),
    ],
)
def test_r07_what_is_done_was_done_between_2000_and_the_report(place, broken):
    assert VILLAGES.rules(place) == broken


@pytest.mark.parametrize("place", [village(planned_finish=dt.date(2030, 1, 1))])
def test_r07_a_plan_may_lie_in_the_future(place):
    assert VILLAGES.rules(place) == []


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        *(project(["R07"], **{stage: TOMORROW}) for stage in STAGES),
        *(project([], **{stage: REPORTED}) for stage in STAGES),
        project([], planned_finish=dt.date(2030, 1, 1)),
    ],
)
def test_r07_holds_for_every_stage_of_a_project_but_its_plan(place, broken):
    assert PROJECTS.rules(place) == broken


@pytest.mark.parametrize(("place", "broken"), [CHECKS.case(broken, checked_on=day) for day, broken in BOUNDS])
def test_r07_holds_for_checks(place, broken):
    assert CHECKS.rules(place) == broken


@pytest.mark.parametrize(("place", "broken"), [SAMPLES.case(broken, sampled_on=day) for day, broken in BOUNDS])
def test_r07_holds_for_samples(place, broken):
    assert SAMPLES.rules(place) == broken


# --- R08, R09, R22 ----------------------------------------------------------------------------------------------------


def test_r08_two_tales_of_one_village_are_both_rejected_and_name_each_other():
    first, second = row(0), row(1, population=413)
    issues = judged(first, second)
    assert [issue.rule for issue in issues] == ["R08", "R08"]
    assert [first.state, second.state] == ["rejected", "rejected"]
    assert "第5行" in issues[0].message_zh
    assert "第4行" in issues[1].message_zh


def beside_the_sound_row(*differences):
    """The rules broken by the sound row and another one like it but for one difference, a file each."""
    rows = []
    for n, difference in enumerate(differences):
        rows += [row(0, file=str(n)), row(1, file=str(n), **difference)]
    issues = judged(*rows)
    return [[issue.rule for issue in issues if issue.file_sha256 == str(n)] for n in range(len(differences))]


def test_r08_any_different_figure_is_another_tale():
    differences = [
        {"households": 85},
        {"population": 413},
        {"status": "not_started"},
        {"progress_rate": Decimal("0.5")},
        {"planned_finish": REPORTED},
        {"households_connected": 3},
        {"population_supplied": 3},
        {"started_on": REPORTED},
    ]
    assert beside_the_sound_row(*differences) == [["R08", "R08"]] * len(differences)


def test_r09_words_are_no_figures():
    differences = [{"remark": "已核"}, {"project_name": "甲"}, {"natural_village": "老屋"}, {"works_type": "new"}]
    assert beside_the_sound_row(*differences) == [["R09"]] * len(differences)


def test_r09_the_second_of_two_identical_rows_is_read_and_not_counted():
    first, second, third = row(0), row(1), row(2)
    assert rules(first, second, third) == ["R09", "R09"]
    assert [first.state, second.state, third.state] == ["accepted", "duplicate", "duplicate"]


def test_r08_of_two_alike_and_one_different_all_are_rejected():
    assert states(row(0), row(1), row(2, population=413)) == ["rejected"] * 3


def test_r09_a_repeated_row_that_breaks_an_error_rule_is_rejected():
    assert states(row(0, status=None), row(1, status=None)) == ["rejected", "rejected"]


def test_r08_looks_across_sheets_of_one_report_but_not_across_files_or_dates():
    assert rules(row(0), row(1, sheet="Sheet2", population=413)) == ["R08", "R08"]
    others = row(0, file="another", population=413), row(0, reported=dt.date(2021, 8, 31), population=414)
    assert rules(row(0), *others) == []


def test_r22_one_village_under_two_modes_is_told_of_on_both_and_counts_in_each():
    first, second = row(0), row(1, supply_mode="small_scheme", population=413)
    assert rules(first, second) == ["R22", "R22"]
    assert [first.state, second.state] == ["accepted", "accepted"]


def test_r08_looks_within_a_mode_and_r22_across_modes():
    rows = row(0), row(1, population=413), row(2, supply_mode="small_scheme")
    assert sorted(rules(*rows)) == ["R08", "R08", "R22", "R22", "R22"]
    assert [one.state for one in rows] == ["rejected", "rejected", "accepted"]


def test_r09_and_r22_may_hold_for_one_village():
    rows = row(0), row(1), row(2, supply_mode="small_scheme")
    assert sorted(rules(*rows)) == ["R09", "R22", "R22", "R22"]
    assert [one.state for one in rows] == ["accepted", "duplicate", "accepted"]


def test_villages_of_two_committees_are_two():
    other = row(1, village_committee="石桥村委会", natural_village="下围", households=70, population=350)
    assert rules(row(0), other) == []


def test_an_unknown_village_told_twice_is_told_of_too():
    rows = row(0, natural_village="新围"), row(1, natural_village="新围", population=413)
    assert sorted(rules(*rows)) == ["R06", "R06", "R08", "R08"]


# --- R11, R12 ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        village(broken, base=SMALL, population=population)
        for population, broken in [(80, []), (120, []), (79, ["R11"]), (121, ["R11"]), (100, []), (None, ["R01"])]
    ],
)
def test_r11_the_registered_population_may_be_missed_by_20_per_cent(place, broken):
    assert VILLAGES.rules(place) == broken


def test_r11_needs_a_registered_population():
    unregistered = Master([Village("440999101200001", "青龙镇", "兴隆村委会", "大屋村", None)])
    assert rules(row(population=600), master=unregistered) == []


@pytest.mark.parametrize(
    ("place", "broken"),
    [
        village([], status="completed", finished_on=REPORTED),
        village(["R12"], status="completed"),
        village(["R12"], status="under_construction", finished_on=REPORTED),
        village(["R12"], status="not_started", finished_on=REPORTED),
        village([], status="not_started"),
        village(["R01"], status=None, finished_on=REPORTED),
    ],
)
def test_r12_completed_and_a_finish_date_go_together(place, broken):
    assert VILLAGES.rules(place) == broken


NO_FINISH = {name: value for name, value in ACCEPTABLE.items() if name != "finished_on"}


@pytest.mark.parametrize("place", [village(base=NO_FINISH, status="completed")])
def test_r12_a_sheet_without_the_column_is_not_blamed(place):
    assert VILLAGES.rules(place) == []


# --- R13, R16, R18, R21 -----------------------------------------------------------------------------------------------


def days(**printed):
    """Stage dates of August 2021."""
    return {name: day and dt.date(2021, 8, day) for name, day in printed.items()}


@pytest.mark.parametrize(
    ("place", "fields"),
    [
        project([], **days(initiated_on=1, designed_on=2, reviewed_on=3, approved_on=4, started_on=5)),
        project([], **days(initiated_on=5, designed_on=5, accepted_on=5)),
        project([], **days(initiated_on=5, designed_on=None, approved_on=6)),
        project([], **days(planned_finish=1, started_on=5)),
        project(["designed_on"], **days(initiated_on=5, designed_on=4)),
        project(["approved_on"], **days(initiated_on=5, designed_on=None, approved_on=4)),
        project(["reviewed_on"], **days(initiated_on=5, designed_on=9, reviewed_on=6, approved_on=7)),
        project(["accepted_on"], **days(finished_on=20, accepted_on=19)),
    ],
)
def test_r13_stages_come_in_their_order_and_one_that_does_not_is_told_once(place, fields):
    assert [issue.field for issue in PROJECTS.issues(place) if issue.rule == "R13"] == fields


@pytest.mark.parametrize("place", [project(initiated_on=dt.date(1921, 8, 1), designed_on=dt.date(2021, 8, 1))])
def test_r13_leaves_impossible_days_to_r07(place):
    assert PROJECTS.rules(place) == ["R07"]


@pytest.mark.parametrize("place", [project(**days(approved_on=6, started_on=5))])
def test_r13_names_both_stages(place):
    (issue,) = PROJECTS.issues(place)
    assert "“开工”为2021-08-05，早于前一环节“批复”的2021-08-06" in issue.message_zh


@pytest.mark.parametrize(
    ("place", "fields"),
    [
        funds([]),
        funds(["secured"], secured=Decimal("100.01")),
        funds(["spent"], spent=Decimal("100.01")),
        funds(["secured"], secured=Decimal(101), spent=Decimal(102)),
        funds([], secured=None),
        funds(["spent"], secured=Decimal(0), spent=Decimal("0.01")),
        funds([], planned=Decimal(-1)),
    ],
)
def test_r16_spent_is_within_secured_and_secured_within_planned(place, fields):
    assert [issue.field for issue in FUNDS.issues(place) if issue.rule == "R16"] == fields


def works(yuan, km, persons):
    """A project's investment, pipe and beneficiaries."""
    return {
        "investment_planned": None if yuan is None else Decimal(yuan),
        "pipeline_planned_km": None if km is None else Decimal(km),
        "population": persons,
    }


@pytest.mark.parametrize(
    ("place", "fields"),
    [
        project([], **works("200000", "10", 1000)),
        project(["population"], **works("199999.99", "10", 1000)),
        project([], **works("8000000", "10", 1000)),
        project(["population"], **works("8000000.01", "10", 1000)),
        project([], **works("10000", "1", 50)),
        project(["pipeline_planned_km"], **works("10000", "1.0001", 50)),
        project([], **works("2000000", "1", 1000)),
        project(["pipeline_planned_km"], **works("2000000.01", "1", 1000)),
        project([], **works(None, "100", 1000)),
        project(["pipeline_planned_km"], **works(None, "100.0001", 1000)),
        project([], **works(None, "1", 1000)),
        project(["pipeline_planned_km"], **works(None, "0.9999", 1000)),
        project(["investment_planned"], **works("1", "10", 1000)),
        project([], **works("1000000", "0", None)),
        project([], **works("0", "10", 1000)),
    ],
)
def test_r18_works_are_plausible_in_proportion(place, fields):
    assert [issue.field for issue in PROJECTS.issues(place) if issue.rule == "R18"] == fields


@pytest.mark.parametrize(
    ("place", "fields"),
    [
        project([], investment_planned=Decimal(100), investment_completed=Decimal(100)),
        project(["investment_completed"], investment_planned=Decimal(100), investment_completed=Decimal("100.01")),
        project(["pipeline_laid_km"], pipeline_planned_km=Decimal("1.5"), pipeline_laid_km=Decimal("1.5001")),
        project([], pipeline_planned_km=None, pipeline_laid_km=Decimal("1.5")),
    ],
)
def test_r21_a_project_beyond_its_plan_is_noted(place, fields):
    assert [issue.field for issue in PROJECTS.issues(place) if issue.rule == "R21"] == fields


# --- what is said -----------------------------------------------------------------------------------------------------

BROKEN = {
    "R01": [{"population": None}],
    "R02": [{"households": -1}],
    "R03": [{"households": 5001, "population": 20000}],
    "R04": [{"population": 80}],
    "R05": [{"households_connected": 87}],
    "R06": [{"natural_village": "大垅"}],
    "R07": [{"started_on": dt.date(2022, 1, 1)}],
    "R08": [{}, {"population": 413}],
    "R09": [{}, {}],
    "R10": [{"households": 300}],
    "R11": [{"population": 600}],
    "R12": [{"status": "completed"}],
    "R22": [{}, {"supply_mode": "small_scheme"}],
}


@cache
def told():
    """The first issue of each rule, from a file named after it."""
    rows = [row(n, file=rule, **values) for rule, cases in BROKEN.items() for n, values in enumerate(cases)]
    return {issue.rule: issue for issue in reversed(judged(*rows)) if issue.rule == issue.file_sha256}


def test_every_rule_has_an_example():
    assert set(told()) == set(BROKEN)
    # Those of projects, of money and of whole tables (test_totals.py) have their own above.
    assert set(RULES) - set(BROKEN) == {"R13", "R14", "R15", "R16", "R18", "R21"}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_message_names_file_sheet_cell_and_what_to_do(rule):
    issue = told()[rule]
    assert issue.cell
    assert issue.message_zh.startswith(f"《{rule}》“Sheet1”{issue.cell}：")
    assert "请" in issue.message_zh
    assert "None" not in issue.message_zh
    assert "{" not in issue.message_zh + issue.message_en


SHOWN = {
    "R02": "-1",
    "R03": "5001",
    "R04": "80",
    "R05": "87",
    "R06": "大垅",
    "R07": "2022-01-01",
    "R08": "大屋村",
    "R09": "大屋村",
    "R10": "300",
    "R11": "600",
    "R22": "大屋村",
}


@pytest.mark.parametrize(("rule", "printed"), SHOWN.items())
def test_a_message_shows_what_is_printed(rule, printed):
    assert f"“{printed}”" in told()[rule].message_zh
    assert f"“{printed}”" in told()[rule].message_en


def test_a_message_quotes_the_cell_and_not_the_converted_value():
    found = row(population=6000, printed={"population": "0.6万人"})
    issue = next(issue for issue in judged(found) if issue.rule == "R04")
    assert issue.printed_value == "0.6万人"
    assert "0.6万人" in issue.message_zh


@pytest.mark.parametrize("rule", BROKEN)
def test_an_issue_carries_what_it_is_about(rule):
    issue = told()[rule]
    assert (issue.form, issue.sheet, issue.county_code, issue.town_code, issue.report_date) == (
        "village_progress",
        "Sheet1",
        "440999",
        "440999101",
        REPORTED,
    )
    assert issue.severity == RULES[rule].severity
    assert issue.is_row_rejected is (issue.severity == "error")


@pytest.mark.parametrize(
    "place",
    [
        project(households=-1),
        project(project_name=None),
        project(town="青垅镇"),
        project(unread={"supply_mode": "不详"}),
        project(**dict.fromkeys(STAGES, TOMORROW)),
    ],
)
def test_no_message_holds_a_telephone_or_a_responsible_person(place):
    assert PROJECTS.issues(place)
    for issue in PROJECTS.issues(place):
        for said in (issue.message_zh, issue.message_en, issue.printed_value, issue.object):
            assert "13800000000" not in str(said)
            assert "张三" not in str(said)


@pytest.mark.parametrize("place", [project(unread={"phone": "#N/A", "responsible": "#REF!"})])
def test_an_unreadable_telephone_is_not_told_of(place):
    assert PROJECTS.rules(place) == []


# --- whole rows of sheets ---------------------------------------------------------------------------------------------


def test_a_rule_is_told_once_a_printed_row_though_several_parameters_break_it():
    rows = [row(base=SAMPLE, town=None, parameter=parameter) for parameter in ("pH", "浑浊度")]
    assert rules(*rows, form="water_quality") == ["R01"]


def test_a_rejected_parameter_rejects_its_whole_sample_and_no_other():
    bad = row(0, base=SAMPLE, value=None)
    same, other = row(1, base=SAMPLE, parameter="浑浊度"), row(2, base=SAMPLE, sample_no="W2")
    assert states(bad, same, other, form="water_quality") == ["rejected", "rejected", "accepted"]


def test_rows_as_they_are_read_can_be_judged():
    header = ["村委会", "自然村", "户数", "人口", "进展情况"]
    read = table(grid([TITLE], header, VILLAGE, [*VILLAGE[:3], CellError("#N/A"), "在建"]))
    origin = Origin("f", "青龙镇.xlsx", read.sheet, read.town, read.report_date)
    rows = list(Rows(origin, read.records))
    (unread,) = [issue for issue in judged(*rows) if issue.rule == "R01"]
    assert (unread.cell, unread.printed_value, unread.row) == ("D4", "#N/A", 4)
    assert rows[1].state == "rejected"
