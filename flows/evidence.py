"""From a row of a mart to the cells that it was read from, with all that a reader has to know of each."""

import datetime as dt
import hashlib
import json
import re
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

import duckdb

from flows.ingest.corrections import APPLIED
from flows.ingest.grid import COLUMNS
from flows.ingest.values import Number, number, printed
from flows.publish.query import records
from flows.said import Lang
from schemas import forms
from schemas.info import FieldInfo, FormInfo
from schemas.personal import without_numbers
from schemas.vocabulary.units import UNITS

Record = Mapping[str, Any]

# What else tells rows of one place apart, beside the key of their table.
_TELLING = ("county_code", "town_code", "held_on", "kind", "sampled_on", "inspected_on")
# What fct_restatement calls the object of a form's row.
_RESTATED = {
    "village_progress": ("village_code",),
    "project_ledger": ("project_name",),
    "funding": ("project_name", "funding_source"),
    "water_quality": ("sample_no", "sampled_on", "parameter"),
    "annual_target": ("supply_mode",),
    "baseline": ("town_code",),
    "inspection": ("village_code", "inspected_on"),
}
_FACTORS = {factor for units in UNITS.values() for factor in units.values()} - {Decimal(1)}
_ADDRESS = re.compile(r"([A-Z]+)(\d+)")


@dataclass(frozen=True)
class Cell:
    """A cell of a file of the inbox, or what surrounds the table where no cell says it.

    Attributes
    ----------
    file, received_on
        Path in the inbox, and when it came.
    sheet, address
        Where in the file; no address where the title, a heading, the sheet's or the file's name says it.
    field, title
        What it fills, and the form's word for it.
    printed
        What the cell prints.
    value
        What was read from it, in the canonical unit.
    reading
        How the one became the other, in words; empty where they are the same.
    notes
        Corrections, formulas, merges, restatements.
    """

    file: str
    received_on: dt.date | None
    sheet: str
    address: str | None
    field: str
    title: str
    printed: str
    value: Any
    reading: str = ""
    notes: tuple[str, ...] = ()


