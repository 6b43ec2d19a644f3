"""The two steps of a night that Spark takes over: the inbox into landing, and landing into marts."""

import datetime as dt
from collections.abc import Mapping, Sequence

from flows.ingest.night import Night, Options, Progress
from flows.settings import Settings
from flows.spark import ingest, transform
from flows.spark.session import session
from flows.spark.warehouse import Place, check_engine
from flows.transform import TransformResult


def read_inbox(settings: Settings, options: Options, now: dt.datetime, progress: Progress) -> Night:
    """Read the whole inbox into landing (`flows.spark.ingest`).

    Raises
    ------
    flows.spark.session.NoSpark
    flows.spark.warehouse.OtherEngine
    FileNotFoundError
        The inbox is missing.
    """
    place = Place(settings.data)
    check_engine(place.warehouse, is_spark=True)
    with session(settings.master, place.tables) as spark:
        return ingest.ingest(spark, settings.raw, place, options, now, progress)


def build_marts(settings: Settings, as_of: dt.date | None, rubric: Sequence[Mapping[str, str]]) -> TransformResult:
    """Build the marts from landing (`flows.spark.transform`).

    Raises
    ------
    flows.spark.session.NoSpark
    flows.transform.TransformError
    """
    place = Place(settings.data)
    with session(settings.master, place.tables) as spark:
        return transform.build(spark, place, as_of=as_of, rubric=rubric)
