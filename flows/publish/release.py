"""The swap: a release is built beside the current one, checked, and put in its place by renames.

`published/` holds the current release (marts.duckdb, parquet/, dictionary.html, manifest.json), `releases/<run id>/`
the earlier ones that are kept. A reader of marts.duckdb sees the whole old or the whole new release. The manifest is
written last, when all else is on the disk: where it does not fit the files, a publish was killed between two renames,
and the next one puts everything right.
"""

import datetime as dt
import hashlib
import json
import re
import secrets
import shutil
import subprocess
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import duckdb

from flows.durable import sync_all, sync_names, write_whole
from flows.publish import dictionary
from flows.publish.build import DATABASE, PublishError, TableFile, build, sha256

MANIFEST = "manifest.json"
PUBLISHED, FAILED = "published", "failed"
RUN_TIME = "%Y%m%d-%H%M%S"  # what the id of a run begins with
_ROOT, _CODE = Path(__file__).parents[2], ("flows", "schemas", "sql")


def code_version() -> str:
    """Return the version of this program: its number and, in a checkout, the commit and what is not committed."""
    version = metadata.version("gongshui")
    if not (_ROOT / ".git").exists():
        return version
    try:
        described = _git("describe", "--always", "--dirty")
        changes = _git("diff", "HEAD", "--", *_CODE) if described.endswith(b"-dirty") else b""
    except (OSError, subprocess.SubprocessError):
        return version  # a machine without git
    edited = f".{hashlib.sha256(changes).hexdigest()[:8]}" if changes else ""
    return f"{version}+{described.decode()}{edited}"


def _git(*arguments: str) -> bytes:
    return subprocess.run(
        ["git", "-C", str(_ROOT), *arguments], capture_output=True, timeout=10, check=True
    ).stdout.strip()


@dataclass(frozen=True)
class Run:
    """The night that publishes.

    Attributes
    ----------
    id
        Names the release's folder: letters, digits, `-`, `_` and `.`.
    as_of
        The day that the figures stand for.
    at
        When the run publishes; without a time zone the machine's own is meant.
    code_version
        Of the program.
    """

    id: str
    as_of: dt.date
    at: dt.datetime
    code_version: str = field(default_factory=code_version)

    def __post_init__(self) -> None:
        """Refuse an id that is no plain name of a folder."""
        if not re.fullmatch(r"[0-9A-Za-z][0-9A-Za-z._-]*", self.id):
            raise ValueError(f"a run id has letters, digits, - _ and . only: {self.id!r}")

    @classmethod
    def starting(cls, as_of: dt.date, at: dt.datetime) -> "Run":
        """Return a run with an id of its own, that sorts by time."""
        return cls(f"{at.strftime(RUN_TIME)}-{secrets.token_hex(2)}", as_of, at)


@dataclass(frozen=True)
class Release:
    """A release, as its manifest describes it.

    Attributes
    ----------
    run_id, as_of, published_at, code_version
        Of the run that made it.
    tables
        Rows and hash of each table's Parquet file.
    database_sha256
        Of marts.duckdb.
    pages
        The hash of each page made of it, by its file's name.
    status
        `published`, or `failed` when a later run could not replace it.
    failure
        That run: its id, when, and why.
    is_unchanged
        Whether the run found nothing to publish: this is the release of an earlier run, untouched.
    """

    run_id: str
    as_of: dt.date
    published_at: dt.datetime
    code_version: str
    tables: dict[str, TableFile]
    database_sha256: str
    pages: dict[str, str] = field(default_factory=dict)
    status: str = PUBLISHED
    failure: dict[str, str] | None = None
    is_unchanged: bool = False

    def content(self) -> tuple[object, ...]:
        """Return what makes two releases the same: the tables, the pages, and the program, which lays them out."""
        return self.tables, self.pages, self.code_version

    def manifest(self) -> str:
        """Return the text of manifest.json."""
        return json.dumps(
            {
                "status": self.status,
                **({"failure": self.failure} if self.failure else {}),
                "run_id": self.run_id,
                "as_of": self.as_of.isoformat(),
                "published_at": self.published_at.isoformat(timespec="seconds"),
                "code_version": self.code_version,
                "database": {"file": DATABASE, "sha256": self.database_sha256},
                "pages": self.pages,
                "tables": {name: asdict(table) for name, table in self.tables.items()},
            },
            ensure_ascii=False,
            indent=1,
        )


def read_manifest(folder: Path) -> Release | None:
    """Return the release that a folder's manifest describes; None where there is none that can be read."""
    try:
        said: dict[str, Any] = json.loads((folder / MANIFEST).read_text("utf-8"))
        return Release(
            said["run_id"],
            dt.date.fromisoformat(said["as_of"]),
            dt.datetime.fromisoformat(said["published_at"]),
            said["code_version"],
            {name: TableFile(**table) for name, table in said["tables"].items()},
            said["database"]["sha256"],
            said.get("pages", {}),
            said["status"],
            said.get("failure"),
        )
    except (OSError, ValueError, KeyError, TypeError):
        return None


