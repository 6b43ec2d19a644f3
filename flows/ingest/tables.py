"""Where the tables of a sheet are: the form that each is, its columns, its titles, where it ends."""

import re
from dataclasses import dataclass, field
from itertools import pairwise

from flows.ingest.blocks import (
    NUMERAL,
    Block,
    blocks_at,
    columns_of,
    is_heading_only,
    is_heading_row,
    is_said_in_titles,
    is_title,
    runs_of,
)
from flows.ingest.recognise import Column, recognise
from flows.ingest.sheet import Sheet, is_text
from schemas.info import FormInfo
from schemas.text import plain
from schemas.vocabulary.marks import FOOTER_WORDS, NOTE_WORDS

_FILLED_ON = re.compile("(?:填报|填表|报出|上报|报送|制表)(?:日期|时间)")
# The name of a town and no other word: a section of the table above.
_TOWN = re.compile("[一-龥]{1,5}(?:镇|乡|街道)")


@dataclass
class Table:
    """One table of a form on a sheet."""

    form: FormInfo
    columns: list[Column]
    # Header rows, the first row beneath all header rows, and the row after the last.
    top: int
    body: int
    end: int
    # The first column and the one after the last.
    left: int
    right: int
    # Printed texts above (and below: footers) that speak for the table.
    titles: list[tuple[int, int, str]] = field(default_factory=list)
    # Rows of headers repeated at page breaks.
    repeats: set[int] = field(default_factory=set)


def find_tables(sheet: Sheet, hints: str) -> list[Table]:
    """All tables of known forms on a sheet, in reading order (left panel before right).

    Parameters
    ----------
    sheet : Sheet
        The sheet.
    hints : str
        The sheet's and the file's name, which may suggest a form.

    Returns
    -------
    list of Table
        With their extents and titles; empty where no form is recognised.
    """
    found: list[Table] = []
    # Header rows of tables that are no form of ours: the table above ends there.
    others: list[int] = []
    row, free = 0, 0
    while row < len(sheet.rows):
        if not is_heading_row(sheet, row):
            row += 1
            continue
        if repeats := _repeated(sheet, row, found):
            for table in found:
                if table.top == found[-1].top:
                    table.repeats.update(repeats)
            row = free = repeats[-1] + 1
            continue
        block, panels = _best(sheet, row, free, hints)
        found += panels
        if not panels and is_heading_only(sheet, row):
            others.append(row)
        row = free = block.body if panels else row + 1
    _set_extents(sheet, found, others)
    return found


def _best(sheet: Sheet, row: int, free: int, hints: str) -> tuple[Block, list[Table]]:
    """The header block at a row that makes most of its columns known, groups included, and the tables under it."""
    blocks = list(blocks_at(sheet, row, free))
    # One title for all: 资金 over 计划 is none.
    top = min(block.top for block in blocks)
    titles = "".join(str(value) for line in range(max(0, top - 4), top) for _, value in sheet.filled(line))
    choices = [(block, *_panels(sheet, block, titles, hints)) for block in blocks]
    block, panels, _ = max(choices, key=lambda choice: (choice[2], row - choice[0].top))
    return block, panels


def _panels(sheet: Sheet, block: Block, titles: str, hints: str) -> tuple[list[Table], float]:
    """The tables under one header block, the whole width as one form or several side by side, and how well they fit."""
    columns = columns_of(sheet, block)
    runs = runs_of(columns)
    apart = [found for run in runs if (found := recognise(run, titles, hints))] if len(runs) > 1 else []
    whole = recognise(columns, titles, hints) if len(apart) < 2 else None
    seen = [whole] if whole else apart
    tables = [
        Table(
            found.form, found.columns, block.top, block.body, len(sheet.rows),
            found.columns[0].index, found.columns[-1].index + 1,
        )
        for found in seen
    ]  # fmt: skip
    # The mean: many small tables are no better a reading than one that knows all their columns. A block is no worse
    # for unknown headings in a row that makes one more column known.
    fits = [found.score + sum(not column.meanings for column in found.columns) for found in seen]
    return tables, sum(fits) / max(len(seen), 1)


# --- extents ----------------------------------------------------------------------------------------------------------


