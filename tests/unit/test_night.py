import datetime as dt
import io
import shutil
from collections import Counter

import duckdb
import pytest
import xlsxwriter

from flows.ingest import night
from flows.ingest.guard import Limits, Refused
from flows.ingest.landing_tables import tables
from flows.ingest.lists import Lists

FIRST_NIGHT = dt.datetime(2021, 8, 25, 2, 0)

DIVISION = """云塘县行政区划与户籍基数表（截至2021年6月25日）
自然村编码,镇,村委会,自然村,户籍户数,户籍人口
440999101200001,青龙镇,兴隆村委会,大屋村,86,412
440999101200002,青龙镇,兴隆村委会,上围,20,100
"""
PROGRESS = """青龙镇镇级水厂扩网工程进度表（截至2021年8月20日）
村委会,自然村,户数,人口,进展情况
兴隆村委会,大屋村,86,412,在建
兴隆村委会,上围,20,{population},未开工
"""
FUNDS = """青龙镇资金落实表（截至2021年8月20日）单位：万元
项目名称,资金来源,计划,到位,支付
甲工程,专项债券,{planned},80,60
"""
LIST = "2021-06-25/行政区划与户籍基数表.csv"
TOWN = "2021-08-20/青龙镇.csv"


class Inbox:
    """An inbox in a folder of its own, and the warehouse that its nights write."""

    def __init__(self, folder):
        self.raw, self.warehouse, self.nights = folder / "raw 收件", folder / "data" / "warehouse.duckdb", 0
        self.raw.mkdir(parents=True)

    def put(self, path, text=None):
        text = PROGRESS.format(population=100) if text is None else text
        file = self.raw / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return file

    def night(self, **options):
        """One night; a day later each time."""
        now = FIRST_NIGHT + dt.timedelta(days=self.nights)
        self.nights += 1
        told = []
        self.read = told
        done = night.ingest(
            self.raw,
            self.warehouse,
            night.Options(Limits(), **{"processes": 1, **options}),
            now,
            lambda *progress: told.append(progress),
        )
        self.outcomes = {outcome.path.partition("/")[2]: outcome for outcome in done.outcomes}
        return done

    def select(self, *queries):
        """What the queries give; of a single one its rows."""
        with duckdb.connect(str(self.warehouse), read_only=True) as connection:
            found = [connection.execute(query).fetchall() for query in queries]
        return found if len(found) > 1 else found[0]

    def contents(self):
        """All that landing holds, but for when it was written."""
        left_out = {"file": "exclude (first_seen_at, modified_ns)", "issue": "exclude (issue_no)"}
        found = self.select(*(f'select * {left_out.get(name, "")} from landing."{name}"' for name in tables()))
        return {name: Counter(map(str, rows)) for name, rows in zip(tables(), found, strict=True)}


def read_here(function, items, **limits):
    """What `run_isolated` gives, without the second that a worker takes to start."""
    for item in items:
        try:
            yield item, function(item)
        except Refused as refused:
            yield item, refused


@pytest.fixture(autouse=True)
def reading_here(request, monkeypatch):
    """Workers are tested in test_workers.py, and here by the tests that ask for them."""
    if "workers" not in request.fixturenames:
        monkeypatch.setattr(night, "run_isolated", read_here)


@pytest.fixture
def workers():
    """Read in worker processes, as at night."""


@pytest.fixture
def inbox(tmp_path):
    return Inbox(tmp_path)


def test_a_file_is_read_judged_and_landed(inbox, workers):
    inbox.put(LIST, DIVISION)
    inbox.put(TOWN)
    done = inbox.night()
    assert (done.found, done.known, done.count("read")) == (2, 0, 2)
    assert (inbox.outcomes[TOWN].accepted, inbox.outcomes[TOWN].rejected) == (2, 0)
    assert inbox.read == [(1, 2, 2), (2, 2, 4)]
    assert inbox.select("select natural_village, village_code from landing.village_progress order by row") == [
        ("大屋村", "440999101200001"),
        ("上围", "440999101200002"),
    ]


