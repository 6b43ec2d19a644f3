"""The documents of a date as they would have been on an earlier day, from a copy of the warehouse."""

import datetime as dt
import shutil
import tempfile
from pathlib import Path

import duckdb

from flows import transform
from flows.ask import day_of
from flows.publish.build import DATABASE, build
from flows.publish.query import connect
from flows.publish.release import code_version
from flows.report import documents
from flows.rubric import read_rubric
from flows.settings import Settings
from flows.trace import Untraceable


def rebuild(settings: Settings, day: dt.date, as_of: dt.date, folder: Path) -> documents.Written:
    """Write the documents of a date from what had been received by a day; what is published stays as it is.

    Parameters
    ----------
    settings
        Folders and the rubric.
    day
        The report date.
    as_of
        Files received later are left out.
    folder
        Where to write them, in a folder of the date.

    Raises
    ------
    flows.ask.Unknown
        Nothing had been received for that date.
    flows.trace.Untraceable
        The warehouse is not there, or another program holds it.
    """
    rubric = read_rubric(settings.rubric, settings.limits)
    settings.work.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="as-of-", dir=settings.work) as name:
        work = Path(name)
        warehouse, release = work / settings.warehouse.name, work / "release"
        _copy(settings.warehouse, warehouse)
        transform.build(warehouse, work / "dbt", as_of=as_of, rubric=rubric, memory_gb=settings.memory_gb)
        said = {
            "run_id": f"as-of-{as_of}",
            "as_of": as_of,
            "published_at": dt.datetime.combine(as_of, dt.time()),
            "code_version": code_version(),
        }
        build(warehouse, release, said)
        with connect(release / DATABASE) as con:
            day_of(day, con)
        return documents.write(release / DATABASE, warehouse, folder, day)


def _copy(warehouse: Path, target: Path) -> None:
    """Copy a warehouse that nobody is writing to."""
    if not warehouse.is_file():
        raise Untraceable.missing(warehouse)
    try:
        with duckdb.connect(str(warehouse), read_only=True):  # holds off a night while it is copied
            shutil.copyfile(warehouse, target)
    except duckdb.IOException as error:
        raise Untraceable.held(warehouse) from error
