"""A run of rows of data, column by column: what each cell says, and what stands above it where it says nothing."""

import re
from collections.abc import Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import Any

from flows.ingest import formulas
from flows.ingest.grid import Uncached, Value
from flows.ingest.headings import Meaning
from flows.ingest.recognise import Column
from flows.ingest.records import LINE, Records
from flows.ingest.sheet import Sheet
from flows.ingest.slots import Reading, Slot, reading
from flows.ingest.tables import Table
from flows.ingest.values import Result, Unread, day, is_none, printed, result
from schemas.info import FieldInfo, FormInfo
from schemas.text import plain, without_brackets
from schemas.vocabulary.marks import TICKS

_COMMITTEE_AND_VILLAGE = re.compile(r"^(.+?(?:村民委员会|居民委员会|村委会|居委会|委会))(.+)$")
_VILLAGE = ("village_committee", "natural_village")
# A table's columns with what they mean to its form.
Meant = list[tuple[Column, Meaning, FieldInfo]]


class Runs:
    """Reads the runs of rows of one table, from the top down.

    Parameters
    ----------
    sheet, table
        Where the rows are.
    meant
        The table's columns with what they hold.
    groups
        The codes that stand over groups of columns.
    factors
        (column, field) → what its bare figures are multiplied by.
    year
        Of dates that print none.

    Attributes
    ----------
    above
        Of fields that fill down: the last value, its row and column.
    said
        Of fields that section rows or the surroundings say: the value, and the address of the cell that says it.
    """

    def __init__(
        self,
        sheet: Sheet,
        table: Table,
        meant: Meant,
        groups: Sequence[str],
        factors: dict[tuple[int, str], Decimal],
        year: int | None,
    ) -> None:
        self.sheet, self.table, self.meant, self.factors, self.year = sheet, table, meant, factors, year
        self.form: FormInfo = table.form
        self.above: dict[str, tuple[Any, int, int]] = {}
        self.said: dict[str, tuple[Any, str | None]] = {}
        self.slots = {group: self._slots(group) for group in (None, *groups)}
        self.has_date_parts = any(meaning.part for _, meaning, _ in meant)

    def _slots(self, group: str | None) -> tuple[list[Slot], dict[str, str]]:
        """The columns outside groups (None), or those of one group; and the place of their cells in any row."""
        slots = []
        for column, meaning, info in self.meant:
            if info.repeats_over:
                name = f"{meaning.group}.{meaning.field}" if group is None and meaning.group else None
            else:
                name = meaning.field if meaning.group == group else None
            if name:
                factor = self.factors.get((column.index, meaning.field), Decimal(1))
                slots.append(Slot(self.form.name, name, column, meaning, info, factor, self.year))
        return slots, {slot.name: self.sheet.place(LINE, slot.index) for slot in slots if slot.is_plain}

    def columns(self, rows: list[int], group: str | None) -> tuple[Records, set[int]]:
        """The fields of a run of rows, those outside groups (None) or those of one; and the places that tell nothing.

        A row, or a group of its columns, whose own cells are all none-marks tells nothing.
        """
        slots, columns = self.slots[group]
        turned = None if self.sheet.turned_at is None else [*map(self.sheet.line, rows)]
        found = Records([row + 1 for row in rows], turned, columns)
        lines = [self.sheet.rows[row][: self.table.right] for row in rows]
        cells: list[Sequence[Value]] = list(zip_longest(*lines))
        blank = [None] * len(rows)
        merged = self._merged(rows)
        silent = set(range(len(rows)))
        for slot in slots:
            column = cells[slot.index] if slot.index < len(cells) else blank
            if slot.index in merged:
                column = list(column)
                for place in merged[slot.index]:
                    column[place], cell = self.cell(rows[place], slot.column, slot.info)
                    found.put_cell(place, slot.name, cell)
            kinds = set(map(type, column))
            if slot.is_read_alone(kinds):
                self._take(found, rows, slot, slot.readings(column, kinds), silent)
            else:
                silent -= {place for place, row in enumerate(rows) if self._fill(found, place, row, slot)}
        if group is None:
            self._say(found, silent)
            self._divide(found)
            if self.has_date_parts:
                self._join_date_parts(found)
        if silent:
            silent -= {place for place in silent if found.has_unread(place) or found.value(place, "is_below_detection")}
        return found, silent

    def _merged(self, rows: list[int]) -> dict[int, list[int]]:
        """Column → the places of a run of rows that a merge covers there."""
        merged: dict[int, list[int]] = {}
        for place, row in enumerate(rows) if self.sheet.merged_columns else ():
            for column in self.sheet.merged_columns.get(row, ()):
                merged.setdefault(column, []).append(place)
        return merged

    def _take(self, found: Records, rows: list[int], slot: Slot, readings: list[Reading], silent: set[int]) -> None:
        """A column whose cells were read each alone."""
        values, texts, unread = map(list, zip(*readings, strict=True))
        found.values[slot.name] = values
        if texts.count(None) < len(texts):
            found.printed[slot.name] = texts
            if any(unread):
                found.unread[slot.name] = {place for place, is_unread in enumerate(unread) if is_unread}
        if silent:
            silent -= {place for place in silent if values[place] is not None}
        if slot.info.fill_down:
            if None in values:
                for place, row in enumerate(rows):
                    self._fill_down(found, place, row, slot)
            else:
                self.above[slot.name] = (values[-1], rows[-1], slot.index)

    def _say(self, found: Records, silent: set[int]) -> None:
        """Where rows say nothing of a field, what stands above them speaks; a cell that does tells something."""
        for name, (value, cell) in self.said.items():
            blank = found.blank(name)
            for place in blank:
                found.put(place, name, value)
            for place in blank if cell else ():
                found.put_cell(place, name, cell)
                silent.discard(place)

    def _fill_down(self, found: Records, place: int, row: int, slot: Slot) -> None:
        """A none-mark is said, a blank is left out: only a blank takes the value above."""
        name = slot.name
        if (value := found.values[name][place]) is not None:
            self.above[name] = (value, row, slot.index)
        elif name in self.above and not found.is_unread(place, name) and self._is_blank(row, slot.index):
            self.take_above(found, place, name)

    def take_above(self, found: Records, place: int, name: str) -> None:
        """Take the value above, with its address."""
        value, row, column = self.above[name]
        found.put(place, name, value)
        found.put_cell(place, name, self.sheet.address(row, column))

    def _is_blank(self, row: int, column: int) -> bool:
        value = self.sheet.at(row, column)
        return value is None or not plain(str(value))

    def _fill(self, found: Records, place: int, row: int, slot: Slot) -> bool:
        """One cell that cannot be read by itself; whether it says something."""
        name, meaning, column = slot.name, slot.meaning, slot.column
        value, cell = self.cell(row, column, slot.info)
        if meaning.tick:
            is_ticked = isinstance(value, str | int | float) and plain(printed(value)) in TICKS
            found.put(place, name, meaning.tick if is_ticked else found.value(place, name))
            if is_ticked:
                found.put_cell(place, name, cell)
            return is_ticked
        if meaning.part:
            found.put(place, f"{name}:{meaning.part}", value)
            found.put_cell(place, name, found.cell(place, name) or cell)
            return not is_none(value)
        if len(column.meanings) > 1 and not is_none(value):
            pieces = plain(printed(value)).split("/")
            piece = column.meanings.index(meaning)
            value = pieces[piece] if len(pieces) == len(column.meanings) else f"{value}?"
        found.put_cell(place, name, cell)
        if slot.info.dimension == "concentration" and "is_below_detection" in self.form.fields:
            read, text, is_unread = reading(self._result(value, column, found, place), value)
        else:
            read, text, is_unread = slot.reading(value, is_percent=(row, slot.index) in self.sheet.grid.percents)
        found.put(place, name, read)
        if text is not None:
            found.put_printed(place, name, text, is_unread=is_unread)
        if slot.info.fill_down:
            self._fill_down(found, place, row, slot)
        return read is not None

    def cell(self, row: int, column: Column, info: FieldInfo) -> tuple[Value, str]:
        """What the eye sees in a cell, a formula without a value computed; and its address."""
        value = self.sheet.seen(row, column.index)
        if isinstance(value, Uncached):
            computed = formulas.evaluate(self.sheet.grid, row, column.index) if self.sheet.turned_at is None else None
            value = float(computed) if computed is not None and info.kind != "text" else value
        return value, self.sheet.address(row, column.index)

    def _result(self, value: Value, column: Column, found: Records, place: int) -> Any:
        read = result(value)
        if not isinstance(read, Result):
            return read
        found.put(place, "is_below_detection", read.is_below_detection)
        if "unit" not in {meaning.field for _, meaning, _ in self.meant}:
            found.put(place, "unit", column.unit or column.row_unit)
        return read.value

    # --- one cell, several fields; one field, several cells ---------------------------------------------------------

    def _divide(self, found: Records) -> None:
        """Committee and village in one cell divide after 委会."""
        if "village_committee" not in self.form.fields:
            return
        columns = [found.values.get(name) or [None] * len(found) for name in _VILLAGE]
        for place, both in enumerate(zip(*columns, strict=True)) if any(None in column for column in columns) else ():
            told = [(name, text) for name, text in zip(_VILLAGE, both, strict=True) if text]
            if len(told) == 1 and (match := _COMMITTEE_AND_VILLAGE.match(without_brackets(told[0][1]))):
                cell = found.cell(place, told[0][0])
                for name, text in zip(_VILLAGE, match.groups(), strict=True):
                    found.put(place, name, text)
                    found.put_cell(place, name, cell)

    def _join_date_parts(self, found: Records) -> None:
        """Year, month and day in three columns make one date."""
        for name in {key.partition(":")[0] for key in found.values if ":" in key}:
            blank = [None] * len(found)
            columns = [found.values.pop(f"{name}:{part}", blank) for part in ("year", "month", "day")]
            for place, parts in enumerate(zip(*columns, strict=True)):
                text = "".join(
                    f"{printed(value)}{mark}" for value, mark in zip(parts, "年月日", strict=True) if not is_none(value)
                )
                read = day(text, self.year) if text else None
                found.put(place, name, None if isinstance(read, Unread) else read)
                if isinstance(read, Unread):
                    found.put_printed(place, name, read.printed, is_unread=True)
