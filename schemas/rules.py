"""The rules that rows obey (forms.md, R01–R24): severity and what is said to the person who can mend it.

The conditions themselves stand on the forms, as pandera checks named after the rule and the field they are shown at:
``R05:population_supplied``.
"""

from dataclasses import dataclass
from decimal import Decimal

import pandas as pd

from schemas.info import Severity

# R02, R03: a natural village above these counts is a slip of the pen, not a village (forms.md).
MOST_HOUSEHOLDS, MOST_PERSONS = 5_000, 20_000
# R04 and R10: persons a household, impossible and unlikely (forms.md; registered counts run about 5, domain.md).
MOST_PERSONS_A_HOUSEHOLD = 15
LIKELY_PERSONS_A_HOUSEHOLD = (1.5, 7.5)
# R11: by how much of the registered population a reported one may differ.
TOLERATED_DIFFERENCE = 0.2
# R07: nothing was built before this day that a campaign of the 2020s reports.
EARLIEST_DAY = pd.Timestamp("2000-01-01")
# R13: the stages of a project in their order (forms.md).
STAGES = [
    "initiated_on",
    "designed_on",
    "reviewed_on",
    "approved_on",
    "started_on",
    "finished_on",
    "accepted_on",
]
# R18: plausible works (domain.md, "Plausible ranges"): the Guangdong plan of 2021 comes to 1,975 yuan a person, others
# to 342–4,236; pipe costs 1–200 万元 a km; 1–100 m of it serve a person (a summary of 2012 with 290 m was wrong).
LIKELY_YUAN_A_PERSON = (Decimal(200), Decimal(8_000))
LIKELY_YUAN_A_KM = (Decimal(10_000), Decimal(2_000_000))
LIKELY_KM_A_PERSON = (Decimal("0.001"), Decimal("0.1"))


@dataclass(frozen=True)
class Rule:
    """A rule's severity and its message: what is wrong, then what to do. ``{}`` fields are filled per finding."""

    severity: Severity
    zh: str
    en: str


