"""Our own annotated copies, when towns send them back: how they are marked, and whether anything in them was changed.

`flows.report.returned` marks each copy with a document property: the sha256 of the original, a digest of the copy's
data, and the name of the sheet that lists the issues. A copy whose data still has that digest was sent back unread.
What a copy hides (`schemas.personal`) is read from its original.
"""

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from flows.ingest.archive import Archive
from flows.ingest.grid import Grid, Value, read_workbook
from flows.ingest.guard import Limits, Refused
from flows.ingest.personal import as_text
from flows.ingest.readers.ooxml import plain_xml, unescape
from flows.ingest.values import printed
from schemas.personal import MASK, fits
from schemas.text import plain

PART, PROPERTY = "docProps/custom.xml", "gongshui"
# A copy of a copy of a copy: a town mends as often as it has to.
_MOST_COPIES = 20
_MARK = re.compile(rf'name="{PROPERTY}"[^>]*>\s*<[^>]*>([0-9a-f]{{64}}) ([0-9a-f]{{64}}) ([^<]{{1,200}})<')


@dataclass(frozen=True)
class OwnCopy:
    """The mark of one annotated copy.

    Attributes
    ----------
    original
        sha256 of the file that the copy was made of.
    data_digest
        `data_digest` of the copy as it was made.
    list_sheet
        The sheet that lists the issues.
    """

    original: str
    data_digest: str
    list_sheet: str

    def __str__(self) -> str:
        return f"{self.original} {self.data_digest} {self.list_sheet}"

    def is_unchanged(self, grids: Iterable[Grid]) -> bool:
        """Whether a copy with these sheets holds what it held when it was made."""
        return self.data_digest == data_digest(grids, self.list_sheet)


def own_copy(data: bytes, limits: Limits) -> OwnCopy | None:
    """The mark of a workbook that is a copy of ours (corrected or not), None of any other."""
    if not data.startswith(b"PK") or PART.encode() not in data:
        return None
    try:
        mark = _MARK.search(plain_xml(Archive(data, limits).read(PART)))
    except Refused:  # the properties of a sound workbook are damaged: it is then read as any other
        return None
    return OwnCopy(mark[1], mark[2], unescape(mark[3])) if mark else None


def restore(
    grids: Iterable[Grid], copy: OwnCopy, find: Callable[[str], bytes | None], limits: Limits, *, depth: int = 0
) -> None:
    """Put back into the sheets of a copy, in place, what it hides of its original.

    Parameters
    ----------
    grids : iterable of Grid
        Of the copy, corrected or not. A mask that fits nothing of the original stays.
    copy : OwnCopy
        Its mark.
    find : callable
        sha256 → the bytes of the file; None where there is none any more.
    limits : Limits
        Of reading the original.
    """
    data = find(copy.original) if depth < _MOST_COPIES else None
    try:
        originals = read_workbook(data, "original", limits) if data else []
        before = own_copy(data, limits) if data else None
    except Refused:  # whoever changed the mark names a file that never was read
        return
    if before:
        restore(originals, before, find, limits, depth=depth + 1)
    for grid in grids:
        if original := next((one for one in originals if fits(grid.name, one.name)), None):
            for row, values in enumerate(grid.rows):
                if any(isinstance(value, str) and MASK in value for value in values):
                    _restore_row(values, original.rows, row)


def _restore_row(values: list[Value], originals: list[list[Value]], row: int) -> None:
    """Put back what a row hides: from the row at its place, or, where rows were moved, from the one most like it."""
    if not _is_alike(values, originals[row] if row < len(originals) else []):
        row = max(range(len(originals)), key=lambda other: _agreeing(values, originals[other]), default=0)
    original = originals[row] if row < len(originals) else []
    if _is_alike(values, original):
        for column, (shown, hidden) in enumerate(zip(values, original, strict=False)):
            if isinstance(shown, str) and MASK in shown and fits(shown, as_text(hidden)):
                values[column] = hidden


def _is_alike(values: list[Value], original: list[Value]) -> bool:
    """Whether a row may be another one, corrected: half of what it shows agrees, masks with what they hide."""
    return 2 * _agreeing(values, original) >= sum(value is not None for value in values)


def _agreeing(values: list[Value], original: list[Value]) -> int:
    pairs = zip(values, original, strict=False)
    return sum(shown is not None and fits(as_text(shown), as_text(hidden)) for shown, hidden in pairs)


def data_digest(grids: Iterable[Grid], list_sheet: str) -> str:
    """A digest of all that a clerk could change: values, formulas, what is hidden; not of looks and comments.

    Of a cell with a formula only the formula counts: its stored value comes and goes with the program that saves it.
    """
    digest = hashlib.sha256()
    for grid in grids:
        if grid.name == list_sheet:
            continue
        digest.update(repr((grid.name, grid.is_hidden, sorted(grid.hidden_rows))).encode("utf-8", "replace"))
        for row, cells in enumerate(grid.rows):
            for column, value in enumerate(cells):
                text = grid.formulas.get((row, column)) or printed(value)
                if plain(text):
                    digest.update(repr((row, column, text)).encode("utf-8", "replace"))
    return digest.hexdigest()
