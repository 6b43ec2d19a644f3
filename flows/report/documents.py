"""The documents of a report date, written together: each figure has one number, under which the annex proves it.

`documents/<date>/` holds them (beneath it a folder for each county where there are several), with `citations.json`:
which figure each number stands for. `documents/manifest.json` says what each date's were made of.
"""

import datetime as dt
import hashlib
import json
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from flows.ask import CITATIONS
from flows.durable import move, write_whole
from flows.report import annex, briefing, bulletin, progress_table
from flows.report.figures import Citations, Edition, Facts
from flows.said import Said
from flows.trace import Tracer

MANIFEST = "manifest.json"
# Written in this order, so are the figures numbered; the annex, which proves them, comes last.
DOCUMENTS = {module.DOCUMENT: module for module in (briefing, bulletin, progress_table)}


@dataclass
class Written:
    """What became of documents.

    Attributes
    ----------
    days
        Report dates whose documents were written.
    kept
        How many dates were left as they were: nothing changed of what their documents are made of.
    failed
        What could not be written, why, and what to do.
    """

    days: list[dt.date] = field(default_factory=list)
    kept: int = 0
    failed: list[Said] = field(default_factory=list)


def bring_up_to_date(marts: Path, warehouse: Path, folder: Path, version: str) -> Written:
    """Write the documents of the latest report date, and again those of earlier dates whose figures changed.

    Documents of an earlier date that were never written are for `write` to make.

    Parameters
    ----------
    marts, warehouse
        The published database, and the warehouse it was made from.
    folder
        The folder `documents`.
    version
        Of the program: another one writes all of them again.

    Returns
    -------
    Written
        A document that could not be written fails nothing, and is tried again next time.

    Raises
    ------
    flows.trace.Untraceable, OSError
        The warehouse or the folder cannot be used.
    """
    before, written = _manifest(folder), Written()
    with Tracer(marts, warehouse) as tracer:
        made_of = _made_of(tracer.con, version)
        stays: dict[str, str] = {}
        for day, digest in made_of.items():
            stands = (folder / day).is_dir()
            if stands and before.get(day) == digest:
                stays[day] = digest
                written.kept += 1
            elif stands or day == max(made_of):
                if before.pop(day, None):  # nobody knows what they are, until all are written
                    _write_manifest(folder, before)
                failed = _write_day(tracer, folder, dt.date.fromisoformat(day))
                written.failed += failed
                written.days.append(dt.date.fromisoformat(day))
                if not failed:
                    stays[day] = digest
    if stays != before:
        _write_manifest(folder, stays)
    return written


def write(marts: Path, warehouse: Path, folder: Path, day: dt.date) -> Written:
    """Write the documents of one report date into a folder of their own beneath `folder`.

    Parameters
    ----------
    marts, warehouse, folder
        As of `bring_up_to_date`.
    day
        The report date.

    Raises
    ------
    flows.trace.Untraceable, OSError
        The warehouse or the folder cannot be used.
    """
    with Tracer(marts, warehouse) as tracer:
        return Written([day], failed=_write_day(tracer, folder, day))


def report_dates(con: duckdb.DuckDBPyConnection) -> list[dt.date]:
    """Every report date, the earliest first."""
    found = con.execute("select distinct report_date from rpt_coverage_county order by report_date").fetchall()
    return [day for (day,) in found]


# --- one date ---------------------------------------------------------------------------------------------------------


def _write_day(tracer: Tracer, folder: Path, day: dt.date) -> list[Said]:
    editions: list[Edition] = list(_editions(tracer, day))
    failed: list[Said] = []
    folder.mkdir(parents=True, exist_ok=True)
    for edition in editions:
        place = folder / day.isoformat()
        place = place / edition.facts.county_code if len(editions) > 1 else place
        stage = folder / ".building"
        shutil.rmtree(stage, ignore_errors=True)  # of a run that was killed
        stage.mkdir()
        try:
            broken = list(_write_all(edition, stage, tracer))
            failed += [sentence for _, sentence in broken]
            # The figures of the documents are numbered together: one of last time would lead to wrong sources.
            if not any((place / name).exists() for name, _ in broken):
                failed += _swap(stage, place)
        finally:
            shutil.rmtree(stage, ignore_errors=True)
    return failed


