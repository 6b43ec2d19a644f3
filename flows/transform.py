"""Runs the dbt project in-process: landing becomes staging, intermediate and marts."""

import hashlib
import json
import os
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import duckdb

if TYPE_CHECKING:
    from dbt.artifacts.schemas.run import RunResult

PROJECT = Path(__file__).resolve().parent.parent / "sql"
WAREHOUSE_VARIABLE, _MEMORY_VARIABLE = "GONGSHUI_WAREHOUSE", "GONGSHUI_MEMORY_GB"  # read by sql/profiles.yml
_BUILT_WITH = "intermediate.built_with"

Tests = Literal["none", "data", "all"]
_LEFT_OUT: dict[Tests, tuple[str, ...]] = {"none": ("test", "unit_test"), "data": ("unit_test",), "all": ()}


class TransformError(Exception):
    """The project could not be built; the message names each node that failed, and why."""


@dataclass(frozen=True)
class TransformResult:
    """What one build did.

    Attributes
    ----------
    nodes
        How many nodes of each kind were built: seed, model, test (and unit_test).
    seconds
        How long it took.
    """

    nodes: dict[str, int]
    seconds: float


def build(
    warehouse: Path,
    work: Path,
    *,
    as_of: date | None = None,
    rubric: Sequence[Mapping[str, str]] = (),
    tests: Tests = "data",
    full_refresh: bool = False,
    memory_gb: float | None = None,
    project: Path = PROJECT,
) -> TransformResult:
    """Build what is derived from landing, and test it; of what is kept by report date, the dates that changed.

    Where the project, its seeds among it, or the rubric is not the one that the warehouse was built with, everything is
    built anew.

    Parameters
    ----------
    warehouse
        The DuckDB file that holds the schema `landing`; no other connection to it may be open for writing.
    work
        A folder for the parsed project and a log. Kept between runs it saves seconds; it can be deleted at any time.
    as_of
        Build the marts as they were known on this day; of all that is landed when None.
    rubric
        The county's own rubric (`flows.rubric`); the shipped one where it is empty.
    tests
        Which of dbt's tests to run: those on the data; the unit tests too (`all`), which test the code and belong to
        the test suite; or `none`.
    full_refresh
        Build everything anew, whatever the warehouse was built with.
    memory_gb
        The most memory that DuckDB takes; what does not fit is written to a folder beside the warehouse. 2.5 where it
        is None.
    project
        The dbt project.

    Returns
    -------
    TransformResult
        Counts of nodes and the time taken.

    Raises
    ------
    TransformError
        When the project cannot be read, or a seed, model or test fails.
    """
    started = time.perf_counter()
    digest = _digest(project, rubric)
    if full_refresh := full_refresh or _built_with(warehouse) != digest:
        _note_built_with(warehouse, None)  # until all of it is built anew
    memory = {} if memory_gb is None else {_MEMORY_VARIABLE: str(memory_gb)}
    with _environment({WAREHOUSE_VARIABLE: str(warehouse.resolve()), **memory}):
        try:
            results = run_dbt(
                work, "duckdb", as_of=as_of, rubric=rubric, tests=tests, full_refresh=full_refresh, project=project
            )
        finally:
            from dbt.adapters.duckdb.connections import DuckDBConnectionManager

            # else the file stays open until the process ends
            DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
    _note_built_with(warehouse, digest)
    return TransformResult(nodes=counted(results), seconds=time.perf_counter() - started)


def run_dbt(
    work: Path,
    target: str,
    *,
    as_of: date | None,
    rubric: Sequence[Mapping[str, str]],
    tests: Tests,
    full_refresh: bool,
    project: Path = PROJECT,
) -> "list[RunResult]":
    """Build the project on one of the engines that sql/profiles.yml names.

    Raises
    ------
    TransformError
        When the project cannot be read, or a seed, model or test fails.
    """
    # They take a second, which a night that builds nothing can do without.
    from dbt.artifacts.schemas.run import RunExecutionResult, RunResult
    from dbt.cli.main import dbtRunner

    arguments = [
        *("build", "--target", target),
        *("--project-dir", str(project), "--profiles-dir", str(project)),
        *("--target-path", str(work.resolve() / "target"), "--log-path", str(work.resolve() / "logs")),
        *("--log-level", "none", "--log-level-file", "info", "--no-print"),
        *("--no-version-check", "--no-send-anonymous-usage-stats", "--no-write-json"),
    ]
    variables = {"as_of": as_of and as_of.isoformat(), "rubric": [dict(line) for line in rubric]}
    arguments += ["--vars", json.dumps({name: value for name, value in variables.items() if value})]
    for kind in _LEFT_OUT[tests]:
        arguments += ["--exclude-resource-type", kind]
    digest, parsed_with = _digest(project, rubric), work / "parsed_with"
    if not parsed_with.is_file() or parsed_with.read_text("utf-8") != digest:
        # dbt trips over the metrics of a YAML file that changed since it was parsed: it would find each of them twice.
        arguments.append("--no-partial-parse")
        parsed_with.unlink(missing_ok=True)
    if full_refresh:
        arguments.append("--full-refresh")
    outcome = dbtRunner().invoke(arguments)
    if outcome.exception is not None:
        raise TransformError(str(outcome.exception)) from outcome.exception
    assert isinstance(outcome.result, RunExecutionResult)  # what `dbt build` returns
    results = [result for result in outcome.result.results if isinstance(result, RunResult)]
    if not outcome.success:
        raise TransformError("\n".join(_failures(results)))
    parsed_with.write_text(digest, encoding="utf-8")
    return results


def counted(results: "Sequence[RunResult]") -> dict[str, int]:
    """How many nodes of each kind were built."""
    return dict(Counter(result.node.resource_type.value for result in results))


def _digest(project: Path, rubric: Sequence[Mapping[str, str]]) -> str:
    """Return the hash of what a build is made of besides landing: every file of the project, and the rubric."""
    digest = hashlib.sha256(json.dumps([dict(line) for line in rubric], sort_keys=True).encode())
    for path in sorted(project.rglob("*")):
        name = path.relative_to(project)
        if path.is_file() and name.parts[0] not in ("target", "logs", "dbt_packages") and name.parts[0][0] != ".":
            digest.update(f"{name.as_posix()}\0{hashlib.sha256(path.read_bytes()).hexdigest()}\0".encode())
    return digest.hexdigest()


def _built_with(warehouse: Path) -> str | None:
    """Return the digest that all of a warehouse was built with; None where nobody knows."""
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        try:
            found = connection.execute(f"select digest from {_BUILT_WITH}").fetchone()
        except duckdb.CatalogException:  # never built
            return None
    return str(found[0]) if found and found[0] else None


def _note_built_with(warehouse: Path, digest: str | None) -> None:
    with duckdb.connect(str(warehouse)) as connection:
        connection.execute("create schema if not exists intermediate")
        connection.execute(f"create or replace table {_BUILT_WITH} as select ?::varchar as digest", [digest])


def _failures(results: "list[RunResult]") -> Iterator[str]:
    """Name each failed node with its message, and count those skipped because of it."""
    for result in results:
        if result.status in ("error", "fail", "runtime error"):
            yield f"{result.node.resource_type} {result.node.name}: {(result.message or 'failed').strip()}"
    skipped = sum(result.status == "skipped" for result in results)
    if skipped:
        yield f"{skipped} nodes that depend on these were skipped"


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables for the time of a block."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
