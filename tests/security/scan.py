"""Everything that a file holds, as text: archives unpacked, tables read, bytes in the encodings that are used here."""

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from flows.publish.quoting import name as quoted

ENCODINGS = ("utf-8", "utf-16-le", "gb18030")


def texts_of(path: Path) -> Iterator[tuple[str, str]]:
    """Where in a file, and what is there."""
    data = path.read_bytes()
    yield from _decoded(str(path), data)
    if data.startswith(b"PK"):
        yield from _unpacked(str(path), data)
    elif path.suffix == ".parquet":
        with duckdb.connect() as con:
            for (line,) in con.execute("select cast(t as varchar) from read_parquet(?) as t", [str(path)]).fetchall():
                yield str(path), line
            told = con.execute("select key, value from parquet_kv_metadata(?)", [str(path)]).fetchall()
            yield f"{path} metadata", repr(told)
    elif path.suffix == ".duckdb":
        yield from _tables(path)


def _decoded(where: str, data: bytes) -> Iterator[tuple[str, str]]:
    yield from ((where, data.decode(encoding, "replace")) for encoding in ENCODINGS)
    yield where, data[1:].decode("utf-16-le", "replace")


def _unpacked(where: str, data: bytes) -> Iterator[tuple[str, str]]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        for entry in archive.namelist():
            yield from _decoded(f"{where}!{entry}", archive.read(entry))


def _tables(path: Path) -> Iterator[tuple[str, str]]:
    with duckdb.connect(str(path), read_only=True) as con:
        tables = con.execute("select database_name, schema_name, table_name from duckdb_tables()").fetchall()
        for place in tables:
            table = ".".join(map(quoted, place))
            for (line,) in con.execute(f"select cast(t as varchar) from {table} as t").fetchall():
                yield f"{path}:{table}", line
        for what in ("tables", "columns", "views"):
            yield f"{path} {what}", str(con.execute(f"select comment from duckdb_{what}()").fetchall())
