"""Headings, groups and units over the columns."""

import random
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from schemas import forms
from schemas.info import FormInfo
from schemas.text import heading_key, without_brackets
from schemas.vocabulary import Vocabulary
from schemas.vocabulary.units import UNITS
from tests.layouts.clean import OWN_GROUPS, PREFIXES, SUFFIXES, UNKNOWN, Clean
from tests.layouts.plans import Plan


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


def columns_of(p: Plan, clean: Clean) -> list[Column]:
    """The columns of a table in their order, with the headings over them."""
    info, choose = clean.info, p.stream("columns", p.form)
    singles: list[list[Column]] = []  # each list stays together
    skip = (
        {info.spread, *info.measures, "is_below_detection"}
        if info.spread and p.spread not in ("long", "parts")
        else {"is_below_detection"}
    )
    if p.spread == "parts":
        skip.add(str(info.spread))
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
                Column("tick", [heading, spelling_of(choose, described.vocabulary, c, brief=True)], name, other=c)
                for c in described.vocabulary or ()
            ]
            singles.append(ticks)
        elif described.repeats_over:
            singles.append(
                [
                    Column("field", [heading, spelling_of(choose, described.repeats_over, c)], f"{c}.{name}")
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
    if info.spread and p.spread not in ("long", "parts"):
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


def spelling_of(choose: random.Random, vocabulary: Vocabulary | None, code: str, *, brief: bool = False) -> str:
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
    spelled = {c: spelling_of(choose, vocabulary, c) for c in codes}
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
            if p.spread == "joined":
                columns.append([Column("field" if c else "extra", [word + headed[n]], n, c) for n in measures])
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
        units = units_of(described.dimension)
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
def units_of(dimension: str) -> dict[str, Decimal]:
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
