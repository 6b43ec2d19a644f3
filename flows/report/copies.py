"""Annotated copies, made in worker processes; and where those go that `check --return` makes."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from flows.ingest.corrections import FAILED
from flows.ingest.grid import read_workbook
from flows.ingest.guard import Limits, Refused
from flows.ingest.own_copy import own_copy
from flows.ingest.workers import run_isolated
from flows.report.findings import Finding
from flows.report.returned import annotate

# What a copy that keeps the looks may still be refused for, and one of the values alone is not.
_FOR_ITS_LOOKS = ("crashed", "timeout", "memory")


@dataclass(frozen=True)
class Job:
    """One copy to be made."""

    source: Path
    findings: tuple[Finding, ...]
    target: Path
    lang: str
    limits: Limits
    # Whether a file at the target goes whatever it is; else only a copy of ours that nobody has worked on.
    replaces: bool = False
    values_only: bool = False


def for_the_town(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What goes back to the sender: a correction that does not fit is the county's to mend."""
    return tuple(finding for finding in findings if finding.rule != FAILED)


def jobs_for(found: Iterable[tuple[Path, Sequence[Finding]]], folder: Path, lang: str, limits: Limits) -> list[Job]:
    """The copies to make of these files: of each with a finding, under its own name, never over one of the files."""
    returnable = [(source.absolute(), for_the_town(findings)) for source, findings in found]
    taken = {source.resolve() for source, _ in returnable}
    jobs = []
    for source, findings in returnable:
        if findings:
            copy = free_name(folder.resolve(), source, (source.parent.name,), taken)
            taken.add(copy)
            jobs.append(Job(source, findings, copy, lang, limits))
    return jobs


def free_name(folder: Path, source: Path, folders: Sequence[str], taken: set[Path]) -> Path:
    """A name for the copy: the file's own; where another has it, its folders and its ending tell them apart."""
    names = (source.stem, "-".join((*folders, source.stem)), "-".join((*folders, source.name)))
    numbered = (f"{source.stem}({number})" for number in count(2))
    return next(path for name in chain(names, numbered) if (path := folder / f"{name}.xlsx") not in taken)


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
            write_copy, pending, processes=processes, seconds=limits.seconds, memory_bytes=limits.memory_bytes
        ):
            if isinstance(result, Refused) and result.code in _FOR_ITS_LOOKS and not job.values_only:
                again.append(replace(job, values_only=True))
            else:
                yield job, result
        pending, again = again, []


def write_copy(job: Job) -> Path:
    """Make one copy.

    Raises
    ------
    Refused
        The file cannot be read, or the copy not be written.
    """
    try:
        if not job.replaces and not _may_go(job.target, job.limits):
            raise Refused(
                "exists",
                f"{job.target} 已存在，且不是未经改动的批注副本，未覆盖。",
                f"{job.target} is there already and is no untouched copy of ours: it was not replaced.",
            )
        data = job.source.read_bytes()
        annotate(data, job.source.name, job.findings, job.target, job.lang, job.limits, values_only=job.values_only)
    except OSError as error:
        place = error.filename or job.target
        raise Refused("unwritable", f"{place}：{error.strerror}。", f"{place}: {error.strerror}.") from error
    return job.target


def _may_go(target: Path, limits: Limits) -> bool:
    """Whether nothing is lost where the file at the target is replaced."""
    if not target.exists():
        return True
    data = target.read_bytes()
    copy = own_copy(data, limits)
    return copy is not None and copy.is_unchanged(read_workbook(data, target.name, limits))
