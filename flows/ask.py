"""What somebody asks for, by whatever name: a metric, a town, a supply mode, the number of a printed figure."""

import datetime as dt
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
from rapidfuzz import process

from flows.metrics import Figure, Metrics, UnknownMetric
from flows.said import SaidError
from schemas.text import heading_key
from schemas.vocabulary import Vocabulary
from schemas.vocabulary.events import EVENT_KIND
from schemas.vocabulary.funds import FUNDING_SOURCE
from schemas.vocabulary.supply import STATUS, SUPPLY_MODE, WORKS_TYPE

CITATIONS = "citations.json"  # beside the documents of a date: number → figure
_NUMBER = re.compile(r"_?(S\d{3,})", re.IGNORECASE)
_NEAREST = 5
# What the values of a dimension look like, in the order in which a key holds them.
_MAY_BE: dict[str, Callable[[str], object]] = {
    "report_date": re.compile(r"\d{4}-\d\d-\d\d").fullmatch,
    "county_code": re.compile(r"\d{6}").fullmatch,
    "town_code": re.compile(r"\d{9}").fullmatch,
    "supply_mode": SUPPLY_MODE.terms.get,
    "funding_source": FUNDING_SOURCE.terms.get,
    "works_type": WORKS_TYPE.terms.get,
    "status": STATUS.terms.get,
    "kind": EVENT_KIND.terms.get,
    "current_stage": re.compile(r"[a-z]+").fullmatch,
}


class Unknown(SaidError):
    """Nothing is called that; the names there are stand beneath the sentence."""

    def __init__(self, zh: str, en: str, names: Iterable[str] = ()) -> None:
        below = [f"\n  {name}" for name in names]
        super().__init__("".join([zh, *below]), "".join([en, *below]))


@dataclass(frozen=True)
class Question:
    """What is asked for: a metric, the key of a figure or its number in the documents, and the slice."""

    metric: str
    town: str | None = None
    day: dt.date | None = None
    mode: str | None = None
    source: str | None = None


def figure_of(question: Question, con: duckdb.DuckDBPyConnection, metrics: Metrics, documents: Path) -> Figure:
    """Return the figure that is asked for.

    Parameters
    ----------
    question
        Names may be Chinese or English, codes or words.
    con, metrics
        The marts.
    documents
        The folder of published documents, for the numbers printed in them.

    Raises
    ------
    Unknown
        Nothing is called that.
    """
    if number := _NUMBER.fullmatch(question.metric):
        name, where = _cited(number[1].upper(), question.day, documents)
    elif "@" in question.metric:
        name, where = _keyed(question.metric, metrics)
    else:
        name, where = _metric(question.metric, metrics), _slice(question, con)
    try:
        return metrics.figure(name, where)
    except UnknownMetric as error:
        zh = metrics.all[name].name_zh
        raise Unknown(
            f"“{zh}”不能这样划分，可用的维度：{'、'.join(sorted(metrics.dimensions(name)))}。",
            f"{error.args[0]} is no dimension of {name}; there are {', '.join(sorted(metrics.dimensions(name)))}.",
        ) from error


def _metric(asked: str, metrics: Metrics) -> str:
    wanted = heading_key(asked)
    labels = {name: f"{name}  {metric.name_zh}" for name, metric in metrics.all.items()}
    for name, metric in metrics.all.items():
        if wanted in (heading_key(name), heading_key(metric.name_zh)):
            return name
    names = {text: name for name, metric in metrics.all.items() for text in (name, metric.name_zh)}
    nearest = process.extract(asked, list(names), limit=_NEAREST)
    near = list(dict.fromkeys(labels[names[text]] for text, score, _ in nearest if score > 50))
    zh, en = f"没有“{asked}”这个指标", f"There is no metric “{asked}”"
    if near:
        zh, en = f"{zh}，相近的有：{'；'.join(near)}", f"{en}; the nearest: {'; '.join(near)}"
    raise Unknown(f"{zh}。全部指标：", f"{en}. All there are:", sorted(labels.values()))


