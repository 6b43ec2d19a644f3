"""How far the county is, how its towns are ranked, what moved since the last report, and what follows."""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from flows.report.bulletin.blocks import Block, Table, Text, listed, told
from flows.report.figures import Facts
from flows.report.lists import Row, rows
from flows.report.numbers import half_up, money
from flows.report.prose import Prose, Shown
from schemas import forms

_GRADES = {"excellent": "优秀", "good": "良好", "pass": "合格", "fail": "不合格"}
_ACTIONS = {"summons": "约谈", "warn": "预警", "commend": "表扬"}
_MOST_TOWNS, _MOST_REPORTS, _MOST_RESTATED = 10, 5, 8
_NO_ASSESSMENT = "各镇均未报送攻坚进度表，本期没有考核结果。"


def progress(prose: Prose) -> list[Block]:
    """The county's figures, each beside that of the last report."""
    before = prose.edition.before

    def since(metric: str, unit: str) -> list[tuple[str, Shown]]:
        """The figure of the last report, where there is one."""
        shown = prose.of(before, metric, unit) if before else None
        return [("（上期{}）", shown)] if shown and shown.printed is not None else []

    villages = prose.told(
        ("完成自然村{}", prose.count("villages_completed", "条")),
        *since("villages_completed", "条"),
        ("，占年度任务的{}", prose.percent("village_target_rate")),
        ("；完成人口{}", prose.count("population_completed", "人")),
        *since("population_completed", "人"),
        ("，占年度任务的{}", prose.percent("population_target_rate")),
        lead="全县",
    )
    money_told = prose.told(
        ("计划资金{}", prose.money("planned_yuan")),
        ("，到位{}", prose.money("secured_yuan")),
        ("（到位率{}）", prose.percent("secured_rate")),
        ("，支付{}", prose.money("spent_yuan")),
        ("（支付率{}）", prose.percent("spent_rate")),
    )
    return [Text(prose.paragraph(villages, money_told))]


def assessment(prose: Prose) -> list[Block]:
    """The ranking, the best town first."""
    assessed = rows(prose.edition, _ASSESSED)
    if not assessed:
        return [Text(_NO_ASSESSMENT)]
    before = prose.edition.before
    columns = [column for column in _COLUMNS if before or not column.is_earlier]
    table = [[column.cell(prose, row) for column in columns] for row in assessed]
    counts = prose.told(
        ("参加考核的镇{}", prose.count("towns_assessed", "个")),
        ("，表扬{}", prose.count("towns_commended", "个")),
        ("、预警{}", prose.count("towns_warned", "个")),
        ("、约谈{}", prose.count("towns_summoned", "个")),
    )
    return [Text(counts), Table([column.heading for column in columns], table, [column.width for column in columns])]


@dataclass(frozen=True)
class _Column:
    """One column of the ranking: how wide it is and what it prints of a town; the first report has no earlier ones."""

    heading: str
    width: float
    cell: Callable[[Prose, Row], str]
    is_earlier: bool = False


def _now(metric: str) -> Callable[[Prose, Row], str]:
    return lambda prose, row: told(prose, prose.count(metric, town_code=row["town_code"]))


def _rate(metric: str) -> Callable[[Prose, Row], str]:
    return lambda prose, row: told(prose, prose.percent(metric, town_code=row["town_code"]))


def _earlier(metric: str) -> Callable[[Prose, Row], str]:
    def cell(prose: Prose, row: Row) -> str:
        assert prose.edition.before is not None
        shown = prose.of(prose.edition.before, metric, town_code=row["town_code"])
        return prose.cite(shown) if shown.printed is not None else "—"

    return cell


def _name(prose: Prose, row: Row) -> str:
    return prose.gaps.names([row["town_code"]])


def _score(prose: Prose, row: Row) -> str:
    """A town's total, always with two decimals."""
    figure = prose.edition.facts("total_score", town_code=row["town_code"])
    shown = Shown(figure, format(half_up(figure.value, 2), "f") if isinstance(figure.value, Decimal) else None)
    return told(prose, shown)


_COLUMNS = (
    _Column("名次", 36, _now("assessment_rank")),
    _Column("上期名次", 36, _earlier("assessment_rank"), is_earlier=True),
    _Column("镇", 50, _name),
    _Column("得分", 44, _score),
    _Column("等次", 49, lambda _, row: _GRADES[row["grade"]]),
    _Column("完成自然村", 49, _now("villages_completed")),
    _Column("上期完成", 37, _earlier("villages_completed"), is_earlier=True),
    _Column("任务完成率", 50, _rate("village_target_rate")),
    _Column("资金支付率", 50, _rate("spent_rate")),
    _Column("处理", 38, lambda _, row: _ACTIONS.get(row["action"], "—")),
)


def changes(prose: Prose) -> list[Block]:
    """What moved since the last report: ranks, villages, and figures that were stated otherwise."""
    before = prose.edition.before
    if before is None:
        first = Text("本期为首期通报，没有上期可比。")
        return [first, *_restated(prose)]
    moved = _moved(prose, before) + _completed(prose, before)
    return [*([Text(moved)] if moved else []), *_restated(prose)]


