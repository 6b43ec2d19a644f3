"""The situation report (汇报): every figure leads to its source and is the marts' own; nothing else holds a digit."""

import datetime as dt
import json
import re
import shutil
import zipfile
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb
import pytest
from docx import Document
from docx.oxml.ns import qn
from lxml import etree

from flows.publish.query import connect
from flows.report import briefing
from flows.report.figures import Citations
from flows.report.official import SOURCES
from tests.conftest import RAW, County, build_county
from tests.pipeline.editions import DAYS, edition

pytestmark = pytest.mark.pipeline

TRUTH = json.loads((Path(__file__).parent.parent / "data" / "truth" / "headline.json").read_text("utf-8"))

# What a printed figure is multiplied by, and how a figure may be printed: a number and its unit.
UNITS = {"万人": 10_000, "万元": 10_000, "%": Fraction(1, 100)}
FIGURE = re.compile(r"(\d+)(?:\.(\d+))?(万人|万元|%|条|个镇|个|户|人|公里|次|天|处|项|分|)")
LAST_DAY = re.compile(r"(?:(\d+)年)?(\d+)月(?:(\d+)日|底)")

# The only digits that are no figures: days, the numbers of items, the units of water tests, and the thresholds that
# fct_assessment's reasons name.
ALLOWED = (
    re.compile(r"(?:\d{4}年)?\d{1,2}月(?:\d{1,2}日|底)"),
    re.compile(r"^\d+\."),
    re.compile(r"（(?:mg|NTU|CFU|MPN)[^（）]*）"),
    re.compile(r"总分低于\d+分|低于全县\d+个百分点"),
)


class Read:
    """A report as a reader has it, and what was noted as it was written."""

    def __init__(self, target: Path, citations: Citations) -> None:
        document = Document(str(target))
        self.citations = {citation.anchor: citation for citation in citations}
        self.links: list[tuple[str, str, str]] = []
        self.rest: list[str] = []
        self.lines: list[str] = []
        relations = document.part.rels
        for paragraph in document.element.body.iter(qn("w:p")):
            around = []
            for node in paragraph.iter(qn("w:t")):
                link = node.getparent().getparent()
                if link.tag == qn("w:hyperlink"):
                    assert relations[link.get(qn("r:id"))].target_ref == SOURCES
                    assert link.getparent() is paragraph
                    self.links.append((link.get(qn("w:anchor")), node.text or "", link.get(qn("w:tooltip"))))
                    around.append("□")
                else:
                    around.append(node.text or "")
            self.rest.append("".join(around))
            self.lines.append("".join(node.text or "" for node in paragraph.iter(qn("w:t"))))
        self.text = "\n".join(self.lines)


def read(con: duckdb.DuckDBPyConnection, day: str, folder: Path, before: str | None = None) -> Read:
    written = edition(con, day, before)
    briefing.write(written, folder / briefing.DOCUMENT)
    return Read(folder / briefing.DOCUMENT, written.citations)


@pytest.fixture(scope="module")
def reports(con: duckdb.DuckDBPyConnection, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Read]:
    folder = tmp_path_factory.mktemp("汇报 文档")
    return {day: read(con, day, folder, before) for before, day in zip([None, *DAYS], DAYS, strict=False)}


# --- the figures ------------------------------------------------------------------------------------------------------


def from_sql(con: duckdb.DuckDBPyConnection, metric: str, where: dict[str, Any]) -> Any:
    """A metric's value by one plain SELECT on its mart, for the sum of its slice's rows."""
    kind, table, expression, numerator, denominator, dimensions = con.execute(
        'select kind, "table", expression, numerator, denominator, dimensions from metric where metric = ?', [metric]
    ).fetchall()[0]
    if kind == "ratio":
        parts = [Fraction(from_sql(con, part, where)) for part in (numerator, denominator)]
        return parts[0] / parts[1]
    if kind == "derived":
        terms = re.findall(r"[a-z_]+", expression)
        assert re.sub(r"[a-z_]+| ", "", expression) == "+" * (len(terms) - 1)
        return sum(from_sql(con, term, where) for term in terms)
    own = {name: value for name, value in where.items() if name in dimensions.split(", ")}
    conditions = " and ".join(f"{name} is not distinct from ${name}" for name in own)
    return con.execute(f"select {numerator} from {table} where {conditions}", own).fetchall()[0][0]


