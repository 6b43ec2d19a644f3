"""The workbook 农村集中供水攻坚进度表.xlsx: 汇总, a sheet a supply mode, 项目台账, 资金落实, 说明."""

import datetime as dt
from collections.abc import Mapping, Sequence
from pathlib import Path

import xlsxwriter

from flows.report.figures import Edition
from flows.report.gaps import Gaps
from flows.report.numbers import day_zh
from flows.report.progress_table import lists
from flows.report.progress_table.columns import COVERAGE, PROJECTS, VILLAGES, WORKS, Column, funds
from flows.report.progress_table.explained import explain, explain_sources
from flows.report.progress_table.lists import Items
from flows.report.progress_table.sheet import LATE, OLD, SUM, TOTAL, UNKNOWN, Book, Sheet

DOCUMENT = "农村集中供水攻坚进度表.xlsx"
_ALL = "全县合计"
_FEW = 20  # towns that stand on a page with room to spare


def write(edition: Edition, target: Path) -> None:
    """Write the county's progress table of a report date; two of the same marts are the same bytes.

    Every figure is a metric and cited; sums and rates are formulas beside their value. An unknown figure prints 未报,
    and the notes say who owes it.
    """
    file = xlsxwriter.Workbook(str(target), {"strings_to_formulas": False, "strings_to_urls": False})
    file.set_properties({"title": _title(edition), "created": edition.published_at.astimezone(dt.UTC)})
    file.set_calc_mode("auto")
    book = Book(file, edition, DOCUMENT, Gaps(edition))
    towns = lists.towns(edition)
    columns = funds(lists.funding_sources(edition))
    shown = [
        _summary(book, "汇总", "", COVERAGE, towns),
        _summary(book, "工程资金汇总", "工程与资金", WORKS, towns),
        *(_villages(book, towns, mode, name) for mode, name in lists.supply_modes(edition).items()),
        _nested(book, "项目台账", PROJECTS, towns, lists.projects(edition, PROJECTS), "ledger"),
        _nested(book, "资金落实", columns, towns, lists.funded_projects(edition, columns), "funds"),
    ]
    explain(book, shown)
    explain_sources(book)
    file.close()


def _title(edition: Edition, what: str = "") -> str:
    return f"{edition.county}农村集中供水攻坚进度表{f'（{what}）' if what else ''}"


def _summary(book: Book, name: str, what: str, columns: Sequence[Column], towns: Mapping[str, str]) -> Sheet:
    """Towns and their key figures; the county first, by supply mode too."""
    edition = book.edition
    sheet = Sheet(book, name, _title(edition, what), columns, {}, _issuer(edition))
    modes = lists.supply_modes(edition)
    first = sheet.body + 1 + len(modes)
    rows = range(first, first + len(towns))
    sheet.label(sheet.body, _ALL, TOTAL, upto=1)
    sheet.figures(sheet.body, {}, rows, TOTAL)
    for row, (mode, mode_name) in enumerate(modes.items(), sheet.body + 1):
        sheet.label(row, f"其中：{mode_name}", SUM, upto=1)
        sheet.figures(row, {"supply_mode": mode}, (), SUM)
    reported = {item: lists.reported_on(edition, table) for item, table in _REPORTED.items()}
    day = edition.facts.report_date
    for number, (row, (code, town)) in enumerate(zip(rows, towns.items(), strict=True), 1):
        sheet.figures(row, {"town_code": code})
        shown = {"no": number, "name": town, **{item: on.get(code) for item, on in reported.items()}}
        for place, column in enumerate(columns):
            if column.item:
                is_old = column.item in _REPORTED and shown[column.item] != day
                sheet.value(row, place, shown[column.item], **({"bg_color": OLD} if is_old else {}))
        sheet.sheet.set_row(row, 30 if len(towns) <= _FEW else 22)
    sheet.row = first + len(towns)
    sheet.notes([*_NOTES[name], *_owed(sheet)])
    sheet.finish(leading=2)
    return sheet


