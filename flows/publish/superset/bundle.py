"""The published marts for Superset: a bundle to import, with datasets, metrics, charts and a dashboard.

Every object keeps its identity, so importing a newer bundle brings Superset up to date and doubles nothing. No password
is written: Superset asks for it, or keeps the one that it has.
"""

import json
import uuid
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import duckdb

from flows.metrics import Metrics
from flows.publish.superset.charts import charts
from flows.publish.superset.dashboard import TITLE, dashboard
from flows.publish.superset.datasets import Marts, fact_datasets
from flows.publish.superset.figures import figures_dataset
from flows.said import SaidError

DATABASE = "农村供水"
_NAMESPACE = uuid.UUID("dffa1b53-2e97-4a55-a74a-5ee368a777b9")  # never to change: identities are made from it
_VERSION = "1.0.0"  # of Superset's bundles
_MASK = "X" * 10  # what Superset takes for "ask for the password, or keep it"
_DAY = (1980, 1, 1, 0, 0, 0)  # the first that a zip file knows
# How Superset opens a DuckDB file: for reading, with no way to another file or to a network.
_READ_ONLY = {
    "read_only": True,
    "config": {
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "enable_external_access": False,
        "lock_configuration": True,
    },
}


class BundleError(SaidError):
    """Why there is no bundle."""


def write_bundle(con: duckdb.DuckDBPyConnection, target: Path, uri: str, database: str = DATABASE) -> None:
    """Write the bundle; equal marts and arguments give equal bytes.

    Parameters
    ----------
    con
        A connection to the published marts (`flows.publish.query.connect`).
    target
        The zip file to write.
    uri
        Where Superset finds the marts: `duckdb:////path/to/marts.duckdb` as its machine sees the file, or
        `postgresql://user@host:port/database`, published there by `flows.publish.postgres`. A password in it is left
        out.
    database
        What Superset calls the database. Bundles of one name update each other; those of another stand beside, with
        the name behind those of its datasets and dashboard.

    Raises
    ------
    BundleError
        The address is of neither kind.
    """
    files = dict(_files(con, _without_password(uri), database))
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as bundle:
        for path, content in files.items():
            # JSON is YAML too
            text = json.dumps(content, ensure_ascii=False, indent=2) + "\n"
            bundle.writestr(zipfile.ZipInfo(f"gongshui/{path}.yaml", _DAY), text)


def _files(con: duckdb.DuckDBPyConnection, uri: str, database: str) -> Iterator[tuple[str, dict[str, Any]]]:
    def identity(thing: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{database}/{thing}"))

    def called(label: str) -> str:
        return label if database == DATABASE else f"{label}（{database}）"

    is_duckdb = uri.startswith("duckdb:")
    marts = Marts(con, "main" if is_duckdb else "marts")
    metrics = Metrics(con)
    datasets = {dataset.key: dataset for dataset in (figures_dataset(marts, metrics), *fact_datasets(marts, metrics))}
    rows = charts(datasets)
    yield "metadata", {"version": _VERSION}
    yield (
        "databases/marts",
        {
            "database_name": database,
            "sqlalchemy_uri": uri,
            "expose_in_sqllab": True,
            "allow_run_async": False,
            "allow_ctas": False,
            "allow_cvas": False,
            "allow_dml": False,
            "allow_file_upload": False,
            "extra": {
                "engine_params": {"connect_args": _READ_ONLY} if is_duckdb else {},
                "allows_virtual_table_explore": True,
            },
            "uuid": identity("database"),
            "version": _VERSION,
        },
    )
    for key, dataset in datasets.items():
        yield (
            f"datasets/marts/{key}",
            {
                **dataset.document(),
                "table_name": called(dataset.label),
                "schema": marts.schema,
                "uuid": identity(f"dataset/{key}"),
                "database_uuid": identity("database"),
                "version": _VERSION,
            },
        )
    for chart in (chart for row in rows for chart in row):
        yield (
            f"charts/{chart.key}",
            {
                **chart.document(),
                "uuid": identity(f"chart/{chart.key}"),
                "dataset_uuid": identity(f"dataset/{chart.dataset}"),
                "version": _VERSION,
            },
        )
    yield (
        "dashboards/coverage",
        {**dashboard(called(TITLE), rows, identity), "uuid": identity("dashboard"), "version": _VERSION},
    )


def _without_password(uri: str) -> str:
    """The address with Superset's mask in place of a password, and none in its options."""
    parts = urlsplit(uri)
    scheme = "postgresql" if parts.scheme == "postgres" else parts.scheme
    if scheme == "duckdb":
        return uri
    if scheme.partition("+")[0] != "postgresql":
        raise BundleError(
            f"地址应以 duckdb:/// 或 postgresql:// 开头：{parts.scheme or uri}",
            f"the address must begin with duckdb:/// or postgresql://, not {parts.scheme or uri}",
        )
    login, at, host = parts.netloc.rpartition("@")
    user = login.partition(":")[0]
    options = urlencode([(key, value) for key, value in parse_qsl(parts.query) if key != "password"])
    return urlunsplit((scheme, f"{user}:{_MASK}{at}{host}" if user else host, parts.path, options, ""))
