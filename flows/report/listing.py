"""What `check` found in a file, as lines that a clerk understands."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flows.report.findings import Finding, in_words
from flows.report.widths import width_of

if TYPE_CHECKING:
    from flows.check import CheckedFile, CheckedSheet
    from flows.said import Said

_SEVERITIES = {"zh": {"error": "错误", "warn": "提醒"}, "en": {"error": "error", "warn": "warning"}}
_HEADINGS = {"zh": ("级别", "单元格", "填写为", "问题"), "en": ("severity", "cell", "printed", "problem")}
_WIDEST = 28


def listing(file: "CheckedFile", lang: str) -> str:
    """The file's name, then sheet by sheet what was read, a table of what is wrong, and notes."""
    chinese = lang == "zh"
    lines = [_clean(file.name)]
    if file.read.status != "read":
        words = {
            "refused": ("无法读取", "refused"),
            "unrecognised": ("不是报表", "no form of ours"),
            "duplicate": ("未更正的副本", "an unmended copy"),
        }[file.read.status]
        lines.append(f"  {words[not chinese]}{'：' if chinese else ': '}{_clean(in_words(file.read, lang) or '')}")
    for sheet in file.sheets:
        lines += _sheet_lines(sheet, lang)
    return "\n".join(lines)


def summary(files: Sequence["CheckedFile"], lang: str) -> list[str]:
    """One line over all files."""
    found = [finding.severity for file in files for finding in file.findings]
    errors, warnings, notes = (found.count(severity) for severity in ("error", "warn", "info"))
    rejected = sum(sheet.count("rejected") for file in files for sheet in file.sheets)
    unread = sum(file.read.status in ("refused", "unrecognised") for file in files)
    if lang == "zh":
        rest = f"，无法读取或不是报表 {unread} 个" if unread else ""
        wrong = f"错误 {errors} 条（退回 {rejected} 行），提醒 {warnings} 条，说明 {notes} 条"
        return [f"共核对 {len(files)} 个文件{rest}：{wrong}。"]
    rest = f" ({unread} refused or no form of ours)" if unread else ""
    wrong = f"{errors} errors ({rejected} rows rejected), {warnings} warnings, {notes} notes"
    return [f"{len(files)} files checked{rest}: {wrong}."]


def without_master_list(why: str, warehouse: Path, lang: str) -> str:
    """Say that the rules which need the master list were left out, and why."""
    reasons = {
        "absent": (f"没有 {warehouse}", f"there is no {warehouse}"),
        "locked": (f"{warehouse} 正被另一个程序使用", f"{warehouse} is held by another program"),
        "empty": (f"{warehouse} 中还没有行政区划与户籍基数表", f"{warehouse} holds no master list yet"),
        "unreadable": (f"{warehouse} 无法读取", f"{warehouse} cannot be read"),
    }[why]
    if lang == "zh":
        return f"未核对镇村名称（R06）和户籍人口（R11）：{reasons[0]}。"
    return f"Names (R06) and registered population (R11) were not checked: {reasons[1]}."


def bad_corrections(problems: "Sequence[Said]", lang: str) -> list[str]:
    """Say what is wrong with the table of corrections: those lines are applied to no file."""
    return [said.told(lang) for said in problems]


def _sheet_lines(sheet: "CheckedSheet", lang: str) -> list[str]:
    chinese = lang == "zh"
    name = _clean(sheet.table.sheet)
    if sheet.table.form is None:
        lines = [f"  {name}{'：' if chinese else ': '}{_clean(in_words(sheet.table, lang) or '')}"]
    else:
        lines = [f"  {name}  {_what(sheet, chinese)}"]
    wrong = [finding for finding in sheet.findings if finding.severity != "info"]
    if wrong:
        lines += [f"    {line}" for line in _table(wrong, lang)]
    notes = [finding for finding in sheet.findings if finding.severity == "info"]
    if notes:
        lines.append("    说明" if chinese else "    notes")
        lines += [f"      {(note.place or '').ljust(5)} {_clean(note.message)}" for note in notes]
    if sheet.table.form and not wrong:
        lines.append("    没有发现问题。" if chinese else "    nothing wrong was found.")
    return lines


def _what(sheet: "CheckedSheet", chinese: bool) -> str:
    from schemas import forms

    form = forms()[str(sheet.table.form)]
    accepted, rejected, doubled = (sheet.count(state) for state in ("accepted", "rejected", "duplicate"))
    day = sheet.table.report_date
    if chinese:
        rows = f"可入库 {accepted} 行" + (f"，退回 {rejected} 行" if rejected else "")
        rows += f"，重复 {doubled} 行" if doubled else ""
        said = [form.title, sheet.town, f"截至 {day}"]
        return _clean(" · ".join(part for part in said if part) + f"：{rows}")
    rows = f"{accepted} rows good" + (f", {rejected} rejected" if rejected else "")
    rows += f", {doubled} double" if doubled else ""
    said = [form.name, sheet.town, f"as of {day}"]
    return _clean(" · ".join(part for part in said if part) + f": {rows}")


def _table(findings: Sequence[Finding], lang: str) -> list[str]:
    blank = "（空）" if lang == "zh" else "(blank)"
    where = "第{}行" if lang == "zh" else "row {}"
    cells = [_HEADINGS[lang]]
    for finding in findings:
        place = finding.cell or (where.format(finding.row) if finding.row else "")
        shown = _clean(finding.printed) if finding.printed else blank
        cells.append((_SEVERITIES[lang][finding.severity], place, _cut(shown), _clean(finding.message)))
    widths = [max(width_of(line[column]) for line in cells) for column in range(3)]
    return [
        "  ".join(
            (*(text + " " * (width - width_of(text)) for text, width in zip(line[:3], widths, strict=True)), line[3])
        )
        for line in cells
    ]


def _clean(text: str) -> str:
    """Text of a stranger's file without what would steer a terminal."""
    return "".join(character if character.isprintable() else " " for character in text)


def _cut(text: str) -> str:
    if width_of(text) <= _WIDEST:
        return text
    while width_of(text) > _WIDEST - 1:
        text = text[:-1]
    return f"{text}…"
