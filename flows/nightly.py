"""The nightly flow: Prefect's names, retries and artifacts around plain functions that know nothing of it."""

import datetime as dt
import socket
import sys
import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from uuid import UUID
from zoneinfo import ZoneInfo

import duckdb
import fastapi.encoders  # noqa: F401  Prefect imports it when a flow starts; here it loads beside the server
from prefect import Flow, flow, get_client, runtime, tags, task
from prefect.artifacts import create_markdown_artifact, create_table_artifact
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterExpectedStartTime,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import FlowRun, State, StateType, TaskRun
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.logging.loggers import flow_run_logger
from prefect.settings import PREFECT_FLOWS_HEARTBEAT_FREQUENCY, temporary_settings
from prefect.states import Cancelled
from prefect.tasks import Task

from flows import artifacts, counties, notify, runlog, terminal, transform
from flows.built import is_built, made_of, note_built
from flows.causes import cause, is_locked
from flows.clock import moment
from flows.counties import Counties
from flows.ingest.guard import Refused
from flows.ingest.night import SETTLE_SECONDS, Night, Options, ingest
from flows.lock import hold
from flows.night_result import NightResult, latest_report, result_of
from flows.publish.build import PublishError
from flows.publish.postgres import PostgresError, publish_release
from flows.publish.query import NoRelease
from flows.publish.release import Release, Run, code_version, note_failure, publish, read_manifest
from flows.report import documents
from flows.report.documents import Written
from flows.report.headline import Headline, headline
from flows.report.returning import Returned, bring_up_to_date
from flows.report.wall_map.cells import read_addresses
from flows.report.wall_map.wall_map import WallMap, write_wall_map
from flows.rubric import Line, read_rubric
from flows.said import Said, said_by
from flows.settings import BadSetting, Settings, read_settings
from flows.spark import night as spark
from flows.spark.warehouse import check_engine
from flows.status import size_of
from schemas.personal import without_numbers

Done = TypeVar("Done")
Failed = TypeVar("Failed")

# A scheduled night waits so long, in seconds, for a run by hand to end.
_PATIENCE = 3600.0
# A night that begins later than this was missed.
_LATE = dt.timedelta(hours=1)


def _can_pass(_task: Task[Any, Any], _run: TaskRun, state: State[Any]) -> bool:
    """A retry helps against a locked file or a network folder that is away, not against bad SQL or bad settings."""
    error = state.result(raise_on_failure=False)
    if isinstance(error, transform.TransformError):
        return is_locked(error)
    if isinstance(error, PostgresError):
        return error.can_pass
    if isinstance(error, TimeoutError) and error.errno is None:  # of a step: another try would take as long
        return False
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
    options = Options(settings.limits, settings.processes, reread, settings.corrections_file, SETTLE_SECONDS)
    with terminal.reading(settings.lang) as progress:
        if settings.engine == "spark":
            return spark.read_inbox(settings, options, now, progress)
        check_engine(settings.warehouse, is_spark=False)
        return ingest(settings.raw, settings.warehouse, options, now, progress)


