"""The files of a release: marts.duckdb and one Parquet file a table, made from the warehouse's schema `marts`.

The tables themselves lie in schema `main` of the file; `marts` and `marts_zh` are views on them. DuckDB names a
database after its file: in marts.duckdb `marts.fct_coverage` could mean the database or the schema, and is refused as
ambiguous, inside views too. `main.fct_coverage` is understood under every name that the file may be attached by.
"""

import hashlib
import json
import shutil
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from flows.publish import catalog, history
from flows.publish.quoting import name as _name
from flows.publish.quoting import text as _text

DATABASE = "marts.duckdb"
# Every DuckDB since 1.0 reads it, the drivers of BI tools among them; 2.0's own format only 2.0 does.
STORAGE_VERSION = "v1.0.0"
# Closed networks: nothing is ever downloaded.
OFFLINE: dict[str, str | bool | int | float | list[str]] = {
    "autoinstall_known_extensions": False,
    "autoload_known_extensions": False,
}

# What rows come to in any order; `told` is the name of where they are.
DIGEST = "count(*) || '|' || coalesce(sum(hash(told)::hugeint), 0)"
# What sorting may take; more goes to the disk beside the release. Without a limit it were most of the machine's.
_MEMORY = "2GB"

_META = """
    create table meta.release (run_id varchar, as_of date, published_at timestamp, code_version varchar);
    comment on table meta.release is '发布 | 一行：本文件所属的发布。 | One row: the release that this file is.';
    comment on column meta.release.run_id is '运行编号 | 产生本次发布的运行 | run that published';
    comment on column meta.release.as_of is '数据截至日 | 本次发布所依据的日期 | day that the figures stand for';
    comment on column meta.release.published_at is '发布时间 | 发布机器的当地时间 | local time of the machine';
    comment on column meta.release.code_version is '程序版本 | 程序的版本 | version of the program';
    create table meta.table_rows (table_name varchar, "rows" bigint);
    comment on table meta.table_rows is '各表行数 | 每行一个表。 | One published table.';
    comment on column meta.table_rows.table_name is '表名 | 表的英文名 | name of the table';
    comment on column meta.table_rows."rows" is '行数 | 发布时的行数 | rows when it was published';
"""
# What the statements above make.
_OF_ITSELF = {("meta", "release"), ("meta", "table_rows")}


class PublishError(Exception):
    """A release that could not be made or put in place; the last one stands."""


@dataclass(frozen=True)
class TableFile:
    """One published table.

    Attributes
    ----------
    rows
        How many rows it has.
    sha256
        Of its Parquet file, which holds the definitions too: equal where table and comments are equal.
    """

    rows: int
    sha256: str


@dataclass(frozen=True)
class _Table:
    name: str
    info: catalog.TableInfo
    source: str  # where its rows are
    county: str | None = None  # whose rows alone are meant
    key: Sequence[str] = ()  # the columns that name one row
    parquet: Path | None = None  # of the release before, where it holds the same rows: they lie in order there

    def rows(self) -> str:
        """The query of its rows."""
        where = f"where {of_county(self.info.columns, self.county)}" if self.county else ""
        return f"select * from {self.source} {where}"

    def in_order(self) -> str:
        """The query of its rows in an order that they alone decide: of the grain, else of all columns."""
        if self.parquet:
            return self.rows()
        return f"{self.rows()} order by {', '.join(map(_name, self.key)) or 'all'}"

    def labels(self) -> dict[str, str]:
        """Column → its Chinese label, the first part of its comment; its own name where it has none."""
        labels = {column: (said.comment or column).split(" | ")[0] for column, said in self.info.columns.items()}
        if len(set(labels.values())) < len(labels):
            raise PublishError(f"two columns of {self.name} have the same label: {', '.join(labels.values())}")
        return labels