def _moved(prose: Prose, before: Facts) -> str:
    """The towns that rose and fell most."""
    by = {
        town: _number(before, "assessment_rank", town) - prose.number("assessment_rank", town_code=town)
        for town in prose.gaps.towns
        if _has(prose, before, "assessment_rank", town)
    }
    parts = []
    for words, sign in (("名次升幅最大：", 1), ("降幅最大：", -1)):
        most = max((sign * places for places in by.values()), default=0)
        if most > 0:
            towns = [
                _from_to(prose, before, "assessment_rank", town) for town, moved in by.items() if sign * moved == most
            ]
            parts.append(words + listed(towns, _MOST_TOWNS))
    if not by:
        return ""
    return f"{'；'.join(parts)}。" if parts else "各镇名次与上期相同。"


def _completed(prose: Prose, before: Facts) -> str:
    """The towns that completed nothing since, and those whose number fell."""
    metric = "villages_completed"
    grown = {
        town: prose.number(metric, town_code=town) - _number(before, metric, town)
        for town in prose.gaps.towns
        if _has(prose, before, metric, town)
    }
    idle = [prose.gaps.towns[town] for town, more in grown.items() if not more]
    fewer = [_from_to(prose, before, metric, town, "{}条→{}条") for town, more in grown.items() if more < 0]
    parts = [f"完成自然村数没有变化：{listed(idle, _MOST_TOWNS)}"] if idle else []
    parts += [f"完成自然村数减少：{listed(fewer, _MOST_TOWNS)}"] if fewer else []
    if not grown:
        return ""
    return f"{'；'.join(parts)}。" if parts else "各镇完成自然村数均有增加。"


def _from_to(prose: Prose, before: Facts, metric: str, town: str, words: str = "第{}名→第{}名") -> str:
    """A town's figure of the last report, and of this one."""
    earlier, now = prose.of(before, metric, town_code=town), prose.count(metric, town_code=town)
    return f"{prose.gaps.towns[town]}（{words.format(prose.cite(earlier), prose.cite(now))}）"


def _has(prose: Prose, before: Facts, metric: str, town: str) -> bool:
    return None not in (prose.value(metric, town_code=town), before(metric, town_code=town).value)


def _number(facts: Facts, metric: str, town: str) -> Any:
    return facts(metric, town_code=town).value


def _restated(prose: Prose) -> list[Block]:
    """Figures that a later file for the same report states otherwise, told since the last bulletin."""
    before = prose.edition.before
    since = f"and changed_on > date '{before.report_date}'" if before else ""
    found = rows(prose.edition, _RESTATED.replace("{since}", since).replace("{as_of}", str(prose.edition.as_of)))
    by_report: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for row in found:
        by_report[row["town_code"], row["changed_on"], row["report_date"], row["form"]].append(_restatement(row))
    parts = [
        f"{prose.gaps.names([town])}{prose.day(changed_on)}更正{prose.day(report_date)}"
        f"{forms()[form].title}：{listed(told_of, _MOST_RESTATED)}"
        for (town, changed_on, report_date, form), told_of in by_report.items()
    ]
    return [Text(f"{listed(parts, _MOST_REPORTS, '；')}。", "数据更正。")] if parts else []


def _restatement(row: Row) -> str:
    field = forms()[row["form"]].fields.get(row["column"].rpartition(".")[2])
    title = field.title if field else row["column"]

    def printed(value: str) -> str:
        if field and field.vocabulary:
            return str(field.vocabulary.zh(value)) if value in field.vocabulary.terms else value
        return f"{money(Decimal(value))}万元" if field and field.dimension == "yuan" else value

    return f"{row['name']}{title}由{printed(row['old_value'])}改为{printed(row['new_value'])}"


def actions(prose: Prose) -> list[Block]:
    """Whom the county commends, warns and summons, and why."""
    assessed = rows(prose.edition, _ASSESSED)
    if not assessed:
        return [Text(_NO_ASSESSMENT)]
    commended = [_name(prose, row) for row in assessed if row["action"] == "commend"]
    praise = f"对{'、'.join(commended)}予以通报表扬" if commended else "本期没有通报表扬的镇"
    called = [row for action in ("summons", "warn") for row in assessed if row["action"] == action]
    if not called:
        return [Text(f"{praise}，没有约谈、预警的镇。")]
    table = [[_name(prose, row), _ACTIONS[row["action"]], row["reason"] or "—"] for row in called]
    return [Text(f"{praise}；约谈、预警的镇及理由如下。"), Table(["镇", "处理", "理由"], table, [50, 38, 340])]


_ASSESSED = """
    select town_code, grade, action, reason from fct_assessment
    where report_date = $day and county_code = $county order by rank, town_code
"""
_RESTATED = """
    select
        restated.town_code, restated.form, coalesce(village.name, restated.object) as name, restated."column",
        restated.old_value, restated.new_value, restated.changed_on, restated.report_date
    from fct_restatement as restated
    left join dim_division as village on restated.object = village.division_code
    where restated.report_date <= $day and restated.county_code = $county and changed_on <= date '{as_of}' {since}
    order by restated.town_code, changed_on, restated.report_date, restated.form, restated.object, restated."column"
"""
