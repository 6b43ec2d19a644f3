"""三、存在问题: what is late, failed, doubtful or missing, by town, the worst by name."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence

from flows.report.briefing.section import Section, Table
from flows.report.lists import RULES, Row, by_town, names, rows
from flows.report.prose import Prose, Shown
from schemas import forms

_SEVERITIES = (("error", "已退回、未计入本汇报的{}"), ("warn", "需核实的{}"))
_FAILURE_HEADINGS = ("镇", "工程（水厂）", "采样点", "采样日期", "检测项目", "检测值", "限值")
_FAILURE_WIDTHS = (4.5, 11, 4.5, 5.5, 8.5, 4.5, 6)
_POINTS = {"plant_outlet": "出厂水", "tap": "末梢水", "source_water": "水源水"}

Tell = Callable[[str | None, str, list[Row]], str]  # of a town: its code, its name, its rows


def sections(prose: Prose) -> list[Section]:
    """Return the section's parts; one that finds nothing wrong is left out."""
    found = [
        Section("部分自然村和工程逾期", [text for text in (_villages(prose), _projects(prose)) if text]),
        Section("部分问题整改超期", _only(_rectifications(prose))),
        Section("部分工程批复手续待核", _only(_unapproved(prose))),
        _water(prose),
        Section("部分已报完成的自然村核查无水", _only(_without_water(prose))),
        Section("部分数据存疑", _only(_doubtful(prose))),
        Section("部分镇报送迟缓或缺报", _only(_reports(prose))),
    ]
    return [section for section in found if section.paragraphs] or [
        Section("总体情况", ["从各镇和县级已报数据看，未发现逾期、超期未整改、水质不合格和数据存疑等问题。"])
    ]


def _only(text: str) -> list[str]:
    return [text] if text else []


def each_town(prose: Prose, found: Sequence[Row], tell: Tell) -> str:
    """Sentences of all towns with rows, joined by ；: `tell` is given a town's code, its name and its rows."""
    return "；".join(tell(town, _name(prose, town), own) for town, own in by_town(found).items()) + "。"


def _counted(
    prose: Prose, sql: str, lead: str, metric: str, unit: str, tell: Tell, *after: str, **where: object
) -> str:
    """A paragraph: how many there are, then what each town has of them; empty where there is none."""
    found = rows(prose.edition, sql)
    if not found:
        return ""
    total = prose.told((f"{lead}{{}}", prose.count(metric, unit, **where)), end="：")
    return prose.paragraph(total, each_town(prose, found, tell), *after)


def _name(prose: Prose, town: str | None) -> str:
    if town is None:
        return "未写明镇名的报表"
    return prose.gaps.towns.get(town, "县级报表")


def _villages(prose: Prose) -> str:
    def town(code: str | None, name: str, own: list[Row]) -> str:
        worst = [row for row in own if row["late_days"] == own[0]["late_days"]]
        which = f"{'最长的' if len(own) > len(worst) else ''}{names(worst)}{'均' if len(worst) > 1 else ''}"
        return name + prose.told(
            ("{}", prose.count("late_open", "条", town_code=code)),
            (f"（{which}已逾期{{}}）", prose.count("longest_overdue", "天", town_code=code)),
            end="",
        )

    return _counted(prose, _LATE_VILLAGES, "超过计划完成时间仍未完成的自然村", "late_open", "条", town)


def _projects(prose: Prose) -> str:
    def town(code: str | None, name: str, own: list[Row]) -> str:
        count = prose.told(("{}", prose.count("projects_overdue", "个", town_code=code)), end="")
        worst = [row for row in own if row["planned_finish"] == own[0]["planned_finish"]]
        return f"{name}{count}（{names(worst, name)}应于{prose.day(own[0]['planned_finish'])}完工）"

    return _counted(prose, _LATE_PROJECTS, "超过计划完工时间仍未完工的工程", "projects_overdue", "个", town)


