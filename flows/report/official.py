"""Official documents as .docx: the look of GB/T 9704-2012, and figures that lead to their source."""

import datetime as dt
import re
import zipfile
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import cast
from xml.sax.saxutils import escape, quoteattr

from docx import Document
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import RELATIONSHIP_TYPE
from docx.oxml import OxmlElement
from docx.oxml.ns import qn
from docx.oxml.xmlchemy import BaseOxmlElement
from docx.shared import Length, Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.table import _Cell
from docx.text.paragraph import Paragraph
from docx.text.run import Run

from flows.report.figures import Citation

SOURCES = "数据来源.xlsx"  # stands beside the documents

# A font that a machine lacks is replaced by the first of its names that it has.
_FONTS = {
    "方正小标宋简体": "方正小标宋_GBK;华文中宋;STZhongsong;宋体;SimSun;Noto Serif CJK SC",
    "仿宋_GB2312": "仿宋;FangSong;华文仿宋;STFangsong;方正仿宋_GBK;Noto Serif CJK SC",
    "楷体_GB2312": "楷体;KaiTi;华文楷体;STKaiti;方正楷体_GBK;Noto Serif CJK SC",
    "黑体": "SimHei;华文黑体;STHeiti;方正黑体_GBK;Noto Sans CJK SC",
    "宋体": "SimSun;华文宋体;STSong;方正书宋_GBK;Noto Serif CJK SC",
    "Times New Roman": "Liberation Serif",
}
_TITLE, _BODY, _HEI, _KAI, _SONG, _LATIN = (
    "方正小标宋简体",
    "仿宋_GB2312",
    "黑体",
    "楷体_GB2312",
    "宋体",
    "Times New Roman",
)
_TWO, _THREE, _FOUR, _FIVE = Pt(22), Pt(16), Pt(14), Pt(10.5)  # 二号, 三号, 四号, 五号
_LINE = Pt(28)
_TWIPS = 20  # in a point
_LEVELS = {1: ("Heading 1", _HEI, False), 2: ("Heading 2", _KAI, False), 3: ("Heading 3", _BODY, True)}

# A text of a document may hold figures: each stands between marks that no text of a form can hold, beside its anchor
# and tooltip.
_LINKED = re.compile("\x02([^\x1f]*)\x1f([^\x1f]*)\x1f([^\x03]*)\x03")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f]")
_ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)


def linked(citation: Citation, printed: str) -> str:
    """Return a printed figure that leads to its row of 数据来源.xlsx, to be put into any text of a document."""
    tooltip = f"{citation.no} {citation.figure.metric.name_zh}：点击查看来源"
    return f"\x02{citation.anchor}\x1f{tooltip}\x1f{printed}\x03"


def unlinked(text: str) -> str:
    """Return a text without the marks of its figures."""
    return _LINKED.sub(r"\3", text)


def clean(text: str) -> str:
    """Return a text of the data as it may stand in a document: without control characters."""
    return _CONTROLS.sub("", text)


