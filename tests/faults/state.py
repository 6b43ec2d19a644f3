"""Whether two data folders hold the same, apart from the names and times of the runs that wrote them."""

import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path

import duckdb

from flows.publish.release import read_manifest

# What tells one run from another in tables: everything else has to be the same.
_OF_A_RUN = {
    "landing": ("first_seen_at", "issue_no"),
    "history": ("run_id", "published_at", "replaced_at"),
    "meta": ("run_id", "published_at"),
}
# Times and names of runs where they are printed, and the hashes of what prints them.
_RUN_PRINTED = re.compile(
    rb"\d{8}-\d{6}-[0-9a-f]{4}|20\d\d-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?(?:[+-]\d\d:?\d\d|Z)?|sha256-[0-9A-Za-z+/=]+"
)
_CSS_ESCAPE = re.compile(rb"\\([0-9a-f]{2}) ")  # the wall map prints the time in its style too
# Written by every run: the log, Prefect's database, what can be deleted at any time.
_OF_NO_ACCOUNT = ("logs", "prefect", "work")


def differences(found: Path, expected: Path) -> list[str]:
    """What differs between two data folders, one sentence each."""
    # The release of all, and of each county where there are several.
    releases = [path.parent.relative_to(expected) for path in expected.glob("published/**/marts.duckdb")]
    current = [folder for folder in releases if "releases" not in folder.parts]
    return [
        *of_tables(found / "warehouse.duckdb", expected / "warehouse.duckdb", ("landing", "marts")),
        *_of_files(found, expected),
        *(difference for folder in current for difference in _of_release(found / folder, expected / folder)),
    ]


def _of_release(found: Path, expected: Path) -> Iterator[str]:
    """What differs between two folders that hold a release."""
    yield from of_tables(found / "marts.duckdb", expected / "marts.duckdb", ("main", "history", "meta"))
    yield from _of_manifests(found, expected)


def of_tables(found: Path, expected: Path, schemas: tuple[str, ...]) -> Iterator[str]:
    """What differs between the tables of some schemas of two databases."""
    with duckdb.connect() as con:
        for name, file in (("found", found), ("expected", expected)):
            con.execute(f"attach '{file}' as {name} (read_only)")
        tables = "select schema_name, table_name from duckdb_tables() where database_name = ? order by all"
        there, wanted = (
            {t for t in con.execute(tables, [name]).fetchall() if t[0] in schemas} for name in ("found", "expected")
        )
        for table in sorted(there ^ wanted):
            yield f"table {table}: in one of the two only"
        for schema, table in sorted(there & wanted):
            left_out = _OF_A_RUN.get(schema, ())
            columns = f"columns(c -> c not in {(*left_out, '')})"
            place = f'{schema}."{table}"'
            for one, other in (("found", "expected"), ("expected", "found")):
                rows = f"select {columns} from {one}.{place} except all select {columns} from {other}.{place}"
                ((count,),) = con.execute(f"select count(*) from ({rows})").fetchall()
                if count:
                    yield f"{place}: {count} rows only in the {one}"
            if schema == "history":
                standing = [
                    con.execute(f"select count(*) from {one}.{place} where replaced_at is null").fetchone()
                    for one in ("found", "expected")
                ]
                if standing[0] != standing[1]:
                    yield f"{place}: {standing[0]} rows stand, expected {standing[1]}"


def _of_files(found: Path, expected: Path) -> Iterator[str]:
    there, wanted = _files(found), _files(expected)
    for name in sorted(there.keys() ^ wanted.keys()):
        yield f"{name}: in one of the two only"
    for name in sorted(there.keys() & wanted.keys()):
        if name.endswith((".duckdb", "manifest.json", "counties.json")):
            continue  # compared by what they hold
        if _contents(there[name]) != _contents(wanted[name]):
            yield f"{name}: other content"


def _files(data: Path) -> dict[str, Path]:
    """Every file but those of no account; kept releases are counted, for they are named by their runs."""
    files = {}
    for path in sorted(data.rglob("*")):
        parts = path.relative_to(data).parts
        if path.is_file() and parts[0] not in _OF_NO_ACCOUNT and not parts[0].startswith("."):  # the lock
            if "releases" in parts:
                at = parts.index("releases") + 1
                kept = sorted(folder.name for folder in data.joinpath(*parts[:at]).iterdir())
                parts = (*parts[:at], str(kept.index(parts[at])), *parts[at + 1 :])
            files["/".join(parts)] = path
    return files


def _contents(path: Path) -> dict[str, bytes]:
    """A file's content without what tells of its run; of a workbook or a document its parts."""
    if path.suffix not in (".xlsx", ".docx"):
        text = _CSS_ESCAPE.sub(lambda found: bytes([int(found[1], 16)]), path.read_bytes())
        return {"": _RUN_PRINTED.sub(b"-", text)}
    with zipfile.ZipFile(path) as archive:
        return {name: _RUN_PRINTED.sub(b"-", archive.read(name)) for name in archive.namelist()}


def _of_manifests(found: Path, expected: Path) -> Iterator[str]:
    one, other = read_manifest(found), read_manifest(expected)
    if not one or not other or (one.status, one.as_of, one.content()) != (other.status, other.as_of, other.content()):
        yield f"manifest: {one} instead of {other}"
    for name, key in (("returned/manifest", "copies"), ("documents/manifest", "made_of"), ("counties", "counties")):
        if not (expected / f"{name}.json").exists():
            continue  # _of_files tells where only the found folder has it
        told = [json.loads((place / f"{name}.json").read_text("utf-8"))[key] for place in (found, expected)]
        if told[0] != told[1]:
            yield f"{name}: {told[0]} instead of {told[1]}"