def _villages(book: Book, towns: Mapping[str, str], mode: str, name: str) -> Sheet:
    """The villages of a supply mode under their towns."""
    known = lists.towns_of_mode(book.edition, mode)
    own = {code: town for code, town in towns.items() if code in known}
    return _nested(book, name, VILLAGES, own, lists.villages(book.edition, mode, VILLAGES), "villages", mode)


def _nested(
    book: Book,
    name: str,
    columns: Sequence[Column],
    towns: Mapping[str, str],
    items: Items,
    kind: str,
    mode: str | None = None,
) -> Sheet:
    """A sheet of the county, its towns, and under each what it reports."""
    edition = book.edition
    where = {"supply_mode": mode} if mode else {}
    sheet = Sheet(book, name, _title(edition, name), columns, where, _issuer(edition))
    sheet.label(sheet.body, _ALL, TOTAL)
    town_rows = []
    row = sheet.body + 1
    for code, town in towns.items():
        own = items.get(code, ())
        town_rows.append(row)
        sheet.label(row, f"{town}{_since(own, edition.facts.report_date)}", SUM)
        sheet.figures(row, {"town_code": code}, range(row + 1, row + 1 + len(own)), SUM)
        for number, item in enumerate(own, 1):
            sheet.item(
                row + number, {**item.shown, "no": number}, item.figures, background=LATE if item.is_late else ""
            )
        row += 1 + len(own)
    sheet.figures(sheet.body, {}, town_rows, TOTAL)
    sheet.row = row
    sheet.notes([*_NOTES[kind], *_owed(sheet)])
    leading = next(place for place, column in enumerate(columns) if column.item in ("village", "project_name")) + 1
    sheet.finish(leading=leading, filtered_upto=row - 1)
    return sheet


def _owed(sheet: Sheet) -> list[str]:
    return [f"3. “{UNKNOWN}”的数字待补报：{'；'.join(missing)}。"] if (missing := sheet.missing()) else []


def _since(items: Sequence[lists.Item], day: dt.date) -> str:
    """What is to be said of the report that a town's rows stand in."""
    if not items:
        return f"（{UNKNOWN}）"
    oldest = min(item.reported_on for item in items)
    return f"（数据截至{day_zh(oldest)}）" if oldest != day else ""


def _issuer(edition: Edition) -> str:
    return f"{edition.county}水务局"


_LATE_NOTE = (
    "2. 着色的行为逾期自然村：超过计划完成时间仍未完成，或之后才完成；“备注”栏写明逾期天数。"
    "“未报”为报表中缺的内容，由所在镇补报；“—”表示不适用，或分母为0。"
)
_OWED_NOTE = "2. “未报”为报表中缺的内容，由所在镇补报；“—”表示不适用、尚未到该阶段，或分母为0。"
_OLD_NOTE = "2. “数据截至”栏着色的镇未报本期报表，所列为其最近一期数据；从未报送的为“未报”。“—”表示不适用，或分母为0。"
# The column that says of when a town's report is: the table whose rows stand in it.
_REPORTED = {"reported_on": "fct_coverage", "ledger_on": "fct_project_progress", "funds_on": "fct_funding"}
_NOTES: Mapping[str, Sequence[str]] = {
    "汇总": (
        "注：1. 任务完成率＝完成数÷年度任务数；计划完成率＝完成数÷计划数；各供水方式的供水率均以全县农村人口为分母。"
        "各栏定义见“说明”表。",
        _OLD_NOTE,
    ),
    "工程资金汇总": (
        "注：1. 工程、管网、投资取项目台账，资金取资金落实表；未注明供水方式的资金只计入合计，不计入各供水方式。"
        "水样为本年1月1日以来检测的，不分供水方式。",
        _OLD_NOTE,
    ),
    "villages": (
        "注：1. 镇的数字为所辖自然村之和（任务数取年度任务分解表），全县为各镇之和；逾期、完成均按截至日判定。",
        _LATE_NOTE,
    ),
    "ledger": ("注：1. 取各镇最近一期项目台账；形象进度为镇报数。", _OWED_NOTE),
    "funds": ("注：1. 取各镇最近一期资金落实表；到位率＝到位÷计划，支付率＝支付÷到位。", _OWED_NOTE),
}
