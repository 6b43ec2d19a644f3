"""一、基本工作情况: the task, what is completed, each supply mode, the supply rate, the funds."""

import datetime as dt
from collections.abc import Mapping, Sequence

from flows.report.briefing.section import Section
from flows.report.lists import rows
from flows.report.numbers import places_that_add_up
from flows.report.prose import Prose, Shown

_FORMS = ("village_progress", "project_ledger", "funding", "water_quality", "supervision", "baseline", "annual_target")
_BASES = {"registered": "户籍人口", "resident": "常住人口", "mixed": "各镇户籍、常住口径不一"}


def sections(prose: Prose) -> list[Section]:
    """Return the section's parts."""
    modes = [(row["supply_mode"], row["name_zh"]) for row in rows(prose.edition, _MODES)]
    places = _places(prose, "population_planned", [{"supply_mode": mode} for mode, _ in modes], at_least=1)
    return [
        Section("总体进展", [_task(prose, places), _completed(prose, modes), *_reported(prose)]),
        Section("各供水方式进展", items=[(f"{name}。", _mode(prose, mode, places)) for mode, name in modes]),
        Section("供水率", [_supply_rate(prose, modes)]),
        Section("资金和投资", [_planned(prose), _secured_and_spent(prose), _investment(prose)]),
    ]


def _reported(prose: Prose) -> list[str]:
    """Who never reported what, and whose figures are older than the report."""
    owed = prose.gaps.unreported(_FORMS)
    stale = rows(prose.edition, _STALE)
    told = []
    if owed:
        told.append(f"{'；'.join(gap.as_text for gap in owed)}，相应数据未包括在内。")
    if stale:
        old = "；".join(f"{row['towns']}为{prose.day(row['reported_on'])}数据" for row in stale)
        told.append(f"本期未报攻坚进度表的镇沿用最近一期数据：{old}。")
    return ["".join(told)] if told else []


def _task(prose: Prose, places: int) -> str:
    return prose.paragraph(
        prose.told(
            ("全县年度攻坚任务为自然村{}", prose.count("target_villages", "条")),
            ("、人口{}", prose.persons("target_population", places)),
        ),
        prose.told(
            ("各镇列入计划的自然村{}", prose.count("villages_planned", "条")),
            ("，涉及村委会{}", prose.count("committees_planned", "个")),
            ("、{}", prose.count("households_planned", "户")),
            ("、{}", prose.persons("population_planned", places)),
        ),
    )


def _completed(prose: Prose, modes: Sequence[tuple[str, str]]) -> str:
    if prose.value("villages_completed") is None:
        return prose.say("{villages}", villages=prose.count("villages_completed"))
    places = _places(prose, "population_completed", [{"supply_mode": mode} for mode, _ in modes], at_least=1)
    sentences = [
        prose.told(
            ("已完成自然村{}", prose.count("villages_completed", "条")),
            ("、{}", prose.count("households_completed", "户")),
            ("，解决{}集中供水问题", prose.persons("population_completed", places)),
            lead="截至目前，",
        ),
        prose.told(
            ("按年度任务计，自然村完成{}", prose.percent("village_target_rate")),
            ("，人口完成{}", prose.percent("population_target_rate")),
        ),
    ]
    if done := [_completed_of(prose, mode, name, places) for mode, name in modes if _has(prose, mode, completed=True)]:
        sentences.append(f"其中，{'；'.join(done)}。")
    if idle := [name for mode, name in modes if _has(prose, mode) and not _has(prose, mode, completed=True)]:
        sentences.append(f"{'、'.join(idle)}尚无自然村完成。")
    sentences.append(_unfinished(prose))
    before = prose.edition.before
    if before and before("villages_completed").value is not None:
        sentences.append(
            prose.say(
                f"上期（{prose.day(before.report_date)}）累计完成{{villages}}。",
                villages=prose.of(before, "villages_completed", "条"),
            )
        )
    return prose.paragraph(*sentences)


def _has(prose: Prose, mode: str, *, completed: bool = False) -> bool:
    return bool(prose.number("villages_completed" if completed else "villages_planned", supply_mode=mode))


