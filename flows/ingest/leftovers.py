"""What stands on a sheet beside, between and under its tables and belongs to none: told by a note, never dropped."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise, takewhile

from flows.ingest.blocks import is_title
from flows.ingest.grid import Value
from flows.ingest.kinds import Kind, is_remark
from flows.ingest.records import Note
from flows.ingest.sheet import Sheet, is_text
from flows.ingest.tables import Table
from flows.ingest.values import is_none
from schemas.text import plain

# Rows that tell of the table; what stands beside them in other columns belongs to them.
_AROUND: tuple[Kind, ...] = ("note", "footer", "hidden")
# A title row has few cells; more of them with figures are another table.
_FEWEST_CELLS = 3
_MOST_NAMED = 5
_MOST_AREAS = 20
# Of a sheet whose fields run down the side, and of others.
_LINE = ("列", "行"), ("column", "row")
# Of rows with a name of theirs, and of others.
_SILENT = (
    ("只有名称，没有填写数据，未产生记录。", "has names and no figures: it gives no record."),
    ("不是数据、合计或小标题，未读取。如属数据，请补齐各栏。", "is no data, total or section; it was not read."),
)


@dataclass(frozen=True)
class Body:
    """A table with what its rows were taken for, and the rows that gave a record."""

    table: Table
    kinds: dict[int, Kind]
    told: set[int]
    notes: list[Note]


def tell_leftovers(sheet: Sheet, bodies: list[Body]) -> None:
    """Add to the tables' notes what was read as nothing: rows (N01), cells under no heading (N02), hidden ones (N10).

    Parameters
    ----------
    sheet : Sheet
        The whole sheet.
    bodies : list of Body
        Its tables.
    """
    for body in bodies:
        body.notes.extend(_silent_rows(sheet, body))
    rows = _Rows(bodies)
    for row, note in (*_beside_and_between(sheet, rows), *_beneath_merges(sheet)):
        rows.nearest(row).notes.append(note)


def _beside_and_between(sheet: Sheet, rows: "_Rows") -> Iterator[tuple[int, Note]]:
    """Cells in the rows of a table under none of its headings, neighbours together; and rows of no table."""
    beside = dict[int, list[int]]()
    for row, column, value in rows.unaccounted(sheet):
        if (row, column) not in rows.titles and not _is_remark(value):
            beside.setdefault(column, []).append(row)
    between = [
        row
        for row in rows.outside(sheet)
        if (cells := sheet.filled(row)) and (row >= rows.first or _is_of_a_table(cells))
    ]
    runs = _together(sorted(beside))
    for run in runs if len(runs) <= _MOST_AREAS else [sorted(beside)]:
        found = [row for column in run for row in beside[column]]
        where = _area(sheet, min(found), max(found), run)
        zh = f"{where}的内容（{len(found)}个单元格）不在任何栏目之下，未读取。如属报表内容，请放在相应栏目内。"
        en = f"{where} (cells filled: {len(found)}) stands under no heading and was not read."
        yield min(found), _note(sheet, "N02", zh, en, min(found), run[0])
    for found in _together(between):
        used = [column for row in found for column, _ in sheet.filled(row)]
        where = _area(sheet, found[0], found[-1], used)
        zh = f"{where}的内容不属于任何可识别的报表，未读取。"
        en = f"{where} belongs to no table of a known form and was not read."
        yield found[0], _note(sheet, "N02", zh, en, found[0], min(used))


def _beneath_merges(sheet: Sheet) -> Iterator[tuple[int, Note]]:
    if covered := sheet.grid.covered:
        row, column = covered[0]
        named = "、".join(sheet.place(sheet.line(row), column) for row, column in covered[:_MOST_NAMED])
        zh = f"合并单元格下面还有看不见的其他内容（{named}，共{len(covered)}处），未读取。"
        en = f"other values are hidden beneath merged cells ({named}; {len(covered)} in all) and were not read."
        yield row, _note(sheet, "N10", zh, en, row, column)


class _Rows:
    """Which columns the tables of a sheet take in which rows."""

    def __init__(self, bodies: list[Body]) -> None:
        self.bodies = bodies
        self.first = min(body.table.top for body in bodies)
        self.titles = {(row, column) for body in bodies for row, column, _ in body.table.titles}
        self._title_rows = {row for row, _ in self.titles}

    def _parts(self, sheet: Sheet) -> Iterator[tuple[range, list[Body]]]:
        """The rows of the sheet in runs that the same tables take, or none."""
        height = len(sheet.rows)
        edges = {min(edge, height) for body in self.bodies for edge in (body.table.top, body.table.end)}
        for top, end in pairwise(sorted({0, *edges, height})):
            yield range(top, end), [body for body in self.bodies if body.table.top <= top < body.table.end]

    def outside(self, sheet: Sheet) -> Iterator[int]:
        """The rows that are neither a table's nor one of its titles."""
        for rows, here in self._parts(sheet):
            for row in () if here else rows:
                if not (row >= self.first and row in self._title_rows):
                    yield row

    def unaccounted(self, sheet: Sheet) -> Iterator[tuple[int, int, Value]]:
        """The cells in the rows of tables that stand in none of their columns, row by row."""
        for rows, here in self._parts(sheet):
            taken = {column.index for body in here for column in body.table.columns}
            others = [column for column in range(sheet.width) if column not in taken]
            for row in rows if here and others else ():
                cells = sheet.rows[row]
                found = [column for column in takewhile(len(cells).__gt__, others) if not _is_blank(cells[column])]
                # All of a note or a repeated header is accounted for.
                if found and any(body.kinds.get(row) in _AROUND or row in body.table.repeats for body in here):
                    continue
                yield from ((row, column, cells[column]) for column in found)

    def nearest(self, row: int) -> Body:
        """The table that a note about a row goes to: the last one that begins above it."""
        return max(
            self.bodies, key=lambda body: (body.table.top <= row, body.table.top if body.table.top <= row else 0)
        )


