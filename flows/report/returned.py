"""The annotated copy of a workbook that a town gets back: comments and colours on the cells, a list of issues first.

An Excel workbook keeps its looks (openpyxl copies it; text boxes, pictures and stored formula results are lost, and the
first sheet says so). Of any other format, and where openpyxl cannot take a workbook, the copy holds the values at the
same addresses. The original is only ever read.
"""

import hashlib
import io
import re
import zipfile
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from openpyxl import Workbook, load_workbook
from openpyxl.cell.cell import Cell, MergedCell
from openpyxl.comments import Comment
from openpyxl.packaging.custom import CustomPropertyList, StringProperty
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.hyperlink import Hyperlink
from openpyxl.worksheet.worksheet import Worksheet

from flows.durable import write_whole
from flows.ingest.archive import Archive
from flows.ingest.grid import Grid, Uncached, parse_range, read_workbook
from flows.ingest.guard import Kind, Limits, sniff
from flows.ingest.own_copy import PART, PROPERTY, OwnCopy, data_digest, own_copy
from flows.ingest.values import printed
from flows.report.findings import Finding
from flows.report.plain_copy import (
    MOST_CHARACTERS,
    fit_to_page,
    keep_as_text,
    legible,
    sheet_title,
    values_of,
    write,
    write_text,
)
from flows.report.private_copy import AUTHOR, Private
from flows.report.widths import width_of
from schemas.personal import without_numbers

LIST_SHEETS = ("问题清单", "问题清单（系统）", "问题清单（系统2）")
COLOURS = {"error": "FFFF9C9C", "warn": "FFFFE699", "info": "FFBDD7EE"}
SEVERITIES = {
    "zh": {"error": "错误", "warn": "提醒", "info": "提示"},
    "en": {"error": "error", "warn": "warning", "info": "note"},
}
_ORDER = ("error", "warn", "info")
_FONT = "宋体"
# A formula that reaches into another file: the copy carries the value that was stored.
_EXTERNAL = re.compile(r"\[[^\]]+\][^!]*!|^=?\s*(?:DDE|WEBSERVICE|HYPERLINK)\b|\|", re.IGNORECASE)
_MERGE = re.compile(rb"<(?:\w+:)?mergeCell\s[^>]*?ref=[\"']([^\"']*)[\"']")
_MOST_MERGED_CELLS = 200_000
_WIDTHS = {"A": 8, "B": 16, "C": 9, "D": 24, "E": 60, "F": 40}

WORDS = {
    "zh": {
        "title": "《{name}》的问题清单",
        "counts": "错误 {error} 条（红色，所在行未入库），提醒 {warn} 条（黄色，请核实），"
        "提示 {info} 条（蓝色，仅供参考）。",
        "how": "点击“单元格”一栏可跳到该处，批注写明问题。请直接在本文件或原文件中更正后重新报送；本页不必删除。",
        "copied": "本文件是系统生成的批注副本，原文件未作任何改动。公式的结果须由Excel或WPS打开后重新计算；"
        "文本框、图片和外部链接未保留。",
        "values": "原文件为{kind}格式，本文件只保留各单元格的数值，位置与原文件相同；格式和公式未保留。"
        "原文件未作任何改动。",
        "private": "为保护个人信息，责任人、联系电话、填报人等已用×隐去，批注、页眉页脚、图表未保留。不必补填："
        "更正后报送本文件，隐去的内容仍按原文件读取。",
        "columns": "级别 工作表名 单元格 现填写为 错在哪里 怎样更正",
        "row": "第{row}行",
    },
    "en": {
        "title": "What to mend in {name}",
        "counts": "{error} errors (red, the row was not loaded), {warn} warnings (yellow, please check), "
        "{info} notes (blue).",
        "how": "Click a cell's address to go there; its comment says what is wrong. Mend it here or in your own file "
        "and send it again; this sheet may stay.",
        "copied": "This is an annotated copy; your file was not touched. Formula results return when Excel or WPS "
        "opens it; text boxes, pictures and links to other files were not kept.",
        "values": "Your file is {kind}: this copy holds the values at the same addresses, without looks and formulas. "
        "Your file was not touched.",
        "private": "Names and telephone numbers of persons are hidden (×); comments, headers, footers and charts were "
        "not kept. There is no need to fill them in: when you send this copy, they are read as in your file.",
        "columns": "severity sheet cell printed problem todo",
        "row": "row {row}",
    },
}
_KINDS = {Kind.XLS: ".xls", Kind.ODS: ".ods", Kind.FLAT_ODS: ".fods", Kind.HTML: "HTML", Kind.TEXT: "csv"}


