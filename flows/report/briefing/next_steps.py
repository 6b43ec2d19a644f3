"""四、下一步工作: what falls due, which towns are summoned or warned and why, what the county has to decide."""

import datetime as dt

from flows.report.briefing.problems import each_town
from flows.report.briefing.section import Section
from flows.report.lists import Row, names, rows
from flows.report.prose import Prose

_DAYS = 15  # as the metrics villages_due, projects_due and issues_due have it
_ACTIONS = (("summons", "towns_summoned", "约谈"), ("warn", "towns_warned", "预警"))
# What a reason of fct_assessment says with figures of its own, which are told here as figures.
_SAID_OTHERWISE = ("核查人口", "失分最多")


def sections(prose: Prose) -> list[Section]:
    """Return the section's parts; one with nothing to say is left out."""
    found = [
        Section("抓紧完成到期任务", _due(prose)),
        Section("约谈预警后进镇", _towns(prose)),
        Section("提请县委、县政府研究的事项", items=_decisions(prose)),
    ]
    return [section for section in found if section.paragraphs or section.items] or [
        Section("总体安排", ["按计划推进在建工程，按期报送各项报表。"])
    ]


def _due(prose: Prose) -> list[str]:
    day = prose.edition.facts.report_date
    period = f"{prose.day(day)}至{prose.day(day + dt.timedelta(days=_DAYS))}"
    lists = (
        (_VILLAGES_DUE, "villages_due", "条", "计划完成、尚未完成的自然村"),
        (_PROJECTS_DUE, "projects_due", "个", "计划完工、尚未完工的工程"),
        (_ISSUES_DUE, "issues_due", "个", "整改期限届满、尚未完成整改的问题"),
    )
    told = []
    for sql, metric, unit, what in lists:
        if found := rows(prose.edition, sql):

            def town(code: str | None, name: str, own: list[Row], metric: str = metric, unit: str = unit) -> str:
                own_names = f"（{names(own, name)}）" if own[0].get("name") else ""
                count = prose.told(("{}", prose.count(metric, unit, town_code=code)), end="")
                return f"{name}{count}{own_names}"

            total = prose.told((f"{what}{{}}", prose.count(metric, unit)), lead=period, end="：")
            told.append(prose.paragraph(total, each_town(prose, found, town)))
    overdue = prose.number("late_open") or prose.number("projects_overdue") or prose.number("issues_overdue")
    if overdue:
        told.append("已逾期的自然村、工程和整改问题，由所在镇逐项明确完成时限，下期汇报时销号。")
    return told


def _towns(prose: Prose) -> list[str]:
    told = []
    for action, metric, verb in _ACTIONS:
        found = rows(prose.edition, _ASSESSED.replace("$action", f"'{action}'"))
        if not found:
            continue
        total = prose.told((f"拟{verb}{{}}", prose.count(metric, "个镇")), end="：")
        told.append(f"{total}{'；'.join(_reason(prose, row) for row in found)}。")
    return told


def _reason(prose: Prose, row: Row) -> str:
    town = row["town_code"]
    score = prose.told(
        ("考核{}", prose.count("total_score", "分", town_code=town)),
        ("，列全县第{}名", prose.count("assessment_rank", town_code=town)),
        end="",
    )
    why = [part for part in (row["reason"] or "").split("；") if part and not part.startswith(_SAID_OTHERWISE)]
    if row["is_vetoed"]:
        factor = prose.percent("verification_factor", town_code=town)
        why.insert(0, prose.told(("核查人口仅为上报人口的{}，考核一票否决", factor), end=""))
    lost = f"，失分主要在{row['lost']}" if row["lost"] else ""
    return f"{prose.gaps.names([town])}（{score}），{'，'.join(why)}{lost}"


def _decisions(prose: Prose) -> list[tuple[str, str]]:
    """What only the county can settle, where the figures ask for it."""
    found = [
        ("核查存疑的镇。", _verification(prose)),
        ("任务与计划的差额。", _unplanned(prose)),
        ("资金缺口。", _funds(prose)),
        ("批复手续待核的工程。", _approvals(prose)),
    ]
    return [(lead, text) for lead, text in found if text]


