"""The folder `returned/`: annotated copies of the workbooks that their senders should mend, kept up to date nightly.

A copy is made anew where its file, its findings or the program that writes it changed, and goes where nothing is left
to mend; all others stay untouched. `manifest.json` in the folder says which copy was made of what.
"""

import datetime as dt
import hashlib
import json
import re
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
from duckdb.sqltypes import VARCHAR

from flows.durable import write_whole
from flows.ingest.corrections import FAILED
from flows.ingest.guard import Limits, Refused
from flows.ingest.inbox import locate
from flows.report.copies import Job, free_name, write_copies
from flows.report.findings import Finding, without_place
from flows.said import Lang
from schemas.personal import without_numbers

MANIFEST = "manifest.json"
# Of the towns' clerks, whoever runs the night.
LANG: Lang = "zh"
# What a night may have written, and may take away.
_COPY = re.compile(r"\d{4}-\d\d-\d\d/[^/\\]+\.xlsx")

# The findings of the marts, those that need the history of reports among them, and what the reader noticed of the same
# files. A file that another one has replaced is not returned, nor one whose content has changed since.
_FINDINGS = """
with

returnable as (

    select
        file_sha256,
        path,
        received_on
    from landing.file
    qualify
        row_number() over (partition by path order by first_seen_at desc, file_sha256 desc) = 1
        and status = 'read'

),

-- a rule made in SQL knows the figure, not how the cell prints it
issues as (

    select
        issue.source_id as file_sha256, issue.rule, issue.severity, issue.sheet, issue.row,
        issue.cell, issue.field, if(told.rule is null, null, issue.printed_value) as printed_value, issue.message_zh
    from marts.fct_data_issue as issue
    left join (
        select distinct file_sha256, rule, without_numbers(sheet) as sheet, row, field from landing.issue
    ) as told
        on
            issue.source_id = told.file_sha256
            and issue.rule = told.rule
            and issue.sheet = told.sheet
            and issue.row is not distinct from told.row
            and issue.field is not distinct from told.field
    where issue.submission = 'current'
    union all
    select
        file_sha256, rule, severity, sheet, row, cell, field, printed_value, message_zh
    from landing.issue
    where
        rule like 'N%'
        and rule != $failed
        and file_sha256 in (select source_id from marts.fct_submission where status in ('current', 'rejected'))

)

select
    returnable.*,
    issues.* exclude (file_sha256)
from issues
inner join returnable on issues.file_sha256 = returnable.file_sha256
order by
    returnable.received_on, returnable.path, issues.sheet, issues.row, issues.rule, issues.cell, issues.field,
    issues.message_zh
"""


@dataclass
class Returned:
    """What became of the folder.

    Attributes
    ----------
    written, kept, removed
        Copies made tonight, left as they were, and taken away.
    failed
        Files whose copy could not be made, and why.
    """

    written: int = 0
    kept: int = 0
    removed: int = 0
    failed: list[tuple[str, Refused]] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many copies lie there."""
        return self.written + self.kept


@dataclass(frozen=True)
class _File:
    digest: str
    path: str
    received_on: dt.date


def bring_up_to_date(
    warehouse: Path, raw: Path, target: Path, version: str, limits: Limits, processes: int
) -> Returned:
    """Make the folder hold the copy of every current file with an error or a warning, as ``<received>/<file>.xlsx``.

    Parameters
    ----------
    warehouse, raw : pathlib.Path
        Where the issues and the files are. A file that is gone or has changed since is left out.
    target : pathlib.Path
        The folder `returned`; files in it that no night wrote are left alone.
    version : str
        Of the program: another one writes every copy again.
    limits : Limits
        Of one copy.
    processes : int
        How many copies are made at the same time.

    Returns
    -------
    Returned
        A copy that could not be made fails nothing, and is tried again next time.

    Raises
    ------
    OSError, duckdb.Error
        The folder cannot be written or the warehouse not be read.
    """
    for half in target.glob("*/.*.part"):  # of a run that was killed
        half.unlink()
    before = copies_of(target)
    stays: dict[str, dict[str, str]] = {}
    jobs: dict[Path, tuple[str, dict[str, str]]] = {}
    to_write: list[Job] = []
    taken: set[str] = set()
    for file, findings in _findings(warehouse).items():
        if all(finding.severity == "info" for finding in findings):
            continue
        folders, source = file.path.split("/")[1:-1], locate(raw, file.path)
        copy = free_name(target / file.received_on.isoformat(), Path(file.path), folders[1:], taken)
        name = copy.relative_to(target).as_posix()
        entry = {"file": without_numbers(file.path), "made_of": _made_of(version, file, findings)}
        if before.get(name) == entry and copy.is_file():
            stays[name] = entry
        elif _holds(source, file.digest):
            jobs[copy] = name, entry
            to_write.append(Job(source, tuple(findings), copy, LANG, limits, replaces=True, is_private=True))
    done = Returned(kept=len(stays))
    if jobs:  # they are ours from now on, and made of nobody knows what until they are told finished
        before |= {name: entry | {"made_of": ""} for name, entry in jobs.values()}
        note_copies(target, before)
    for job, result in write_copies(to_write, limits, processes):
        name, entry = jobs[job.target]
        if isinstance(result, Refused):
            done.failed.append((entry["file"], result))
        else:
            stays[name] = entry
            done.written += 1
    for name in before.keys() - stays.keys():
        was_there = (target / name).is_file()
        if _is_removed(target / name):
            done.removed += was_there
        else:
            stays[name] = before[name] | {"made_of": ""}
    if stays != before:
        note_copies(target, stays)
    return done


def _findings(warehouse: Path) -> dict[_File, list[Finding]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        # As the marts tell sheets and files (macro without_numbers).
        connection.create_function("without_numbers", without_numbers, [VARCHAR], VARCHAR)
        lines = connection.execute(_FINDINGS, {"failed": FAILED}).fetchall()
    by_file: dict[_File, list[Finding]] = defaultdict(list)
    for digest, path, received_on, rule, severity, sheet, row, cell, name, shown, message in lines:
        message = without_place(without_numbers(message), without_numbers(path), sheet and without_numbers(sheet))
        finding = Finding(rule, severity, sheet or "", row, cell, name, shown, message)
        by_file[_File(digest, path, received_on)].append(finding)
    return by_file


def _made_of(version: str, file: _File, findings: list[Finding]) -> str:
    return hashlib.sha256(repr((version, file.digest, findings)).encode()).hexdigest()


def _holds(source: Path, digest: str) -> bool:
    try:
        return hashlib.sha256(source.read_bytes()).hexdigest() == digest
    except OSError:
        return False


def copies_of(target: Path) -> dict[str, dict[str, str]]:
    """Return the copies that a folder holds, by their names in it: of which file each is, and what it was made of."""
    try:
        copies: dict[str, dict[str, str]] = json.loads((target / MANIFEST).read_text("utf-8"))["copies"]
    except (OSError, ValueError, KeyError):
        return {}  # then every copy is written again
    return {name: entry for name, entry in copies.items() if _COPY.fullmatch(name)}


def note_copies(target: Path, copies: dict[str, dict[str, str]]) -> None:
    """Write down which copies a folder holds."""
    target.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"copies": dict(sorted(copies.items()))}, ensure_ascii=False, indent=1)
    write_whole(target / MANIFEST, text)


def _is_removed(copy: Path) -> bool:
    """Take a copy away, and its folder when that is empty; what somebody holds open on Windows goes another night."""
    try:
        copy.unlink(missing_ok=True)
    except OSError:
        return False
    with suppress(OSError):
        copy.parent.rmdir()
    return True
