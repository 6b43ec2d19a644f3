"""What the data dictionary calls things in Chinese and English: groups, kinds, severities, types and units."""

import re

from flows.metrics import UNITS_EN
from flows.said import Said
from schemas.info import FieldInfo

# The first part of a table's name, or its schema, and the group that it stands in.
GROUPS = {
    "rpt": Said("汇总表", "Reports"),
    "fct": Said("明细表", "Facts"),
    "dim": Said("维度表", "Dimensions"),
    "": Said("指标定义", "Definitions"),
    "meta": Said("发布信息（meta）", "The release itself (meta)"),
}
KINDS = {
    "text": Said("文本", "text"),
    "count": Said("整数", "whole number"),
    "decimal": Said("小数", "decimal"),
    "date": Said("日期", "date"),
    "code": Said("选项", "code of a list"),
    "flag": Said("是/否", "yes or no"),
}
SEVERITIES = {
    "error": Said("错误（退回该行）", "error (the row is rejected)"),
    "warn": Said("提醒", "warning"),
    "info": Said("提示", "note"),
}
METRIC_KINDS = {
    "simple": Said("由一个表汇总", "aggregated from one table"),
    "derived": Said("由其他指标计算", "computed from other metrics"),
    "ratio": Said("两个指标之比", "ratio of two metrics"),
}
# Canonical units by the dimensions of schemas.vocabulary.units and of the marts' own figures.
UNITS = {
    "yuan": Said("元", "yuan"),
    "km": Said("公里", "km"),
    "rate": Said("比率，0–1", "rate, 0–1"),
    "days": Said("天", "days"),
    "lpcd": Said("升/人·日", "litres per person and day"),
    "persons": Said("人", "persons"),
    "households": Said("户", "households"),
    "villages": Said("条", "natural villages"),
    "things": Said("个", "in number"),
    "times": Said("次", "times"),
    "points": Said("分", "points"),
    "rows": Said("行", "rows"),
    "concentration": Said("按检测项目", "as the parameter's"),
}
# marts.md: the unit stands in a column's name where it is not persons, households or villages.
_DIMENSIONS = {
    r"(?:.*_)?(yuan|km|rate|days|lpcd)(?:_.*)?": None,
    r".*factor(_.*)?": "rate",
    r"(.*_)?population(_.*)?": "persons",
    r"(.*_)?households(_.*)?": "households",
    r"(.*_)?villages(_.*)?|late_open": "villages",
    r"(.*_)?(points|score|weight)(_.*)?": "points",
    r"committees|counties_.*|issues|submissions": "things",
    r"meetings_held": "times",
    r"rows(_.*)?": "rows",
}
_NUMBER = re.compile(r"DECIMAL\(.*\)|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?")
_TYPES = {
    r"VARCHAR": Said("文本", "text"),
    r"U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?": Said("整数", "whole number"),
    r"DECIMAL\(\d+,(\d+)\)": Said(r"小数，\1位", r"decimal, \1 places"),
    r"DATE": Said("日期", "date"),
    r"TIMESTAMP.*": Said("时间", "time"),
    r"BOOLEAN": Said("是/否", "true or false"),
}


def is_number(sql_type: str) -> bool:
    """Whether a column's type is that of exact numbers."""
    return _NUMBER.fullmatch(sql_type) is not None


def column_unit(column: str, sql_type: str) -> Said | None:
    """The unit of a mart's column, which its name tells; None for what is no quantity or has several units."""
    if is_number(sql_type):
        for pattern, dimension in _DIMENSIONS.items():
            if match := re.fullmatch(pattern, column):
                return UNITS[dimension or match[1]]
    return None


def metric_unit(unit: str | None) -> Said:
    """The unit of a metric, by its Chinese name; a rate has none."""
    return Said(unit, UNITS_EN[unit] or "number") if unit else UNITS["rate"]


def field_unit(field: FieldInfo) -> Said | None:
    """The unit of a form's field once loaded."""
    return UNITS[field.dimension] if field.dimension else None


def type_words(sql_type: str) -> Said:
    """A column's type as people call it; the database's own name for one they have no word for."""
    for pattern, words in _TYPES.items():
        if match := re.fullmatch(pattern, sql_type):
            return Said(match.expand(words.zh), match.expand(words.en))
    return Said(sql_type, sql_type)