def says(printed: str, value: Any, day: dt.date) -> bool:
    """Whether a printed figure is a value, rounded half up to the decimals that are printed."""
    if isinstance(value, dt.date):
        found = LAST_DAY.fullmatch(printed)
        assert found, printed
        year, month = int(found[1] or day.year), int(found[2])
        is_last = (value + dt.timedelta(days=1)).day == 1
        return (value.year, value.month) == (year, month) and (int(found[3]) == value.day if found[3] else is_last)
    found = FIGURE.fullmatch(printed)
    assert found, printed
    places = len(found[2] or "")
    scaled = Fraction(value) / UNITS.get(found[3], 1) * 10**places
    return int(scaled * 2 + 1) // 2 == int(found[1] + (found[2] or ""))


@pytest.mark.parametrize("day", DAYS)
def test_every_figure_leads_to_its_source_and_is_what_the_marts_hold(
    con: duckdb.DuckDBPyConnection, reports: dict[str, Read], day: str
) -> None:
    report = reports[day]
    assert len(report.links) > 150
    assert {anchor for anchor, _, _ in report.links} == report.citations.keys()
    for anchor, printed, tooltip in report.links:
        citation = report.citations[anchor]
        figure = citation.figure
        assert anchor == f"_{citation.no}"
        assert tooltip == f"{citation.no} {figure.metric.name_zh}：点击查看来源"
        assert printed in citation.printed[briefing.DOCUMENT]
        value = from_sql(con, figure.metric.name, dict(figure.slice))
        assert says(printed, value, dt.date.fromisoformat(day)), (figure.key, printed, value)


def test_figures_are_numbered_in_the_order_in_which_they_are_read(reports: dict[str, Read]) -> None:
    for report in reports.values():
        numbers = list(dict.fromkeys(anchor for anchor, _, _ in report.links))
        assert numbers == sorted(numbers)
        assert numbers[0] == "_S001"


def test_a_printed_figure_that_is_not_the_value_is_noticed() -> None:
    day = dt.date(2021, 8, 20)
    assert says("76.6%", Fraction(206, 269), day) and not says("76.5%", Fraction(206, 269), day)
    assert says("4.3万人", 42_832, day) and not says("4.2万人", 42_832, day)
    assert says("4563.7万元", Decimal("45637000.49"), day) and not says("4563.7万元", Decimal("45637500"), day)
    assert says("9月底", dt.date(2021, 9, 30), day) and not says("9月底", dt.date(2021, 9, 29), day)
    assert says("2022年3月5日", dt.date(2022, 3, 5), day) and not says("3月5日", dt.date(2022, 3, 5), day)


@pytest.mark.parametrize("day", DAYS)
def test_no_digit_stands_outside_a_figure_a_day_or_a_number_of_an_item(reports: dict[str, Read], day: str) -> None:
    assert uncited(reports[day]) == []


def uncited(report: Read) -> list[str]:
    left = []
    for line in report.rest:
        for allowed in ALLOWED:
            line = allowed.sub("", line)
        if re.search(r"\d", line):
            left.append(line)
    return left


def test_the_figures_of_the_report_that_started_the_project_are_in_it(reports: dict[str, Read]) -> None:
    text = reports["2021-08-20"].text
    total = TRUTH["all"]
    assert f"年度攻坚任务为自然村{total['target_villages']}条" in text
    assert f"各镇列入计划的自然村{total['villages_planned']}条，涉及村委会{total['committees']}个" in text
    assert f"已完成自然村{total['villages_completed']}条" in text
    assert f"解决{total['population_completed_wan']}万人集中供水问题" in text
    assert f"目前农村集中供水率为{total['supply_rate_pct']}%" in text
    assert f"供水率为{total['supply_rate_after_plan_pct']}%。" in text
    for mode in ("cross_county", "county_plant", "town_plant", "small_scheme"):
        one = TRUTH[mode]
        assert (
            f"涉及村委会{one['committees']}个、自然村{one['villages_planned']}条、{one['households_planned']}户" in text
        )
        assert f"计划铺设管网{one['pipeline_planned_km']}公里，总投资{one['investment_planned_wan_yuan']}万元" in text
    funds = TRUTH["funds_wan_yuan"]
    assert f"计划资金{funds['all']['planned']}万元，其中专项债券资金{funds['special_bond']['planned']}万元" in text
    assert f"已到位{funds['all']['secured']}万元" in text and f"已支付{funds['all']['spent']}万元" in text


