"""A town's last accepted rows of a form, so that it types into a template what changed and nothing else."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import duckdb

from flows.publish.query import records
from flows.report.template_columns import is_left_out
from schemas.info import FormInfo
from schemas.text import plain


def last_rows(warehouse: Path, form: FormInfo, town: str) -> list[dict[str, Any]]:
    """The accepted rows of a town's latest report, as a template shows them; never personal fields.

    Parameters
    ----------
    warehouse : pathlib.Path
        The DuckDB file; where there is none, no row is known.
    form : FormInfo
        The form.
    town : str
        The town's name.

    Returns
    -------
    list of dict
        By column key, in the order of the report; one line for all groups of a record.
    """
    if not warehouse.is_file():
        return []
    # Files of one day are parts of one report, by supply mode; a later one replaces the part that it shows again.
    part = "supply_mode" if "supply_mode" in form.fields and form.spread != "supply_mode" else "''"
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        exists = connection.execute(
            "select 1 from information_schema.tables where table_schema = 'landing' and table_name = $form",
            {"form": form.name},
        ).fetchone()
        if not exists:
            return []
        told = connection.execute(f'select distinct town from landing."{form.name}" where town is not null').fetchall()
        names = [name for (name,) in told if plain(name) == plain(town)]
        found = connection.execute(
            f"""
            with
            of_town as (
                select told.*, file.path, file.received_on, {part} as part
                from landing."{form.name}" as told
                inner join landing.file as file on told.file_sha256 = file.file_sha256 and file.status = 'read'
                where told.town in (select unnest($names))
            )
            select * from of_town
            where report_date = (select max(report_date) from of_town)
            qualify received_on = max(received_on) over (partition by part)
            order by path, seq
            """,
            {"names": names},
        )
        lines = records(found)
    return _as_shown(form, lines)


def _as_shown(form: FormInfo, lines: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    shown: list[dict[str, Any]] = []
    latest: dict[str, int] = {}
    for line in lines:
        shared: dict[str, Any] = {}
        for name, info in form.fields.items():
            if info.is_personal or name == form.spread or name in form.measures:
                continue
            if info.repeats_over:
                shared |= {f"{code}.{name}": line[f"{name}_{code}"] for code in info.repeats_over}
            elif not is_left_out(form, name, info):
                shared[name] = line[name]
        if form.spread is None:
            shown.append(shared)
            continue
        code = line[form.spread]
        group = {f"{code}.{name}": _measured(name, line) for name in form.measures}
        # The groups of one record stand in one line, where the rest of it is the same.
        key = repr(shared)
        if key in latest and not group.keys() & shown[latest[key]].keys():
            shown[latest[key]] |= group
        else:
            latest[key] = len(shown)
            shown.append(shared | group)
    return shown


def _measured(name: str, line: Mapping[str, Any]) -> Any:
    return "未检出" if line.get(name) is None and line.get("is_below_detection") else line.get(name)