def _completed_of(prose: Prose, mode: str, name: str, places: int) -> str:
    """What is completed in one supply mode, by the kind of works where towns say it."""
    told = prose.say(
        f"{name}{'新增' if mode != 'small_scheme' else ''}自然村{{villages}}、{{people}}",
        villages=prose.count("villages_completed", "条", supply_mode=mode),
        people=prose.persons("population_completed", places, supply_mode=mode),
    )
    if mode != "small_scheme":
        return told
    kinds = [
        prose.say(
            f"{kind}{{villages}}",
            villages=prose.count("villages_completed", "条", supply_mode=mode, works_type=code),
        )
        for code, kind in (("new", "新建"), ("renovation", "改造"), ("extension", "扩网"))
        if prose.number("villages_completed", supply_mode=mode, works_type=code)
    ]
    known = "、".join(kinds)
    if not prose.number("villages_completed", supply_mode=mode, works_type=None):
        return f"{told}（{known}）"
    silent = prose.say(
        f"{'、'.join(row['name'] for row in rows(prose.edition, _NO_WORKS_TYPE))}{{villages}}未报建设性质",
        villages=prose.count("villages_completed", "条", supply_mode=mode, works_type=None),
    )
    return f"{told}（{known}{'，' if known else ''}{silent}）"


def _unfinished(prose: Prose) -> str:
    """What is under construction, and what has not started."""
    if prose.number("villages_not_started"):
        return prose.say(
            "在建{building}，未开工{idle}。",
            building=prose.count("villages_under_construction", "条"),
            idle=prose.count("villages_not_started", "条"),
        )
    if prose.number("villages_under_construction"):
        return prose.say("其余{building}全部在建。", building=prose.count("villages_under_construction", "条"))
    return "列入计划的自然村已全部完成。" if prose.number("villages_planned") else ""


def _mode(prose: Prose, mode: str, places: int) -> str:
    """One supply mode: what it covers, what it costs, how far it is, what it will bring."""
    if prose.value("villages_planned", supply_mode=mode) is None:
        return prose.say("{villages}", villages=prose.count("villages_planned", supply_mode=mode))
    if not _has(prose, mode):
        return "各镇没有列入计划的自然村。"
    return prose.paragraph(
        prose.told(
            ("涉及村委会{}", prose.count("committees_planned", "个", supply_mode=mode)),
            ("、自然村{}", prose.count("villages_planned", "条", supply_mode=mode)),
            ("、{}", prose.count("households_planned", "户", supply_mode=mode)),
            ("、{}", prose.persons("population_planned", places, supply_mode=mode)),
        ),
        prose.told(
            ("计划铺设管网{}", prose.count("pipeline_planned_km", "公里", supply_mode=mode)),
            ("，总投资{}", prose.money("investment_planned_yuan", supply_mode=mode)),
        ),
        _state(prose, mode),
        prose.told(
            ("该方式供水人口占农村人口的{}", prose.percent("supply_rate", supply_mode=mode)),
            ("，计划全部完成后为{}", prose.percent("supply_rate_after_plan", supply_mode=mode)),
        ),
    )


def _state(prose: Prose, mode: str) -> str:
    planned = prose.number("villages_planned", supply_mode=mode)
    completed = prose.number("villages_completed", supply_mode=mode)
    if completed == planned:
        return "自然村已全部完成。"
    started = (
        "自然村已全部开工，"
        if prose.number("villages_started", supply_mode=mode) == planned
        else prose.say("已开工{started}，", started=prose.count("villages_started", "条", supply_mode=mode))
    )
    done = (
        prose.say(
            "完成{completed}，完成率{rate}，",
            completed=prose.count("villages_completed", "条", supply_mode=mode),
            rate=prose.percent("village_completion_rate", supply_mode=mode),
        )
        if completed
        else "尚无完成，"
    )
    building = prose.say("在建{building}", building=prose.count("villages_under_construction", "条", supply_mode=mode))
    finish = prose.by("latest_planned_finish", supply_mode=mode)
    if not isinstance(finish.figure.value, dt.date):
        return f"{started}{done}{building}，计划完成时间未报。"
    was = "原" if finish.figure.value < prose.edition.facts.report_date else ""
    return started + done + building + prose.say(f"，{was}计划{{finish}}前全部完成。", finish=finish)


def _supply_rate(prose: Prose, modes: Sequence[tuple[str, str]]) -> str:
    bases = [row["population_basis"] for row in rows(prose.edition, _BASIS)]
    basis = _BASES["mixed" if len(bases) > 1 else bases[0]] if bases else "口径未报"
    now = prose.percent("supply_rate")
    return prose.paragraph(
        prose.told(
            (f"全县农村人口{{}}（{basis}）", prose.persons("rural_population")),
            ("，攻坚前已集中供水{}", prose.persons("population_served_before")),
        ),
        prose.told(
            ("目前农村集中供水率为{}", now),
            *(_rates(prose, modes) if now.printed is not None else []),
        ),
        prose.told(("计划全部完成后，供水率为{}", prose.percent("supply_rate_after_plan"))),
    )