def _verification(prose: Prose) -> str:
    vetoed = [row["town_code"] for row in rows(prose.edition, _VETOED)]
    if not vetoed:
        return ""
    return f"请县委、县政府组织对{prose.gaps.names(vetoed)}已报完成的自然村逐村实地核查。"


def _unplanned(prose: Prose) -> str:
    short = [
        prose.told(
            (f"{row['name_zh']}年度任务{{}}", prose.count("target_villages", "条", supply_mode=row["supply_mode"])),
            ("，列入计划{}", prose.count("villages_planned", "条", supply_mode=row["supply_mode"])),
            end="",
        )
        for row in rows(prose.edition, _MODES)
        if None
        not in (
            planned := prose.value("villages_planned", supply_mode=row["supply_mode"]),
            target := prose.value("target_villages", supply_mode=row["supply_mode"]),
        )
        and planned < target  # type: ignore[operator]
    ]
    return f"{'；'.join(short)}，请明确补列自然村或调整任务。" if short else ""


def _funds(prose: Prose) -> str:
    planned, secured = prose.value("planned_yuan"), prose.value("secured_yuan")
    if planned is None or secured is None or secured >= planned:  # type: ignore[operator]
        return ""
    sources = [
        prose.told(
            (f"{row['name_zh']}计划{{}}", prose.money("planned_yuan", funding_source=row["funding_source"])),
            ("、到位{}", prose.money("secured_yuan", funding_source=row["funding_source"])),
            end="",
        )
        for row in rows(prose.edition, _SOURCES)
        if prose.number("secured_yuan", funding_source=row["funding_source"])
        < prose.number("planned_yuan", funding_source=row["funding_source"])
    ]
    return f"{'；'.join(sources)}，请研究未到位部分的落实时间。"


def _approvals(prose: Prose) -> str:
    if not prose.number("projects_unapproved"):
        return ""
    return prose.told(
        ("已开工而没有批复时间的工程{}", prose.count("projects_unapproved", "个")),
        end="，请明确补办批复的责任单位和时限。",
    )


_MODES = "select supply_mode, name_zh from dim_supply_mode order by sort_order"
_SOURCES = "select funding_source, name_zh from dim_funding_source order by sort_order"
_VILLAGES_DUE = """
    select fct_coverage.town_code, concat(committee.name, village.name) as name
    from fct_coverage
    inner join dim_division as village on village.division_code = village_code
    inner join dim_division as committee on committee.division_code = village.parent_code
    where report_date = $day and fct_coverage.county_code = $county
        and not is_completed and planned_finish between $day and $day + 15
    order by fct_coverage.town_code, planned_finish, village_code
"""
_PROJECTS_DUE = """
    select progress.town_code, project_name as name
    from fct_project_progress as progress inner join dim_project using (project_code)
    where report_date = $day and progress.county_code = $county
        and planned_finish between $day and $day + 15 and coalesce(finished_on > $day, true)
    order by progress.town_code, planned_finish, project_code
"""
_ISSUES_DUE = """
    select town_code from fct_supervision_as_of
    where report_date = $day and county_code = $county
        and not is_resolved and due_on between $day and $day + 15
    order by town_code
"""
_ASSESSED = """
    select assessed.town_code, assessed.reason, assessed.is_vetoed, (
        select string_agg(name_zh, '、' order by points_lost desc, indicator)
        from (
            select dim_indicator.name_zh, item.points_lost, item.indicator
            from fct_assessment_item as item inner join dim_indicator using (indicator)
            where item.report_date = $day and item.town_code = assessed.town_code and item.points_lost > 0
            order by item.points_lost desc, item.indicator limit 3
        ) as costliest
    ) as lost
    from fct_assessment as assessed
    where assessed.report_date = $day and assessed.county_code = $county and action = $action
    order by rank desc, assessed.town_code
"""
_VETOED = """
    select town_code from fct_assessment
    where report_date = $day and county_code = $county and is_vetoed order by town_code
"""
