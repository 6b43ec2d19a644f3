"""Which rows of a table are data: told from sections, totals, notes, footers, limits and rows hidden by hand.

A clerk sees it by the words in the columns of names: 一、镇级水厂扩网工程 opens a section, 小计 sums, 注：
explains. What fills a key or a figure and is none of these is data.
"""

import re
from functools import lru_cache
from typing import Literal

from flows.ingest.context import town_in
from flows.ingest.grid import Value
from flows.ingest.headings import Meaning
from flows.ingest.recognise import Column
from flows.ingest.sheet import STEP, Sheet, is_text, looks_numeric
from flows.ingest.tables import Table
from schemas.info import FieldInfo
from schemas.text import heading_key, plain, without_brackets, without_ordinal
from schemas.vocabulary import Vocabulary
from schemas.vocabulary.marks import FOOTER_WORDS, LIMIT_WORDS, NONE_MARKS, NOTE_WORDS, TOTAL_WORDS

# whole: a project whose sources stand in the rows beneath it (其中：专项债券); part: such a row.
Kind = Literal["blank", "note", "footer", "hidden", "total", "limits", "section", "steps", "whole", "part", "data"]

_SUM = "(?:" + "|".join(TOTAL_WORDS) + ")"
_TOTAL = re.compile(rf"^(?:.{{0,12}}?{_SUM}数?:?|{_SUM}:?\d+[一-龥]{{0,4}}|全[县镇乡市区街]{_SUM}?)$")
_SUM_ENDING = re.compile(rf"{_SUM}数?:?$")
_NUMBERED = re.compile(
    r"^(?:[一二三四五六七八九十]+[、.,]|[(][一二三四五六七八九十]+[)]|第[一二三四五六七八九十]+[类部分])"
)
_NUMERAL = re.compile(r"^[(]?[一二三四五六七八九十]+[)]?[、.]?$")
_COMMITTEE = re.compile(r"^[一-龥]{2,8}(?:村委会|村民委员会|居委会|居民委员会)$")
_OF_WHICH = re.compile(r"^其中:?")
_NOTES = tuple(dict.fromkeys(plain(word) for word in NOTE_WORDS))
_FOOTERS = tuple(dict.fromkeys(plain(word) for word in FOOTER_WORDS))
_SIGNING = re.compile("|".join(map(re.escape, _FOOTERS)))
LONGEST_NAME = 20


@lru_cache(maxsize=50_000)
def _is_signed(text: str) -> bool:
    return any(word == text or text.startswith(f"{word.rstrip(':')}:") for word in _FOOTERS)


@lru_cache(maxsize=50_000)
def mentions_signing(text: str) -> bool:
    """Whether a text holds a word of signatures: 填报人, 审核人, 填报日期."""
    return bool(_SIGNING.search(plain(text)))


def is_remark(text: str) -> bool:
    """Whether a text explains or signs: 注：…, 填报人：…."""
    words = plain(text)
    return words.startswith(_NOTES) or mentions_signing(words)


_ENDS_OF_SUMS = frozenset("".join(word[-1] for word in TOTAL_WORDS) + "数:")
# What may be the first of several cells that together name a sum: 小 | 计 5 个村, 全县.
_STARTS_OF_SUMS = sorted({word[:end] for word in TOTAL_WORDS for end in range(1, len(word))})
_STARTS_SUM = re.compile(rf"(?:{'|'.join(_STARTS_OF_SUMS)})$|{_SUM}|全")


@lru_cache(maxsize=50_000)
def _may_tell(text: str) -> bool | None:
    """Whether a cell's words could make its row other than data, alone or joined to others; None of what is no name."""
    words = plain(text)
    if looks_numeric(text) or words in NONE_MARKS:
        return None
    told = (_NUMBERED, _NUMERAL, _OF_WHICH, STEP)
    return (
        words.startswith(_NOTES)
        or mentions_signing(words)
        or heading_key(words) in LIMIT_WORDS
        or bool(_TOTAL.match(without_brackets(words)))
        or any(pattern.match(words) for pattern in told)
        or words[-1:] in _ENDS_OF_SUMS
        or bool(_STARTS_SUM.match(without_brackets(words)))
    )