def _rectifications(prose: Prose) -> str:
    def town(code: str | None, name: str, own: list[Row]) -> str:
        oldest = prose.by("oldest_overdue_rectification", town_code=code)
        return name + prose.told(
            ("{}", prose.count("issues_overdue", "个", town_code=code)),
            ("（最早的应于{}前完成）", oldest),
            end="",
        )

    return _counted(prose, _OVERDUE, "整改期限已过、仍未完成整改的问题", "issues_overdue", "个", town)


def _unapproved(prose: Prose) -> str:
    def town(code: str | None, name: str, own: list[Row]) -> str:
        count = prose.count("projects_unapproved", "个", town_code=code)
        return f"{name}{prose.told(('{}', count), end='')}（{names(own, name)}）"

    return _counted(prose, _UNAPPROVED, "台账显示已开工而没有批复时间的工程", "projects_unapproved", "个", town)


def _water(prose: Prose) -> Section:
    failed = rows(prose.edition, _FAILED)
    samples = prose.paragraph(
        prose.told(
            ("今年以来不合格水样{}", prose.count("water_samples_failed", "个")),
            ("，不合格检测项目{}", prose.count("failed_results", "项")),
            end="，如下表。",
        )
    )
    return Section(
        "部分水样不合格",
        [samples] if failed else _only(_untested(prose)),
        Table(_FAILURE_HEADINGS, [_failure(prose, row) for row in failed], _FAILURE_WIDTHS) if failed else None,
        _only(_untested(prose)) if failed else (),
    )


def _failure(prose: Prose, row: Row) -> list[str]:
    """One result against its limit, as the table shows it."""
    where = {"town_code": row["town_code"], "sample_id": row["sample_id"], "parameter": row["parameter"]}
    town, low, high = _name(prose, row["town_code"]), row["limit_min"], row["limit_max"]
    is_told = row["value"] is not None and not row["is_below_detection"]
    value = prose.told(("{}", prose.exact("failed_value", **where)), end="") if is_told else "未检出"
    limits: list[tuple[str, Shown]] = []
    if low is not None:
        limits.append(("{}" if high else "≥{}", prose.exact("failed_limit_min", **where)))
    if high:
        limits.append(("≤{}" if low is None else "～{}", prose.exact("failed_limit_max", **where)))
    return [
        town,
        (row["project_name"] or "未报").removeprefix(town),
        _POINTS.get(row["sampling_point"], "未报"),
        prose.day(row["sampled_on"]),
        row["parameter"] + (f"（{row['unit']}）" if row["unit"] else ""),
        value,
        prose.told(*limits, end="") or "不得检出",
    ]


def _untested(prose: Prose) -> str:
    def town(code: str | None, name: str, own: list[Row]) -> str:
        return name + prose.told(("{}", prose.count("data_issues", "条", town_code=code, rule="R24")), end="")

    return _counted(prose, _UNTESTED, "已完成而所属工程没有全部合格水样的自然村", "data_issues", "条", town, rule="R24")


def _without_water(prose: Prose) -> str:
    def town(code: str | None, name: str, own: list[Row]) -> str:
        count = prose.count("villages_without_water", "条", town_code=code)
        return f"{name}{prose.told(('{}', count), end='')}（{names(own, most=10)}）"

    return _counted(
        prose,
        _WITHOUT_WATER,
        "县级核查发现已报完成而无水的自然村",
        "villages_without_water",
        "条",
        town,
        "须逐村实地查明原因。",
    )


def _doubtful(prose: Prose) -> str:
    found = rows(prose.edition, _ISSUES)
    if not found:
        return ""

    def town(code: str | None, name: str, own: list[Row]) -> str:
        return name + "、".join(
            prose.told(
                (
                    f"{RULES.get(row['rule'], '不符合县定规则')}{{}}",
                    prose.count("data_issues", "处", town_code=code, rule=row["rule"], severity=row["severity"]),
                ),
                end="",
            )
            for row in own
        )

    here = {row["severity"] for row in found}
    totals = [
        (f"，{text}", prose.count("data_issues", "处", severity=severity))
        for severity, text in _SEVERITIES
        if severity in here
    ]
    return prose.paragraph(prose.told(*totals, lead="本期有效报表中，", end="："), each_town(prose, found, town))


