"""From a table's rows to typed records with the address of every cell."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

from flows.ingest import formulas
from flows.ingest.context import Context
from flows.ingest.factors import factor_of
from flows.ingest.grid import Uncached, Value
from flows.ingest.headings import TOTAL, Meaning
from flows.ingest.kinds import Kind, RowKinds
from flows.ingest.recognise import Column
from flows.ingest.records import LINE, Note, Read, Record
from flows.ingest.sheet import Sheet, is_text
from flows.ingest.slots import MOST, Slot, reading
from flows.ingest.tables import Table
from flows.ingest.totals import Arithmetic
from flows.ingest.values import Result, Unread, day, is_none, printed, result
from schemas.info import FieldInfo, FormInfo
from schemas.text import plain, without_brackets
from schemas.vocabulary.marks import TICKS, TOTAL_WORDS

_SUM = "(?:" + "|".join(TOTAL_WORDS) + ")"
_ENDS_IN_SUM, _SUM_ALONE = re.compile(rf"{_SUM}数?:?$"), re.compile(rf"^{_SUM}数?:?$")
_COMMITTEE_AND_VILLAGE = re.compile(r"^(.+?(?:村民委员会|居民委员会|村委会|居委会|委会))(.+)$")
_VILLAGE = ("village_committee", "natural_village")
_TOWNS_BETWEEN = re.compile(r"[、，,/;；\s]+")


def read_rows(sheet: Sheet, table: Table, context: Context, towns: frozenset[str]) -> Read:
    """Read all data rows of a table.

    Parameters
    ----------
    sheet : Sheet
        Where the table stands.
    table : Table
        Its extent, columns and form.
    context : Context
        What surrounds it.
    towns : frozenset of str
        Town names of the master list, for section rows that name one.

    Returns
    -------
    Read
        Records in reading order, one per row and group of columns.
    """
    return _Reader(sheet, table, context, towns).read()


class _Reader:
    def __init__(self, sheet: Sheet, table: Table, context: Context, towns: frozenset[str]) -> None:
        self.sheet, self.table, self.context, self.towns = sheet, table, context, towns
        self.form: FormInfo = table.form
        self.year = context.report_date.year if context.report_date else None
        self.notes: list[Note] = []
        # Of fields that fill down: the last value, its row and column.
        self.above: dict[str, tuple[Any, int, int]] = {}
        self.said: dict[str, tuple[Any, str | None]] = {}
        # How the section that said a field was numbered: 一、 or （一）.
        self.said_by: dict[str, str] = {}
        self.meant: list[tuple[Column, Meaning, FieldInfo]] = [
            (column, meaning, self.form.fields[meaning.field])
            for column in table.columns
            for meaning in column.meanings
            if not meaning.field.startswith("#")
        ]
        self.groups = list(
            dict.fromkeys(
                m.group for _, m, info in self.meant if m.group and m.group != TOTAL and not info.repeats_over
            )
        )
        if self.groups:  # 检测项目 over the parameters names the groups, and holds nothing itself
            self.meant = [each for each in self.meant if each[1].field != self.form.spread]
        self.meant = [self._as_told(*each) for each in self.meant]
        self.kinds = RowKinds(sheet, table, self.meant, self.groups, towns)
        self.kind_of = self.kinds.all()
        figure_rows = [row for row, kind in self.kind_of.items() if kind in ("data", "total")]
        self.factors = {
            (column.index, meaning.field): factor_of(sheet, column, info, context, figure_rows)
            for column, meaning, info in self.meant
            if info.dimension and info.kind in ("count", "decimal")
        }
        self.slots = {group: self._slots(group) for group in (None, *self.groups)}
        self.sums = Arithmetic(
            sheet, self.form, table.columns, self.meant, self.factors, self.kinds, context, figure_rows, self._cell
        )
        self.has_date_parts = any(meaning.part for _, meaning, _ in self.meant)
        self.has_totals = any(kind in ("total", "whole", "section") for kind in self.kind_of.values())

    def _slots(self, group: str | None) -> tuple[list[Slot], str]:
        """The columns outside groups (None), or those of one group; and their addresses in a row, as JSON."""
        slots = []
        for column, meaning, info in self.meant:
            if info.repeats_over:
                name = f"{meaning.group}.{meaning.field}" if group is None and meaning.group else None
            else:
                name = meaning.field if meaning.group == group else None
            if name:
                factor = self.factors.get((column.index, meaning.field), Decimal(1))
                slots.append(Slot(self.form.name, name, column, meaning, info, factor, self.year))
        return slots, json.dumps({slot.name: self.sheet.place(LINE, slot.index) for slot in slots if slot.is_plain})

    def _as_told(self, column: Column, meaning: Meaning, info: FieldInfo) -> tuple[Column, Meaning, FieldInfo]:
        """工程类别 is the supply mode where its values are modes; where they are another field's, it is that one."""
        if info.vocabulary is None or meaning.group or meaning.tick:
            return column, meaning, info
        there = {self.sheet.at(row, column.index) for row in range(self.table.body, self.table.end)}
        values = {str(value) for value in there if value and is_text(value)}
        if not values or any(info.vocabulary.lookup(value) for value in values):
            return column, meaning, info
        shown = {other.field for _, other, _ in self.meant}
        for name, other in self.form.fields.items():
            if name not in shown and other.vocabulary and all(other.vocabulary.lookup(value) for value in values):
                return column, Meaning(name), other
        return column, meaning, info

    def read(self) -> Read:
        """Go down the rows."""
        records: list[Record] = []
        self._speak_from_context()
        for row, kind in self.kind_of.items():
            before = len(records)
            match kind:
                case "section":
                    self._enter_section(row)
                case "total" | "whole":
                    self._pass_total(row, kind)
                case "part":
                    records.extend(self._part(row))
                case "data":
                    records.extend(self._records(row))
                case "hidden":
                    zh = f"第{row + 1}行被手工隐藏，未作为数据读取。"
                    self._note(row, "N03", zh, f"row {row + 1} is hidden by hand and was not read.")
            self._add_up(row, kind, records[before:])
        return Read(records, self.notes, self.sums.lines, self.kind_of)

    def _add_up(self, row: int, kind: Kind, records: list[Record]) -> None:
        """Keep what R14 adds up; check a row's own sums and rates."""
        match kind:
            case "section":
                labels = self.kinds.labels(row)
                self.sums.enter_section(row, "bracket" if labels and labels[0][1].startswith("(") else "plain")
            case "total" | "whole":
                self.sums.add_total(row)
            case "data" | "part":
                if records:
                    spread = str(self.form.spread)
                    self.sums.check_row(row, min(records, key=lambda record: str(record.values.get(spread))))
                if self.has_totals:
                    self.sums.add_rows(row, records)

    def _note(self, row: int, code: str, zh: str, en: str) -> None:
        # The names of the row only: what officials' columns hold stays where it is.
        names = " ".join(text for _, text in self.kinds.labels(row))
        first = self.kinds.cells(row)[0][0]
        self.notes.append(Note(code, zh, en, row + 1, self.sheet.address(row, first), names))

    # --- what the surroundings say --------------------------------------------------------------------------------

    def _speak_from_context(self) -> None:
        shown = {meaning.field for _, meaning, _ in self.meant} | ({self.form.spread} if self.groups else set())
        for name, info in self.form.fields.items():
            if not info.from_context or name in shown:
                continue
            if info.vocabulary is None:
                if name == "town" and self.context.town:
                    self.said[name] = (self.context.town, None)
                continue
            # The names of file and folders are asked last, and only for what the form requires.
            texts = self.context.speaking if info.required else self.context.speaking[: self.context.own]
            named = [(column, meaning) for column, meaning, _ in self.meant if meaning.field == info.from_heading_of]
            over = [words for column, meaning in named for words in (column.words_of(meaning), column.printed)]
            texts = texts[: self.context.nearest] if info.from_heading_of else texts
            code = next((code for text in (*over, *texts) if (code := info.vocabulary.find(text))), None)
            if code:
                self.said[name] = (code, None)

    def _enter_section(self, row: int) -> None:
        labels = self.kinds.labels(row) or [
            (column, plain(value)) for column, value in self.kinds.cells(row) if isinstance(value, str)
        ]
        numbering = "bracket" if labels[0][1].startswith("(") else "plain"
        for name in [name for name, by in self.said_by.items() if by == numbering]:
            del self.said[name], self.said_by[name]
        self.above.clear()
        for column, text in labels:
            if found := self.kinds.says(text):
                self.said[found[0]] = (found[1], self.sheet.address(row, column))
                self.said_by[found[0]] = numbering

    def _pass_total(self, row: int, kind: str) -> None:
        """A project or town printed only in its own total's row speaks for the blank cells beneath it."""
        names = dict(self.kinds.labels(row))
        if kind == "total" and any(_ENDS_IN_SUM.search(text) and not _SUM_ALONE.match(text) for text in names.values()):
            return
        for column, meaning, info in self.meant:
            text = names.get(column.index, "")
            if not (info.fill_down and text) or _ENDS_IN_SUM.search(text):
                continue
            if info.kind == "text":
                self.above[meaning.field] = (str(self.sheet.at(row, column.index)).strip(), row, column.index)
            elif kind == "whole" and info.vocabulary and (code := info.vocabulary.lookup(text)):
                self.above[meaning.field] = (code, row, column.index)

    def _part(self, row: int) -> Iterator[Record]:
        """A source in a row of its own beneath its project."""
        label = self.kinds.part_label(row)
        assert label, "a row of this kind has one"
        column, text = label
        above = dict(self.above)
        record, _ = self._record(row, None)
        self.above = above  # the label is no project's name
        for name in [name for name, cell in record.cells.items() if cell == self.sheet.address(row, column)]:
            del record.values[name], record.cells[name]
            record.unread.pop(name, None)
            if name in self.above:
                self._take_above(record, name)
        spread = str(self.form.spread)
        record.values[spread], record.cells[spread] = self.kinds.part(text), self.sheet.address(row, column)
        if any(record.values.get(name) is not None or name in record.unread for name in self.form.measures):
            yield record

    # --- records --------------------------------------------------------------------------------------------------

    def _records(self, row: int) -> Iterator[Record]:
        shared, tells = self._record(row, None)
        if not self.groups:
            if tells and not self._is_empty_group(shared):
                yield from self._each_town(shared)
            return
        read = [(group, *self._record(row, group)) for group in self.groups]
        told = [(group, record) for group, record, tells in read if tells]
        # A source printed 0 throughout is no row where the project shows another (forms.md, settled points).
        if self.form.zero_is_none and any(self._is_above_zero(record) for _, record in told):
            told = [(group, record) for group, record in told if self._is_above_zero(record) or record.unread]
        for group, record in told:
            yield Record(
                record.row,
                {**shared.values, **record.values, str(self.form.spread): group},
                {**shared.cells, **record.cells},
                {**shared.printed, **record.printed},
                {**shared.unread, **record.unread},
            )

    def _is_empty_group(self, record: Record) -> bool:
        """A source whose cells in its own row are all null gives no row either."""
        if not self.form.zero_is_none:
            return False
        names = [name for name in self.form.measures if name in record.values]
        told = record.values.get("is_below_detection") or any(name in record.unread for name in names)
        return not told and all(record.values[name] is None for name in names)

    def _is_above_zero(self, record: Record) -> bool:
        return any(record.values.get(name) for name in self.form.measures)

    def _record(self, row: int, group: str | None) -> tuple[Record, bool]:
        """The fields of one row, those outside groups (None) or those of one group; whether its own cells say any.

        A row, or a group of its columns, whose own cells are all none-marks tells nothing.
        """
        slots, places = self.slots[group]
        cells, merged = self.sheet.rows[row], self.sheet.merged_columns.get(row, ())
        record = Record(row + 1, places=places, line=self.sheet.line(row))
        values, end, tells = record.values, len(cells), False
        for slot in slots:
            index = slot.index
            value = cells[index] if index < end else None
            if index in merged:
                value, cell = self._cell(row, slot.column, slot.info)
                record.place(slot.name, cell)
            if value.__class__ is slot.itself and not (isinstance(value, int) and not 0 <= value < MOST):
                values[slot.name] = value
                tells = True
                continue
            said = slot.readings.get((value.__class__, value))
            if said is None:
                if not slot.is_plain or isinstance(value, Uncached):
                    tells |= self._fill(record, row, slot)
                    continue
                said = slot.first_reading(value)
            read, text, is_unread = said
            values[slot.name] = read
            if text is not None:
                (record.unread if is_unread else record.printed)[slot.name] = text
            if read is not None:
                tells = True
            if slot.info.fill_down:
                self._fill_down(record, row, slot)
        if group is None:
            tells |= self._say(record)
            self._divide(record)
            if self.has_date_parts:
                self._join_date_parts(record)
        return record, tells or bool(record.unread) or bool(values.get("is_below_detection"))

    def _say(self, record: Record) -> bool:
        """Where the row says nothing of a field, what stands above it speaks; whether it is a cell that does."""
        tells = False
        for name, (value, cell) in self.said.items():
            if record.values.get(name) is None and name not in record.unread:
                record.values[name] = value
                if cell:
                    record.place(name, cell)
                    tells = True
        return tells

    def _fill_down(self, record: Record, row: int, slot: Slot) -> None:
        """A none-mark is said, a blank is left out: only a blank takes the value above."""
        name = slot.name
        if (value := record.values[name]) is not None:
            self.above[name] = (value, row, slot.index)
        elif name in self.above and name not in record.unread and self._is_blank(row, slot.index):
            self._take_above(record, name)

    def _take_above(self, record: Record, name: str) -> None:
        value, row, column = self.above[name]
        record.values[name] = value
        record.place(name, self.sheet.address(row, column))

    def _is_blank(self, row: int, column: int) -> bool:
        value = self.sheet.at(row, column)
        return value is None or not plain(str(value))

    def _fill(self, record: Record, row: int, slot: Slot) -> bool:
        """One cell that cannot be read by itself; whether it says something."""
        name, meaning, column = slot.name, slot.meaning, slot.column
        value, cell = self._cell(row, column, slot.info)
        if meaning.tick:
            is_ticked = isinstance(value, str | int | float) and plain(printed(value)) in TICKS
            if is_ticked:
                record.values[name] = meaning.tick
                record.place(name, cell)
            else:
                record.values.setdefault(name, None)
            return is_ticked
        if meaning.part:
            record.values.setdefault(f"{name}:{meaning.part}", value)
            record.cells.setdefault(name, cell)
            return not is_none(value)
        if len(column.meanings) > 1 and not is_none(value):
            pieces = plain(printed(value)).split("/")
            place = column.meanings.index(meaning)
            value = pieces[place] if len(pieces) == len(column.meanings) else f"{value}?"
        record.place(name, cell)
        if slot.info.dimension == "concentration" and "is_below_detection" in self.form.fields:
            read, text, is_unread = reading(self._result(value, column, record), value)
        else:
            read, text, is_unread = slot.reading(value, is_percent=(row, slot.index) in self.sheet.grid.percents)
        record.values[name] = read
        if text is not None:
            (record.unread if is_unread else record.printed)[name] = text
        if slot.info.fill_down:
            self._fill_down(record, row, slot)
        return read is not None

    def _cell(self, row: int, column: Column, info: FieldInfo) -> tuple[Value, str]:
        value = self.sheet.seen(row, column.index)
        if isinstance(value, Uncached):
            computed = formulas.evaluate(self.sheet.grid, row, column.index) if self.sheet.turned_at is None else None
            value = float(computed) if computed is not None and info.kind != "text" else value
        return value, self.sheet.address(row, column.index)

    def _result(self, value: Value, column: Column, record: Record) -> Any:
        read = result(value)
        if not isinstance(read, Result):
            return read
        record.values["is_below_detection"] = read.is_below_detection
        if "unit" not in {meaning.field for _, meaning, _ in self.meant}:
            record.values["unit"] = column.unit or column.row_unit
        return read.value

    # --- one cell, several fields; one field, several cells ---------------------------------------------------------

    def _divide(self, record: Record) -> None:
        """Committee and village in one cell divide after 委会."""
        if "village_committee" not in self.form.fields:
            return
        both = [name for name in _VILLAGE if record.values.get(name)]
        if len(both) == 1 and (match := _COMMITTEE_AND_VILLAGE.match(without_brackets(record.values[both[0]]))):
            cell = record.cells[both[0]]
            for name, text in zip(_VILLAGE, match.groups(), strict=True):
                record.values[name] = text
                record.place(name, cell)

    def _join_date_parts(self, record: Record) -> None:
        """Year, month and day in three columns make one date."""
        for name in {key.partition(":")[0] for key in record.values if ":" in key}:
            parts = [record.values.pop(f"{name}:{part}", None) for part in ("year", "month", "day")]
            text = "".join(
                f"{printed(value)}{mark}" for value, mark in zip(parts, "年月日", strict=True) if not is_none(value)
            )
            read = day(text, self.year) if text else None
            record.values[name] = None if isinstance(read, Unread) else read
            if isinstance(read, Unread):
                record.unread[name] = read.printed

    def _each_town(self, record: Record) -> Iterator[Record]:
        """Several towns in one cell: a row each."""
        town = record.values.get("town")
        towns = [part for part in _TOWNS_BETWEEN.split(town) if part] if town and _TOWNS_BETWEEN.search(town) else []
        are_towns = len(towns) > 1 and all(part.endswith(("镇", "乡", "街道")) for part in towns)
        if not are_towns or "town" not in record.cells:
            yield record
            return
        for part in towns:
            yield Record(record.row, {**record.values, "town": part}, record.cells, record.printed, record.unread)
