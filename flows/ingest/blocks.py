"""Header blocks: found by their words, not by their place, however deep they are.

A block starts at the first row that holds two known headings and takes in the groups above it, the
sub-headings, the unit row and the column-number row beneath it. Where the words leave a choice of rows, the
reading that makes most of the columns known is taken (`flows.ingest.tables`).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from flows.ingest.grid import Value
from flows.ingest.headings import Heading, heading, is_field_heading, is_known_heading, is_unit, unit_word
from flows.ingest.recognise import Column
from flows.ingest.sheet import Sheet, is_text, looks_numeric
from flows.ingest.values import Number, number
from schemas.text import plain

DEEPEST_HEADER = 6
# Of the rows of a header those beneath its first row of known headings.
DEEPEST_BELOW = 4
LONGEST_GROUP = 12
_WORDS = frozenset({str, type(None)})
_OF_WHICH = re.compile(r"^其中:?")
NUMERAL = re.compile(r"[(]?[一二三四五六七八九十]+[)]?[、.]?")
# A colon that is not that of a time of day.
_SAID = re.compile(r"(?<!\d):|:(?!\d)|截至|截止|填报|附件|单位|日期")
_NUMBERED = r"^(?:[一二三四五六七八九十]+[、.,]|[(][一二三四五六七八九十]+[)])"
# 二、马坪乡 is a section of the table above.
_TITLE = re.compile(rf".{{4}}(?:表|台账|汇总|报告|清单)(?:[(].*)?$|(?!{_NUMBERED})^.*?(?:[镇乡](?!级|村|水厂)|街道)")


@dataclass(frozen=True)
class Block:
    """A header block before it is known which form it is: its rows, the first row beneath, its unit row."""

    top: int
    bottom: int
    body: int
    unit_row: int | None


def is_heading_row(sheet: Sheet, row: int) -> bool:
    """Whether a row holds words only, two known headings among them, and one that is a field's own.

    Names of groups alone (a source, a mode, a parameter) are values of a row as often as headings.
    """
    values = sheet.rows[row]
    if len(values) < 2 or not _WORDS.issuperset(map(type, values)) or any(map(looks_numeric, filter(None, values))):
        return False  # most rows are of data
    cells = sheet.filled(row)
    if len(cells) < 2 or not all(_is_word(value) for _, value in cells):
        return False
    words = [{str(value)} for _, value in cells]
    if _are_headings(words):
        return True
    # 科目 and 安排 are no headings, 资金 over them makes them 资金科目 and 资金安排; 日期 over 督导 makes it 督导日期.
    for (column, _), choices in zip(cells, words, strict=True):
        group = _group_over(sheet, row, column)
        choices |= {group + word for word in choices} | {word + group for word in choices}
    return _are_headings(words)


def _are_headings(words: list[set[str]]) -> bool:
    """Whether two of several words, each with the ways to read it, are headings, and one of any is a field's."""
    is_known = sum(any(map(is_known_heading, choices)) for choices in words) > 1
    return is_known and any(map(is_field_heading, set().union(*words)))


def _group_over(sheet: Sheet, row: int, column: int) -> str:
    """The words over a cell, where they are short enough for a group; unmerged, those on the left of a blank."""
    for left in range(column, -1, -1) if row else ():
        above = sheet.seen(row - 1, left)
        if above is not None:
            return str(above) if is_text(above) and len(str(above)) <= LONGEST_GROUP else ""
    return ""


def is_heading_only(sheet: Sheet, row: int) -> bool:
    """Whether most of a row are headings of fields: the header of some table, if of no form of ours."""
    cells = sheet.filled(row)
    return sum(is_field_heading(str(value)) for _, value in cells) > max(1, len(cells) / 2)


