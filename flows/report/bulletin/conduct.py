"""How the towns go about it: what is late, what they send and how, which meetings they hold, what inspectors find."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from flows.report.bulletin.blocks import Block, Table, Text, listed, told
from flows.report.lists import RULES, Row, by_town, rows
from flows.report.prose import Prose, Shown
from schemas import forms
from schemas.vocabulary.events import EVENT_KIND

_MOST_VILLAGES, _MOST_RULES, _MOST_TOWNS = 3, 3, 10
_DUE_EACH_TIME = ("village_progress", "project_ledger", "funding")


def schedule(prose: Prose) -> list[Block]:
    """The villages that are late, by town; those that are still unfinished by name."""
    if prose.value("late_villages") is None:
        return [Text(prose.told(("逾期自然村{}", prose.count("late_villages", "条"))))]
    if not prose.number("late_villages"):
        return [Text("列入计划的自然村没有逾期。")]
    total = prose.told(
        ("超过计划完成时间的自然村{}", prose.count("late_villages", "条")),
        ("，其中至今未完成{}", prose.count("late_open", "条")),
    )
    late = by_town(rows(prose.edition, _LATE))
    table = [_unfinished(prose, town, own) for town in prose.gaps.towns if (own := [*_open(late.get(town, ()))])]
    done = [
        prose.told((f"{name}{{}}", prose.count("late_villages", "条", town_code=town)), end="")
        for town, name in prose.gaps.towns.items()
        if town in late and not [*_open(late[town])]
    ]
    finished = f"逾期后均已完成：{'、'.join(done)}。" if done else ""
    headings = ["镇", "逾期", "未完成", "未完成的自然村"]
    return [Text(prose.paragraph(total, finished)), *([Table(headings, table, [50, 38, 48, 290])] if table else [])]


def _open(villages: Iterable[Row]) -> Iterator[Row]:
    return (village for village in villages if not village["is_completed"])


def _unfinished(prose: Prose, town: str, own: list[Row]) -> list[str]:
    names = [f"{row['name']}（应于{prose.day(row['planned_finish'], by=True)}前完成）" for row in own]
    return [
        prose.gaps.towns[town],
        told(prose, prose.count("late_villages", "条", town_code=town)),
        told(prose, prose.count("late_open", "条", town_code=town)),
        listed(names, _MOST_VILLAGES),
    ]


def reporting(prose: Prose) -> list[Block]:
    """Who sent the reports of the date late or not at all, how many rows were rejected, and why."""
    return [Text(_received(prose) + _rejected(prose), "报送。"), *_rules(prose)]


def _received(prose: Prose) -> str:
    first = {(row["town_code"], row["form"]): row["days_late"] for row in rows(prose.edition, _FIRST_RECEIVED)}
    parts: list[str] = []
    missing: dict[str, list[str]] = defaultdict(list)
    for town in prose.gaps.on_duty:
        late = [form for form in _DUE_EACH_TIME if first.get((town, form))]
        if late:
            days = prose.count("report_days_late", "天", town_code=town, form=late[0])
            which = "" if len(late) == len(_DUE_EACH_TIME) else f"（{_titles(late)}）"
            parts.append(f"{prose.gaps.names([town])}迟报{told(prose, days)}{which}")
        if absent := [form for form in _DUE_EACH_TIME if (town, form) not in first]:
            missing[_titles(absent)].append(town)
    parts += [f"{prose.gaps.names(towns)}未报本期{titles}" for titles, towns in missing.items()]
    return f"{'；'.join(parts)}。" if parts else "各镇均按时报送攻坚进度表、工程项目台账和资金落实表。"


def _rejected(prose: Prose) -> str:
    if not prose.number("rows_read"):
        return ""
    total = prose.told(
        ("报表读取{}", prose.count("rows_read", "行")),
        ("，退回{}", prose.count("rows_rejected", "行")),
        end="",
    )
    towns = [
        prose.told((f"{name}{{}}", prose.count("rows_rejected", town_code=code)), end="")
        for code, name in prose.gaps.towns.items()
        if prose.number("rows_rejected", town_code=code)
    ]
    return f"{total}（{'、'.join(towns)}）。" if towns else f"{total}。"


def _rules(prose: Prose) -> list[Block]:
    """The rules that were broken most, and by which towns."""
    parts = []
    for row in rows(prose.edition, _ISSUES)[:_MOST_RULES]:
        count = prose.count("data_issues", "处", rule=row["rule"])
        towns = [prose.gaps.towns.get(code, "县级") for code in row["towns"]]
        parts.append(f"{RULES.get(row['rule'], row['rule'])}{told(prose, count)}（{listed(towns, _MOST_TOWNS)}）")
    return [Text(f"{'；'.join(parts)}。", "主要问题。")] if parts else []


def _titles(names: list[str]) -> str:
    return "、".join(forms()[name].title for name in names)


def meetings_and_verification(prose: Prose) -> list[Block]:
    """The regular meetings that are overdue, and what inspectors found of what the towns report."""
    return [*_meetings(prose), _verification(prose)]


def _meetings(prose: Prose) -> list[Block]:
    overdue: dict[str, list[Row]] = defaultdict(list)
    for row in rows(prose.edition, _MEETINGS):
        overdue[row["kind"]].append(row)
    told_of = []
    for kind, of_kind in overdue.items():
        late = [
            f"{prose.gaps.names([row['town_code']])}（上次{prose.day(row['last_held_on'])}）"
            for row in of_kind
            if row["last_held_on"]
        ]
        never = [prose.gaps.names([row["town_code"]]) for row in of_kind if not row["last_held_on"]]
        parts = [f"逾期未召开：{listed(late, _MOST_TOWNS)}"] if late else []
        parts += [f"没有召开记录：{listed(never, _MOST_TOWNS)}"] if never else []
        told_of.append(f"{EVENT_KIND.zh(kind)}{'；'.join(parts)}。")
    return [Text("".join(told_of) or "各镇均按规定间隔召开。", "会议。")]


def _verification(prose: Prose) -> Text:
    if not prose.number("villages_inspected"):
        return Text("至报告日尚无县级核查结果。", "核查。")
    total = prose.told(
        ("累计核查自然村{}", prose.count("villages_inspected", "条")),
        ("，其中已报完成{}", prose.count("villages_claimed_inspected", "条")),
        ("，核查无水{}", prose.count("villages_without_water", "条")),
        ("；核实人口为上报人口的{}", prose.percent("verification_factor")),
    )
    parts = []
    for verdict, words in (("over_reported", "偏低须复核"), ("under_reported", "偏高须核对")):
        towns = [
            prose.told(
                (f"{prose.gaps.names([row['town_code']])}（{{}}", _factor(prose, row)),
                (
                    "，无水{}）",
                    prose.count("villages_without_water", "条", town_code=row["town_code"]),
                ),
                end="",
            )
            for row in rows(prose.edition, _VERDICTS)
            if row["verdict"] == verdict
        ]
        if towns:
            parts.append(f"{words}：{listed(towns, _MOST_TOWNS)}。")
    return Text(prose.paragraph(total, *(parts or ["各镇核实结果与上报基本一致。"])), "核查。")


def _factor(prose: Prose, row: Row) -> Shown:
    return prose.percent("verification_factor", town_code=row["town_code"])


_LATE = """
    select covered.town_code, covered.planned_finish, covered.is_completed,
        concat(committee.name, coalesce(village.name, covered.village_code)) as name
    from fct_coverage as covered
    left join dim_division as village on covered.village_code = village.division_code
    left join dim_division as committee on village.parent_code = committee.division_code
    where covered.report_date = $day and covered.county_code = $county and late_days > 0
    order by late_days desc, covered.village_code
"""
_FIRST_RECEIVED = """
    select town_code, form, min(days_late) as days_late from fct_submission
    where report_date = $day and county_code = $county and status != 'duplicate'
    group by town_code, form having bool_or(status != 'rejected')
"""
_ISSUES = """
    select rule, list(distinct town_code order by town_code) as towns from fct_data_issue
    where report_date = $day and county_code = $county and submission = 'current' and severity in ('error', 'warn')
    group by rule order by count(*) desc, rule
"""
_MEETINGS = """
    select town_code, kind, last_held_on from rpt_meeting_cadence
    where report_date = $day and county_code = $county and town_code != 'all' and is_overdue
    order by kind, last_held_on, town_code
"""
_VERDICTS = """
    select town_code, verdict from rpt_verification_town
    where report_date = $day and county_code = $county order by verification_factor, town_code
"""
