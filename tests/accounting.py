"""Where every cell of a sheet with a table went, told by what was read alone: a cell nobody accounts for is lost.

This asks neither the row kinds nor the notes: a row without a record must show by its words what it is.
"""

import re
from collections.abc import Iterator, Sequence

from flows.ingest.blocks import is_title
from flows.ingest.context import Names
from flows.ingest.grid import COLUMNS, Grid, Value, parse_range, read_workbook
from flows.ingest.guard import Limits
from flows.ingest.headings import is_known_heading, is_unit
from flows.ingest.kinds import mentions_signing
from flows.ingest.reading import TableRead, read_file
from flows.ingest.sheet import Sheet, is_text, letters
from schemas.text import heading_key, plain
from schemas.vocabulary.marks import LIMIT_WORDS, NONE_MARKS, NOTE_WORDS, TOTAL_WORDS

_RANGE = re.compile(r"[A-Z]{1,3}\d+(?::[A-Z]{1,3}\d+)?")
_TELLS = re.compile(
    "|".join(TOTAL_WORDS)
    + r"|^(?:[(（]?[一二三四五六七八九十]+[)）、.]|第[一二三四五六七八九十]+[类部分]|全[县镇乡市区街])"
)
_LINES = re.compile(r"^第(\w+?)(?:至(\w+))?[行列]")
_PLACED = ("N03", "N04", "N07")
_NOTES = tuple(map(plain, NOTE_WORDS))


def lost_cells(data: bytes, names: Names) -> list[str]:
    """The cells of a file that are no value, heading, title, total or note, and that no note tells of.

    Parameters
    ----------
    data, names
        Of the file, as it is read.

    Returns
    -------
    list of str
        Sheet, address and text of each.
    """
    read = read_file(data, names, Limits())
    if read.status != "read":
        return []
    return [
        f"{grid.name}!{cell}"
        for grid in read_workbook(data, names.file)
        for cell in lost_in(grid, [table for table in read.tables if table.sheet == grid.name and table.form])
    ]


def lost_in(grid: Grid, tables: Sequence[TableRead]) -> list[str]:
    """The cells of one sheet that its tables do not account for; none where it has no table."""
    lost = _Account(grid, tables).lost() if tables else ()
    return [f"{letters(column)}{row + 1}: {value!r}" for row, column, value in lost]


class _Account:
    def __init__(self, grid: Grid, tables: Sequence[TableRead]) -> None:
        printed = {str(told["column"]) for table in tables for told in table.header_map.values()}
        self.is_turned = any(place.isdigit() for place in printed)
        self.sheet = Sheet(grid, turned_at=0 if self.is_turned else None)
        self.mapped = {int(place) - 1 if self.is_turned else COLUMNS[place] for place in printed}
        self.places = {cell for table in tables for record in table.records for cell in record.cells.values()}
        self.record_rows = {self._place(cell)[0] for cell in self.places}
        notes = [note for table in tables for note in table.notes]
        cells = {code: [self._place(str(note.cell)) for note in notes if note.code == code] for code in _PLACED}
        self.noted_rows = {row for row, _ in cells["N03"]}
        for first, last in (said for note in notes if note.code == "N01" for said in _LINES.findall(note.zh)):
            self.noted_rows.update(range(self._line(first), self._line(last or first) + 1))
        self.noted_columns = {column for code in ("N04", "N07") for _, column in cells[code]}
        self.areas = [area for note in notes if note.code == "N02" for area in _RANGE.findall(note.zh)]
        rows = range(len(self.sheet.rows))
        self.first_record = min(self.record_rows, default=len(rows))
        self.last_record = max(self.record_rows, default=0)
        self.first_header = min((row for row in rows if self._headings(row) > 1), default=0)
        self.header = {self._words(row) for row in range(self.first_record)}

    def lost(self) -> Iterator[tuple[int, int, Value]]:
        for row in range(len(self.sheet.rows)):
            is_told, has_columns = self._is_told(row), row in self.record_rows or self._sums(row)
            for column, value in self.sheet.filled(row):
                if not (is_told or (has_columns and column in self.mapped) or self._is_placed(row, column, value)):
                    yield (column, row, value) if self.is_turned else (row, column, value)

    def _place(self, cell: str) -> tuple[int, int]:
        """Row and column of an address; changed for one another where the fields run down the side."""
        area = parse_range(cell)
        assert area is not None, cell
        return (area.left, area.top) if self.is_turned else (area.top, area.left)

    def _line(self, said: str) -> int:
        return COLUMNS[said] if self.is_turned else int(said) - 1

    def _words(self, row: int) -> tuple[str, ...]:
        return tuple(plain(value) for _, value in self.sheet.filled(row) if is_text(value) and isinstance(value, str))

    def _headings(self, row: int) -> int:
        return sum(is_known_heading(word) for word in self._words(row))

    def _is_in_header(self, row: int) -> bool:
        """Whether nothing but words stands from a row up or down to one that holds two headings."""
        for step in (-1, 1):
            line = row
            while 0 <= line < len(self.sheet.rows) and self._words(line) and not self._holds_a_value(line):
                if self._headings(line) > 1:
                    return True
                line += step
        return False

    def _holds_a_value(self, row: int) -> bool:
        return any(self.sheet.address(row, column) in self.places for column, _ in self.sheet.filled(row))

    def _sums(self, row: int) -> bool:
        """Whether a row says that it is a total, a section, a line of limits or of signatures."""
        return any(_TELLS.search(word) or heading_key(word) in LIMIT_WORDS for word in self._words(row))

    def _is_told(self, row: int) -> bool:
        """Whether all of a row, wherever it stands, is a title, a heading or an explanation, or told by a note."""
        words, cells = self._words(row), self.sheet.filled(row)
        if row in self.noted_rows or self.sheet.is_step_row(row):
            return True
        if self._holds_a_value(row):
            return False
        is_words = bool(words) and len(words) == len(cells)
        if row < self.first_header:
            return is_words or len(cells) < 3
        if is_words and row < self.first_record:
            return True
        if (is_words and self._is_in_header(row)) or words in self.header or (is_words and all(map(is_unit, words))):
            return True
        if any(mentions_signing(word) for word in words):
            return True
        is_within = self.first_record < row < self.last_record
        return is_words and (words[0].startswith(_NOTES) or (len(words) == 1 and (is_title(words[0]) or not is_within)))

    def _is_placed(self, row: int, column: int, value: Value) -> bool:
        """Whether one cell is a value, says «none», or is told by a note; titles above fields down the side too."""
        line, number = (row, column) if self.is_turned else (column, row)
        areas = (area for text in self.areas if (area := parse_range(text)))
        return (
            self.sheet.address(row, column) in self.places
            or column in self.noted_columns
            or plain(str(value)) in NONE_MARKS
            or any(area.top <= number <= area.bottom and area.left <= line <= area.right for area in areas)
            or (self.is_turned and (number < min(self.mapped) or (number in self.mapped and row < self.first_record)))
        )