def of_county(columns: Collection[str], county: str) -> str:
    """Return the condition that holds for rows that a county may see: its own, and those that belong to no county.

    Sums of several counties are none of these; of divisions it sees itself, all within it and those that it lies in.
    """
    if "county_code" in columns:
        within = f" or starts_with({_text(county)}, division_code)" if "division_code" in columns else ""
        return f"county_code = {_text(county)}{within}"
    return "false" if "division_code" in columns else "true"


def build(
    source: Path,
    folder: Path,
    release: Mapping[str, object],
    earlier: Path | None = None,
    county: str | None = None,
) -> dict[str, TableFile]:
    """Write the files of a release into an empty folder, and check them.

    Of a table that the release before holds just so, made by the same program, the sorted rows and the Parquet file are
    copied from there; all others are sorted and written.

    Parameters
    ----------
    source
        The DuckDB file that is read: the warehouse, whose schema `marts` is published, or, for the release of a county,
        the `marts.duckdb` of all counties.
    folder
        Where to write `marts.duckdb` and `parquet/`.
    release
        What the file says of itself in `meta.release`, by the names of its columns.
    earlier
        The `marts.duckdb` of the release before, whose history is carried on, its `parquet/` beside it.
    county
        Whose rows alone are published, by its code; everybody's where it is None.

    Returns
    -------
    dict
        Each table with the rows and the hash of its Parquet file, by name.

    Raises
    ------
    PublishError
        There are no marts, or what was written is not what was read.
    duckdb.Error
        The warehouse cannot be read (another process may be writing), or the folder not be written.
    """
    (folder / "parquet").mkdir(parents=True)
    spill = folder.with_name(f"{folder.name}.spill")
    with duckdb.connect(config=OFFLINE | {"memory_limit": _MEMORY, "temp_directory": str(spill)}) as con:
        con.execute(f"attach {_text(source)} as source (read_only)")
        con.execute(f"attach {_text(folder / DATABASE)} as release (storage_version {_text(STORAGE_VERSION)})")
        if earlier:
            con.execute(f"attach {_text(earlier)} as earlier (read_only)")
        con.execute("use release")
        tables = list(_tables(con, "main" if county else "marts", county))
        if not tables:
            raise PublishError("the warehouse has no table in schema marts")
        if earlier:
            tables = list(_as_before(con, tables, earlier.parent / "parquet", release))
        con.execute("begin; create schema marts; create schema marts_zh; create schema meta")
        for table in tables:
            con.execute("; ".join(_statements(table)))
        for table in _tables(con, "meta", county):
            con.execute("; ".join(_meta_statements(table)))
        rows = {table.name: _write_parquet(con, table, folder) for table in tables}
        _describe_release(con, release, rows)
        history.keep(con, {table.name: table.parquet is not None for table in tables}, release)
        expected = {table.name: _count(con, f"({table.rows()})") for table in tables}
        con.execute("commit; use memory; detach release")  # writes everything into the one file
    _check(folder / DATABASE, expected, rows)
    return {name: TableFile(count, sha256(folder / "parquet" / f"{name}.parquet")) for name, count in rows.items()}


