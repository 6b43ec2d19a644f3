"""What the marts were built of, noted beside them: a night in which nothing of it changed builds nothing."""

import datetime as dt
import hashlib
import json

import duckdb

from flows.publish.release import code_version, read_manifest
from flows.rubric import Line
from flows.settings import Settings

STAMP = "built.json"


def made_of(settings: Settings, as_of: dt.date | None, rubric: list[Line]) -> dict[str, object]:
    """Return what marts built now are made of: the files landed, their order, the day asked for, rubric and code."""
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        files = connection.execute(
            "select path, file_sha256, cast(first_seen_at as varchar), status, master_version, corrections_version, "
            "pipeline_version from landing.file order by all"
        ).fetchall()
    digest = hashlib.sha256(json.dumps(files).encode()).hexdigest()
    return {"landing": digest, "as_of": str(as_of), "rubric": rubric, "code": code_version()}


def is_built(settings: Settings, stamp: dict[str, object]) -> bool:
    """Whether the marts that stand, in the warehouse and published, are made of just that."""
    try:
        built = json.loads((settings.work / STAMP).read_text("utf-8"))
    except (OSError, ValueError):
        return False
    with duckdb.connect(str(settings.warehouse), read_only=True) as connection:
        (tables,) = connection.execute(
            "select count(*) from information_schema.tables where table_schema = 'marts'"
        ).fetchone() or (0,)
    release = read_manifest(settings.published)
    is_published = release is not None and release.status == "published" and settings.marts.is_file()
    return bool(tables) and is_published and built == stamp


def note_built(settings: Settings, stamp: dict[str, object] | None) -> None:
    """Note what the marts that stand are made of; None while they are being built."""
    if stamp is None:
        (settings.work / STAMP).unlink(missing_ok=True)
    else:
        (settings.work / STAMP).write_text(json.dumps(stamp), encoding="utf-8")