def blocks_at(sheet: Sheet, row: int, free: int) -> Iterator[Block]:
    """The header blocks that a heading row may belong to, the likeliest first.

    Parameters
    ----------
    sheet, row
        Where the first known headings stand.
    free : int
        The first row that no block above has taken.
    """
    bottom = row
    while bottom + 1 < len(sheet.rows) and bottom - row < DEEPEST_HEADER and _continues(sheet, row, bottom + 1):
        bottom += 1
    yield _block(sheet, row, bottom)
    tops = [row]
    while tops[-1] > free and len(tops) < DEEPEST_HEADER and _may_group(sheet, tops[-1] - 1, free):
        tops.append(tops[-1] - 1)
    bottoms = [bottom]
    while (
        len(bottoms) < DEEPEST_BELOW
        and bottoms[-1] + 1 < len(sheet.rows)
        and _may_continue(sheet, row, bottoms[-1] + 1)
    ):
        bottoms.append(bottoms[-1] + 1)
    yield from (_block(sheet, top, last) for top in tops for last in bottoms if (top, last) != (row, bottom))


def _block(sheet: Sheet, top: int, bottom: int) -> Block:
    body, unit_row = bottom + 1, None
    while body < len(sheet.rows):
        if unit_row is None and _is_unit_row(sheet, body):
            unit_row = body
        elif not sheet.is_step_row(body):
            break
        body += 1
    return Block(top, bottom, body, unit_row)


def _may_group(sheet: Sheet, row: int, free: int) -> bool:
    """Whether a row above known headings may hold groups of columns: it is neither a title nor a corner."""
    cells = sheet.filled(row)
    words = [str(value) for _, value in cells if is_text(value)]
    if not words or len(words) < len(cells) or any(is_title(word) for word in words):
        return False
    merge = sheet.merge_at(row, cells[0][0])
    is_over_some = merge is not None and 1 < merge.right - merge.left + 1 < sheet.width
    # One unmerged group over all columns from its own on: where more headings stand above it.
    return len(words) > 1 or is_over_some or (merge is None and row > free and _may_group(sheet, row - 1, free))


def is_title(word: str) -> bool:
    """Whether a text is no group of columns: a title's words, 青龙镇水质检测表."""
    return is_said_in_titles(word) or (not is_known_heading(word) and bool(_TITLE.search(plain(word))))


def _may_continue(sheet: Sheet, top: int, row: int) -> bool:
    """Whether a row beneath a header may be its sub-headings: words only, and more than a section's one."""
    cells = sheet.filled(row)
    if not cells or not all(_is_word(value) for _, value in cells):
        return False
    if len(cells) == 1 and not is_field_heading(str(cells[0][1])):
        # Nor is it the section's where more sub-headings stand beneath it.
        return row + 1 < min(len(sheet.rows), top + DEEPEST_HEADER) and _may_continue(sheet, top, row + 1)
    return not (_is_unit_row(sheet, row) or sheet.is_step_row(row) or _starts_over(sheet, top, row))


def _is_word(value: Value) -> bool:
    """Whether a cell may be a heading: 611.78万元 and 约336户 are figures."""
    return is_text(value) and not isinstance(number(value), Number)


def is_said_in_titles(word: str) -> bool:
    """Whether a text stands in titles and corners only: 填报单位：…, 截至…, 附件1."""
    if is_known_heading(word) or _OF_WHICH.match(plain(word)):
        return False
    return bool(_SAID.search(plain(word)))


def _continues(sheet: Sheet, top: int, row: int) -> bool:
    """Whether a row beneath a header row still belongs to the header."""
    cells = sheet.filled(row)
    if not cells or not all(_is_word(value) for _, value in cells):
        return False
    if _is_unit_row(sheet, row) or sheet.is_step_row(row):
        return False
    reached = any(
        merge.top < row and merge.top >= top and merge.bottom >= row
        for column in range(sheet.width)
        if (merge := sheet.merge_at(row, column))
    )
    if reached:
        return True
    known = sum(is_known_heading(str(value)) for _, value in cells)
    return len(cells) > 1 and known >= max(2, len(cells) / 2) and not _starts_over(sheet, top, row)


