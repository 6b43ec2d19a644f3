"""What a column's printed headings mean for a form: the field, the group it stands in, the unit.

Headings match by exact alias after normalising, never by likeness: 饮水不安全人口 and 饮水安全人口 are
more alike than two spellings of one heading (stack.md). The most specific reading wins: 已供水 over 户数
is 已供水户数, not 户数.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache

from schemas import forms
from schemas.info import FieldInfo, FormInfo
from schemas.text import bracketed, heading_key, plain, without_brackets
from schemas.vocabulary import Vocabulary
from schemas.vocabulary.marks import LIMIT_WORDS, ORDINAL_HEADINGS, TOTAL_GROUPS
from schemas.vocabulary.units import UNITS, factor_for, unit_of

TOTAL = "total"
_MOST_READ = 20_000
_DATE_PARTS = {"年": "year", "月": "month", "日": "day"}
_UNIT_SEPARATORS = re.compile(r"[、,，;；/和及]")
_WORDS_ABOUT_UNITS = re.compile(r"^(?:单位)?[:：]?")


@dataclass(frozen=True)
class Heading:
    """One printed heading, taken apart: the words to match and the unit it names."""

    printed: str
    # Readings of the words, the fullest first: with the bracketed remark, then without.
    keys: tuple[str, ...]
    unit: str | None

    def __hash__(self) -> int:
        return hash(self.printed)  # all else follows from it


@lru_cache(maxsize=50_000)
def heading(text: str) -> Heading:
    """Take a printed heading apart: ``总投资（万元）`` gives the key 总投资 and the unit 万元."""
    words, unit = plain(text), None
    for remark in bracketed(words):
        named = _WORDS_ABOUT_UNITS.sub("", remark)
        if unit_of(named):
            unit = unit or named
            words = re.sub(r"[(（\[【〔]" + re.escape(remark) + r"[)）\]】〕]", "", words)
    if unit is None:
        words, unit = _trailing_unit(words)
    keys = dict.fromkeys((heading_key(words), heading_key(without_brackets(words))))
    return Heading(text.strip(), tuple(key for key in keys if key), unit)


def _trailing_unit(words: str) -> tuple[str, str | None]:
    """``总投资/万元``, ``总投资:万元`` and ``总投资万元`` name a unit; what is only a unit is left alone."""
    head, separator, tail = re.split(r"([:：/])", words, maxsplit=1) if re.search(r"[:：/]", words) else (words, "", "")
    if separator and head and unit_of(tail) and not unit_of(head):
        return head, tail
    for unit in ("万元", "亿元", "公里", "千米", "万人"):
        if words.endswith(unit) and len(words) > len(unit) + 1:
            return words.removesuffix(unit), unit
    return words, None


@dataclass(frozen=True)
class Meaning:
    """What a column holds."""

    field: str
    # The code of the group the column stands in (a funding source, a parameter, a mode); `total` for a sum of groups.
    group: str | None = None
    # A tick in this column says this code of the field.
    tick: str | None = None
    # The column holds only the year, month or day of the date.
    part: str | None = None
    # The column holds a printed rate: (numerator, denominator).
    is_rate: bool = False


ORDINAL = Meaning("#ordinal")


class FormHeadings:
    """The headings of one form, indexed."""

    def __init__(self, info: FormInfo) -> None:
        self.info = info
        self.spread: tuple[str | None, Vocabulary | None] = (None, None)
        self.measures: tuple[str, ...] = ()
        if info.spread:
            self.spread = (info.spread, info.fields[info.spread].vocabulary)
            self.measures = info.measures
        for name, field in info.fields.items():
            if field.repeats_over:
                self.spread, self.measures = (None, field.repeats_over), (name,)
        # Of headings that name a group and its measure, the words that name the measure.
        self._words = tuple(heading_key(alias) for name in self.measures for alias in info.fields[name].headings)
        self.fields: dict[str, list[tuple[str, int]]] = {}
        for name, field in info.fields.items():
            if field.kind == "flag" and not field.vocabulary:
                continue  # said beside a result, never a column
            for rank, alias in enumerate(field.headings):
                for key in heading(alias).keys:
                    if all(known != name for known, _ in self.fields.get(key, [])):
                        self.fields.setdefault(key, []).append((name, rank))
        self._read: dict[tuple[Heading, ...], list[tuple[int, int, Meaning]]] = {}
        self.rates = {heading_key(name): pair for name, pair in info.rates.items()}

    def names_field(self, key: str) -> bool:
        """Whether a word alone is the heading of a field, or of a group and its measure: 债券资金计划."""
        return key in self.fields or (not self._names_group(key) and self._names_measure(key))

    def knows(self, key: str) -> bool:
        """Whether a word alone is a heading of the form, one of its groups, or a printed rate."""
        return key in self.fields or key in self.rates or self._names_group(key) or self._names_measure(key)

    def _names_group(self, key: str) -> bool:
        vocabulary = self.spread[1]
        return bool(vocabulary and vocabulary.lookup(key))

    def _names_measure(self, key: str) -> bool:
        """债券资金计划, 已供水人口-跨县: a group and its measure in one cell."""
        if not (self._may_join(key) or self._names_group(key)):
            return False
        return any(meaning.group for _, _, meaning in self.readings((Heading(key, (key,), None),)))

    def _may_join(self, key: str) -> bool:
        """Whether a word may be a group's and its measure's, joined: most are not."""
        return key in TOTAL_GROUPS or key.startswith(self._words) or key.endswith(self._words)

    def readings(self, path: tuple[Heading, ...]) -> list[tuple[int, int, Meaning]]:
        """Every exact reading of a column's headings: (words used, rank of the alias, meaning).

        Parameters
        ----------
        path : tuple of Heading
            From the top heading to the one over the cells.
        """
        # Towns repeat their headings from report to report: each is read once.
        if path not in self._read:
            if len(self._read) > _MOST_READ:
                self._read.clear()
            self._read[path] = list(self._readings(path))
        return self._read[path]

    def _readings(self, path: tuple[Heading, ...]) -> Iterator[tuple[int, int, Meaning]]:
        found = False
        for words, key in _joined(path):
            for name, rank in self.fields.get(key, ()):
                if self._fits(name, path):
                    found = True
                    yield words, rank, Meaning(name)
            if key in self.rates:
                found = True
                yield words, 0, Meaning("#rate:" + "/".join(self.rates[key]), is_rate=True)
            if found:
                break
        yield from self._in_groups(path)
        yield from self._parts(path)

    def _fits(self, name: str, path: tuple[Heading, ...]) -> bool:
        """A heading that counts 条 or 万元 is no field of words."""
        unit = next((part.unit for part in reversed(path) if part.unit), None)
        field = self.info.fields[name]
        if unit is None or field.dimension is None:
            return unit is None or field.kind not in ("text", "code", "date")
        return True

    def _in_groups(self, path: tuple[Heading, ...]) -> Iterator[tuple[int, int, Meaning]]:
        """Columns under (or over) a group: 专项债券资金 over 计划, 计划资金 over 专项债券, 债券资金计划, 浑浊度."""
        vocabulary = self.spread[1]
        if vocabulary is None:
            return
        for place, part in enumerate(path):
            rest = path[:place] + path[place + 1 :]
            for key in part.keys:
                code = vocabulary.lookup(key) or (TOTAL if key in TOTAL_GROUPS else None)
                if code:
                    for measure, rank in self._measure(rest, is_leaf=part is path[-1]):
                        yield len(path) + 1, rank, Meaning(measure, group=code)
        for _, key in _joined(path):
            if not self._may_join(key):
                continue
            for measure in self.measures:
                for alias in self.info.fields[measure].headings:
                    word = heading_key(alias)
                    for other in (key.removeprefix(word), key.removesuffix(word)):
                        code = vocabulary.lookup(other) if other not in ("", key) else None
                        # 合计计划 sums the sources; 累计到位 is what one of them secured.
                        if code is None and other in TOTAL_GROUPS and key not in self.fields:
                            code = TOTAL
                        if code:
                            yield len(path) + 1, 0, Meaning(measure, group=code)

    def _measure(self, rest: tuple[Heading, ...], *, is_leaf: bool) -> Iterator[tuple[str, int]]:
        if not rest and len(self.measures) == 1:
            yield self.measures[0], 0
        for _, key in _joined(rest):
            for name, rank in self.fields.get(key, ()):
                if name in self.measures:
                    yield name, rank
        # 已供水人口 over 规模化水厂 over 县级水厂: a level between says nothing of its own.
        for part in rest if len(rest) > 1 else ():
            for key in part.keys:
                for name, rank in self.fields.get(key, ()):
                    if name in self.measures:
                        yield name, rank
        # 检测项目 or 有关情况 over 浑浊度 leaves the one measure; 限值 and the heading of another field do not.
        if rest and is_leaf and self.spread[0] and len(self.measures) == 1:
            keys = [key for part in rest for key in part.keys]
            named = {name for key in keys for name, _ in self.fields.get(key, ())}
            if named <= {self.spread[0], *self.measures} and LIMIT_WORDS.isdisjoint(keys):
                yield self.measures[0], len(rest)

    def _parts(self, path: tuple[Heading, ...]) -> Iterator[tuple[int, int, Meaning]]:
        """A leaf that is one of the field's values (ticked), or the year, month or day of its date."""
        *above, leaf = path
        if not above:
            return
        for words, key in _joined(tuple(above)):
            for name, rank in self.fields.get(key, ()):
                field = self.info.fields[name]
                if field.kind == "date" and leaf.keys and leaf.keys[0] in _DATE_PARTS:
                    yield words + 1, rank, Meaning(name, part=_DATE_PARTS[leaf.keys[0]])
                if field.vocabulary and (code := field.vocabulary.lookup(leaf.printed)):
                    yield words + 1, rank, Meaning(name, tick=code)


