"""What a formula saved without its value comes to: plain arithmetic and SUM over the same sheet, nothing else."""

import datetime as dt
import re
from decimal import Decimal
from typing import NamedTuple

from flows.ingest.grid import COLUMNS, CellError, Grid, Merge, Uncached, Value, address, parse_range

_TOKEN = re.compile(
    r"""\s*(?:
        (?P<number>\d+\.?\d*(?:[Ee][+-]?\d+)?|\.\d+)(?![A-Za-z_\d.:!])
      | (?P<reference>\$?[A-Z]{1,3}\$?\d{1,7}(?::\$?[A-Z]{1,3}\$?\d{1,7})?)(?![A-Za-z_\d.:!(])
      | (?P<sum>SUM\s*\()
      | (?P<mark>[-+*/(),%])
    )\s*""",
    re.VERBOSE | re.IGNORECASE,
)
# A reference outside quotes that is no part of a name or a function: LOG10( is none.
_MOVABLE = re.compile(
    r"""("[^"]*"|'[^']*')|(?<![A-Za-z0-9_.$])(\$?)([A-Z]{1,3})(\$?)(\d{1,7})(?![A-Za-z0-9_.(!])""", re.IGNORECASE
)
# Formulas within formulas and brackets within brackets: a clerk's total of totals has three, Python's stack bears more.
MAX_DEPTH = 60


class _Token(NamedTuple):
    kind: str  # number, reference, sum, mark, end
    text: str


_END = _Token("end", "")


class _NotPlain(Exception):
    """The formula is something other than plain arithmetic, or rests on a cell that is no number."""


def evaluate(grid: Grid, row: int, column: int) -> Decimal | None:
    """Return what the formula of a cell comes to.

    Parameters
    ----------
    grid
        The sheet.
    row, column
        0-based.

    Returns
    -------
    Decimal or None
        None where there is no formula, where it is anything but + - * / % brackets and SUM over cells of this sheet,
        where it leads back to itself, or where it rests on text, dates or errors.
    """
    return Evaluator(grid).value(row, column)


class Evaluator:
    """Evaluates formulas of one sheet and remembers them: many cells of a sheet cost no more than each once."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._known: dict[tuple[int, int], Decimal | None] = {}
        self._open: set[tuple[int, int]] = set()
        self._depth = 0

    def value(self, row: int, column: int) -> Decimal | None:
        """Return what the formula of a cell comes to, None where it cannot be told; see `evaluate`."""
        cell = self._grid.at(row, column)
        text = str(cell) if isinstance(cell, Uncached) else self._grid.formulas.get((row, column))
        if text is None:
            return None
        try:
            return self._formula(row, column, text)
        except _NotPlain:
            return None

    def _formula(self, row: int, column: int, text: str) -> Decimal:
        key = (row, column)
        if key not in self._known:
            if key in self._open or self._depth >= MAX_DEPTH:
                raise _NotPlain
            self._open.add(key)
            self._depth += 1
            try:
                self._known[key] = _Parser(self, self._local(text)).result()
            except (_NotPlain, ArithmeticError):  # a division by zero, too
                # A failure near the bound of depth or inside a circle is that of the cell asked for, not of this one.
                if self._depth == 1:
                    self._known[key] = None
                raise _NotPlain from None
            finally:
                self._open.discard(key)
                self._depth -= 1
        known = self._known[key]
        if known is None:
            raise _NotPlain
        return known

    def _local(self, text: str) -> str:
        """Return the formula without the name of its own sheet before references."""
        name = self._grid.name
        return text.replace(f"'{name}'!", "").replace(f"{name}!", "").strip().removeprefix("=")

    def operand(self, row: int, column: int) -> Decimal:
        """Return a cell as an operand: blank is 0, text that is a number counts as one."""
        return self._number(row, column, self._grid.at(row, column))

    def _number(self, row: int, column: int, value: Value) -> Decimal:
        if value is None:
            return Decimal(0)
        if isinstance(value, Uncached):
            return self._formula(row, column, str(value))
        if isinstance(value, CellError | dt.date):
            raise _NotPlain
        try:
            number = Decimal(int(value)) if isinstance(value, bool) else Decimal(str(value).strip())
        except ArithmeticError:
            raise _NotPlain from None
        if not number.is_finite():  # the text NaN
            raise _NotPlain
        return number

    def total(self, area: Merge) -> Decimal:
        """Return the sum of a range, as SUM takes it: numbers count, text and blanks do not, an error spoils it."""
        total = Decimal(0)
        for row in range(area.top, min(area.bottom + 1, len(self._grid.rows))):
            cells = self._grid.rows[row]
            for column in range(area.left, min(area.right + 1, len(cells))):
                value = cells[column]
                if value is None or isinstance(value, bool):
                    continue
                if not isinstance(value, str) or isinstance(value, CellError | Uncached):
                    total += self._number(row, column, value)
        return total

    def enter(self) -> None:
        """Count a bracket towards the depth."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise _NotPlain

    def leave(self) -> None:
        """Forget a bracket."""
        self._depth -= 1