def _starts_over(sheet: Sheet, top: int, row: int) -> bool:
    """Whether a row repeats the header row itself (a header without rows, then another table's)."""
    return {plain(str(value)) for _, value in sheet.filled(row)} == {
        plain(str(value)) for _, value in sheet.filled(top)
    }


def _is_unit_row(sheet: Sheet, row: int) -> bool:
    cells = sheet.filled(row)
    units = [is_text(value) and is_unit(str(value)) for _, value in cells]
    # 单位 itself heads a unit row where fields run down the side.
    heads = [is_text(value) and plain(str(value)) in ("单位", "计量单位") for _, value in cells]
    return any(units) and all(unit or head for unit, head in zip(units, heads, strict=True))


def columns_of(sheet: Sheet, block: Block) -> list[Column]:
    """The columns under a block with their headings from the top to the one over the cells."""
    columns: list[Column] = []
    left: tuple[Heading, ...] = ()
    for index in range(sheet.width):
        path, unit = _path_at(sheet, block, index)
        if not path:
            continue
        top = plain(path[0].printed)
        if _OF_WHICH.match(top) and _OF_WHICH.sub("", top):
            # 户数 | 其中：已通水: X belongs to the heading on its left.
            path = (*left[:1], heading(_OF_WHICH.sub("", top)), *path[1:])
        else:
            left = path
        named = next((part.unit for part in reversed(path) if part.unit), None)
        row_unit = sheet.seen(block.unit_row, index) if block.unit_row is not None else None
        columns.append(Column(index, path, unit or named, None if row_unit is None else unit_word(str(row_unit))))
    return columns


def _path_at(sheet: Sheet, block: Block, index: int) -> tuple[tuple[Heading, ...], str | None]:
    """The headings over a column, and the unit that a cell of its own among them names."""
    path: list[Heading] = []
    unit: str | None = None
    for row in range(block.top, block.bottom + 1):
        value = _heading_at(sheet, block, row, index)
        if value is None or (path and path[-1].printed == value.strip()):
            continue
        if is_unit(value) and path:
            unit = unit_word(value)
        else:
            path.append(heading(value))
    return tuple(path), unit


def _heading_at(sheet: Sheet, block: Block, row: int, column: int) -> str | None:
    """The heading over a column at a header row; an unmerged group also stands over the blank cells on its right."""
    value = sheet.seen(row, column)
    if value is not None and plain(str(value)):
        return str(value)
    if row == block.bottom or sheet.merge_at(row, column):
        return None
    if not any(sheet.seen(below, column) is not None for below in range(row + 1, block.bottom + 1)):
        return None
    above_here = _heading_at(sheet, block, row - 1, column) if row > block.top else None
    for left in range(column - 1, -1, -1):
        group = sheet.seen(row, left)
        if group is not None and plain(str(group)):
            is_group = any(sheet.at(below, left) is not None for below in range(row + 1, block.bottom + 1))
            same_branch = row == block.top or _heading_at(sheet, block, row - 1, left) == above_here
            merged = sheet.merge_at(row, left)
            return str(group) if is_group and same_branch and (merged is None or merged.left == merged.right) else None
    return None


def runs_of(columns: list[Column]) -> list[list[Column]]:
    """Columns divided where a blank column lies between, or where the same headings start again."""
    runs: list[list[Column]] = []
    for column in columns:
        starts = not runs or column.index > runs[-1][-1].index + 1
        starts = starts or (
            len(runs[-1]) > 1
            and _path_of(column) == _path_of(runs[-1][0])
            and len(column.path) == len(runs[-1][0].path)
        )
        if starts:
            runs.append([])
        runs[-1].append(column)
    return runs


def _path_of(column: Column) -> tuple[tuple[str, ...], ...]:
    """A column's headings as compared."""
    return tuple(part.keys for part in column.path)
