"""What Spark left as Parquet, shown in the one DuckDB file that all the rest of a night reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from flows.ingest.landing_tables import tables
from flows.publish.quoting import name as _name
from flows.publish.quoting import text as _text
from flows.said import SaidError

if TYPE_CHECKING:
    from dbt.artifacts.schemas.run import RunResult
    from dbt.contracts.graph.nodes import ResultNode

# What is taken into the file; the rest of the project's tables nobody reads.
_TAKEN = ("marts", "meta")


class OtherEngine(SaidError):
    """The data folder holds what the other engine landed: neither writes into the other's."""


@dataclass(frozen=True)
class Place:
    """Where a night on Spark leaves what: beneath the data folder, which every machine sees under the same path."""

    data: Path

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that shows landing and holds the marts."""
        return self.data / "warehouse.duckdb"

    @property
    def landing(self) -> Path:
        """A folder of Parquet files for each table of landing."""
        return self.data / "landing"

    @property
    def new_landing(self) -> Path:
        """Landing while it is written."""
        return self.data / "landing.new"

    @property
    def tables(self) -> Path:
        """The tables that dbt builds: `<schema>.db/<table>/`."""
        return self.data / "tables"

    @property
    def work(self) -> Path:
        """A folder for what the workers hand on; nothing stays in it."""
        return self.data / "work" / "spark"

    @property
    def parsed(self) -> Path:
        """The parsed dbt project and its log; it can be deleted at any time."""
        return self.data / "work" / "dbt-spark"


def check_engine(warehouse: Path, *, is_spark: bool) -> None:
    """Refuse a warehouse of the other engine.

    Raises
    ------
    OtherEngine
    """
    if not warehouse.is_file():
        return
    with duckdb.connect(str(warehouse), read_only=True) as con:
        shown = con.execute("select count(*) from duckdb_views() where schema_name = 'landing'").fetchone()
    was_spark = bool(shown and shown[0])
    if was_spark != is_spark:
        there, asked = ("Spark", "DuckDB") if was_spark else ("DuckDB", "Spark")
        raise OtherEngine(
            f"{warehouse} 是用 {there} 建立的，不能改用 {asked} 写入。请用 --data 另指一个文件夹。",
            f"{warehouse} was made with {there}, and {asked} cannot go on with it: name another folder by --data.",
        )


def show_landing(place: Place) -> None:
    """Begin a new warehouse whose schema landing shows the Parquet files."""
    fresh = place.warehouse.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    with duckdb.connect(str(fresh)) as con:
        con.execute("create schema landing")
        for name in tables():
            files = _text(place.landing / name / "*.parquet")
            con.execute(f"create view landing.{_name(name)} as select * from read_parquet({files})")
    fresh.replace(place.warehouse)


def take_marts(place: Place, results: "Iterable[RunResult]") -> None:
    """Copy what dbt built of the marts into the warehouse, in the types of their contracts, with their definitions."""
    from dbt.artifacts.resources.types import NodeType

    with duckdb.connect(str(place.warehouse)) as con:
        con.execute("begin")
        for schema in _TAKEN:
            con.execute(f"drop schema if exists {schema} cascade; create schema {schema}")
        for node in (result.node for result in results if result.node.resource_type == NodeType.Model):
            if node.schema in _TAKEN:
                _take(con, node, place.tables / f"{node.schema}.db" / node.name)
        con.execute("commit")


def _take(con: duckdb.DuckDBPyConnection, node: "ResultNode", files: Path) -> None:
    table = f"{node.schema}.{_name(node.name)}"
    columns = {name.strip('"'): column for name, column in node.columns.items()}
    typed = ", ".join(f"cast({_name(name)} as {column.data_type}) as {_name(name)}" for name, column in columns.items())
    con.execute(f"create table {table} as select {typed} from read_parquet({_text(files / '*.parquet')})")
    con.execute(f"comment on table {table} is {_text(node.description)}")
    for name, column in columns.items():
        con.execute(f"comment on column {table}.{_name(name)} is {_text(column.description)}")
