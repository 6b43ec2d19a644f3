"""A generator of layouts: the clean table of any form, rendered as a real file with the difficulties of forms.md.

A :class:`Plan` says which difficulties; :func:`render` makes the file and, beside it, what a careful clerk reads: per
row the canonical values, the sheet row and the cells' addresses. :func:`differences` compares that with what the reader
read. The same plan gives the same file. Names, figures and headings that a plan leaves open come
from its seed, each from a random stream of its own, so that changing one thing of a plan leaves the rest as it is.

A new form is rendered without a word here: headings, values and units come from its schema.
"""

import csv
import datetime as dt
import io
import random
import struct
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import cache
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import cn2an

from flows.ingest.context import Names
from flows.ingest.reading import FileRead
from schemas import forms
from schemas.form import FieldInfo, FormInfo
from schemas.text import heading_key, without_brackets
from schemas.vocabulary import Vocabulary
from schemas.vocabulary.units import UNITS

# --- plans ------------------------------------------------------------------------------------------------------------

# Every choice of every difficulty, the plainest first: shrinking goes there.
CHOICES: dict[str, tuple[Any, ...]] = {
    "form": tuple(forms()),
    "rows": (2, 1, 3, 5, 8),
    "file": ("xlsx", "xlsx_1904", "xls", "ods", "html", "csv", "csv_bom", "csv_gb", "tsv_gb"),
    # One row of headings; groups of one's own invention; 受益 over 户数, 人口; both; those over one more group.
    "header": ("flat", "own", "split", "both", "deep"),
    # Singles merged down to the last header row; unmerged, at the top; unmerged, at the bottom.
    "singles": ("merged", "top", "bottom"),
    "groups": ("merged", "unmerged"),
    "blanks": ("none", "breaks", "spaces"),
    "order": ("usual", "shuffled"),
    "ordinal": ("none", "first"),
    "extra": (0, 1, 2),
    # Where a unit other than the canonical one is said.
    "units": ("canonical", "heading", "row", "corner", "title", "cell"),
    "steps": ("none", "(1)", "甲", "1", "①"),
    "town": ("title", "line", "column", "section", "sheet", "file", "folder"),
    "date": ("line", "title", "bracket", "filled", "footer", "file", "folder"),
    "year": ("printed", "missing"),
    "mode": ("column", "section", "sheet", "title", "ticks"),
    "section": ("numbered", "bracketed", "merged", "beside"),
    "section_totals": ("none", "figures", "subtotal"),
    "codes": ("column", "ticks"),
    "fill": ("repeated", "once", "merged"),
    "totals": ("none", "last", "first", "nested_last", "nested_first"),
    "top": (0, 1, 3),
    "left": (0, 2),
    "gaps": ("none", "above", "between"),
    "page_breaks": ("none", "header", "header_and_steps"),
    "notes": ("none", "note", "footer", "both"),
    "hidden": ("none", "row", "column", "helper", "sheet", "filter"),
    "beside": ("none", "instructions", "empty"),
    "numbers": ("plain", "text", "mixed", "formulas"),
    "dates": ("excel", "text", "mixed", "parts"),
    "rates": ("fraction", "hundred", "text", "format"),
    "nulls": ("blank", "marks"),
    "pairs": ("apart", "slash"),
    "committee": ("apart", "with_village"),
    # Forms whose rows repeat a closed list: a row each, or groups of columns.
    "spread": ("long", "over", "under", "joined"),
    "spread_total": ("none", "first", "last"),
    "two": ("none", "sheets", "stacked", "stacked_one_title", "beside", "beside_one_title"),
    "transposed": (False, True),
    "towns_known": (True, False),
}


@dataclass(frozen=True)
class Plan:
    """Which form is rendered with which difficulties; see :data:`CHOICES`."""

    seed: int = 0
    choices: tuple[tuple[str, Any], ...] = ()

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_") or name not in CHOICES:
            raise AttributeError(name)
        return dict(self.choices).get(name, CHOICES[name][0])

    def but(self, **changed: Any) -> "Plan":
        """The same plan with other choices; a plain choice is left out, so that equal plans are equal."""
        merged = dict(self.choices) | changed
        return Plan(self.seed, tuple((k, merged[k]) for k in CHOICES if merged.get(k, CHOICES[k][0]) != CHOICES[k][0]))

    def stream(self, *purpose: object) -> random.Random:
        """The random stream of one purpose."""
        return random.Random(f"{self.seed}/{'/'.join(map(str, purpose))}")

    def __repr__(self) -> str:
        return f"plan({', '.join([f'seed={self.seed}', *(f'{k}={v!r}' for k, v in self.choices)])})"


def plan(seed: int = 0, **choices: Any) -> Plan:
    """A plan with these difficulties and no others."""
    return Plan(seed).but(**choices)


def possible(wish: Plan) -> Plan:
    """A plan without the choices that contradict each other or that the form or the format cannot show."""
    info = forms()[wish.form]
    change: dict[str, Any] = {}

    def never(*names: str) -> None:
        change.update({name: CHOICES[name][0] for name in names})

    if wish.file in ("csv", "csv_bom", "csv_gb", "tsv_gb", "html"):
        if wish.two == "sheets":
            never("two")
        never("beside")
        if wish.town == "sheet":
            change["town"] = "title"
        if wish.mode == "sheet":
            change["mode"] = "title"
        if wish.hidden != "row" or wish.file != "html":
            never("hidden")
    if wish.file != "html" and wish.file not in ("xlsx", "xls", "ods"):
        change.update(singles="top" if wish.singles == "merged" else wish.singles, groups="unmerged")
        if wish.fill == "merged":
            change["fill"] = "once"
        if wish.section == "merged":
            change["section"] = "numbered"
    if change.get("groups", wish.groups) == "unmerged" and change.get("singles", wish.singles) == "bottom":
        change["singles"] = "top"  # a heading under nothing, right of a group: nobody could tell
    if change.get("units", wish.units) in ("corner", "title"):
        never("pairs")  # 86/412 under a corner of 万人
    if wish.hidden == "filter" and wish.file not in ("xlsx", "ods"):
        never("hidden")
    if wish.numbers == "formulas" and wish.file not in ("xlsx", "ods"):
        never("numbers")
    if "supply_mode" not in info.fields or (
        info.spread == "supply_mode" and (wish.spread != "long" or wish.mode != "section")
    ):
        never("mode")
    if not info.spread:
        never("spread", "spread_total")
    elif wish.spread == "long" or len(info.measures) == 1:
        never("spread_total")
    if info.spread and len(info.measures) == 1 and wish.spread in ("under", "joined"):
        change["spread"] = "over"
    if "town" not in info.fields or _town_is_subject(info):
        change["town"] = "column"
    if wish.town == "section" and change.get("mode", wish.mode) == "section":
        change["town"] = "title"
    if wish.two != "none" or wish.transposed:
        never("page_breaks", "hidden")
        for name, words in (("town", ("section", "sheet")), ("mode", ("section", "sheet"))):
            if change.get(name, getattr(wish, name)) in words:
                change[name] = "title" if name == "town" else "column"
        never("section_totals")
    if wish.two != "none" and change.get("mode", wish.mode) == "title":
        change["mode"] = "column"  # the mode of one table is not the other's
    if wish.two.startswith("beside"):
        # Under one header block: both tables have their headings in one row and need no more.
        never("header", "totals", "steps", "codes", "transposed", "notes", "gaps")
        change["dates"] = wish.dates if wish.dates != "parts" else "mixed"
        change["units"] = wish.units if wish.units in ("heading", "cell") else "canonical"
        change["mode"] = "column"
        change["spread"] = "long"
        never("spread_total")
    if wish.transposed:
        if info.name == "supervision":
            never("transposed")
        else:
            never("steps", "totals", "gaps", "extra", "ordinal", "two", "singles", "groups")
            change["fill"] = "repeated"
            change["header"] = wish.header if wish.header in ("flat", "own") else "flat"
            change["units"] = wish.units if wish.units in ("heading", "corner", "cell") else "canonical"
            if info.spread:
                change["spread"] = "over"
            if wish.file not in ("xlsx", "xls", "ods", "html"):
                change["header"] = "flat"
            if info.spread and (len(info.measures) > 1 or change["header"] != "flat"):
                change["file"] = wish.file if wish.file in ("xlsx", "xls", "ods", "html") else "xlsx"
    if wish.date in ("file", "folder"):
        change["year"] = "printed" if wish.date == "folder" else wish.year
    if not {"village_committee", "natural_village"} <= info.fields.keys() or wish.fill != "repeated":
        never("committee")
    if change.get("committee", wish.committee) == "with_village" and wish.totals.startswith("nested"):
        never("totals")
    result = wish.but(**change)
    return result