def sha256(path: Path) -> str:
    """Return the hash of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _tables(con: duckdb.DuckDBPyConnection, schema: str, county: str | None) -> Iterator[_Table]:
    """The tables of a schema of the source, but those that each release writes of itself."""
    keys = _keys(con)
    for name, info in catalog.tables(con, "source", schema).items():
        if (schema, name) not in _OF_ITSELF:
            key = () if schema == "meta" else keys.get(name, ())
            yield _Table(name, info, f"source.{schema}.{_name(name)}", county, key)


def _keys(con: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """The grain of each table, as the dbt project tells and tests it; nothing where it tells nothing."""
    if "table_key" not in catalog.tables(con, "source", "meta"):
        return {}
    return dict(
        con.execute(
            "select table_name, list(column_name order by position) from source.meta.table_key group by table_name"
        ).fetchall()
    )


def _as_before(
    con: duckdb.DuckDBPyConnection, tables: Sequence[_Table], parquet: Path, release: Mapping[str, object]
) -> Iterator[_Table]:
    """The tables, those from the release before that it holds just so."""
    (code,) = con.execute("select code_version from earlier.meta.release").fetchone() or (None,)
    before = catalog.tables(con, "earlier", "main") if code == release["code_version"] else {}
    for table in tables:
        there = replace(table, source=f"earlier.main.{_name(table.name)}", county=None)
        if before.get(table.name) == table.info and _digest(con, table) == _digest(con, there):
            yield replace(there, parquet=parquet / f"{table.name}.parquet")
        else:
            yield table


def _digest(con: duckdb.DuckDBPyConnection, table: _Table) -> str:
    return str(con.execute(f"select {DIGEST} from ({table.rows()}) as told").fetchall()[0][0])


def _statements(table: _Table) -> Iterator[str]:
    """The table, in the order of its columns (the grain comes first), and its two views, all with their comments."""
    name, labels = _name(table.name), table.labels()
    yield f"create table main.{name} as {table.in_order()}"
    yield f"create view marts.{name} as select * from main.{name}"
    chinese = ", ".join(f"{_name(column)} as {_name(label)}" for column, label in labels.items())
    yield f"create view marts_zh.{name} as select {chinese} from main.{name}"
    for kind, schema in (("table", "main"), ("view", "marts"), ("view", "marts_zh")):
        yield f"comment on {kind} {schema}.{name} is {_text(table.info.comment)}"
        for column, said in table.info.columns.items():
            shown = labels[column] if schema == "marts_zh" else column
            yield f"comment on column {schema}.{name}.{_name(shown)} is {_text(said.comment)}"


def _meta_statements(table: _Table) -> Iterator[str]:
    """What the dbt project says of the marts (sql/models/meta), with its comments."""
    place = f"meta.{_name(table.name)}"
    yield f"create table {place} as {table.in_order()}"
    yield f"comment on table {place} is {_text(table.info.comment)}"
    for column, said in table.info.columns.items():
        yield f"comment on column {place}.{_name(column)} is {_text(said.comment)}"


def _write_parquet(con: duckdb.DuckDBPyConnection, table: _Table, folder: Path) -> int:
    """Write a table with its definitions, in the order it has, and return how many rows the file holds."""
    file = folder / "parquet" / f"{table.name}.parquet"
    if table.parquet:
        shutil.copyfile(table.parquet, file)
    else:
        comments = {column: said.comment for column, said in table.info.columns.items()}
        described = json.dumps({"table": table.info.comment, "columns": comments}, ensure_ascii=False)
        con.execute(
            f"""
            copy main.{_name(table.name)} to {_text(file)}
            (format parquet, compression zstd, kv_metadata {{comments: {_text(described)}}})
            """
        )
    return int(con.execute("select num_rows from parquet_file_metadata(?)", [str(file)]).fetchall()[0][0])


def _describe_release(con: duckdb.DuckDBPyConnection, release: Mapping[str, object], rows: dict[str, int]) -> None:
    con.execute(_META)
    con.execute(
        f"insert into meta.release by name select {', '.join(f'? as {name}' for name in release)}", [*release.values()]
    )
    con.executemany("insert into meta.table_rows values (?, ?)", list(rows.items()))


def _check(database: Path, expected: dict[str, int], in_parquet: dict[str, int]) -> None:
    """Open the finished file as a reader does and count what every schema shows."""
    with duckdb.connect(config=OFFLINE) as con:
        con.execute(f"attach {_text(database)} as release (read_only)")
        for name, count in expected.items():
            found = {
                f"{schema}.{name}": _count(con, f"release.{schema}.{_name(name)}")
                for schema in ("main", "marts", "marts_zh")
            }
            found[f"parquet/{name}"] = in_parquet[name]
            for place, rows in found.items():
                if rows != count:
                    raise PublishError(f"{place} has {rows} rows, the warehouse {count}")


def _count(con: duckdb.DuckDBPyConnection, relation: str) -> int:
    counted = con.execute(f"select count(*) from {relation}").fetchone()
    assert counted is not None
    return int(counted[0])
