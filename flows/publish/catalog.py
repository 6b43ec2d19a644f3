"""What a database says of its own tables: columns, types and comments, of a whole schema at once."""

from dataclasses import dataclass

import duckdb


@dataclass(frozen=True)
class Column:
    """Its type, as DuckDB writes it, and its comment."""

    type: str
    comment: str | None


@dataclass(frozen=True)
class TableInfo:
    """A table's comment, and its columns by name in their order."""

    comment: str | None
    columns: dict[str, Column]


def tables(con: duckdb.DuckDBPyConnection, database: str, schema: str) -> dict[str, TableInfo]:
    """Return the tables of a schema by name, sorted; views are none. None where there is no such schema.

    Parameters
    ----------
    con
        A connection that the database is attached to.
    database, schema
        Names. All tables are asked of at once: DuckDB goes through everything attached for each such question.
    """
    found: dict[str, TableInfo] = {}
    for table, said, column, kind, comment in con.execute(
        """
        select tables.table_name, tables.comment, columns.column_name, columns.data_type, columns.comment
        from duckdb_tables() as tables
        inner join duckdb_columns() as columns using (database_oid, table_oid)
        where tables.database_name = ? and tables.schema_name = ?
        order by tables.table_name, columns.column_index
        """,
        [database, schema],
    ).fetchall():
        found.setdefault(table, TableInfo(said, {})).columns[column] = Column(kind, comment)
    return found