class _Parser:
    """sum = product {+|- product}; product = factor {*|/ factor}; factor = {+|-} atom {%}."""

    def __init__(self, evaluator: Evaluator, text: str) -> None:
        self._evaluator = evaluator
        self._tokens = _tokens(text)
        self._next = 0

    def result(self) -> Decimal:
        value = self._sum()
        if self._peek() != _END:
            raise _NotPlain
        return value

    def _peek(self) -> _Token:
        return self._tokens[self._next]

    def _take(self, *marks: str) -> str | None:
        """Return and pass the next token where it is one of these marks."""
        token = self._peek()
        if token.kind == "mark" and token.text in marks:
            self._next += 1
            return token.text
        return None

    def _sum(self) -> Decimal:
        value = self._product()
        while mark := self._take("+", "-"):
            value = value + self._product() if mark == "+" else value - self._product()
        return value

    def _product(self) -> Decimal:
        value = self._factor()
        while mark := self._take("*", "/"):
            value = value * self._factor() if mark == "*" else value / self._factor()
        return value

    def _factor(self) -> Decimal:
        is_negative = False
        while mark := self._take("+", "-"):
            is_negative ^= mark == "-"
        value = self._atom()
        while self._take("%"):
            value /= 100
        return -value if is_negative else value

    def _atom(self) -> Decimal:
        if self._take("("):
            self._evaluator.enter()
            try:
                value = self._sum()
            finally:
                self._evaluator.leave()
            if not self._take(")"):
                raise _NotPlain
            return value
        token = self._peek()
        self._next += 1
        if token.kind == "number":
            return Decimal(token.text)
        if token.kind == "sum":
            return self._arguments()
        area = _area(token)
        if not area or area[:2] != area[2:]:
            raise _NotPlain
        return self._evaluator.operand(area.top, area.left)

    def _arguments(self) -> Decimal:
        """Return the sum of the arguments after ``SUM(``, the closing bracket passed."""
        total = Decimal(0)
        self._evaluator.enter()
        try:
            while True:
                total += self._argument()
                if self._take(")"):
                    return total
                if not self._take(","):
                    raise _NotPlain
        finally:
            self._evaluator.leave()

    def _argument(self) -> Decimal:
        token, after = self._peek(), self._tokens[min(self._next + 1, len(self._tokens) - 1)]
        area = _area(token)
        # A reference that stands alone is summed as a range, where text does not count; else it is an operand.
        if area and after.kind == "mark" and after.text in ",)":
            self._next += 1
            return self._evaluator.total(area)
        return self._sum()


def _area(token: _Token) -> Merge | None:
    area = parse_range(token.text.upper()) if token.kind == "reference" else None
    if not area:
        return None
    rows, columns = sorted((area.top, area.bottom)), sorted((area.left, area.right))
    return Merge(rows[0], columns[0], rows[1], columns[1])


def _tokens(text: str) -> list[_Token]:
    tokens, position = [], 0
    while position < len(text):
        match = _TOKEN.match(text, position)
        if not match or not match.lastgroup:
            raise _NotPlain
        tokens.append(_Token(match.lastgroup, match[match.lastgroup]))
        position = match.end()
    return [*tokens, _END]


def moved(text: str, down: int, right: int) -> str:
    """Return a formula as it reads so many rows down and columns to the right; ``$`` holds a reference in place."""

    def move(match: re.Match[str]) -> str:
        quoted, fixed_column, letters, fixed_row, digits = match.groups()
        if quoted:
            return quoted
        column = COLUMNS[letters.upper()] + (0 if fixed_column else right)
        row = int(digits) - 1 + (0 if fixed_row else down)
        if row < 0 or column < 0:
            return "#REF!"
        return f"{fixed_column}{address(0, column)[:-1]}{fixed_row}{row + 1}"

    return _MOVABLE.sub(move, text)
