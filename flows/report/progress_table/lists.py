"""The lists of the progress table: towns, and the villages and projects under each, read from the marts."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flows.publish.query import records
from flows.report.figures import Edition
from flows.report.progress_table.columns import Column
from schemas import forms
from schemas.vocabulary.supply import STATUS, WORKS_TYPE

NONE = "—"

_TOWNS = """
    select town_code, max(name) filter (where level = 'town') as name
    from (
        select town_code, level, name from dim_division where county_code = $county and town_code is not null
        {facts}
    )
    group by town_code order by town_code
"""
_FACTS = ("fct_coverage", "fct_annual_target", "fct_project_progress", "fct_funding", "fct_rural_population")
_OF_EDITION = "report_date = $day and county_code = $county"
_BY_MODE = f"""
    select distinct town_code, supply_mode from fct_coverage where {_OF_EDITION}
    union
    select distinct town_code, supply_mode from fct_annual_target where {_OF_EDITION}
"""

_VILLAGES = """
    select
        shown.town_code, committee.name as committee, coalesce(village.name, shown.village_code) as village,
        coalesce(shown.works_type, project.works_type) as works_type, project.project_name, shown.planned_finish,
        shown.finished_on, shown.status, shown.is_completed, shown.late_days, shown.reported_on, shown.figures
    from (
        select
            town_code, village_code, project_code, works_type, planned_finish, finished_on, status, is_completed,
            late_days, reported_on, {figures} as figures
        from fct_coverage where {edition} and supply_mode = $mode
        group by all
    ) as shown
    left join dim_division as village on shown.village_code = village.division_code
    left join dim_division as committee on village.parent_code = committee.division_code
    left join dim_project as project on shown.project_code = project.project_code
    order by shown.town_code, shown.village_code
"""
_PROJECTS = """
    select
        shown.* exclude (supply_mode, works_type, project_code), project.project_name, mode.name_zh as supply_mode,
        coalesce(shown.works_type, project.works_type) as works_type
    from (
        select
            town_code, project_code, supply_mode, works_type, water_source, approved_on, started_on, planned_finish,
            finished_on, accepted_on, current_stage, progress_rate, reported_on, min(source_row) as place,
            {figures} as figures
        from fct_project_progress where {edition}
        group by all
    ) as shown
    left join dim_project as project on shown.project_code = project.project_code
    left join dim_supply_mode as mode on shown.supply_mode = mode.supply_mode
    order by shown.town_code, mode.sort_order, shown.place, project.project_name
"""
_FUNDS = """
    select shown.town_code, project.project_name, shown.reported_on, shown.figures
    from (
        select town_code, project_code, reported_on, min(source_row) as place, {figures} as figures
        from fct_funding where {edition}
        group by all
    ) as shown
    left join dim_project as project on shown.project_code = project.project_code
    left join dim_supply_mode as mode on project.supply_mode = mode.supply_mode
    order by shown.town_code, mode.sort_order, shown.place, project.project_name
"""


@dataclass(frozen=True)
class Item:
    """A village or a project of a town.

    Attributes
    ----------
    shown
        Texts and days by column; None where the town owes them.
    figures
        The sheet's metrics of this one row, by column; None where the town owes them.
    reported_on
        The report that it stands in.
    is_late
        Whether it is marked.
    """

    shown: Mapping[str, Any]
    figures: Mapping[Column, Any]
    reported_on: dt.date
    is_late: bool = False


Items = Mapping[str, Sequence[Item]]  # by town


def towns(edition: Edition) -> dict[str, str]:
    """Code and name of every town, also of those that never reported, in the order of their codes."""
    facts = " ".join(
        f"union all select distinct town_code, null, null from {table} where {_OF_EDITION}" for table in _FACTS
    )
    rows = edition.con.execute(_TOWNS.format(facts=facts), _parameters(edition)).fetchall()
    return {code: name or code for code, name in rows}


def supply_modes(edition: Edition) -> dict[str, str]:
    """Code and name of the supply modes that the county plans, has targets for, or reports, in the usual order."""
    rows = edition.con.execute(
        f"""
        select supply_mode, name_zh from dim_supply_mode
        where supply_mode in (select supply_mode from ({_BY_MODE}))
        order by sort_order
        """,
        _parameters(edition),
    ).fetchall()
    return dict(rows)


def towns_of_mode(edition: Edition, mode: str) -> set[str]:
    """The towns that have villages or a target of a supply mode."""
    rows = edition.con.execute(
        f"select town_code from ({_BY_MODE}) where supply_mode = $mode", _parameters(edition, mode=mode)
    ).fetchall()
    return {code for (code,) in rows}


def funding_sources(edition: Edition) -> list[tuple[str, str]]:
    """Code and name of the funding sources, in the usual order."""
    return edition.con.execute("select funding_source, name_zh from dim_funding_source order by sort_order").fetchall()


def reported_on(edition: Edition, table: str) -> dict[str, dt.date]:
    """The report that each town's rows of a table stand in: the oldest, where they come from several."""
    rows = edition.con.execute(
        f"select town_code, min(reported_on) from {table} where {_OF_EDITION} group by town_code",
        _parameters(edition),
    ).fetchall()
    return dict(rows)


