"""The reader against a generator of layouts, and every failure that it found as a case of its own."""

import os

import pytest
from hypothesis import HealthCheck, given, note, settings
from hypothesis import strategies as st

from schemas import forms
from tests.accounting import lost_cells
from tests.layouts import CHOICES, Plan, plan, possible, read_back, render

FORMS = sorted(forms())
LAYOUTS = int(os.environ.get("GONGSHUI_LAYOUTS", "200"))
RANDOMLY = settings(
    max_examples=LAYOUTS,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """A form with some of the difficulties; shrinking makes them plain one by one."""
    made = Plan(draw(st.integers(0, 9999)))
    hard = draw(st.lists(st.sampled_from(sorted(CHOICES.keys() - {"form", "rows"})), max_size=12, unique=True))
    choices = {name: draw(st.sampled_from(CHOICES[name])) for name in ("form", "rows", *hard)}
    return possible(made.but(**choices))


@RANDOMLY
@given(plans())
def test_any_layout_reads_as_a_careful_clerk_reads_it(made: Plan) -> None:
    note(repr(made))  # a plan to copy into FOUND
    layout = render(made)
    assert read_back(layout) == []
    assert lost_cells(layout.data, layout.names) == []


# Each failed once; the name says what was wrong.
FOUND = {
    "a row of words above a repeated header is no title": plan(seed=446, form="assignment", page_breaks="header"),
    "a row of words in cells with units above a repeated header": plan(
        seed=166, form="funding", units="cell", page_breaks="header_and_steps"
    ),
    "a section above a repeated header": plan(
        seed=47, form="village_progress", mode="section", page_breaks="header_and_steps"
    ),
    "a repeated header of three rows": plan(
        seed=734, form="baseline", rows=5, header="both", gaps="between", page_breaks="header"
    ),
    "a repeated header without its title word": plan(seed=318, form="division", header="both", page_breaks="header"),
    "a county form beside another": plan(seed=59, form="funding", two="beside_one_title"),
    "group row with 核查单位": plan(seed=501, form="inspection", header="deep"),
    "group row with 其中：": plan(seed=133, form="inspection", header="both", extra=2, committee="with_village"),
    "ticks under 完成 beside 完成日期": plan(seed=376, form="village_progress", codes="ticks"),
    "ticks under 完工 beside 完工时间": plan(seed=268, form="village_progress", codes="ticks"),
    "自然村（条）名称": plan(seed=862, form="inspection"),
    "footer in a narrow table": plan(seed=216, form="funding", date="footer"),
    "footer of two cells in a table of four": plan(seed=836, form="assignment", notes="both"),
    "footer under codes": plan(seed=99, form="division", date="footer"),
    "modes and measures in one heading": plan(seed=840, spread="joined"),
    "unmerged groups three deep": plan(
        seed=205, form="village_progress", header="deep", groups="unmerged", two="stacked"
    ),
    "unmerged group under an unmerged group": plan(seed=838, form="baseline", header="own", groups="unmerged"),
    "已通水 unmerged over 农户数 and 人数": plan(seed=314, form="village_progress", header="both", groups="unmerged"),
    "unmerged 受益 and 已通水, shuffled": plan(
        seed=452, form="village_progress", header="deep", groups="unmerged", order="shuffled"
    ),
    "section in the column of dates": plan(seed=57, form="supervision", town="section"),
    "four header rows, singles unmerged at the top": plan(
        seed=645, form="village_progress", header="deep", singles="top"
    ),
    "细菌总数 and 低于检出限 are no headings": plan(seed=54, form="water_quality", rows=5, fill="merged"),
    "year, month and day under an unmerged header": plan(
        seed=295, form="village_progress", singles="top", dates="parts"
    ),
    "采样 over 工程, 位置 and 年月日 in csv": plan(seed=486, form="water_quality", file="csv", header="split"),
    "three group rows of one cell": plan(seed=156, form="supervision", header="deep", singles="bottom"),
    "a group row of one merged cell": plan(seed=969, form="inspection", header="both", singles="bottom"),
    "日期 over 会议 and 完成整改": plan(seed=466, form="supervision", header="split", singles="top"),
    "titles of two tables side by side directly over their headings": plan(
        seed=865, form="village_progress", date="bracket", two="beside"
    ),
    "tables side by side whose headings are not in one row": plan(seed=299, form="division", town="line", two="beside"),
    "户籍 in the neighbour's title": plan(seed=806, form="baseline", two="beside"),
    "备注 in the top row of an unmerged header": plan(
        seed=104, form="supervision", file="xlsx_1904", header="both", ordinal="first"
    ),
    "transposed with groups down the side": plan(seed=996, form="village_progress", header="own", transposed=True),
    "transposed with one record": plan(seed=526, rows=1, transposed=True),
    "towns of a transposed table are no title": plan(seed=573, header="own", transposed=True),
    "groups over groups down the side": plan(header="own", town="column", spread="over", transposed=True),
    "an unmerged group does not part a table": plan(
        seed=957, form="supervision", file="tsv_gb", header="both", order="shuffled"
    ),
    "transposed villages: the row of the village": plan(seed=93, form="village_progress", transposed=True),
    "a repeated header without its unit row": plan(
        seed=977, form="baseline", header="deep", units="row", page_breaks="header"
    ),
    "the footer's date is that of the rows before the page break": plan(
        seed=533,
        form="inspection",
        rows=8,
        date="footer",
        totals="nested_first",
        page_breaks="header_and_steps",
    ),
    "rows of words in csv above a repeated header": plan(
        seed=951, form="service_check", file="csv_bom", page_breaks="header"
    ),
    "merged section over a column of dates": plan(seed=112, form="supervision", town="section", section="merged"),
    "户数/人口 are headings, too": plan(seed=579, form="baseline", pairs="slash", transposed=True),
    "户数/常住人口 under a group": plan(seed=1214, form="baseline", header="own", pairs="slash"),
    "one unmerged group over sub-headings in csv": plan(seed=784, file="csv", header="both"),
    "资金 over 科目, 安排 and 文件": plan(seed=837, form="village_progress", header="deep", two="sheets"),
    "采样 beside a group over the parameters": plan(seed=419, form="water_quality", header="split", spread="over"),
    "a section over a repeated header": plan(
        seed=793, form="village_progress", rows=3, town="section", page_breaks="header"
    ),
    "a merged section over a repeated header": plan(
        seed=23153, form="division", rows=5, town="section", section="merged", page_breaks="header"
    ),
    "常住户数/户籍人口": plan(seed=646, form="baseline", pairs="slash"),
    "户籍户数/人口": plan(seed=1104, form="baseline", pairs="slash"),
    "a transposed sample with few fields of its own": plan(
        seed=3610, form="water_quality", spread="over", transposed=True
    ),
    "transposed under a group with two fields": plan(seed=24859, form="assignment", header="own", transposed=True),
    "a group over all columns repeated with the header": plan(
        seed=3903, form="division", header="deep", town="section", page_breaks="header", committee="with_village"
    ),
    "unknown headings in the row of the town's": plan(seed=22124, header="own", singles="top", extra=2, spread="over"),
    "one sub-heading under an unmerged group": plan(seed=25802, form="service_check", header="deep", singles="top"),
    "日期 over 督导": plan(seed=24468, form="supervision", header="both", singles="top"),
    "two rows of groups beneath single headings": plan(
        seed=21204, form="division", header="deep", singles="top", order="shuffled"
    ),
    "an unmerged group alone in its row": plan(
        seed=22392, form="inspection", header="deep", singles="top", groups="unmerged", order="shuffled"
    ),
    "one group between single headings and groups": plan(
        seed=25227, form="funding", header="deep", singles="top", order="shuffled"
    ),
    "groups and measures in one heading under a group": plan(seed=21780, header="own", spread="joined"),
    "填报日期 under the title of a second table": plan(seed=24834, form="division", date="filled", two="stacked"),
    "numbered modes with their sums in the column of towns": plan(
        seed=22414, mode="section", section="bracketed", section_totals="figures"
    ),
    "资金 over 需求 is no title": plan(seed=22685, header="both", singles="bottom", two="stacked_one_title"),
    "whole project's mode speaks for its parts": plan(seed=568, form="funding", spread="parts"),
    "ticks beside the names of parts": plan(seed=737, form="funding", mode="ticks", spread="parts"),
    "words of an unknown column beside the names of parts": plan(seed=3844, form="funding", extra=1, spread="parts"),
    "a part that is no 其中： beside words of an unknown column": plan(
        seed=71077, form="funding", extra=1, spread="parts"
    ),
    "titles and the blank beneath them repeated": plan(seed=2043, form="division", gaps="above", page_breaks="titles"),
    "a row of names of groups and figures with units is no header": plan(seed=300932, form="funding", units="cell"),
    "figures in words beside headings down the side": plan(
        seed=301510, header="own", numbers="mixed", spread="over", transposed=True
    ),
    "a row with a time of day over a second table's title": plan(
        seed=421822, form="supervision", rows=5, header="split", dates="mixed", two="stacked"
    ),
    "a numeral beside a mode in the column of towns": plan(
        seed=432175, ordinal="first", mode="section", section="beside"
    ),
    "a line break within 其中：": plan(
        seed=462774,
        form="supervision",
        rows=5,
        header="split",
        blanks="breaks",
        order="shuffled",
        extra=1,
        unreadable="words",
        dates="mixed",
    ),
    "其中：脱贫人口 beside 氨": plan(seed=70670, form="water_quality", order="shuffled", extra=2, spread="over"),
    "填报单位 beside the other table's headings": plan(
        seed=631, form="village_progress", town="line", date="file", two="beside"
    ),
}


@pytest.mark.parametrize("made", FOUND.values(), ids=FOUND.keys())
def test_found_layout_reads_back(made: Plan) -> None:
    assert read_back(render(made)) == []


@pytest.mark.parametrize("form", FORMS)
def test_plain_table_of_any_form_reads_back(form: str) -> None:
    assert read_back(render(plan(form=form))) == []


@pytest.mark.parametrize("name", [name for name in CHOICES if name not in ("form", "rows")])
def test_each_difficulty_alone_reads_back(name: str) -> None:
    failures = {
        repr(made): found
        for number, choice in enumerate(CHOICES[name])
        for form in FORMS
        if (found := read_back(render(made := plan(seed=number, form=form, rows=3, **{name: choice}))))
    }
    assert failures == {}


def test_same_plan_gives_same_file() -> None:
    made = plan(seed=7, form="funding", spread="over", header="both", numbers="mixed", file="csv_gb")
    assert render(made).data == render(made).data