def publish(source: Path, published: Path, run: Run, *, kept: int = 7, county: str | None = None) -> Release:
    """Make the warehouse's marts, or a county's part of a release, the current release of a folder.

    Parameters
    ----------
    source
        The warehouse, or for a county the `marts.duckdb` of all; opened read-only, so nobody may be writing to it.
    published
        The folder that others read; made where there is none.
    run
        Who publishes.
    kept
        How many of the latest releases stay, the current one among them; the last of each month stays too.
    county
        Whose rows alone are published, by its code.

    Returns
    -------
    Release
        The current release: a new one, or the old one (`is_unchanged`) where it has the same content.

    Raises
    ------
    PublishError
        Nothing was published; the last release stands as it was.
    """
    stage = published / ".building"
    try:
        _remove(stage)  # of a run that was killed
        current = read_manifest(published)
        is_intact = current is not None and _is_intact(published, current)
        earlier = published if is_intact else _latest_kept(published)
        release = _build(source, stage / "new", run, earlier, county)
        if current and is_intact and current.content() == release.content():
            if current.status != PUBLISHED:
                current = replace(current, status=PUBLISHED, failure=None)
                _write_manifest(published, current)
            return replace(current, is_unchanged=True)
        if current and is_intact:
            _archive(published, current, stage)
        _swap(stage / "new", published, release)
        _tidy(published, release, kept, stage)
        return release
    except (OSError, duckdb.Error) as error:
        raise PublishError(str(error)) from error
    finally:
        shutil.rmtree(stage, ignore_errors=True)


def note_failure(published: Path, run: Run, reason: str) -> None:
    """Say in the manifest that a run could not replace the release that stands there; without one, do nothing."""
    if current := read_manifest(published):
        failure = {"run_id": run.id, "at": _aware(run.at).isoformat(timespec="seconds"), "reason": reason}
        with suppress(OSError):  # what keeps it from being written is often what the run failed of
            _write_manifest(published, replace(current, status=FAILED, failure=failure))


def _build(source: Path, folder: Path, run: Run, earlier: Path | None, county: str | None) -> Release:
    at = _aware(run.at)
    said = {
        "run_id": run.id,
        "as_of": run.as_of,
        "published_at": at.replace(microsecond=0, tzinfo=None),
        "code_version": run.code_version,
    }
    tables = build(source, folder, said, earlier and earlier / DATABASE, county)
    dictionary.write(folder / DATABASE, folder / dictionary.FILE)
    pages = {dictionary.FILE: sha256(folder / dictionary.FILE)}
    release = Release(run.id, run.as_of, at, run.code_version, tables, sha256(folder / DATABASE), pages)
    (folder / MANIFEST).write_text(release.manifest(), encoding="utf-8")
    return release


def _aware(at: dt.datetime) -> dt.datetime:
    return at.astimezone() if at.tzinfo is None else at


def _files(release: Release) -> list[Path]:
    """Every file of a release, in the order they are put in place; the first is the one that readers hold open."""
    tables = (Path("parquet", f"{name}.parquet") for name in release.tables)
    return [Path(DATABASE), *tables, *map(Path, release.pages), Path(MANIFEST)]


def _is_intact(folder: Path, release: Release) -> bool:
    hashes = {Path(DATABASE): release.database_sha256} | {Path(name): sha for name, sha in release.pages.items()}
    hashes |= {Path("parquet", f"{name}.parquet"): table.sha256 for name, table in release.tables.items()}
    return all((folder / file).is_file() and sha256(folder / file) == digest for file, digest in hashes.items())


def _latest_kept(published: Path) -> Path | None:
    """The latest of the earlier releases that is whole."""
    found = [(release, folder) for folder in (published / "releases").glob("*") if (release := read_manifest(folder))]
    whole = [(release.published_at, folder) for release, folder in found if _is_intact(folder, release)]
    return max(whole)[1] if whole else None


def _write_manifest(published: Path, release: Release) -> None:
    write_whole(published / MANIFEST, release.manifest())


def _archive(published: Path, current: Release, stage: Path) -> None:
    """Copy the current release among the earlier ones: a copy, so that who writes to the one spoils not the other."""
    kept = published / "releases" / current.run_id
    if kept.exists():
        return
    _copy(published, stage / "old", current)
    sync_all(stage / "old")
    kept.parent.mkdir(exist_ok=True)
    (stage / "old").replace(kept)
    sync_names(kept.parent)


def _copy(source: Path, target: Path, release: Release) -> None:
    (target / "parquet").mkdir(parents=True)
    for file in _files(release):
        shutil.copyfile(source / file, target / file)


def _swap(new: Path, published: Path, release: Release) -> None:
    """Put every file in its place; when one cannot be replaced, put back those that were."""
    before = read_manifest(published)
    (published / "parquet").mkdir(parents=True, exist_ok=True)
    sync_all(new)
    done = 0
    try:
        for file in _files(release):
            if file.name == MANIFEST:
                sync_names(published / "parquet", published)
            (new / file).replace(published / file)
            done += 1
        sync_names(published)
    except BaseException:  # on Windows a file that somebody holds open; or Ctrl-C
        back = new.parent / "back"
        if done and before and (published / "releases" / before.run_id).is_dir():
            _copy(published / "releases" / before.run_id, back, before)
            for file in _files(before):
                (back / file).replace(published / file)
        raise


def _tidy(published: Path, current: Release, kept: int, stage: Path) -> None:
    """Remove tables there are no more, and earlier releases but the latest ones and the last of each month."""
    releases = published / "releases"
    found = {folder: read_manifest(folder) for folder in releases.iterdir()} if releases.is_dir() else {}
    everything = [current, *(release for release in found.values() if release)]
    latest = sorted(everything, key=lambda release: release.published_at)[-kept:]
    by_day = sorted(everything, key=lambda release: (release.as_of, release.published_at))
    month_ends = {(release.as_of.year, release.as_of.month): release for release in by_day}
    staying = {release.run_id for release in (*latest, *month_ends.values())}
    gone = [folder for folder, release in found.items() if release and release.run_id not in staying]
    gone += [file for file in (published / "parquet").glob("*.parquet") if file.stem not in current.tables]
    for path in gone:
        with suppress(OSError):  # somebody reads it on Windows: it goes another night
            path.replace(stage / path.name)


def _remove(folder: Path) -> None:
    if folder.exists():
        shutil.rmtree(folder)