def villages(edition: Edition, mode: str, columns: Sequence[Column]) -> Items:
    """Return the villages of a supply mode."""
    items: defaultdict[str, list[Item]] = defaultdict(list)
    for row in _rows(edition, _VILLAGES, columns, mode=mode):
        is_completed, late_days = row["is_completed"], row["late_days"] or 0
        row |= {
            "works_type": _zh(WORKS_TYPE, row["works_type"]),
            "finished_on": row["finished_on"] if is_completed else row["finished_on"] or NONE,
            "status": _zh(STATUS, row["status"]),
            "remark": f"逾期{late_days}天{'完成' if is_completed else '，未完成'}" if late_days else NONE,
        }
        items[row["town_code"]].append(Item(row, row["figures"], row["reported_on"], late_days > 0))
    return items


def projects(edition: Edition, columns: Sequence[Column]) -> Items:
    """Return the projects of the towns' ledgers."""
    items: defaultdict[str, list[Item]] = defaultdict(list)
    for row in _rows(edition, _PROJECTS, columns):
        stage = row["current_stage"]
        row |= {
            "works_type": _zh(WORKS_TYPE, row["works_type"]),
            "stage": forms()["project_ledger"].fields[f"{stage}_on"].title if stage else NONE,
            **{name: row[name] or NONE for name in ("approved_on", "started_on", "finished_on", "accepted_on")},
        }
        items[row["town_code"]].append(Item(row, row["figures"], row["reported_on"]))
    return items


def funded_projects(edition: Edition, columns: Sequence[Column]) -> Items:
    """Return the projects of the towns' funding tables."""
    items: defaultdict[str, list[Item]] = defaultdict(list)
    for row in _rows(edition, _FUNDS, columns):
        items[row["town_code"]].append(Item(row, row["figures"], row["reported_on"]))
    return items


def _rows(edition: Edition, sql: str, columns: Sequence[Column], **more: str) -> list[dict[str, Any]]:
    """The rows of a list; what they show of a metric is computed as the metric itself is, over that one row."""
    metrics = edition.facts.metrics.all
    summed = [column for column in columns if column.is_summed and not metrics[str(column.metric)].inputs]
    parts = []
    for number, column in enumerate(summed):
        computed = metrics[str(column.metric)].numerator
        if column.where:
            tests = " and ".join(f"{name} = '{value}'" for name, value in column.where)
            condition = f"filter (where {tests})"
            # a project without a row of that kind has none of it
            computed = f"case when count(*) {condition} > 0 then {computed} {condition} else 0 end"
        parts.append(f"f{number} := {computed}")
    answer = edition.con.execute(
        sql.format(edition=_OF_EDITION, figures=f"struct_pack({', '.join(parts)})"), _parameters(edition, **more)
    )
    rows = records(answer)
    for row in rows:
        row["figures"] = dict(zip(summed, row["figures"].values(), strict=True))
    return rows


def _parameters(edition: Edition, **more: str) -> dict[str, object]:
    return {"day": edition.facts.report_date, "county": edition.facts.county_code, **more}


def _zh(vocabulary: Any, code: str | None) -> str:
    return vocabulary.zh(code) if code in vocabulary.terms else code or NONE