def _joined(path: tuple[Heading, ...]) -> Iterator[tuple[int, str]]:
    """The words of a path as one heading: all of it, then without the top, …, the leaf; also leaf before parent."""
    for start in range(len(path)):
        parts = path[start:]
        for keys in _choices(parts):
            yield len(parts), "".join(keys)
        if len(parts) == 2:
            for keys in _choices(parts):
                yield 2, "".join(reversed(keys))


def _choices(parts: tuple[Heading, ...]) -> Iterator[tuple[str, ...]]:
    if not all(part.keys for part in parts):
        return
    yield tuple(part.keys[0] for part in parts)
    if any(len(part.keys) > 1 for part in parts):
        yield tuple(part.keys[-1] for part in parts)


@cache
def form_headings() -> dict[str, FormHeadings]:
    """The indexed headings of every form."""
    return {name: FormHeadings(info) for name, info in forms().items()}


@cache
def _field_keys() -> frozenset[str]:
    """The words that alone are the heading of a field of some form."""
    return frozenset().union(*(form.fields for form in form_headings().values()))


@cache
def _rate_keys() -> frozenset[str]:
    return frozenset().union(*(form.rates for form in form_headings().values()))


@cache
def _spread() -> list[FormHeadings]:
    """The forms with groups of columns, whose headings may join a group and its measure."""
    return [form for form in form_headings().values() if form.spread[1]]


