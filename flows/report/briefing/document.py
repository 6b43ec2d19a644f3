"""The situation report as a document."""

from pathlib import Path

from flows.report.briefing import measures, next_steps, problems, progress
from flows.report.briefing.section import Section
from flows.report.figures import Edition
from flows.report.lists import number_zh
from flows.report.numbers import day_zh
from flows.report.official import OfficialDocument
from flows.report.prose import Prose

DOCUMENT = "农村集中供水全覆盖攻坚工作情况汇报.docx"
_SECTIONS = (
    ("基本工作情况", progress.sections),
    ("主要工作措施", measures.sections),
    ("存在问题", problems.sections),
    ("下一步工作", next_steps.sections),
)


def write(edition: Edition, target: Path) -> None:
    """Write the situation report of a report date.

    Parameters
    ----------
    edition
        The figures of the date; each one that is printed is noted in its citations under `DOCUMENT`.
    target
        The file.
    """
    prose, day = Prose(edition, DOCUMENT), edition.facts.report_date
    official = OfficialDocument(f"{edition.county}农村集中供水全覆盖攻坚工作情况汇报", prose.issued_on)
    official.subtitle(f"（截至{day_zh(day)}）")
    official.addressee("县委、县政府：")
    official.paragraph(f"现将截至{day_zh(day)}我县农村集中供水全覆盖攻坚工作情况汇报如下。")
    for number, (title, sections) in enumerate(_SECTIONS, 1):
        official.heading(1, f"{number_zh(number)}、{title}")
        _write(official, sections(prose))
    official.signature(f"{edition.county}水务局", day_zh(prose.issued_on))
    official.save(target)


def _write(official: OfficialDocument, sections: list[Section]) -> None:
    for number, section in enumerate(sections, 1):
        official.heading(2, f"（{number_zh(number)}）{section.title}")
        for text in section.paragraphs:
            official.paragraph(text)
        if section.table:
            official.table(section.table.headings, section.table.rows, section.table.widths)
        for text in section.below:
            official.paragraph(text)
        for place, (lead, text) in enumerate(section.items, 1):
            official.paragraph(text, lead=f"{place}.{lead}")