def _silent_rows(sheet: Sheet, body: Body) -> Iterator[Note]:
    """Rows in the table that gave no record though they hold more than words of explanation."""
    silent: dict[bool, list[int]] = {True: [], False: []}
    last = max(body.told, default=0)
    for row, kind in body.kinds.items():
        if kind in ("note", "data", "part") and row not in body.told:
            values = [value for _, value in _within(sheet, body.table, row)]
            if values and not (kind == "note" and _explains(values, is_within=row < last)):
                silent[kind == "note"].append(row)
    for is_note, rows in silent.items():
        reason_zh, reason_en = _SILENT[is_note]
        for run in _together(rows):
            lines = [sheet.line(row) for row in dict.fromkeys((run[0], run[-1]))]
            zh = f"第{'至'.join(lines)}{_LINE[0][sheet.turned_at is None]}{reason_zh}"
            en = f"{_LINE[1][sheet.turned_at is None]} {' to '.join(lines)} {reason_en}"
            yield _note(sheet, "N01", zh, en, run[0], _within(sheet, body.table, run[0])[0][0])


def _within(sheet: Sheet, table: Table, row: int) -> list[tuple[int, Value]]:
    """The cells of a row within the table that say more than «none»."""
    return [
        (column, value)
        for column, value in sheet.filled(row)
        if table.left <= column < table.right and not is_none(value)
    ]


def _explains(values: list[Value], *, is_within: bool) -> bool:
    """Whether a row without data is a remark or a title: words only; under the last row, one text of any kind."""
    if not all(is_text(value) for value in values):
        return False
    return _is_remark(values[0]) or (len(values) == 1 and (not is_within or is_title(str(values[0]))))


def _is_remark(value: Value) -> bool:
    return is_text(value) and is_remark(str(value))


def _note(sheet: Sheet, code: str, zh: str, en: str, row: int, column: int) -> Note:
    # What is printed there may be anybody's telephone number: the note has the address only.
    cell = sheet.place(sheet.line(row), column)
    return Note(code, zh, en, int("".join(filter(str.isdigit, cell))), cell)


def _is_blank(value: Value) -> bool:
    return value is None or (isinstance(value, str) and not plain(value))


def _is_of_a_table(cells: list[tuple[int, Value]]) -> bool:
    """Whether a row above all tables is more than a title: figures beside words."""
    figures = sum(isinstance(value, int | float) and not isinstance(value, bool) for _, value in cells)
    return len(cells) >= _FEWEST_CELLS and figures > 0


def _area(sheet: Sheet, top: int, bottom: int, columns: Iterable[int]) -> str:
    columns = list(columns)
    first = sheet.place(sheet.line(top), min(columns))
    last = sheet.place(sheet.line(bottom), max(columns))
    return first if first == last else f"{first}:{last}"


def _together(numbers: Iterable[int]) -> list[list[int]]:
    """Numbers in runs without a gap."""
    runs: list[list[int]] = []
    for number in numbers:
        if not runs or number > runs[-1][-1] + 1:
            runs.append([])
        runs[-1].append(number)
    return runs
