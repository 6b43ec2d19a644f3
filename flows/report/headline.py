"""The headline of a report date: coverage by supply mode, pipe and investment, funds by source."""

import datetime as dt
from dataclasses import dataclass, fields
from decimal import Decimal
from fractions import Fraction
from pathlib import Path
from typing import Any

import duckdb

from flows.publish.query import connect

Exact = int | Decimal | Fraction

# One row a supply mode and one for `all`, the sums of all counties in the file.
_COVERAGE = """
with

modes as (

    select supply_mode, sort_order from dim_supply_mode
    union all
    select 'all' as supply_mode, null as sort_order

),

coverage as (

    select
        supply_mode,
        sum(villages_planned) as villages_planned,
        sum(households_planned) as households_planned,
        sum(population_planned) as population_planned,
        sum(villages_completed) as villages_completed,
        sum(households_completed) as households_completed,
        sum(population_completed) as population_completed,
        sum(target_villages) as target_villages,
        sum(target_population) as target_population,
        sum(late_villages) as late_villages,
        sum(late_open) as late_open
    from rpt_coverage_county
    where report_date = $report_date
    group by supply_mode

),

supply as (

    select
        supply_mode,
        sum(rural_population) as rural_population,
        sum(population_served_before) as population_served_before
    from rpt_supply_rate
    where report_date = $report_date and town_code = 'all'
    group by supply_mode

),

-- a committee's code is that of its villages without the last three digits
villages as (

    select
        if(grouping(supply_mode) = 1, 'all', supply_mode) as supply_mode,
        count(distinct substr(village_code, 1, 12)) as committees,
        max(planned_finish) as planned_finish_latest,
        bool_and(status <> 'not_started') as is_all_started
    from fct_coverage
    where report_date = $report_date
    group by rollup (supply_mode)

),

projects as (

    select
        if(grouping(supply_mode) = 1, 'all', supply_mode) as supply_mode,
        sum(pipeline_planned_km) as pipeline_planned_km,
        sum(pipeline_laid_km) as pipeline_laid_km,
        sum(investment_planned_yuan) as investment_planned_yuan,
        sum(investment_completed_yuan) as investment_completed_yuan
    from fct_project_progress
    where report_date = $report_date
    group by rollup (supply_mode)

)

select *
from modes
left join coverage using (supply_mode)
left join supply using (supply_mode)
left join villages using (supply_mode)
left join projects using (supply_mode)
where coverage.supply_mode is not null or supply.supply_mode is not null
order by modes.sort_order
"""

_FUNDS = """
select
    funding_source,
    sum(planned_yuan) as planned_yuan,
    sum(secured_yuan) as secured_yuan,
    sum(spent_yuan) as spent_yuan
from rpt_funding
left join dim_funding_source using (funding_source)
where report_date = $report_date and town_code = 'all' and supply_mode = 'all'
group by funding_source, sort_order
order by sort_order
"""

_COUNTIES = "select string_agg(name, '、' order by division_code) from dim_division where level = 'county'"


@dataclass(frozen=True)
class Coverage:
    """One supply mode, or all of them, in villages, households, persons, kilometres and yuan.

    A figure that nothing was reported for is None: pipe and investment come from the project ledgers, the rural
    population from the baseline. Rates are exact, 0 to 1, and None over nothing.
    """

    committees: int = 0
    villages_planned: int = 0
    households_planned: int = 0
    population_planned: int = 0
    villages_completed: int = 0
    households_completed: int = 0
    population_completed: int = 0
    target_villages: int = 0
    target_population: int = 0
    late_villages: int = 0
    late_open: int = 0
    planned_finish_latest: dt.date | None = None
    is_all_started: bool = False
    rural_population: int | None = None
    population_served_before: int = 0
    pipeline_planned_km: Decimal | None = None
    pipeline_laid_km: Decimal | None = None
    investment_planned_yuan: Decimal | None = None
    investment_completed_yuan: Decimal | None = None

    @property
    def village_completion_rate(self) -> Fraction | None:
        """Villages completed ÷ villages planned."""
        return _ratio(self.villages_completed, self.villages_planned)

    @property
    def village_target_rate(self) -> Fraction | None:
        """Villages completed ÷ villages of the annual target."""
        return _ratio(self.villages_completed, self.target_villages)

    @property
    def supply_rate(self) -> Fraction | None:
        """Persons served before or by completed villages ÷ rural population."""
        return _ratio(self.population_served_before + self.population_completed, self.rural_population)

    @property
    def supply_rate_after_plan(self) -> Fraction | None:
        """Persons served before or by planned villages ÷ rural population."""
        return _ratio(self.population_served_before + self.population_planned, self.rural_population)


