"""Personal data as it looks in print: numbers and names that landing keeps, and that nobody else is shown.

Telephone and identity numbers are known by their shape wherever they stand (the macro `without_numbers` of sql/ knows
the same shapes); a name only by the field, heading or signature that it stands under. A mask is as long as what it
hides, so that the original can be told to fit it.
"""

import re

MASK = "×"

# The patterns are written as Python and RE2 (DuckDB) both read them; each group but the first and the last stays.
_START, _END = "(^|[^0-9０-９])", "($|[^0-9０-９])"
_D, _GAP = "[0-9０-９]", "[-－— ]"
NUMBERS = (
    # an identity number: 440101199001011234
    (f"{_START}([1-9１-９]{_D}{{5}}){_D}{{11}}([0-9０-９XxＸｘ]){_END}", rf"\1\2{MASK * 11}\3\4"),
    # a mobile telephone: 13812345678, 138-1234-5678, 86 138 1234 5678
    (f"{_START}((?:86{_GAP}?)?[1１][3-9３-９]{_D}{_GAP}?){_D}{{4}}({_GAP}?{_D}{{4}}){_END}", rf"\1\2{MASK * 4}\3\4"),
    # a telephone with its area: 0758-1234567, (020)12345678
    (f"{_START}([0０]{_D}{{2,3}}[-－— )）]{{1,2}}){_D}{{3}}({_D}{{4}}){_END}", rf"\1\2{MASK * 3}\3\4"),
    (f"{_START}([0０]{_D}{{2,3}}[-－— )）]{{1,2}}){_D}{{4}}({_D}{{4}}){_END}", rf"\1\2{MASK * 4}\3\4"),
)
_NUMBERS = tuple((re.compile(pattern), shown) for pattern, shown in NUMBERS)
_DIGITS = re.compile("[0-9０-９]{4}")

# Who signs, answers or can be reached, and how: in a heading, and before a colon or a blank in a signature.
_PERSONS = (
    "姓名|名字|填报人|填表人|制表人|审核人|复核人|审批人|经办人|报送人|联系人|责任人|负责人|责任领导|主要领导|分管领导|"
    "挂点领导|联系领导|包镇领导"
)
_REACHED = "电话|手机|联系方式|身份证|微信|邮箱"
_HEADING = re.compile(f"{_PERSONS}|{_REACHED}")
_NO_PERSON = re.compile("职务|单位|日期|时间|个数|人数|数量|是否")
_LONGEST_HEADING = 16
_DATED = re.compile(r"\s*\w{0,4}(?:日期|时间)[:：]")
# 填报人：张三、李　四   审核人: 王五（镇长）
_NAME = r"(?:[一-鿿][ \u3000\xa0]{1,4}[一-鿿](?![一-鿿])|[^\W\d_]{2,10})"
_SIGNED = re.compile(
    rf"((?:{_PERSONS})(?:[(（][^()（）]{{0,8}}[)）]|签[字名])?[:： \u3000\xa0]+)({_NAME}(?:[、，,/]{_NAME})*)"
)
_REACHED_AT = re.compile(rf"((?:{_REACHED})[:： \u3000\xa0]*)([0-9０-９][0-9０-９\-－— ]{{5,16}}[0-9０-９])")
_WORD = re.compile(rf"[^\W\d_]{{2,}}|(?<![\d{MASK}])\d{{5,}}(?![\d{MASK}])")

# Of a number, and of a name; 3×5米 is neither.
_MASKED = re.compile(rf"{MASK}{{3}}|[^\W\d_]{MASK}+(?!\w)")


def without_numbers(text: str) -> str:
    """Text with telephone and identity numbers masked: ``138××××5678``."""
    if not _DIGITS.search(text):
        return text
    for pattern, shown in _NUMBERS:
        # Twice: of two numbers with one sign between them the first takes the sign.
        text = pattern.sub(shown, pattern.sub(shown, text))
    return text


def masked(text: str) -> str:
    """A text that is personal as a whole, its first characters left: ``张×``, ``138××××5678``."""
    text = without_numbers(text)
    return text if _DATED.match(text) else _WORD.sub(_but_the_first, text)


def without_persons(text: str) -> str:
    """Running text with numbers, and the names in signatures, masked: ``填报人：张×``."""
    text = _SIGNED.sub(lambda match: match[1] + (match[2] if names_person(match[2]) else masked(match[2])), text)
    return _REACHED_AT.sub(lambda match: match[1] + _masked_number(match[2]), without_numbers(text))


def names_person(text: str) -> bool:
    """Whether a short text is a heading or a label of persons: 责任人, 填报人：, 联系人及电话."""
    words = re.sub(r"\s", "", text)
    return len(words) <= _LONGEST_HEADING and bool(_HEADING.search(words)) and not _NO_PERSON.search(words)


def is_masked(text: str) -> bool:
    """Whether a text is no more than what `masked` leaves of one."""
    return bool(_MASKED.search(text)) and masked(text) == text


def fits(shown: str, original: str) -> bool:
    """Whether a masked text may be what is shown of an original."""
    return len(shown) == len(original) and all(a in (MASK, b) for a, b in zip(shown, original, strict=True))


def _masked_number(text: str) -> str:
    """A number of any shape that a label says is one to be reached at."""
    return text[0] + re.sub(r"\d", MASK, text[1:])


def _but_the_first(match: re.Match[str]) -> str:
    return match[0][0] + MASK * (len(match[0]) - 1)
