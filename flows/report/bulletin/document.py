"""The bulletin as a document."""

from pathlib import Path

from flows.report.bulletin import conduct, ranking
from flows.report.bulletin.blocks import Table
from flows.report.figures import Edition
from flows.report.lists import number_zh
from flows.report.numbers import day_zh
from flows.report.official import OfficialDocument
from flows.report.prose import Prose

DOCUMENT = "农村集中供水攻坚通报.docx"
_SECTIONS = (
    ("总体进展", ranking.progress),
    ("考核排名", ranking.assessment),
    ("较上期变化", ranking.changes),
    ("表扬、预警和约谈", ranking.actions),
    ("节点进度", conduct.schedule),
    ("报送和数据质量", conduct.reporting),
    ("会议和核查", conduct.meetings_and_verification),
)


def write(edition: Edition, target: Path) -> None:
    """Write the bulletin of a report date.

    Parameters
    ----------
    edition
        The figures of the date and of the one before; each one that is printed is noted in its citations under
        `DOCUMENT`.
    target
        The file.
    """
    prose, day = Prose(edition, DOCUMENT), day_zh(edition.facts.report_date)
    official = OfficialDocument(f"{edition.county}农村集中供水攻坚工作情况通报", edition.as_of)
    official.subtitle(f"（截至{day}）")
    official.addressee("各镇人民政府，县直有关单位：")
    before = f"（上期为{prose.day(edition.before.report_date)}）" if edition.before else ""
    official.paragraph(f"根据各镇报表和县级核查，现将截至{day}全县农村集中供水攻坚情况通报如下{before}。")
    for number, (title, section) in enumerate(_SECTIONS, 1):
        official.heading(1, f"{number_zh(number)}、{title}")
        for block in section(prose):
            if isinstance(block, Table):
                official.table(block.headings, block.rows, block.widths)
            else:
                official.paragraph(block.text, lead=block.lead)
    official.paragraph("请各镇抓好整改，未报和退回的数据在下期报表中补报更正。数字出处见《数据来源.xlsx》。")
    official.signature(f"{edition.county}水务局", day)
    official.save(target)
