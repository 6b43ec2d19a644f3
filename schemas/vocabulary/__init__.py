"""Closed lists with the spellings seen. One exact spelling a line entry; a new spelling is one more word here."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from schemas.text import heading_key, plain, without_brackets

# Texts looked up are remembered, up to so many.
_MOST_REMEMBERED = 20_000


@dataclass(frozen=True)
class Term:
    """One code of a closed list: its official Chinese name, its English name and every spelling seen, as words."""

    zh: str
    en: str
    spellings: str = ""
    # Words that name the code wherever they stand in a title, a section row, a sheet's or a file's name.
    in_titles: str = ""
    # The unit that its figures are printed in, where the code fixes it (a parameter of water).
    unit: str = ""


@dataclass(frozen=True)
class Vocabulary:
    """A closed list: code → :class:`Term`, looked up by exact spelling after normalising, never by likeness."""

    name: str
    terms: Mapping[str, Term]
    # Endings that say nothing: 镇级水厂扩网 and 镇级水厂扩网工程 are one spelling.
    endings: tuple[str, ...] = ()
    _memo: dict[str, str | None] = field(default_factory=dict, compare=False, repr=False)

    def __iter__(self) -> Iterator[str]:
        return iter(self.terms)

    @cached_property
    def _codes(self) -> dict[str, str]:
        codes: dict[str, str] = {}
        for code, term in self.terms.items():
            for spelling in (code, term.zh, term.en, *term.spellings.split()):
                other = codes.setdefault(self._key(spelling), code)
                if other != code:
                    raise ValueError(f"{self.name}: {spelling!r} is a spelling of both {other} and {code}")
        return codes

    def _key(self, text: str) -> str:
        key = heading_key(text)
        for ending in self.endings:
            if key.endswith(ending) and key != ending:
                key = key.removesuffix(ending)
        return key

    def lookup(self, text: str) -> str | None:
        """The code that a cell or heading spells, or None.

        A remark in brackets is disregarded where the whole is no known spelling.
        """
        if text not in self._memo:
            if len(self._memo) > _MOST_REMEMBERED:
                self._memo.clear()
            code = self._codes.get(self._key(text))
            self._memo[text] = code or self._codes.get(self._key(without_brackets(plain(text))))
        return self._memo[text]

    def find(self, text: str) -> str | None:
        """The one code that a title, section row, sheet name or file name mentions; None where none or several."""
        text = plain(text)
        found = {
            code
            for code, term in self.terms.items()
            if any(plain(word) in text for word in (term.zh, *term.in_titles.split()))
        }
        return found.pop() if len(found) == 1 else None

    def zh(self, code: str) -> str:
        """The official Chinese name of a code."""
        return self.terms[code].zh
