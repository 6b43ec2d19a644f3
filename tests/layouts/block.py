"""The body of a table: rows, sections, totals, notes, repeated headers."""

import datetime as dt
import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import groupby
from typing import Any

from tests.layouts.cells import Cell, Place, null_cell, shown_cell, unreadable_cell
from tests.layouts.clean import Entry, clean_table
from tests.layouts.headings import Column, columns_of, spelling_of
from tests.layouts.plans import Plan


@dataclass
class Record:
    """What a careful clerk reads from one row (and one group of its columns)."""

    form: str
    sheet: str
    row: int
    values: dict[str, Any]
    # 0-based places, until they are addresses.
    cells: dict[str, Any]
    town: str | None
    # Fields whose cells print no value of theirs.
    unread: set[str] = field(default_factory=set)


class Block:
    """A table without its titles, from its own top left corner."""

    def __init__(self, p: Plan, depth: int = 1, *, half: int | None = None, title_rows: int = 0) -> None:
        self.p, self.clean = p, clean_table(p)
        self.columns = columns_of(p, self.clean)
        if half is not None:
            middle = len(self.clean.entries) // 2
            self.clean.entries = self.clean.entries[middle:] if half else self.clean.entries[:middle]
        # Header rows at least, where another table stands beside.
        self.depth = depth
        # How many rows the titles take where they are repeated, and where they then begin.
        self.title_rows = title_rows
        self.breaks: list[int] = []
        self.info = self.clean.info
        self.cells: dict[Place, Cell] = {}
        self.merges: list[tuple[int, int, int, int]] = []
        self.hidden_rows: set[int] = set()
        self.filtered_rows: set[int] = set()
        self.records: list[Record] = []
        self.row = 0
        self.said: dict[str, tuple[Any, Place]] = {}
        self.unread: set[str] = set()
        # The cells of the row whose parts stand beneath it.
        self.whole: dict[str, Place] = {}
        self.spread_is_wide = bool(self.info.spread) and p.spread not in ("long", "parts")
        self._header()
        self.header_rows = self.row
        self._body()
        if p.transposed:
            self._transpose()
        self.hidden_columns = {c for c, column in enumerate(self.columns) if column.is_hidden}

    @property
    def width(self) -> int:
        return max(c for _, c in self.cells) + 1

    def _put(self, column: int, cell: Cell | None, row: int | None = None) -> Place:
        place = (self.row if row is None else row, column)
        if cell is not None:
            self.cells[place] = cell
        return place

    # --- header

    def _header(self) -> None:
        p, depth = self.p, max(self.depth, *(len(column.path) for column in self.columns))
        top = self.row
        for c, column in enumerate(self.columns):
            for level, text in enumerate(column.path[:-1]):
                path = column.path[: level + 1]
                begins = (
                    c == 0
                    or self.columns[c - 1].path[: level + 1] != path
                    or len(self.columns[c - 1].path) == level + 1
                )
                if not begins:
                    continue
                end = c
                while (
                    end + 1 < len(self.columns)
                    and self.columns[end + 1].path[: level + 1] == path
                    and len(self.columns[end + 1].path) > level + 1
                ):
                    end += 1
                self._put(c, Cell(text), top + level)
                if end > c and p.groups == "merged":
                    self.merges.append((top + level, c, top + level, end))
            level = len(column.path) - 1
            at = depth - 1 if p.singles == "bottom" else level
            self._put(c, Cell(column.path[-1]), top + at)
            if p.singles == "merged" and level < depth - 1:
                self.merges.append((top + level, c, top + depth - 1, c))
        self.row += depth
        self.bottom_of_header = self.row - 1
        if any(column.row_unit for column in self.columns):
            for c, column in enumerate(self.columns):
                self._put(c, Cell(column.row_unit) if column.row_unit else None)
            self.row += 1
        if p.steps != "none" and len(self.columns) > 3:
            for c, step in enumerate(_steps(p.steps, len(self.columns))):
                self._put(c, Cell(step))
            self.row += 1

    # --- rows

    def _body(self) -> None:
        p, rows = self.p, self._rows()
        if p.limits:
            self._limits()
        if p.totals == "first":
            self._total("合计", rows)
        if p.gaps == "between":
            self.row += p.stream("gap").choice((0, 1))
        sections = {
            n for n in ("supply_mode", "town") if getattr(p, "mode" if n == "supply_mode" else "town") == "section"
        }
        sections &= {*self.clean.entries[0].shared, *([self.info.spread] if not self.spread_is_wide else [])}
        number = 0
        by = min(sections, default="")
        for key, members in groupby(rows, key=lambda row: row[1] if by == self.info.spread else row[0].shared.get(by)):
            section = list(members)
            if sections:
                number += 1
                self._section(by, key, number, section)
            if len(sections) < 2:
                self._committees(section, rows)
                continue
            # 一、镇级水厂扩网工程 over （一）沙田镇.
            outer = dict(self.said)
            for place, (town, of_town) in enumerate(groupby(section, key=lambda row: row[0].shared["town"]), 1):
                group = list(of_town)
                self._section("town", town, place, group, is_inner=True)
                self.said |= outer
                self._committees(group, rows)
        if p.totals in ("last", "nested_last"):
            self._total(p.stream("total").choice(("合计", "总计", "合  计", "全镇合计")), rows)
        self._below()

    def _rows(self) -> list[tuple[Entry, str | None]]:
        if not self.info.spread or self.spread_is_wide:
            return [(entry, None) for entry in self.clean.entries]
        rows = [(entry, code) for entry in self.clean.entries for code in entry.groups]
        is_sectioned = self.p.mode == "section" and self.info.spread == "supply_mode"
        return sorted(rows, key=lambda row: str(row[1])) if is_sectioned else [*rows]

    def _committees(
        self, section: Sequence[tuple[Entry, str | None]], rows: Sequence[tuple[Entry, str | None]]
    ) -> None:
        p = self.p
        for committee, members in groupby(section, key=lambda row: row[0].shared.get("village_committee")):
            group = list(members)
            is_nested = p.totals.startswith("nested") and committee and len(group) > 1
            label = p.stream("label", committee).choice(("小计", f"{committee}小计"))
            if is_nested and p.totals == "nested_first":
                self._total(label, group)
            start = self.row
            for place, row in enumerate(group):
                half = rows.index(row) == len(rows) // 2 and len(rows) > 1
                if half and p.page_breaks != "none" and place:
                    self._fill(group[:place], start)
                    self._repeat_header()
                    self._data_rows(group[place:])
                    break
                if half and p.page_breaks != "none":
                    self._repeat_header()
                    start = self.row
                self._data(row)
                if half and p.hidden == "row":
                    self._hidden_copy()
                if p.gaps == "between" and p.fill != "merged" and p.stream("gap", self.row).random() < 0.4:
                    self.row += 1
            else:
                self._fill(group, start)
            if is_nested and p.totals == "nested_last":
                self._total(label, group)

    def _data_rows(self, group: Sequence[tuple[Entry, str | None]]) -> None:
        start = self.row
        for row in group:
            self._data(row)
        self._fill(group, start)

    def _data(self, row: tuple[Entry, str | None]) -> None:
        entry, code = row
        choose = self.p.stream("cells", self.p.form, self.row)
        told: dict[str | None, tuple[dict[str, Any], dict[str, Place]]] = {None: ({}, {})}
        if self.p.spread == "parts" and code == next(iter(entry.groups)):
            self._whole(entry, choose)
        self.unread = set()
        for c, column in enumerate(self.columns):
            values, cells = told.setdefault(column.group, ({}, {}))
            self._cell(c, column, entry, code, choose, values, cells)
        shared, places = told.pop(None)
        for name, (value, place) in self.said.items():
            shared[name], places[name] = value, place
        if self.p.mode in ("sheet", "title") and "supply_mode" in entry.shared:
            shared["supply_mode"] = entry.shared["supply_mode"]
        self._expect(entry, code, shared, places, told)
        if self.p.hidden == "filter" and choose.random() < 0.5:
            self.filtered_rows.add(self.row)
        self.row += 1

    def _cell(
        self,
        c: int,
        column: Column,
        entry: Entry,
        code: str | None,
        choose: random.Random,
        values: dict[str, Any],
        cells: dict[str, Place],
    ) -> None:
        name, year = column.name, self.clean.report_date.year
        group = entry.groups.get(column.group or code or "", {})
        if column.kind == "ordinal":
            self._put(c, Cell(len(self.records) + 1))
            return
        if column.kind == "extra":
            is_sum = column.group is None and column.name
            texts = ("12", "否", "113.52", "DN20", "3")
            self._put(c, Cell(choose.choice(texts)) if not is_sum else self._sum_of_groups(entry, name, column))
            return
        if column.kind == "pair":
            both = entry.shared[name], entry.shared[column.other]
            marks = choose.choice(("/", "／", "/"))
            cells[name] = cells[column.other] = self._put(c, Cell(f"{both[0]}{marks}{both[1]}"))
            values[name], values[column.other] = both
            return
        value = self._value(column, entry, code, group)
        if column.kind == "tick":
            if value == column.other:
                cells[name] = self._put(c, Cell(self.p.stream("tick").choice(("√", "●", "○", 1))))
            values[name] = value
            return
        if column.kind == "part":
            values[name] = value
            if value is not None:
                self._put(c, Cell({"年": value.year, "月": value.month, "日": value.day}[column.other]))
            return
        if self.whole and value is not None and self.info.fields[name].fill_down:
            values[name], cells[name] = value, self.whole[name]
            if name == "project_name":
                word = spelling_of(choose, self.info.fields[str(self.info.spread)].vocabulary, str(code))
                self._put(c, Cell(choose.choice(("其中：", "其中:", "")) + word))
            return
        if column.name == "natural_village" and self.p.committee == "with_village":
            cells["village_committee"] = cells[name] = self._put(c, Cell(f"{entry.shared['village_committee']}{value}"))
            values["village_committee"], values[name] = entry.shared["village_committee"], value
            return
        if name == "value":
            values["is_below_detection"] = bool(group.get("is_below_detection"))
            if "unit" not in self.clean.shown and group:
                values["unit"] = column.unit or column.row_unit
            if values["is_below_detection"]:
                values[name] = None
                self._put(c, Cell(choose.choice(("<0.02", "＜0.05", "未检出", "ND", "低于检出限", "<0.005"))))
                return
        described = self.info.fields[name.rpartition(".")[2]]
        if column.group is None and (unreadable := unreadable_cell(self.p, described, choose)):
            values[name], cells[name] = None, self._put(c, unreadable)
            self.unread.add(name)
            if name == "value":
                values["is_below_detection"] = None
            return
        values[name] = value
        if value is None and column.group and not group:
            self._put(c, null_cell(self.p, choose) if choose.random() < 0.7 or not self.info.zero_is_none else Cell(0))
            return
        cells[name] = self._put(c, shown_cell(self.p, self.info, column, name, value, choose, year))

    def _whole(self, entry: Entry, choose: random.Random) -> None:
        """The row of the sums of an entry's parts: what they share stands here."""
        self.whole = {}
        for c, column in enumerate(self.columns):
            described = self.info.fields.get(column.name)
            if column.kind == "ordinal":
                self._put(c, Cell(len(self.records) + 1))
            elif column.kind == "field" and described and described.fill_down:
                value, year = entry.shared.get(column.name), self.clean.report_date.year
                cell = shown_cell(self.p, self.info, column, column.name, value, choose, year)
                self.whole[column.name] = self._put(c, cell)
        self._sums([(entry, code) for code in entry.groups])
        self.row += 1

    def _limits(self) -> None:
        """限值 over the results: a row that is no sample."""
        choose = self.p.stream("limits")
        place = next((c for c, column in enumerate(self.columns) if self._is_label(column)), None)
        if place is None:
            return
        self._put(place, Cell(choose.choice(("限值", "标准限值", "国标限值", "标准值"))))
        for c, column in enumerate(self.columns):
            if column.group:
                self._put(c, Cell(choose.choice(("≤1", 0.3, "6.5～8.5", "不得检出", 100))))
        self.row += 1

    def _value(self, column: Column, entry: Entry, code: str | None, group: dict[str, Any]) -> Any:
        if column.name == self.info.spread and not self.spread_is_wide:
            return code
        return group.get(column.name) if column.name in self.info.measures else entry.shared.get(column.name)

    def _sum_of_groups(self, entry: Entry, name: str, column: Column) -> Cell:
        figures = [group.get(name) or 0 for group in entry.groups.values()]
        return Cell(float(sum(Decimal(figure) for figure in figures)))

    def _expect(
        self,
        entry: Entry,
        code: str | None,
        shared: dict[str, Any],
        places: dict[str, Place],
        told: dict[str | None, tuple[dict[str, Any], dict[str, Place]]],
    ) -> None:
        town = entry.shared.get("town")
        if not self.spread_is_wide:
            spread = {self.info.spread: code} if self.info.spread and self.info.spread not in shared else {}
            self._record({**shared, **spread}, places, town)
            return
        groups = {group: told[group] for group in told if group in entry.groups}

        def tells(values: dict[str, Any]) -> bool:
            return bool(values.get("is_below_detection")) or any(values.get(n) is not None for n in self.info.measures)

        def is_more_than_zero(values: dict[str, Any]) -> bool:
            return any(values.get(n) for n in self.info.measures)

        groups = {group: found for group, found in groups.items() if tells(found[0])}
        if self.info.zero_is_none and any(is_more_than_zero(values) for values, _ in groups.values()):
            groups = {group: found for group, found in groups.items() if is_more_than_zero(found[0])}
        for group, (values, cells) in groups.items():
            self._record({**shared, **values, str(self.info.spread): group}, {**places, **cells}, town)

    def _record(self, values: dict[str, Any], places: dict[str, Place], town: str | None) -> None:
        if self.info.name == "baseline":
            path = next(c.path for c in self.columns if "rural_population" in (c.name, c.other))
            # Of 常住户数/户籍人口 the half that counts the people; of 常住户数/人口 what the other half says.
            words = ("".join(part.split()) for part in (path[-1].rpartition("/")[2], "".join(path)))
            codes = (("户籍", "registered"), ("常住", "resident"))
            values["population_basis"] = next((code for text in words for word, code in codes if word in text), None)
        self.records.append(
            Record(
                self.info.name, "", self.row, values, places, town if "town" in self.info.fields else None, self.unread
            )
        )

    def _fill(self, group: Sequence[tuple[Entry, str | None]], start: int) -> None:
        """Print what repeats down the rows once, or merge it; the group's rows stand one under the other."""
        if self.p.fill == "repeated" or len(group) < 2 or self.row - start < len(group):
            return
        for c, column in enumerate(self.columns):
            described = self.info.fields.get(column.name)
            if column.kind != "field" or column.group or not (described and described.fill_down):
                continue
            rows = [row for row in range(start, self.row) if any(r.row == row for r in self.records)]
            values = {row: next(r for r in self.records if r.row == row).values.get(column.name) for row in rows}
            for value, run in groupby(rows, key=values.__getitem__):
                first, *rest = run
                if value is None or not rest or (self.p.fill == "merged" and rest[-1] - first != len(rest)):
                    continue
                for row in rest:
                    self.cells.pop((row, c), None)
                for record in self.records:
                    if record.row in rest and record.cells.get(column.name) == (record.row, c):
                        record.cells[column.name] = (first, c)
                if self.p.fill == "merged":
                    self.merges.append((first, c, rest[-1], c))

    def _section(
        self, name: str, value: Any, number: int, rows: Sequence[tuple[Entry, str | None]], *, is_inner: bool = False
    ) -> None:
        p, described = self.p, self.info.fields[name]
        choose = p.stream("section", name, value)
        label = spelling_of(choose, described.vocabulary, value) if described.vocabulary else str(value)
        if described.vocabulary and not label.endswith("程") and choose.random() < 0.5:
            label += "工程"
        numeral = "一二三四五六七八九十"[number - 1]
        has_figures = p.section_totals != "none"
        if p.section_totals == "subtotal":
            label += choose.choice(("小计", "合计"))
        first = next((c for c, column in enumerate(self.columns) if self._is_label(column)), 0) if has_figures else 0
        if p.section == "beside" and self.columns[0].kind == "ordinal" and len(self.columns) > 1:
            beside = next((c for c, column in enumerate(self.columns) if c and self._is_label(column)), 1)
            self._put(0, Cell(numeral if choose.random() < 0.5 else f"（{numeral}）"))
            place = self._put(beside, Cell(label))
        elif p.section == "merged":
            place = self._put(first, Cell(label if not has_figures else f"{numeral}、{label}"))
            end = first
            while end + 1 < len(self.columns) and (
                not has_figures
                or (self.columns[end + 1].kind == "field" and not self._is_figure(self.columns[end + 1]))
            ):
                end += 1
            if end > first:
                self.merges.append((self.row, first, self.row, end))
        else:
            numbering = f"（{numeral}）" if p.section == "bracketed" or is_inner else f"{numeral}、"
            place = self._put(first, Cell(numbering + label))
        if has_figures:
            self._sums(rows)
        self.said = {name: (value, place)}
        self.row += 1

    def _is_figure(self, column: Column) -> bool:
        described = self.info.fields.get(column.name.rpartition(".")[2])
        return column.kind != "ordinal" and (described is None or described.kind in ("count", "decimal", "date"))

    def _is_label(self, column: Column) -> bool:
        """Whether a label of a section or total may stand in a column: the running number's, or one of names."""
        described = self.info.fields.get(column.name)
        return column.kind == "ordinal" or bool(
            column.kind == "field"
            and described
            and described.kind == "text"
            and (described.required or described.fill_down)
        )

    def _total(self, label: str, rows: Sequence[tuple[Entry, str | None]]) -> None:
        place = next((c for c, column in enumerate(self.columns) if self._is_label(column)), None)
        if place is None:
            return
        self._put(place, Cell(label))
        self._sums(rows)
        self.row += 1

    def _sums(self, rows: Sequence[tuple[Entry, str | None]]) -> None:
        for c, column in enumerate(self.columns):
            described = self.info.fields.get(column.name.rpartition(".")[2])
            if column.kind == "pair":
                both = [sum(entry.shared[name] for entry, _ in rows) for name in (column.name, column.other)]
                self._put(c, Cell("/".join(map(str, both))))
                continue
            if (
                column.kind != "field"
                or described is None
                or described.dimension not in ("persons", "households", "villages", "yuan")
            ):
                continue
            figures = [
                self._value(column, entry, code, entry.groups.get(column.group or code or "", {}))
                for entry, code in rows
            ]
            total = sum((Decimal(figure) for figure in figures if figure is not None), Decimal(0)) / column.factor
            self._put(c, Cell(int(total) if total == int(total) else float(total)))

    def _repeat_header(self) -> None:
        height = self.bottom_of_header + 1 if self.p.page_breaks == "header" else self.header_rows
        if self.title_rows:
            self.breaks.append(self.row)
            self.row += self.title_rows
        for (row, column), cell in list(self.cells.items()):
            if row < height:
                self.cells[self.row + row, column] = cell
        self.merges += [(self.row + t, le, self.row + b, r) for t, le, b, r in self.merges if b < height]
        self.row += height

    def _hidden_copy(self) -> None:
        for (row, column), cell in list(self.cells.items()):
            if row == self.row - 1:
                self.cells[self.row, column] = cell
        self.hidden_rows.add(self.row)
        self.row += 1

    def _below(self) -> None:
        p, day = self.p, self.clean.report_date
        if p.notes in ("note", "both"):
            self._put(
                0,
                Cell(
                    p.stream("note").choice(
                        (
                            "注：户数、人口为户籍数。",
                            "备注：本表每月报送2次",
                            "说明：1.数据以统计口径为准；2.合计不含停用村",
                        )
                    )
                ),
            )
            self.row += 1
        if p.notes in ("footer", "both") or p.date == "footer":
            last = max(len(self.columns) - 1, 2)
            self._put(0, Cell("填报人：李四"))
            self._put(last // 2, Cell("审核人：张三"))
            if p.date == "footer":
                self._put(last, Cell(f"填报日期：{day_text(p, day)}"))
            self.row += 1

    def _transpose(self) -> None:
        self.cells = {(c, r): cell for (r, c), cell in self.cells.items()}
        self.merges = [(left, top, right, bottom) for top, left, bottom, right in self.merges]
        names = [c.name for c in self.columns if c.kind != "extra"]
        name = next(n for n in ("natural_village", "project_name", "town", *names) if n in names)
        place = next(c for c, column in enumerate(self.columns) if column.name == name)
        for record in self.records:
            record.cells = {name: (c, r) for name, (r, c) in record.cells.items()}
            record.row = place
            if self.info.name == "water_quality":
                record.row = next(
                    c for c, column in enumerate(self.columns) if column.group == record.values["parameter"]
                )
        for column in self.columns:
            column.is_hidden = False


def _steps(style: str, width: int) -> list[str | int]:
    match style:
        case "(1)":
            return [f"({n + 1})" for n in range(width)]
        case "甲":
            return [*"甲乙丙"[: min(3, width - 1)], *range(1, width - min(3, width - 1) + 1)]
        case "①":
            return [chr(0x2460 + n) if n < 20 else f"({n + 1})" for n in range(width)]
    return list(range(1, width + 1))


def day_text(p: Plan, day: dt.date) -> str:
    year = "" if p.year == "missing" else f"{day.year}年"
    dotted = f"{day.month}.{day.day}" if p.year == "missing" else f"{day.year}.{day.month}.{day.day}"
    return p.stream("day").choice((f"{year}{day.month}月{day.day}日", f"{year}{day.month}月{day.day}日", dotted))
