"""The nightly flow: Prefect's names, retries and artifacts around plain functions that know nothing of it."""

import datetime as dt
import hashlib
import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import duckdb
from prefect import flow, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State, TaskRun
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.tasks import Task

from flows import terminal, transform
from flows.ingest.guard import Refused
from flows.ingest.night import Night, Options, ingest
from flows.publish.build import PublishError
from flows.publish.postgres import PostgresError, Published, publish_release
from flows.publish.release import Release, Run, code_version, note_failure, publish, read_manifest
from flows.report import documents
from flows.report.documents import Written
from flows.report.headline import Headline, headline
from flows.report.returning import Returned, bring_up_to_date
from flows.report.wall_map.cells import read_addresses
from flows.report.wall_map.wall_map import WallMap, write_wall_map
from flows.rubric import Line, read_rubric
from flows.said import Said
from flows.settings import Settings

STAMP = "built.json"
Done = TypeVar("Done")


@dataclass
class NightResult:
    """What a night did, for the terminal and the artifacts."""

    night: Night
    release: Release
    headline: Headline | None
    # Rows rejected in current submissions, and files that hold no table of ours: what a person has to look at.
    rows_rejected: int
    files_refused: list[tuple[str, str]]
    issues: dict[str, int]
    rows_accepted: int
    rows_read: int
    # Nothing was new: the marts are those of an earlier night.
    is_unchanged: bool
    returned: Returned = field(default_factory=Returned)
    wall_map: WallMap = field(default_factory=WallMap)
    documents: Written = field(default_factory=Written)
    seconds: dict[str, float] = field(default_factory=dict)
    # Why PostgreSQL does not have the release, where it should.
    postgres: PostgresError | None = None

    @property
    def needs_a_person(self) -> bool:
        """Whether the exit code is 1."""
        failed = self.night.failed_corrections or self.returned.failed or self.wall_map.notes or self.documents.failed
        return bool(self.rows_rejected or self.files_refused or failed or self.postgres)


