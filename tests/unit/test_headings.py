from collections import Counter, defaultdict

import pytest

from flows.ingest.headings import form_headings, heading, is_known_heading, is_ordinal, is_unit, unit_among, unit_word
from schemas import forms
from schemas.vocabulary import Term, Vocabulary
from schemas.vocabulary.events import EVENT_KIND
from schemas.vocabulary.funds import FUNDING_SOURCE
from schemas.vocabulary.supply import STATUS, SUPPLY_MODE, WORKS_TYPE
from schemas.vocabulary.water import CRITERION_VERDICT, PARAMETER, SAMPLE_VERDICT, SAMPLING_POINT, YES_NO
from tests.builders import path

VOCABULARIES = [
    EVENT_KIND, FUNDING_SOURCE, STATUS, SUPPLY_MODE, WORKS_TYPE, CRITERION_VERDICT, PARAMETER, SAMPLE_VERDICT,
    SAMPLING_POINT, YES_NO, *(field.vocabulary for form in forms().values() for field in form.fields.values()),
]  # fmt: skip
FORM_NAMES = list(forms())


def meant(form, *printed):
    """The fullest reading of the headings over a column; None where there is none."""
    readings = sorted(form_headings()[form].readings(path(*printed)), key=lambda found: (-found[0], found[1]))
    return readings[0][2] if readings else None


def field(form, *printed):
    found = meant(form, *printed)
    return found and found.field


# --- exact, never by likeness -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "printed",
    [
        "旧户数", "原户数", "原人口", "旧人口", "饮水不安全人口", "饮水安全人口", "未供水人口", "脱贫户数", "户数差",
        "上期户数", "自然村委", "村委会主任", "户数2", "电话", "村民代表",
    ],
)  # fmt: skip
def test_a_heading_that_is_merely_alike_means_nothing(printed):
    assert meant("village_progress", printed) is None


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        ("户数", "households"), ("总户数", "households"), ("已通水户数", "households_connected"),
        ("人口", "population"),
        ("已供水人口", "population_supplied"), ("计划完成时间", "planned_finish"), ("完成（通水）时间", "finished_on"),
        ("完成(通水)时间", "finished_on"), ("是否完成", "status"), ("完成", "finished_on"), ("完成率", "progress_rate"),
    ],
)  # fmt: skip
def test_each_heading_means_its_own_field(printed, name):
    assert field("village_progress", printed) == name


@pytest.mark.parametrize(
    "printed", ["戶數", "户 数", "户\n数", "户　数", "户数：", "*户数", "“户数”", "户数（户）", "户数(不含空挂户)"]
)
def test_width_blanks_breaks_punctuation_and_remarks_do_not_matter(printed):
    assert field("village_progress", printed) == "households"


@pytest.mark.parametrize(
    ("printed", "name"),
    [("村委會", "village_committee"), ("進展情況", "status"), ("計劃完成時間", "planned_finish"), ("備註", "remark")],
)
def test_traditional_characters_equal_simplified_ones(printed, name):
    assert field("village_progress", printed) == name


# --- several rows of headings -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "name"),
    [
        (("已供水", "户数"), "households_connected"),
        (("已供水", "人口"), "population_supplied"),
        (("户数", "已通水"), "households_connected"),
        (("受益", "户数"), "households"),
        (("基本情况", "户数"), "households"),
        (("计划", "完成时间"), "planned_finish"),
        (("实际", "完成时间"), "finished_on"),
        (("时间节点", "计划", "完成时间"), "planned_finish"),
    ],
)
def test_the_most_specific_reading_of_a_path_wins(printed, name):
    assert field("village_progress", *printed) == name


def test_a_heading_counts_more_words_the_fuller_it_is_read():
    readings = form_headings()["village_progress"].readings(path("已供水", "户数"))
    assert [(words, meaning.field) for words, _, meaning in readings] == [(2, "households_connected")]


@pytest.mark.parametrize(
    ("printed", "measure", "source"),
    [
        (("专项债券资金", "计划"), "planned", "special_bond"),
        (("计划", "专项债券资金"), "planned", "special_bond"),
        (("涉农资金", "已到位"), "secured", "agricultural_funds"),
        (("债券资金计划",), "planned", "special_bond"),
        (("涉农资金支付",), "spent", "agricultural_funds"),
        (("资金情况", "县级配套", "支付"), "spent", "other"),
        (("合计", "计划"), "planned", "total"),
        (("合计计划",), "planned", "total"),
        (("到位资金合计",), "secured", "total"),
        (("专项债券资金（万元）", "计划"), "planned", "special_bond"),
    ],
)
def test_sources_stand_over_stages_or_under_them_or_in_one_heading(printed, measure, source):
    found = meant("funding", *printed)
    assert (found.field, found.group) == (measure, source)


