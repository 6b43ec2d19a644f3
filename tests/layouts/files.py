"""Layouts as files."""

import datetime as dt
from dataclasses import replace

from flows.ingest.context import Names
from schemas import forms
from tests.layouts.block import Block, Record, day_text
from tests.layouts.cells import Cell, Place
from tests.layouts.clean import COUNTY, TOWNS
from tests.layouts.headings import corner_units
from tests.layouts.plans import Plan, possible
from tests.layouts.sheets import Layout, Sheet, address
from tests.layouts.writers import WRITERS


def render(wish: Plan) -> Layout:
    """Render a plan, as far as its choices go together."""
    p = possible(wish)
    blocks = [Block(p)]
    if p.page_breaks == "titles":
        blocks = [Block(p, title_rows=len(_titles(blocks[0], blocks)))]
    halves: tuple[int | None, ...] = (None, None)
    if p.two.endswith("halves"):
        halves = (0, 1)
        blocks = [Block(p, half=half) for half in halves]
    elif p.two != "none":
        others = [name for name in forms() if name != p.form]
        second = possible(p.but(form=p.stream("second").choice(others)))
        blocks.append(Block(second if second.two == p.two else second.but(two=p.two)))
    if p.two.startswith("beside"):
        depth = max(block.header_rows for block in blocks)
        blocks = [Block(block.p, depth, half=half) for block, half in zip(blocks, halves, strict=True)]
    day = blocks[0].clean.report_date
    sheets, records = _placed(p, blocks)
    if p.hidden == "sheet":
        sheets.append(replace(sheets[0], name="旧表", is_hidden=True))
    if p.beside == "instructions":
        cells = {
            (0, 0): Cell("填表说明"),
            (1, 0): Cell("一、户数、人口按户籍数填报。"),
            (2, 0): Cell("二、单位负责人签字后报送。"),
        }
        sheets.insert(0, Sheet("填表说明", cells))
    elif p.beside == "empty":
        sheets.append(Sheet("Sheet3"))
    receive = min(day + dt.timedelta(days=p.stream("received").randint(0, 3)), dt.date(day.year, 12, 31))
    towns = frozenset(TOWNS) if p.towns_known else frozenset()
    names = Names("", _file_name(p, blocks), _folders(p, blocks, receive), receive, towns)
    return Layout(p, WRITERS[p.file](sheets), names, records, day, len(blocks))


def _placed(p: Plan, blocks: list[Block]) -> tuple[list[Sheet], list[Record]]:
    sheets: list[Sheet] = []
    records: list[Record] = []
    top, left = p.top, p.left
    for number, block in enumerate(blocks):
        if not sheets or p.two in ("sheets", "sheet_halves"):
            sheets.append(Sheet(_sheet_name(p, block, len(sheets))))
            top, left = p.top, p.left
        sheet = sheets[-1]
        has_titles = not (number and p.two.endswith(("one_title", "beside_halves")))
        lines, height = _titles(block if has_titles else blocks[0], blocks), 0
        if has_titles or p.two.startswith("beside"):
            height = len(lines) + (p.gaps == "above")
        at = (top + height, left)
        for start in (*([top] if has_titles else []), *(at[0] + row for row in block.breaks)):
            for r, line in enumerate(lines):
                for c, text, is_wide in line:
                    sheet.cells[start + r, left + c] = Cell(text)
                    if is_wide and block.width > 1:
                        sheet.merges.append((start + r, left + c, start + r, left + block.width - 1))
        _place(sheet, block, at)
        for record in block.records:
            record.sheet, record.row = sheet.name, record.row + at[0] + 1
            record.cells = {n: address(r + at[0], c + at[1]) for n, (r, c) in record.cells.items()}
            records.append(record)
        if p.two.startswith("beside"):
            # The halves of one table may touch.
            left += block.width + (p.two != "beside_halves" or p.stream("halves").random() < 0.5)
        else:
            top = max(r for r, _ in sheet.cells) + 2 + (p.two == "stacked")
    if p.file in ("csv", "csv_bom", "csv_gb", "tsv_gb", "html"):
        for record in records:
            record.sheet = "Sheet1"
    return sheets, records


def _place(sheet: Sheet, block: Block, at: Place) -> None:
    down, right = at
    for (r, c), cell in block.cells.items():
        formula = cell.formula
        sheet.cells[r + down, c + right] = replace(cell, formula=formula)
    sheet.merges += [(t + down, le + right, b + down, r + right) for t, le, b, r in block.merges]
    sheet.hidden_rows |= {r + down for r in block.hidden_rows}
    sheet.filtered_rows |= {r + down for r in block.filtered_rows}
    sheet.hidden_columns |= {c + right for c in block.hidden_columns}
    if block.filtered_rows:
        bottom = max(r for r, _ in block.cells)
        sheet.filter_range = (
            f"{address(block.header_rows - 1 + down, right)}:{address(bottom + down, right + block.width - 1)}"
        )


