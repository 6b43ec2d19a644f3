"""What a header leaves in doubt: headings unknown, missing or claimed twice, and the names that may be meant."""

import re
from collections.abc import Iterable, Iterator

from flows.ingest.headings import Meaning, form_headings
from flows.ingest.recognise import Column, claims
from flows.ingest.records import Note, Records
from flows.ingest.sheet import Sheet
from flows.ingest.tables import Table
from schemas.info import FieldInfo, FormInfo
from schemas.text import plain


def heading_notes(sheet: Sheet, table: Table, records: Records) -> list[Note]:
    """Say which headings are unknown (N04), missing (N05), or fit what another heading or field fits (N07).

    Parameters
    ----------
    sheet : Sheet
        Where the table stands.
    table : Table
        With what its columns were taken for.
    records : Records
        Its rows: a field that all of them say is not missing, where one cell holds committee and village.
    """
    return [*_unread(sheet, table), *_ambiguous(sheet, table), *_missing(table, records)]


def _unread(sheet: Sheet, table: Table) -> Iterator[Note]:
    """Columns that hold nothing of the form: their headings are unknown, or another column was taken for the field."""
    for column in table.columns:
        if column.meanings:
            continue
        row, cell = _place(sheet, table, column)
        rival = _taken_instead(table, column)
        if rival is not None:
            other, title = rival
            _, beside = _place(sheet, table, other)
            zh = (
                f"“{column.printed}”与“{other.printed}”（{beside}）都可作为“{title}”栏，已按{beside}所在栏读取，本栏未读取。"
                "请只保留一栏，或改用不同的栏目名称。"
            )
            en = (
                f"“{column.printed}” and “{other.printed}” ({beside}) both stand for “{title}”; the column of {beside} "
                "was read, this one was not. Keep one of them, or name them apart."
            )
            yield Note("N07", zh, en, row, cell, column.printed, "warn")
            continue
        near = _nearest(column.printed, table.form.fields.values())
        zh = f"表头“{column.printed}”不是“{table.form.title}”的已知栏目，该列未读取"
        en = f"heading “{column.printed}” is no known column of {table.form.name}; the column was not read"
        zh += f"；最接近的已知栏目：{'、'.join(near)}。" if near else "。"
        en += f"; the nearest known ones: {', '.join(near)}." if near else "."
        yield Note("N04", zh, en, row, cell, column.printed)


def _ambiguous(sheet: Sheet, table: Table) -> Iterator[Note]:
    """A heading that is as good a name of a field that no column shows: 村 alone, of a committee or a village."""
    shown = {meaning.field for column in table.columns for meaning in column.meanings}
    for column in table.columns:
        if len(column.meanings) != 1 or column.meanings[0].group or column.meanings[0].field.startswith("#"):
            continue
        taken = column.meanings[0]
        readings = _claims(table.form, column)
        words = {words for words, _, meanings in readings if meanings == (taken,)}
        titles = [
            _title(table.form, meaning)
            for used, _, (meaning, *_) in readings
            if used in words and meaning.field not in shown and not meaning.group and not meaning.field.startswith("#")
        ]
        if titles:
            row, cell = _place(sheet, table, column)
            name, others = _title(table.form, taken), "”、“".join(dict.fromkeys(titles))
            zh = f"表头“{column.printed}”可指“{name}”，也可指“{others}”，已按“{name}”读取。请改用明确的栏目名称。"
            en = f"heading “{column.printed}” may mean “{name}” or “{others}”; it was read as “{name}”."
            yield Note("N07", zh, en, row, cell, column.printed, "warn")


def _missing(table: Table, records: Records) -> Iterator[Note]:
    """Required fields that neither a column nor, where it may, anything around the table says."""
    shown = {meaning.field for column in table.columns for meaning in column.meanings}
    if any(meaning.group for column in table.columns for meaning in column.meanings):
        shown.add(str(table.form.spread))
    there = [column.printed for column in table.columns]
    for name in table.form.required():
        info = table.form.fields[name]
        if name in shown or info.from_context or all(records.values.get(name) or [False]):
            continue
        known = info.headings[:4]
        near = _likest(known, [column.printed for column in table.columns if not column.meanings])
        zh = f"缺少必填栏目“{info.title}”（可写作：{'、'.join(known)}），现有栏目：{'、'.join(there)}。"
        en = f"the required column “{info.title}” is missing (known as {', '.join(known)})"
        en += f"; there are: {', '.join(there)}."
        if near:
            zh += f"其中未识别的“{near}”最接近，如属该栏请改名。"
            en += f" Of those not read “{near}” is the nearest; rename it if it is meant."
        yield Note("N05", zh, en, table.top + 1)


def _claims(form: FormInfo, column: Column) -> list[tuple[int, int, tuple[Meaning, ...]]]:
    return claims(form_headings()[form.name], column.path, column.unit or column.row_unit)


def _taken_instead(table: Table, column: Column) -> tuple[Column, str] | None:
    """The column that was taken for what this one says as well, and the field's name."""
    for _, _, meanings in _claims(table.form, column):
        for other in table.columns:
            if common := next((meaning for meaning in other.meanings if meaning in meanings), None):
                return other, _title(table.form, common)
    return None


def _title(form: FormInfo, meaning: Meaning) -> str:
    return form.fields[meaning.field].title


def _place(sheet: Sheet, table: Table, column: Column) -> tuple[int, str]:
    """Row and address of the cell that prints the lowest of a column's headings."""
    rows = range(table.body - 1, table.top, -1)
    lowest = plain(column.path[-1].printed)
    row = next((row for row in rows if plain(str(sheet.seen(row, column.index) or "")) == lowest), table.top)
    cell = sheet.address(row, column.index)
    return int(re.sub(r"\D", "", cell)), cell


def _nearest(printed: str, fields: Iterable[FieldInfo]) -> list[str]:
    """The fields that a heading may have been meant for, the likest first; beside another name the official one."""
    from flows.ingest.master import likest  # few headers need it

    field_of = {heading: info.title for info in fields for heading in info.headings}
    near = {field_of[heading]: heading for heading in reversed(likest(printed, list(field_of)))}
    return [title if title == heading else f"{heading}（{title}）" for title, heading in reversed(near.items())]


def _likest(names: Iterable[str], printed: list[str]) -> str | None:
    from flows.ingest.master import likest

    found = (near for name in names for near in likest(name, printed))
    return next(found, None)
