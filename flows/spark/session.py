"""The Spark session of a night: on this machine's cores (`local[*]`) or on a cluster's (`spark://host:port`)."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from flows.said import SaidError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

# Files that a worker judges together; rows of landing that one answer carries.
_BATCH = 512
_FIXED = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": str(_BATCH),
    # The catalogue lives as long as the session: what it lists is built anew every night.
    "spark.sql.catalogImplementation": "in-memory",
    "spark.sql.sources.default": "parquet",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
    # That it does not know pandas 3 yet, which it says in every process; it is given Arrow.
    "spark.executorEnv.PYTHONWARNINGS": "ignore::FutureWarning",
}


class NoSpark(SaidError):
    """Spark is not there, or the master does not answer."""


@contextmanager
def session(master: str, warehouse: Path) -> "Iterator[SparkSession]":
    """Open the session of a night, and stop it.

    Parameters
    ----------
    master
        The address of the master; `local[*]` for this machine.
    warehouse
        The folder of the tables that dbt builds; every machine of a cluster must see it under the same path.

    Raises
    ------
    NoSpark
        PySpark is not installed, Java is not there, or the master does not answer.

    Notes
    -----
    What a machine gives is the site's own (`SPARK_CONF_DIR`, spark-defaults.conf): memory, cores, network.
    """
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise NoSpark(
            "没有安装 Spark。请用 uv run --extra spark gongshui run --engine spark。",
            "Spark is not installed: uv run --extra spark gongshui run --engine spark.",
        ) from error
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # of the workers: the same packages
    builder = SparkSession.builder.appName("gongshui").master(master)
    for name, value in {**_FIXED, "spark.sql.warehouse.dir": str(warehouse)}.items():
        builder = builder.config(name, value)
    try:
        spark = builder.getOrCreate()
    except Exception as error:
        raise NoSpark(f"Spark 无法启动（{master}）：{error}", f"Spark does not start ({master}): {error}") from error
    try:
        yield spark
    finally:
        spark.stop()
