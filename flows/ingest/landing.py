"""Schema `landing` of the warehouse: what was received and read, the only state there is.

Everything a file gave (its row in the registry, sheets, accepted rows, rejected rows, issues) is written
in one transaction. Reading a file again replaces its own reading and nothing else.
"""

import datetime as dt
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

from flows.ingest.corrections import FAILED
from flows.ingest.landing_lines import Batch, LandedFile
from flows.ingest.landing_tables import tables

_INSTANT = dt.timedelta(microseconds=1)  # what tells times in landing apart


@dataclass(frozen=True, slots=True)
class Known:
    """What the registry says of a path."""

    sha256: str
    size: int
    modified_ns: int | None
    received_on: dt.date
    status: str
    reason: str | None
    reason_en: str | None
    pipeline_version: str
    master_version: str | None
    corrections_version: str | None


class Landing:
    """The landing schema of a warehouse file, open for writing unless said otherwise."""

    def __init__(self, warehouse: Path, *, read_only: bool = False) -> None:
        if not read_only:
            warehouse.parent.mkdir(parents=True, exist_ok=True)
        # One thread: batches are small, and the other cores are the readers'. Without a limit, what was written or
        # looked up once would stay in memory, up to most of the machine's.
        config: dict[str, Any] = {
            "autoinstall_known_extensions": "false",
            "threads": "1",
            "memory_limit": "1GB",
            "checkpoint_threshold": "64MB",
        }
        self.connection = duckdb.connect(str(warehouse), read_only=read_only, config=config)
        self._is_writing = False
        if read_only:
            return
        self.connection.execute("create schema if not exists landing")
        for name, columns in tables().items():
            self._create(name, columns)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.connection.close()

    def _create(self, name: str, columns: Mapping[str, pa.DataType]) -> None:
        empty = pa.table({column: pa.array([], kind) for column, kind in columns.items()})
        self.connection.register("empty", empty)
        self.connection.execute(f'create table if not exists landing."{name}" as select * from empty')
        # A warehouse of an earlier version lacks the columns that came since.
        there = {column for column, *_ in self.connection.execute(f'describe landing."{name}"').fetchall()}
        for column, kind, *_ in self.connection.execute("describe empty").fetchall():
            if column not in there:
                self.connection.execute(f'alter table landing."{name}" add column "{column}" {kind}')
        self.connection.unregister("empty")

    def known(self) -> dict[str, Known]:
        """The latest registry entry of every path."""
        rows = self.connection.execute(
            """
            select
                path, file_sha256, size, modified_ns, received_on, status, reason, reason_en, pipeline_version,
                master_version, corrections_version
            from landing.file
            qualify row_number() over (partition by path order by first_seen_at desc, file_sha256 desc) = 1
            """
        ).fetchall()
        return {path: Known(*rest) for path, *rest in rows}

    def originals(self) -> dict[str, str]:
        """sha256 → the path under which those bytes were landed first."""
        rows = self.connection.execute(
            "select file_sha256, path from landing.file where status not in ('duplicate', 'ignored')"
        ).fetchall()
        return dict(rows)

    def failed_corrections(self) -> list[tuple[str, str]]:
        """What kept a correction from being applied to a file as it is now, in both languages."""
        rows = self.connection.execute(
            """
            select file.path, file.file_sha256, issue.message_zh, issue.message_en
            from landing.issue
            inner join landing.file on issue.file_sha256 = file.file_sha256
            where issue.rule = $rule and file.status not in ('duplicate', 'ignored')
            order by issue.issue_no
            """,
            {"rule": FAILED},
        ).fetchall()
        latest = {(path, known.sha256) for path, known in self.known().items()} if rows else ()
        return [(zh, en) for path, digest, zh, en in rows if (path, digest) in latest]

    def counties(self) -> dict[str, tuple[str, ...]]:
        """sha256 → the counties that the tables of a file name, as `judging.named_counties` tells them."""
        rows = self.connection.execute(
            """
            select file_sha256, list(distinct coalesce(county, ''))
            from landing.sheet
            where form is not null
            group by all
            """
        ).fetchall()
        return {digest: tuple(sorted(counties)) for digest, counties in rows}

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All that is written inside is there at once when it ends, or, where something fails, nothing."""
        if self._is_writing:  # what is written inside another belongs to it
            yield
            return
        self.connection.begin()
        self._is_writing = True
        try:
            yield
            self.connection.commit()
        except BaseException:
            with suppress(duckdb.TransactionException):  # a commit that failed has ended it already
                self.connection.rollback()
            raise
        finally:
            self._is_writing = False

    def write(self, files: Sequence[LandedFile], pipeline_version: str, seen_at: dt.datetime) -> None:
        """Land the readings of these files, replacing earlier readings of the same bytes, in one transaction."""
        before = self._entries({landed.sha256 for landed in files})
        standing = self._standing([landed.file.path for landed in files])
        batch = Batch(self._next_issue_no())
        for landed in files:
            batch.add(landed, pipeline_version, _first_seen(landed.sha256, standing.get(landed.file.path), seen_at))
        arrow = batch.tables()
        there = {digest for _, digest in before}
        with self.transaction():
            self._forget(
                {landed.sha256 for landed in files if landed.read.status not in ("duplicate", "ignored")} & there,
                {(landed.file.path, landed.sha256) for landed in files} & before,
            )
            for name, table in arrow.items():
                self._insert(name, table)
            self._describe_copies({landed.sha256 for landed in files})

    def _entries(self, digests: Collection[str]) -> set[tuple[str, str]]:
        """(path, sha256) of every entry of these bytes."""
        rows = self.connection.execute(
            "select path, file_sha256 from landing.file where file_sha256 in (select unnest($digests))",
            {"digests": list(digests)},
        ).fetchall()
        return {(path, digest) for path, digest in rows}

    def _standing(self, paths: Sequence[str]) -> dict[str, tuple[str, dt.datetime]]:
        """Path → sha256 of its latest entry, and when that was first seen."""
        rows = self.connection.execute(
            """
            select path, file_sha256, first_seen_at
            from landing.file
            where path in (select unnest($paths))
            order by first_seen_at, file_sha256
            """,
            {"paths": list(paths)},
        ).fetchall()
        return {path: (digest, seen) for path, digest, seen in rows}

    def _describe_copies(self, digests: Collection[str]) -> None:
        """A copy speaks for the town and day of its original."""
        self.connection.execute(
            """
            update landing.file as copy
            set town_code = original.town_code, report_date = original.report_date
            from landing.file as original
            where
                copy.status = 'duplicate' and original.status = 'read' and original.file_sha256 = copy.file_sha256
                and copy.file_sha256 in (select unnest($digests))
            """,
            {"digests": list(digests)},
        )

    def _next_issue_no(self) -> int:
        (last,) = self.connection.execute("select coalesce(max(issue_no), 0) from landing.issue").fetchone() or (0,)
        return int(last) + 1

    def _forget(self, digests: Collection[str], entries: Collection[tuple[str, str]]) -> None:
        """Delete what these bytes gave before, and these (path, sha256) of the registry."""
        for name in tables() if digests else ():
            if name != "file":
                self.connection.execute(
                    f'delete from landing."{name}" where file_sha256 in (select unnest($digests))',
                    {"digests": list(digests)},
                )
        if entries:
            paths, of_bytes = zip(*entries, strict=True)
            self.connection.execute(
                "delete from landing.file where (path, file_sha256) in (select unnest($paths), unnest($digests))",
                {"paths": list(paths), "digests": list(of_bytes)},
            )

    def _insert(self, name: str, table: pa.Table) -> None:
        self.connection.register("batch", table)
        self.connection.execute(f'insert into landing."{name}" by name select * from batch')
        self.connection.unregister("batch")


def _first_seen(digest: str, standing: tuple[str, dt.datetime] | None, now: dt.datetime) -> dt.datetime:
    """When these bytes came to stand at their path: of two entries of a path the later one counts.

    Bytes that were there before and were put back have come anew; so have those that replaced others within a night.
    """
    if standing is None:
        return now
    there, seen = standing
    return seen if there == digest else max(now, seen + _INSTANT)
