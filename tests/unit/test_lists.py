import datetime as dt

import pytest

from flows.ingest.judged import Origin, Rows
from flows.ingest.landing import Landing
from flows.ingest.landing_tables import tables
from flows.ingest.lists import Lists
from flows.ingest.records import Record, Records

JUNE, AUGUST, LATE = dt.date(2021, 6, 25), dt.date(2021, 8, 10), dt.date(2021, 8, 20)
GULOU, OTHER_GULOU, YUNTANG = "990101", "990202", "990303"


class Warehouse:
    """A landing into which lists come."""

    def __init__(self, landing):
        self.con = landing.connection
        for name in tables():
            self.con.execute(f'delete from landing."{name}"')

    def receive(self, digest, *lines, day=JUNE, county=None, folders=()):
        """A file of (town code, town, village): its villages are numbered on."""
        folder = "/".join((str(day), *folders))
        self.con.execute(
            "insert into landing.file (path, file_sha256, folder, received_on, status) values (?, ?, ?, ?, 'read')",
            [f"raw/{folder}/{digest}.xlsx", digest, folder, day],
        )
        self.con.execute(
            "insert into landing.sheet (file_sha256, sheet, table_no, form, county) "
            "values (?, '基数表', 0, 'division', ?)",
            [digest, county],
        )
        for seq, (code, town, village) in enumerate(lines):
            self.con.execute(
                "insert into landing.division (file_sha256, sheet, seq, report_date, county_code, town_code, "
                "village_code, town, village_committee, natural_village) values (?, '基数表', ?, ?, ?, ?, ?, ?, ?, ?)",
                [digest, seq, day, code[:6], code, f"{code}200{seq + 1:03}", town, "兴隆村委会", village],
            )

    @property
    def lists(self):
        return Lists(self.con)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    with Landing(tmp_path_factory.mktemp("lists") / "warehouse.duckdb") as landing:
        yield landing


@pytest.fixture
def warehouse(opened):
    return Warehouse(opened)


@pytest.fixture
def three(warehouse):
    """Two counties of one name in two cities, and another; each has a 城关镇."""
    for code, name, city in [
        (GULOU, "鼓楼区", "东州市"), (OTHER_GULOU, "鼓楼区", "西州市"), (YUNTANG, "云塘县", "西州市"),
    ]:  # fmt: skip
        lines = (f"{code}101", "城关镇", "大屋"), (f"{code}102", f"{name[0]}{code[-1]}镇", "上围")
        warehouse.receive(f"list{code}", *lines, county=name, folders=(city,))
    return warehouse


def town(lists, name, county=None, folders=(), counties=None, day=LATE):
    told = (county or "",) if counties is None else counties
    return lists.of_table(county, told, (str(day), *folders), day).towns.code(name)


@pytest.mark.parametrize(
    ("county", "folders", "code"),
    [
        ("云塘县", (), YUNTANG), (None, ("西州市", "云塘县"), YUNTANG), ("云塘县", ("鼓楼区",), YUNTANG),
        ("鼓楼区", ("东州市",), GULOU), ("鼓楼区", ("西州市",), OTHER_GULOU), (None, ("西州市", "鼓楼区"), OTHER_GULOU),
        ("某某区", ("云塘县",), YUNTANG),
    ],
)  # fmt: skip
def test_a_table_is_judged_by_the_list_of_the_nearest_county_named(three, county, folders, code):
    assert town(three.lists, "城关镇", county, folders) == f"{code}101"


@pytest.mark.parametrize(("county", "folders"), [(None, ()), ("远山县", ()), ("鼓楼区", ()), (None, ("西州市",))])
def test_where_several_counties_may_be_meant_a_name_that_two_of_them_have_means_none(three, county, folders):
    assert town(three.lists, "城关镇", county, folders) is None
    assert town(three.lists, "鼓1镇", county, folders) == f"{GULOU}102"


def test_a_town_of_another_county_is_not_taken_for_one_of_the_county_named(three):
    assert town(three.lists, "鼓1镇", "云塘县") is None


def test_a_table_that_names_no_county_is_judged_by_those_that_others_of_its_file_name(three):
    assert town(three.lists, "城关镇", None, counties=("", "云塘县")) == f"{YUNTANG}101"