class OfficialDocument:
    """A document in the look that GB/T 9704-2012 gives to those of Chinese authorities.

    Its texts may hold figures made by `linked`. Two documents of the same content are the same bytes.

    Parameters
    ----------
    title
        Stands centred on top, and in the file's properties.
    created
        Day of the file's properties.
    """

    def __init__(self, title: str, created: dt.date) -> None:
        self._document = Document()
        self._setup(clean(title), dt.datetime.combine(created, dt.time()))
        self._add("Title", title)

    def subtitle(self, text: str) -> None:
        """Add a line under the title, such as （截至2021年8月20日）."""
        self._add("Subtitle", text)

    def addressee(self, text: str) -> None:
        """Add the line that says to whom the document goes; it is not indented."""
        paragraph = self._add("Body Text", text)
        paragraph.paragraph_format.space_before = _LINE
        self._indent(paragraph, 0)

    def heading(self, level: int, text: str) -> None:
        """Add a heading: level 1 is 一、, level 2 （一）, level 3 1."""
        self._add(_LEVELS[level][0], text)

    def paragraph(self, text: str, lead: str = "") -> None:
        """Add a paragraph; a lead is printed before it, in bold."""
        paragraph = self._add("Body Text", "")
        if lead:
            paragraph.add_run(lead).bold = True
        self._write(paragraph, text)

    def table(self, headings: Sequence[str], rows: Sequence[Sequence[str]], widths: Sequence[float] = ()) -> None:
        """Add a ruled table over the whole width; its head is repeated on each page.

        Parameters
        ----------
        headings, rows
            The texts of its cells; those that are one figure, or short, stand centred.
        widths
            How wide the columns are, one against the other; all alike where there are none.
        """
        shares = list(widths) or [1.0] * len(headings)
        section = self._document.sections[0]
        room = (section.page_width or 0) - (section.left_margin or 0) - (section.right_margin or 0)
        table = self._document.add_table(rows=0, cols=len(headings), style="Table Grid")
        table.alignment = WD_TABLE_ALIGNMENT.CENTER
        table.autofit = False
        for column, share in zip(table.columns, shares, strict=True):
            column.width = Length(int(room * share / sum(shares)))
        for number, texts in enumerate((headings, *rows)):
            row = table.add_row()
            properties = row._tr.get_or_add_trPr()
            properties.append(_element("w:cantSplit"))
            if number == 0:
                properties.append(_element("w:tblHeader"))
            for cell, text, share in zip(row.cells, texts, shares, strict=True):
                cell.width = Length(int(room * share / sum(shares)))
                self._cell(cell, text, is_heading=number == 0)
        self._add("Body Text", "").paragraph_format.line_spacing = Pt(14)

    def signature(self, unit: str, day: str) -> None:
        """Add who issues the document and when, on the right, on a page that holds text too."""
        if self._document.paragraphs:
            self._document.paragraphs[-1].paragraph_format.keep_with_next = True
        for text in (unit, day):
            paragraph = self._add("Body Text", text)
            paragraph.alignment = WD_ALIGN_PARAGRAPH.RIGHT
            paragraph.paragraph_format.keep_with_next = text is unit
            paragraph.paragraph_format.space_before = _LINE if text is unit else Pt(0)
            self._indent(paragraph, 0)
            _indented(paragraph).set(qn("w:rightChars"), "400")
            _indented(paragraph).set(qn("w:right"), str(4 * int(_THREE.pt) * _TWIPS))

    def save(self, target: Path) -> None:
        """Write the file."""
        buffer = BytesIO()
        self._document.save(buffer)
        with zipfile.ZipFile(buffer) as made, zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as package:
            for part in made.infolist():
                content = _font_table() if part.filename == "word/fontTable.xml" else made.read(part)
                package.writestr(zipfile.ZipInfo(part.filename, _ZIP_EPOCH), content, zipfile.ZIP_DEFLATED)

    def _setup(self, title: str, created: dt.datetime) -> None:
        properties = self._document.core_properties
        properties.title, properties.language = title, "zh-CN"
        properties.author = properties.last_modified_by = properties.comments = ""
        properties.created = properties.modified = created
        section = self._document.sections[0]
        section.page_width, section.page_height = Mm(210), Mm(297)
        section.top_margin, section.bottom_margin = Mm(37), Mm(35)
        section.left_margin, section.right_margin = Mm(28), Mm(26)
        section.footer_distance = Mm(25)
        self._document.settings.odd_and_even_pages_header_footer = True
        for footer, side in (
            (section.footer, WD_ALIGN_PARAGRAPH.RIGHT),
            (section.even_page_footer, WD_ALIGN_PARAGRAPH.LEFT),
        ):
            self._page_number(footer.paragraphs[0], side)
        self._style("Normal", _BODY, _THREE)
        self._style("Title", _TITLE, _TWO, is_centred=True, line=Pt(32))
        self._style("Subtitle", _KAI, _THREE, is_centred=True)
        self._style("Body Text", _BODY, _THREE, is_indented=True)
        for name, font, is_bold in _LEVELS.values():
            self._style(name, font, _THREE, is_bold=is_bold, is_indented=True)

    def _style(
        self,
        name: str,
        font: str,
        size: Length,
        *,
        is_bold: bool = False,
        is_centred: bool = False,
        is_indented: bool = False,
        line: Length = _LINE,
    ) -> None:
        style = self._document.styles[name]
        assert isinstance(style, ParagraphStyle)
        properties = style.element.get_or_add_rPr()
        for child in list(properties):
            properties.remove(child)  # the template's own: colours, spacing, theme fonts
        if (borders := style.element.get_or_add_pPr().find(qn("w:pBdr"))) is not None:
            style.element.get_or_add_pPr().remove(borders)
        fonts = properties.get_or_add_rFonts()
        for script, face in (("ascii", _LATIN), ("hAnsi", _LATIN), ("cs", _LATIN), ("eastAsia", font)):
            fonts.set(qn(f"w:{script}"), face)
        style.font.size, style.font.bold, style.font.italic = size, is_bold, False
        properties.append(_element("w:lang", val="en-US", eastAsia="zh-CN"))
        shape = style.paragraph_format
        shape.space_before = shape.space_after = Pt(0)
        shape.line_spacing, shape.widow_control = line, False
        shape.keep_with_next = name.startswith(("Heading", "Title"))
        shape.alignment = WD_ALIGN_PARAGRAPH.CENTER if is_centred else WD_ALIGN_PARAGRAPH.JUSTIFY
        if is_indented:
            self._indent(style, 2)

    @staticmethod
    def _indent(styled: Paragraph | ParagraphStyle, characters: int) -> None:
        indented = _indented(styled)
        indented.set(qn("w:firstLineChars"), str(characters * 100))
        indented.set(qn("w:firstLine"), str(characters * int(_THREE.pt) * _TWIPS))

    def _page_number(self, paragraph: Paragraph, side: WD_ALIGN_PARAGRAPH) -> None:
        """Print — 1 —, one character from the outer edge."""
        paragraph.alignment = side
        _indented(paragraph).set(qn("w:rightChars" if side is WD_ALIGN_PARAGRAPH.RIGHT else "w:leftChars"), "100")
        for text in ("— ", None, " —"):
            run = paragraph.add_run(text or "")
            run.font.size = _FOUR
            fonts = run._r.get_or_add_rPr().get_or_add_rFonts()
            for script in ("ascii", "hAnsi", "eastAsia"):
                fonts.set(qn(f"w:{script}"), _SONG)
            if text is None:
                for kind in ("begin", None, "end"):
                    if kind:
                        run._r.append(_element("w:fldChar", fldCharType=kind))
                    else:
                        instruction = _element("w:instrText")
                        instruction.text = "PAGE"
                        run._r.append(instruction)

    def _add(self, style: str, text: str) -> Paragraph:
        paragraph = self._document.add_paragraph(style=style)
        self._write(paragraph, text)
        return paragraph

    def _cell(self, cell: _Cell, text: str, *, is_heading: bool) -> None:
        paragraph = cell.paragraphs[0]
        is_short = is_heading or len(unlinked(text)) <= 12
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER if is_short else WD_ALIGN_PARAGRAPH.LEFT
        paragraph.paragraph_format.line_spacing = Pt(18)
        cell._tc.get_or_add_tcPr().append(_element("w:vAlign", val="center"))
        for run in self._write(paragraph, text):
            run.font.size = _FIVE
            if is_heading:
                run._r.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), _HEI)

    def _write(self, paragraph: Paragraph, text: str) -> list[Run]:
        """Add a text to a paragraph, its figures as links that look like plain text."""
        runs = []
        for anchor, tooltip, piece in _pieces(text):
            run = paragraph.add_run(clean(piece))
            runs.append(run)
            if anchor:
                source = paragraph.part.relate_to(SOURCES, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
                link = _element("w:hyperlink", anchor=anchor, tooltip=tooltip, history="1")
                link.set(qn("r:id"), source)
                run._r.addprevious(link)
                link.append(run._r)
        return runs


def _pieces(text: str) -> Iterator[tuple[str, str, str]]:
    """The parts of a text: anchor and tooltip (empty where it is no figure), and what is printed."""
    end = 0
    for found in _LINKED.finditer(text):
        if found.start() > end:
            yield "", "", text[end : found.start()]
        yield found[1], found[2], found[3]
        end = found.end()
    if end < len(text):
        yield "", "", text[end:]


def _indented(styled: Paragraph | ParagraphStyle) -> BaseOxmlElement:
    element = styled._p if isinstance(styled, Paragraph) else styled.element
    indented: BaseOxmlElement = element.get_or_add_pPr().get_or_add_ind()
    return indented


def _element(tag: str, **attributes: str) -> BaseOxmlElement:
    element = cast("BaseOxmlElement", OxmlElement(tag))
    for name, value in attributes.items():
        element.set(qn(f"w:{name}"), value)
    return element


def _font_table() -> str:
    fonts = "".join(
        f"<w:font w:name={quoteattr(name)}><w:altName w:val={quoteattr(escape(others))}/></w:font>"
        for name, others in _FONTS.items()
    )
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        f'<w:fonts xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">{fonts}</w:fonts>'
    )
