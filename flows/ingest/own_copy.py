"""Our own annotated copies, when towns send them back: how they are marked, and whether anything in them was changed.

`flows.report.returned` marks each copy with a document property: the sha256 of the original, a digest of the copy's
data, and the name of the sheet that lists the issues. A copy whose data still has that digest was sent back unread.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass

from flows.ingest.archive import Archive
from flows.ingest.grid import Grid
from flows.ingest.guard import Limits, Refused
from flows.ingest.readers.ooxml import plain_xml, unescape
from flows.ingest.values import printed
from schemas.text import plain

PART, PROPERTY = "docProps/custom.xml", "gongshui"
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