def test_nothing_is_read_twice_and_one_added_file_reads_one(inbox):
    inbox.put(LIST, DIVISION)
    inbox.put(TOWN)
    inbox.night()
    before = inbox.contents()
    done = inbox.night()
    assert (done.found, done.known, done.again, done.outcomes) == (2, 2, 0, [])
    assert inbox.contents() == before
    inbox.put("2021-08-21/资金.csv", FUNDS.format(planned=100))
    done = inbox.night()
    assert [outcome.path.rpartition("/")[2] for outcome in done.outcomes] == ["资金.csv"]
    assert len(inbox.read) == 1


def test_a_changed_file_is_read_again_and_the_earlier_reading_stays(inbox):
    inbox.put(LIST, DIVISION)
    inbox.put(TOWN)
    inbox.night()
    inbox.put(TOWN, PROGRESS.format(population=101))
    assert len(inbox.night().outcomes) == 1
    assert inbox.select("select population from landing.village_progress where row = 4 order by all") == [
        (100,),
        (101,),
    ]


def test_a_file_that_is_put_back_counts_again(inbox):
    for population in (100, 99, 100):
        inbox.put(TOWN, PROGRESS.format(population=population))
        inbox.night()
    latest = inbox.outcomes[TOWN].sha256
    assert inbox.select("select arg_max(file_sha256, first_seen_at), count(*) from landing.file") == [(latest, 2)]
    assert inbox.night().known == 1, "it is read again every night"


def test_of_two_readings_in_one_night_the_second_counts(inbox):
    for population in (100, 99, 98):  # whichever has the greater sha256
        inbox.put(TOWN, PROGRESS.format(population=population))
        inbox.night()
        inbox.nights = 0
        assert inbox.night().known == 1, "it is read again"


def test_rereading_reads_everything_and_changes_nothing(inbox):
    inbox.put(LIST, DIVISION)
    inbox.put(TOWN)
    inbox.night()
    before = inbox.contents()
    done = inbox.night(reread=True)
    assert (done.known, len(done.outcomes)) == (0, 2)
    assert inbox.contents() == before


REASONS = {
    "2021-08-20/空.xlsx": (b"", "refused", "文件为空"),
    "2021-08-20/坏.xlsx": (b"PK\x03\x04" + b"\0" * 60, "refused", ""),
    "2021-08-20/照片.xlsx": (b"\x89PNG\r\n\x1a\n" + b"\0" * 60, "refused", "不是电子表格"),
    "2021-08-20/通知.txt": ("请各镇报送进度表。\n截止8月20日。\n".encode(), "unrecognised", "没有找到本系统的报表"),
    "2021-08-20/~$青龙镇.xlsx": (b"x", "ignored", "临时文件"),
}


def test_what_cannot_be_read_is_named_with_its_reason_while_others_load(inbox):
    inbox.put(LIST, DIVISION)
    inbox.put(TOWN)
    for path, (content, _, _) in REASONS.items():
        inbox.put(path, content)
    done = inbox.night()
    for path, (_, status, reason) in REASONS.items():
        assert inbox.outcomes[path].status == status, path
        assert reason in (inbox.outcomes[path].reason or "")
        assert inbox.outcomes[path].reason
    assert inbox.outcomes[TOWN].accepted == 2
    assert done.count("ignored") == 1
    assert inbox.night().outcomes == []


def test_the_same_bytes_under_two_names_are_one_submission(inbox):
    inbox.put(LIST, DIVISION)
    inbox.put(TOWN)
    inbox.put("2021-08-20/青龙镇 - 副本.csv")
    inbox.night()
    copy = inbox.outcomes["2021-08-20/青龙镇 - 副本.csv"]
    assert (copy.status, copy.accepted) == ("duplicate", 0)
    assert "青龙镇.csv" in (copy.reason or "")
    assert len(inbox.select("select 1 from landing.village_progress")) == 2
    inbox.put("2021-08-22/再报.csv")
    inbox.night()
    assert inbox.outcomes["2021-08-22/再报.csv"].status == "duplicate"


def test_of_two_files_for_one_town_and_day_both_are_kept(inbox):
    inbox.put(LIST, DIVISION)
    inbox.put(TOWN)
    inbox.put("2021-08-22/青龙镇更正.csv", PROGRESS.format(population=101))
    inbox.night()
    assert len(inbox.select("select distinct file_sha256 from landing.village_progress")) == 2


# --- batches and processes --------------------------------------------------------------------------------------------