def _rates(prose: Prose, modes: Sequence[tuple[str, str]]) -> list[tuple[str, Shown]]:
    """The supply rate's parts, by supply mode."""
    rates = [(name, prose.percent("supply_rate", supply_mode=mode)) for mode, name in modes]
    known = [(name, rate) for name, rate in rates if rate.printed is not None and rate.figure.value]
    return [(f"{'、' if place else '，其中'}{name}{{}}", rate) for place, (name, rate) in enumerate(known)]


def _planned(prose: Prose) -> str:
    return prose.paragraph(_amount(prose, "攻坚工程计划资金", "planned_yuan"))


def _secured_and_spent(prose: Prose) -> str:
    return prose.paragraph(
        _amount(prose, "资金已到位", "secured_yuan", "secured_rate", "到位率"),
        _amount(prose, "已支付", "spent_yuan", "spent_rate", "支付率（占到位资金）", "支付率"),
    )


def _amount(prose: Prose, lead: str, metric: str, rate: str = "", rate_zh: str = "", short: str = "") -> str:
    """An amount of money, its share, and its sources."""
    money = prose.money(metric, _money_places(prose, metric))
    if money.printed is None:
        return prose.told(("{}", money))
    share = prose.percent(rate) if rate else None
    is_shared = share is not None and share.printed is not None
    clauses = [(f"，{rate_zh}{{}}", share)] if share and is_shared else []
    amount = prose.told((lead + "{}", money), *clauses, end="") + _by_source(prose, metric, rate, short or rate_zh)
    return amount if share is None or is_shared else amount + prose.told(("{}", share))


def _places(prose: Prose, metric: str, parts: Sequence[Mapping[str, object]], at_least: int) -> int:
    """The decimals of 万 with which the printed parts of a figure add up to it."""
    return places_that_add_up([prose.number(metric, **part) for part in parts], prose.number(metric), at_least)


def _money_places(prose: Prose, metric: str) -> int:
    sources = [{"funding_source": row["funding_source"]} for row in rows(prose.edition, _SOURCES)]
    return _places(prose, metric, sources, at_least=2)


def _by_source(prose: Prose, metric: str, rate: str = "", rate_zh: str = "") -> str:
    """The end of a sentence: ，其中专项债券资金…, of the sources that have money."""
    places, parts = _money_places(prose, metric), []
    for row in rows(prose.edition, _SOURCES):
        source = row["funding_source"]
        if prose.number(metric, funding_source=source):
            part = prose.say(f"{row['name_zh']}{{money}}", money=prose.money(metric, places, funding_source=source))
            share = prose.percent(rate, funding_source=source) if rate else None
            parts.append(part + (prose.say(f"（{rate_zh}{{rate}}）", rate=share) if share and share.printed else ""))
    return f"，其中{'、'.join(parts)}。" if parts else "。"


def _investment(prose: Prose) -> str:
    planned, share = prose.money("investment_planned_yuan"), prose.percent("investment_completion_rate")
    return prose.paragraph(
        prose.told(
            ("工程台账总投资{}", planned),
            ("，已完成投资{}", prose.money("investment_completed_yuan")),
            *([("，占总投资的{}", share)] if planned.printed is not None else []),
        ),
        prose.told(
            ("计划铺设管网{}", prose.count("pipeline_planned_km", "公里")),
            ("，已铺设{}", prose.count("pipeline_laid_km", "公里")),
        ),
    )


_MODES = "select supply_mode, name_zh from dim_supply_mode order by sort_order"
_SOURCES = "select funding_source, name_zh from dim_funding_source order by sort_order"
_BASIS = """
    select distinct population_basis from fct_rural_population
    where report_date = $day and county_code = $county and population_basis is not null
"""
_STALE = """
    with towns as (
        select town_code, max(reported_on) as reported_on from fct_coverage
        where report_date = $day and county_code = $county group by town_code
    )
    select reported_on, string_agg(name, '、' order by division_code) as towns
    from towns inner join dim_division on division_code = towns.town_code
    where reported_on < $day group by reported_on order by reported_on
"""
_NO_WORKS_TYPE = """
    select distinct division_code, name
    from fct_coverage inner join dim_division on division_code = fct_coverage.town_code
    where report_date = $day and fct_coverage.county_code = $county and supply_mode = 'small_scheme'
        and works_type is null and is_completed
    order by division_code
"""
