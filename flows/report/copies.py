"""Annotated copies, made in worker processes; and where those go that `check --return` makes."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import chain, count
from pathlib import Path

from flows.ingest.corrections import FAILED
from flows.ingest.grid import read_workbook
from flows.ingest.guard import Limits, Refused
from flows.ingest.inbox import readable
from flows.ingest.own_copy import own_copy
from flows.ingest.workers import run_isolated
from flows.report.findings import Finding
from flows.report.returned import annotate
from schemas.personal import without_numbers

# What no system, or not every one, takes in a file's name; bytes of it, its ending not counted; names of devices.
_NO_NAME = re.compile(r'[<>:"/\\|?*\x00-\x1f\x7f-\x9f\ud800-\udfff\u2028\u2029\u202a-\u202e\u2066-\u2069]')
_LONGEST_NAME = 180
_DEVICE = re.compile(r"(?:con|prn|aux|nul|conin\$|conout\$|(?:com|lpt)[0-9¹²³])\s*(?:\.|$)", re.IGNORECASE)
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
    # Whether others than the sender may see the copy.
    is_private: bool = False


def for_the_town(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    """What goes back to the sender: a correction that does not fit is the county's to mend."""
    return tuple(finding for finding in findings if finding.rule != FAILED)


def jobs_for(found: Iterable[tuple[Path, Sequence[Finding]]], folder: Path, lang: str, limits: Limits) -> list[Job]:
    """The copies to make of these files: of each with a finding, under its own name, never over one of the files."""
    returnable = [(source.absolute(), for_the_town(findings)) for source, findings in found]
    taken = {place_of(source.resolve()) for source, _ in returnable}
    jobs = []
    for source, findings in returnable:
        if findings:
            copy = free_name(folder.resolve(), source, (source.parent.name,), taken)
            jobs.append(Job(source, findings, copy, lang, limits))
    return jobs


def free_name(folder: Path, source: Path, folders: Sequence[str], taken: set[str]) -> Path:
    """A name for the copy: the file's own; where another has it, its folders and its ending tell them apart.

    Parameters
    ----------
    folder, source : pathlib.Path
        Where the copy goes, and the file, of which only the name counts.
    folders : sequence of str
        The names of its folders.
    taken : set of str
        The places that are taken, as `place_of` writes them; the new one is added.
    """
    names = (source.stem, "-".join((*folders, source.stem)), "-".join((*folders, source.name)))
    # The number comes last: what is cut off a long name must not be what tells it apart.
    numbered = (f"{safe_name(source.stem)}({number})" for number in count(2))
    paths = (folder / f"{name}.xlsx" for name in chain(map(safe_name, names), numbered))
    copy = next(path for path in paths if place_of(path) not in taken)
    taken.add(place_of(copy))
    return copy


def place_of(path: Path) -> str:
    """A path as systems compare it that take upper and lower case for the same."""
    return unicodedata.normalize("NFC", str(path)).casefold()


def safe_name(name: str) -> str:
    """A file's name that every system takes: no folder in it, no device, nothing unprintable, no one's number."""
    name = _NO_NAME.sub("_", unicodedata.normalize("NFC", without_numbers(name)))
    name = name.encode(errors="ignore")[:_LONGEST_NAME].decode(errors="ignore").strip(". ")
    return f"_{name}" if not name or _DEVICE.match(name) else name


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
        annotate(
            data, readable(job.source.name), job.findings, job.target, job.lang, job.limits,
            values_only=job.values_only, is_private=job.is_private,
        )  # fmt: skip
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