def annotate(
    data: bytes,
    name: str,
    findings: Sequence[Finding],
    target: Path,
    lang: str = "zh",
    limits: Limits | None = None,
    *,
    values_only: bool = False,
    is_private: bool = False,
) -> None:
    """Write the annotated copy of a workbook.

    Parameters
    ----------
    data, name : bytes, str
        The file as it was sent.
    findings : sequence of Finding
        What is wrong with it.
    target : pathlib.Path
        Where the copy goes (.xlsx); its folder is made, a file there is replaced.
    lang : str
        Of the first sheet.
    limits : Limits, optional
        What reading the file may take.
    values_only : bool
        Carry over values only, also of an Excel workbook.
    is_private : bool
        Hide persons: others than the sender may see the copy.

    Raises
    ------
    Refused
        The file cannot or must not be read.
    OSError
        The target cannot be written.
    """
    limits = limits or Limits()
    grids = read_workbook(data, name, limits)  # openpyxl is only handed what this accepts
    kind, earlier = sniff(data, name), own_copy(data, limits)
    private = Private.of(grids) if is_private else None
    keeps_looks = kind == Kind.XLSX and not values_only and _merged_cells(data, limits) <= _MOST_MERGED_CELLS
    book = _as_it_looks(data, grids, earlier, private) if keeps_looks else None
    if private:
        name, grids, findings = without_numbers(name), private.grids, list(map(private.finding, findings))
    findings = [_with_printed(finding, grids) for finding in findings]
    words, original = WORDS[lang], hashlib.sha256(data).hexdigest()
    hidden = words["private"] if private else ""
    copy = _annotated(book, name, findings, words["copied"] + hidden, original, lang, limits) if book else b""
    if not copy or (private and private.is_left_in(copy)):
        said = words["values"].format(kind=_KINDS.get(kind, "Excel")) + hidden
        book = values_of([grid for grid in grids if not earlier or grid.name != earlier.list_sheet])
        copy = _annotated(book, name, findings, said, original, lang, limits)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_whole(target, copy)


def _as_it_looks(data: bytes, grids: Sequence[Grid], earlier: OwnCopy | None, private: Private | None) -> Workbook:
    """The workbook without what reaches out of it, what an earlier copy put on, and what is nobody's business."""
    book = load_workbook(io.BytesIO(data), keep_links=False)
    _make_harmless(book, grids)
    if earlier:
        _take_off_marks(book, earlier)
    if private:
        private.take_out(book, [grid.name for grid in grids])
    return book


def _annotated(
    book: Workbook, name: str, findings: Sequence[Finding], said: str, original: str, lang: str, limits: Limits
) -> bytes:
    """The bytes of a workbook with comments, list and mark put on."""
    list_sheet = next(title for title in LIST_SHEETS if title not in book.sheetnames)
    _mark_cells(book, findings, lang)
    _write_list(book, list_sheet, name, findings, said, lang)
    return _marked(book, original, list_sheet, limits)


def _with_printed(finding: Finding, grids: Sequence[Grid]) -> Finding:
    """A finding with what its cell prints, where it does not say so itself."""
    place = parse_range(finding.cell) if finding.cell and finding.printed is None else None
    grid = next((grid for grid in grids if grid.name == finding.sheet), None)
    if place is None or grid is None:
        return finding
    value = grid.at(place.top, place.left)
    is_percent = (place.top, place.left) in grid.percents and isinstance(value, int | float)
    return replace(finding, printed=f"{value:.10%}".rstrip("0%").rstrip(".") + "%" if is_percent else printed(value))


