"""Builds the dbt project in the Spark session of this process; what comes of it is taken into the warehouse."""

import shutil
import time
from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING

from flows.ingest.landing_tables import tables
from flows.spark.warehouse import Place, take_marts
from flows.transform import Tests, TransformResult, counted, run_dbt

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


def build(
    spark: "SparkSession",
    place: Place,
    *,
    as_of: date | None = None,
    rubric: Sequence[Mapping[str, str]] = (),
    tests: Tests = "data",
) -> TransformResult:
    """Build all that is derived from landing, and test it (`flows.transform.build` says what the arguments are).

    Raises
    ------
    flows.transform.TransformError
        When the project cannot be read, or a seed, model or test fails.
    """
    started = time.perf_counter()
    shutil.rmtree(place.tables, ignore_errors=True)  # the session's catalogue knows nothing of them
    spark.sql("create schema landing")
    for name in tables():
        spark.sql(f"create table landing.`{name}` using parquet location '{place.landing / name}'")
    results = run_dbt(place.parsed, "spark", as_of=as_of, rubric=rubric, tests=tests, full_refresh=True)
    take_marts(place, results)
    return TransformResult(nodes=counted(results), seconds=time.perf_counter() - started)