SEVERAL = {
    LIST: DIVISION,
    "2021-06-25/自然村名录.csv": DIVISION.replace("4409991012", "4409991022").replace("青龙镇", "白石镇"),
    **{f"2021-08-20/青龙镇{n}.csv": PROGRESS.format(population=300 + n) for n in range(4)},
    "2021-08-20/坏.xlsx": b"PK\x03\x04" + b"\0" * 60,
    "2021-08-20/青龙镇2 - 副本.csv": PROGRESS.format(population=302),
    "2021-08-21/资金.csv": FUNDS.format(planned=100),
}


def night_of_several(folder, processes=1):
    inbox = Inbox(folder)
    for path, content in SEVERAL.items():
        inbox.put(path, content)
    return inbox, inbox.night(processes=processes)


def test_any_number_of_processes_ends_in_the_same_landing_in_the_same_order(tmp_path, workers):
    landings = []
    for processes in (1, 2):
        inbox, _ = night_of_several(tmp_path / str(processes), processes)
        landings.append(
            inbox.select(
                "select path, reason from landing.file", "select issue_no, rule, message_zh from landing.issue"
            )
        )
    assert landings[0] == landings[1]
    assert all(map(len, landings[0]))


@pytest.mark.parametrize(("files", "rows"), [(1, 10**6), (10**6, 1), (10**6, 5)])
def test_batches_of_any_size_end_in_the_same_landing_and_judge_nothing_twice(tmp_path, monkeypatch, files, rows):
    whole, _ = night_of_several(tmp_path / "whole")
    monkeypatch.setattr(night, "BATCH_FILES", files)
    monkeypatch.setattr(night, "BATCH_ROWS", rows)
    piecemeal, done = night_of_several(tmp_path / "piecemeal")
    assert piecemeal.contents() == whole.contents()
    assert done.again == 0


# --- the order of nights ----------------------------------------------------------------------------------------------


def test_a_master_list_that_comes_later_judges_earlier_files_again(inbox):
    inbox.put(TOWN)
    inbox.night()
    assert (inbox.outcomes[TOWN].accepted, inbox.outcomes[TOWN].rejected) == (0, 2)
    inbox.put(LIST, DIVISION)
    done = inbox.night()
    assert done.again == 1
    assert (inbox.outcomes[TOWN].accepted, inbox.outcomes[TOWN].rejected) == (2, 0)
    assert inbox.select("select count(*) from landing.rejected_row") == [(0,)]
    assert inbox.night().outcomes == []


LATER_LIST = DIVISION.replace("6月25日", "8月15日").replace("上围,20,100", "上围,20,300")


@pytest.mark.parametrize(
    "nights",
    [
        [[TOWN], [LIST]],
        [["2021-08-21/资金.csv", "2021-08-15/基数表.csv"], [TOWN, LIST, "2021-08-10/黄竹镇.csv"]],
    ],
    ids=["the list last", "the later list first"],
)
def test_any_order_of_nights_ends_in_the_same_landing(tmp_path, nights):
    texts = {
        LIST: DIVISION,
        TOWN: PROGRESS.format(population=100),
        "2021-08-15/基数表.csv": LATER_LIST,
        "2021-08-21/资金.csv": FUNDS.format(planned=100),
        "2021-08-10/黄竹镇.csv": PROGRESS.format(population=300).replace("8月20日", "8月10日"),
    }
    piecemeal, whole = Inbox(tmp_path / "a"), Inbox(tmp_path / "b")
    for paths in nights:
        for path in paths:
            piecemeal.put(path, texts[path])
            whole.put(path, texts[path])
        piecemeal.night()
    whole.night()
    assert piecemeal.contents() == whole.contents()


def test_a_file_is_judged_by_the_list_received_by_its_day(inbox):
    inbox.put(LIST, DIVISION)
    inbox.put("2021-08-15/基数表.csv", LATER_LIST)
    inbox.put("2021-08-10/早.csv", PROGRESS.format(population=300).replace("8月20日", "8月10日"))
    inbox.put("2021-08-20/晚.csv", PROGRESS.format(population=300))
    inbox.night()
    assert inbox.outcomes["2021-08-10/早.csv"].issues["warn"] > 0  # 300 persons, 100 registered then
    assert "R11" not in {
        rule for (rule,) in inbox.select("select rule from landing.issue where report_date = '2021-08-20'")
    }


