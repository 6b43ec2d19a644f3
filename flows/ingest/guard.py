"""What may be read at all: limits, the kind of a file by its content, and the reasons for refusing one."""

import re
import struct
from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds on one file; a file beyond any of them is refused with that reason.

    A county's whole master list, some thousands of villages, is about 1 MB; the bounds leave room for a hundred of it
    and keep a reader below 1.5 GB and 15 s.
    """

    file_bytes: int = 50_000_000
    unzipped_bytes: int = 150_000_000
    ratio: int = 200  # of one zip entry; sheets of nothing but styled blanks reach about 100
    ratio_from_bytes: int = 10_000_000  # a small entry may compress as well as it likes
    entries: int = 5_000
    sheets: int = 500
    cells: int = 2_000_000  # that hold something
    area: int = 20_000_000  # counting the blanks that lie left of them
    rows: int = 1_048_576
    columns: int = 16_384
    merges: int = 100_000
    string: int = 100_000  # characters in one cell; Excel itself stops at 32,767
    seconds: float = 15.0
    memory_bytes: int = 1_500_000_000


class Kind(StrEnum):
    """How a file is stored, whatever its name says."""

    XLSX = "xlsx"
    XLS = "xls"
    ODS = "ods"
    FLAT_ODS = "fods"
    SPREADSHEETML = "xml"
    HTML = "html"
    TEXT = "text"


REASONS = {
    "empty": ("文件为空（0字节），请重新报送。", "The file is empty (0 bytes)."),
    "too_large": (
        "文件大小为{size:.1f}MB，超过{limit:.0f}MB的上限，请删除图片等无关内容后重新报送。",
        "The file has {size:.1f} MB, more than the {limit:.0f} MB allowed.",
    ),
    "not_workbook": (
        "文件内容不是电子表格（{what_zh}），请报送Excel、WPS表格或csv文件。",
        "The file is not a workbook ({what_en}).",
    ),
    "xlsb": (
        "文件为Excel二进制工作簿（.xlsb），暂不支持，请另存为“Excel工作簿（.xlsx）”后重新报送。",
        "A binary workbook (.xlsb) is not supported; save it as .xlsx.",
    ),
    "encrypted": (
        "工作簿设有密码保护，无法读取，请取消密码后重新报送。",
        "The workbook is protected by a password; remove it and send the file again.",
    ),
    "damaged": (
        "文件已损坏或传输不完整，无法读取，请打开原件重新保存后报送（{detail}）。",
        "The file is damaged or incomplete ({detail}).",
    ),
    "bomb": (
        "文件解压后的内容过大（{what}），疑似恶意文件，不予读取。",
        "The file unpacks to far more than a workbook holds ({what}).",
    ),
    "entities": (
        "文件的XML中含有文档类型声明或实体（DOCTYPE/ENTITY），存在安全风险，不予读取，请用Excel或WPS重新保存后报送。",
        "The file's XML holds a DOCTYPE or entities, which have no place in a workbook.",
    ),
    "unsafe_name": (
        "压缩包内含有指向外部目录的文件名（{entry}），存在安全风险，不予读取。",
        "The archive holds an entry that points outside it ({entry}).",
    ),
    "nul": (
        "文件中含有空字符（NUL），不是正常的文本表格，请重新导出后报送。",
        "The text holds NUL bytes: it is no plain text table.",
    ),
    "too_many": (
        "{what_zh}过多（{found}，上限{limit}），请删除多余内容后重新报送。",
        "Too many {what_en} ({found}, at most {limit}).",
    ),
    "timeout": (
        "读取超过{seconds:g}秒仍未完成，已停止读取该文件，请精简后重新报送。",
        "Reading took longer than {seconds:g} s and was stopped.",
    ),
    "memory": (
        "读取所需内存超过{limit:.0f}MB，已停止读取该文件，请精简后重新报送。",
        "Reading needed more than {limit:.0f} MB of memory and was stopped.",
    ),
    "crashed": (
        "读取过程异常终止（{detail}），该文件未能读取，其他文件不受影响。",
        "The process that read this file died ({detail}); no other file is affected.",
    ),
}


class Refused(Exception):
    """A file that is not read, and why, in words for the town's clerk.

    Attributes
    ----------
    code
        The key of the reason in `REASONS`.
    reason_zh, reason_en
        The reason as a sentence.
    """

    def __init__(self, code: str, reason_zh: str, reason_en: str) -> None:
        # All three go to args: an exception crosses from a worker process by its args.
        super().__init__(code, reason_zh, reason_en)
        self.code = code
        self.reason_zh = reason_zh
        self.reason_en = reason_en

    @classmethod
    def because(cls, code: str, **details: object) -> "Refused":
        """Return the refusal for a reason, its sentences filled with the details."""
        chinese, english = REASONS[code]
        return cls(code, chinese.format(**details), english.format(**details))

    @classmethod
    def too_many(cls, what_zh: str, what_en: str, found: int, limit: int) -> "Refused":
        """Return the refusal of a file that has more of something than the limit."""
        return cls.because("too_many", what_zh=what_zh, what_en=what_en, found=found, limit=limit)

    def __str__(self) -> str:
        """Return the English sentence."""
        return self.reason_en


class Damaged(Refused):
    """Something inside is broken; when it is one sheet, the others may still be read."""

    def __init__(self, code: str, reason_zh: str, reason_en: str) -> None:
        super().__init__(code, reason_zh, reason_en)

    @classmethod
    def at(cls, detail: str) -> "Damaged":
        """Return the damage, the detail naming the part."""
        chinese, english = REASONS["damaged"]
        return cls("damaged", chinese.format(detail=detail), english.format(detail=detail))


ZIP_DIRECTORY = struct.Struct("<LL")  # size and offset, 12 bytes into the record that ends the archive
OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
# The rest of an OLE directory entry's name tells a password, see [MS-OFFCRYPTO] 1.3.3.
ENCRYPTED_STREAM = "EncryptedPackage".encode("utf-16-le")
WORKBOOK_STREAMS = ("Workbook".encode("utf-16-le"), "Book\0".encode("utf-16-le"))

SIGNATURES = (
    (b"\x89PNG", "PNG图片", "a PNG picture"),
    (b"\xff\xd8\xff", "JPEG图片", "a JPEG picture"),
    (b"GIF8", "GIF图片", "a GIF picture"),
    (b"%PDF", "PDF文档", "a PDF document"),
    (b"Rar!", "RAR压缩包", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "7z压缩包", "a 7z archive"),
    (b"\x1f\x8b", "gzip压缩包", "a gzip archive"),
    (b"{\\rtf", "RTF文档", "an RTF document"),
    (b"MZ", "可执行程序", "a program"),
    (b"\x7fELF", "可执行程序", "a program"),
)
# ~$name.xls, left behind by an open workbook: the length of the user's name, the name, blanks.
OWNER_FILE_SIZES = (162, 165, 171)
TEXT_BOMS = (b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf")
# C0 controls that no text table has; tab, line feed, carriage return, form feed and Ctrl-Z (an old end mark) may stand.
CONTROLS = bytes(set(range(0x20)) - {0x09, 0x0A, 0x0B, 0x0C, 0x0D, 0x1A})
HTML_START = re.compile(rb"<(?:!doctype\s+html|html|head|body|table|meta|style|div|frameset)\b", re.IGNORECASE)
XML_ROOT = re.compile(rb"<(?![?!])(?:[\w.-]+:)?([\w.-]+)")


def check_size(data: bytes, limits: Limits) -> None:
    """Refuse an empty file and one of too many bytes.

    Raises
    ------
    Refused
    """
    if not data:
        raise Refused.because("empty")
    if len(data) > limits.file_bytes:
        raise Refused.because("too_large", size=len(data) / 1e6, limit=limits.file_bytes / 1e6)


def sniff(data: bytes, name: str) -> Kind:
    """Return how the bytes are stored, judged by content alone.

    Parameters
    ----------
    data
        The whole file.
    name
        The file's name; it decides nothing, an extension is a claim that is often wrong.

    Raises
    ------
    Refused
        Empty, password-protected, broken off, or nothing that could be a workbook.
    """
    if not data:
        raise Refused.because("empty")
    if data.startswith(b"PK"):
        return _sniff_zip(data)
    if data.startswith(OLE):
        return _sniff_ole(data)
    for signature, chinese, english in SIGNATURES:
        if data.startswith(signature):
            raise Refused.because("not_workbook", what_zh=chinese, what_en=english)
    if data[0] == 0x09 and data[1:2] in (b"\x00", b"\x02", b"\x04", b"\x08"):
        return Kind.XLS  # a bare BIFF stream without its OLE container, as old programs wrote
    if len(data) in OWNER_FILE_SIZES and data[0] < 55 and data[1 + data[0] : 54].strip(b" \0") == b"":
        raise Refused.because("not_workbook", what_zh="Office打开文件时的临时锁定文件", what_en="a lock file of Office")
    return _sniff_markup(data) or _sniff_text(data)


def _sniff_zip(data: bytes) -> Kind:
    # Only the names matter here, so the directory at the end is looked through as bytes; `Archive` reads it properly.
    end = data.rfind(b"PK\5\6")
    if end < 0 or len(data) < end + 22:
        raise Refused.because("damaged", detail="zip")
    size, start = ZIP_DIRECTORY.unpack_from(data, end + 12)
    names = data[start : start + size].replace(b"\\", b"/").lower()
    if b"[content_types].xml" in names or b"workbook.xml" in names:
        if b"xl/workbook.bin" in names:
            raise Refused.because("xlsb")
        if b"word/document" in names or b"ppt/presentation" in names:
            what_zh, what_en = "Word或PowerPoint文档", "a Word or PowerPoint document"
            raise Refused.because("not_workbook", what_zh=what_zh, what_en=what_en)
        return Kind.XLSX
    if b"content.xml" in names:
        return Kind.ODS
    raise Refused.because("not_workbook", what_zh="普通压缩包", what_en="a plain zip archive")


def _sniff_ole(data: bytes) -> Kind:
    if ENCRYPTED_STREAM in data:
        raise Refused.because("encrypted")
    if any(stream in data for stream in WORKBOOK_STREAMS):
        return Kind.XLS
    if len(data) < 1536:  # header, one sector of allocation table, one of directory
        raise Refused.because("not_workbook", what_zh="不含工作表的复合文档", what_en="a container without a workbook")
    raise Refused.because("not_workbook", what_zh="Word文档或其他复合文档", what_en="a container without a workbook")


def _sniff_markup(data: bytes) -> Kind | None:
    start = data[:4096]
    if start.startswith((b"\xff\xfe", b"\xfe\xff")):
        start = start.decode("utf-16", "ignore").encode()
    start = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not start.startswith(b"<"):
        return None
    if HTML_START.match(start) or (start.startswith(b"<!--") and HTML_START.search(start)):
        return Kind.HTML
    root = XML_ROOT.search(start)
    local = root[1].lower() if root else b""
    if local == b"workbook" and b"office:spreadsheet" in start:
        return Kind.SPREADSHEETML
    if local == b"document" and b"opendocument" in start:
        return Kind.FLAT_ODS
    if local in (b"html", b"table", b"body"):
        return Kind.HTML
    if b"<!DOCTYPE" in start or b"<!ENTITY" in start:
        raise Refused.because("entities")
    return Kind.HTML if HTML_START.search(start) else None


def _sniff_text(data: bytes) -> Kind:
    if data.startswith(TEXT_BOMS[:2]):
        return Kind.TEXT
    if b"\0" in data:
        # A table with a stray NUL deserves to be told so; bytes of which many are controls were never text.
        if len(data.translate(None, CONTROLS)) < 0.98 * len(data) and not _is_readable(data[:2000]):
            raise Refused.because("not_workbook", what_zh="二进制数据", what_en="binary data")
        raise Refused.because("nul")
    if len(data.translate(None, CONTROLS)) < 0.98 * len(data):
        raise Refused.because("not_workbook", what_zh="二进制数据", what_en="binary data")
    return Kind.TEXT


def _is_readable(data: bytes) -> bool:
    text = data.replace(b"\0", b"").decode("gb18030", "ignore")
    return sum(character.isprintable() or character in "\r\n\t" for character in text) > 0.95 * len(text) > 0