class RowKinds:
    """Tells the rows of one table apart.

    Parameters
    ----------
    sheet, table
        Where the rows are.
    meant
        The table's columns with what they hold.
    groups
        The codes that stand over groups of columns.
    towns
        Town names of the master list.
    """

    def __init__(
        self,
        sheet: Sheet,
        table: Table,
        meant: list[tuple[Column, Meaning, FieldInfo]],
        groups: list[str],
        towns: frozenset[str],
    ) -> None:
        self.sheet, self.table, self.form, self.towns = sheet, table, table.form, towns
        self.fields_of: dict[int, set[str]] = {}
        for column, meaning, _ in meant:
            self.fields_of.setdefault(column.index, set()).add(meaning.field)
        # Where a label can't stand: figures, days and remarks. Where a row's key stands, filled down or not.
        self.figures = {column.index for column, _, info in meant if info.kind in ("count", "decimal", "date")}
        self.others = {column.index for column, m, info in meant if m.tick or not (info.required or info.fill_down)}
        self.unnamed = self.figures | self.others
        self.keys = {column.index for column, meaning, _ in meant if meaning.field in self.form.grain}
        self.own = {column.index for column, _, info in meant if info.required and not info.fill_down}
        # Sources may stand in rows beneath their project, where no group of columns says them.
        self.parts: Vocabulary | None = None
        if self.form.spread and not groups:
            self.parts = self.form.fields[self.form.spread].vocabulary

    def all(self) -> dict[int, Kind]:
        """The kind of every row beneath the header."""
        rows = [row for row in range(self.table.body, self.table.end) if row not in self.table.repeats]
        plain = self._plain(rows)
        kinds: dict[int, Kind] = {row: "data" if row in plain else self._kind(row) for row in rows}
        self._open_sections_by_totals(kinds)
        self._open_sections_by_parts(kinds)
        whole = None
        for row, kind in kinds.items():
            if kind == "data":
                whole = row
            elif kind == "part" and whole is not None:
                kinds[whole] = "whole"
        return kinds

    def cells(self, row: int) -> list[tuple[int, Value]]:
        """The filled cells of a row within the table."""
        left, right = self.table.left, self.table.right
        filled = self.sheet.filled(row)
        if not filled or (filled[0][0] >= left and filled[-1][0] < right):
            return filled
        return [(column, value) for column, value in filled if left <= column < right]

    def labels(self, row: int) -> list[tuple[int, str]]:
        """The words in the columns of names, normalised."""
        return [
            (column, plain(value))
            for column, value in self.cells(row)
            if isinstance(value, str) and is_text(value) and column not in self.unnamed
        ]

    def part(self, text: str) -> str | None:
        """The source that a row beneath its project names: ``其中：专项债券``."""
        return self.parts.lookup(_OF_WHICH.sub("", plain(text))) if self.parts else None

    def says(self, text: str, *, exactly: bool = False) -> tuple[str, str] | None:
        """The field that a label speaks for, and what it says: a mode, a source, a town, a committee."""
        words = without_brackets(_SUM_ENDING.sub("", without_brackets(without_ordinal(plain(text)))))
        for name, info in self.form.fields.items():
            if info.from_context and info.vocabulary:
                code = info.vocabulary.lookup(words) or (None if exactly else info.vocabulary.find(words))
                if code:
                    return name, code
        if _COMMITTEE.match(words) and "village_committee" in self.form.fields:
            return "village_committee", words
        town = town_in(words, self.towns)
        return ("town", town) if town and (not exactly or town == words) else None

    def _kind(self, row: int) -> Kind:
        cells = self.cells(row)
        if not cells:
            return "blank"
        words = [plain(value) for _, value in cells if isinstance(value, str) and is_text(value)]
        if words and words[0].startswith(_NOTES):
            return "note"
        if self._is_footer(words, len(cells)):
            return "footer"
        if row in self.sheet.hidden_rows:
            return "hidden"
        labels = self.labels(row)
        texts = [text for _, text in labels]
        if any(heading_key(text) in LIMIT_WORDS for text in texts):
            return "limits"
        if len(cells) > 1 and self.part_label(row):
            return "part"
        if self._is_section(row, cells, labels):
            return "section"
        if any(_TOTAL.match(without_brackets(text)) for text in (*texts, "".join(texts))):
            return "total"
        if any(_OF_WHICH.match(text) and not self._is_code(column, text) for column, text in labels):
            return "note"
        if self.sheet.is_step_row(row) and not self.own & {column for column, _ in cells if column in self.keys}:
            return "steps"
        return "data" if self._is_data(cells) else "note"

    def _plain(self, rows: list[int]) -> set[int]:
        """The rows with two names or more, one a key or code of their own, and no word that makes them but data."""
        told = {text: _may_tell(text) for text in self.sheet.texts(self.table.body, self.table.end)}
        telling = {text for text, tells in told.items() if tells}
        words = {text for text, tells in told.items() if tells is False}
        lines = [self.sheet.rows[row] for row in rows]
        names = {
            column: [column < len(line) and line[column] in words for line in lines]
            for column in self.fields_of.keys() - self.unnamed
        }
        own = [names[column] for column in (self.own - self.figures) & names.keys()]
        if not own:
            return set()
        return {
            row
            for row, line, count, is_own in zip(
                rows, lines, map(sum, zip(*names.values(), strict=True)), map(any, zip(*own, strict=True)), strict=True
            )
            if count > 1 and is_own and telling.isdisjoint(line) and row not in self.sheet.hidden_rows
        }

    def part_label(self, row: int) -> tuple[int, str] | None:
        """The one name of a row that is a source beneath its project; words of unknown columns are none."""
        labels = [(column, text) for column, text in self.labels(row) if text not in NONE_MARKS]
        names = [label for label in labels if label[0] in self.fields_of] or labels
        if len(names) != 1 or self.form.spread in self.fields_of.get(names[0][0], ()):
            return None
        if any(_NUMERAL.match(text) for _, text in labels):
            return None  # 二 | 县级水厂 opens a section
        return names[0] if self.part(names[0][1]) else None

    def _is_code(self, column: int, text: str) -> bool:
        """Whether a label is a value of its own column's closed list: 其中：专项债券 under 资金来源."""
        lists = [self.form.fields[name].vocabulary for name in self.fields_of.get(column, ())]
        return any(words and words.lookup(_OF_WHICH.sub("", text)) for words in lists)

    def _is_data(self, cells: list[tuple[int, Value]]) -> bool:
        """Whether a row fills a key of its own, or a figure."""
        if len(cells) == 1 and len(str(cells[0][1])) > LONGEST_NAME:
            return False
        for column, value in cells:
            if column in self.own and column not in self.figures:
                return len(cells) > 1 or column in self.keys
            if column in self.figures and (not is_text(value) or any(char.isdigit() for char in str(value))):
                return True
        named = {column for column, _ in cells if column in self.fields_of}
        return len(named) > 1 and bool(named & self.keys)

    def _is_footer(self, words: list[str], filled: int) -> bool:
        """填报人：张三, however many cells the signatures fill; a word within a text only in a row with few cells."""
        signed = [_is_signed(text) for text in words]
        if any(signed[:1]) or sum(signed) > 1:
            return True
        return filled * 2 < len(self.table.columns) and any(mentions_signing(text) for text in words[:2])

    def _is_section(self, row: int, cells: list[tuple[int, Value]], labels: list[tuple[int, str]]) -> bool:
        """A label over its rows, with or without their totals; or one cell that names a mode or a town."""
        if len(cells) == 1 and isinstance(cells[0][1], str):
            merge = self.sheet.merge_at(row, cells[0][0])
            if _NUMBERED.match(plain(cells[0][1])) or (merge and merge.right > merge.left):
                return True
        names = [
            (column, text) for column, text in labels if not _NUMERAL.match(text) and not _SUM_ENDING.fullmatch(text)
        ]
        if len(names) != 1:
            return False
        column, text = names[0]
        is_numbered = bool(_NUMBERED.match(text)) or any(_NUMERAL.match(label) for _, label in labels)
        if len(cells) == 1:
            said = self.says(text, exactly=column in self.keys)
            return is_numbered or (said is not None and said[0] not in self.fields_of.get(column, ()))
        if is_numbered:
            return self.says(text) is not None
        # 县级水厂扩网（2个自然村） over its rows; 县级水厂扩网小计 may stand under them.
        said = self.says(text, exactly=True)
        is_sum = len(names) < len(labels) or _SUM_ENDING.search(text)
        if said is None or is_sum or said[0] in self.fields_of.get(column, ()):
            return False
        return self.form.fields[said[0]].vocabulary is not None

    def _open_sections_by_totals(self, kinds: dict[int, Kind]) -> None:
        """镇级水厂扩网小计 before the first row opens a section; under its rows it only sums them."""
        sums = [row for row, kind in kinds.items() if kind == "total" and self._sums_a_code(row)]
        first = next((row for row, kind in kinds.items() if kind == "data"), None)
        if sums and first is not None and sums[0] < first and "section" not in kinds.values():
            kinds.update(dict.fromkeys(sums, "section"))

    def _open_sections_by_parts(self, kinds: dict[int, Kind]) -> None:
        """（一）县级水厂 before the first row is a section with its figures; beneath a project it is a part of it."""
        parts = [row for row, kind in kinds.items() if kind == "part"]
        first = next((row for row, kind in kinds.items() if kind == "data"), None)
        if parts and first is not None and parts[0] < first:
            labels = {row: label for row in parts if (label := self.part_label(row))}
            kinds.update((row, "section") for row, (_, text) in labels.items() if _NUMBERED.match(text))

    def _sums_a_code(self, row: int) -> bool:
        labels = [text for _, text in self.labels(row) if not _SUM_ENDING.fullmatch(text)]
        said = self.says(labels[0], exactly=True) if len(labels) == 1 else None
        return said is not None and self.form.fields[said[0]].vocabulary is not None
