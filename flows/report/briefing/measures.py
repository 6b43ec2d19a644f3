"""二、主要工作措施: what the data counts of it."""

from flows.report.briefing.section import Section
from flows.report.prose import Prose, Shown

_EVENTS = (
    ("onsite_supervision", "召开现场督导推进会{}"),
    ("consultation", "召开会商会{}"),
    ("inspection", "开展督查{}"),
    ("training", "举办培训{}"),
    ("summons", "约谈{}"),
)


def sections(prose: Prose) -> list[Section]:
    """Return the section's parts."""
    return [
        Section("强化督导会商", [_supervision(prose)]),
        Section("推进前期工作", [_approvals(prose)]),
        Section("开展水质检测", [_water(prose)]),
        Section("组织县级核查", [_inspections(prose)]),
    ]


def _supervision(prose: Prose) -> str:
    if prose.value("supervision_events") is None:
        return prose.told(("{}", prose.count("supervision_events")))
    held = [
        (f"，{text}", prose.count("supervision_events", "次", kind=kind))
        for kind, text in _EVENTS
        if prose.number("supervision_events", kind=kind)
    ]
    issues: list[tuple[str, Shown]] = []
    if prose.number("issues_raised"):
        issues = [
            ("各类会议、督查共提出问题{}", prose.count("issues_raised", "个")),
            ("，已完成整改{}", prose.count("issues_resolved", "个")),
        ]
    return prose.paragraph(prose.told(*held, lead="全县累计"), prose.told(*issues))


def _approvals(prose: Prose) -> str:
    if prose.value("projects") is None:
        return prose.told(("{}", prose.count("projects")))
    days = prose.count("approval_days_median", "天")
    return prose.paragraph(
        prose.told(
            ("列入台账工程{}", prose.count("projects", "个")),
            ("，已通过方案审查{}", prose.count("plans_reviewed", "个")),
            ("、批复{}", prose.count("projects_approved", "个")),
            *([("，从立项到批复的天数中位数为{}", days)] if prose.number("projects_approved") else []),
        ),
        prose.told(
            ("已开工{}", prose.count("projects_started", "个")),
            ("，已完工{}", prose.count("projects_finished", "个")),
        ),
    )


def _water(prose: Prose) -> str:
    if prose.value("water_samples") == 0:
        return "今年以来没有可判定的水样。"
    return prose.paragraph(
        prose.told(
            ("今年以来检测水样{}", prose.count("water_samples", "个")),
            ("，各项指标均合格{}", prose.count("water_samples_passed", "个")),
            ("，合格率{}", prose.percent("water_pass_rate")),
        )
    )


def _inspections(prose: Prose) -> str:
    if prose.value("villages_inspected") is None:
        return prose.told(("{}", prose.count("villages_inspected")))
    factor = [
        ("，核实人口{}", prose.persons("population_verified")),
        ("，为上报人口的{}", prose.percent("verification_factor")),
    ]
    return prose.paragraph(
        prose.told(
            ("县级累计核查自然村{}", prose.count("villages_inspected", "条")),
            ("，其中各镇已报完成{}", prose.count("villages_claimed_inspected", "条")),
            *(factor if prose.number("population_reported") else []),
        )
    )
