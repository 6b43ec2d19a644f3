"""What figures lack, and who owes it: towns that sent no form, columns that were left blank, a baseline nobody gave."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from flows.metrics import Figure
from flows.report.figures import Edition
from flows.report.official import clean
from schemas import forms

# The form that a table's rows are reported in. Tables that are none of a form's lack nothing.
FORM_OF = {
    "fct_annual_target": "annual_target",
    "fct_coverage": "village_progress",
    "fct_funding": "funding",
    "fct_project_progress": "project_ledger",
    "fct_rural_population": "baseline",
    "fct_population_served": "baseline",
    "fct_supervision_as_of": "supervision",
    "fct_verification": "inspection",
    "fct_water_sample": "water_quality",
    "fct_water_failure": "water_quality",
}
# A town that is not in it has no task, or was not visited.
_OPTIONAL = ("annual_target", "inspection")
# A town may send it with nothing in it: there was nothing.
_OF_EVENTS = ("supervision", "water_quality")
# The first of a form's tables: the one that has a row of every town that reported.
_TABLE_OF = {form: table for table, form in reversed(FORM_OF.items())}


@dataclass(frozen=True)
class Gap:
    """Something that was not reported.

    Attributes
    ----------
    as_text
        What is missing and who owes it: 青龙镇、石陂镇未报资金落实表.
    towns
        Codes of the towns that owe it; none where the county does, or nobody.
    """

    as_text: str
    towns: tuple[str, ...] = ()


class Gaps:
    """Finds what the figures of an edition lack."""

    def __init__(self, edition: Edition) -> None:
        self._con, self._facts = edition.con, edition.facts
        self._at = {"report_date": edition.facts.report_date, "county_code": edition.facts.county_code}
        self._told: dict[str, tuple[str, ...]] = {}

    @cached_property
    def towns(self) -> dict[str, str]:
        """The county's towns by their codes, in order."""
        return {
            code: clean(town)
            for code, town in self._con.execute(
                "select division_code, name from dim_division where level = 'town' and county_code = $county "
                "order by division_code",
                {"county": self._facts.county_code},
            ).fetchall()
        }

    @cached_property
    def on_duty(self) -> tuple[str, ...]:
        """The towns that have to report: those with an annual target, or all where there is none; and who reports."""
        targeted = self._reporting("fct_annual_target") or tuple(self.towns)
        reporting = {*targeted, *self._reporting("fct_coverage")}
        return tuple(town for town in self.towns if town in reporting)

    def unreported(self, names: Sequence[str]) -> list[Gap]:
        """The forms among some that a town, or the county, has never sent by the report date."""
        return [gap for form in names if (gap := self._never_sent(form, self._absent(_TABLE_OF[form])))]

    def owing(self, figure: Figure) -> list[Gap]:
        """Why an unknown figure is unknown."""
        gaps: dict[Gap, None] = {}
        for leaf in _leaves(figure):
            if leaf.value is None:
                gaps.update(dict.fromkeys(self._why_unknown(leaf)))
        if not gaps and figure.inputs:
            gaps[Gap(f"{figure.inputs[-1].metric.name_zh}为零，无从计算")] = None
        return list(gaps)

    def spoiling(self, figure: Figure) -> list[Gap]:
        """What makes a rate wrong: its denominator lacks a town that its numerator counts."""
        if figure.metric.kind != "ratio":
            return []
        numerator, denominator = figure.inputs
        tables = {leaf.metric.table for leaf in _leaves(numerator)}
        counted = {town for table in tables for town in self._reporting(table)}
        gaps: dict[Gap, None] = {}
        for leaf in _leaves(denominator):
            absent = [town for town in self._absent(leaf.metric.table, leaf) if town in counted]
            if absent and leaf.metric.table not in tables and (gap := self._never_sent(_form(leaf), absent)):
                gaps[gap] = None
            blank = [town for town in self._blank(leaf) if town in counted]
            if blank and not any(set(blank) <= set(self._blank(other)) for other in _leaves(numerator)):
                gaps[self._left_blank(leaf, blank)] = None
        return list(gaps)

    def blanks(self, figure: Figure) -> list[Gap]:
        """The columns that towns left blank in what a sum is made of."""
        return [self._left_blank(leaf, blank) for leaf in _leaves(figure) if (blank := self._blank(leaf))]

    # --- one simple metric ----------------------------------------------------------------------------------------

    def _why_unknown(self, leaf: Figure) -> Iterator[Gap]:
        form = _form(leaf)
        if form is None:
            yield Gap(f"没有{leaf.metric.name_zh}的记录")
        elif gap := self._never_sent(form, self._absent(leaf.metric.table, leaf)):
            yield gap
        elif blank := self._blank(leaf):
            yield self._left_blank(leaf, blank)
        else:
            yield Gap(f"{forms()[form].title}中没有{leaf.metric.name_zh}的记录")

    def _never_sent(self, form: str | None, towns: Sequence[str]) -> Gap | None:
        if form is None or not towns:
            return None
        info = forms()[form]
        if not self._reporting(_TABLE_OF[form]):
            who = "县级" if info.level == "county" else "各镇均"
            return Gap(f"{who}未报{info.title}", tuple(towns))
        if info.level == "county":
            return Gap(f"县级{info.title}未列{self.names(towns)}", tuple(towns))
        return Gap(f"{self.names(towns)}未报{info.title}", tuple(towns))

    def _left_blank(self, leaf: Figure, towns: Sequence[str]) -> Gap:
        form = forms()[str(_form(leaf))]
        titles = [form.fields[name].title for name in leaf.metric.fields if name in form.fields]
        what = "、".join(f"“{title}”" for title in titles) or leaf.metric.name_zh
        return Gap(f"{self.names(towns)}{form.title}未填全{what}", tuple(towns))

    def names(self, towns: Sequence[str]) -> str:
        """The names of some towns."""
        return "、".join(self.towns.get(town, town) for town in towns)

    # --- what was reported ----------------------------------------------------------------------------------------

    def _reporting(self, table: str) -> tuple[str, ...]:
        """The towns with a row in a table at the report date."""
        if table not in FORM_OF:
            return tuple(self.towns)
        if table not in self._told:
            rows = self._con.execute(
                f"select distinct town_code from {table} where report_date = $report_date "
                "and county_code = $county_code order by all",
                self._at,
            ).fetchall()
            self._told[table] = tuple(town for (town,) in rows)
        return self._told[table]

    def _absent(self, table: str, leaf: Figure | None = None) -> list[str]:
        """The towns on duty without a row in a table, of a figure's slice where one is given."""
        form = FORM_OF.get(table)
        if form is None:
            return []
        reporting = self._reporting(table)
        if form in _OPTIONAL and reporting:
            return []
        town = leaf.slice.get("town_code") if leaf else None
        told = {*reporting, *self._sent(form)}
        return [code for code in self.on_duty if code not in told and town in (None, code)]

    def _sent(self, form: str) -> tuple[str, ...]:
        """The towns that sent a form which tells of events, with none in it."""
        if form not in _OF_EVENTS:
            return ()
        rows = self._con.execute(
            "select distinct town_code from fct_submission where form = $form and report_date <= $report_date "
            "and county_code = $county_code and status in ('current', 'superseded') order by all",
            {"form": form} | self._at,
        ).fetchall()
        return tuple(town for (town,) in rows)

    def _blank(self, leaf: Figure) -> list[str]:
        """The towns with a row in a sum's slice that leaves blank what is added up."""
        if leaf.metric.aggregation != "sum" or not leaf.metric.fields or leaf.metric.table not in FORM_OF:
            return []
        own = {name: value for name, value in leaf.slice.items() if name in leaf.metric.dimensions}
        rows = self._con.execute(
            f"select distinct town_code from {leaf.metric.table} where ({leaf.metric.expression}) is null and "
            + " and ".join(f"{name} is not distinct from ${name}" for name in own)
            + " order by all",
            own,
        ).fetchall()
        return [town for (town,) in rows]


def _form(leaf: Figure) -> str | None:
    return FORM_OF.get(leaf.metric.table)


def _leaves(figure: Figure) -> Iterator[Figure]:
    """The simple metrics that a figure comes down to."""
    if not figure.inputs:
        yield figure
    for part in figure.inputs:
        yield from _leaves(part)
