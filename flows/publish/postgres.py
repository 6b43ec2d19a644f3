"""A release into PostgreSQL: the same tables, views and comments, whole or not at all.

Everything happens in one transaction, so a reader sees the old release or the new one, and a publisher that dies
leaves the old. Tables are emptied and filled again, not dropped: the views of users on them live on, and nobody who is
reading holds the publisher up. A table whose Parquet file has not changed since the last time is left alone.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import adbc_driver_postgresql.dbapi as adbc
import duckdb
from adbc_driver_manager import Error

from flows.publish.build import DATABASE
from flows.publish.query import connect
from flows.publish.quoting import name, text
from flows.publish.release import read_manifest
from flows.said import SaidError

READER = "gongshui_reader"  # the role that may read, and nothing else
_PUBLISHED = "published_table"  # in schema meta: which content each table was filled from
_LOCK = 0x676F6E67  # of this program, so that two publishers cannot interleave
_BATCH = 50_000  # rows
_INDEXED = ("report_date", "town_code", "village_code", "project_code")

_TYPES = {
    "VARCHAR": "text",
    "BIGINT": "bigint",
    "INTEGER": "integer",
    "HUGEINT": "numeric(38,0)",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp without time zone",
    "DOUBLE": "double precision",
}
_UNREACHABLE, _CUT = "Failed to connect", "^08|^57P|server closed the connection|terminating connection"
# What PostgreSQL answers, by its code, or by its words where a connection fails, and what a person has to do about it.
_ANSWERS = {
    r"^28|authentication|password|role \".*\" does not exist|认证|密码|口令|角色": (
        "用户名或口令不对，口令写入 ~/.pgpass 或环境变量 PGPASSWORD",
        "wrong user or password, which is looked for in ~/.pgpass and PGPASSWORD",
    ),
    r"^3D000|database \".*\" does not exist|数据库 \".*\" 不存在": (
        "没有这个数据库，请先建库",
        "there is no such database: create it first",
    ),
    r"^42501": (
        "该用户没有权限，请授予在库中建立模式的权限",
        "the user may not do that: grant it CREATE on the database",
    ),
    r"^53100": (
        "数据库服务器磁盘已满，请清理后重试",
        "the disk of the server is full: make room and try again",
    ),
    r"^2BP01": (
        "表的列已变，而有视图依赖旧列，请先调整这些视图",
        "columns have changed and views depend on the old ones: change those first",
    ),
    _UNREACHABLE: (
        "连接不上，请检查地址、端口和网络",
        "it cannot be reached: check host, port and network",
    ),
    _CUT: (
        "连接中断，请检查网络后重试",
        "the connection was lost: try again",
    ),
    r"": ("数据库拒绝了操作", "the database refused"),
}


class PostgresError(SaidError):
    """What kept a release from PostgreSQL; what was published there before still stands.

    `can_pass` says whether it may be better in a minute.
    """

    def __init__(self, zh: str, en: str, can_pass: bool = False) -> None:
        super().__init__(zh, en)
        self.can_pass = can_pass


@dataclass(frozen=True)
class Published:
    """What a publish did: rows of each table that was filled, and the tables that had not changed."""

    filled: dict[str, int]
    unchanged: list[str]


@dataclass(frozen=True)
class _Table:
    schema: str
    name: str
    comment: str | None
    columns: dict[str, tuple[str, str | None]]  # with type and comment
    key: list[str]
    content: str | None  # hash of its Parquet file; None: filled every time

    @property
    def place(self) -> str:
        return f"{name(self.schema)}.{name(self.name)}"


def publish_release(published: Path, url: str) -> Published:
    """Bring a PostgreSQL database to the current release of a folder; see `publish`.

    Raises
    ------
    flows.publish.query.NoRelease
        Nothing has been published yet.
    """
    with connect(published / DATABASE) as con:
        release = read_manifest(published)
        contents = {name: table.sha256 for name, table in release.tables.items()} if release else {}
        return publish(con, url, contents)


def publish(con: duckdb.DuckDBPyConnection, url: str, contents: Mapping[str, str]) -> Published:
    """Bring a PostgreSQL database to what the marts say.

    Parameters
    ----------
    con
        A connection to the published marts (`flows.publish.query.connect`).
    url
        `postgresql://user@host:port/database`; the password comes from where libpq looks for it.
    contents
        Table → hash of its Parquet file, from the manifest of the release.

    Raises
    ------
    PostgresError
        It could not be done; nothing has changed.
    """
    tables = list(_tables(con, contents))
    try:
        with adbc.connect(url) as there, there.cursor() as cursor:
            if not _one(cursor, f"select pg_try_advisory_xact_lock({_LOCK})"):
                raise PostgresError(
                    "另一次发布正在进行，请稍后重试", "another publish is under way: try again later", True
                )
            published = _bring(con, cursor, tables)
            there.commit()
        _tidy(url, [table.place for table in tables if table.name in published.filled])
        return published
    except Error as error:
        raise _explained(error, url) from None


def _bring(con: duckdb.DuckDBPyConnection, cursor: adbc.Cursor, tables: list[_Table]) -> Published:
    for schema in ("marts", "marts_zh", "meta"):
        if not _one(cursor, f"select count(*) from pg_namespace where nspname = {text(schema)}"):
            cursor.execute(f"create schema {name(schema)}")
    cursor.execute(f"create table if not exists meta.{_PUBLISHED} (table_name text primary key, content text)")
    cursor.execute(f"select table_name, content from meta.{_PUBLISHED}")
    stands = dict(cursor.fetchall())
    for gone in stands.keys() - {table.name for table in tables}:
        cursor.execute(f"drop view if exists marts_zh.{name(gone)}")
        cursor.execute(f"drop table if exists marts.{name(gone)}")
        cursor.execute(f"delete from meta.{_PUBLISHED} where table_name = {text(gone)}")
    filled, unchanged = {}, []
    for table in tables:
        is_new = _shape(cursor, table)
        if not is_new and table.content and stands.get(table.name) == table.content:
            unchanged.append(table.name)
            continue
        filled[table.name] = _fill(con, cursor, table)
        if is_new:
            _index(cursor, table)
        cursor.execute(
            f"insert into meta.{_PUBLISHED} values ({text(table.name)}, {text(table.content)}) "
            "on conflict (table_name) do update set content = excluded.content"
        )
    _let_read(cursor)
    return Published(filled, unchanged)


def _tables(con: duckdb.DuckDBPyConnection, contents: Mapping[str, str]) -> Iterator[_Table]:
    """The tables of the release, as its file describes them."""
    keys: dict[str, list[str]] = {}
    for table, column in con.execute(
        "select table_name, column_name from meta.table_key order by table_name, position"
    ).fetchall():
        keys.setdefault(table, []).append(column)
    columns: dict[tuple[str, str], dict[str, tuple[str, str | None]]] = {}
    for schema, table, column, kind, comment in con.execute(
        "select schema_name, table_name, column_name, data_type, comment from duckdb_columns() "
        "where database_name = current_database() and schema_name in ('main', 'meta') and not internal "
        "order by schema_name, table_name, column_index"
    ).fetchall():
        columns.setdefault((schema, table), {})[column] = (_type(kind), comment)
    for schema, table, comment in con.execute(
        "select schema_name, table_name, comment from duckdb_tables() "
        "where database_name = current_database() and schema_name in ('main', 'meta') order by all"
    ).fetchall():
        described = columns[schema, table]
        if schema == "main":
            yield _Table("marts", table, comment, described, keys.get(table, []), contents.get(table))
        else:
            yield _Table("meta", table, comment, described, [], None)


def _type(kind: str) -> str:
    return kind.replace("DECIMAL", "numeric") if kind.startswith("DECIMAL") else _TYPES[kind]


def _shape(cursor: adbc.Cursor, table: _Table) -> bool:
    """Make the table what the contract says; True where it was made anew."""
    cursor.execute(
        "select attname, format_type(atttypid, atttypmod) from pg_attribute "
        f"where attrelid = to_regclass({text(table.place)}) and attnum > 0 and not attisdropped order by attnum"
    )
    there, wanted = dict(cursor.fetchall()), {column: kind for column, (kind, _) in table.columns.items()}
    if there == wanted:
        return False
    if table.schema == "marts":
        cursor.execute(f"drop view if exists marts_zh.{name(table.name)}")
    is_extended = bool(there) and there.items() <= wanted.items()
    if is_extended:
        for column in wanted.keys() - there.keys():
            cursor.execute(f"alter table {table.place} add column {name(column)} {wanted[column]}")
    else:
        cursor.execute(f"drop table if exists {table.place}")
        cursor.execute(f"create table {table.place} ({', '.join(f'{name(c)} {kind}' for c, kind in wanted.items())})")
    _describe(cursor, table)
    return not is_extended


def _describe(cursor: adbc.Cursor, table: _Table) -> None:
    """Comments, and the view under Chinese labels."""
    cursor.execute(f"comment on table {table.place} is {text(table.comment)}")
    for column, (_, comment) in table.columns.items():
        cursor.execute(f"comment on column {table.place}.{name(column)} is {text(comment)}")
    if table.schema == "marts":
        view = f"marts_zh.{name(table.name)}"
        labels = {column: (comment or column).split(" | ")[0] for column, (_, comment) in table.columns.items()}
        shown = ", ".join(f"{name(column)} as {name(label)}" for column, label in labels.items())
        cursor.execute(f"create view {view} as select {shown} from {table.place}")
        cursor.execute(f"comment on view {view} is {text(table.comment)}")


def _fill(con: duckdb.DuckDBPyConnection, cursor: adbc.Cursor, table: _Table) -> int:
    """Put the release's rows in place of the ones there, and hold them against each other."""
    here = f"{'main' if table.schema == 'marts' else table.schema}.{name(table.name)}"
    cursor.execute(f"delete from {table.place}")
    shown = ", ".join(
        f"cast({name(column)} as decimal(38, 0)) as {name(column)}" if kind == _TYPES["HUGEINT"] else name(column)
        for column, (kind, _) in table.columns.items()
    )
    reader = con.sql(f"select {shown} from {here}").to_arrow_reader(_BATCH)
    cursor.adbc_ingest(table.name, reader, mode="append", db_schema_name=table.schema)
    sums = ["count(*)"]
    for column, (kind, _) in table.columns.items():
        sums.append(f"count({name(column)})")
        if kind.startswith(("bigint", "integer", "numeric")):
            sums.append(f"cast(sum({name(column)}) as varchar(60))")
    cursor.execute(f"select {', '.join(sums)} from {table.place}")
    theirs, ours = cursor.fetchone(), con.execute(f"select {', '.join(sums)} from {here}").fetchone()
    assert ours  # an aggregate has one row
    if theirs != ours:
        raise PostgresError(
            f"{table.name} 写入后与本地不一致，已撤销", f"{table.name} did not arrive as it was sent; undone"
        )
    return int(ours[0])


