"""How printed words are compared: one normal form for headings, vocabulary and names."""

import re
import unicodedata
from functools import lru_cache

from opencc import OpenCC

_SIMPLIFIED = OpenCC("t2s")
_BLANKS = re.compile(r"[\s\u3000\u00a0\u200b\ufeff]+")
# Punctuation that never distinguishes two headings; brackets are kept until the caller has looked inside them.
_PUNCTUATION = re.compile(r"[、，,。.；;：:·•．\-—–_\"'“”‘’*＊#]+")
_BRACKETED = re.compile(r"[(（\[【〔<〈][^()（）\[\]【】〔〕<>〈〉]*[)）\]】〕>〉]")
_ORDINAL = re.compile(
    r"^(?:[(（]?[一二三四五六七八九十]+[)）]?[、.．,，]?|[(（]?\d{1,2}[)）]?[、.．]|第[一二三四五六七八九十]+[、.．]?)(?=\D)"
)


@lru_cache(maxsize=100_000)
def plain(text: str) -> str:
    """Text as compared everywhere: NFKC, no blanks at all, traditional characters simplified.

    Parameters
    ----------
    text : str
        As printed.

    Returns
    -------
    str
        Possibly empty.
    """
    text = _BLANKS.sub("", unicodedata.normalize("NFKC", text))
    return text if text.isascii() else str(_SIMPLIFIED.convert(text))


@lru_cache(maxsize=100_000)
def heading_key(text: str) -> str:
    """A heading or vocabulary word without blanks, punctuation and case."""
    return _PUNCTUATION.sub("", plain(text)).casefold()


def without_brackets(text: str) -> str:
    """Text with every bracketed remark taken out: ``自然村（组）`` gives ``自然村``."""
    return _BRACKETED.sub("", text)


def bracketed(text: str) -> list[str]:
    """The contents of the brackets of a text, in order, without the brackets."""
    return [match.group()[1:-1] for match in _BRACKETED.finditer(text)]


def without_ordinal(text: str) -> str:
    """Text without a leading list number: ``一、镇级水厂`` and ``（一）镇级水厂`` give ``镇级水厂``."""
    return _ORDINAL.sub("", text, count=1)


_VILLAGE_ENDINGS = re.compile(r"(?:[(（](?:村小组|小组|组|自然村|村)[)）]|自然村|村小组|村民小组|村)$")
_COMMITTEE_ENDINGS = re.compile(r"(?:村民委员会|村委会|居民委员会|居委会|社区居委会|委会|行政村|社区|村)$")


@lru_cache(maxsize=100_000)
def village_key(name: str) -> str:
    """A natural village's name as compared: without blanks and without 村, 自然村, 村小组, （组）.

    The ending is kept where nothing would be left of the name.
    """
    name = plain(name)
    while (bare := _VILLAGE_ENDINGS.sub("", name)) and bare != name:
        name = bare
    return name


@lru_cache(maxsize=100_000)
def committee_key(name: str) -> str:
    """A village committee's name as compared: without blanks and without 村委会, 村民委员会, 村."""
    name = plain(name)
    return _COMMITTEE_ENDINGS.sub("", name, count=1) or name


@lru_cache(maxsize=100_000)
def project_key(name: str) -> str:
    """A project's name as compared within a county: NFKC, without blanks and punctuation."""
    return heading_key(name)