class Evidence:
    """Finds the cells of rows.

    Parameters
    ----------
    con
        Finds the marts by bare names and what was read as `warehouse.landing`.
    lang
        Of the notes.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, lang: Lang = "zh") -> None:
        self._con, self._lang = con, lang
        self._records: dict[tuple[str, str, str, int], list[Record]] = defaultdict(list)
        self._loaded: set[tuple[str, str]] = set()
        self._received: dict[str, dt.date] = {}
        self._corrected: dict[tuple[str, str, str], str] = {}
        self._cells: dict[tuple[int, str, str], Cell] = {}
        self._forms: dict[str, FormInfo] = {}
        # By identity: who asks keeps the rows as long as this object.
        self._found: dict[int, list[Record]] = {}

    def load(self, table: str, facts: Iterable[Record], fields: Iterable[str]) -> None:
        """Fetch what was read from the files of a table's rows, all at once; `fields` are those asked for later."""
        form = self._form_of(table, {name.rpartition(".")[2] for name in fields})
        if form is None:
            return
        files = {fact["source_id"] for fact in facts} - {file for name, file in self._loaded if name == form.name}
        if not files:
            return
        self._loaded |= {(form.name, file) for file in files}
        personal = ", ".join(name for name, info in form.fields.items() if info.is_personal)
        chosen = {"files": sorted(files)}
        for record in rows_of(
            self._con,
            f"select * {f'exclude ({personal})' if personal else ''} from warehouse.landing.{form.name} "
            "where file_sha256 in (select unnest($files)) order by file_sha256, seq",
            chosen,
        ):
            record = _as_published(form, record)
            self._records[form.name, record["file_sha256"], record["sheet"], record["row"]].append(record)
        told = self._con.execute(
            "select file_sha256, received_on from warehouse.landing.file "
            "where status = 'read' and file_sha256 in (select unnest($files))",
            chosen,
        )
        self._received |= dict(told.fetchall())
        for file, sheet, cell, zh, en in self._con.execute(
            "select file_sha256, sheet, cell, message_zh, message_en from warehouse.landing.issue "
            "where rule = $applied and file_sha256 in (select unnest($files))",
            chosen | {"applied": APPLIED},
        ).fetchall():
            self._corrected[file, without_numbers(sheet), cell] = without_numbers(self._say(zh, en))

    def cells(self, table: str, fact: Record, fields: Sequence[str]) -> list[Cell]:
        """The cells of some fields of a row; a field may name columns of the row in braces.

        Fields that the form does not have give none, nor does a row whose file is no longer in the warehouse.
        """
        found: list[Cell] = []
        form = self._forms.get(table)
        for record in self._records_of(table, form, fact) if form else ():
            for pattern in fields:
                name = pattern.format_map(fact)
                info = form.fields.get(name.rpartition(".")[2]) if form else None
                if form and info and (name in record["cells"] or record.get(_column(name)) is not None):
                    found.append(self._cell(form, info, name, record, fact))
        return list(dict.fromkeys(found)) if len(found) > 1 else found

    # --- rows -----------------------------------------------------------------------------------------------------

    def _form_of(self, table: str, fields: set[str]) -> FormInfo | None:
        """The form that a mart's rows are read from: of those that its models read, the nearest with these fields."""
        waiting, known, seen = deque([table]), forms(), {table}
        while waiting and table not in self._forms:
            name = waiting.popleft()
            form = known.get(name.removeprefix("stg_"))
            if form and fields <= form.fields.keys():
                self._forms[table] = form
            waiting.extend(read for read in self._inputs.get(name, ()) if read not in seen)
            seen |= set(waiting)
        return self._forms.get(table)

    @cached_property
    def _inputs(self) -> dict[str, list[str]]:
        inputs: dict[str, list[str]] = defaultdict(list)
        for name, read in self._con.execute("select name, input from meta.lineage order by all").fetchall():
            inputs[name].append(read)
        return inputs

    @cached_property
    def keys(self) -> dict[str, set[str]]:
        """The columns that tell the rows of a table apart."""
        keys: dict[str, set[str]] = defaultdict(set)
        for table, column in self._con.execute("select table_name, column_name from meta.table_key").fetchall():
            keys[table].add(column)
        return keys

    def _records_of(self, table: str, form: FormInfo, fact: Record) -> list[Record]:
        """What was read at a row's place, and is this row's: a line of a sheet may tell of several."""
        if id(fact) in self._found:
            return self._found[id(fact)]
        place = form.name, fact["source_id"], fact["source_sheet"], fact["source_row"]
        telling = (self.keys[table] | set(_TELLING)) - {"report_date"}
        self._found[id(fact)] = [
            record
            for record in self._records.get(place, ())
            if all(record[name] == fact[name] for name in telling if name in record and name in fact)
            and ("project_key" not in record or "project_code" not in telling or _is_project(record, fact))
        ]
        return self._found[id(fact)]

    # --- cells ----------------------------------------------------------------------------------------------------

    def _cell(self, form: FormInfo, info: FieldInfo, name: str, record: Record, fact: Record) -> Cell:
        key = id(record), name, fact["source_file"]
        if key not in self._cells:
            address, value = record["cells"].get(name), record.get(_column(name))
            shown = record["printed"].get(name)
            if shown is None:  # as its value is written; of a code that a section's row says nobody kept the words
                shown = printed(_plain(value)) if address and not info.vocabulary else ""
            # Of columns that repeat over sources or parameters, which one.
            over = form.spread if form.spread and name in form.measures else None
            title = f"{value_text(form.fields[over], record[over])}{info.title}" if over else info.title
            self._cells[key] = Cell(
                fact["source_file"], self._received.get(record["file_sha256"]), record["sheet"], address, name,
                title, shown, value, _reading(info, shown, value, is_corrected=self._correction(record, address) != ""),
                tuple(self._notes(form, name, record, address, shown)),
            )  # fmt: skip
        return self._cells[key]

    def _notes(self, form: FormInfo, name: str, record: Record, address: str | None, shown: str) -> Iterator[str]:
        if address is None:
            if record.get(_column(name)) is not None:
                yield self._say("取自表头、标题、工作表名或文件名", "said by a heading, the title or a name")
        else:
            if correction := self._correction(record, address):
                yield correction
            if not _is_in_line(address, record["row"]):
                zh = f"第{record['row']}行未单独填写，取自合并单元格、分节标题或上面一行"
                yield self._say(zh, f"row {record['row']} takes it from a merge, a section or a row above")
        if name == "value" and record.get("is_below_detection"):
            yield self._say("低于检出限", "below detection")
        if shown.startswith("="):
            yield self._say("公式没有存结果，按公式算得", "a formula saved without its value, computed")
        for told in self._restated.get(_object(form, record), ()):
            is_same_part = told["part"] in (record.get("supply_mode"), None) or form.name != "village_progress"
            if told["column"].removesuffix("_yuan") == _column(name) and is_same_part:
                old, new, day, file = (told[name] for name in ("old_value", "new_value", "changed_on", "old_file"))
                zh = f"原报{old}（{file}），{day}更正为{new}"
                yield self._say(zh, f"first reported as {old} ({file}), restated as {new} on {day}")

    def _correction(self, record: Record, address: str | None) -> str:
        """What the county's table of corrections says of a cell."""
        return self._corrected.get((record["file_sha256"], record["sheet"], address or ""), "")

    @cached_property
    def _restated(self) -> dict[tuple[object, ...], list[Record]]:
        found: dict[tuple[object, ...], list[Record]] = defaultdict(list)
        for told in rows_of(self._con, "select * from fct_restatement order by changed_on", {}):
            found[told["form"], told["report_date"], told["town_code"], told["object"]].append(told)
        return found

    def _say(self, zh: str, en: str) -> str:
        return zh if self._lang == "zh" else en


