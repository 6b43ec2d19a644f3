"""What a night did, for the terminal, the artifacts and those who are told."""

import datetime as dt
from dataclasses import dataclass, field

import duckdb

from flows.counties import Counties
from flows.ingest.night import Night
from flows.publish.postgres import PostgresError
from flows.publish.release import Release
from flows.report.documents import Written
from flows.report.headline import Headline, headline
from flows.report.returning import Returned
from flows.report.wall_map.wall_map import WallMap
from flows.said import Said
from flows.settings import Settings


@dataclass
class NightResult:
    """What a night did, for the terminal and the artifacts."""

    night: Night
    release: Release
    headline: Headline | None
    # Rows rejected in current submissions: what a person has to look at, as at the files unread.
    rows_rejected: int
    issues: dict[str, int]
    rows_accepted: int
    rows_read: int
    # Nothing was new: the marts are those of an earlier night.
    is_unchanged: bool
    returned: Returned = field(default_factory=Returned)
    # Of a warehouse that holds several, each county's own release.
    counties: Counties = field(default_factory=Counties)
    wall_map: WallMap = field(default_factory=WallMap)
    documents: Written = field(default_factory=Written)
    seconds: dict[str, float] = field(default_factory=dict)
    # Why PostgreSQL does not have the release, where it should.
    postgres: PostgresError | None = None
    # That the machine's clock cannot be right.
    clock: Said | None = None

    @property
    def needs_a_person(self) -> bool:
        """Whether the exit code is 1."""
        failed = self.night.failed_corrections or self.returned.failed or self.wall_map.notes or self.documents.failed
        failed = failed or self.counties.failed
        return bool(self.rows_rejected or self.night.unread or failed or self.postgres or self.clock)


def result_of(settings: Settings, night: Night, release: Release, is_unchanged: bool) -> NightResult:
    """Return what a night did up to the release; what is made of the release is added by who makes it."""
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        read, accepted, rejected = connection.execute(
            """
            select coalesce(sum(rows_read), 0), coalesce(sum(rows_accepted), 0), coalesce(sum(rows_rejected), 0)
            from marts.fct_submission
            where status in ('current', 'rejected')
            """
        ).fetchone() or (0, 0, 0)
        issues = connection.execute(
            "select severity, count(*) from marts.fct_data_issue where submission = 'current' group by all"
        ).fetchall()
    return NightResult(
        night, release, headline(settings.marts), int(rejected), dict(issues), int(accepted), int(read),
        is_unchanged or release.is_unchanged,
    )  # fmt: skip


def latest_report(settings: Settings) -> dt.date | None:
    """Return the latest report date of the marts that were built; None where there is none."""
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        (day,) = connection.execute("select max(report_date) from marts.rpt_coverage_county").fetchone() or (None,)
    return day if isinstance(day, dt.date) else None
