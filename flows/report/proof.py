"""The proof of a figure in words: what it is, and a line for each cell that it was made of."""

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import duckdb

from flows.evidence import Cell
from flows.metrics import UNITS_EN, Figure, Value
from flows.publish.answers import written
from flows.report.numbers import day_zh, half_up, percent, plain
from flows.said import Lang
from flows.trace import Proof, Row
from schemas import forms
from schemas.vocabulary.events import EVENT_KIND
from schemas.vocabulary.funds import FUNDING_SOURCE
from schemas.vocabulary.supply import STATUS, SUPPLY_MODE, WORKS_TYPE
from schemas.vocabulary.water import PARAMETER

_VOCABULARIES = {
    "supply_mode": SUPPLY_MODE,
    "funding_source": FUNDING_SOURCE,
    "works_type": WORKS_TYPE,
    "status": STATUS,
    "kind": EVENT_KIND,
    "parameter": PARAMETER,
}
_HEADINGS = {
    "zh": ("镇", "对象", "文件", "工作表", "单元格", "原文", "换算", "计入", "数据截至", "说明"),
    "en": ("town", "object", "file", "sheet", "cell", "printed", "reading", "counts", "reported_on", "remark"),
}
_IS_NUMBER = [heading == "counts" for heading in _HEADINGS["en"]]
# What stands before that to which the rows come together.
TOTALS = {"sum": ("合计", "total"), "max": ("最大", "most"), "min": ("最小", "least"), "median": ("中位数", "median")}
_MOST_PLACES = 6
_RATE_PLACES = 4  # of a percentage


@dataclass(frozen=True)
class Line:
    """One cell of a proof; a row that rests on no cell, such as a town's assessment, has a line too.

    Attributes
    ----------
    contribution
        What its row adds to the figure; on the first line of a row only.
    remark
        What a reader has to know: corrections, merges, restatements, what else the row rests on.
    """

    town: str
    object: str
    contribution: Value
    reported_on: dt.date | None
    file: str = ""
    received_on: dt.date | None = None
    sheet: str = ""
    cell: str = ""
    printed: str = ""
    reading: str = ""
    remark: str = ""


def lines(proof: Proof) -> Iterator[Line]:
    """Write the rows of a figure cell by cell."""
    return (line for row in proof.rows for line in lines_of(row))


def lines_of(row: Row) -> Iterator[Line]:
    """Write one row, cell by cell."""
    remarks = [*row.notes, *(_beside(row, cell) for cell in row.beside)]
    if not row.cells:
        yield Line(row.town, row.object, row.contribution, row.reported_on, remark="；".join(remarks))
    for number, cell in enumerate(row.cells):
        remark = "；".join((*cell.notes, *(() if number else remarks)))
        yield Line(
            row.town, row.object, None if number else row.contribution, row.reported_on, cell.file, cell.received_on,
            cell.sheet, cell.address or "", cell.printed, cell.reading, remark,
        )  # fmt: skip


def _beside(row: Row, cell: Cell) -> str:
    """A cell that a row rests on beside its own, in one phrase."""
    first = row.cells[0] if row.cells else None
    place = cell.address or ""
    if first and (first.file, first.sheet) != (cell.file, cell.sheet):
        place = f"《{cell.file}》“{cell.sheet}”{place}" if first.file != cell.file else f"“{cell.sheet}”{place}"
    shown = f"“{cell.printed}”" if cell.printed else ""
    return f"{cell.title}{place}{shown}{''.join(f'（{note}）' for note in cell.notes)}"


class Words:
    """Says what figures are.

    Parameters
    ----------
    con
        The marts.
    lang
        Of the words; names of places and codes are Chinese.
    """

    def __init__(self, con: duckdb.DuckDBPyConnection, lang: Lang = "zh") -> None:
        self._con, self.lang = con, lang

    @cached_property
    def _names(self) -> dict[str, str]:
        return dict(
            self._con.execute(
                "select division_code, name from dim_division where level in ('county', 'town')"
            ).fetchall()
        )

    def name(self, figure: Figure) -> str:
        """The metric's name."""
        return figure.metric.name_zh if self.lang == "zh" else figure.metric.name

    def definition(self, figure: Figure) -> str:
        """What the metric means."""
        return figure.metric.definition if self.lang == "zh" else figure.metric.definition_en

    def scope(self, figure: Figure) -> str:
        """Where a figure is from, and of what: the county or a town, supply mode, funding source."""
        where = figure.slice
        place = where.get("town_code") or where.get("county_code")
        parts = [self._names.get(str(place), str(place)) if place else "全部"]
        known = figure.metric.dimensions if figure.metric.kind == "simple" else where
        for name, value in where.items():
            if name in known and name not in ("report_date", "county_code", "town_code"):
                parts.append("未填" if value is None else _word(name, str(value)))
        return "，".join(parts)

    def day(self, figure: Figure) -> str:
        """The report date."""
        day = figure.slice.get("report_date")
        if not isinstance(day, dt.date):
            return ""
        return f"截至{day_zh(day)}" if self.lang == "zh" else f"as of {day}"

    def exact(self, figure: Figure) -> str:
        """A figure, exact, with its unit; a rate as a percentage."""
        if figure.value is None:
            return "没有报告" if self.lang == "zh" else "not reported"
        if figure.metric.kind == "ratio":
            return f"{percent(figure.value, _RATE_PLACES)}%"  # type: ignore[arg-type]
        unit = figure.metric.unit or ""
        unit = unit if self.lang == "zh" else UNITS_EN.get(unit, unit)
        return f"{number_text(figure.value)} {'' if isinstance(figure.value, dt.date) else unit}".rstrip()

    def computed(self, figure: Figure) -> str:
        """How a rate or a derived figure comes from its inputs, with their values; empty of a simple one."""
        said = [f"{self.name(part)} {self.exact(part)}" for part in figure.inputs]
        if figure.metric.kind == "ratio":
            return " ÷ ".join(said)
        by_name = dict(zip((part.metric.name for part in figure.inputs), said, strict=True))
        expression = str(figure.metric.expression) if figure.metric.kind == "derived" else ""
        return re.sub(r"[a-z]\w*", lambda match: by_name[match[0]], expression)