def _sheet_name(p: Plan, block: Block, number: int) -> str:
    words = [block.clean.town or ""] if p.town == "sheet" else []
    if p.mode == "sheet" and "supply_mode" in block.info.fields:
        words.append(_mode_words(block))
    is_plain = p.two != "none" or p.stream("sheet").random() < 0.6
    return "".join(words) or (f"Sheet{number + 1}" if is_plain else block.info.title)


def _mode_words(block: Block) -> str:
    vocabulary, code = block.info.fields["supply_mode"].vocabulary, block.clean.entries[0].shared.get("supply_mode")
    if vocabulary is None or code is None:
        return ""
    term = vocabulary.terms[code]
    words: list[str] = [word for word in (term.zh, *term.in_titles.split()) if vocabulary.find(word) == code]
    return block.p.stream("mode words").choice(words)


_ENDINGS = {
    **{"xlsx_1904": "xlsx", "xls_1904": "xls", "spreadsheetml": "xls", "html": "xls"},
    **{"csv_bom": "csv", "csv_gb": "csv", "tsv_gb": "tsv"},
}


def _file_name(p: Plan, blocks: list[Block]) -> str:
    day, town = blocks[0].clean.report_date, next((b.clean.town for b in blocks if b.clean.town), None)
    words = [town or ""] if p.town == "file" else []
    words.append(blocks[0].info.title if p.two == "none" and p.stream("file").random() < 0.5 else "报表")
    if p.date == "file":
        ways = [f"({day.month}.{day.day})", f"{day.month}月{day.day}日", f"（{day.month}月{day.day}日）"]
        words.append(
            p.stream("file date").choice(
                ways if p.year == "missing" else [f"{day:%Y%m%d}", f"{day.year}年{day.month}月{day.day}日"]
            )
        )
    return f"{''.join(words)}.{_ENDINGS.get(p.file, p.file)}"


def _folders(p: Plan, blocks: list[Block], received: dt.date) -> tuple[str, ...]:
    """From the top, as they are in the inbox."""
    town = next((b.clean.town for b in blocks if b.clean.town), None)
    folders = []
    if p.date == "folder":
        folders.append(f"{blocks[0].clean.report_date:%Y-%m-%d}")
    if p.town == "folder" and town:
        folders.append(town)
    return tuple(folders)


def _titles(block: Block, blocks: list[Block]) -> list[list[tuple[int, str, bool]]]:
    """The lines above a table: (column, text, whether merged over the table)."""
    p, clean = block.p, block.clean
    choose = p.stream("titles", p.form)
    day, text = clean.report_date, day_text(p, clean.report_date)
    title = choose.choice((COUNTY, "")) if clean.town is None or p.town == "title" else ""
    if p.town == "title":
        title += next((b.clean.town for b in [block, *blocks] if b.clean.town), None) or ""
    if p.mode == "title" and "supply_mode" in block.info.fields:
        title += _mode_words(block)
    title += block.info.title
    as_of = choose.choice((f"截至{text}", f"截至：{text}", f"截至{text}止"))
    if p.date == "title":
        title += choose.choice((f"（{as_of}）", f"({as_of})"))
    elif p.date == "bracket":
        title += choose.choice((f"（{text}）", f"({text})"))
    line: list[str] = []
    if p.town == "line" and clean.town:
        line.append(
            choose.choice(
                (f"填报单位：{clean.town}人民政府", f"填报单位（盖章）：{clean.town}人民政府", f"填报单位:{clean.town}")
            )
        )
    if p.date == "line":
        line.append(as_of)
    elif p.date == "filled":
        line.append(f"填报日期：{text}")
    if p.units in ("corner", "title") and block.info.spread != "parameter":
        units = corner_units(p)
        named = "、".join(units[d] for d in ("yuan", "km", "households", "persons"))
        if p.units == "corner":
            line.append(f"单位：{named}")
        else:
            title += f"（单位：{named}）"
    lines = [[(0, title, choose.random() < 0.6 and p.file in ("xlsx", "xls", "ods", "html"))]]
    if choose.random() < 0.2 and p.two == "none":
        lines.insert(0, [(0, "附件2：", False)])
    if line and (choose.random() < 0.5 or len(line) > block.width):
        lines += [[(0, piece, False)] for piece in line]
    elif line:
        # From the left to the right edge of the table.
        step = (block.width - 1) // max(len(line) - 1, 1) if len(line) > 1 else 0
        lines.append([(n * step, piece, False) for n, piece in enumerate(line)])
    if p.date == "sheet":
        lines.append([(0, f"{day}", False)])
    return lines
