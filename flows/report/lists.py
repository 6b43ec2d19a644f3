"""The lists that documents name things from, and how they name them."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from flows.publish.query import records
from flows.report.figures import Edition
from flows.report.official import clean

Row = Mapping[str, Any]

_DIGITS = "零一二三四五六七八九十"
MOST_NAMES = 3  # of a town, before 等
# What a rule that rejects or warns finds, in the words of a report.
RULES = {
    "R01": "必填项缺失或无法识别",
    "R02": "数量为负、为小数或户数人口为零",
    "R03": "户数人口超出一个自然村的上限",
    "R04": "户数与人口矛盾",
    "R05": "通水户数或供水人口大于该村总数",
    "R06": "镇村名称不在区划基数表内",
    "R07": "已发生事项的日期有误",
    "R08": "同一自然村重复填报且数字不一致",
    "R09": "同一行重复填报",
    "R10": "户均人口异常",
    "R11": "人口与户籍人口相差较大",
    "R12": "完成状态与完成时间矛盾",
    "R13": "工程各阶段日期顺序颠倒",
    "R14": "合计与明细之和不符",
    "R15": "填报的比率与数字不符",
    "R16": "支付大于到位或到位大于计划",
    "R17": "累计数比上期减少",
    "R18": "投资或管网与受益人口不相称",
    "R19": "数字与上期完全相同",
    "R22": "同一自然村列入两种供水方式",
    "R23": "已报完成而核查无水",
}


def number_zh(number: int) -> str:
    """Write a number up to 99 as headings do: 一, 十二, 二十."""
    tens, ones = divmod(number, 10)
    return ("" if tens < 2 else _DIGITS[tens]) + ("十" if tens else "") + (_DIGITS[ones] if ones else "")


def rows(edition: Edition, sql: str) -> list[Row]:
    """Rows of a list of villages, projects or towns, of the edition's county and report date ($county, $day).

    Texts come without control characters.
    """
    facts = edition.facts
    answer = edition.con.execute(
        sql,
        {
            name: value
            for name, value in (("day", facts.report_date), ("county", facts.county_code))
            if f"${name}" in sql
        },
    )
    return [
        {name: clean(value) if isinstance(value, str) else value for name, value in row.items()}
        for row in records(answer)
    ]


def by_town(found: Iterable[Row]) -> dict[str | None, list[Row]]:
    """Rows by the code of their town, in the order in which they came."""
    towns: dict[str | None, list[Row]] = defaultdict(list)
    for row in found:
        towns[row["town_code"]].append(row)
    return dict(towns)


def names(found: Sequence[Row], within: str = "", most: int = MOST_NAMES) -> str:
    """The first names of some rows, each once, and 等 where there are more; of what is within a town, without it."""
    all_of_them = list(dict.fromkeys(row["name"].removeprefix(within) for row in found if row["name"]))
    return "、".join(all_of_them[:most]) + ("等" if len(all_of_them) > most else "")
