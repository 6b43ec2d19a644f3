"""What was read beside what a careful clerk reads."""

import datetime as dt
from decimal import Decimal
from typing import Any

from flows.ingest.reading import FileRead
from schemas import forms
from tests.layouts.sheets import Layout


def differences(layout: Layout, read: FileRead) -> list[str]:
    """What a reader read otherwise than a careful clerk; empty where all is equal."""
    found = [table for table in read.tables if table.form]
    said = []
    # Whether a repeated header begins another table is the reader's affair.
    if len(found) != layout.tables and layout.plan.page_breaks == "none":
        said.append(f"{len(found)} tables for {layout.tables}: {[(t.sheet, t.form, t.reason) for t in read.tables]}")
    rest = [(table, record) for table in found for record in table.records]
    for table in found:
        if table.report_date != layout.report_date:
            said.append(f"{table.form}: report date {table.report_date} for {layout.report_date}")
    for wanted in layout.records:
        spread = forms()[wanted.form].spread
        here = [
            (table, record)
            for table, record in rest
            if (table.form, table.sheet, record.row) == (wanted.form, wanted.sheet, wanted.row)
            and (not spread or record.values.get(spread) == wanted.values.get(spread))
        ]
        if len(here) > 1:  # transposed: several records of one row
            here = [found for found in here if found[1].cells == wanted.cells] or [
                max(here, key=lambda f: len(set(f[1].cells.items()) & set(wanted.cells.items())))
            ]
        if not here:
            said.append(f"{wanted.form} row {wanted.row}: not read {wanted.values}")
            continue
        table, record = here[0]
        rest = [pair for pair in rest if pair[1] is not record]
        where = f"{wanted.form} {wanted.sheet} row {wanted.row}"
        town = record.values.get("town") or table.town
        if wanted.town and town != wanted.town:
            said.append(f"{where}: town {town!r} for {wanted.town!r}")
        names = (set(wanted.values) | {n for n, v in record.values.items() if v is not None}) - {"town"}
        if layout.plan.two.endswith("one_title"):
            names -= {"population_basis"}  # 户籍 in the title of the one speaks of the other
        for name in sorted(names):
            value, want = record.values.get(name), wanted.values.get(name)
            if not _same(value, want):
                unread = f" (unread {record.unread[name]!r})" if name in record.unread else ""
                said.append(f"{where}: {name} {value!r}{unread} for {want!r}")
        for name in wanted.unread - record.unread.keys():
            said.append(f"{where}: {name} is unreadable, read as {record.values.get(name)!r}")
        for name, cell in wanted.cells.items():
            if wanted.values.get(name) is not None and record.cells.get(name) != cell:
                said.append(f"{where}: cell of {name} {record.cells.get(name)} for {cell}")
    said += [
        f"{table.form} {table.sheet} row {record.row}: read where nothing is: {record.values}" for table, record in rest
    ]
    return said


def _same(value: Any, want: Any) -> bool:
    if value is None or want is None or isinstance(value, str | bool) or isinstance(want, str | bool):
        return (value or None) == (want or None) if not isinstance(want, bool) else value == want
    if isinstance(value, dt.date) or isinstance(want, dt.date):
        return bool(value == want)
    return abs(Decimal(str(value)) - Decimal(str(want))) < Decimal("0.000001")


def read_back(layout: Layout) -> list[str]:
    """Read a layout's file and compare."""
    from flows.ingest.guard import Limits
    from flows.ingest.reading import read_file

    return differences(layout, read_file(layout.data, layout.names, Limits()))
