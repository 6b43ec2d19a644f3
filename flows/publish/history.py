"""What was published, and when: schema `history` of a release, carried on from the release before.

Landing keeps what was received; this keeps what was said. A row of a report stands from `published_at` until a release
says otherwise (`replaced_at`), so that one query tells what was published on a day beside what is known now.
"""

from collections.abc import Iterable, Mapping

import duckdb

from flows.publish.quoting import name, text

# What bulletins print: the reports, and the assessment.
_KEPT_PREFIX, _KEPT = "rpt_", ("fct_assessment", "fct_assessment_item")
_COMMENTS = {
    "run_id": "运行编号 | 首次公布该行的运行 | run that published the row first",
    "published_at": "公布时间 | 首次公布该行的时间 | when the row was published first",
    "replaced_at": "替代时间 | 该行被更改或撤下的时间；现行的为空 | when a release changed it; null while it stands",
}


def keep(con: duckdb.DuckDBPyConnection, tables: Iterable[str], release: Mapping[str, object]) -> None:
    """Write the history of a release's reports.

    Parameters
    ----------
    con
        A connection to the release that is being built (`release`, its tables in schema `main`) and, where there is
        one, to the release before (`earlier`).
    tables
        The release's tables; of those that are no reports there is no history.
    release
        Its `run_id` and `published_at`.
    """
    con.execute("create schema history")
    for table in tables:
        if table.startswith(_KEPT_PREFIX) or table in _KEPT:
            _keep_table(con, table, release)


def _keep_table(con: duckdb.DuckDBPyConnection, table: str, release: Mapping[str, object]) -> None:
    kept, now, before = name(table), _columns(con, "main", table), _columns(con, "history", table, "earlier")
    run = {key: release[key] for key in ("run_id", "published_at")}
    con.execute(
        f"create table history.{kept} as select *, $run_id as run_id, "
        f"cast($published_at as timestamp) as published_at, cast(null as timestamp) as replaced_at from main.{kept}",
        run,
    )
    for column in before.keys() - now.keys() - _COMMENTS.keys():  # a column that reports no longer have
        con.execute(f"alter table history.{kept} add column {name(column)} {before[column][0]}")
    if before:
        # a column that only one of the two has does not tell whether a row has changed
        shared = [name(column) for column in now if column in before]
        is_same = " and ".join(f"old.{column} is not distinct from new.{column}" for column in shared)
        con.execute(
            f"delete from history.{kept} as new where exists "
            f"(select 1 from earlier.history.{kept} as old where old.replaced_at is null and {is_same})"
        )
        replaced = f"case when not exists (select 1 from main.{kept} as new where {is_same}) then $published_at end"
        con.execute(
            f"insert into history.{kept} by name "
            f"select old.* replace (coalesce(old.replaced_at, {replaced}) as replaced_at) "
            f"from earlier.history.{kept} as old",
            {"published_at": run["published_at"]},
        )
    for column, comment in ({column: said for column, (_, said) in now.items()} | _COMMENTS).items():
        con.execute(f"comment on column history.{kept}.{name(column)} is {text(comment)}")


def _columns(
    con: duckdb.DuckDBPyConnection, schema: str, table: str, database: str = "release"
) -> dict[str, tuple[str, str | None]]:
    """Each column of a table with its type and comment; none where there is no such table."""
    found = con.execute(
        "select column_name, data_type, comment from duckdb_columns() "
        "where database_name = ? and schema_name = ? and table_name = ? order by column_index",
        [database, schema, table],
    ).fetchall()
    return {column: (kind, comment) for column, kind, comment in found}