def _word(dimension: str, value: str) -> str:
    """A value of a dimension by its Chinese name."""
    if dimension == "form" and value in forms():
        return forms()[value].title
    words = _VOCABULARIES.get(dimension)
    return words.zh(value) if words and value in words.terms else value


def number_text(value: Any) -> str:
    """A value as people read it: thousands apart, no idle zeros, days ISO."""
    if value is None:
        return ""
    if isinstance(value, dt.date):
        return value.isoformat()
    whole, point, places = plain(value, _MOST_PLACES).partition(".")
    return f"{int(whole):,}{point}{places}" if whole not in ("-0",) else f"-0{point}{places}"


def as_text(proof: Proof, words: Words) -> Iterator[str]:
    """A proof for people: what each figure is, then a table of its cells with the sum beneath."""
    figure, is_zh = proof.figure, words.lang == "zh"
    yield f"{words.name(figure)}　{words.exact(figure)}\n"
    yield f"{words.scope(figure)}，{words.day(figure)}　{figure.key}\n"
    yield f"{'定义：' if is_zh else 'definition: '}{words.definition(figure)}\n"
    if computed := words.computed(figure):
        yield f"＝ {computed}\n"
    if proof.rows:
        total = TOTALS.get(str(figure.metric.aggregation), TOTALS["sum"])[0 if is_zh else 1]
        end = (total, *[""] * (_IS_NUMBER.index(True) - 1), number_text(proof.total), "", "")
        rows = (_texts(line, number_text(line.contribution)) for line in lines(proof))
        yield from written(_HEADINGS[words.lang], _IS_NUMBER, chain(rows, [end]), "table")
    for part in proof.inputs:
        yield "\n"
        yield from as_text(part, words)


def as_csv(proof: Proof, words: Words) -> Iterator[str]:
    """The cells of a figure and of all that it is computed from, under one heading."""
    first = ("编号", "指标", "范围") if words.lang == "zh" else ("figure", "metric", "scope")
    rows = (
        (each.figure.key, words.name(each.figure), words.scope(each.figure), *_texts(line, line.contribution))
        for each in _all(proof)
        for line in lines(each)
    )
    yield from written((*first, *_HEADINGS[words.lang]), (*[False] * len(first), *_IS_NUMBER), rows, "csv")


def _all(proof: Proof) -> Iterator[Proof]:
    yield proof
    for part in proof.inputs:
        yield from _all(part)


def _texts(line: Line, counts: Value | str) -> tuple[Any, ...]:
    return (
        line.town, line.object, line.file, line.sheet, line.cell, line.printed, line.reading, counts,
        line.reported_on, line.remark,
    )  # fmt: skip


def as_json(proof: Proof) -> dict[str, Any]:
    """A proof for a program: money and rates as texts, counts as numbers, days ISO."""
    figure = proof.figure
    said: dict[str, Any] = {
        "figure": figure.key,
        "metric": figure.metric.name,
        "name_zh": figure.metric.name_zh,
        "definition": figure.metric.definition,
        "unit": figure.metric.unit,
        "slice": {name: _json(value) for name, value in figure.slice.items()},
        "value": _json(figure.value),
    }
    if proof.rows:
        said["rows"] = [_row_json(row) for row in proof.rows]
    if proof.inputs:
        said["inputs"] = [as_json(part) for part in proof.inputs]
    return said


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "town": row.town,
        "object": row.object,
        "contribution": _json(row.contribution),
        "reported_on": _json(row.reported_on),
        "cells": [_cell_json(cell) for cell in row.cells],
        "beside": [_cell_json(cell) for cell in row.beside],
        "notes": list(row.notes),
    }


def _cell_json(cell: Cell) -> dict[str, Any]:
    return {
        "file": cell.file,
        "received_on": _json(cell.received_on),
        "sheet": cell.sheet,
        "cell": cell.address,
        "field": cell.field,
        "printed": cell.printed,
        "value": _json(cell.value),
        "reading": cell.reading,
        "notes": list(cell.notes),
    }


def _json(value: Any) -> Any:
    match value:
        case None | bool() | int() | str():
            return value
        case dt.date():
            return value.isoformat()
    return format(half_up(value, _MOST_PLACES).normalize(), "f")
