"""The time of a run, which never goes back.

What is in force is decided by order: of two files of one path the one seen later counts, of two releases the later one
is current, and their history tells from when to when a figure stood. The machine's clock can be set back, by an empty
battery as by hand; a run then counts from the latest time on record, and says so.
"""

import datetime as dt
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb

from flows.publish.release import RUN_TIME, read_manifest
from flows.runlog import SUFFIX
from flows.said import Said

_STEP = dt.timedelta(seconds=1)


@dataclass(frozen=True)
class Moment:
    """When a run takes place.

    Attributes
    ----------
    at
        Its time, later than that of any run before it.
    clock
        What the machine's clock showed; both with the time zone.
    """

    at: dt.datetime
    clock: dt.datetime

    @property
    def warning(self) -> Said | None:
        """What to say of a clock that shows less than is on record; None where it does not."""
        if self.at <= self.clock:
            return None
        clock, at = (f"{time:%Y-%m-%d %H:%M:%S}" for time in (self.clock, self.at))
        return Said(
            f"本机时钟为 {clock}，早于已有记录，可能被调慢。本次按 {at} 记，请校准时钟（见 docs/operations.md）。",
            f"This machine's clock shows {clock}, earlier than what is on record: it may have been set back. The run "
            f"counts as of {at}; set the clock right (see docs/operations.md).",
        )


def moment(warehouse: Path, published: Path, logs: Path, clock: dt.datetime) -> Moment:
    """Return the time of a run that starts now.

    Parameters
    ----------
    warehouse, published, logs
        Where files, releases and runs are on record; none need be there.
    clock
        What the machine's clock shows, with its time zone.
    """
    latest = max((*_seen(warehouse), *_published(published), *_begun(logs)), default=clock - _STEP)
    return Moment(max(clock, latest + _STEP).astimezone(), clock)


def _seen(warehouse: Path) -> Iterator[dt.datetime]:
    if not warehouse.is_file():
        return
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            found = connection.execute("select max(first_seen_at) from landing.file").fetchone()
    except (duckdb.IOException, duckdb.CatalogException):
        return  # another program holds it, which the run finds out and says; or nothing was ever landed
    if found and found[0]:
        yield found[0].astimezone()  # landing has the machine's local time


def _published(published: Path) -> Iterator[dt.datetime]:
    for folder in (published, *(published / "releases").glob("*")):
        if release := read_manifest(folder):
            yield release.published_at


def _begun(logs: Path) -> Iterator[dt.datetime]:
    """When runs began, by the names of their logs; of those that failed there may be no other record."""
    for log in logs.glob(f"*{SUFFIX}"):
        with suppress(ValueError):
            yield dt.datetime.strptime(log.name.rpartition("-")[0], RUN_TIME).astimezone()
