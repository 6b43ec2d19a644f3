"""What was published, and when: schema `history` of a release, carried on from the release before.

Landing keeps what was received; this keeps what was said. A row of a report stands from `published_at` until a release
says otherwise (`replaced_at`), so that one query tells what was published on a day beside what is known now.
"""

from collections.abc import Mapping

import duckdb

from flows.publish import catalog
from flows.publish.quoting import name, text

# What bulletins print: the reports, and the assessment.
_KEPT_PREFIX, _KEPT = "rpt_", ("fct_assessment", "fct_assessment_item")
_COMMENTS = {
    "run_id": "运行编号 | 首次公布该行的运行 | run that published the row first",
    "published_at": "公布时间 | 首次公布该行的时间 | when the row was published first",
    "replaced_at": "替代时间 | 该行被更改或撤下的时间；现行的为空 | when a release changed it; null while it stands",
}


def keep(con: duckdb.DuckDBPyConnection, tables: Mapping[str, bool], release: Mapping[str, object]) -> None:
    """Write the history of a release's reports.

    Parameters
    ----------
    con
        A connection to the release that is being built (`release`, its tables in schema `main`) and, where there is
        one, to the release before (`earlier`).
    tables
        The release's tables, and whether each has the rows of the release before, whose history then stands as it is;
        of those that are no reports there is none.
    release
        Its `run_id` and `published_at`.
    """
    con.execute("create schema history")
    now, before = catalog.tables(con, "release", "main"), catalog.tables(con, "earlier", "history")
    for table, is_as_before in tables.items():
        if table.startswith(_KEPT_PREFIX) or table in _KEPT:
            earlier = before[table].columns if table in before else {}
            if earlier and is_as_before:
                con.execute(f"create table history.{name(table)} as from earlier.history.{name(table)}")
            else:
                _add_to(con, table, now[table].columns, earlier, release)
            comments = {column: said.comment for column, said in now[table].columns.items()} | _COMMENTS
            con.execute(
                "; ".join(
                    f"comment on column history.{name(table)}.{name(column)} is {text(comment)}"
                    for column, comment in comments.items()
                )
            )


def _add_to(
    con: duckdb.DuckDBPyConnection,
    table: str,
    now: Mapping[str, catalog.Column],
    before: Mapping[str, catalog.Column],
    release: Mapping[str, object],
) -> None:
    """Write the history of a report, whose columns are given, with what the release changes of it."""
    kept, run = name(table), {key: release[key] for key in ("run_id", "published_at")}
    con.execute(
        f"create table history.{kept} as select *, $run_id as run_id, "
        f"cast($published_at as timestamp) as published_at, cast(null as timestamp) as replaced_at from main.{kept}",
        run,
    )
    for column in before.keys() - now.keys() - _COMMENTS.keys():  # a column that reports no longer have
        con.execute(f"alter table history.{kept} add column {name(column)} {before[column].type}")
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