def test_lists_are_not_looked_into_where_nothing_is_judged_by_them(inbox, monkeypatch):
    monkeypatch.setattr(Lists, "of_table", lambda *_: pytest.fail("looked into for nothing"))
    inbox.put(LIST, DIVISION)
    inbox.put("2021-08-15/基数表.csv", LATER_LIST)
    inbox.night()
    assert all(outcome.accepted for outcome in inbox.outcomes.values())
    assert inbox.night().outcomes == []


# --- several counties -------------------------------------------------------------------------------------------------

# 青龙镇 lies in both.
HOME, AWAY = "2021-06-25/云塘县/行政区划与户籍基数表.csv", "2021-08-18/云海县/行政区划与户籍基数表.csv"
HOME_AGAIN = "2021-08-19/云塘县/基数表（更新）.csv"
OF_HOME, OF_AWAY = "2021-08-20/云塘县/青龙镇.csv", "2021-08-17/云海县/青龙镇进度.csv"
TITLED, UNNAMED = "2021-08-20/报送/云塘县.csv", "2021-08-20/报送/白石镇.csv"
AWAY_DIVISION = DIVISION.replace("云塘县", "云海县").replace("440999101", "440888101")
OF_COUNTIES = {
    HOME: DIVISION + "440999102200001,白石镇,山口村委会,大屋村,86,412\n",
    AWAY: AWAY_DIVISION.replace("上围,20,100", "上围,20,200"),
    HOME_AGAIN: DIVISION.replace("6月25日", "8月15日").replace("上围,20,100", "上围,20,300"),
    OF_HOME: PROGRESS.format(population=101),
    OF_AWAY: PROGRESS.format(population=102).replace("8月20日", "8月17日"),
    TITLED: "云塘县" + PROGRESS.format(population=103),
    UNNAMED: PROGRESS.format(population=104).replace("青龙", "白石").replace("兴隆", "山口").replace("上围", "大屋坪"),
}