@dataclass(frozen=True)
class Funds:
    """Money of one source, or of all of them, in yuan."""

    planned_yuan: Decimal
    secured_yuan: Decimal
    spent_yuan: Decimal

    @property
    def secured_rate(self) -> Fraction | None:
        """Secured ÷ planned."""
        return _ratio(self.secured_yuan, self.planned_yuan)

    @property
    def spent_rate(self) -> Fraction | None:
        """Spent ÷ secured."""
        return _ratio(self.spent_yuan, self.secured_yuan)


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
        By funding source, in the order of reports, `all` last; empty where no funding was reported.
    """

    report_date: dt.date
    county: str
    coverage: dict[str, Coverage]
    funds: dict[str, Funds]

    @property
    def total(self) -> Coverage:
        """All supply modes together."""
        return self.coverage["all"]

    def as_printed(self) -> dict[str, Any]:
        """Return the figures as the county's report prints them: 万 and percentages, rounded half up."""
        return {
            "report_date": self.report_date.isoformat(),
            "county": self.county,
            **{mode: _printed(coverage) for mode, coverage in self.coverage.items()},
            "funds_wan_yuan": {
                source: {
                    "planned": money(funds.planned_yuan),
                    "secured": money(funds.secured_yuan),
                    "spent": money(funds.spent_yuan),
                }
                for source, funds in self.funds.items()
            },
            "rural_population": self.total.rural_population,
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
        coverage = {row.pop("supply_mode"): _coverage(row) for row in _rows(con, _COVERAGE, day)}
        funds = {row.pop("funding_source"): Funds(**row) for row in _rows(con, _FUNDS, day)}
        return Headline(day, (counties and counties[0]) or "", coverage, funds)


def _rows(con: duckdb.DuckDBPyConnection, sql: str, report_date: dt.date) -> list[dict[str, Any]]:
    answer = con.execute(sql, {"report_date": report_date})
    names = [column[0] for column in answer.description or []]
    return [dict(zip(names, row, strict=True)) for row in answer.fetchall()]


def _coverage(row: dict[str, Any]) -> Coverage:
    named = {field.name for field in fields(Coverage)}
    return Coverage(**{name: value for name, value in row.items() if name in named and value is not None})


def _ratio(numerator: Exact, denominator: Exact | None) -> Fraction | None:
    return Fraction(numerator) / Fraction(denominator) if denominator else None


def half_up(value: Exact, places: int) -> Decimal:
    """Round half up, once, from the exact value (Python's own rounding goes to the even neighbour)."""
    scaled = (abs(Fraction(value)) * 10**places * 2 + 1) // 2
    return Decimal(scaled if value >= 0 else -scaled).scaleb(-places)


def percent(rate: Fraction | None, places: int) -> str | None:
    """Write a rate as a percentage, without the sign."""
    return None if rate is None else format(half_up(rate * 100, places), "f")


def wan(count: Exact, places: int = 1) -> str:
    """Write a number of persons in 万."""
    return format(half_up(Fraction(count) / 10_000, places), "f")


def money(yuan: Decimal | None) -> str | None:
    """Write yuan in 万元, at most two decimals."""
    return None if yuan is None else _plain(half_up(Fraction(yuan) / 10_000, 2))


def _plain(value: Decimal) -> str:
    return format(value, "f").rstrip("0").rstrip(".") if value % 1 else format(value, ".0f")


def _printed(coverage: Coverage) -> dict[str, Any]:
    finish, pipe = coverage.planned_finish_latest, coverage.pipeline_planned_km
    return {
        "committees": coverage.committees,
        "villages_planned": coverage.villages_planned,
        "households_planned": coverage.households_planned,
        "population_planned": coverage.population_planned,
        "population_planned_wan": wan(coverage.population_planned),
        "villages_completed": coverage.villages_completed,
        "population_completed": coverage.population_completed,
        "population_completed_wan": wan(coverage.population_completed),
        "completion_pct_of_planned": percent(coverage.village_completion_rate, 0),
        "completion_pct_of_target": percent(coverage.village_target_rate, 0),
        "target_villages": coverage.target_villages,
        "target_population": coverage.target_population,
        "pipeline_planned_km": None if pipe is None else _plain(half_up(pipe, 2)),
        "investment_planned_wan_yuan": money(coverage.investment_planned_yuan),
        "supply_rate_pct": percent(coverage.supply_rate, 1),
        "supply_rate_after_plan_pct": percent(coverage.supply_rate_after_plan, 1),
        "planned_finish_latest": finish.isoformat() if finish else None,
        "all_started": coverage.is_all_started,
        "late_villages": coverage.late_villages,
    }