def _index(cursor: adbc.Cursor, table: _Table) -> None:
    if table.key:
        is_old = _one(cursor, "select cast(current_setting('server_version_num') as integer) < 150000")
        distinct = "" if is_old else " nulls not distinct"
        cursor.execute(f"create unique index on {table.place} ({', '.join(map(name, table.key))}){distinct}")
    for column in table.columns:
        if column in _INDEXED and column not in table.key[:1]:
            cursor.execute(f"create index on {table.place} ({name(column)})")


def _let_read(cursor: adbc.Cursor) -> None:
    """Let the read-only role read; whoever may create roles gets it made."""
    if not _one(cursor, f"select count(*) from pg_roles where rolname = {text(READER)}"):
        if not _one(cursor, "select rolcreaterole or rolsuper from pg_roles where rolname = current_user"):
            return
        cursor.execute(f"create role {READER} nologin")
    for schema in ("marts", "marts_zh", "meta"):
        cursor.execute(f"grant usage on schema {schema} to {READER}")
        cursor.execute(f"grant select on all tables in schema {schema} to {READER}")


def _tidy(url: str, places: list[str]) -> None:
    """Give back the room of the rows that were replaced; the release stands, whether it can be done or not."""
    with adbc.connect(url, autocommit=True) as there, there.cursor() as cursor:
        for place in places:
            cursor.execute(f"vacuum (analyze) {place}")


def _one(cursor: adbc.Cursor, query: str) -> Any:
    cursor.execute(query)
    found = cursor.fetchone()
    return found and found[0]


def _explained(error: Error, url: str) -> PostgresError:
    said = _without_password(str(error), url).strip()
    answer = f"{getattr(error, 'sqlstate', None) or ''} {said}"
    words, (chinese, english) = next(told for told in _ANSWERS.items() if re.search(told[0], answer))
    return PostgresError(f"{chinese}：{said}", f"{english}: {said}", words in (_UNREACHABLE, _CUT))


def secrets_of(url: str) -> list[str]:
    """The passwords that an address holds."""
    return [secret for secret in (urlsplit(url).password, *re.findall(r"password=([^&\s]+)", url)) if secret]


def _without_password(said: str, url: str) -> str:
    for secret in secrets_of(url):
        said = said.replace(secret, "***")
    return said
