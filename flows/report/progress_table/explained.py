"""What the progress table says of itself: how to read it, the definitions, and the number of every figure."""

from collections.abc import Sequence

from flows.report.gaps import FORM_OF
from flows.report.progress_table.columns import Shape
from flows.report.progress_table.sheet import Book, Sheet
from flows.report.widths import width_of
from schemas import forms

_A4 = 9
SOURCES = "_来源"
_READING = (
    ("未报", "应报而未报的数字，表下的注写明由谁补报。"),
    ("—", "该栏不适用，或比率的分母为0。"),
    ("0", "确实为零。"),
    ("着色", "橙色的行为逾期自然村（“备注”栏写明天数）；黄色的镇未报本期进度表，所列为其最近一期数据。"),
    ("合计与比率", "合计、小计、比率均为公式，所存数值与发布数据一致；重新计算结果相同。"),
    (
        "来源编号",
        "本工作簿另有隐藏工作表“_来源”，列出每个数字所在的工作表、单元格及其来源编号；"
        "凭编号可在同一文件夹的《数据来源.xlsx》查到该数字出自哪些文件、工作表和单元格。",
    ),
)


def explain(book: Book, sheets: Sequence[Sheet]) -> None:
    """Write the sheet 说明: how to read the table, and what each column's metric means."""
    sheet = book.file.add_worksheet("说明")
    widths = (34, 26, 22, 8, 60, 16)
    head = book.format(bold=True, align="center", border=1, bg_color="#F2F2F2")
    cell = book.format(border=1, text_wrap=True, align="left")
    title = book.format(bold=True, font_size=18, align="center")
    last = len(widths) - 1
    sheet.merge_range(0, 0, 0, last, "", title)
    sheet.write_string(0, 0, "填报说明与指标定义", title)
    sheet.set_row(0, 34)
    for place, width in enumerate(widths):
        sheet.set_column(place, place, width)

    def line(row: int, texts: Sequence[str]) -> None:
        for place, text in enumerate(texts):
            sheet.write_string(row, place, text, cell)
        lines = max(-(-width_of(text) // (width - 2)) for text, width in zip(texts, widths, strict=True))
        sheet.set_row(row, max(20, 17 * lines))

    row = 1
    for word, meaning in _READING:
        sheet.write_string(row, 0, word, head)
        sheet.merge_range(row, 1, row, last, "", cell)
        sheet.write_string(row, 1, meaning, cell)
        sheet.set_row(row, 18 * -(-width_of(meaning) // (sum(widths[1:]) - 6)) + 2)
        row += 1
    row += 1
    for place, heading in enumerate(("工作表", "栏目", "指标", "单位", "定义", "数据来自")):
        sheet.write_string(row, place, heading, head)
    headed = row
    for metric, places in _used(sheets).items():
        row += 1
        info = book.edition.facts.metrics.all[metric]
        origin = forms()[FORM_OF[info.table]].title if info.table in FORM_OF else "各项考核"
        names = list(dict.fromkeys(name for name, _ in places))
        headings = "、".join(dict.fromkeys(heading for _, heading in places))
        line(row, ("、".join(names), headings, info.name_zh, Shape.of(info).unit, info.definition, origin))
    sheet.freeze_panes(headed + 1, 0)
    sheet.set_landscape()
    sheet.set_paper(_A4)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(headed)
    sheet.set_margins(left=0.4, right=0.4, top=0.6, bottom=0.6)
    sheet.set_footer('&C&"宋体,Regular"&9第&P页，共&N页')


def _used(sheets: Sequence[Sheet]) -> dict[str, list[tuple[str, str]]]:
    """Metric → the sheets and columns that show it."""
    used: dict[str, list[tuple[str, str]]] = {}
    for sheet in sheets:
        for column in sheet.columns:
            if column.metric:
                heading = f"{column.group}—{column.heading}" if column.group else column.heading
                used.setdefault(column.metric, []).append(("各供水方式" if sheet.where else sheet.name, heading))
    return used


def explain_sources(book: Book) -> None:
    """Write the hidden sheet that says under which number each figure is proved."""
    sheet = book.file.add_worksheet(SOURCES)
    for place, heading in enumerate(("工作表", "单元格", "来源编号", "指标")):
        sheet.write_string(0, place, heading)
    for row, source in enumerate(book.sources, 1):
        for place, text in enumerate(source):
            sheet.write_string(row, place, text)
    sheet.hide()