def test_a_stage_that_is_cumulative_is_no_sum_of_sources():
    found = meant("funding", "累计到位")
    assert (found.field, found.group) == ("secured", None)


@pytest.mark.parametrize(
    ("form", "printed", "measure", "group"),
    [
        ("baseline", ("已供水人口-跨县",), "served", "cross_county"),
        ("baseline", ("已供水人口", "镇级水厂"), "served", "town_plant"),
        ("baseline", ("小型集中供水", "已供水人口"), "served", "small_scheme"),
        ("annual_target", ("县级水厂扩网", "自然村数"), "villages", "county_plant"),
        ("annual_target", ("人口", "跨县扩网工程"), "population", "cross_county"),
        ("water_quality", ("浑浊度(NTU)",), "value", "浑浊度"),
        ("water_quality", ("检测项目", "浑浊度"), "value", "浑浊度"),
        ("water_quality", ("余氯",), "value", "游离余氯"),
    ],
)
def test_modes_and_parameters_are_groups_too(form, printed, measure, group):
    found = meant(form, *printed)
    assert (found.field, found.group) == (measure, group)


@pytest.mark.parametrize(
    ("printed", "name", "tick"),
    [
        (("进展情况", "未开工"), "status", "not_started"),
        (("进展情况", "施工中"), "status", "under_construction"),
        (("进展情况", "√"), "status", "completed"),
        (("供水方式", "镇级水厂"), "supply_mode", "town_plant"),
        (("建设性质", "扩网"), "works_type", "extension"),
    ],
)
def test_a_sub_heading_that_is_a_value_is_ticked(printed, name, tick):
    found = meant("village_progress", *printed)
    assert (found.field, found.tick) == (name, tick)


@pytest.mark.parametrize(("word", "part"), [("年", "year"), ("月", "month"), ("日", "day")])
def test_year_month_and_day_under_a_date_are_its_parts(word, part):
    found = meant("village_progress", "开工时间", word)
    assert (found.field, found.part) == ("started_on", part)


def test_a_printed_rate_is_known_by_what_it_is_made_of():
    found = meant("village_progress", "供水率")
    assert found.is_rate
    assert found.field == "#rate:population_supplied/population"


def test_a_count_of_villages_is_no_name_of_one():
    assert field("village_progress", "自然村（条）") is None
    assert field("project_ledger", "自然村（条）") == "villages"


@pytest.mark.parametrize(("printed", "is_one"), [("序号", True), ("No.", True), ("编号", True), ("户数", False)])
def test_a_running_number_is_no_field(printed, is_one):
    assert is_ordinal(path(printed)) is is_one


@pytest.mark.parametrize("printed", ["村委会", "专项债券资金", "浑浊度", "供水率", "序号", "总投资（万元）"])
def test_fields_groups_rates_and_ordinals_are_known_headings(printed):
    assert is_known_heading(printed)


@pytest.mark.parametrize("printed", ["兴隆村委会", "青龙镇进度表", "张三", "86", "一、镇级水厂扩网工程"])
def test_data_and_titles_are_no_headings(printed):
    assert not is_known_heading(printed)


@pytest.mark.parametrize("printed", ["债券资金计划", "已供水人口-跨县"])
def test_a_group_and_its_measure_in_one_cell_are_a_known_heading(printed):
    assert is_known_heading(printed)


def test_the_length_of_pipes_alone_is_the_planned_one():
    assert field("project_ledger", "管网(米)") == "pipeline_planned_km"


# --- units ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("printed", "key", "unit"),
    [
        ("总投资（万元）", "总投资", "万元"),
        ("总投资(单位：万元)", "总投资", "万元"),
        ("总投资/万元", "总投资", "万元"),
        ("总投资：万元", "总投资", "万元"),
        ("总投资万元", "总投资", "万元"),
        ("管网〔米〕", "管网", "米"),
        ("形象进度（%）", "形象进度", "%"),
        ("水量(L/人·d)", "水量", "L/人·d"),
        ("总投资", "总投资", None),
        ("水源/水厂", "水源/水厂", None),
        ("自然村（组）", "自然村(组)", None),
    ],
)
def test_a_heading_is_its_words_and_its_unit(printed, key, unit):
    found = heading(printed)
    assert (found.keys[0], found.unit) == (key, unit)


@pytest.mark.parametrize("printed", ["户", "万元", "mg/L", "（公里）", "(人)", "%"])
def test_a_unit_alone_is_a_unit(printed):
    assert is_unit(printed)
    assert "(" not in unit_word(printed)


