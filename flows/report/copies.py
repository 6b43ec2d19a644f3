"""Which annotated copies to make, and where they lie: for `check --return`, and for a night's `returned/`."""

import datetime as dt
import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path

import duckdb

from flows.ingest.guard import Limits, Refused
from flows.ingest.workers import run_isolated
from flows.report.findings import Finding, without_place
from flows.report.returned import annotate

_FINDINGS = """
select
    file.file_sha256, file.path, file.received_on,
    issue.rule, issue.severity, issue.sheet, issue.row, issue.cell, issue.field, issue.printed_value,
    issue.message_zh, issue.message_en
from landing.issue
inner join landing.file on issue.file_sha256 = file.file_sha256
where file.status = 'read'
order by file.received_on, file.path, issue.issue_no
"""


@dataclass(frozen=True)
class Job:
    """One copy to be made."""

    source: Path
    name: str
    findings: tuple[Finding, ...]
    target: Path
    lang: str
    limits: Limits
    values_only: bool = False


def jobs_for(found: Iterable[tuple[Path, Sequence[Finding]]], folder: Path, lang: str, limits: Limits) -> list[Job]:
    """The copies to make of these files: of each with a finding, under its own name, never over one of the files."""
    found = list(found)
    taken = {source.resolve() for source, _ in found}
    jobs = []
    for source, findings in found:
        if findings:
            copy = _free(folder.resolve(), source, (), taken)
            taken.add(copy)
            jobs.append(Job(source, source.name, tuple(findings), copy, lang, limits))
    return jobs


def write_copies(jobs: Iterable[Job], limits: Limits, processes: int) -> Iterator[tuple[Job, Path | Refused]]:
    """Make annotated copies in worker processes: openpyxl is handed files of strangers.

    Yields
    ------
    tuple
        The job, and its target or why there is none.
    """
    again: list[Job] = []
    pending = list(jobs)
    while pending:
        for job, result in run_isolated(
            _annotate, pending, processes=processes, seconds=limits.seconds, memory_bytes=limits.memory_bytes
        ):
            if isinstance(result, Refused) and not job.values_only:
                again.append(Job(job.source, job.name, job.findings, job.target, job.lang, job.limits, True))
            else:
                yield job, result
        pending, again = again, []


def _annotate(job: Job) -> Path:
    data = job.source.read_bytes()
    annotate(data, job.name, job.findings, job.target, job.lang, job.limits, values_only=job.values_only)
    return job.target


def return_workbooks(
    warehouse: Path,
    raw: Path,
    target: Path,
    lang: str = "zh",
    limits: Limits | None = None,
    processes: int = 1,
) -> list[tuple[Path, Path | Refused]]:
    """Write the annotated copy of every landed file with an error or a warning, as ``<received>/<file>``.

    Parameters
    ----------
    warehouse, raw : pathlib.Path
        Where the issues and the files are. A file that is gone or has changed since is left out.
    target : pathlib.Path
        The folder `returned`.
    lang : str
        Of messages.
    limits : Limits, optional
        Of one copy.
    processes : int
        How many copies are made at the same time.

    Returns
    -------
    list of tuple
        Each original, and its copy or why there is none.
    """
    limits = limits or Limits()
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        lines = connection.execute(_FINDINGS).fetchall()
    by_file: dict[tuple[str, str, dt.date], list[Finding]] = defaultdict(list)
    for digest, path, received_on, rule, severity, sheet, row, cell, field, shown, zh, en in lines:
        message = without_place(zh if lang == "zh" else en, path, sheet)
        by_file[digest, path, received_on].append(Finding(rule, severity, sheet, row, cell, field, shown, message))
    jobs: list[Job] = []
    taken: set[Path] = set()
    for (digest, path, received_on), findings in by_file.items():
        source = raw.joinpath(*path.split("/")[1:])
        if all(finding.severity == "info" for finding in findings) or not _holds(source, digest):
            continue
        copy = _free(target / received_on.isoformat(), source, path.split("/")[1:-1], taken)
        taken.add(copy)
        jobs.append(Job(source, source.name, tuple(findings), copy, lang, limits))
    return [(job.source, result) for job, result in write_copies(jobs, limits, processes)]


def _holds(source: Path, digest: str) -> bool:
    try:
        return hashlib.sha256(source.read_bytes()).hexdigest() == digest
    except OSError:
        return False


def _free(folder: Path, source: Path, folders: Sequence[str], taken: set[Path]) -> Path:
    """A name for the copy: the file's own; where another has it, its folders and its ending tell them apart."""
    names = (source.stem, "-".join((*folders[1:], source.stem)), "-".join((*folders[1:], source.name)))
    numbered = (f"{source.stem}({number})" for number in count(2))
    return next(path for name in chain(names, numbered) if (path := folder / f"{name}.xlsx") not in taken)
