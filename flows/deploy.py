"""`gongshui serve`: the nightly flow on its schedule, run by this process or by the workers of a Prefect work pool."""

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

from cronsim import CronSim
from prefect import get_client, serve
from prefect.client.schemas.filters import (
    DeploymentFilter,
    DeploymentFilterId,
    FlowRunFilter,
    FlowRunFilterState,
    FlowRunFilterStateType,
)
from prefect.client.schemas.objects import StateType
from prefect.deployments.runner import DeploymentApplyError, RunnerDeployment
from prefect.exceptions import ObjectNotFound
from prefect.schedules import Cron
from prefect.states import Crashed
from prefect.types.entrypoint import EntrypointType

from flows.lock import holder
from flows.nightly import labels, nightly
from flows.publish.release import code_version
from flows.said import SaidError
from flows.settings import Settings

NAME = "nightly"


class NoPool(SaidError):
    """The deployment cannot be registered with a work pool."""

    def __init__(self, pool: str, why: str) -> None:
        super().__init__(
            f"不能登记到工作池“{pool}”：{why}。应先建立它：prefect work-pool create {pool} --type process",
            f"Cannot register with work pool “{pool}”: {why}. First: prefect work-pool create {pool} --type process",
        )


def serve_nights(settings: Settings) -> None:
    """Run every night in a process of its own, one at a time, until interrupted; what a crash cut off is made up.

    A Prefect server must be there (`flows.local_server`), and nobody else may serve the same data (`flows.lock`).
    """
    deployment = _deployment(settings)
    deployment.apply()
    _make_up(settings)
    # Paused schedules would not know of the nights that are missed meanwhile.
    serve(deployment, pause_on_shutdown=False, print_starting_message=False, limit=1)


def register(settings: Settings, pool: str) -> None:
    """Declare the same nights to a Prefect server, whose workers run them, in this folder, on a machine set up as this.

    Parameters
    ----------
    settings
        Folders, language and schedule; workers read all other settings themselves.
    pool
        The name of a work pool of type `process`.

    Raises
    ------
    NoPool
        The server has no such pool, or refuses.
    """
    deployment = _deployment(settings)
    deployment.job_variables = {"working_dir": str(Path.cwd())}
    deployment.concurrency_limit = 1
    try:
        deployment.apply(work_pool_name=pool)
    except (DeploymentApplyError, ObjectNotFound, ValueError) as error:
        raise NoPool(pool, str(error)) from error


def next_night(settings: Settings) -> dt.datetime:
    """Return when the next night is due, in the time zone of the settings."""
    return next(CronSim(settings.cron, dt.datetime.now(ZoneInfo(settings.time_zone))))


def _deployment(settings: Settings) -> RunnerDeployment:
    deployment = nightly.to_deployment(
        NAME,
        schedule=Cron(settings.cron, timezone=settings.time_zone),
        # Prefect keeps and shows them: no secret may be among them.
        parameters={"raw": str(settings.raw), "data": str(settings.data), "lang": settings.lang},
        tags=labels(settings),
        version=code_version(),
        entrypoint_type=EntrypointType.MODULE_PATH,
    )
    assert isinstance(deployment, RunnerDeployment)  # no coroutine: nothing runs asynchronously here
    return deployment


def _make_up(settings: Settings) -> None:
    """End the runs that a crash or a power failure left running, and have one more instead."""
    if holder(settings.data):
        return  # the night goes on without the process that started it
    running = FlowRunFilterStateType(any_=[StateType.RUNNING, StateType.PENDING])
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name(f"{nightly.name}/{NAME}").id
        of_ours = DeploymentFilter(id=DeploymentFilterId(any_=[deployment]))
        cut_off = client.read_flow_runs(
            deployment_filter=of_ours, flow_run_filter=FlowRunFilter(state=FlowRunFilterState(type=running))
        )
        for run in cut_off:
            client.set_flow_run_state(run.id, Crashed(message="cut off: the process that served it ended"), force=True)
        if cut_off and settings.catch_up:
            client.create_flow_run_from_deployment(deployment)