def _merged_cells(data: bytes, limits: Limits) -> int:
    """How many cells are merged as the file says it: openpyxl makes an object of each, also beyond what is used."""
    archive, total = Archive(data, limits), 0
    with zipfile.ZipFile(io.BytesIO(data)) as names:
        sheets = [name for name in names.namelist() if "worksheets/" in name and name.endswith(".xml")]
    for name in sheets:
        for ref in _MERGE.findall(archive.read(name)):
            merge = parse_range(ref.decode("ascii", "replace"))
            total += (merge.bottom - merge.top + 1) * (merge.right - merge.left + 1) if merge else 0
    return total


def _cells(sheet: Worksheet) -> list[Cell | MergedCell]:
    """The cells that are there; iterating over rows would make one of every blank up to the farthest."""
    return list(sheet._cells.values())


# --- the workbook -----------------------------------------------------------------------------------------------------


def _make_harmless(book: Workbook, grids: Sequence[Grid]) -> None:
    """Formulas and names that reach out of the workbook are replaced by what they showed, or left out; texts stay."""
    by_name = {grid.name: grid for grid in grids}
    for sheet in book.worksheets:
        grid = by_name.get(sheet.title, Grid(sheet.title))
        for cell in _cells(sheet):
            if isinstance(cell, Cell) and cell.data_type == "f" and _reaches_out(cell):
                shown = grid.at(cell.row - 1, cell.column - 1)
                write(cell, None if isinstance(shown, Uncached) else shown)
            elif isinstance(cell, Cell) and cell.data_type == "s":
                keep_as_text(cell)
            if cell.hyperlink is not None and cell.hyperlink.target:
                cell.hyperlink = None
    for names in (book.defined_names, *(sheet.defined_names for sheet in book.worksheets)):
        for title in [title for title, name in names.items() if "[" in str(name.value) or "|" in str(name.value)]:
            del names[title]


def _reaches_out(cell: Cell) -> bool:
    """Whether a formula (an array formula carries its text) reaches into another file or program."""
    return bool(_EXTERNAL.search(str(getattr(cell.value, "text", cell.value))))


def _take_off_marks(book: Workbook, earlier: OwnCopy) -> None:
    """What an earlier copy of ours put on: its list, comments, colours, its mark."""
    if earlier.list_sheet in book.sheetnames and len(book.sheetnames) > 1:
        del book[earlier.list_sheet]
    colours = set(COLOURS.values())
    for sheet in book.worksheets:
        for cell in _cells(sheet):
            if cell.comment and cell.comment.author == AUTHOR:
                cell.comment = None
                if cell.fill.fill_type == "solid" and cell.fill.start_color.rgb in colours:
                    cell.fill = PatternFill()
    properties: CustomPropertyList[StringProperty] = book.custom_doc_props  # type: ignore[attr-defined]
    if PROPERTY in properties.names:
        del properties[PROPERTY]


# --- comments and the list --------------------------------------------------------------------------------------------


