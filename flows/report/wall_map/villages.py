"""The villages at every report date with their states, and what is told of them: cells, visits, issues.

A thing that many rows share stands once in a list, and the rows hold its place there: villages, facts, files.
"""

from collections.abc import Hashable, Mapping
from typing import Any

import duckdb

from flows.publish.query import records
from flows.report.wall_map.jsonable import plain
from flows.report.wall_map.states import doubt_bits, state_number
from flows.said import Lang

Address = tuple[str, str, int, str]  # source_id, sheet, row, village_code
Addresses = Mapping[Address, Mapping[str, str]]  # field → cell

# The fields whose cells are named in a village's details.
SHOWN = (
    "status population households planned_finish finished_on supply_mode project_name households_connected "
    "population_supplied".split()
)

# One village under one supply mode at one report date, and each village that was rejected and counts nowhere.
VILLAGES = """
with

found as (

    select
        source_id,
        object as village_code,
        bool_or(severity in ('error', 'warn')) as is_flagged,
        bool_or(rule = 'R24') as is_untested
    from fct_data_issue
    where form = 'village_progress' and submission = 'current'
    group by all

),

counted as (

    select
        coverage.*,
        visit.has_water,
        false as is_rejected,
        coverage.is_completed and coalesce(visit.reported_completed and not visit.has_water, false) as is_contradicted,
        coalesce(found.is_flagged, false) as is_flagged,
        coverage.is_completed and coalesce(found.is_untested, false) as is_untested
    from fct_coverage as coverage
    left join found using (source_id, village_code)
    left join fct_verification as visit using (report_date, village_code)

),

-- the report that each town stands with at each report date of its county
reports as (

    select
        calendar.report_date,
        submission.town_code,
        max(submission.report_date) as reported_on
    from (select distinct report_date, county_code from rpt_coverage_county) as calendar
    inner join fct_submission as submission
        on
            calendar.county_code = submission.county_code
            and submission.report_date <= calendar.report_date
    where submission.form = 'village_progress' and submission.status in ('current', 'rejected')
    group by all

),

rejected as (

    select
        reports.report_date,
        reports.reported_on,
        issue.county_code,
        issue.town_code,
        issue.object as village_code,
        any_value(issue.source_id order by issue.issue_id) as source_id,
        any_value(issue.file order by issue.issue_id) as source_file,
        any_value(issue.sheet order by issue.issue_id) as source_sheet,
        any_value(issue.row order by issue.issue_id) as source_row,
        true as is_rejected
    from fct_data_issue as issue
    inner join reports on issue.town_code = reports.town_code and issue.report_date = reports.reported_on
    where
        issue.is_row_rejected
        and issue.form = 'village_progress'
        and issue.submission = 'current'
        and not exists (
            select 1 from fct_coverage as coverage
            where coverage.report_date = reports.report_date and coverage.village_code = issue.object
        )
    group by all

)

select * from counted
union all by name
select * from rejected
"""

_LINES = f"""
select
    villages.report_date, villages.village_code, villages.town_code, villages.supply_mode, project.project_name,
    villages.status, villages.households, villages.population, villages.households_connected,
    villages.population_supplied, villages.planned_finish, villages.finished_on, villages.reported_on,
    villages.late_days, villages.source_id, villages.source_file, villages.source_sheet, villages.source_row,
    {state_number()} as state,
    {doubt_bits()} as doubts
from ({VILLAGES}) as villages
left join dim_project as project using (project_code)
order by report_date, town_code, village_code, supply_mode
"""

_VISITS = """
select
    report_date, village_code, inspected_on, has_water, reported_completed, population_reported, population_verified,
    source_id, source_file, source_sheet, source_row
from fct_verification
order by village_code, report_date
"""

# What was found in the rows of villages; R24 and the visits are told from the village itself.
_ISSUES = """
select object as village_code, source_id, file, sheet, row, cell, rule, severity, printed_value, message_zh, message_en
from fct_data_issue
where form = 'village_progress' and submission = 'current' and rule <> 'R24' and object <> '*'
order by village_code, report_date, rule, cell
"""

# What was found in a town's report as a whole: copied forward, say.
_TOWN_ISSUES = """
select town_code, source_id, file, sheet, row, cell, rule, message_zh, message_en
from fct_data_issue
where
    form = 'village_progress' and submission = 'current' and object = '*' and severity in ('error', 'warn')
order by town_code, report_date, rule
"""

DIVISIONS = """
select division.division_code, division.level, division.name, parent.name as parent_name, division.town_code
from dim_division as division
left join dim_division as parent on division.parent_code = parent.division_code
where division.level in ('town', 'village')
order by division.division_code
"""


class Pool:
    """A list in which equal things stand once; a thing is told by its place."""

    def __init__(self) -> None:
        self.things: list[Any] = []
        self._places: dict[Hashable, int] = {}

    def place(self, thing: Any, key: Hashable = None) -> int:
        """Return where a thing stands, by its key where it cannot be one itself."""
        key = thing if key is None else key
        if key not in self._places:
            self._places[key] = len(self.things)
            self.things.append(thing)
        return self._places[key]