def test_printed_parts_add_up_to_the_printed_total(reports: dict[str, Read]) -> None:
    for report in reports.values():
        total = re.search(r"列入计划的自然村.*?、([\d.]+)万人。", report.text)
        parts = re.findall(r"^\d\..*?户、([\d.]+)(万?)人。", report.text, re.MULTILINE)
        assert total and len(parts) == 4
        assert sum(Decimal(part) if wan else Decimal(part) / 10_000 for part, wan in parts) == Decimal(total[1])
        money = re.search(
            r"计划资金([\d.]+)万元，其中专项债券资金([\d.]+)万元、涉农资金([\d.]+)万元、其他资金([\d.]+)万元",
            report.text,
        )
        assert money
        assert sum(map(Decimal, money.groups()[1:])) == Decimal(money[1])


# --- what it says -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("day", DAYS)
def test_it_has_its_four_parts_and_numbers_them_in_chinese(reports: dict[str, Read], day: str) -> None:
    lines = reports[day].lines
    assert lines[0] == "云塘县农村集中供水全覆盖攻坚工作情况汇报"
    assert [line for line in lines if re.match("[一二三四五]、", line)] == [
        "一、基本工作情况", "二、主要工作措施", "三、存在问题", "四、下一步工作",
    ]  # fmt: skip
    assert not re.search(
        r"None|nan|null|待补|\{|\}|。。|，，|、、|：；|（）|，。|\ue000",
        reports[day].text.replace("核查自然村情况待补", ""),
    )


def test_it_names_the_worst_of_what_is_wrong(con: duckdb.DuckDBPyConnection, reports: dict[str, Read]) -> None:
    text = reports["2021-08-20"].text
    worst = con.execute(
        "select name, late_days from fct_coverage inner join dim_division on division_code = village_code "
        "where report_date = '2021-08-20' and not is_completed and late_days > 0"
    ).fetchall()
    assert len(worst) == 5
    for name, days in worst:
        assert re.search(f"{name}已逾期{days}天", text)
    for name, value in con.execute(
        "select project_name, value from fct_water_failure inner join dim_project using (project_code) "
        "where report_date = '2021-08-20'"
    ).fetchall():
        assert re.sub("^..镇", "", name) in text and f"{value.normalize():f}" in text
    dry = con.execute(
        "select name from fct_verification inner join dim_division on division_code = village_code "
        "where report_date = '2021-08-20' and reported_completed and not has_water"
    ).fetchall()
    assert len(dry) == 5 and all(name in text for (name,) in dry)
    assert "双桥镇攻坚进度表、工程项目台账、资金落实表迟报2天" in text
    assert "石陂镇、水口镇未报督导会商台账" in text
    assert "黄竹镇（考核86.05分，列全县第2名），核查人口仅为上报人口的79.2%，考核一票否决" in text


def test_a_town_that_sent_nothing_for_the_date_stands_with_its_last_figures_and_is_named(
    reports: dict[str, Read],
) -> None:
    text = reports["2021-07-31"].text
    assert "本期未报攻坚进度表的镇沿用最近一期数据：新圩镇为7月15日数据。" in text
    assert "新圩镇未报本期攻坚进度表、工程项目台账、资金落实表" in text


def test_the_first_report_has_no_figures_of_one_before(reports: dict[str, Read]) -> None:
    assert "上期" not in reports["2021-06-30"].text.replace("比上期", "")
    assert "上期（8月10日）累计完成168条" in reports["2021-08-20"].text
    assert "核查自然村情况待补：县级未报核查抽查表。" in reports["2021-06-30"].text


