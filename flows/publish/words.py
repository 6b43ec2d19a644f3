"""What the data dictionary calls things in Chinese and English: groups, kinds, severities, types and units."""

import re
from typing import NamedTuple

from flows.metrics import UNITS_EN
from schemas.info import FieldInfo


class Words(NamedTuple):
    """The same said in Chinese and in English."""

    zh: str
    en: str


# The first part of a table's name, or its schema, and the group that it stands in.
GROUPS = {
    "rpt": Words("汇总表", "Reports"),
    "fct": Words("明细表", "Facts"),
    "dim": Words("维度表", "Dimensions"),
    "": Words("指标定义", "Definitions"),
    "meta": Words("发布信息（meta）", "The release itself (meta)"),
}
KINDS = {
    "text": Words("文本", "text"),
    "count": Words("整数", "whole number"),
    "decimal": Words("小数", "decimal"),
    "date": Words("日期", "date"),
    "code": Words("选项", "code of a list"),
    "flag": Words("是/否", "yes or no"),
}
SEVERITIES = {
    "error": Words("错误（退回该行）", "error (the row is rejected)"),
    "warn": Words("提醒", "warning"),
    "info": Words("提示", "note"),
}
METRIC_KINDS = {
    "simple": Words("由一个表汇总", "aggregated from one table"),
    "derived": Words("由其他指标计算", "computed from other metrics"),
    "ratio": Words("两个指标之比", "ratio of two metrics"),
}
# Canonical units by the dimensions of schemas.vocabulary.units and of the marts' own figures.
UNITS = {
    "yuan": Words("元", "yuan"),
    "km": Words("公里", "km"),
    "rate": Words("比率，0–1", "rate, 0–1"),
    "days": Words("天", "days"),
    "lpcd": Words("升/人·日", "litres per person and day"),
    "persons": Words("人", "persons"),
    "households": Words("户", "households"),
    "villages": Words("条", "natural villages"),
    "things": Words("个", "in number"),
    "times": Words("次", "times"),
    "points": Words("分", "points"),
    "rows": Words("行", "rows"),
    "concentration": Words("按检测项目", "as the parameter's"),
}
# marts.md: the unit stands in a column's name where it is not persons, households or villages.
_DIMENSIONS = {
    r"(?:.*_)?(yuan|km|rate|days|lpcd)(?:_.*)?": None,
    r".*factor(_.*)?": "rate",
    r"(.*_)?population(_.*)?": "persons",
    r"(.*_)?households(_.*)?": "households",
    r"(.*_)?villages(_.*)?|late_open": "villages",
    r"(.*_)?(points|score|weight)(_.*)?": "points",
    r"committees": "things",
    r"meetings_held": "times",
    r"rows(_.*)?": "rows",
}
_NUMBER = re.compile(r"DECIMAL\(.*\)|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_TYPES = {
    r"VARCHAR": Words("文本", "text"),
    r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?": Words("整数", "whole number"),
    r"DECIMAL\(\d+,(\d+)\)": Words(r"小数，\1位", r"decimal, \1 places"),
    r"DATE": Words("日期", "date"),
    r"TIMESTAMP.*": Words("时间", "time"),
    r"BOOLEAN": Words("是/否", "true or false"),
}


def is_number(sql_type: str) -> bool:
    """Whether a column's type is that of exact numbers."""
    return _NUMBER.fullmatch(sql_type) is not None


def column_unit(column: str, sql_type: str) -> Words | None:
    """The unit of a mart's column, which its name tells; None for what is no quantity or has several units."""
    if is_number(sql_type):
        for pattern, dimension in _DIMENSIONS.items():
            if match := re.fullmatch(pattern, column):
                return UNITS[dimension or match[1]]
    return None


def metric_unit(unit: str | None) -> Words:
    """The unit of a metric, by its Chinese name; a rate has none."""
    return Words(unit, UNITS_EN[unit] or "number") if unit else UNITS["rate"]


def field_unit(field: FieldInfo) -> Words | None:
    """The unit of a form's field once loaded."""
    return UNITS[field.dimension] if field.dimension else None


def type_words(sql_type: str) -> Words:
    """A column's type as people call it; the database's own name for one they have no word for."""
    for pattern, words in _TYPES.items():
        if match := re.fullmatch(pattern, sql_type):
            return Words(match.expand(words.zh), match.expand(words.en))
    return Words(sql_type, sql_type)