def workbook(*sheets):
    """A workbook with a sheet of each text."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made, {"in_memory": True}) as book:
        for text in sheets:
            sheet = book.add_worksheet()
            for number, line in enumerate(text.splitlines()):
                sheet.write_row(number, 0, line.split(","))
    return made.getvalue()


def codes_of(inbox):
    """Path → the county of its rows, and how many are accepted."""
    found = inbox.select(
        "select path, county_code, count(*) from landing.village_progress join landing.file using (file_sha256) "
        "group by all"
    )
    return {path.partition("/")[2]: (county, accepted) for path, county, accepted in found}


def test_each_file_is_judged_by_the_list_of_the_county_that_it_names(inbox):
    for path, text in OF_COUNTIES.items():
        inbox.put(path, text)
    assert inbox.night().again == 0
    assert codes_of(inbox) == {
        OF_HOME: ("440999", 2),
        TITLED: ("440999", 2),
        OF_AWAY: ("440888", 2),  # it came before its county's first list, and after another county's
        UNNAMED: ("440999", 1),  # only one county has such a town
    }
    assert inbox.select("select object from landing.rejected_row") == [("?山口村委会/大屋坪",)]
    assert "大屋村" in inbox.select("select message_zh from landing.issue where rule = 'R06'")[0][0]


@pytest.mark.parametrize(
    "nights",
    [
        [[HOME, OF_HOME, TITLED, OF_AWAY, UNNAMED, HOME_AGAIN], [AWAY]],
        [[OF_HOME, TITLED, OF_AWAY, UNNAMED], [AWAY], [HOME_AGAIN], [HOME]],
        [[AWAY, HOME_AGAIN], [OF_HOME, OF_AWAY], [HOME, TITLED, UNNAMED]],
        [[HOME], [OF_AWAY], [HOME_AGAIN], [UNNAMED], [AWAY], [OF_HOME, TITLED]],
    ],
    ids=["a county's first list last", "all lists after the files", "all lists before", "by turns"],
)
def test_lists_of_two_counties_that_come_at_different_nights_end_in_the_same_landing(tmp_path, nights):
    piecemeal, whole = Inbox(tmp_path / "a"), Inbox(tmp_path / "b")
    for paths in nights:
        for path in paths:
            piecemeal.put(path, OF_COUNTIES[path])
            whole.put(path, OF_COUNTIES[path])
        piecemeal.night()
    whole.night()
    assert piecemeal.contents() == whole.contents()
    assert piecemeal.night().outcomes == []


def test_a_new_list_of_one_county_judges_only_its_own_files_again(inbox):
    for path in (HOME, AWAY, OF_HOME, TITLED, OF_AWAY):
        inbox.put(path, OF_COUNTIES[path])
    inbox.night()
    inbox.put(HOME_AGAIN, OF_COUNTIES[HOME_AGAIN])
    assert inbox.night().again == 2
    assert {path for path in inbox.outcomes if path != HOME_AGAIN} == {OF_HOME, TITLED}
    inbox.put("2021-08-19/云海县/基数表.csv", OF_COUNTIES[AWAY].replace("86,412", "86,413"))
    assert inbox.night().again == 0  # the only file of that county came before


def test_a_file_that_names_no_county_is_judged_again_by_every_new_list(inbox):
    for path in (HOME, UNNAMED):
        inbox.put(path, OF_COUNTIES[path])
    inbox.night()
    inbox.put(AWAY, OF_COUNTIES[AWAY])
    assert inbox.night().again == 1
    assert codes_of(inbox)[UNNAMED] == ("440999", 1)


def test_a_workbook_that_holds_a_list_and_a_report_is_judged_by_its_own_list(inbox):
    inbox.put("2021-06-25/基数表.xlsx", workbook(DIVISION, PROGRESS.format(population=105)))
    assert inbox.night().again == 0
    (outcome,) = inbox.outcomes.values()
    assert (outcome.accepted, outcome.rejected) == (4, 0)
    assert inbox.select("select count(*) from landing.file") == [(1,)]
    assert len(inbox.select("select 1 from landing.sheet")) == 2


def test_a_warehouse_of_an_earlier_version_is_judged_again_once(inbox):
    inbox.put(LIST, DIVISION)
    inbox.put(TOWN)
    inbox.night()
    before = inbox.contents()
    with duckdb.connect(str(inbox.warehouse)) as connection:
        connection.execute("update landing.file set master_version = '0123456789abcdef' where master_version <> ''")
    assert inbox.night().again == 1
    assert inbox.contents() == before


def test_a_file_of_an_undated_folder_stays_received_on_the_day_it_was_first_seen(inbox):
    inbox.put("青龙镇/进度.csv", PROGRESS.format(population=100).replace("（截至2021年8月20日）", ""))
    inbox.night()
    inbox.put(LIST, DIVISION)
    inbox.night()
    days = "select received_on, first_seen_at::date, report_date from landing.file where path like '%进度.csv'"
    assert inbox.select(days) == [(FIRST_NIGHT.date(),) * 3]


def test_a_file_that_is_gone_stays_landed(inbox):
    inbox.put(LIST, DIVISION)
    file = inbox.put(TOWN)
    inbox.night()
    file.unlink()
    assert inbox.night().outcomes == []
    assert len(inbox.select("select 1 from landing.village_progress")) == 2


@pytest.mark.parametrize("planned", ["1" + "0" * 20, "1" + "0" * 40], ids=["20 digits", "40 digits"])
def test_one_absurd_figure_does_not_stop_the_night(inbox, planned):
    inbox.put(LIST, DIVISION)
    inbox.put(TOWN)
    inbox.put("2021-08-21/资金.csv", FUNDS.format(planned=planned))
    inbox.night()
    assert inbox.outcomes[TOWN].accepted == 2
    assert inbox.outcomes["2021-08-21/资金.csv"].rejected == 1


def test_the_inbox_is_never_written_to(inbox):
    inbox.put(LIST, DIVISION)
    inbox.put(TOWN)
    before = {path: path.stat().st_mtime_ns for path in inbox.raw.rglob("*")}
    inbox.night()
    assert {path: path.stat().st_mtime_ns for path in inbox.raw.rglob("*")} == before


def test_an_empty_inbox_is_a_night_without_files(inbox):
    done = inbox.night()
    assert (done.found, done.outcomes) == (0, [])


def test_a_missing_inbox_stops_the_night(inbox):
    shutil.rmtree(inbox.raw)
    with pytest.raises(FileNotFoundError):
        inbox.night()
