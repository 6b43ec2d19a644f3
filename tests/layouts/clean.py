"""What a clean table holds."""

import datetime as dt
import random
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from schemas import forms
from schemas.info import FieldInfo, FormInfo
from tests.layouts.plans import Plan, town_is_subject

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
    several_towns = p.town in ("column", "section") and (p.town == "section" or p.rows > 2 or town_is_subject(info))
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
    rows = min(p.rows, len(TOWNS)) if town_is_subject(info) else p.rows  # a town has one row
    entries = [_entry(p, info, shown, i, report_date, several_towns) for i in range(rows)]
    outer = ("supply_mode", "town") if p.mode == p.town == "section" else ("town", "supply_mode")
    keys = [n for n in (*outer, "village_committee") if n in info.fields]
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
            place = index if town_is_subject(info) else index // 2
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
