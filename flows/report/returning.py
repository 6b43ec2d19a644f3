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

from flows.ingest.corrections import FAILED
from flows.ingest.guard import Limits, Refused
from flows.report.copies import Job, free_name, write_copies
from flows.report.findings import Finding, without_place
from flows.said import Lang

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
    left join (select distinct file_sha256, rule, sheet, row, field from landing.issue) as told
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
    before = _manifest(target)
    stays: dict[str, dict[str, str]] = {}
    jobs: dict[Path, tuple[str, dict[str, str]]] = {}
    to_write: list[Job] = []
    taken: set[Path] = set()
    for file, findings in _findings(warehouse).items():
        if all(finding.severity == "info" for finding in findings):
            continue
        folders = file.path.split("/")[1:-1]
        source = raw.joinpath(*folders, file.path.rpartition("/")[2])
        copy = free_name(target / file.received_on.isoformat(), source, folders[1:], taken)
        taken.add(copy)
        name = copy.relative_to(target).as_posix()
        entry = {"file": file.path, "made_of": _made_of(version, file, findings)}
        if before.get(name) == entry and copy.is_file():
            stays[name] = entry
        elif _holds(source, file.digest):
            jobs[copy] = name, entry
            to_write.append(Job(source, tuple(findings), copy, LANG, limits, replaces=True))
    done = Returned(kept=len(stays))
    for job, result in write_copies(to_write, limits, processes):
        name, entry = jobs[job.target]
        if isinstance(result, Refused):
            done.failed.append((entry["file"], result))
        else:
            stays[name] = entry
            done.written += 1
    for name in before.keys() - stays.keys():
        if _is_removed(target / name):
            done.removed += 1
        else:
            stays[name] = before[name] | {"made_of": ""}
    if stays != before:
        _write_manifest(target, stays)
    return done


def _findings(warehouse: Path) -> dict[_File, list[Finding]]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        lines = connection.execute(_FINDINGS, {"failed": FAILED}).fetchall()
    by_file: dict[_File, list[Finding]] = defaultdict(list)
    for digest, path, received_on, rule, severity, sheet, row, cell, name, shown, message in lines:
        message = without_place(message, path, sheet)
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


def _manifest(target: Path) -> dict[str, dict[str, str]]:
    try:
        copies: dict[str, dict[str, str]] = json.loads((target / MANIFEST).read_text("utf-8"))["copies"]
    except (OSError, ValueError, KeyError):
        return {}  # then every copy is written again
    return {name: entry for name, entry in copies.items() if _COPY.fullmatch(name)}


def _write_manifest(target: Path, copies: dict[str, dict[str, str]]) -> None:
    target.mkdir(parents=True, exist_ok=True)
    beside = target / f".{MANIFEST}"
    beside.write_text(json.dumps({"copies": dict(sorted(copies.items()))}, ensure_ascii=False, indent=1), "utf-8")
    beside.replace(target / MANIFEST)


def _is_removed(copy: Path) -> bool:
    """Take a copy away, and its folder when that is empty; what somebody holds open on Windows goes another night."""
    try:
        copy.unlink(missing_ok=True)
    except OSError:
        return False
    with suppress(OSError):
        copy.parent.rmdir()
    return True
