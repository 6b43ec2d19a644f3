import datetime as dt

import pytest

from flows.ingest.master import Master, Village
from schemas.text import committee_key, village_key
from tests.builders import MASTER, VILLAGES

QINGLONG, BAISHI = "440999101", "440999102"
DAY = dt.date(2021, 8, 20)


def code(town, committee, village, master=MASTER, day=DAY):
    found = master.village(town, committee, village, day)
    return found and found.village_code[-3:]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("大屋村", "大屋"), ("大屋自然村", "大屋"), ("大屋村小组", "大屋"), ("大屋村民小组", "大屋"),
        ("大屋（组）", "大屋"),        ("大屋村（组）", "大屋"), ("大屋(村小组)", "大屋"), ("大 屋　村", "大屋"),
        ("大屋", "大屋"), ("村", "村"), ("大屋坑", "大屋坑"),
        ("大屋组", "大屋组"), ("下圍村", "下围"),
    ],
)  # fmt: skip
def test_a_village_is_compared_without_its_endings(name, key):
    assert village_key(name) == key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("兴隆村委会", "兴隆"), ("兴隆村民委员会", "兴隆"), ("兴隆村", "兴隆"), ("兴隆", "兴隆"),
        ("兴隆行政村", "兴隆"),
        ("兴隆社区", "兴隆"), ("兴隆居委会", "兴隆"), ("村委会", "村委会"), ("兴隆村村委会", "兴隆村"),
    ],
)  # fmt: skip
def test_a_committee_is_compared_without_its_endings(name, key):
    assert committee_key(name) == key


@pytest.mark.parametrize("name", ["大屋村", "大屋", "老屋", "大屋场", "老屋村"])
def test_a_village_is_known_by_name_and_alias(name):
    assert code(QINGLONG, "兴隆村委会", name) == "001"


@pytest.mark.parametrize(
    ("town", "committee", "village"),
    [
        (QINGLONG, "兴隆村委会", "大垄"), (QINGLONG, "石桥村委会", "大屋"), (BAISHI, "兴隆村委会", "大屋"),
        ("440999999", "兴隆村委会", "大屋"), (QINGLONG, "兴隆村委会", "新屋"),
    ],
)  # fmt: skip
def test_any_other_name_is_unknown(town, committee, village):
    assert code(town, committee, village) is None


def test_two_villages_alike_but_for_their_ending_are_told_apart_by_their_full_names():
    twins = Master(
        [
            Village("440999101200011", "青龙镇", "兴隆村委会", "新围", 50),
            Village("440999101200012", "青龙镇", "兴隆村委会", "新围村", 60),
        ]
    )
    assert code(QINGLONG, "兴隆", "新围", twins) == "011"
    assert code(QINGLONG, "兴隆", "新围村", twins) == "012"
    assert code(QINGLONG, "兴隆", "新围自然村", twins) is None


def test_a_line_holds_from_its_first_to_its_last_day():
    old = Village("440999101200021", "青龙镇", "兴隆村委会", "旧围", 50, None, dt.date(2021, 6, 30))
    new = Village("440999101200022", "青龙镇", "兴隆村委会", "旧围", 55, dt.date(2021, 7, 1), None)
    both = Master([old, new])
    assert code(QINGLONG, "兴隆", "旧围", both, dt.date(2021, 6, 30)) == "021"
    assert code(QINGLONG, "兴隆", "旧围", both, dt.date(2021, 7, 1)) == "022"
    assert code(QINGLONG, "兴隆", "旧围", both, None) is None


def test_one_village_registered_anew_is_one_village():
    before = Village("440999101200021", "青龙镇", "兴隆村委会", "旧围", 50)
    anew = Village("440999101200021", "青龙镇", "兴隆村委会", "旧围", 55, dt.date(2021, 7, 1))
    assert code(QINGLONG, "兴隆", "旧围", Master([before, anew])) == "021"


# --- towns and counties -----------------------------------------------------------------------------------------------


def test_a_town_has_its_code():
    assert MASTER.towns.code("青龙镇") == QINGLONG
    assert MASTER.towns.code("青龍鎮") == QINGLONG
    assert MASTER.towns.code("青龙") is None
    assert MASTER.towns.code(None) is None
    assert MASTER.towns.names == {"青龙镇", "白石镇"}


def test_a_town_that_several_counties_have_is_none_of_them():
    both = Master([*VILLAGES, Village("440888105200001", "青龙镇", "山口村委会", "上围", 10)])
    assert both.towns.code("青龙镇") is None
    assert both.towns.code("白石镇") == BAISHI


def test_a_county_is_the_only_one():
    assert MASTER.towns.county_code == "440999"
    both = Master([*VILLAGES, Village("440888105200001", "云峰镇", "山口村委会", "上围", 10)])
    assert both.towns.county_code is None
    assert Master().towns.county_code is None


def test_of_a_village_listed_twice_the_later_line_counts():
    again = VILLAGES[0]._replace(registered_population=500)
    for lines, population in [([*VILLAGES, again], 500), ([again, *VILLAGES], 412)]:
        found = Master(lines).village(QINGLONG, "兴隆", "大屋", DAY)
        assert found is not None
        assert found.registered_population == population


# --- suggestions ------------------------------------------------------------------------------------------------------


def test_the_nearest_names_are_of_the_committee_first_then_of_the_town_with_its_committee():
    near = MASTER.nearest_villages(QINGLONG, "兴隆村委会", "下围")
    assert near == ["上围", "下围（石桥村委会）"]


def test_at_most_three_names_are_offered_and_none_that_is_far():
    villages = [Village(f"4409991012000{n:02}", "青龙镇", "兴隆村委会", f"大屋{n}队", 9) for n in range(10, 20)]
    assert len(Master(villages).nearest_villages(QINGLONG, "兴隆", "大屋队")) == 3
    assert MASTER.nearest_villages(QINGLONG, "兴隆", "XYZ") == []
    assert Master([]).nearest_villages("", "兴隆", "大屋") == []


def test_the_nearest_towns_are_offered():
    assert MASTER.towns.nearest("青垅镇")[0] == "青龙镇"
    assert Master().towns.nearest("青垅镇") == []