def _town_is_subject(info: FormInfo) -> bool:
    """Whether a form has a row a town: the town is then a column."""
    return info.grain[0] == "town" and "natural_village" not in info.fields and info.level == "county"


# --- what a clean table holds -----------------------------------------------------------------------------------------

COUNTY = "梅溪县"
TOWNS = ("沙田镇", "长岭乡", "大陂镇", "城东街道", "梅岗镇", "石下镇", "马坪乡")
COMMITTEES = ("石角村委会", "桥头村委会", "白沙村委会", "东风社区居委会", "梅子坪村委会", "双溪村委会", "高陂村委会")
VILLAGES = (
    *(
        "老屋",
        "新屋",
        "岭背",
        "岭下",
        "上寨",
        "下寨村",
        "坑尾",
        "坑口",
        "松山",
        "大屋",
        "细屋",
        "塘边",
        "塘尾小组",
        "一组",
    ),
    *(
        "二组",
        "竹园",
        "水背",
        "禾塘",
        "墩头",
        "石壁",
        "茶亭",
        "樟树下",
        "马鞍山",
        "合水",
        "新合",
        "总铺",
        "计口",
        "小计坑",
    ),
)
WORDS = {
    "project_name": (
        "沙田片区供水工程",
        "石坑供水工程",
        "长岭片联网工程（一期）",
        "高陂饮水工程",
        "大陂管网延伸工程",
        "梅岗供水工程（二期）",
        "马坪供水站",
        "城东水厂",
    ),
    "water_source": ("沙田水库", "石坑山泉水", "长岭水厂", "梅江"),
    "sample_no": ("W-01", "SZ2021-003", "20210805", "101-202108-001", "0017", "水样9", "B12", "33"),
    "document_no": ("梅财农〔2021〕15号", "梅水〔2020〕7号", "梅府办〔2021〕22号"),
    "responsible": ("陈一", "李二", "张三"),
    "phone": ("13800000001", "0755-2000001", "13900000002"),
    "topic": ("沙田片区推进", "管网验收事项研究", "水质检测操作", "石角村管沟回填"),
    "issue": ("管沟未回填", "水表未装", "进度滞后，征地未完成", "2个村未开工"),
    "lead_unit": ("镇水利所", "县水务局", "施工单位"),
    "post": ("县委副书记", "副县长", "县人大常委会副主任", "县政协副主席"),
    "task_force_lead": ("镇长", "镇党委书记", "乡长", "街道办主任"),
    "inspector_unit": ("县水务局", "县督查组", "第二核查组"),
    "alias": ("老屋下、旧屋", "新村", "坝尾"),
    "remark": ("缺管材", "12", "8月5日已协调", "合计铺设3处", "见附图", "征地未完成（3户）", "与上寨共用水源"),
}
UNKNOWN = ("经度", "脱贫户数", "水表型号", "原户数", "旧人口", "高程", "其中：脱贫人口", "管材")
OWN_GROUPS = ("基本信息", "甲类指标", "有关数据", "登记内容", "主要指标", "具体内容")
PREFIXES = (
    *(
        "受益",
        "计划",
        "实际",
        "已通水",
        "已供水",
        "通水",
        "预计",
        "累计完成",
        "已完成",
        "核实",
        "核查",
        "农村",
        "户籍",
        "资金",
    ),
    *("投资", "管网", "供水", "用水", "整改", "采样", "竣工", "督导", "会议", "水质", "水压"),
)
SUFFIXES = ("时间", "日期", "户数", "人口", "人数", "投资", "资金")


@dataclass
class Entry:
    """One object of a clean table: fields told once, and those told per group (a source, a parameter, a mode)."""

    shared: dict[str, Any]
    groups: dict[str, dict[str, Any]] = field(default_factory=dict)


@dataclass
class Clean:
    """A clean table: a form's shown fields and its entries."""

    info: FormInfo
    shown: list[str]
    entries: list[Entry]
    town: str | None
    report_date: dt.date
    # Printed units of the parameters (or of the values) of a water table.
    units: dict[str, str | None] = field(default_factory=dict)


def clean_table(p: Plan) -> Clean:
    """A clean table of the plan's form."""
    info, choose = forms()[p.form], p.stream("table", p.form)
    on = p.stream("report date")
    report_date = dt.date(on.choice((2021, 2022)), on.randint(2, 12), on.randint(1, 28))
    several_towns = p.town in ("column", "section") and (p.town == "section" or p.rows > 2 or _town_is_subject(info))
    # A field without words to print it is one that another cell implies (低于检出限).
    open_fields = [n for n, f in info.fields.items() if f.kind != "flag" or f.vocabulary]
    shown = [n for n in open_fields if info.fields[n].required or choose.random() < 0.6]
    optional = [n for n in open_fields if n not in shown]
    while len([n for n in shown if not info.fields[n].from_context]) < 4 and optional:
        shown.append(optional.pop(choose.randrange(len(optional))))
    # An optional mode that a title or section would tell is shown, else it is left out where no column is meant.
    if p.mode not in ("column", "ticks") and "supply_mode" in info.fields and "supply_mode" not in shown:
        shown.append("supply_mode")
    if "town" in info.fields and "town" not in shown:
        shown.append("town")
    shown += [n for n in info.measures[:1] if n not in shown]
    if "population_basis" in shown:
        shown.remove("population_basis")  # told by the heading of the population
    if info.name == "water_quality" and "unit" in shown:
        shown.remove("unit")
        if p.spread == "long":
            shown.append("unit")
    if p.committee == "with_village":
        shown = [n for n in shown if n != "village_committee"]
    if p.transposed and info.fields.keys() >= {"project_name"} and "project_name" not in shown:
        shown.append("project_name")
    shown.sort(key=list(info.fields).index)
    entries = [_entry(p, info, shown, i, report_date, several_towns) for i in range(p.rows)]
    keys = [n for n in ("town", "supply_mode", "village_committee") if n in info.fields]
    told_by_section = {"section"} & {p.town, p.mode}
    if told_by_section or p.fill != "repeated":
        entries.sort(key=lambda e: [str(e.shared.get(n)) for n in keys])
    clean = Clean(info, shown, entries, None if several_towns else entries[0].shared.get("town"), report_date)
    if info.name == "water_quality":
        clean.units = {code: choose.choice((unit, unit, None)) for code, unit in _WATER_UNITS.items()}
    return clean


_WATER_UNITS = {
    "浑浊度": "NTU",
    "pH": None,
    "游离余氯": "mg/L",
    "总大肠菌群": "MPN/100mL",
    "氨": "mg/L",
    "菌落总数": "CFU/mL",
    "铁": "mg/L",
}


