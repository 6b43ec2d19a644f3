"""The columns of the county's progress table, in the wording of the towns' own forms."""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from flows.metrics import Exact, Metric
from flows.report.numbers import half_up, percent

_WAN = 10_000


@dataclass(frozen=True)
class Column:
    """One column of a sheet.

    Attributes
    ----------
    heading, group
        Its own heading, and the one over a run of columns.
    width
        At least so many characters wide.
    metric
        The metric that it shows of the county and its towns.
    where
        What the column restricts the metric to, such as one funding source.
    item
        What it shows of a village or project: a value of the row's list by that name; the metric itself where
        `is_summed`.
    is_summed
        Whether villages or projects show the metric too, so that a town's figure is their sum (or their sums' rate).
    """

    heading: str
    group: str = ""
    width: int = 9
    metric: str | None = None
    where: tuple[tuple[str, str], ...] = ()
    item: str | None = None
    is_summed: bool = False


@dataclass(frozen=True)
class Shape:
    """How the figures of a metric are printed: the official unit, and how many decimals."""

    unit: str
    number_format: str
    places: int = 0
    divisor: int = 1

    @classmethod
    def of(cls, metric: Metric) -> "Shape":
        """Return the shape of a metric: money in 万元 and lengths with two decimals, rates as percentages."""
        match metric.unit:
            case None:
                return cls("%", "0.0%")
            case "元":
                return cls("万元", "#,##0.00", 2, _WAN)
            case "公里" | "分" as unit:
                return cls(unit, "#,##0.00", 2)
            case unit:
                return cls(unit, "#,##0")

    def in_unit(self, value: Exact) -> Exact:
        """Return a figure in the printed unit, exact."""
        return Fraction(value) / self.divisor if self.divisor > 1 else value

    def printed(self, value: Exact) -> str:
        """Return what the cell shows."""
        if self.unit == "%":
            return f"{percent(value)}%"
        return f"{half_up(self.in_unit(value), self.places):,f}"


def as_number(value: Exact) -> float | int:
    """A value as a cell holds it."""
    return value if isinstance(value, int) else float(value)


def _of(group: str, *pairs: tuple[str, str], is_summed: bool = False, width: int = 9) -> list[Column]:
    return [Column(heading, group, width, metric, is_summed=is_summed) for heading, metric in pairs]


_TARGET = _of("年度任务", ("自然村", "target_villages"), ("人口", "target_population"))
_PLAN = (("自然村", "villages_planned"), ("户数", "households_planned"), ("人口", "population_planned"))
_DONE = (("自然村", "villages_completed"), ("户数", "households_completed"), ("人口", "population_completed"))
_RATES = [
    *_of("任务完成率", ("自然村", "village_target_rate"), ("人口", "population_target_rate")),
    *_of("计划完成率", ("自然村", "village_completion_rate"), ("人口", "population_completion_rate")),
]
_LATE = (("自然村", "late_villages"), ("其中未完成", "late_open"))
_FUNDS = (("计划", "planned_yuan"), ("到位", "secured_yuan"), ("支付", "spent_yuan"))
_FUND_RATES = (("到位率", "secured_rate"), ("支付率", "spent_rate"))
_PIPE = (("计划铺设", "pipeline_planned_km"), ("已铺设", "pipeline_laid_km"))
_WORKS = (("工程数", "projects"), ("已开工", "projects_started"), ("已完工", "projects_finished"))
_INVESTMENT = (("总投资", "investment_planned_yuan"), ("完成投资", "investment_completed_yuan"))
_INVESTED = ("完成率", "investment_completion_rate")
_SAMPLES = (("已检测", "water_samples"), ("合格", "water_samples_passed"), ("合格率", "water_pass_rate"))

_TOWN = (Column("序号", width=5, item="no"), Column("镇", width=16, item="name"))

COVERAGE: Sequence[Column] = (
    *_TOWN,
    *_TARGET,
    *_of("计划", *_PLAN),
    *_of("已完成", *_DONE),
    *_RATES,
    *_of("逾期", *_LATE),
    *_of(
        "供水率",
        ("农村人口", "rural_population"),
        ("原已供水人口", "population_served_before"),
        ("现供水人口", "population_served"),
        ("现供水率", "supply_rate"),
        ("计划完成后", "supply_rate_after_plan"),
    ),
    *_of("考核", ("得分", "total_score"), ("名次", "assessment_rank")),
    Column("数据截至", width=12, item="reported_on"),
)

WORKS: Sequence[Column] = (
    *_TOWN,
    *_of("工程", *_WORKS),
    *_of("管网", *_PIPE, width=12),
    *_of("投资", *_INVESTMENT, width=13),
    *_of("投资", _INVESTED),
    *_of("资金", *_FUNDS, width=13),
    *_of("资金", *_FUND_RATES),
    *_of("水样", *_SAMPLES),
    Column("数据截至", "项目台账", 12, item="ledger_on"),
    Column("数据截至", "资金落实表", 12, item="funds_on"),
)

VILLAGES: Sequence[Column] = (
    Column("序号", width=5, item="no"),
    Column("村委会", width=14, item="committee"),
    Column("自然村", width=14, item="village"),
    Column("建设性质", width=8, item="works_type"),
    Column("所属工程", width=30, item="project_name"),
    Column("计划完成", "时间节点", 12, item="planned_finish"),
    Column("完成（通水）", "时间节点", 12, item="finished_on"),
    *_TARGET,
    *_of("计划", *_PLAN, is_summed=True),
    *_of("已完成", *_DONE, is_summed=True),
    *_RATES,
    Column("进展情况", width=9, item="status"),
    *_of("逾期", *_LATE, is_summed=True, width=7),
    Column("备注", width=20, item="remark"),
)

PROJECTS: Sequence[Column] = (
    Column("序号", width=5, item="no"),
    Column("项目名称", width=34, item="project_name"),
    Column("供水方式", width=16, item="supply_mode"),
    Column("建设性质", width=9, item="works_type"),
    Column("水源（水厂）", width=14, item="water_source"),
    *_of("工程", *_WORKS, is_summed=True, width=7),
    *_of("管网", *_PIPE, is_summed=True, width=11),
    *_of("投资", *_INVESTMENT, is_summed=True, width=11),
    *_of("投资", _INVESTED, is_summed=True),
    Column("批复", "审批与建设时间", 12, item="approved_on"),
    Column("开工", "审批与建设时间", 12, item="started_on"),
    Column("计划完工", "审批与建设时间", 12, item="planned_finish"),
    Column("完工", "审批与建设时间", 12, item="finished_on"),
    Column("验收", "审批与建设时间", 12, item="accepted_on"),
    Column("当前阶段", width=10, item="stage"),
    Column("形象进度", width=9, item="progress_rate"),
)


def funds(sources: Sequence[tuple[str, str]]) -> Sequence[Column]:
    """Return the columns of the funds' sheet: all of them, then each source (code and name)."""
    return (
        Column("序号", width=5, item="no"),
        Column("项目名称", width=34, item="project_name"),
        *_of("资金合计", *_FUNDS, is_summed=True, width=11),
        *_of("资金合计", *_FUND_RATES, is_summed=True),
        *(
            Column(heading, name, 11, metric, (("funding_source", source),), is_summed=True)
            for source, name in sources
            for heading, metric in _FUNDS
        ),
    )