def _slice(question: Question, con: duckdb.DuckDBPyConnection) -> dict[str, object]:
    where: dict[str, object] = {"report_date": day_of(question.day, con)}
    found = con.execute("select division_code from dim_division where level = 'county'").fetchall()
    if question.town:
        where["county_code"], where["town_code"] = _town(question.town, con)
    elif len(found) == 1:
        where["county_code"] = found[0][0]
    if question.mode:
        where["supply_mode"] = _code(question.mode, SUPPLY_MODE, "供水方式", "supply mode")
    if question.source:
        where["funding_source"] = _code(question.source, FUNDING_SOURCE, "资金来源", "funding source")
    return where


def day_of(asked: dt.date | None, con: duckdb.DuckDBPyConnection) -> dt.date:
    """Return the report date that is asked for, by default the latest.

    Raises
    ------
    Unknown
        It is none.
    """
    days = [day for (day,) in con.execute("select distinct report_date from rpt_coverage_county order by 1").fetchall()]
    if not days:
        raise Unknown("还没有任何报告日的数据。", "There is no report date yet.")
    if asked and asked not in days:
        raise Unknown(f"{asked} 不是报告日，现有：", f"{asked} is no report date; there are:", map(str, days))
    return asked or max(days)


def _town(asked: str, con: duckdb.DuckDBPyConnection) -> tuple[str, str]:
    towns = con.execute(
        "select county_code, division_code, name from dim_division where level = 'town' order by division_code"
    ).fetchall()
    found = [(county, code) for county, code, name in towns if asked in (code, name)]
    found = found or [(county, code) for county, code, name in towns if name.startswith(asked)]
    if len(found) == 1:
        return found[0]
    names = [f"{code}  {name}" for _, code, name in towns]
    if found:
        raise Unknown(f"有多个镇叫“{asked}”，请写代码：", f"Several towns are called “{asked}”; give its code:", names)
    raise Unknown(f"没有“{asked}”这个镇，现有：", f"There is no town “{asked}”; there are:", names)


def _code(asked: str, words: Vocabulary, zh: str, en: str) -> str:
    if code := words.lookup(asked) or words.find(asked):
        return code
    names = [f"{code}  {words.zh(code)}" for code in words]
    raise Unknown(f"没有“{asked}”这种{zh}，现有：", f"There is no {en} “{asked}”; there are:", names)


def _cited(number: str, day: dt.date | None, documents: Path) -> tuple[str, dict[str, object]]:
    """What stands behind a number of the documents of a date, by default the latest."""
    folders = sorted(folder for folder in documents.glob(str(day or "????-??-??")) if folder.is_dir())
    files = sorted(folders[-1].rglob(CITATIONS)) if folders else []
    found = [told[number] for file in files if number in (told := json.loads(file.read_text("utf-8")))]
    if not found:
        raise Unknown(
            f"文件中没有编号 {number}，请用 --date 写明是哪一期的文件。",
            f"No document has a number {number}; say with --date which documents are meant.",
        )
    if len(found) > 1:
        keys = [told["key"] for told in found]
        raise Unknown(f"几个县都有编号 {number}，请写：", f"Several counties have a number {number}; give:", keys)
    where: Mapping[str, str | None] = found[0]["slice"]
    return found[0]["metric"], {name: _typed(name, value) for name, value in where.items()}


def _keyed(key: str, metrics: Metrics) -> tuple[str, dict[str, object]]:
    """Take the key of a figure apart: each value is of the next dimension that may have it."""
    name, _, values = key.partition("@")
    name = _metric(name, metrics)
    where: dict[str, object] = {}
    for value in values.split("/") if values else ():
        free = (each for each in _MAY_BE if each in metrics.dimensions(name) and each not in where)
        dimension = next((each for each in free if _MAY_BE[each](value)), None)
        if dimension is None:
            raise Unknown(f"看不懂“{key}”中的“{value}”。", f"“{value}” of “{key}” is nothing known.")
        where[dimension] = _typed(dimension, value)
    return name, where


def _typed(dimension: str, value: str | None) -> object:
    try:
        return dt.date.fromisoformat(value) if value and dimension == "report_date" else value
    except ValueError as error:
        raise Unknown(f"“{value}”不是日期。", f"“{value}” is no day.") from error
