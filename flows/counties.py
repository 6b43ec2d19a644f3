"""What each county sees of a warehouse that holds several: a release, a wall map, documents and copies of its own.

Only counties whose part of the release changed, or whose last attempt failed, are made anew; each in a worker process.
"""

import hashlib
import shutil
from dataclasses import dataclass, field
from pathlib import Path

from flows.durable import write_whole
from flows.ingest.guard import Refused
from flows.ingest.workers import run_isolated
from flows.publish.build import DATABASE, sha256
from flows.publish.counties import CountyPart, parts, publish_county, read_state, remove_gone, write_state
from flows.publish.release import Run, read_manifest
from flows.report import documents
from flows.report.returning import copies_of, note_copies
from flows.report.wall_map.cells import read_addresses
from flows.report.wall_map.wall_map import FILE, write_wall_map
from flows.said import Said
from flows.settings import Settings

# Of one county; it takes seconds, and a hanging one must not hold up the others.
_SECONDS, _MEMORY_BYTES = 1800.0, 3_000_000_000
# How many counties may be lost of what was made when the machine fails: the state is written after so many.
_NOTED_AFTER = 50


@dataclass
class Counties:
    """What became of the releases of counties.

    Attributes
    ----------
    written
        Codes of the counties whose release was made anew.
    kept
        How many stand as they were.
    failed
        What could not be made, and why.
    """

    written: list[str] = field(default_factory=list)
    kept: int = 0
    failed: list[Said] = field(default_factory=list)

    @property
    def count(self) -> int:
        """How many counties have a release of their own."""
        return len(self.written) + self.kept


@dataclass(frozen=True)
class _Maker:
    """Makes all of one county, in a worker process."""

    settings: Settings
    run: Run

    def __call__(self, part: CountyPart) -> list[Said]:
        given, folder = self.settings, self.settings.published / part.code
        publish_county(given.published, part, self.run, kept=given.releases_kept)
        marts, addresses = folder / DATABASE, read_addresses(given.warehouse, part.code)
        drawn = write_wall_map(marts, folder, given.lang, addresses, given.town_boundaries, is_one_of_several=True)
        place, version = folder / given.documents.name, self.run.code_version
        written = documents.bring_up_to_date(marts, given.warehouse, place, version)
        _copy_returned(given.returned, folder / given.returned.name, part)
        return [*drawn.notes, *written.failed]


def bring_up_to_date(settings: Settings) -> Counties:
    """Make the releases of the counties whose part of the current release changed.

    Where the release holds one county only it is the county's own, and nothing is done; where it holds several, the
    wall map and the documents are those of each county, and none lie beside the release of all.

    Parameters
    ----------
    settings
        Folders, language, how many releases are kept, how many processes.

    Raises
    ------
    duckdb.Error, OSError
        The release cannot be read, or nothing be written.
    """
    release, published = read_manifest(settings.published), settings.published
    if release is None:
        return Counties()
    run = Run(release.run_id, release.as_of, release.published_at, release.code_version)
    state, copies = read_state(published), copies_of(settings.returned)
    drawn_with = _boundaries(settings.town_boundaries)
    told = f"{release.run_id}{sorted(copies.items(), key=str)}{drawn_with}"
    made_of = hashlib.sha256(told.encode()).hexdigest()
    if state.release == made_of:
        return Counties(kept=len(state.made_of))
    found = [
        part.made_with((entry for entry in copies.values() if entry["file"] in part.files), drawn_with)
        for part in parts(settings.marts, release)
    ]
    remove_gone(published, state, found)
    due = [part for part in found if state.made_of.get(part.code) != part.made_of]
    done = Counties(kept=len(found) - len(due))
    made = run_isolated(
        _Maker(settings, run), due, processes=settings.processes, seconds=_SECONDS, memory_bytes=_MEMORY_BYTES
    )
    for number, (part, result) in enumerate(made, start=1):
        said = [Said(result.reason_zh, result.reason_en)] if isinstance(result, Refused) else result
        done.failed += [Said(f"{part.code}：{one.zh}", f"{part.code}: {one.en}") for one in said]
        if not isinstance(result, Refused):
            done.written.append(part.code)
        state.made_of[part.code] = "" if said else part.made_of
        if number % _NOTED_AFTER == 0:
            write_state(published, state)
    if found:
        (published / FILE).unlink(missing_ok=True)
        shutil.rmtree(settings.documents, ignore_errors=True)
    state.release = "" if done.failed else made_of
    write_state(published, state)
    return done


def _boundaries(file: Path | None) -> str:
    """The digest of the file of boundaries that maps are drawn with; nothing where there is none to read."""
    return sha256(file) if file and file.is_file() else ""


def _copy_returned(source: Path, target: Path, part: CountyPart) -> None:
    """Lay the copies of a county's files in its own folder, and take away those that went."""
    copies = {name: entry for name, entry in copies_of(source).items() if entry["file"] in part.files}
    before = copies_of(target)
    for name in before.keys() - copies.keys():
        (target / name).unlink(missing_ok=True)
    for name, entry in copies.items():
        if before.get(name) != entry and (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            write_whole(target / name, (source / name).read_bytes())
    if copies != before:
        target.mkdir(parents=True, exist_ok=True)
        note_copies(target, copies)