def _can_pass(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """A retry helps against a locked file or a network folder that is away, not against bad SQL or bad settings."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, transform.TransformError):
        return terminal.is_locked(error)
    if isinstance(error, PostgresError):
        return error.can_pass
    return isinstance(error, OSError | duckdb.IOException | PublishError) and not isinstance(error, FileNotFoundError)


_RETRY: dict[str, Any] = {
    "retries": 2,
    "retry_delay_seconds": [5, 30],
    "retry_condition_fn": _can_pass,
    "cache_policy": NO_CACHE,
}


@task(name="ingest", **_RETRY)
def ingest_inbox(settings: Settings, now: dt.datetime, reread: bool) -> Night:
    """Read what is new in the inbox into landing."""
    options = Options(settings.limits, settings.processes, reread, settings.corrections_file)
    with terminal.reading(settings.lang) as progress:
        return ingest(settings.raw, settings.warehouse, options, now, progress)


@task(name="transform", **_RETRY)
def build_marts(
    settings: Settings, as_of: dt.date | None, rubric: list[Line], full_refresh: bool
) -> transform.TransformResult:
    """Rebuild staging, intermediate and marts, and test them."""
    return transform.build(
        settings.warehouse, settings.work, as_of=as_of, rubric=rubric, full_refresh=full_refresh
    )  # fmt: skip


@task(name="publish", **_RETRY)
def publish_marts(settings: Settings, run: Run) -> Release:
    """Swap the new release in."""
    return publish(settings.warehouse, settings.published, run, kept=settings.releases_kept)


@task(name="return", **_RETRY)
def return_workbooks(settings: Settings) -> Returned:
    """Bring the annotated copies up to date with the marts."""
    return bring_up_to_date(
        settings.warehouse, settings.raw, settings.returned, code_version(), settings.limits, settings.processes,
    )  # fmt: skip


@task(name="wall map", **_RETRY)
def draw_wall_map(settings: Settings) -> WallMap:
    """Write the wall map of what is published."""
    addresses = read_addresses(settings.warehouse)
    return write_wall_map(settings.marts, settings.published, settings.lang, addresses, settings.town_boundaries)


@task(name="documents", **_RETRY)
def write_documents(settings: Settings) -> documents.Written:
    """Write the documents of the report dates whose figures changed."""
    return documents.bring_up_to_date(settings.marts, settings.warehouse, settings.documents, code_version())


@task(name="postgres", **_RETRY)
def publish_to_postgres(settings: Settings) -> Published:
    """Bring the PostgreSQL database of the settings to the release."""
    assert settings.postgres
    return publish_release(settings.published, settings.postgres.get_secret_value())


@flow(name="gongshui-nightly", validate_parameters=False)
def nightly(settings: Settings, as_of: dt.date | None = None, reread: bool = False) -> NightResult:
    """One night: ingest, transform, publish, return.

    Parameters
    ----------
    settings : Settings
        Folders, limits, language.
    as_of : datetime.date, optional
        Build the marts as they were known on that day.
    reread : bool
        Read every file of the inbox again.

    Returns
    -------
    NightResult
        Counts, headline and the release.
    """
    rubric = read_rubric(settings.rubric, settings.limits)
    now = dt.datetime.now().astimezone()
    run = Run.starting(as_of or now.date(), now)
    seconds: dict[str, float] = {}
    try:
        night = _timed(seconds, "ingest", lambda: ingest_inbox(settings, now.replace(tzinfo=None), reread))
        stamp = _stamp(settings.warehouse, as_of, rubric)
        release = read_manifest(settings.published)
        is_unchanged = release is not None and release.status == "published" and _is_built(settings, stamp)
        if release is None or not is_unchanged:
            _timed(seconds, "transform", lambda: build_marts(settings, as_of, rubric, reread))
            run = Run(run.id, as_of or _latest_report(settings.warehouse) or now.date(), now)
            release = _timed(seconds, "publish", lambda: publish_marts(settings, run))
            (settings.work / STAMP).write_text(json.dumps(stamp), encoding="utf-8")
    except Exception as error:
        note_failure(settings.published, run, str(error))
        raise
    returned = _timed(seconds, "return", lambda: _returned(settings))
    wall_map = _timed(seconds, "wall_map", lambda: _wall_map(settings))
    written = _timed(seconds, "documents", lambda: _documents(settings))
    result = _result(settings, night, release, is_unchanged, returned, wall_map, written, seconds)
    if settings.postgres:
        result.postgres = _timed(seconds, "postgres", lambda: _postgres(settings))
    _leave_artifacts(settings, result)
    return result


def run_night(settings: Settings, as_of: dt.date | None, reread: bool) -> NightResult:
    """Run the flow in this process; a Prefect server must be there (`flows.local_server`)."""
    # Leaving a flow waits 0.8 s for its heartbeat, which nobody watches here.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}):
        return nightly(settings, as_of, reread)


def drain() -> None:
    """Hand over what Prefect still has to tell its server; else leaving hangs on a server that is gone."""
    EventsWorker.drain_all(timeout=10)
    APILogWorker.drain_all(timeout=10)


def _returned(settings: Settings) -> Returned:
    """The marts are published: what keeps the copies from being written is said, and fails nothing."""
    try:
        return return_workbooks(settings)
    except (OSError, duckdb.Error) as error:
        return Returned(failed=[(str(settings.returned), Refused("unwritable", str(error), str(error)))])


def _wall_map(settings: Settings) -> WallMap:
    """The marts are published: what keeps the map from being written, whatever it is, is said, and fails nothing."""
    drawn = draw_wall_map(settings, return_state=True).result(raise_on_failure=False)
    if isinstance(drawn, WallMap):
        return drawn
    stands = Said(f"作战图没有写成，原有的未改动：{drawn}", f"not written; the one before stands: {drawn}")
    return WallMap(notes=[stands])


def _documents(settings: Settings) -> documents.Written:
    """The marts are published: what keeps documents from being written is said, and fails nothing."""
    written = write_documents(settings, return_state=True).result(raise_on_failure=False)
    if isinstance(written, documents.Written):
        return written
    return documents.Written(
        failed=[
            Said(
                f"文件没有写成，原有的未改动。请排除后运行 gongshui report：{written}",
                f"the documents were not written, those before stand; mend it and run gongshui report: {written}",
            )
        ]
    )


def _postgres(settings: Settings) -> PostgresError | None:
    """The marts are published: what keeps them from PostgreSQL is said, and fails nothing."""
    done = publish_to_postgres(settings, return_state=True).result(raise_on_failure=False)
    if isinstance(done, Published | PostgresError):
        return done if isinstance(done, PostgresError) else None
    return PostgresError(str(done), str(done))


def _timed(seconds: dict[str, float], name: str, step: Callable[[], Done]) -> Done:
    started = time.perf_counter()
    done = step()
    seconds[name] = time.perf_counter() - started
    return done


def _stamp(warehouse: Path, as_of: dt.date | None, rubric: list[Line]) -> dict[str, object]:
    """What the marts are made of: the files landed, the day asked for, the county's rubric and the code."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        files = connection.execute(
            "select path, file_sha256, status, master_version, corrections_version, pipeline_version from landing.file "
            "order by all"
        ).fetchall()
    digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    return {"landing": digest, "as_of": str(as_of), "rubric": rubric, "code": code_version()}


def _is_built(settings: Settings, stamp: dict[str, object]) -> bool:
    try:
        built = json.loads((settings.work / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        (tables,) = connection.execute(
            "select count(*) from information_schema.tables where table_schema = 'marts'"
        ).fetchone() or (0,)
    return bool(tables) and settings.marts.is_file() and built == stamp


def _latest_report(warehouse: Path) -> dt.date | None:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        (day,) = connection.execute("select max(report_date) from marts.rpt_coverage_county").fetchone() or (None,)
    return day if isinstance(day, dt.date) else None


def _result(
    settings: Settings,
    night: Night,
    release: Release,
    is_unchanged: bool,
    returned: Returned,
    wall_map: WallMap,
    written: documents.Written,
    seconds: dict[str, float],
) -> NightResult:
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        refused = connection.execute(
            f"""
            select path, {"coalesce(reason_en, reason)" if settings.lang == "en" else "reason"}
            from landing.file
            where status in ('refused', 'unrecognised')
            order by path
            """
        ).fetchall()
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
        night, release, headline(settings.marts), int(rejected), refused, dict(issues), int(accepted), int(read),
        is_unchanged or release.is_unchanged, returned, wall_map, written, seconds,
    )  # fmt: skip


def _leave_artifacts(settings: Settings, result: NightResult) -> None:
    """Leave the night's submissions and headline with Prefect."""
    create_table_artifact(
        key="submissions",
        table=[
            {
                "文件": outcome.path,
                "状态": terminal.status_name(outcome.status, "zh"),
                "入库行数": outcome.accepted,
                "退回行数": outcome.rejected,
                "错误": outcome.issues["error"],
                "提醒": outcome.issues["warn"],
                "说明": outcome.reason or "",
            }
            for outcome in result.night.outcomes
        ],
        description="今夜收到的报表",
    )
    create_markdown_artifact(
        key="headline", markdown=terminal.headline_markdown(result.headline), description="主要数字"
    )