def rows_of(con: duckdb.DuckDBPyConnection, sql: str, given: Mapping[str, object]) -> list[Record]:
    """Ask for rows by the names of their columns; what is JSON is read."""
    rows = records(con.execute(sql, dict(given)))
    for row in rows:
        if "cells" in row:
            row["cells"], row["printed"] = json.loads(row["cells"]), json.loads(row["printed"])
    return [*rows]


def _as_published(form: FormInfo, record: Record) -> Record:
    """A row of landing with its texts as staging shows them."""
    texts = {"sheet", *(name for name, info in form.fields.items() if info.kind == "text" and not info.is_identifier)}
    shown = {name: without_numbers(value) for name in texts if isinstance(value := record.get(name), str)}
    return {**record, **shown, "printed": {name: without_numbers(text) for name, text in record["printed"].items()}}


def value_text(info: FieldInfo | None, value: Any) -> str:
    """A value as people write it: codes by their Chinese names, numbers without idle zeros."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if info and info.vocabulary and isinstance(value, str) and value in info.vocabulary.terms:
        return info.vocabulary.zh(value)
    return printed(_plain(value))


def _column(name: str) -> str:
    """The column of landing for a field; of one that repeats over groups, `code.field`."""
    group, _, field = name.rpartition(".")
    return f"{field}_{group}" if group else field


def _plain(value: Any) -> Any:
    return format(value.normalize(), "f") if isinstance(value, Decimal) else value


def _reading(info: FieldInfo, shown: str, value: Any, *, is_corrected: bool) -> str:
    """How what is printed became the value: by a unit's factor, or in another way."""
    text = value_text(info, value)
    if not shown or shown == text:
        return ""
    is_figure = isinstance(value, int | Decimal) and not isinstance(value, bool) and not is_corrected
    figure = number(shown) if is_figure else None
    factor = Decimal(value) / figure.value if isinstance(figure, Number) and figure.value else None
    if factor in _FACTORS:
        return f"{shown} × {_plain(factor)} = {text}"
    return f"{shown} → {text}"


def _is_in_line(address: str, row: int) -> bool:
    """Whether a cell stands in its row: in a sheet whose fields run down the side, in its column."""
    match = _ADDRESS.fullmatch(address)
    return match is not None and row in (int(match[2]), COLUMNS[match[1]] + 1)


def _object(form: FormInfo, record: Record) -> tuple[object, ...]:
    names = _RESTATED.get(form.name, ())
    said = "|".join(str(record[name]) for name in names if record[name] is not None)
    return form.name, record["report_date"], record["town_code"], said


def _is_project(record: Record, fact: Record) -> bool:
    """Whether a row is of a project, whose code is made of the county and its normalised name (sql/macros)."""
    digest = hashlib.md5(str(record["project_key"]).encode(), usedforsecurity=False).hexdigest()
    return bool(fact["project_code"] == f"{record['county_code']}-{digest[:8].upper()}")