@task(name="transform", **_RETRY)
def build_marts(
    settings: Settings, as_of: dt.date | None, rubric: list[Line], full_refresh: bool
) -> transform.TransformResult:
    """Rebuild staging, intermediate and marts, and test them."""
    if settings.engine == "spark":
        return spark.build_marts(settings, as_of, rubric)
    return transform.build(
        settings.warehouse, settings.work, as_of=as_of, rubric=rubric, full_refresh=full_refresh,
        memory_gb=settings.memory_gb,
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


@task(name="counties", **_RETRY)
def publish_counties(settings: Settings) -> Counties:
    """Make the releases of the counties that changed, where there are several."""
    return counties.bring_up_to_date(settings)


@task(name="wall_map", **_RETRY)
def draw_wall_map(settings: Settings) -> WallMap:
    """Write the wall map of what is published."""
    addresses = read_addresses(settings.warehouse)
    return write_wall_map(settings.marts, settings.published, settings.lang, addresses, settings.town_boundaries)


@task(name="documents", **_RETRY)
def write_documents(settings: Settings) -> Written:
    """Write the documents of the report dates whose figures changed."""
    return documents.bring_up_to_date(settings.marts, settings.warehouse, settings.documents, code_version())


@task(name="postgres", **_RETRY)
def publish_to_postgres(settings: Settings) -> None:
    """Bring the PostgreSQL database of the settings to the release."""
    assert settings.postgres
    publish_release(settings.published, settings.postgres.get_secret_value())


class _Steps:
    """Runs the steps of a night, each within its time, and notes how long each took."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.seconds: dict[str, float] = {}

    def run(self, step: Task[..., Done], *arguments: object) -> Done:
        """Run a step; what keeps it from being done fails the night."""
        return self._outcome(step, *arguments).result()

    def try_(self, step: Task[..., Done], otherwise: Callable[[Exception], Failed]) -> Done | Failed:
        """Run a step; what keeps it from being done, whatever it is, is said, and fails nothing: the marts are out."""
        done = self._outcome(step).result(raise_on_failure=False)
        return otherwise(done) if isinstance(done, Exception) else done

    def _outcome(self, step: Task[..., Done], *arguments: object) -> State[Done]:
        started = time.perf_counter()
        timed: Callable[..., State[Done]] = step.with_options(timeout_seconds=self.settings.step_hours * 3600)
        state = timed(self.settings, *arguments, return_state=True)
        self.seconds[step.name] = time.perf_counter() - started
        runlog.note("step", step=step.name, seconds=round(self.seconds[step.name], 3), state=state.name)
        return state


def tell(flow: Flow[..., Any], flow_run: FlowRun, state: State[Any]) -> None:
    """Tell those whom the settings name how a night ended; that it cannot be told is said, and fails nothing."""
    try:
        settings = _settings_of(flow_run.parameters)
    except BadSetting as error:  # since the nights are served; who is to be told, nobody knows
        print(error.sentence(flow_run.parameters["lang"]), file=sys.stderr)
        return
    end = state.result(raise_on_failure=False)
    result = end if isinstance(end, NightResult) else None
    if result is None and flow_run.deployment_id and isinstance(end, Exception):  # else the command says it
        print(terminal.explain(end, settings) or f"{type(end).__name__}: {end}", file=sys.stderr)
    ending: notify.Ending = "failed" if result is None else "needs_a_person" if result.needs_a_person else "done"
    if not settings.notify.is_told_of(ending):
        return
    why = cause(end) if isinstance(end, BaseException) else None
    place = f"{socket.gethostname()} {settings.data}"
    for unsent in notify.send(settings.notify, *notify.message(ending, flow_run.name, place, result, why)):
        flow_run_logger(flow_run, flow).error(unsent.told(settings.lang))
        print(unsent.told(settings.lang), file=sys.stderr)


def _settings_of(parameters: Mapping[str, Any]) -> Settings:
    return read_settings(**{name: parameters[name] for name in ("raw", "data", "lang")})


def _name() -> str:
    """What a run is called: by the day it was due, or the day whose knowledge it computes with."""
    given = runtime.flow_run.parameters
    try:
        settings = _settings_of(given)
        lang, zone = settings.lang, ZoneInfo(settings.time_zone)
    except BadSetting:  # the run itself fails of it, and says so
        lang, zone = given["lang"], None
    due = runtime.flow_run.scheduled_start_time.astimezone(zone)
    is_late = dt.datetime.now(dt.UTC) - due > _LATE
    if as_of := given.get("as_of"):
        said = Said(f"{due:%F} 按{as_of}已知数据运行", f"{due:%F} as of {as_of}")
    else:
        said = Said(
            f"{due:%F} 夜间运行{'（补）' if is_late else ''}", f"night of {due:%F}{' (late)' if is_late else ''}"
        )
    return said.told(lang)


@flow(name="gongshui-nightly", flow_run_name=_name, on_completion=[tell], on_failure=[tell], on_crashed=[tell])
def nightly(
    raw: str,
    data: str,
    lang: str = "zh",
    as_of: dt.date | None = None,
    reread: bool = False,
    engine: str | None = None,
    master: str | None = None,
) -> NightResult | State[Any]:
    """One night: ingest, transform, publish, return.

    Prefect keeps the parameters of a run: they hold no secret. All other settings are read here.

    Parameters
    ----------
    raw, data, lang : str
        The settings of these names: folders and language.
    as_of : datetime.date, optional
        Build the marts as they were known on that day.
    reread : bool
        Read every file of the inbox again.
    engine, master : str, optional
        The settings of these names.

    Returns
    -------
    NightResult or State
        Counts, headline and the release; a state where a scheduled night is left out.
    """
    settings = read_settings(raw=raw, data=data, lang=lang, engine=engine, master=master)
    started = time.perf_counter()
    is_scheduled = runtime.deployment.id is not None
    if is_scheduled and (left_out := _left_out(settings)):
        return Cancelled(message=left_out)
    with hold(settings.data, "gongshui serve" if is_scheduled else "gongshui run", wait=_PATIENCE * is_scheduled):
        clock = dt.datetime.now().astimezone()
        now = moment(settings.warehouse, settings.published, settings.logs, clock)
        run = Run.starting(as_of or now.at.date(), now.at)
        said = {"code_version": run.code_version, "as_of": as_of, "reread": reread}
        with runlog.written(settings.logs, run.id, settings.lang, kept=settings.logs_kept, **said) as end:
            result = _night(settings, run, as_of, reread)
            result.clock = now.warning
            end.outcome = "needs_a_person" if result.needs_a_person else "done"
            end.said = _ended(settings, result)
        if is_scheduled:  # else the command says it, when it knows how long all of it took
            terminal.print_summary(result, settings, time.perf_counter() - started)
        return result


def _left_out(settings: Settings) -> str:
    """Why a scheduled night need not be: of several that were missed the last one makes up for all, or none is."""
    due = runtime.flow_run.scheduled_start_time
    now = dt.datetime.now(dt.UTC)
    if now - due > _LATE and not settings.catch_up:
        return Said("已错过，按设置不补跑", "missed, and not made up (catch_up = false)").told(settings.lang)
    waiting = FlowRunFilter(
        state=FlowRunFilterState(type=FlowRunFilterStateType(any_=[StateType.SCHEDULED])),
        expected_start_time=FlowRunFilterExpectedStartTime.model_validate({"after_": due, "before_": now}),
    )
    deployment = DeploymentFilter(id=DeploymentFilterId(any_=[UUID(runtime.deployment.id)]))
    with get_client(sync_client=True) as client:
        is_followed = client.read_flow_runs(flow_run_filter=waiting, deployment_filter=deployment, limit=1)
    return (
        Said("已错过，由后一次补跑", "missed; a later one makes up for it").told(settings.lang) if is_followed else ""
    )


def _ended(settings: Settings, result: NightResult) -> dict[str, object]:
    """What the last line of the log says."""
    return {
        "release": result.release.run_id,
        "files_read": len(result.night.outcomes),
        "rows_read": result.rows_read,
        "rows_accepted": result.rows_accepted,
        "rows_rejected": result.rows_rejected,
        "files_unread": [{"path": path, "zh": why.zh, "en": why.en} for path, why in result.night.unread],
        "data_bytes": size_of(settings.data),
    }


def _night(settings: Settings, run: Run, as_of: dt.date | None, reread: bool) -> NightResult:
    steps, before = _Steps(settings), _published(settings)
    try:
        rubric = read_rubric(settings.rubric, settings.limits)
        night = steps.run(ingest_inbox, run.at.replace(tzinfo=None), reread)
        stamp, release = made_of(settings, as_of, rubric), read_manifest(settings.published)
        is_unchanged = is_built(settings, stamp)
        if release is None or not is_unchanged:
            note_built(settings, None)  # until all of it is built and published
            steps.run(build_marts, as_of, rubric, reread)
            run = Run(run.id, as_of or latest_report(settings) or run.at.date(), run.at)
            release = steps.run(publish_marts, run)
            note_built(settings, stamp)
    except Exception as error:
        note_failure(settings.published, run, without_numbers(said_by(error).told(settings.lang)))
        raise
    result = result_of(settings, night, release, is_unchanged)
    result.seconds = steps.seconds
    result.returned = steps.try_(return_workbooks, lambda error: _no_copies(settings, error))
    result.counties = steps.try_(publish_counties, _no_counties)
    if not result.counties.count:  # else each county has its own
        result.wall_map = steps.try_(draw_wall_map, _no_wall_map)
        result.documents = steps.try_(write_documents, _no_documents)
    if settings.postgres:
        result.postgres = steps.try_(publish_to_postgres, _not_in_postgres)
    try:
        _leave_artifacts(settings, result, before)
    except Exception as error:  # noqa: BLE001  a server that fails fails no night: all is published
        runlog.note("artifacts", error=said_by(error).told(settings.lang))
    return result


def _no_copies(settings: Settings, error: Exception) -> Returned:
    return Returned(failed=[(str(settings.returned), Refused("unwritable", *said_by(error)))])


def _no_counties(error: Exception) -> Counties:
    why = said_by(error)
    zh = f"各县成果没有更新，原有的未改动：{why.zh}"
    return Counties(failed=[Said(zh, f"the releases of counties were not made; those before stand: {why.en}")])


def _no_wall_map(error: Exception) -> WallMap:
    why = said_by(error)
    zh = f"作战图没有写成，原有的未改动：{why.zh}"
    return WallMap(notes=[Said(zh, f"not written; the one before stands: {why.en}")])


def _no_documents(error: Exception) -> Written:
    why = said_by(error)
    zh = f"文件没有写成，原有的未改动。请排除后运行 gongshui report：{why.zh}"
    en = f"the documents were not written, those before stand; mend it and run gongshui report: {why.en}"
    return Written(failed=[Said(zh, en)])


def _not_in_postgres(error: Exception) -> PostgresError:
    return error if isinstance(error, PostgresError) else PostgresError(*said_by(error))


def _published(settings: Settings) -> Headline | None:
    """The figures that stand before the night."""
    try:
        return headline(settings.marts)
    except (NoRelease, duckdb.Error):  # a release of an older program, or a broken one: the night replaces it
        return None


def _leave_artifacts(settings: Settings, result: NightResult, before: Headline | None) -> None:
    create_markdown_artifact(artifacts.figures(result.headline, before), "figures", description="主要数字")
    create_table_artifact(key="submissions", table=artifacts.submissions(result), description="今夜收到的报表")
    create_table_artifact(key="quality", table=artifacts.quality(settings), description="现行报表中的问题")
    create_markdown_artifact(artifacts.links(settings), "published", description="发布的成果")


def labels(settings: Settings) -> list[str]:
    """Return the tags of a run: the program's name, and the county's once it is known."""
    known = _published(settings)
    return ["gongshui", *([known.county] if known and known.county else [])]


def run_night(settings: Settings, as_of: dt.date | None, reread: bool) -> NightResult:
    """Run the flow in this process; a Prefect server must be there (`flows.local_server`)."""
    # Leaving a flow waits 0.8 s for its heartbeat, which nobody watches here.
    with temporary_settings({PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None}), tags(*labels(settings)):
        result = nightly(
            str(settings.raw), str(settings.data), settings.lang, as_of, reread, settings.engine, settings.master
        )
    assert isinstance(result, NightResult)  # nobody scheduled it
    return result


def drain() -> None:
    """Hand over what Prefect still has to tell its server; else leaving hangs on a server that is gone."""
    EventsWorker.drain_all(timeout=10)
    APILogWorker.drain_all(timeout=10)