@pytest.mark.parametrize("printed", ["户数", "总投资（万元）", "兴隆", "（一）", "元旦"])
def test_words_are_no_unit(printed):
    assert not is_unit(printed)


def test_a_corner_of_several_units_gives_each_field_its_own():
    ledger = forms()["project_ledger"].fields
    assert unit_among("万元、公里、人", ledger["investment_planned"]) == "万元"
    assert unit_among("万元、公里、人", ledger["pipeline_planned_km"]) == "公里"
    assert unit_among("万元、公里、人", ledger["villages"]) is None
    assert unit_among("万元", ledger["project_name"]) is None


# --- invariants of the descriptions -----------------------------------------------------------------------------------

# 村（居） and 村（组） are told apart by their brackets; a bare 村 is the committee.
DELIBERATE = {"村"}
# The unit in its brackets makes it a count to the reader: it matches nothing.
DEAD = {"自然村（条）名称"}


@pytest.mark.parametrize("form", FORM_NAMES)
def test_no_heading_names_two_fields_of_a_form(form):
    named = defaultdict(set)
    for name, info in forms()[form].fields.items():
        for alias in info.headings:
            for key in heading(alias).keys:
                named[key].add(name)
    assert {key for key, names in named.items() if len(names) > 1} <= DELIBERATE


@pytest.mark.parametrize("form", FORM_NAMES)
def test_every_alias_survives_normalising(form):
    lost = [alias for info in forms()[form].fields.values() for alias in info.headings if not heading(alias).keys]
    assert lost == []


@pytest.mark.parametrize("form", FORM_NAMES)
def test_every_alias_over_a_column_means_its_field(form):
    columns = {name: info for name, info in forms()[form].fields.items() if info.kind != "flag" or info.vocabulary}
    wrong = [alias for name, info in columns.items() for alias in info.headings if field(form, alias) != name]
    assert set(wrong) <= DEAD


def test_a_flag_that_is_said_beside_a_result_is_no_column():
    assert field("water_quality", "低于检出限") is None


@pytest.mark.parametrize("form", FORM_NAMES)
def test_no_alias_stands_twice_in_a_field(form):
    for info in forms()[form].fields.values():
        assert [alias for alias, times in Counter(info.headings).items() if times > 1] == []


@pytest.mark.parametrize("form", FORM_NAMES)
def test_no_group_or_rate_is_also_a_field(form):
    headings = form_headings()[form]
    groups = headings.spread[1]
    assert [key for key in headings.fields if groups and groups.lookup(key)] == []
    assert set(headings.rates).isdisjoint(headings.fields)


@pytest.mark.parametrize("form", FORM_NAMES)
def test_grain_measures_and_rates_are_fields(form):
    info = forms()[form]
    served = {f"total.{name}" for name, described in info.fields.items() if described.repeats_over}
    used = {*info.grain, *info.measures, *(part for pair in info.rates.values() for part in pair)}
    assert used - served <= set(info.fields)


@pytest.mark.parametrize("vocabulary", list({id(v): v for v in VOCABULARIES if v}.values()), ids=lambda v: v.name)
def test_every_spelling_of_a_vocabulary_means_one_code(vocabulary):
    assert set(vocabulary._codes.values()) == set(vocabulary.terms)
    for code, term in vocabulary.terms.items():
        assert {vocabulary.lookup(word) for word in (code, term.zh, term.en, *term.spellings.split())} == {code}


def test_a_spelling_of_two_codes_is_refused():
    doubtful = Vocabulary("doubtful", {"a": Term("甲", "a", "同"), "b": Term("乙", "b", "同")})
    with pytest.raises(ValueError, match="同"):
        doubtful.lookup("甲")


@pytest.mark.parametrize(
    ("printed", "code"),
    [
        ("镇级水厂扩网工程", "town_plant"), ("镇级水厂扩网", "town_plant"), ("鎮級水廠", "town_plant"),
        ("跨县扩网工程（一期）", "cross_county"), ("扩网", None), ("农村集中供水", None), ("镇级水场", None),
    ],
)  # fmt: skip
def test_a_mode_is_looked_up_by_exact_spelling(printed, code):
    assert SUPPLY_MODE.lookup(printed) == code


@pytest.mark.parametrize(
    ("title", "code"),
    [
        ("青龙镇镇级水厂扩网工程进度表", "town_plant"), ("青龙镇小型集中供水进度表", "small_scheme"),
        ("青龙镇农村集中供水攻坚进度表", None), ("镇级水厂、县级水厂扩网进度表", None),
    ],
)  # fmt: skip
def test_a_title_names_a_mode_only_where_it_names_one(title, code):
    assert SUPPLY_MODE.find(title) == code