RULES: dict[str, Rule] = {
    "R01": Rule(
        "error",
        "必填项“{title}”{printed_zh}，本行未入库。请补填后重新报送。",
        "required “{title}” {printed_en}; the row was not loaded. Fill it in and send the table again.",
    ),
    "R02": Rule(
        "error",
        "“{title}”填为“{printed}”，户数、人口等数量必须是整数且不能为负，户数、人口不能为0。请核实更正。",
        "“{title}” reads “{printed}”: a count must be a whole number, not negative, and households and "
        "population not zero.",
    ),
    "R03": Rule(
        "error",
        "“{title}”填为“{printed}”，超过一个自然村的上限（5000户、20000人），疑似单位或小数点有误。请核实更正。",
        "“{title}” reads “{printed}”, beyond a natural village's limit (5,000 households, 20,000 persons): "
        "check unit or digits.",
    ),
    "R04": Rule(
        "error",
        "户数“{households}”与人口“{population}”矛盾（人口少于户数，或户均超过15人）。请核实两项后更正。",
        "households “{households}” and population “{population}” contradict (fewer persons than households, "
        "or over 15 each).",
    ),
    "R05": Rule(
        "error",
        "“{title}”填为“{printed}”，大于该村总数“{whole}”。请核实更正。",
        "“{title}” reads “{printed}”, more than the village's total “{whole}”.",
    ),
    "R06": Rule(
        "error",
        "“{printed}”不在行政区划与户籍基数表内，本行未入库。{suggestions_zh}请按基数表的名称更正，或请县局增列该村。",
        "“{printed}” is not in the master list; the row was not loaded. {suggestions_en}Use the listed name "
        "or ask the county to add it.",
    ),
    "R07": Rule(
        "error",
        "“{title}”填为“{printed}”，早于2000年或晚于报表日期{report_date}，已发生的事项不能在将来。请更正日期。",
        "“{title}” reads “{printed}”: before 2000, or after the report date {report_date} though said to be done.",
    ),
    "R08": Rule(
        "error",
        "“{object_name}”在同一期报表中出现多次且数字不一致（见{others}），各行均未入库。请保留正确的一行。",
        "“{object_name}” stands more than once in this report with different figures (see {others}); none "
        "was loaded. Keep one.",
    ),
    "R09": Rule(
        "warn",
        "“{object_name}”与{others}完全相同，只计一次。请删去重复行。",
        "“{object_name}” repeats {others} exactly and is counted once. Delete the repetition.",
    ),
    "R10": Rule(
        "warn",
        "户数“{households}”、人口“{population}”，户均人数不在1.5–7.5之间。请核实。",
        "households “{households}”, population “{population}”: persons a household outside 1.5–7.5. Please check.",
    ),
    "R11": Rule(
        "warn",
        "人口“{printed}”与户籍人口{registered}相差超过20%。请核实。",
        "population “{printed}” differs by more than 20 % from the registered {registered}. Please check.",
    ),
    "R12": Rule(
        "warn",
        "进展情况为“{status}”，完成时间为“{finished_on}”，两项矛盾。已完成的请填完成时间，未完成的请删去完成时间。",
        "status “{status}” and finish date “{finished_on}” contradict: a completed village needs a date, others none.",
    ),
    "R13": Rule(
        "warn",
        "“{title}”为{printed}，早于前一环节“{before}”的{before_printed}；各环节应按立项、设计、方案审查、批复、开工、完工、验收的先后。请核实日期。",
        "“{title}” is {printed}, before the earlier stage “{before}” of {before_printed}: stages run from initiation "
        "to acceptance. Please check the dates.",
    ),
    "R14": Rule(
        "warn",
        "“{title}”的合计为“{printed}”，而{scope}各行相加为{sum}，相差超出四舍五入所能解释。请核对合计或明细。",
        "the total of “{title}” reads “{printed}”, while {scope_en} add up to {sum}: more than rounding explains. "
        "Check the total or its parts.",
    ),
    "R15": Rule(
        "warn",
        "“{title}”填为“{printed}”，而按表内数字（{numerator}÷{denominator}）应在{low}至{high}之间，两者矛盾。请核对。",
        "“{title}” reads “{printed}”, while its own figures ({numerator} ÷ {denominator}) give {low} to {high}. "
        "Please check.",
    ),
    "R16": Rule(
        "warn",
        "“{title}”为“{printed}”，大于“{limit_title}”的“{limit}”。支付不应超过到位，到位不应超过计划，请核实。",
        "“{title}” reads “{printed}”, more than “{limit_title}” (“{limit}”): spent should not exceed secured, nor "
        "secured planned.",
    ),
    "R18": Rule(
        "warn",
        "总投资“{investment_planned}”、受益人口“{population}”、计划管网“{pipeline_planned_km}”相比不合常理"
        "（人均投资200–8000元，每公里1–200万元，人均管网1–100米）。请核实数字和单位。",
        "investment “{investment_planned}”, persons “{population}” and pipe “{pipeline_planned_km}” are implausible "
        "together (200–8,000 yuan a person, 1–200 万元 a km, 1–100 m a person). Check figures and units.",
    ),
    "R21": Rule(
        "info",
        "“{title}”为“{printed}”，超过“{limit_title}”的“{limit}”，完成率超过100%。如确属超额完成，无需处理。",
        "“{title}” reads “{printed}”, above “{limit_title}” (“{limit}”): more than 100 %. Nothing to do if it is so.",
    ),
    "R22": Rule(
        "warn",
        "“{object_name}”在同一期报表中列在多种供水方式下（见{others}），合计时会重复计算。请核实。",
        "“{object_name}” stands under several supply modes in this report (see {others}) and counts in each. "
        "Please check.",
    ),
}