def _entry(p: Plan, info: FormInfo, shown: list[str], index: int, report_date: dt.date, several_towns: bool) -> Entry:
    choose = p.stream("entry", p.form, index)
    shared: dict[str, Any] = {}
    modes = [choose.choice(list(info.fields["supply_mode"].vocabulary or ()))] if "supply_mode" in info.fields else []
    if p.mode in ("sheet", "title"):
        modes = [p.stream("mode").choice(list(info.fields["supply_mode"].vocabulary or ()))] if modes else []
    for name, described in info.fields.items():
        if name == info.spread or name in info.measures or name == "is_below_detection":
            continue
        if name == "town":
            town = p.stream("town").sample(TOWNS, len(TOWNS))
            place = index if _town_is_subject(info) else index // 2
            shared[name] = town[(place if several_towns else 0) % len(town)]
        elif name == "supply_mode":
            shared[name] = modes[0]
        elif name == "village_committee":
            shared[name] = COMMITTEES[(p.stream("committee").randrange(7) + index // 2) % 7]
        elif name == "natural_village":
            shared[name] = p.stream("villages").sample(VILLAGES, len(VILLAGES))[index]
        elif name == "project_name":
            shared[name] = p.stream("projects").sample(WORDS[name], 8)[index]
        elif described.repeats_over:
            for code in described.repeats_over:
                shared[f"{code}.{name}"] = None if choose.random() < 0.2 else choose.randint(100, 9000)
        else:
            is_empty = not described.required and choose.random() < 0.2
            shared[name] = None if is_empty else _value(name, described, choose, report_date, index)
    for told in [n for n in shared if n not in shown and n.partition(".")[2] not in shown]:
        if not (told == "village_committee" and p.committee == "with_village"):
            del shared[told]
    if info.fields.get("sample_no"):
        shared["sample_no"] = p.stream("samples").sample(WORDS["sample_no"], 8)[index]
        if "sample_no" not in shown:
            del shared["sample_no"]
    return Entry(shared, _groups(info, choose, shown, report_date))


def _groups(info: FormInfo, choose: random.Random, shown: list[str], report_date: dt.date) -> dict[str, dict[str, Any]]:
    if not info.spread:
        return {}
    codes = list(info.fields[info.spread].vocabulary or ())
    if info.name == "water_quality":
        codes = list(_WATER_UNITS)
    told = [code for code in codes if choose.random() < 0.7] or [codes[0]]
    groups: dict[str, dict[str, Any]] = {}
    for code in told:
        if info.name == "water_quality":
            below = choose.random() < 0.2
            value = None if below else Decimal(choose.randint(1, 800)) / 100
            groups[code] = {"value": value, "is_below_detection": below}
            continue
        measures = [name for name in info.measures if name in shown]
        groups[code] = {name: _value(name, info.fields[name], choose, report_date, 0) for name in measures}
        for name in measures:
            if not info.fields[name].required and choose.random() < 0.2:
                groups[code][name] = choose.choice((None, 0))
    return groups


def _value(name: str, described: FieldInfo, choose: random.Random, report_date: dt.date, index: int) -> Any:
    match described.kind:
        case "count":
            if described.dimension == "persons":
                return choose.choice((choose.randint(20, 900), choose.randint(1000, 9000)))
            return choose.randint(3, 400) if described.dimension == "households" else choose.randint(1, 40)
        case "date":
            month_end = choose.random() < 0.3
            day = report_date - dt.timedelta(days=choose.randint(0, 400))
            if month_end:
                day = day.replace(day=1) - dt.timedelta(days=1)
            return day.replace(day=choose.choice((10, 20))) if choose.random() < 0.2 else day
        case "code":
            return choose.choice(list(described.vocabulary or ()))
        case "flag":
            return choose.random() < 0.5
        case "decimal":
            match described.dimension:
                case "rate":
                    return Decimal(choose.choice((35, 60, 88, 91, 45, 72, 100, 5))) / 100 if index else Decimal("0.64")
                case "km":
                    return Decimal(choose.randint(500, 30000)) / 1000
                case "yuan":
                    return Decimal(choose.randint(100, 99999)) * 100
                case _:
                    return Decimal(choose.randint(100, 1200)) / 10
    if name == "village_code":
        return f"44199900{choose.randint(1000, 9999)}{index + 1:03d}"
    if name == "unit" and described.title == "单位":
        return choose.choice(("mg/L", "NTU", "CFU/mL"))
    if name in ("unit", "inspector_unit", "lead_unit"):
        return choose.choice(("县水务局", "县农业农村局", "县督查组", "镇水利所"))
    return choose.choice(WORDS.get(name, tuple(f"{described.title}{n}" for n in "甲乙丙")))


# --- headings ---------------------------------------------------------------------------------------------------------


@cache
def headings_of(form: str, name: str) -> tuple[str, ...]:
    """The headings that name one field of a form and no other."""
    info = forms()[form]

    def keys(text: str) -> set[str]:
        return {heading_key(text), heading_key(without_brackets(text))}

    others = {key for other, f in info.fields.items() if other != name for alias in f.headings for key in keys(alias)}
    spread = info.fields[info.spread].vocabulary if info.spread else None
    return tuple(
        alias
        for alias in info.fields[name].headings
        if not keys(alias) & others
        # 编号 and 单位 also number the rows and head a unit; 供水 alone, as a heading, is a word and no column.
        and alias not in ("编号", "单位", "户", "人", "总投资" if info.name == "funding" else "")
        and not (spread and spread.lookup(alias))
    )


@cache
def _split_headings(form: str) -> dict[tuple[str, str], dict[str, tuple[str, ...]]]:
    """(where, group) → field → leaves: 受益 over 户数 and 人口, 时间 over 开工 and 完工."""
    found: dict[tuple[str, str], dict[str, tuple[str, ...]]] = {}
    for name in forms()[form].fields:
        for alias in headings_of(form, name):
            for word in PREFIXES:
                leaf = alias.removeprefix(word)
                if leaf != alias and len(leaf) > 1:
                    group = found.setdefault(("prefix", word), {})
                    group[name] = (*group.get(name, ()), leaf)
            for word in SUFFIXES:
                leaf = alias.removesuffix(word)
                if leaf != alias and len(leaf) > 1:
                    group = found.setdefault(("suffix", word), {})
                    group[name] = (*group.get(name, ()), leaf)
    return {key: group for key, group in found.items() if len(group) > 1}


@dataclass
class Column:
    """One column: what it shows, the headings over it, the unit of its figures."""

    # field, ordinal, extra, tick, part, pair
    kind: str
    path: list[str]
    name: str = ""
    group: str | None = None
    # The other field of a pair; the code of a tick; the part of a date.
    other: str = ""
    unit: str | None = None
    row_unit: str | None = None
    # How many units the canonical one counts, and how a rate is printed.
    factor: Decimal = Decimal(1)
    rate: str = ""
    is_hidden: bool = False


def _columns(p: Plan, clean: Clean) -> list[Column]:
    """The columns of a table in their order, with the headings over them."""
    info, choose = clean.info, p.stream("columns", p.form)
    singles: list[list[Column]] = []  # each list stays together
    skip = (
        {info.spread, *info.measures, "is_below_detection"}
        if info.spread and p.spread != "long"
        else {"is_below_detection"}
    )
    if info.spread and p.spread == "long" and info.spread == "supply_mode" and p.mode != "column" and p.mode != "ticks":
        skip.add("supply_mode")
    names = [n for n in clean.shown if n not in skip]
    if p.town != "column" and "town" in names:
        names.remove("town")
    if p.mode not in ("column", "ticks") and "supply_mode" in names:
        names.remove("supply_mode")
    paired: set[str] = set()
    for name in names:
        described = info.fields[name]
        heading = choose.choice(headings_of(info.name, name))
        if (name == "supply_mode" and p.mode == "ticks") or (name != "supply_mode" and _is_ticked(p, info, name)):
            ticks = [
                Column("tick", [heading, _spelling(choose, described.vocabulary, c, brief=True)], name, other=c)
                for c in described.vocabulary or ()
            ]
            singles.append(ticks)
        elif described.repeats_over:
            singles.append(
                [
                    Column("field", [heading, _spelling(choose, described.repeats_over, c)], f"{c}.{name}")
                    for c in described.repeats_over
                ]
            )
        elif described.kind == "date" and p.dates == "parts" and not described.fill_down and choose.random() < 0.5:
            singles.append([Column("part", [heading, part], name, other=part) for part in "年月日"])
        elif name in paired:
            continue
        elif p.pairs == "slash" and described.kind == "count" and (other := _partner(clean, names, name)):
            paired.add(other)
            words = choose.choice(headings_of(info.name, name)), choose.choice(headings_of(info.name, other))
            singles.append([Column("pair", ["/".join(map(without_brackets, words))], name, other=other)])
        else:
            singles.append([Column("field", [heading], name)])
    for number in range(p.extra):
        singles.append([Column("extra", [p.stream("extra").sample(UNKNOWN, 2)[number]])])
    if p.order == "shuffled":
        p.stream("order").shuffle(singles)
    if info.spread and p.spread != "long":
        at = choose.randint(1, len(singles)) if p.order == "shuffled" else len(singles)
        singles[at:at] = _spread_columns(p, clean, choose)
    if p.hidden == "helper":
        singles.insert(choose.randint(1, len(singles)), [Column("extra", ["辅助列"], is_hidden=True)])
    columns = _grouped(p, clean, singles)
    if p.ordinal == "first":
        columns.insert(0, Column("ordinal", [choose.choice(("序号", "序", "项次", "序\n号"))]))
    for column in columns:
        _give_unit(p, clean, column)
    if p.hidden == "column":
        mapped = [
            c
            for c in columns
            if c.kind == "field" and not info.fields.get(c.name, next(iter(info.fields.values()))).fill_down
        ]
        if mapped:
            choose.choice(mapped).is_hidden = True
    for column in columns:
        column.path = [_with_blanks(p, text) for text in column.path]
    return columns


def _is_ticked(p: Plan, info: FormInfo, name: str) -> bool:
    vocabulary = info.fields[name].vocabulary
    return p.codes == "ticks" and name == "status" and vocabulary is not None


def _partner(clean: Clean, names: list[str], name: str) -> str | None:
    """A second count that could stand in one column with a first: 户数/人口."""
    pairs = (
        ("households", "population"),
        ("households_connected", "population_supplied"),
        ("rural_households", "rural_population"),
    )
    for first, second in (
        *pairs,
        ("registered_households", "registered_population"),
        ("households_verified", "population_verified"),
    ):
        both = (first, second)
        if name == first and second in names and all(e.shared.get(n) is not None for e in clean.entries for n in both):
            return second if not (clean.info.spread and first in clean.info.measures) else None
    return None


def _spelling(choose: random.Random, vocabulary: Vocabulary | None, code: str, *, brief: bool = False) -> str:
    """One of the words for a code; single letters and marks are left to those who tick."""
    if vocabulary is None:
        return code
    term = vocabulary.terms[code]
    words = [
        w
        for w in (term.zh, *term.spellings.split())
        if vocabulary.lookup(w) == code and (len(w) > 1 or w in "铁氨砷氟√×是否有")
    ]
    # 无 is no mark of a code here, and a bracket would be read as a unit.
    words = [w for w in words if w not in ("暂无", "无") and "(" not in w]
    return choose.choice(words[:4] if brief and len(words) > 4 else words or [term.zh])


def _spread_columns(p: Plan, clean: Clean, choose: random.Random) -> list[list[Column]]:
    info = clean.info
    assert info.spread
    vocabulary = info.fields[info.spread].vocabulary
    codes = [c for c in (vocabulary or ()) if any(c in e.groups for e in clean.entries)]
    measures = [n for n in info.measures if n in clean.shown]
    spelled = {c: _spelling(choose, vocabulary, c) for c in codes}
    headed = {n: choose.choice(headings_of(info.name, n)) for n in measures}
    top = choose.choice(([], [], [headings_of(info.name, info.spread)[0]], ["有关情况"]))
    columns: list[list[Column]] = []
    if len(info.measures) == 1:
        return [[Column("field", [*(top if p.header != "flat" else []), spelled[c]], measures[0], c) for c in codes]]
    total = choose.choice(("合计", "小计", "总计"))
    groups: list[str | None] = [*codes]
    if p.spread_total != "none":
        groups.insert(0 if p.spread_total == "first" else len(groups), None)
    if p.spread == "under":
        for name in measures:
            columns.append(
                [
                    Column("field" if c else "extra", [*top[:0], headed[name], spelled[c] if c else total], name, c)
                    for c in groups
                ]
            )
    else:
        for c in groups:
            word = spelled[c] if c else total
            if p.spread == "joined" and c:
                columns.append([Column("field", [word + headed[n]], n, c) for n in measures])
            else:
                columns.append([Column("field" if c else "extra", [word, headed[n]], n, c) for n in measures])
    if top and p.header != "flat":
        for column in (c for run in columns for c in run):
            column.path.insert(0, top[0])
    return columns


def _grouped(p: Plan, clean: Clean, singles: list[list[Column]]) -> list[Column]:
    """Columns under groups of one's own invention, and under groups that are half of a heading."""
    choose = p.stream("groups", p.form)
    if p.header in ("split", "both", "deep"):
        for (where, word), leaves in p.stream("splits").sample(
            sorted(_split_headings(p.form).items()), len(_split_headings(p.form))
        ):
            runs = [
                run
                for run in singles
                if len(run) == 1 and run[0].kind == "field" and len(run[0].path) == 1 and run[0].name in leaves
            ]
            runs = [run for run in runs if run[0].group is None]
            if len(runs) < 2 or any(word in (run[0].path[0]) for run in singles if len(run) > 1):
                continue
            runs = runs[:3]
            for run in runs:
                run[0].path = [word, choose.choice(leaves[run[0].name])]
            joined = [run[0] for run in runs]
            at = next(i for i, run in enumerate(singles) if run is runs[0])
            singles = [run for run in singles if all(run is not other for other in runs)]
            singles.insert(min(at, len(singles)), joined)
            if where == "suffix":
                break
    if p.header in ("own", "both", "deep"):
        names = p.stream("own").sample(OWN_GROUPS, len(OWN_GROUPS))
        start = 0
        while names and start < len(singles):
            length = choose.randint(1, 4)
            runs = singles[start : start + length]
            if choose.random() < 0.7 and sum(map(len, runs)) > 1:
                name = names.pop()
                for column in (c for run in runs for c in run):
                    column.path.insert(0, name)
                    if p.header == "deep" and choose.random() < 0.9 and len(column.path) < 3 and len(runs) > 1:
                        pass
            start += length
        if p.header == "deep" and names:
            # One more group over the first two of those.
            for column in (c for run in singles[: choose.randint(2, max(2, len(singles)))] for c in run):
                if len(column.path) < 4:
                    column.path.insert(0, names[-1])
    return [column for run in singles for column in run]


def _give_unit(p: Plan, clean: Clean, column: Column) -> None:
    """The unit of a column's figures, printed where the plan says."""
    choose = p.stream("unit", p.form, column.name, column.group)
    described = clean.info.fields.get(column.name.rpartition(".")[2])
    if described is None or column.kind not in ("field", "pair"):
        return
    if described.dimension == "concentration":
        unit = clean.units.get(column.group or "")
        if unit and "unit" not in clean.shown:
            column.unit, column.row_unit = (None, unit) if p.units == "row" else (unit, None)
    elif described.dimension == "rate":
        column.rate = p.rates
        if p.rates == "hundred" and p.units in ("heading", "row") and choose.random() < 0.7:
            column.unit, column.row_unit = ("%", None) if p.units == "heading" else (None, "%")
    elif described.dimension in UNITS and column.kind == "field":
        units = _units_of(described.dimension)
        first = next(iter(units))
        unit = first
        if p.units in ("heading", "row"):
            unit = choose.choice(list(units))
            column.unit, column.row_unit = (unit, None) if p.units == "heading" else (None, unit)
        elif p.units in ("corner", "title"):
            # Money and pipes have one unit a table; the others keep theirs.
            unit = corner_units(p)[described.dimension]
        elif described.dimension == "lpcd" and choose.random() < 0.5:
            column.unit = unit
        column.factor = units[unit]
    if column.unit:
        style = choose.choice(("{}（{}）", "{}({})", "{}\n（{}）", "{} ({})"))
        if described.dimension in ("yuan", "km"):
            style = choose.choice((style, "{}/{}"))
        column.path[-1] = style.format(column.path[-1], column.unit)


@cache
def _units_of(dimension: str) -> dict[str, Decimal]:
    wanted = {
        "persons": "人 万人",
        "households": "户",
        "villages": "个 条",
        "yuan": "元 万元 千元 亿元",
        "km": "公里 米 km 千米",
    }
    words = wanted.get(dimension, "L/人·d 升/人·天").split()
    return {
        word: next((f for u, f in UNITS[dimension].items() if heading_key(u) == heading_key(word)), Decimal(1))
        for word in words
    }


def corner_units(p: Plan) -> dict[str, str]:
    """The units that the corner or the title names, by dimension."""
    choose = p.stream("corner")
    chosen = {"yuan": choose.choice(("万元", "元", "千元")), "km": choose.choice(("公里", "米"))}
    return {**chosen, "persons": choose.choice(("人", "万人")), "households": "户", "villages": "个", "lpcd": "L/人·d"}


def _with_blanks(p: Plan, text: str) -> str:
    choose = p.stream("blanks", text)  # a group's name is one over all of its columns
    if p.blanks == "none" or len(text) < 2 or choose.random() < 0.4 or "\n" in text:
        return text
    at = choose.randint(1, len(text) - 1)
    return text[:at] + ("\n" if p.blanks == "breaks" else choose.choice((" ", "\u3000", "  "))) + text[at:]


# --- cells as printed -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """What a cell shows: a value, how it is formatted (`date`, `percent`), the formula it comes from."""

    value: str | int | float | dt.date
    style: str = ""
    formula: str = ""


Place = tuple[int, int]
MARKS = ("—", "/", "无", "－", "-", "–", "／")
FULL_WIDTH = str.maketrans("0123456789.,%", "０１２３４５６７８９．，％")


def _null(p: Plan, choose: random.Random, *, must_show: bool = False) -> Cell | None:
    return Cell(choose.choice(MARKS)) if must_show or (p.nulls == "marks" and choose.random() < 0.7) else None


def _shown(
    p: Plan, info: FormInfo, column: Column, name: str, value: Any, choose: random.Random, year: int
) -> Cell | None:
    """A value as the plan's clerk prints it in a column."""
    described = info.fields[name.rpartition(".")[2]]
    if value is None:
        return _null(p, choose, must_show=described.fill_down)
    match described.kind:
        case "count" | "decimal" if described.dimension == "rate":
            return _shown_rate(p, column, value, choose)
        case "count" | "decimal":
            return _shown_figure(p, described, column, Decimal(value), choose)
        case "date":
            return _shown_date(p, value, choose, year)
        case "code":
            return Cell(_spelling(choose, described.vocabulary, value))
        case "flag":
            return Cell(_spelling(choose, described.vocabulary, "yes" if value else "no"))
    text = str(value)
    if described.is_identifier and text.isdigit() and text[0] != "0" and p.numbers != "text" and choose.random() < 0.5:
        return Cell(int(text))
    return Cell(text)


def _number(p: Plan, exact: Decimal, choose: random.Random) -> Cell:
    number = int(exact) if exact == int(exact) else float(exact)
    if p.numbers == "formulas" and choose.random() < 0.4:
        part = choose.randint(1, 9)
        return Cell(number, formula=f"{exact - part:f}+{part}")
    return Cell(_plain(exact) if p.numbers == "text" or (p.numbers == "mixed" and choose.random() < 0.3) else number)


def _plain(exact: Decimal) -> str:
    return f"{exact.normalize():f}"


def _shown_figure(p: Plan, described: FieldInfo, column: Column, value: Decimal, choose: random.Random) -> Cell:
    dimension = described.dimension or ""
    exact = value / column.factor
    if dimension in UNITS and dimension != "concentration" and p.units == "cell":
        units = _units_of(dimension)
        unit = choose.choice([u for u, f in units.items() if value / f == round(value / f, 4)])
        return Cell(_plain(value / units[unit]) + choose.choice(("", " ")) + unit)
    if p.numbers != "mixed" or choose.random() < 0.3:
        return _number(p, exact, choose)
    text = _plain(exact)
    ways: list[Callable[[str], str]] = [lambda text: text.translate(FULL_WIDTH), lambda text: f" {text} "]
    ways += [lambda text: f"约{text}"]
    if exact >= 1000:
        ways += [lambda text: f"{Decimal(text):,f}"] * 2
    if column.factor == 1 and dimension in ("persons", "households", "villages"):
        unit = {"persons": "人", "households": "户", "villages": choose.choice("个条")}[dimension]
        ways += [lambda text: text + unit, lambda text: f"约{text}{unit}"]
        ways += [_in_chinese] if exact > 0 else []
        if exact >= 1000 and exact % 100 == 0:
            ways += [lambda text: f"{_plain(Decimal(text) / 10000)}万"] * 3
    return Cell(choose.choice(ways)(text))


def _in_chinese(text: str) -> str:
    return str(cn2an.an2cn(text))


def _shown_rate(p: Plan, column: Column, value: Decimal, choose: random.Random) -> Cell:
    match column.rate:
        case "hundred":
            return _number(p.but(numbers="text" if p.numbers == "text" else "plain"), value * 100, choose)
        case "text":
            return Cell(f"{_plain(value * 100)}%".translate(FULL_WIDTH if choose.random() < 0.2 else {}))
        case "format":
            return Cell(float(value), "percent")
    return _number(p.but(numbers="text" if p.numbers == "text" else "plain"), value, choose)


def _shown_date(p: Plan, day: dt.date, choose: random.Random, year: int) -> Cell:
    if p.dates in ("excel", "parts") or (p.dates == "mixed" and choose.random() < 0.4):
        return Cell(day, "date")
    y, m, d = day.year, day.month, day.day
    ways = [
        f"{y}.{m}.{d}",
        f"{y}-{m:02d}-{d:02d}",
        f"{y}/{m}/{d}",
        f"{y}年{m}月{d}日",
        f"{y}{m:02d}{d:02d}",
        f"{y}年{m}月{d}日。",
    ]
    ways += [str((day - dt.date(1899, 12, 30)).days)]
    whole = {10: ("初", "上旬"), 20: ("中旬",)}.get(
        d, ("底前", "底", "", "下旬", "份", "末") if (day + dt.timedelta(1)).day == 1 else ()
    )
    ways += [f"{y}年{m}月{part}" for part in whole]
    if y == year:
        ways += [f"{m}月{d}日", f"{m}.{d}", f"{m}月{d}日".translate(FULL_WIDTH), *(f"{m}月{part}" for part in whole)]
    return Cell(choose.choice(ways))


# --- the body of a table ----------------------------------------------------------------------------------------------


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


class _Block:
    """A table without its titles, from its own top left corner."""

    def __init__(self, p: Plan, depth: int = 1) -> None:
        self.p, self.clean = p, clean_table(p)
        # Header rows at least, where another table stands beside.
        self.depth = depth
        self.info = self.clean.info
        self.columns = _columns(p, self.clean)
        self.cells: dict[Place, Cell] = {}
        self.merges: list[tuple[int, int, int, int]] = []
        self.hidden_rows: set[int] = set()
        self.filtered_rows: set[int] = set()
        self.records: list[Record] = []
        self.row = 0
        self.said: dict[str, tuple[Any, Place]] = {}
        self.spread_is_wide = bool(self.info.spread) and p.spread != "long"
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
        if p.totals == "first":
            self._total("合计", rows)
        if p.gaps == "between":
            self.row += p.stream("gap").choice((0, 1))
        sections = {
            n for n in ("supply_mode", "town") if getattr(p, "mode" if n == "supply_mode" else "town") == "section"
        }
        sections &= {*self.clean.entries[0].shared, *([self.info.spread] if not self.spread_is_wide else [])}
        number = 0
        by = next(iter(sections), "")
        for key, members in groupby(rows, key=lambda row: row[1] if by == self.info.spread else row[0].shared.get(by)):
            section = list(members)
            if sections:
                number += 1
                self._section(by, key, number, section)
            self._committees(section, rows)
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
        values[name] = value
        if value is None and column.group and not group:
            self._put(c, _null(self.p, choose) if choose.random() < 0.7 or not self.info.zero_is_none else Cell(0))
            return
        cells[name] = self._put(c, _shown(self.p, self.info, column, name, value, choose, year))

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
        basis = next(
            ("".join(c.path) for c in self.columns if c.name == "rural_population" or c.other == "rural_population"), ""
        )
        if self.info.name == "baseline":
            word = "".join(basis.split())
            values["population_basis"] = "registered" if "户籍" in word else "resident" if "常住" in word else None
        self.records.append(
            Record(self.info.name, "", self.row, values, places, town if "town" in self.info.fields else None)
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

    def _section(self, name: str, value: Any, number: int, rows: Sequence[tuple[Entry, str | None]]) -> None:
        p, described = self.p, self.info.fields[name]
        choose = p.stream("section", name, value)
        label = _spelling(choose, described.vocabulary, value) if described.vocabulary else str(value)
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
            place = self._put(first, Cell((f"（{numeral}）" if p.section == "bracketed" else f"{numeral}、") + label))
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
        height = self.header_rows if self.p.page_breaks == "header_and_steps" else self.bottom_of_header + 1
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
                self._put(last, Cell(f"填报日期：{_day_text(p, day)}"))
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


def _day_text(p: Plan, day: dt.date) -> str:
    year = "" if p.year == "missing" else f"{day.year}年"
    dotted = f"{day.month}.{day.day}" if p.year == "missing" else f"{day.year}.{day.month}.{day.day}"
    return p.stream("day").choice((f"{year}{day.month}月{day.day}日", f"{year}{day.month}月{day.day}日", dotted))


# --- sheets and files -------------------------------------------------------------------------------------------------


@dataclass
class Sheet:
    """One sheet to be written."""

    name: str
    cells: dict[Place, Cell] = field(default_factory=dict)
    merges: list[tuple[int, int, int, int]] = field(default_factory=list)
    hidden_rows: set[int] = field(default_factory=set)
    filtered_rows: set[int] = field(default_factory=set)
    filter_range: str = ""
    hidden_columns: set[int] = field(default_factory=set)
    is_hidden: bool = False


@dataclass
class Layout:
    """A rendered file and what a careful clerk reads from it."""

    plan: Plan
    data: bytes
    names: Names
    records: list[Record]
    report_date: dt.date
    tables: int


def render(wish: Plan) -> Layout:
    """Render a plan, as far as its choices go together."""
    p = possible(wish)
    blocks = [_Block(p)]
    if p.two != "none":
        others = [name for name in forms() if name != p.form]
        second = possible(p.but(form=p.stream("second").choice(others)))
        blocks.append(_Block(second if second.two == p.two else second.but(two=p.two)))
    if p.two.startswith("beside"):
        depth = max(block.header_rows for block in blocks)
        blocks = [_Block(block.p, depth) for block in blocks]
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


def _placed(p: Plan, blocks: list[_Block]) -> tuple[list[Sheet], list[Record]]:
    sheets: list[Sheet] = []
    records: list[Record] = []
    top, left = p.top, p.left
    for number, block in enumerate(blocks):
        if not sheets or p.two == "sheets":
            sheets.append(Sheet(_sheet_name(p, block, len(sheets))))
            top, left = p.top, p.left
        sheet = sheets[-1]
        has_titles = not (number and p.two.endswith("one_title"))
        at, height = (top, left), 0
        if has_titles:
            lines = _titles(block, blocks)
            for r, line in enumerate(lines):
                for c, text, is_wide in line:
                    sheet.cells[top + r, left + c] = Cell(text)
                    if is_wide and block.width > 1:
                        sheet.merges.append((top + r, left + c, top + r, left + block.width - 1))
            height = len(lines) + (p.gaps == "above")
        elif p.two == "beside_one_title":
            height = len(_titles(blocks[0], blocks)) + (p.gaps == "above")
        at = (top + height, left)
        _place(sheet, block, at)
        for record in block.records:
            record.sheet, record.row = sheet.name, record.row + at[0] + 1
            record.cells = {n: address(r + at[0], c + at[1]) for n, (r, c) in record.cells.items()}
            records.append(record)
        if p.two.startswith("beside"):
            left += block.width + 1
        else:
            top = max(r for r, _ in sheet.cells) + 2 + (p.two == "stacked")
    if p.file in ("csv", "csv_bom", "csv_gb", "tsv_gb", "html"):
        for record in records:
            record.sheet = "Sheet1"
    return sheets, records


def _place(sheet: Sheet, block: _Block, at: Place) -> None:
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


def _sheet_name(p: Plan, block: _Block, number: int) -> str:
    words = [block.clean.town or ""] if p.town == "sheet" else []
    if p.mode == "sheet" and "supply_mode" in block.info.fields:
        words.append(_mode_words(block))
    is_plain = p.two != "none" or p.stream("sheet").random() < 0.6
    return "".join(words) or (f"Sheet{number + 1}" if is_plain else block.info.title)


def _mode_words(block: _Block) -> str:
    vocabulary, code = block.info.fields["supply_mode"].vocabulary, block.clean.entries[0].shared.get("supply_mode")
    if vocabulary is None or code is None:
        return ""
    term = vocabulary.terms[code]
    words: list[str] = [word for word in (term.zh, *term.in_titles.split()) if vocabulary.find(word) == code]
    return block.p.stream("mode words").choice(words)


def _file_name(p: Plan, blocks: list[_Block]) -> str:
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
    endings: dict[str, str] = {"xlsx_1904": "xlsx", "html": "xls", "csv_bom": "csv", "csv_gb": "csv", "tsv_gb": "tsv"}
    return f"{''.join(words)}.{endings.get(p.file, p.file)}"


def _folders(p: Plan, blocks: list[_Block], received: dt.date) -> tuple[str, ...]:
    """From the top, as they are in the inbox."""
    town = next((b.clean.town for b in blocks if b.clean.town), None)
    folders = []
    if p.date == "folder":
        folders.append(f"{blocks[0].clean.report_date:%Y-%m-%d}")
    if p.town == "folder" and town:
        folders.append(town)
    return tuple(folders)


def _titles(block: _Block, blocks: list[_Block]) -> list[list[tuple[int, str, bool]]]:
    """The lines above a table: (column, text, whether merged over the table)."""
    p, clean = block.p, block.clean
    choose = p.stream("titles", p.form)
    day, text = clean.report_date, _day_text(p, clean.report_date)
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


def address(row: int, column: int) -> str:
    """The address of a 0-based place."""
    letters, column = "", column + 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(65 + rest) + letters
    return f"{letters}{row + 1}"


# --- writers ----------------------------------------------------------------------------------------------------------


def _lines(sheet: Sheet) -> Iterator[tuple[int, list[tuple[int, Cell]]]]:
    places = sorted(sheet.cells)
    for row, found in groupby(places, key=lambda place: place[0]):
        yield row, [(column, sheet.cells[row, column]) for _, column in found]


def _serial(day: dt.date, *, is_1904: bool = False) -> int:
    return (day - (dt.date(1904, 1, 1) if is_1904 else dt.date(1899, 12, 30))).days


def _zipped(parts: dict[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return buffer.getvalue()


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
_STYLES = '<cellXfs count="3"><xf numFmtId="0"/><xf numFmtId="14"/><xf numFmtId="10"/></cellXfs>'


def _attribute(name: str, value: object, *, when: bool = True) -> str:
    return f" {name}={quoteattr(str(value))}" if when else ""


def _element(name: str, inside: str, attributes: str = "") -> str:
    return f"<{name}{attributes}>{inside}</{name}>" if inside else ""


def _related(**targets: str) -> str:
    one = '<Relationship Id="{}" Type="{}/{}" Target="{}"/>'
    kinds = {"a": "officeDocument", "s": "styles"}
    inside = "".join(one.format(key, _REL, kinds.get(key, "worksheet"), target) for key, target in targets.items())
    return _HEAD + _element("Relationships", inside, _attribute("xmlns", _PACKAGE))


def _xlsx(sheets: list[Sheet], *, is_1904: bool = False) -> bytes:
    listed = "".join(
        f"<sheet name={quoteattr(sheet.name)}{_attribute('sheetId', n)}{_attribute('r:id', f'rId{n}')}"
        f"{_attribute('state', 'hidden', when=sheet.is_hidden)}/>"
        for n, sheet in enumerate(sheets, 1)
    )
    properties = f"<workbookPr{_attribute('date1904', 1, when=is_1904)}/>"
    paths = {f"rId{n}": f"worksheets/sheet{n}.xml" for n in range(1, len(sheets) + 1)}
    spaces = _attribute("xmlns", _MAIN)
    parts = {
        "[Content_Types].xml": _HEAD + f"<Types{_attribute('xmlns', _TYPES)}/>",
        "_rels/.rels": _related(a="xl/workbook.xml"),
        "xl/workbook.xml": _HEAD
        + _element("workbook", properties + _element("sheets", listed), spaces + _attribute("xmlns:r", _REL)),
        "xl/_rels/workbook.xml.rels": _related(**paths, s="styles.xml"),
        "xl/styles.xml": _HEAD + _element("styleSheet", _STYLES, spaces),
    }
    for n, sheet in enumerate(sheets, 1):
        parts[f"xl/worksheets/sheet{n}.xml"] = _HEAD + _worksheet(sheet, is_1904=is_1904)
    return _zipped(parts)


def _worksheet(sheet: Sheet, *, is_1904: bool) -> str:
    rows = []
    for r, cells in _lines(sheet):
        body = "".join(_xlsx_cell(address(r, c), cell, is_1904=is_1904) for c, cell in cells)
        hidden = ' hidden="1"' if r in sheet.hidden_rows | sheet.filtered_rows else ""
        rows.append(f'<row r="{r + 1}"{hidden}>{body}</row>')
    columns = "".join(f'<col min="{c + 1}" max="{c + 1}" width="0" hidden="1"/>' for c in sorted(sheet.hidden_columns))
    merges = "".join(f'<mergeCell ref="{address(t, le)}:{address(b, r)}"/>' for t, le, b, r in sheet.merges)
    inside = _element("cols", columns) + f"<sheetData>{''.join(rows)}</sheetData>"
    inside += f'<autoFilter ref="{sheet.filter_range}"/>' if sheet.filter_range else ""
    inside += _element("mergeCells", merges, _attribute("count", len(sheet.merges)))
    return _element("worksheet", inside, _attribute("xmlns", _MAIN))


def _xlsx_cell(at: str, cell: Cell, *, is_1904: bool) -> str:
    formula = f"<f>{escape(cell.formula)}</f>" if cell.formula else ""
    match cell.value:
        case str(text):
            return f'<c r="{at}" t="inlineStr"><is><t xml:space="preserve">{escape(text)}</t></is></c>'
        case dt.date() as day:
            return f'<c r="{at}" s="1"><v>{_serial(day, is_1904=is_1904)}</v></c>'
        case number:
            style = ' s="2"' if cell.style == "percent" else ""
            return f'<c r="{at}"{style}>{formula}<v>{number!r}</v></c>'


def _xls(sheets: list[Sheet]) -> bytes:
    """BIFF8 as a bare stream, which readers take without the container around it."""

    def record(kind: int, data: bytes = b"") -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def text(words: str, length: str) -> bytes:
        return struct.pack(f"<{length}B", len(words.encode("utf-16-le")) // 2, 1) + words.encode("utf-16-le")

    font = record(0x0031, struct.pack("<HHHHHBBBB", 200, 0, 0x7FFF, 400, 0, 0, 0, 0, 0) + text("Arial", "B"))
    formats = b"".join(
        record(0x00E0, struct.pack("<HHHBBBBIIH", 0, key, 1, 0x20, 0, 0, 0, 0, 0, 0x20C0)) for key in (0, 14, 10)
    )
    before = (
        record(0x0809, struct.pack("<HHHHII", 0x0600, 5, 0x0DBB, 1996, 0, 6))
        + record(0x0042, struct.pack("<H", 1200))
        + font * 5
        + formats
    )
    bodies = []
    for sheet in sheets:
        body = record(0x0809, struct.pack("<HHHHII", 0x0600, 0x10, 0x0DBB, 1996, 0, 6))
        for c in sorted(sheet.hidden_columns):
            body += record(0x007D, struct.pack("<HHHHHH", c, c, 0, 0, 1, 0))
        for r, cells in _lines(sheet):
            body += record(0x0208, struct.pack("<HHHHHHI", r, 0, 256, 255, 0, 0, 0x20 if r in sheet.hidden_rows else 0))
            for c, cell in cells:
                style = {"date": 1, "percent": 2}.get(cell.style, 0)
                if isinstance(cell.value, str):
                    body += record(0x0204, struct.pack("<HHH", r, c, 0) + text(cell.value, "H"))
                else:
                    number = float(_serial(cell.value) if isinstance(cell.value, dt.date) else cell.value)
                    body += record(0x0203, struct.pack("<HHHd", r, c, style, number))
        if sheet.merges:
            ranges = b"".join(struct.pack("<HHHH", t, b, le, r) for t, le, b, r in sheet.merges)
            body += record(0x00E5, struct.pack("<H", len(sheet.merges)) + ranges)
        bodies.append(body + record(0x000A))
    tails = [text(sheet.name, "B") for sheet in sheets]
    position = len(before) + sum(4 + 6 + len(tail) for tail in tails) + 4
    listed = b""
    for sheet, tail, body in zip(sheets, tails, bodies, strict=True):
        listed += record(0x0085, struct.pack("<IBB", position, int(sheet.is_hidden), 0) + tail)
        position += len(body)
    return before + listed + record(0x000A) + b"".join(bodies)


def _ods(sheets: list[Sheet]) -> bytes:
    space = "urn:oasis:names:tc:opendocument:xmlns:{}:1.0"
    names = " ".join(f'xmlns:{n}="{space.format(n)}"' for n in ("office", "table", "text", "style"))
    tables = []
    for sheet in sheets:
        height = max((r for r, _ in sheet.cells), default=-1) + 1
        width = max((c for _, c in sheet.cells), default=-1) + 1
        columns = "".join(f"<table:table-column{_collapsed(c in sheet.hidden_columns)}/>" for c in range(width))
        rows = "".join(
            f"<table:table-row{_collapsed(r in sheet.hidden_rows) or _filtered(r in sheet.filtered_rows)}>"
            + "".join(_ods_cell(sheet, r, c) for c in range(width))
            + "</table:table-row>"
            for r in range(height)
        )
        style = ' table:style-name="ta2"' if sheet.is_hidden else ""
        tables.append(f"<table:table table:name={quoteattr(sheet.name)}{style}>{columns}{rows}</table:table>")
    hidden = '<style:table-properties table:display="false"/>'
    styles = _element("style:style", hidden, ' style:name="ta2" style:family="table"')
    body = _element("office:body", _element("office:spreadsheet", "".join(tables)))
    content = _element("office:document-content", _element("office:automatic-styles", styles) + body, f" {names}")
    return _zipped({"mimetype": "application/vnd.oasis.opendocument.spreadsheet", "content.xml": _HEAD + content})


def _collapsed(is_hidden: bool) -> str:
    return ' table:visibility="collapse"' if is_hidden else ""


def _filtered(is_hidden: bool) -> str:
    return ' table:visibility="filter"' if is_hidden else ""


def _ods_cell(sheet: Sheet, r: int, c: int) -> str:
    merge = next((m for m in sheet.merges if m[0] <= r <= m[2] and m[1] <= c <= m[3]), None)
    if merge and merge[:2] != (r, c):
        return "<table:covered-table-cell/>"
    attributes = ""
    if merge:
        attributes += _attribute("table:number-columns-spanned", merge[3] - merge[1] + 1)
        attributes += _attribute("table:number-rows-spanned", merge[2] - merge[0] + 1)
    cell = sheet.cells.get((r, c))
    if cell is None:
        return f"<table:table-cell{attributes}/>"
    attributes += _attribute("table:formula", f"of:={cell.formula}", when=bool(cell.formula))
    lines = [str(cell.value)]
    match cell.value:
        case str(text):
            attributes += _attribute("office:value-type", "string")
            lines = [escape(line).replace("  ", '<text:s text:c="2"/>') for line in text.split("\n")]
        case dt.date() as day:
            attributes += _attribute("office:value-type", "date") + _attribute("office:date-value", day.isoformat())
        case number:
            kind = "percentage" if cell.style == "percent" else "float"
            attributes += _attribute("office:value-type", kind) + _attribute("office:value", repr(number))
    return _element("table:table-cell", "".join(f"<text:p>{line}</text:p>" for line in lines), attributes)


def _as_text(cell: Cell | None) -> str:
    if cell is None:
        return ""
    if isinstance(cell.value, dt.date):
        return f"{cell.value.year}/{cell.value.month}/{cell.value.day}"
    if cell.style == "percent" and isinstance(cell.value, int | float):
        return f"{_plain(Decimal(str(cell.value)) * 100)}%"
    return str(cell.value)


def _html(sheets: list[Sheet]) -> bytes:
    (sheet,) = sheets
    width = max(c for _, c in sheet.cells) + 1
    rows = []
    for r in range(max(r for r, _ in sheet.cells) + 1):
        cells = []
        for c in range(width):
            merge = next((m for m in sheet.merges if m[0] <= r <= m[2] and m[1] <= c <= m[3]), None)
            if merge and merge[:2] != (r, c):
                continue
            span = f' colspan="{merge[3] - merge[1] + 1}" rowspan="{merge[2] - merge[0] + 1}"' if merge else ""
            cells.append(
                f"<td{span}>{escape(_as_text(sheet.cells.get((r, c)))).replace(chr(10), '<br>') or '&nbsp;'}</td>"
            )
        hidden = ' style="display:none"' if r in sheet.hidden_rows else ""
        rows.append(f"<tr{hidden}>{''.join(cells)}</tr>")
    head = '<head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"></head>'
    page = f"<html>{head}<body><table>{''.join(rows)}</table></body></html>"
    return page.encode("gb18030")


def _csv(sheets: list[Sheet], encoding: str, separator: str) -> bytes:
    (sheet,) = sheets
    height, width = max(r for r, _ in sheet.cells) + 1, max(c for _, c in sheet.cells) + 1
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer, delimiter=separator)
    writer.writerows([_as_text(sheet.cells.get((r, c))) for c in range(width)] for r in range(height))
    return buffer.getvalue().encode(encoding)


WRITERS: dict[str, Callable[[list[Sheet]], bytes]] = {
    "xlsx": _xlsx,
    "xlsx_1904": lambda sheets: _xlsx(sheets, is_1904=True),
    "xls": _xls,
    "ods": _ods,
    "html": _html,
    "csv": lambda sheets: _csv(sheets, "utf-8", ","),
    "csv_bom": lambda sheets: _csv(sheets, "utf-8-sig", ","),
    "csv_gb": lambda sheets: _csv(sheets, "gb18030", ","),
    "tsv_gb": lambda sheets: _csv(sheets, "gb18030", "\t"),
}


# --- what was read ----------------------------------------------------------------------------------------------------


def differences(layout: Layout, read: FileRead) -> list[str]:
    """What a reader read otherwise than a careful clerk; empty where all is equal."""
    found = [table for table in read.tables if table.form]
    said = []
    # Whether a repeated header begins another table is the reader's affair.
    if len(found) != layout.tables and layout.plan.page_breaks == "none":
        said.append(f"{len(found)} tables for {layout.tables}: {[(t.sheet, t.form, t.reason) for t in read.tables]}")
    rest = [(table, record) for table in found for record in table.records]
    for table in found:
        if table.report_date != layout.report_date:
            said.append(f"{table.form}: report date {table.report_date} for {layout.report_date}")
    for wanted in layout.records:
        spread = forms()[wanted.form].spread
        here = [
            (table, record)
            for table, record in rest
            if (table.form, table.sheet, record.row) == (wanted.form, wanted.sheet, wanted.row)
            and (not spread or record.values.get(spread) == wanted.values.get(spread))
        ]
        if len(here) > 1:  # transposed: several records of one row
            here = [found for found in here if found[1].cells == wanted.cells] or [
                max(here, key=lambda f: len(set(f[1].cells.items()) & set(wanted.cells.items())))
            ]
        if not here:
            said.append(f"{wanted.form} row {wanted.row}: not read {wanted.values}")
            continue
        table, record = here[0]
        rest = [pair for pair in rest if pair[1] is not record]
        where = f"{wanted.form} {wanted.sheet} row {wanted.row}"
        town = record.values.get("town") or table.town
        if wanted.town and town != wanted.town:
            said.append(f"{where}: town {town!r} for {wanted.town!r}")
        names = (set(wanted.values) | {n for n, v in record.values.items() if v is not None}) - {"town"}
        if layout.plan.two.endswith("one_title"):
            names -= {"population_basis"}  # 户籍 in the title of the one speaks of the other
        for name in sorted(names):
            value, want = record.values.get(name), wanted.values.get(name)
            if not _same(value, want):
                unread = f" (unread {record.unread[name]!r})" if name in record.unread else ""
                said.append(f"{where}: {name} {value!r}{unread} for {want!r}")
        for name, cell in wanted.cells.items():
            if wanted.values.get(name) is not None and record.cells.get(name) != cell:
                said.append(f"{where}: cell of {name} {record.cells.get(name)} for {cell}")
    said += [
        f"{table.form} {table.sheet} row {record.row}: read where nothing is: {record.values}" for table, record in rest
    ]
    return said


def _same(value: Any, want: Any) -> bool:
    if value is None or want is None or isinstance(value, str | bool) or isinstance(want, str | bool):
        return (value or None) == (want or None) if not isinstance(want, bool) else value == want
    if isinstance(value, dt.date) or isinstance(want, dt.date):
        return bool(value == want)
    return abs(Decimal(str(value)) - Decimal(str(want))) < Decimal("0.000001")


def read_back(layout: Layout) -> list[str]:
    """Read a layout's file and compare."""
    from flows.ingest.guard import Limits
    from flows.ingest.reading import read_file

    return differences(layout, read_file(layout.data, layout.names, Limits()))