class Lines:
    """The villages at every report date, and what is told of them, sharing villages, facts and places."""

    def __init__(self, con: duckdb.DuckDBPyConnection, addresses: Addresses, lang: Lang) -> None:
        self._addresses, self._message = addresses, f"message_{lang}"
        self._divisions = {row["division_code"]: row for row in records(con.execute(DIVISIONS))}
        self._villages, self._facts, self._projects, self._sheets = Pool(), Pool(), Pool(), Pool()
        self._files, self._columns, self._texts = Pool(), Pool(), Pool()
        self._days: dict[str, list[list[Any]]] = {}
        for (day,) in con.execute("select distinct report_date from rpt_coverage_county order by 1").fetchall():
            self._days[day.isoformat()] = []
        for row in records(con.execute(_LINES)):
            self._days[row["report_date"].isoformat()].append(self._line(row))
        self._visits = self._pack_visits(con)
        self._issues = [self._issue(row) for row in records(con.execute(_ISSUES))]
        self._town_issues = [
            [row["town_code"], self._files.place(row["file"]), row["rule"], self._message_of(row)]
            for row in records(con.execute(_TOWN_ISSUES))
        ]

    @property
    def dates(self) -> list[str]:
        """Every report date, ISO, in order."""
        return list(self._days)

    def as_json(self) -> dict[str, Any]:
        """Return the page's lists: the days hold rows of fact, state, doubts, days late, sheet and row."""
        return {
            "villages": self._villages.things,
            "project_names": self._projects.things,
            "facts": self._facts.things,
            "files": self._files.things,
            "columns": self._columns.things,
            "sheets": self._sheets.things,
            "days": self._days,
            "visits": self._visits,
            "issues": self._issues,
            "town_issues": self._town_issues,
            "texts": self._texts.things,
        }

    def _village(self, code: str, town_code: str | None) -> int:
        division = self._divisions.get(code, {})
        # a village that is in no master list is told by what the table prints of it: ?committee/village
        committee, _, name = code.removeprefix("?").rpartition("/")
        name, committee = division.get("name") or name or code, division.get("parent_name") or committee
        return self._villages.place((code, name, committee, town_code))

    def _line(self, row: dict[str, Any]) -> list[Any]:
        project = row["project_name"]
        fact = (
            self._village(row["village_code"], row["town_code"]),
            row["supply_mode"],
            None if project is None else self._projects.place(project),
            *(plain(row[name]) for name in _FACT[3:]),
        )
        place = [self._sheet(row), row["source_row"]]
        return [self._facts.place(fact), row["state"], row["doubts"] or 0, row["late_days"] or 0, *place]

    def _sheet(self, row: dict[str, Any]) -> int:
        """The file and sheet of a row and its columns: a cell in the row's own line is told by its column alone."""
        at = (row["source_id"], row["source_sheet"], row["source_row"], row["village_code"])
        line = str(row["source_row"])
        cells = {
            field: cell.removesuffix(line) if _is_in_line(cell, line) else cell
            for field, cell in self._addresses.get(at, {}).items()
        }
        return self._sheets.place((
            self._files.place(row["source_file"]), row["source_sheet"], plain(row.get("reported_on")),
            self._columns.place(cells, tuple(cells.items())),
        ))  # fmt: skip

    def _pack_visits(self, con: duckdb.DuckDBPyConnection) -> list[list[Any]]:
        """Each visit from the first report date on at which it is a village's latest."""
        visits: list[list[Any]] = []
        for row in records(con.execute(_VISITS)):
            day, *told = (plain(row[name]) for name in list(row)[:7])
            known = self._divisions.get(row["village_code"], {})
            visit = [self._village(row["village_code"], known.get("town_code")), *told[1:]]
            visit += [self._sheet(row), row["source_row"]]
            if not visits or visits[-1][1:] != visit:
                visits.append([day, *visit])
        return visits

    def _issue(self, row: dict[str, Any]) -> list[Any]:
        known = self._divisions.get(row["village_code"], {})
        return [
            self._village(row["village_code"], known.get("town_code")),
            self._files.place(row["file"]),
            row["sheet"],
            row["cell"],
            row["rule"],
            row["severity"],
            self._message_of(row),
        ]

    def _message_of(self, row: Mapping[str, Any]) -> int:
        return self._texts.place(_without_place(row[self._message] or "", row))


_FACT = (
    "village supply_mode project status households population households_connected population_supplied planned_finish "
    "finished_on".split()
)


def _is_in_line(cell: str, line: str) -> bool:
    return cell.rstrip("0123456789") + line == cell


def _without_place(message: str, row: Mapping[str, Any]) -> str:
    """A message without the file, sheet and cell that it begins with: the page shows them by themselves."""
    file, sheet, cell = row["file"], row["sheet"], row["cell"]
    for before in (
        f"《{file}》“{sheet}”{cell}：",
        f"《{file}》“{sheet}”第{row['row']}行：",
        f"《{file}》“{sheet}”：",
        f"《{file}》：",
        f"{file} “{sheet}” {cell}: ",
        f"{file} “{sheet}” row {row['row']}: ",
        f"{file} “{sheet}”: ",
        f"{file}: ",
    ):
        if message.startswith(before):
            return message.removeprefix(before)
    return message
