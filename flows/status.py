"""How things stand, for the person in charge: the last run, what towns reported, what needs a person, the disk.

Nothing here waits for a run that is going on: the marts are read as they are published, the rest from logs and notes.
"""

import datetime as dt
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import duckdb
from cronsim import CronSim, CronSimError

from flows.lock import SERVING, Holder, holder
from flows.publish.query import NoRelease, QueryError, connect, records
from flows.publish.release import Release, read_manifest
from flows.runlog import SUFFIX, Outcome, read
from flows.settings import Settings

# The form that a town is held to report in time (docs/rubric.md, timeliness).
_PUNCTUAL_FORM = "village_progress"
# Growth is that of so many of the latest runs.
_RUNS = 30

# A report is due on the day after the county's latest report date, as in fct_submission.days_late.
_TOWNS = """
with

latest as (

    select
        *,
        max(report_date) over (partition by county_code) + 1 as due_on
    from meta.freshness
    where form = $form

),

rejected as (

    select
        town_code,
        sum(rows_rejected) as rows_rejected
    from fct_submission
    where status in ('current', 'rejected')
    group by town_code

)

select
    latest.town_code,
    latest.town_name,
    latest.report_date,
    latest.received_on,
    $today - latest.report_date as days_old,
    if(latest.report_date + 1 = latest.due_on, 0, greatest($today - latest.due_on, 0)) as overdue_days,
    cast(coalesce(rejected.rows_rejected, 0) as bigint) as rows_rejected
from latest
left join rejected on latest.town_code = rejected.town_code
order by latest.town_code
"""


@dataclass(frozen=True)
class LastRun:
    """The run that began last.

    Attributes
    ----------
    run_id
        As in its log and in the manifest of what it published.
    began_at
        By the machine's clock.
    outcome
        How it ended; `running`, or `killed` where its log has no end.
    seconds
        How long it took, once it ended.
    reason
        Why it failed.
    """

    run_id: str
    began_at: dt.datetime
    outcome: Outcome | Literal["running", "killed"]
    seconds: float | None = None
    reason: str | None = None


@dataclass
class Disk:
    """Bytes: free, of all data, of each of its parts, and by how much the data grows a run (None: not known yet)."""

    free: int
    data: int
    parts: dict[str, int] = field(default_factory=dict)
    growth: int | None = None


@dataclass
class Stands:
    """How things stand.

    Attributes
    ----------
    at
        When it was asked.
    last_run
        None before the first.
    holder
        Who writes to the data folder now.
    release
        What is published; None before anything is.
    serving, next_run
        Who starts the nights, and when it does next; None where no `gongshui serve` is up.
    towns
        Of each town the latest report, its age and lateness in days, and the rows rejected.
    unread
        Files that the last run that ended could not read, each with the reason (`path`, `zh`, `en`).
    disk
        None where there is no data folder yet.
    """

    at: dt.datetime
    last_run: LastRun | None = None
    holder: Holder | None = None
    release: Release | None = None
    serving: Holder | None = None
    next_run: dt.datetime | None = None
    towns: list[dict[str, Any]] = field(default_factory=list)
    unread: list[dict[str, str]] = field(default_factory=list)
    disk: Disk | None = None

    @property
    def needs_a_person(self) -> bool:
        """Whether the last run failed or left something to do, or something is open."""
        is_bad = self.last_run is not None and self.last_run.outcome not in ("done", "running")
        return is_bad or bool(self.unread) or any(town["rows_rejected"] for town in self.towns)


def stands(settings: Settings, now: dt.datetime) -> Stands:
    """Return how things stand.

    Parameters
    ----------
    settings
        Folders.
    now
        By the machine's clock, with its time zone.
    """
    if not settings.data.is_dir():
        return Stands(now)
    found = Stands(now, holder=holder(settings.data), serving=holder(settings.data, SERVING))
    logs = [lines for file in sorted(settings.logs.glob(f"*{SUFFIX}"))[-_RUNS:] if (lines := read(file))]
    ends = [end for lines in logs if (end := lines[-1])["event"] == "end"]
    found.last_run = _last_run(logs[-1], found.holder) if logs else None
    found.unread = next((end["files_unread"] for end in reversed(ends) if "files_unread" in end), [])
    found.release = read_manifest(settings.published)
    found.next_run = _next(found.serving.said, now) if found.serving else None
    found.towns = _towns(settings.marts, now.date())
    found.disk = _disk(settings.data, [end["data_bytes"] for end in ends if "data_bytes" in end])
    return found


def _last_run(lines: list[dict[str, Any]], holder: Holder | None) -> LastRun:
    first, last = lines[0], lines[-1]
    began_at = dt.datetime.fromisoformat(first["at"])
    if last["event"] == "end":
        return LastRun(first["run_id"], began_at, last["outcome"], last["seconds"], last.get("reason"))
    # who took the lock later came after a run that was killed
    is_writing = holder is not None and holder.since.replace(microsecond=0) <= began_at
    return LastRun(first["run_id"], began_at, "running" if is_writing else "killed")


def _next(schedule: dict[str, str], now: dt.datetime) -> dt.datetime | None:
    with suppress(CronSimError, ZoneInfoNotFoundError, KeyError, StopIteration):
        return next(CronSim(schedule["cron"], now.astimezone(ZoneInfo(schedule["timezone"]))))
    return None


def _towns(marts: Path, today: dt.date) -> list[dict[str, Any]]:
    try:
        with connect(marts) as con:
            return records(con.execute(_TOWNS, {"form": _PUNCTUAL_FORM, "today": today}))
    except (NoRelease, QueryError, duckdb.CatalogException):
        return []  # nothing published yet, or by a program that did not publish it


def _disk(data: Path, earlier: list[int]) -> Disk:
    parts = {path.name: size_of(path) for path in sorted(data.iterdir())}
    growth = (earlier[-1] - earlier[0]) // (len(earlier) - 1) if len(earlier) > 1 else None
    return Disk(shutil.disk_usage(data).free, sum(parts.values()), parts, growth)


def size_of(path: Path) -> int:
    """Return the bytes of a file, or of all files in a folder; what goes meanwhile has none."""
    return sum(_sizes(path))


def _sizes(path: Path) -> Iterator[int]:
    found = [Path(parent, name) for parent, _, names in os.walk(path) for name in names]
    for file in found or [path]:
        with suppress(OSError):
            yield os.lstat(file).st_size
