"""What a night leaves with Prefect, as rows and markdown: submissions, quality, figures and their change, documents."""

from fractions import Fraction
from urllib.parse import quote

from flows import terminal
from flows.night_result import NightResult
from flows.publish.query import connect
from flows.report.headline import Headline
from flows.report.numbers import half_up, percent
from flows.settings import Settings
from schemas.personal import without_numbers

Rows = list[dict[str, object]]
# Of a table, which goes to Prefect in one piece and is looked at whole; the rest is in the log and the marts.
MOST_ROWS = 1000

_SEVERITIES = {"error": "错误", "warn": "提醒", "info": "提示"}
# What the headline is made of: how it is called, and its unit.
_FIGURES = (
    ("villages_planned", "计划自然村", "个"),
    ("villages_completed", "完成自然村", "个"),
    ("village_completion_rate", "完成率", "%"),
    ("late_villages", "逾期自然村", "个"),
    ("population_planned", "计划人口", "人"),
    ("population_completed", "完成人口", "人"),
    ("supply_rate", "集中供水率", "%"),
    ("supply_rate_after_plan", "全部完成后供水率", "%"),
    ("planned_yuan", "计划资金", "万元"),
    ("secured_yuan", "到位资金", "万元"),
    ("spent_yuan", "支付资金", "万元"),
)
_QUALITY = """
select
    coalesce(division.name, '全县') as town,
    issue.rule,
    issue.severity,
    count(*) as issues,
    count(*) filter (where issue.is_row_rejected) as rejecting
from fct_data_issue as issue
left join dim_division as division
    on issue.town_code = division.division_code
where issue.submission = 'current'
group by town, issue.rule, issue.severity
order by
    min(case issue.severity when 'error' then 1 when 'warn' then 2 else 3 end), issues desc, town, issue.rule
"""


def submissions(result: NightResult) -> Rows:
    """Return a row for every file that was read tonight, at most `MOST_ROWS`: those that need a person come first."""
    outcomes = sorted(result.night.outcomes, key=lambda outcome: outcome.status == "read" and not outcome.issues)
    return [
        {
            "文件": without_numbers(outcome.path),
            "状态": terminal.status_name(outcome.status, "zh"),
            "入库行数": outcome.accepted,
            "退回行数": outcome.rejected,
            "错误": outcome.issues["error"],
            "提醒": outcome.issues["warn"],
            "说明": without_numbers(outcome.reason or ""),
        }
        for outcome in outcomes[:MOST_ROWS]
    ]


def quality(settings: Settings) -> Rows:
    """Return the issues that stand in current reports, counted by town and rule; the gravest `MOST_ROWS`."""
    with connect(settings.marts) as con:
        found = con.execute(_QUALITY).fetchmany(MOST_ROWS)
    return [
        {
            "乡镇": town,
            "规则": rule,
            "级别": _SEVERITIES[severity],
            "问题数": issues,
            "其中退回行的": rejecting,
        }
        for town, rule, severity, issues, rejecting in found
    ]


def figures(now: Headline | None, before: Headline | None) -> str:
    """Return the main figures beside those of the release before, as markdown."""
    if now is None:
        return "没有可用的数字。"
    earlier = before.report_date if before else "—"
    lines = ["| 指标 | 单位 | 本次 | 上次 | 变化 |", "|---|---|---:|---:|---:|"]
    for metric, title, unit in _FIGURES:
        new, old = _value(now, metric), _value(before, metric)
        change = "—" if new is None or old is None else "不变" if new == old else _shown(new - old, unit, "+")
        lines.append(f"| {title} | {unit} | {_shown(new, unit)} | {_shown(old, unit)} | {change} |")
    return "\n".join([f"{now.county} 截至 {now.report_date}（上次发布：截至 {earlier}）", "", *lines])


def links(settings: Settings) -> str:
    """Return where everything lies that the release holds, as markdown: by address where `published_url` is set."""
    latest = sorted(path for path in settings.documents.glob("*-*-*/*") if path.suffix in (".docx", ".xlsx"))
    days = sorted({path.parent for path in latest})[-1:]
    named = [(path.stem, path) for path in latest if path.parent in days]
    named += [("作战图", settings.published / "wall-map.html"), ("数据字典", settings.published / "dictionary.html")]
    named += [("批注副本", settings.returned), ("数据库", settings.marts)]
    lines = [f"- {_link(settings, title, path.relative_to(settings.published).as_posix())}" for title, path in named]
    return "\n".join([f"发布文件夹：`{settings.published}`", "", *lines])


def _link(settings: Settings, title: str, path: str) -> str:
    base = settings.published_url
    return f"[{title}]({base.rstrip('/')}/{quote(path)})" if base else f"{title}：`{path}`"


def _value(headline: Headline | None, metric: str) -> Fraction | None:
    if headline is None:
        return None
    value = headline.funds["all"][metric] if metric.endswith("_yuan") else headline.total[metric]
    return None if value is None else Fraction(value)


def _shown(value: Fraction | None, unit: str, sign: str = "") -> str:
    if value is None:
        return "—"
    if unit == "%":
        return ("+" if sign and value > 0 else "") + percent(value)
    if unit == "万元":
        return f"{half_up(value / 10_000, 2):{sign},}"
    return f"{int(value):{sign},}"