def test_a_sheet_that_lists_several_counties_names_none(warehouse):
    warehouse.receive("both", (f"{GULOU}101", "城关镇", "大屋"), (f"{YUNTANG}101", "城关镇", "大屋"), county="东州市")
    assert town(warehouse.lists, "城关镇", "东州市") is None
    warehouse.receive("own", (f"{GULOU}101", "城关镇", "大屋"), county="鼓楼区", day=AUGUST)
    assert town(warehouse.lists, "城关镇", "鼓楼区") == f"{GULOU}101"


def test_the_list_received_by_the_day_applies_or_the_earliest(warehouse):
    warehouse.receive("june", (f"{YUNTANG}101", "城关镇", "大屋"), county="云塘县")
    warehouse.receive("august", (f"{YUNTANG}102", "青龙镇", "上围"), county="云塘县", day=AUGUST)
    lists = warehouse.lists
    for day, is_known in [(dt.date(2021, 5, 1), False), (JUNE, False), (AUGUST, True), (LATE, True)]:
        assert (town(lists, "青龙镇", "云塘县", day=day) is not None) == is_known
        assert town(lists, "城关镇", "云塘县", day=day) == f"{YUNTANG}101"


def test_a_town_that_a_later_list_calls_otherwise_has_its_new_name_alone(warehouse):
    warehouse.receive("june", (f"{YUNTANG}101", "城关乡", "大屋"), county="云塘县")
    warehouse.receive("august", (f"{YUNTANG}101", "城关镇", "大屋"), county="云塘县", day=AUGUST)
    lists = warehouse.lists
    assert (town(lists, "城关乡", day=JUNE), town(lists, "城关镇", day=JUNE)) == (f"{YUNTANG}101", None)
    assert (town(lists, "城关乡"), town(lists, "城关镇")) == (None, f"{YUNTANG}101")


def versions(warehouse):
    """Of a file of each county, and of one that names none."""
    lists = warehouse.lists
    return {name: lists.version((name,), (str(LATE),), LATE) for name in ("云塘县", "远山县", "")}


def test_a_new_list_changes_the_version_of_its_own_county_and_of_what_names_none(three):
    before = versions(three)
    three.receive("again", (f"{GULOU}101", "城关镇", "大屋"), county="鼓楼区", day=AUGUST)
    changed = {name for name, version in versions(three).items() if version != before[name]}
    assert changed == {"远山县", ""}
    three.receive("first", ("990404101", "城关镇", "大屋"), county="远山县", day=AUGUST)
    three.receive("mine", (f"{YUNTANG}103", "新镇", "大屋"), county="云塘县", day=AUGUST)
    now = versions(three)
    assert now["云塘县"] != before["云塘县"]
    assert now["远山县"] != now[""]


def rows(lists, *towns):
    """A table whose rows name these towns."""
    found = Records.of([Record(number, {"town": town}, {}, {}, {}) for number, town in enumerate(towns)])
    master = lists.of_table("云塘县", ("云塘县",), (), LATE)
    return Rows(Origin("f", "f", "Sheet1", None, LATE), found, 0, master)


def test_villages_are_fetched_of_the_towns_that_tables_name(three):
    three.receive("again", (f"{YUNTANG}101", "城关镇", "大屋坪"), county="云塘县", day=AUGUST)
    one, other, nobody = rows(lists := three.lists, "城关镇"), rows(lists, "云3镇"), rows(lists, None, "某镇")
    lists.fetch_villages([one, nobody])
    assert one.master.village(f"{YUNTANG}101", "兴隆", "大屋", LATE) is None  # the later line counts
    assert one.master.village(f"{YUNTANG}101", "兴隆", "大屋坪", LATE) is not None
    assert one.master.village(f"{YUNTANG}102", "兴隆", "上围", LATE) is None  # nobody asked for it
    one = rows(lists, "城关镇")
    lists.fetch_villages([one, other])
    assert one.master is other.master
    assert other.master.village(f"{YUNTANG}102", "兴隆", "上围", LATE) is not None


def test_without_lists_nobody_is_known(warehouse):
    assert not warehouse.lists
    assert town(warehouse.lists, "城关镇", "云塘县") is None
    assert versions(warehouse)["云塘县"] == versions(warehouse)[""]