def _repeated(sheet: Sheet, row: int, found: list[Table]) -> range | None:
    """The rows of a header that repeats the last one at a page break; one with a new title starts a table."""
    if not found:
        return None
    header = {_signature(sheet, line) for line in range(found[-1].top, found[-1].body)}
    if _signature(sheet, row) not in header:
        return None
    top = end = row
    while end < len(sheet.rows) and _signature(sheet, end) in header:
        end += 1
    while top > found[-1].body and _signature(sheet, top - 1) in header:
        top -= 1
    # What stands over the first header, a group over all columns or the title, may be repeated with it.
    filled = [line for line in range(top) if sheet.filled(line)]
    over_first = [line for line in filled if line < found[-1].top]
    beneath = [line for line in filled if line >= found[-1].body]
    for line, over in zip(reversed(beneath), reversed(over_first), strict=False):
        if _signature(sheet, line) != _signature(sheet, over):
            break
        top = line
    known = {plain(str(value)) for line in range(found[-1].top) for _, value in sheet.filled(line)}
    return range(top, end) if not _has_new_title(sheet, top, known) else None


def _signature(sheet: Sheet, row: int) -> tuple[tuple[int, str], ...]:
    return tuple((column, plain(str(value))) for column, value in sheet.filled(row))


def _has_new_title(sheet: Sheet, top: int, known: set[str]) -> bool:
    """Whether a title that does not stand over the first header stands over this one; 续表 goes on."""
    row = top - 1
    while row >= 0 and (not sheet.filled(row) or _is_title_row(sheet, row)):
        words = [plain(str(value)) for _, value in sheet.filled(row)]
        is_section = any(map(NUMERAL.fullmatch, words[:1]))  # 二 | 马坪乡
        titles = (word for word in words if is_title(word) and not _TOWN.fullmatch(word) and "续" not in word)
        if not is_section and any(word not in known for word in titles):
            return True
        row -= 1
    return False


def _set_extents(sheet: Sheet, tables: list[Table], others: list[int]) -> None:
    """Each table ends where the titles of the next one under it begin; its titles stand above it, its footers below."""
    for table in tables:
        start = _titles_from(sheet, table, tables)
        for row in range(start, table.top):
            table.titles.extend(_texts(sheet, row, table, tables))
    for table in tables:
        below = [other for other in tables if other.top > table.top and _overlap(table, other)]
        starts = [min((row for row, _, _ in other.titles), default=other.top) for other in below]
        table.end = min([*starts, *(row for row in others if row > table.top)], default=len(sheet.rows))


def _overlap(one: Table, other: Table) -> bool:
    return one.left < other.right and other.left < one.right


def _titles_from(sheet: Sheet, table: Table, tables: list[Table]) -> int:
    """The first row whose words belong to a table from above: all rows, or those since the last data above."""
    above = [other for other in tables if other.top < table.top]
    if not above:
        return 0
    floor = max(max(other.body for other in above), 0)
    start = row = table.top
    while row > floor:
        row -= 1
        if _is_title_row(sheet, row):
            start = row
        elif not _is_day_beneath_title(sheet, row):
            break
    return start


def _is_day_beneath_title(sheet: Sheet, row: int) -> bool:
    """填报日期：… alone under a title speaks for the table beneath it; under rows of data it is a footer."""
    words, above = ([plain(str(value)) for _, value in sheet.filled(line)] for line in (row, max(row - 1, 0)))
    return len(words) == 1 and bool(_FILLED_ON.match(words[0])) and any(map(is_title, above))


def _is_title_row(sheet: Sheet, row: int) -> bool:
    cells = sheet.filled(row)
    if not all(is_text(value) for _, value in cells) or len(cells) > 4:
        return False
    words = plain("".join(str(value) for _, value in cells))
    if any(plain(word) in words for word in (*FOOTER_WORDS[:4], *NOTE_WORDS)) and "填报单位" not in words:
        return False
    return len(cells) < 2 or any(is_said_in_titles(str(value)) for _, value in cells)


def _texts(sheet: Sheet, row: int, table: Table, tables: list[Table]) -> list[tuple[int, int, str]]:
    beside = any(other is not table and other.top == table.top for other in tables)
    edges = [*sorted({other.left for other in tables if other.top == table.top}), sheet.width + 1]
    left, right = next(((a, b) for a, b in pairwise(edges) if a <= table.left < b), (0, sheet.width))
    return [
        (row, column, str(value))
        for column, value in sheet.filled(row)
        if not beside or (left if left != edges[0] else 0) <= column < right
    ]