def _mark_cells(book: Workbook, findings: Iterable[Finding], lang: str) -> None:
    at: dict[tuple[str, str], list[Finding]] = defaultdict(list)
    for finding in findings:
        if finding.cell:
            at[finding.sheet, finding.cell].append(finding)
    for (sheet, address), found in at.items():
        title = sheet if sheet in book.sheetnames else sheet_title(sheet, ())
        cell = book[title][address] if title in book.sheetnames else None
        if not isinstance(cell, Cell):
            continue
        found.sort(key=lambda finding: _ORDER.index(finding.severity))
        text = "\n".join(f"【{SEVERITIES[lang][one.severity]}】{one.message}" for one in found)
        if cell.comment and cell.comment.author != AUTHOR:
            text = f"{cell.comment.text}\n{text}"
        text = legible(text)[:MOST_CHARACTERS]
        lines = sum(len(line) // 22 + 1 for line in text.splitlines())
        cell.comment = Comment(text, AUTHOR, width=320, height=min(24 + 19 * lines, 400))
        cell.fill = PatternFill("solid", start_color=COLOURS[found[0].severity])


def _write_list(book: Workbook, title: str, name: str, findings: Sequence[Finding], said: str, lang: str) -> None:
    words = WORDS[lang]
    sheet = book.create_sheet(title, 0)
    for other in book.worksheets[1:]:
        other.sheet_view.tabSelected = False
    book.active = 0
    counts = {severity: sum(one.severity == severity for one in findings) for severity in _ORDER}
    top = (words["title"].format(name=name), words["counts"].format(**counts), words["how"], said)
    for row, text in enumerate(top, start=1):
        sheet.merge_cells(start_row=row, start_column=1, end_row=row, end_column=len(_WIDTHS))
        write_text(sheet.cell(row, 1), text)
        sheet.cell(row, 1).alignment, sheet.cell(row, 1).font = Alignment(wrap_text=True, vertical="top"), Font(_FONT)
        sheet.row_dimensions[row].height = 18 * (width_of(text) // 150 + 1)
    sheet.cell(1, 1).font = Font(_FONT, bold=True, size=14)
    sheet.row_dimensions[1].height = 24
    head = len(top) + 2
    for column, heading in enumerate(words["columns"].split(), start=1):
        sheet.cell(head, column, heading).font = Font(_FONT, bold=True)
        sheet.cell(head, column).fill = PatternFill("solid", start_color="FFD9D9D9")
    ordered = sorted(findings, key=lambda one: _ORDER.index(one.severity))
    for row, finding in enumerate(ordered, start=head + 1):
        _write_line(book, sheet, row, finding, lang)
    for letter, width in _WIDTHS.items():
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = f"A{head + 1}"
    sheet.auto_filter.ref = f"A{head}:{get_column_letter(len(_WIDTHS))}{head + max(len(ordered), 1)}"
    fit_to_page(sheet)


def _write_line(book: Workbook, sheet: Worksheet, row: int, finding: Finding, lang: str) -> None:
    problem, todo = _divided(finding.message, lang)
    place = finding.cell or (WORDS[lang]["row"].format(row=finding.row) if finding.row else "")
    texts = (SEVERITIES[lang][finding.severity], finding.sheet, place, finding.printed or "", problem, todo)
    for column, text in enumerate(texts, start=1):
        cell = sheet.cell(row, column)
        write_text(cell, text)
        cell.alignment, cell.font = Alignment(wrap_text=True, vertical="top"), Font(_FONT)
    sheet.cell(row, 1).fill = PatternFill("solid", start_color=COLOURS[finding.severity])
    lines = max(-(-width_of(text) // (width - 2)) for text, width in zip(texts, _WIDTHS.values(), strict=True))
    sheet.row_dimensions[row].height = 15 * max(lines, 1) + 2
    title = finding.sheet if finding.sheet in book.sheetnames else sheet_title(finding.sheet, ())
    if finding.place and title in book.sheetnames:
        link = sheet.cell(row, 3)
        quoted = title.replace("'", "''")
        link.hyperlink = Hyperlink(ref=link.coordinate, location=f"'{quoted}'!{finding.place}")
        link.font = Font(_FONT, color="FF0563C1", underline="single")


def _divided(message: str, lang: str) -> tuple[str, str]:
    """What is wrong, and what to do: the last sentence, where it asks for something."""
    pattern = r"^(.*[。？！])(请.*)$" if lang == "zh" else r"^(.*?[.:;]) ?((?:Please|Use|Fill|Keep|Delete|check)\b.*)$"
    match = re.match(pattern, message, re.DOTALL)
    return (match[1], match[2]) if match else (message, "")


# --- the mark ---------------------------------------------------------------------------------------------------------


def _marked(book: Workbook, original: str, list_sheet: str, limits: Limits) -> bytes:
    """The workbook's bytes with its mark, which holds a digest of the copy's data as it will be read back."""
    blank = OwnCopy(original, "0" * 64, list_sheet)
    properties: CustomPropertyList[StringProperty] = book.custom_doc_props  # type: ignore[attr-defined]
    properties.append(StringProperty(name=PROPERTY, value=str(blank)))
    saved = io.BytesIO()
    book.save(saved)
    digest = data_digest(read_workbook(saved.getvalue(), "copy.xlsx", limits), list_sheet)
    marked = io.BytesIO()
    with zipfile.ZipFile(saved) as source, zipfile.ZipFile(marked, "w", zipfile.ZIP_DEFLATED) as target:
        for entry in source.infolist():
            content = source.read(entry)
            if entry.filename == PART:
                content = content.replace(b"0" * 64, digest.encode())
            target.writestr(entry, content)
    return marked.getvalue()
