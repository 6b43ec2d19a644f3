"""XML as office programs write it, read as text: decoded, checked for what has no place in it, cut into elements."""

import re
from functools import lru_cache
from html.entities import html5

from lxml import etree

from flows.ingest.guard import Damaged, Refused

_DECLARED = re.compile(rb"<\?xml[^>]*?encoding=[\"']([\w.-]+)[\"']")
_DECLARATION = re.compile(r"^\s*<\?xml.*?\?>", re.DOTALL)
_ATTRIBUTE = re.compile(r'(?:[\w.-]+:)?([\w.-]+)\s*=\s*"([^"]*)"')
_ENTITY = re.compile(r"&(#x[0-9A-Fa-f]{1,6}|#\d{1,7}|[a-z]{2,4});")
_ESCAPED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_PHONETIC = re.compile(r"<rPh\b.*?</rPh>", re.DOTALL)
# A string of one piece, as nearly all are, or whatever else is in an item.
_ITEM = re.compile(r"<si(?:\s[^>]*)?(?:/>|>(?:<t(?:\s[^>]*)?>([^<]*)</t></si>|(.*?)</si>))", re.DOTALL)
_TEXT = re.compile(r"<t(?:\s[^>]*)?>([^<]*)</t>")
_SMALL = 10_000  # bytes
_NAMED = {name: html5[f"{name};"] for name in ("amp", "lt", "gt", "quot", "apos")}


def plain_xml(data: bytes) -> str:
    """Return a part as text in the shape the patterns expect: double quotes, no comments, no CDATA, no prefixes.

    Raises
    ------
    Refused
        It holds a DOCTYPE or entities.
    Damaged
        It is not XML.
    """
    return (_plain_again if len(data) <= _SMALL else _plain)(data)


def _plain(data: bytes) -> str:
    xml = _decoded(data)
    # One rare character is sought many times faster than what begins with a frequent one.
    has_declarations, has_single_quotes = "!" in xml and "<!" in xml, "'" in xml and "='" in xml
    if has_declarations and ("<!DOCTYPE" in xml or "<!ENTITY" in xml):
        raise Refused.because("entities")
    if has_declarations or has_single_quotes or _has_prefixed_root(xml):
        xml = _normalised(xml)
    return xml.replace("\r\n", "\n") if "\r" in xml else xml


# As in `Archive`: small parts are the same in many files.
_plain_again = lru_cache(maxsize=64)(_plain)


def _decoded(data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding = "utf-16"
    else:
        declared = _DECLARED.match(data[:200].removeprefix(b"\xef\xbb\xbf").lstrip())
        encoding = declared[1].decode() if declared else "utf-8"
        encoding = "utf-8-sig" if encoding.lower() in ("utf-8", "utf8", "utf-16") else encoding
    try:
        return data.decode(encoding)
    except (UnicodeDecodeError, LookupError) as error:
        raise Damaged.at(str(error)[:80]) from error


def _has_prefixed_root(xml: str) -> bool:
    start = xml.find("<")
    while xml.startswith("<?", start):
        start = xml.find("<", start + 2)
    return ":" in xml[start : xml.find(" ", start)]


def _normalised(xml: str) -> str:
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True, huge_tree=False
    )
    try:
        # The encoding that the declaration names is no longer true of the decoded text.
        root = etree.fromstring(_DECLARATION.sub("", xml, count=1).encode("utf-8", "surrogatepass"), parser)
    except etree.XMLSyntaxError as error:
        raise Damaged.at(str(error)[:80]) from error
    text = str(etree.tostring(root, encoding="unicode"))
    if root.prefix:
        text = text.replace(f"<{root.prefix}:", "<").replace(f"</{root.prefix}:", "</")
    return text


def attributes(text: str) -> dict[str, str]:
    """Return the attributes written in a tag, without prefixes, still escaped."""
    return dict(_ATTRIBUTE.findall(text))


def tags(xml: str, tag: str) -> list[str]:
    """Return the attribute text of each element of a tag."""
    found: list[str] = _tag(tag).findall(xml)
    return found


@lru_cache(maxsize=64)
def _tag(tag: str) -> re.Pattern[str]:
    return re.compile(rf"<{tag}((?:\s[^>]*?)?)/?>")


def contents(xml: str, tag: str) -> list[str]:
    """Return what is inside each element of a tag, which must not nest in itself; empty for an empty one."""
    found: list[str] = _content(tag).findall(xml)
    return found


@lru_cache(maxsize=64)
def _content(tag: str) -> re.Pattern[str]:
    return re.compile(rf"<{tag}(?:\s[^>]*?)?(?:/>|>(.*?)</{tag}>)", re.DOTALL)


def section(xml: str, tag: str, *, keep: bool = True) -> str:
    """Return the first element of a tag with all inside it, empty where there is none; or the text without it."""
    match = _section(tag).search(xml)
    if keep:
        return match[0] if match else ""
    return xml[: match.start()] + xml[match.end() :] if match else xml


@lru_cache(maxsize=64)
def _section(tag: str) -> re.Pattern[str]:
    return re.compile(rf"<{tag}(?:\s[^>]*?)?(?:/>|>.*?</{tag}>)", re.DOTALL)


def unescape(text: str) -> str:
    """Return text with XML's references and Excel's ``_x000D_`` resolved."""
    if "&" in text:
        text = _ENTITY.sub(_character, text)
    if "_x" in text:
        text = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), text).replace("\0", "")
        # Characters beyond the basic plane come as two escaped halves.
        text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text


def _character(match: re.Match[str]) -> str:
    name = match[1]
    if name.startswith("#"):
        code = int(name[2:], 16) if name[1] == "x" else int(name[1:])
        return chr(code) if 0 < code < 0xD800 or 0xDFFF < code < 0x110000 else match[0]
    return _NAMED.get(name, match[0])


def string_items(xml: str) -> list[str]:
    """Return the texts of the shared strings table."""
    return [
        (unescape(plain) if "&" in plain or "_x" in plain else plain) if plain else rich_text(item)
        for plain, item in _ITEM.findall(xml)
    ]


def rich_text(xml: str) -> str:
    """Return the text of a string item: its runs joined, the phonetic guides above them left out."""
    if "<rPh" in xml:
        xml = _PHONETIC.sub("", xml)
    return unescape("".join(_TEXT.findall(xml)))