def _reports(prose: Prose) -> str:
    """Who sent the report of the date late, and who did not send it."""
    first = {(row["town_code"], row["form"]): row for row in rows(prose.edition, _FIRST_RECEIVED)}
    late: dict[str, dict[int, list[str]]] = defaultdict(lambda: defaultdict(list))
    missing: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for town in prose.gaps.on_duty:
        for form in _DUE_EACH_TIME:
            if (row := first.get((town, form))) and row["days_late"]:
                late[town][row["days_late"]].append(form)
        if absent := tuple(form for form in _DUE_EACH_TIME if (town, form) not in first):
            missing[absent].append(town)
    told = [_late(prose, town, of_town) for town, of_town in late.items()]
    told += [f"{prose.gaps.names(towns)}未报本期{_titles(absent)}" for absent, towns in missing.items()]
    return f"{'；'.join(told)}。" if told else ""


def _late(prose: Prose, town: str, of_town: Mapping[int, Sequence[str]]) -> str:
    return prose.gaps.names([town]) + "、".join(
        _titles(late)
        + prose.told(("迟报{}", prose.count("report_days_late", "天", town_code=town, form=late[0])), end="")
        for late in of_town.values()
    )


def _titles(names: Sequence[str]) -> str:
    return "、".join(forms()[form].title for form in names)


_DUE_EACH_TIME = ("village_progress", "project_ledger", "funding")
_LATE_VILLAGES = """
    select fct_coverage.town_code, late_days, concat(committee.name, village.name) as name
    from fct_coverage
    inner join dim_division as village on village.division_code = village_code
    inner join dim_division as committee on committee.division_code = village.parent_code
    where report_date = $day and fct_coverage.county_code = $county and late_days > 0 and not is_completed
    order by late_days desc, village_code
"""
_LATE_PROJECTS = """
    select progress.town_code, planned_finish, project_name as name
    from fct_project_progress as progress inner join dim_project using (project_code)
    where report_date = $day and progress.county_code = $county
        and planned_finish < $day and coalesce(finished_on > $day, true)
    order by planned_finish, project_code
"""
_UNAPPROVED = """
    select progress.town_code, project_name as name
    from fct_project_progress as progress inner join dim_project using (project_code)
    where report_date = $day and progress.county_code = $county
        and started_on <= $day and coalesce(approved_on > $day, true)
    order by progress.town_code, started_on, project_code
"""
_OVERDUE = """
    select town_code, due_on from fct_supervision_as_of
    where report_date = $day and county_code = $county and is_overdue order by due_on
"""
_FAILED = """
    select failure.*, project_name
    from fct_water_failure as failure left join dim_project using (project_code)
    where report_date = $day and failure.county_code = $county
    order by failure.town_code, sampled_on, sample_id, parameter
"""
_UNTESTED = """
    select town_code from fct_data_issue
    where report_date = $day and county_code = $county and rule = 'R24' and submission = 'current'
    order by town_code
"""
_WITHOUT_WATER = """
    select fct_verification.town_code, concat(committee.name, village.name) as name
    from fct_verification
    inner join dim_division as village on village.division_code = village_code
    inner join dim_division as committee on committee.division_code = village.parent_code
    where report_date = $day and fct_verification.county_code = $county and reported_completed and not has_water
    order by village_code
"""
_ISSUES = """
    select town_code, rule, severity from fct_data_issue
    where report_date = $day and county_code = $county and submission = 'current' and severity in ('error', 'warn')
    group by town_code, rule, severity order by town_code, rule, severity
"""
_FIRST_RECEIVED = """
    select town_code, form, min(days_late) as days_late from fct_submission
    where report_date = $day and county_code = $county and status != 'duplicate'
    group by town_code, form having bool_or(status != 'rejected')
"""