@lru_cache(maxsize=100_000)
def is_field_heading(text: str) -> bool:
    """Whether a text is the heading of a field of any form, or of two (户数/人口); a group's name is not."""
    if any(key in _field_keys() or any(form.names_field(key) for form in _spread()) for key in heading(text).keys):
        return True
    if "/" not in plain(text):
        return False
    found = [heading(words).keys for words in plain(text).split("/")]
    return any(all(any(map(form.names_field, keys)) for keys in found) for form in form_headings().values())


@lru_cache(maxsize=100_000)
def is_known_heading(text: str) -> bool:
    """Whether a text is a heading, a group or an ordinal heading of any form."""
    keys = heading(text).keys
    return is_field_heading(text) or any(
        key in ORDINAL_HEADINGS or key in _rate_keys() or any(form.knows(key) for form in _spread()) for key in keys
    )


def is_ordinal(path: tuple[Heading, ...]) -> bool:
    """Whether the column numbers the rows."""
    return any(key in ORDINAL_HEADINGS for part in path for key in part.keys)


@lru_cache(maxsize=20_000)
def is_unit(text: str) -> bool:
    """Whether a cell of a unit row holds a unit: 户, 万元, mg/L, （公里）."""
    words = plain(text)
    inner = bracketed(words)
    return unit_of(words) is not None or bool(inner and unit_of(inner[0]) and not without_brackets(words))


def unit_word(text: str) -> str:
    """The unit that a cell of a unit row prints, without brackets."""
    words = plain(text)
    inner = bracketed(words)
    return inner[0] if inner else words


def unit_among(text: str, field: FieldInfo) -> str | None:
    """The unit of a field's dimension that a corner names: ``万元、公里、人`` gives 万元 to money."""
    if field.dimension is None or field.dimension not in UNITS:
        return None
    for word in _UNIT_SEPARATORS.split(plain(text)):
        if factor_for(field.dimension, word) is not None:
            return word
    return None