# --- the file ---------------------------------------------------------------------------------------------------------


def test_two_runs_give_the_same_bytes(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    first, second = tmp_path / "a.docx", tmp_path / "b.docx"
    for target in (first, second):
        briefing.write(edition(con, DAYS[-1], DAYS[-2]), target)
    assert first.read_bytes() == second.read_bytes()
    with zipfile.ZipFile(first) as package:
        core = package.read("docProps/core.xml").decode()
        assert set(re.findall(r">(\d{4}-\d\d-\d\d)T", core)) == {"2021-08-23"}  # when the last report was received
        assert {part.date_time for part in package.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_it_looks_as_the_standard_has_it(con: duckdb.DuckDBPyConnection, tmp_path: Path) -> None:
    target = tmp_path / "a.docx"
    briefing.write(edition(con, DAYS[-1]), target)
    document = Document(str(target))
    section = document.sections[0]
    assert [round(size.mm) for size in (section.page_width, section.page_height)] == [210, 297]  # type: ignore[union-attr]
    margins = (section.top_margin, section.bottom_margin, section.left_margin, section.right_margin)
    assert [round(margin.mm) for margin in margins] == [37, 35, 28, 26]  # type: ignore[union-attr]
    faces = {
        "Title": ("方正小标宋简体", 22), "Body Text": ("仿宋_GB2312", 16), "Heading 1": ("黑体", 16),
        "Heading 2": ("楷体_GB2312", 16),
    }  # fmt: skip
    for name, (face, points) in faces.items():
        style = document.styles[name]
        assert style.element.rPr.rFonts.get(qn("w:eastAsia")) == face
        assert style.font.size.pt == points and style.font.color.rgb is None  # type: ignore[attr-defined]
    body = document.styles["Body Text"]
    assert body.paragraph_format.line_spacing.pt == 28  # type: ignore[attr-defined]
    assert body.element.pPr.ind.get(qn("w:firstLineChars")) == "200"
    with zipfile.ZipFile(target) as package:
        assert (
            '<w:font w:name="仿宋_GB2312"><w:altName w:val="仿宋;FangSong'
            in package.read("word/fontTable.xml").decode()
        )
        footers = [package.read(name).decode() for name in package.namelist() if "footer" in name]
        assert len(footers) == 2 and all("PAGE" in footer and "宋体" in footer for footer in footers)
        links = etree.fromstring(package.read("word/document.xml")).iter(qn("w:hyperlink"))
        properties = {child.tag for link in links for child in link.iter() if child.getparent().tag == qn("w:rPr")}
    # no colour, no underline, no style of links: in tables a size of their own
    assert properties <= {qn("w:sz"), qn("w:rFonts")}


# --- counties with gaps -----------------------------------------------------------------------------------------------


@pytest.fixture
def thinned(county: County, tmp_path: Path) -> Iterator[Any]:
    """Marts from which rows were taken away, as if they had never been reported."""
    copy = tmp_path / "marts.duckdb"

    def thin(*statements: str) -> Read:
        shutil.copy(county.published / "marts.duckdb", copy)
        with duckdb.connect() as con:
            con.execute(f"attach '{copy}' as copied; use copied.main")
            for statement in statements:
                con.execute(statement)
        with connect(copy) as con:
            return read(con, DAYS[-1], tmp_path, DAYS[-2])

    yield thin


TOWNS = ("青龙镇", "石陂镇", "白石镇", "松岗镇", "水口镇")
HALF = "town_code <= '449901105'"


def test_without_funds_the_report_says_who_owes_the_table(thinned: Any) -> None:
    report = thinned("delete from fct_funding")
    assert "计划资金情况待补：各镇均未报资金落实表。" in report.text
    assert "到位资金情况待补：各镇均未报资金落实表。" in report.text
    assert "支付资金情况待补：各镇均未报资金落实表。" in report.text
    assert "资金缺口" not in report.text and uncited(report) == []


def test_of_towns_that_owe_the_funds_the_rest_is_told(thinned: Any) -> None:
    report = thinned(
        f"delete from fct_funding where {HALF}", f"delete from fct_submission where form = 'funding' and {HALF}"
    )
    owing = f"{'、'.join(TOWNS)}未报资金落实表"
    assert f"{owing}；" in report.text.split("（二）各供水方式进展")[0]
    assert re.search(r"资金已到位[\d.]+万元，到位率", report.text)
    assert f"{'、'.join(TOWNS)}未报本期资金落实表" in report.text and uncited(report) == []


def test_without_targets_no_rate_of_the_task_is_told(thinned: Any) -> None:
    report = thinned("delete from fct_annual_target")
    assert "年度任务自然村、年度任务人口情况待补：县级未报年度任务分解表。" in report.text
    assert "自然村任务完成率、人口任务完成率情况待补：县级未报年度任务分解表。" in report.text
    assert "已完成自然村206条" in report.text and uncited(report) == []


def test_without_a_baseline_no_supply_rate_is_told(thinned: Any) -> None:
    report = thinned("delete from fct_rural_population", "delete from fct_population_served")
    assert "农村人口、原供水人口情况待补：县级未报供水现状基数表。" in report.text
    assert "供水率情况待补：县级未报供水现状基数表。" in report.text
    assert "供水率为" not in report.text and uncited(report) == []


def test_a_rate_whose_denominator_lacks_a_town_is_not_told(thinned: Any) -> None:
    report = thinned(
        "delete from fct_rural_population where town_code = '449901103'",
        "delete from fct_population_served where town_code = '449901103'",
    )
    assert "供水率情况待补：县级供水现状基数表未列白石镇。" in report.text
    assert "供水率为" not in report.text and "占农村人口的" not in report.text


def test_a_column_left_blank_is_said_beside_the_sum(thinned: Any) -> None:
    report = thinned("update fct_project_progress set pipeline_laid_km = null where town_code = '449901104'")
    assert re.search(r"已铺设[\d.]+公里。（以上数据未含：松岗镇工程项目台账未填全“已铺设管网”。）", report.text)


def test_a_county_of_which_half_sent_nothing_is_told_for_the_other_half(thinned: Any) -> None:
    tables = (
        "fct_coverage", "fct_funding", "fct_project_progress", "fct_supervision_as_of", "fct_water_sample",
        "fct_water_failure", "fct_submission", "fct_data_issue", "fct_assessment", "fct_assessment_item",
        "fct_verification",
    )  # fmt: skip
    report = thinned(*(f"delete from {table} where {HALF}" for table in tables))
    for form in ("攻坚进度表", "工程项目台账", "资金落实表", "水质检测表", "督导会商台账"):
        assert f"{'、'.join(TOWNS)}未报{form}" in report.text
    assert f"{'、'.join(TOWNS)}未报本期攻坚进度表、工程项目台账、资金落实表" in report.text
    assert "年度攻坚任务为自然村269条" in report.text
    assert len(report.links) > 80 and uncited(report) == []


def test_an_inbox_of_one_town_without_funds_targets_or_baseline(tmp_path: Path) -> None:
    """The whole way from workbooks: who has to report is not known, so all that the master list names owe."""
    raw = tmp_path / "raw"
    kept = [
        RAW / "2021-06-25" / "县级" / "云塘县行政区划与户籍基数表.xlsx",
        RAW / "2021-06-30" / "白石镇" / "白石镇攻坚进度表(6.30).csv",
    ]
    for path in kept:
        (raw / path.relative_to(RAW)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, raw / path.relative_to(RAW))
    county = build_county(raw, tmp_path / "data")
    with connect(county.published / "marts.duckdb") as con:
        report = read(con, "2021-06-30", tmp_path)
    assert "各镇列入计划的自然村27条" in report.text
    assert "县级未报年度任务分解表" in report.text and "县级未报供水现状基数表" in report.text
    assert "计划资金情况待补：各镇均未报资金落实表。" in report.text
    assert "工程情况待补：各镇均未报工程项目台账。" in report.text
    assert "水样情况待补" in report.text or "水样、合格水样、水样合格率情况待补：各镇均未报水质检测表。" in report.text
    assert "督导会商次数情况待补：各镇均未报督导会商台账。" in report.text
    assert uncited(report) == [] and report.links
