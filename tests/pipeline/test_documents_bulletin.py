"""The bulletin (通报): its tables and sentences are what the marts hold, and counties with gaps get one too."""

import datetime as dt
import re
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from docx import Document
from docx.oxml.ns import qn

from flows.report import bulletin
from flows.report.figures import Citations
from flows.report.numbers import half_up, percent
from tests.pipeline.editions import BEFORE, DAYS, edition

pytestmark = pytest.mark.pipeline

TOWN = "449901103"
GRADES = {"excellent": "优秀", "good": "良好", "pass": "合格", "fail": "不合格"}
ACTIONS = {"summons": "约谈", "warn": "预警", "commend": "表扬", "none": "—"}
TITLES = {"village_progress": "攻坚进度表", "project_ledger": "工程项目台账", "funding": "资金落实表"}


class Read:
    """A bulletin as a reader has it, and what was noted as it was written."""

    def __init__(self, path: Path, citations: Citations) -> None:
        document = Document(str(path))
        self.path, self.citations = path, {citation.anchor: citation for citation in citations}
        self.text = "\n".join(paragraph.text for paragraph in document.paragraphs)
        self.tables = [[[cell.text for cell in row.cells] for row in table.rows] for table in document.tables]
        self.links = [
            (link.get(qn("w:anchor")), "".join(text.text or "" for text in link.iter(qn("w:t"))))
            for link in document.element.body.iter(qn("w:hyperlink"))
        ]

    def table(self, *headings: str) -> list[list[str]]:
        """The rows of the table with these headings; none where there is no such table."""
        return next((table[1:] for table in self.tables if table[0] == list(headings)), [])

    def section(self, title: str) -> str:
        """The text between a heading and the next."""
        (found,) = re.findall(rf"、{title}\n(.*?)(?=\n[一二三四五六七]、|\Z)", self.text, re.S)
        return str(found)


def read(con: duckdb.DuckDBPyConnection, day: str, folder: Path) -> Read:
    path, written = folder / f"{day}.docx", edition(con, day, BEFORE.get(day))
    bulletin.write(written, path)
    return Read(path, written.citations)