def _editions(tracer: Tracer, day: dt.date) -> Iterator[Edition]:
    con, metrics = tracer.con, tracer.metrics
    as_of, published_at = con.execute("select as_of, published_at from meta.release").fetchall()[0]
    for county, name, before in con.execute(
        """
        select
            now.county_code,
            any_value(dim_division.name),
            max(earlier.report_date)
        from (select distinct county_code from rpt_coverage_county where report_date = $day) as now
        inner join dim_division on now.county_code = dim_division.division_code
        left join rpt_coverage_county as earlier
            on now.county_code = earlier.county_code and earlier.report_date < $day
        group by now.county_code
        order by now.county_code
        """,
        {"day": day},
    ).fetchall():
        facts = Facts(metrics, day, county)
        earlier = Facts(metrics, before, county) if before else None
        yield Edition(con, name, facts, earlier, as_of, published_at, Citations())


def _write_all(edition: Edition, stage: Path, tracer: Tracer) -> Iterator[tuple[str, Said]]:
    """Write the documents of a county, and yield those that failed, with why."""
    for name, module in DOCUMENTS.items():
        try:
            module.write(edition, stage / name)
        except Exception as error:  # noqa: BLE001  whatever is wrong with one document, the others are due
            yield name, _broken(name, edition, error)
    numbered = list(edition.citations)
    try:
        numbered = annex.write(edition, stage / annex.FILE, tracer)
    except Exception as error:  # noqa: BLE001
        yield annex.FILE, _broken(annex.FILE, edition, error)
    cited = {
        citation.no: {
            "key": citation.figure.key,
            "metric": citation.figure.metric.name,
            "slice": {name: value and str(value) for name, value in citation.figure.slice.items()},
        }
        for citation in numbered
    }
    (stage / CITATIONS).write_text(json.dumps(cited, ensure_ascii=False, indent=1), "utf-8")


def _broken(name: str, edition: Edition, error: Exception) -> Said:
    day, why = edition.facts.report_date, f"{type(error).__name__}: {error}"
    return Said(
        f"{day} 的《{name}》未能生成，该期原有的文件均未改动。请把下面这句话转给维护人员：{why}",
        f"{name} of {day} could not be written; what was there of that date stands. "
        f"Pass this on to whoever maintains it: {why}",
    )


def _swap(stage: Path, place: Path) -> Iterator[Said]:
    """Put what was written in its place; what is the same stays untouched, and may be open somewhere."""
    place.mkdir(parents=True, exist_ok=True)
    for made in sorted(stage.iterdir()):
        there = place / made.name
        if there.is_file() and there.read_bytes() == made.read_bytes():
            continue
        try:
            move(made, there)
        except PermissionError:
            yield Said(
                f"《{there}》正被打开（WPS或Excel），未能更新。请关闭后运行 gongshui report --date {_day_of(place)}。",
                f"{there} is open somewhere and was not replaced. Close it, then run gongshui report "
                f"--date {_day_of(place)}.",
            )


def _day_of(place: Path) -> str:
    """The date of a folder of documents, which may be that of a county beneath it."""
    return next((part for part in reversed(place.parts) if part.count("-") == 2), place.name)


# --- what changed -----------------------------------------------------------------------------------------------------


def _made_of(con: duckdb.DuckDBPyConnection, version: str) -> dict[str, str]:
    """Report date → a digest of all that its documents may be made of: the marts up to that date, and the program."""
    tables = con.execute(
        """
        select
            table_name,
            bool_or(column_name = 'report_date') as is_dated,
            bool_or(column_name = 'received_on') as is_received
        from information_schema.columns
        where table_catalog = 'published' and table_schema = 'main'
        group by table_name
        -- what happened since says nothing of an earlier date
        having is_dated or (table_name not like 'fct%' and table_name != 'dim_date')
        order by table_name
        """
    ).fetchall()
    days = [day.isoformat() for day in report_dates(con)]
    found: dict[str, list[str]] = defaultdict(list)
    for table, is_dated, is_received in tables:
        # A file of which nobody knows for what date it reports (a refused one) says nothing of dates before it came.
        by = "coalesce(report_date, received_on)" if is_dated and is_received else "report_date" if is_dated else "null"
        for day, rows, digest in con.execute(
            f"select {by}, count(*), bit_xor(hash(of_table)) from {table} as of_table group by all order by all"
        ).fetchall():
            for later in days:
                if day is None or day.isoformat() <= later:
                    found[later].append(f"{table} {day} {rows} {digest}")
    return {day: hashlib.sha256("\n".join((version, *found[day])).encode()).hexdigest() for day in days}


def _manifest(folder: Path) -> dict[str, str]:
    try:
        made_of: dict[str, str] = json.loads((folder / MANIFEST).read_text("utf-8"))["made_of"]
    except (OSError, ValueError, KeyError):
        return {}  # then all are written again
    return made_of


def _write_manifest(folder: Path, made_of: dict[str, str]) -> None:
    write_whole(folder / MANIFEST, json.dumps({"made_of": dict(sorted(made_of.items()))}, indent=1))
