"""From a table's rows to records: what sections and totals say between runs of data, and what each row gives."""

import re
from itertools import pairwise

from flows.ingest.context import Context
from flows.ingest.factors import factor_of
from flows.ingest.headings import TOTAL, Meaning
from flows.ingest.kinds import Kind, RowKinds
from flows.ingest.recognise import Column
from flows.ingest.records import Note, Read, Records
from flows.ingest.runs import Meant, Runs
from flows.ingest.sheet import Sheet, is_text
from flows.ingest.tables import Table
from flows.ingest.totals import Arithmetic
from schemas.info import FieldInfo, FormInfo
from schemas.text import plain
from schemas.vocabulary.marks import TOTAL_WORDS

_SUM = "(?:" + "|".join(TOTAL_WORDS) + ")"
_ENDS_IN_SUM, _SUM_ALONE = re.compile(rf"{_SUM}数?:?$"), re.compile(rf"^{_SUM}数?:?$")
_TOWNS_BETWEEN = re.compile(r"[、，,/;；\s]+")
# Rows that neither give anything nor speak for those beneath them.
_SILENT: tuple[Kind, ...] = ("blank", "note", "footer", "limits", "steps")


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
        self.notes: list[Note] = []
        # How the section that said a field was numbered: 一、 or （一）.
        self.said_by: dict[str, str] = {}
        self.meant: Meant = [
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
        factors = {
            (column.index, meaning.field): factor_of(sheet, column, info, context, figure_rows)
            for column, meaning, info in self.meant
            if info.dimension and info.kind in ("count", "decimal")
        }
        year = context.report_date.year if context.report_date else None
        self.runs = Runs(sheet, table, self.meant, self.groups, factors, year)
        self.sums = Arithmetic(
            sheet, self.form, table.columns, self.meant, factors, self.kinds, context, figure_rows, self.runs.cell
        )
        self.has_totals = any(kind in ("total", "whole", "section") for kind in self.kind_of.values())
        self.records = Records()

    def _as_told(self, column: Column, meaning: Meaning, info: FieldInfo) -> tuple[Column, Meaning, FieldInfo]:
        """工程类别 is the supply mode where its values are modes; where they are another field's, it is that one."""
        if info.vocabulary is None or meaning.group or meaning.tick:
            return column, meaning, info
        lines = self.sheet.rows[self.table.body : self.table.end]
        there = {line[column.index] for line in lines if column.index < len(line)}
        values = {str(value) for value in there if value and is_text(value)}
        if not values or any(info.vocabulary.lookup(value) for value in values):
            return column, meaning, info
        shown = {other.field for _, other, _ in self.meant}
        for name, other in self.form.fields.items():
            if name not in shown and other.vocabulary and all(other.vocabulary.lookup(value) for value in values):
                return column, Meaning(name), other
        return column, meaning, info

    def read(self) -> Read:
        """Go down the rows; those of data in runs, which nothing between them divides."""
        self._speak_from_context()
        run: list[int] = []
        for row, kind in self.kind_of.items():
            if kind == "data":
                run.append(row)
            elif kind not in _SILENT:
                self._read_run(run)
                run = []
                self._pass(row, kind)
        self._read_run(run)
        return Read(self.records, self.notes, self.sums.lines, self.kind_of)

    def _read_run(self, rows: list[int]) -> None:
        if rows:
            self._add(self._records(rows))

    def _pass(self, row: int, kind: Kind) -> None:
        """A row that is no data: what it says of the rows beneath it, and what it adds up."""
        match kind:
            case "section":
                numbering = self._enter_section(row)
                self.sums.enter_section(row, numbering)
            case "total" | "whole":
                self._pass_total(row, kind)
                self.sums.add_total(row)
            case "part":
                self._add(self._part(row))
            case "hidden":
                zh = f"第{row + 1}行被手工隐藏，未作为数据读取。"
                self._note(row, "N03", zh, f"row {row + 1} is hidden by hand and was not read.")

    def _add(self, found: Records) -> None:
        """Keep what rows gave, and what R14 adds up of it; check each row's own sums and rates."""
        before = len(self.records)
        self.records.extend(found)
        # Row → its first record.
        first: dict[int, int] = {}
        for place in range(before, len(self.records)):
            first.setdefault(self.records.rows[place] - 1, place)
        if self.sums.checks_rows:
            spread = self.records.values.get(str(self.form.spread))
            for row, (start, end) in zip(first, pairwise([*first.values(), len(self.records)]), strict=True):
                told = min(range(start, end), key=lambda place: str(spread[place])) if spread else start
                self.sums.check_row(row, self.records, told)
        if self.has_totals and first:
            self.sums.add_rows(list(first), self.records, list(first.values()))

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
                    self.runs.said[name] = (self.context.town, None)
                continue
            # The names of file and folders are asked last, and only for what the form requires.
            texts = self.context.speaking if info.required else self.context.speaking[: self.context.own]
            named = [(column, meaning) for column, meaning, _ in self.meant if meaning.field == info.from_heading_of]
            over = [words for column, meaning in named for words in (column.words_of(meaning), column.printed)]
            texts = texts[: self.context.nearest] if info.from_heading_of else texts
            code = next((code for text in (*over, *texts) if (code := info.vocabulary.find(text))), None)
            if code:
                self.runs.said[name] = (code, None)

    def _enter_section(self, row: int) -> str:
        """What a section row says holds beneath it, until one of the same numbering."""
        labels = self.kinds.labels(row) or [
            (column, plain(value)) for column, value in self.kinds.cells(row) if isinstance(value, str)
        ]
        numbering = "bracket" if labels[0][1].startswith("(") else "plain"
        for name in [name for name, by in self.said_by.items() if by == numbering]:
            del self.runs.said[name], self.said_by[name]
        self.runs.above.clear()
        for column, text in labels:
            if found := self.kinds.says(text):
                self.runs.said[found[0]] = (found[1], self.sheet.address(row, column))
                self.said_by[found[0]] = numbering
        return numbering

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
                self.runs.above[meaning.field] = (str(self.sheet.at(row, column.index)).strip(), row, column.index)
            elif kind == "whole" and info.vocabulary and (code := info.vocabulary.lookup(text)):
                self.runs.above[meaning.field] = (code, row, column.index)

    def _part(self, row: int) -> Records:
        """A source in a row of its own beneath its project."""
        label = self.kinds.part_label(row)
        assert label, "a row of this kind has one"
        column, text = label
        above = dict(self.runs.above)
        found, _ = self.runs.columns([row], None)
        self.runs.above = above  # the label is no project's name
        for name in [name for name in found.values if found.cell(0, name) == self.sheet.address(row, column)]:
            found.forget(0, name)
            if name in self.runs.above:
                self.runs.take_above(found, 0, name)
        spread = str(self.form.spread)
        found.put(0, spread, self.kinds.part(text))
        found.put_cell(0, spread, self.sheet.address(row, column))
        tells = any(found.value(0, name) is not None or found.is_unread(0, name) for name in self.form.measures)
        return found if tells else found.take([])

    # --- records --------------------------------------------------------------------------------------------------

    def _records(self, rows: list[int]) -> Records:
        """What a run of rows of data gives: a record a row, or one for each group of its columns that tells any."""
        found, silent = self.runs.columns(rows, None)
        if not self.groups:
            kept = [place for place in range(len(rows)) if place not in silent]
            if self.form.zero_is_none:
                kept = [place for place in kept if not self._is_empty_group(found, place)]
            return self._each_town(found.take(kept))
        groups = {group: self.runs.columns(rows, group) for group in self.groups}
        picked: list[tuple[int, str]] = []
        for place in range(len(rows)):
            told = [group for group, (_, silent) in groups.items() if place not in silent]
            # A source printed 0 throughout is no row where the project shows another (forms.md, settled points).
            if self.form.zero_is_none and any(self._is_above_zero(groups[group][0], place) for group in told):
                told = [
                    group
                    for group in told
                    if self._is_above_zero(groups[group][0], place) or groups[group][0].has_unread(place)
                ]
            picked += [(place, group) for group in told]
        shared = found.take([place for place, _ in picked])
        of_groups = Records()
        for records, _ in groups.values():
            of_groups.extend(records)
        start = {group: number * len(rows) for number, group in enumerate(groups)}
        shared.add_fields(of_groups.take([start[group] + place for place, group in picked]))
        shared.values[str(self.form.spread)] = [group for _, group in picked]
        return shared

    def _is_empty_group(self, found: Records, place: int) -> bool:
        """A source whose cells in its own row are all null gives no row either."""
        names = [name for name in self.form.measures if name in found.values]
        told = found.value(place, "is_below_detection") or any(found.is_unread(place, name) for name in names)
        return not told and all(found.value(place, name) is None for name in names)

    def _is_above_zero(self, found: Records, place: int) -> bool:
        return any(found.value(place, name) for name in self.form.measures)

    def _each_town(self, found: Records) -> Records:
        """Several towns in one cell: a row each."""
        if not any(map(_TOWNS_BETWEEN.search, filter(None, {*found.values.get("town", ())}))):
            return found
        named = [self._towns_in(found, place) for place in range(len(found))]
        each = found.take([place for place, towns in enumerate(named) for _ in towns])
        each.values["town"] = [town for towns in named for town in towns]
        return each

    def _towns_in(self, found: Records, place: int) -> list[str | None]:
        town: str | None = found.value(place, "town")
        towns = [part for part in _TOWNS_BETWEEN.split(town) if part] if town else []
        are_towns = len(towns) > 1 and all(part.endswith(("镇", "乡", "街道")) for part in towns)
        return [*towns] if are_towns and found.cell(place, "town") else [town]
