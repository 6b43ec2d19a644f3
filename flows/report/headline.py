"""The headline of a report date: coverage by supply mode, pipe and investment, funds by source."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from flows.metrics import Exact, Metrics, Value
from flows.publish.query import connect
from flows.report.numbers import money, percent, plain, wan

Figures = Mapping[str, Any]  # metric → its exact value, None where it is unknown

_COVERAGE = (
    "committees_planned", "villages_planned", "households_planned", "population_planned", "villages_started",
    "villages_completed", "population_completed", "target_villages", "target_population", "late_villages",
    "latest_planned_finish", "village_completion_rate", "village_target_rate", "rural_population", "supply_rate",
    "supply_rate_after_plan", "pipeline_planned_km", "investment_planned_yuan",
)  # fmt: skip
_FUNDS = ("planned_yuan", "secured_yuan", "spent_yuan")
_COUNTIES = "select string_agg(name, '、' order by division_code) from dim_division where level = 'county'"


@dataclass(frozen=True)
class Headline:
    """The figures of one report date.

    Attributes
    ----------
    report_date
        The day they stand for.
    county
        Its name; several are joined by 、.
    coverage
        By supply mode, in the order of reports, `all` last.
    funds
        By funding source, in the order of reports, `all` last.
    """

    report_date: dt.date
    county: str
    coverage: dict[str, Figures]
    funds: dict[str, Figures]

    @property
    def total(self) -> Figures:
        """All supply modes together."""
        return self.coverage["all"]

    def as_printed(self) -> dict[str, Any]:
        """Return the figures as the county's report prints them: 万 and percentages, rounded half up."""
        return {
            "report_date": self.report_date.isoformat(),
            "county": self.county,
            **{mode: _printed(figures) for mode, figures in self.coverage.items()},
            "funds_wan_yuan": {
                source: {metric.removesuffix("_yuan"): money(figures[metric]) for metric in _FUNDS}
                for source, figures in self.funds.items()
                if None not in figures.values()
            },
            "rural_population": self.total["rural_population"],
        }


def headline(published_db: Path, report_date: dt.date | None = None) -> Headline | None:
    """Return the figures of a report date, by default the latest, from the published marts.

    Returns
    -------
    Headline or None
        None where nothing stands for that date.

    Raises
    ------
    flows.publish.query.NoRelease
        Nothing has been published yet.
    """
    with connect(published_db) as con:
        found = con.execute(
            "select max(report_date) from rpt_coverage_county where report_date = coalesce($day, report_date)",
            {"day": report_date},
        ).fetchone()
        if found is None or found[0] is None:
            return None
        day: dt.date = found[0]
        counties = con.execute(_COUNTIES).fetchone()
        return Headline(
            day,
            (counties and counties[0]) or "",
            _figures(con, day, "supply_mode", _COVERAGE),
            _figures(con, day, "funding_source", _FUNDS),
        )


def _figures(
    con: duckdb.DuckDBPyConnection, day: dt.date, dimension: str, metrics: tuple[str, ...]
) -> dict[str, Figures]:
    """Each metric of a day, by the values of a dimension in their order, and for all of them."""
    computed = Metrics(con)
    members = con.execute(f"select {dimension} from dim_{dimension} order by sort_order").fetchall()
    slices: dict[str, dict[str, object]] = {member: {dimension: member} for (member,) in members} | {"all": {}}
    return {
        member: {
            metric: computed.figure(metric, {"report_date": day, **where}).value
            for metric in metrics
            if where.keys() <= computed.dimensions(metric)
        }
        for member, where in slices.items()
    }


def _printed(figures: Figures) -> dict[str, Any]:
    def shown(metric: str, how: Any, *more: int) -> str | None:
        value: Value = figures[metric]
        return None if value is None else how(value, *more)

    counts: dict[str, Exact] = {
        metric: figures[metric] or 0
        for metric in (
            "villages_planned", "households_planned", "population_planned", "villages_completed",
            "population_completed", "target_villages", "target_population", "late_villages",
        )
    }  # fmt: skip
    finish = figures["latest_planned_finish"]
    return {
        "committees": figures["committees_planned"] or 0,
        **counts,
        "population_planned_wan": wan(counts["population_planned"]),
        "population_completed_wan": wan(counts["population_completed"]),
        "completion_pct_of_planned": shown("village_completion_rate", percent, 0),
        "completion_pct_of_target": shown("village_target_rate", percent, 0),
        "pipeline_planned_km": shown("pipeline_planned_km", plain),
        "investment_planned_wan_yuan": shown("investment_planned_yuan", money),
        "supply_rate_pct": shown("supply_rate", percent),
        "supply_rate_after_plan_pct": shown("supply_rate_after_plan", percent),
        "planned_finish_latest": finish.isoformat() if finish else None,
        "all_started": bool(figures["villages_planned"]) and figures["villages_started"] == figures["villages_planned"],
    }