def is_count(values: pd.Series, least: int) -> pd.Series:
    """R02: whole numbers from `least` up; missing ones are R01's business."""
    return values.isna() | ((values >= least) & (values % 1 == 0)).fillna(False)


def at_most(values: pd.Series, most: int) -> pd.Series:
    """R03: no larger than `most`; missing ones pass."""
    return values.isna() | (values <= most).fillna(True)


def within(part: pd.Series, whole: pd.Series) -> pd.Series:
    """R05: a part does not exceed its whole, judged where both are usable counts."""
    usable = (part >= 0).fillna(False) & (whole > 0).fillna(False)
    return ~usable | (part <= whole).fillna(True)


def persons_a_household(rows: pd.DataFrame) -> pd.Series:
    """Population ÷ households where both are usable counts, else missing."""
    households, population = rows["households"], rows["population"]
    usable = (households > 0).fillna(False) & (population > 0).fillna(False)
    return (population / households).where(usable)


def is_done_by(days: pd.Series, report_date: pd.Series) -> pd.Series:
    """R07: a day of something done lies between 2000 and the report date."""
    return days.isna() | ((days >= EARLIEST_DAY) & (report_date.isna() | (days <= report_date)))


def first_stage_too_early(rows: pd.DataFrame) -> pd.Series:
    """R13: the first stage dated before a stage that comes before it, else missing; impossible days do not count."""
    found = pd.Series(None, index=rows.index, dtype="object")
    latest = pd.Series(pd.NaT, index=rows.index, dtype="datetime64[s]")
    for stage in STAGES:
        day = rows[stage].where(is_done_by(rows[stage], rows["report_date"]))
        found = found.mask(found.isna() & (day < latest), stage)
        latest = latest.where(~(latest.isna() | (day > latest)), day.fillna(latest))
    return found


def exceeds(part: pd.Series, whole: pd.Series) -> pd.Series:
    """R16, R21: where a part is more than its whole; exact, of decimals that are there and not negative."""
    found = pd.Series(False, index=part.index)
    there = part.notna() & whole.notna()
    if there.any():
        part, whole = part[there], whole[there]
        found[there] = ((whole >= 0) & (part > whole)).astype(bool)
    return found


def is_likely(amount: pd.Series, by: pd.Series, band: tuple[Decimal, Decimal]) -> pd.Series:
    """R18: an amount divided by another lies in a band; judged where both are above zero."""
    found = pd.Series(True, index=amount.index)
    there = amount.notna() & by.notna()
    if there.any():
        amount, by = amount[there], by[there].map(Decimal)
        least, most = (by.map(lambda one, bound=bound: one * bound) for bound in band)
        inside = (amount >= least) & (amount <= most)
        found[there] = (~((amount > 0) & (by > 0)) | inside).astype(bool)
    return found


def same_object(rows: pd.DataFrame, *keys: str) -> list[pd.Series]:
    """The columns that hold equal values where two rows tell of one object in one report of one file."""
    return [rows[key] for key in ("file_sha256", "town_code", "report_date", "object", *keys)]


def told_differently(rows: pd.DataFrame, figures: list[str], *keys: str) -> pd.Series:
    """R08: rows whose object stands elsewhere in the report with other figures."""
    found = pd.Series(False, index=rows.index)
    keyed = pd.concat(same_object(rows, *keys), axis=1)
    # Few objects stand twice: only their figures are compared.
    twice = rows[keyed.duplicated(keep=False) & rows["object"].notna()]
    if not twice.empty:
        figured = twice[figures].astype("string").fillna("").agg("|".join, axis=1)
        found[twice.index] = figured.groupby(same_object(twice, *keys), dropna=False).transform("nunique").gt(1)
    return found


def told_again(rows: pd.DataFrame, figures: list[str], *keys: str) -> pd.Series:
    """R09: rows that repeat an earlier row of the report, figure by figure."""
    later = pd.concat(same_object(rows, *keys), axis=1).duplicated(keep="first")
    return later & ~told_differently(rows, figures, *keys) & rows["object"].notna()