@pytest.fixture(scope="module")
def bulletins(con: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    folder = tmp_path_factory.mktemp("通报 文档")
    return {day: read(con, day, folder) for day in DAYS}


def rows(con: duckdb.DuckDBPyConnection, sql: str, day: str | None) -> list[Any]:
    """Rows of a list at a day; `town(x)` in it is the name of a town."""
    names = "(select named from (select division_code as code, name as named from dim_division) where code = \\1)"
    named = re.sub(r"town\(([\w.]+)\)", names, sql)
    return con.execute(named, {"day": dt.date.fromisoformat(day)} if day and "$day" in named else {}).fetchall()


def zh(day: dt.date) -> str:
    return f"{day.month}月{day.day}日"


# --- the figures ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", DAYS)
def test_every_figure_is_a_link_to_its_citation(bulletins: dict[str, Read], day: str) -> None:
    read = bulletins[day]
    assert len(read.links) > 50
    assert {anchor for anchor, _ in read.links} == set(read.citations)
    for anchor, printed in read.links:
        assert printed in read.citations[anchor].printed[bulletin.DOCUMENT]
        value, unit = read.citations[anchor].figure.value, read.citations[anchor].figure.metric.unit
        number = re.fullmatch(r"(\d+)(?:\.(\d+))?(\D*)", printed)
        assert number and not isinstance(value, dt.date) and value is not None
        scale = Fraction(1, 100) if number[3] == "%" else 10_000 if number[3] == "万元" else 1
        assert (number[3] == "%") is (unit is None)
        places = len(number[2] or "")
        assert half_up(Fraction(value) / scale, places) == half_up(Fraction(printed.removesuffix(number[3])), places)


@pytest.mark.parametrize("day", DAYS)
def test_towns_are_ranked_as_they_were_assessed(
    con: duckdb.DuckDBPyConnection, bulletins: dict[str, Read], day: str
) -> None:
    assessed = rows(
        con,
        """
        with done as (
            select report_date, town_code, sum(villages_completed) as done, sum(target_villages) as target
            from rpt_coverage_town group by all
        )
        select now.rank, before.rank, town(now.town_code), now.total_score, now.grade, now_done.done, before_done.done,
            now_done.target, money.spent_yuan, money.secured_yuan, now.action
        from fct_assessment as now
        inner join done as now_done using (report_date, town_code)
        inner join rpt_funding as money
            on now.report_date = money.report_date and now.town_code = money.town_code
            and money.supply_mode = 'all' and money.funding_source = 'all'
        left join fct_assessment as before
            on now.town_code = before.town_code
            and before.report_date = (select max(report_date) from fct_assessment where report_date < $day)
        left join done as before_done
            on before.report_date = before_done.report_date and before.town_code = before_done.town_code
        where now.report_date = $day order by now.rank, now.town_code
        """,
        day,
    )
    headings = ["名次", "上期名次", "镇", "得分", "等次", "完成自然村", "上期完成", "任务完成率", "资金支付率", "处理"]
    expected = [
        [
            str(rank), str(earlier), town, str(half_up(score, 2)), GRADES[grade], str(done), str(was_done),
            f"{percent(Fraction(done) / Fraction(target))}%", f"{percent(Fraction(spent) / Fraction(secured))}%",
            ACTIONS[action],
        ]
        for rank, earlier, town, score, grade, done, was_done, target, spent, secured, action in assessed
    ]  # fmt: skip
    if day not in BEFORE:
        expected = [[cell for place, cell in enumerate(row) if place not in (1, 6)] for row in expected]
        headings = [heading for heading in headings if not heading.startswith("上期")]
    assert bulletins[day].table(*headings) == expected
    assert len(expected) == 10


@pytest.mark.parametrize("day", DAYS)
def test_the_towns_that_are_called_stand_with_their_reasons(
    con: duckdb.DuckDBPyConnection, bulletins: dict[str, Read], day: str
) -> None:
    called = rows(
        con,
        "select town(town_code), action, reason from fct_assessment where report_date = $day "
        "and action in ('summons', 'warn') order by action, rank",
        day,
    )
    assert bulletins[day].table("镇", "处理", "理由") == [[town, ACTIONS[action], why] for town, action, why in called]
    commended = rows(
        con, "select town(town_code) from fct_assessment where report_date = $day and action = 'commend'", day
    )
    said = bulletins[day].section("表扬、预警和约谈")
    assert ("本期没有通报表扬的镇" in said) is not bool(commended)
    assert all(town in said for (town,) in commended)


@pytest.mark.parametrize("day", DAYS)
def test_late_villages_stand_under_their_towns(
    con: duckdb.DuckDBPyConnection, bulletins: dict[str, Read], day: str
) -> None:
    late = rows(
        con,
        """
        select town(town_code), count(*), count(*) filter (where not is_completed),
            list((select name from dim_division where division_code = village_code)) filter (where not is_completed)
        from fct_coverage where report_date = $day and late_days > 0 group by town_code order by town_code
        """,
        day,
    )
    said = bulletins[day].section("节点进度")
    table = bulletins[day].table("镇", "逾期", "未完成", "未完成的自然村")
    assert [row[:3] for row in table] == [[town, f"{late_}条", f"{open_}条"] for town, late_, open_, _ in late if open_]
    for row, (_, _, _, villages) in zip(table, [row for row in late if row[2]], strict=True):
        assert sum(village in row[3] for village in villages) >= min(3, len(villages))
    for town, count, open_, _ in late:
        assert (f"{town}{count}条" in said) is (open_ == 0)
    total = f"超过计划完成时间的自然村{sum(row[1] for row in late)}条，其中至今未完成{sum(row[2] for row in late)}条"
    assert (total if late else "没有逾期") in said


# --- what was sent ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", DAYS)
def test_late_missing_and_rejected_reports_are_told(
    con: duckdb.DuckDBPyConnection, bulletins: dict[str, Read], day: str
) -> None:
    said = bulletins[day].section("报送和数据质量")
    sent = {
        (town, form): days
        for town, form, days in rows(
            con,
            "select town(town_code), form, min(days_late) from fct_submission where report_date = $day "
            "and status in ('current', 'superseded') group by all",
            day,
        )
    }
    for (town,) in rows(con, "select name from dim_division where level = 'town'", None):
        late = max(sent.get((town, form), 0) for form in TITLES)
        assert (f"{town}迟报{late}天" in said) is (late > 0)
        missing = [title for form, title in TITLES.items() if (town, form) not in sent]
        assert bool(re.search(rf"{town}[^；。]*未报本期{'、'.join(missing)}", said)) is bool(missing)
    read, rejected = rows(
        con,
        "select sum(rows_read), sum(rows_rejected) from fct_submission where report_date = $day and status = 'current'",
        day,
    )[0]
    assert f"报表读取{read}行，退回{rejected}行" in said
    for town, count in rows(
        con,
        "select town(town_code), sum(rows_rejected) from fct_submission where report_date = $day "
        "and status = 'current' and rows_rejected > 0 and town_code != county_code group by town_code",
        day,
    ):
        assert re.search(rf"{town}{count}[、）]", said)
    most = rows(
        con,
        "select count(*), string_agg(distinct town(town_code), '、') from fct_data_issue where report_date = $day and "
        "severity != 'info' and submission = 'current' group by rule order by count(*) desc limit 1",
        day,
    )
    assert all(f"{count}处（" in said for count, _ in most)


def test_figures_that_were_restated_are_told_once(bulletins: dict[str, Read]) -> None:
    told = "数据更正。白石镇8月13日更正8月10日攻坚进度表：新郭屋村户数由40改为41、上塘人口由88改为81。"
    assert [day for day in DAYS if "数据更正" in bulletins[day].text] == ["2021-08-10", "2021-08-20"]
    assert told in bulletins["2021-08-20"].section("较上期变化")


@pytest.mark.parametrize("day", DAYS)
def test_what_moved_since_the_last_report_is_told(
    con: duckdb.DuckDBPyConnection, bulletins: dict[str, Read], day: str
) -> None:
    said = bulletins[day].section("较上期变化")
    if day not in BEFORE:
        assert said == "本期为首期通报，没有上期可比。"
        return
    moved = rows(
        con,
        f"select town(now.town_code), before.rank, now.rank from fct_assessment as now inner join fct_assessment as "
        f"before using (town_code) where now.report_date = $day and before.report_date = date '{BEFORE[day]}'",
        day,
    )
    for words, sign in (("升幅最大", 1), ("降幅最大", -1)):
        most = max(sign * (before - now) for _, before, now in moved)
        for town, before, now in moved:
            assert (f"{town}（第{before}名→第{now}名）" in re.split("[。；]", said.partition(words)[2])[0]) is (
                sign * (before - now) == most
            ) or sign * (now - before) > 0
    idle = rows(
        con,
        f"select town(town_code) from (select town_code, sum(villages_completed) filter (where report_date = $day) as "
        f"now, sum(villages_completed) filter (where report_date = '{BEFORE[day]}') as before from rpt_coverage_town "
        "group by town_code) where now = before",
        day,
    )
    assert all(town in said.partition("没有变化：")[2] for (town,) in idle)
    assert ("没有变化：" in said) is bool(idle)


# --- meetings and inspections -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", DAYS)
def test_overdue_meetings_are_told_by_town(
    con: duckdb.DuckDBPyConnection, bulletins: dict[str, Read], day: str
) -> None:
    said = bulletins[day].section("会议和核查").partition("核查。")[0]
    for kind, title in (("consultation", "会商会"), ("onsite_supervision", "现场督导推进会")):
        part = said.partition(title)[2].partition("。")[0]
        for town, is_overdue, last in rows(
            con,
            f"select town(town_code), is_overdue, last_held_on from rpt_meeting_cadence where report_date = $day "
            f"and kind = '{kind}' and town_code != 'all'",
            day,
        ):
            assert (town in part) is is_overdue, (town, kind)
            if is_overdue:
                held, never = part.partition("没有召开记录：")[::2]
                assert town in (held if last else never)
                assert last is None or f"{town}（上次{zh(last)}）" in held


@pytest.mark.parametrize("day", DAYS)
def test_what_inspectors_found_is_told(con: duckdb.DuckDBPyConnection, bulletins: dict[str, Read], day: str) -> None:
    said = bulletins[day].section("会议和核查").partition("核查。")[2]
    visited, claimed, watered, reported, verified = rows(
        con,
        "select sum(villages_inspected), sum(villages_claimed_inspected), sum(villages_with_water), "
        "sum(population_reported), sum(population_verified) from rpt_verification_town where report_date = $day",
        day,
    )[0]
    if not visited:
        assert said.startswith("至报告日尚无县级核查结果。")
        return
    rate = f"{percent(Fraction(verified) / Fraction(reported))}%"
    assert f"核查自然村{visited}条，其中已报完成{claimed}条，核查无水{claimed - watered}条" in said
    assert f"核实人口为上报人口的{rate}" in said
    for town, verdict in rows(
        con, "select town(town_code), verdict from rpt_verification_town where report_date = $day", day
    ):
        assert (town in said) is (verdict in ("over_reported", "under_reported"))


# --- counties with gaps -----------------------------------------------------------------------------------------------


def test_two_runs_are_the_same_bytes(
    con: duckdb.DuckDBPyConnection, bulletins: dict[str, Read], tmp_path: Path
) -> None:
    assert read(con, DAYS[-1], tmp_path).path.read_bytes() == bulletins[DAYS[-1]].path.read_bytes()


def test_a_town_that_never_reported_is_told(changed: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    tables = changed.execute(
        "select table_name from information_schema.columns where column_name = 'town_code' "
        "and table_catalog = current_database() and table_name not in ('dim_division', 'fct_annual_target')"
    ).fetchall()
    for (table,) in tables:
        changed.execute(f"delete from {table} where town_code = '{TOWN}'")
    said = read(changed, DAYS[-1], tmp_path)
    assert "白石镇未报本期攻坚进度表、工程项目台账、资金落实表" in said.section("报送和数据质量")
    assert "白石镇" not in said.section("较上期变化")


@pytest.mark.parametrize(
    ("tables", "unknown"),
    [
        (["fct_funding"], "计划资金、到位资金"),
        (["fct_annual_target"], "任务完成率"),
        (["fct_population_served", "fct_rural_population"], ""),
        (["fct_assessment"], "没有考核结果"),
        (["fct_coverage", "fct_assessment"], "各镇均未报攻坚进度表"),
    ],
)
def test_what_is_missing_is_told_and_the_rest_stands(
    changed: duckdb.DuckDBPyConnection, tmp_path: Path, tables: list[str], unknown: str
) -> None:
    for table in tables:
        changed.execute(f"delete from {table}")
    for day in (DAYS[0], DAYS[-1]):
        said = read(changed, day, tmp_path)
        assert unknown in said.text
        assert "None" not in said.text and "核查" in said.text


def test_a_county_of_one_town(changed: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for (table,) in changed.execute(
        "select table_name from information_schema.columns where column_name = 'town_code' "
        "and table_catalog = current_database()"
    ).fetchall():
        changed.execute(f"delete from {table} where town_code != '{TOWN}'")
    said = read(changed, DAYS[-1], tmp_path)
    assert "参加考核的镇1个" in said.text
    assert len(said.tables[0]) == 2


def test_a_county_that_reported_nothing(changed: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    for (table,) in changed.execute(
        "select distinct table_name from information_schema.columns where column_name = 'report_date' "
        "and table_catalog = current_database()"
    ).fetchall():
        changed.execute(f"delete from {table}")
    for day in (DAYS[0], DAYS[-1]):
        said = read(changed, day, tmp_path)
        assert not said.links
        assert "各镇均未报攻坚进度表" in said.text
        assert "本期没有考核结果" in said.text
