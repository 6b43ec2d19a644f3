"""What the cells of an Excel workbook say, each text of XML read once: towns fill in copies of one file."""

import re
from functools import lru_cache
from typing import Any

from flows.ingest.grid import CellError, Value
from flows.ingest.guard import Damaged
from flows.ingest.readers.cells import BUILTIN, DATE, format_kind, from_iso, from_serial, number, printed
from flows.ingest.readers.ooxml import attributes, section, tags, unescape

# What follows a cell's address: style, type, then a bare value, a bare inline string, or nothing.
_CELL = re.compile(
    r'(?: s="(\d+)")?(?: t="(\w+)")?(?:/>|>(?:<v>([^<]*)</v>|<is><t>([^<]*)</t></is>)?</c>)\s*', re.DOTALL
)
TRUE = ("1", "true")
_MOST_CELLS = 20_000


# In place of the value of a cell that is more than its own text: a formula, rich text, a percentage.
UNUSUAL = object()


class Cells(dict[str, Any]):
    """The XML after a cell's address → its value, for workbooks of one set of styles.

    Attributes
    ----------
    flags
        The styles that show dates or percentages: index as written in a cell → `DATE` or `PERCENT`.
    """

    def __init__(self, flags: dict[str, str], is_1904: bool) -> None:
        super().__init__()
        self.flags, self._is_1904 = flags, is_1904

    def __missing__(self, xml: str) -> Any:
        if len(self) > _MOST_CELLS:
            self.clear()
        value = self[xml] = self._value(xml)
        return value

    def _value(self, xml: str) -> Any:
        match = _CELL.fullmatch(xml)
        if match is None:
            return UNUSUAL
        style, kind, plain, inline = match.groups("")
        if inline:
            return printed(unescape(inline))
        if not plain:
            return None
        if kind and kind != "n":
            return UNUSUAL if kind == "s" else typed(kind, plain)
        flag = self.flags.get(style)
        return UNUSUAL if flag and flag != DATE else self.number(plain, flag)

    def number(self, plain: str, flag: str | None) -> Value:
        """A number as written, or the date that it is shown as."""
        value = number(plain)
        return from_serial(value, self._is_1904) if flag == DATE and not isinstance(value, CellError) else value


class SharedCells(dict[str, Any]):
    """Those of one workbook that has a table of strings."""

    def __init__(self, cells: Cells, strings: list[str | None]) -> None:
        super().__init__()
        self._cells, self._strings = cells, strings

    def __missing__(self, xml: str) -> Any:
        match = _CELL.fullmatch(xml)
        if match and match[2] == "s" and match[3]:
            self[xml] = shared(self._strings, match[3])
        else:
            self[xml] = self._cells[xml]
        return self[xml]


def typed(kind: str, text: str) -> Value:
    """The value of a cell whose type is said.

    Raises
    ------
    Damaged
        The type is none.
    """
    if kind == "str":
        return printed(unescape(text))
    if kind == "e":
        return CellError(text)
    if kind == "b":
        return text.strip() in TRUE
    if kind == "d":
        return from_iso(text)
    if kind == "inlineStr":  # some writers put the text of an inline string into a value
        return printed(unescape(text))
    raise Damaged.at(f"t={kind}")


def shared(strings: list[str | None], index: str) -> str | None:
    """A string of the workbook's table.

    Raises
    ------
    Damaged
        There is none of that number.
    """
    if index.isdigit() and int(index) < len(strings):
        return strings[int(index)]
    raise Damaged.at(f"sharedStrings[{index[:20]}]")


@lru_cache(maxsize=16)
def cells_of(styles: str, is_1904: bool) -> Cells:
    """The cells of workbooks with that styles part."""
    custom = {}
    for text in tags(section(styles, "numFmts"), "numFmt"):
        numbering = attributes(text)
        custom[numbering.get("numFmtId", "")] = format_kind(unescape(numbering.get("formatCode", "")))
    flags = {}
    for index, text in enumerate(tags(section(styles, "cellXfs"), "xf")):
        identity = attributes(text).get("numFmtId", "0")
        kind = custom[identity] if identity in custom else BUILTIN.get(int(identity))
        if kind:
            flags[str(index)] = kind
    if "0" in flags:
        flags[""] = flags["0"]  # a cell without a style has the first
    return Cells(flags, is_1904)
