"""供水现状基数表: each town's rural population and whom centralised water served before the campaign."""

import pandas as pd
from pandera.typing import Series

from schemas import rules
from schemas.form import code, count, form, value_rule
from schemas.rows import OfTown
from schemas.vocabulary import Term, Vocabulary
from schemas.vocabulary.supply import SUPPLY_MODE

POPULATION_BASIS = Vocabulary(
    "population_basis",
    {
        "registered": Term(
            "户籍",
            "registered",
            "户籍人口 户籍口径",
            in_titles="户籍",
        ),
        "resident": Term(
            "常住",
            "resident",
            "常住人口 常住口径",
            in_titles="常住",
        ),
    },
)


@form(
    "baseline",
    "供水现状基数表",
    grain=("town",),
    title_words=("现状", "基数", "基础数据", "供水情况"),
    rates={
        "集中供水率": ("total.served", "rural_population"),
        "供水率": ("total.served", "rural_population"),
        "农村集中供水率": ("total.served", "rural_population"),
        "自来水普及率": ("total.served", "rural_population"),
    },
    level="county",
)
class Baseline(OfTown):
    """一个镇的一行。One town."""

    rural_households: Series[pd.Float64Dtype] = count(
        "农村户数",
        "农村户籍户数 农村常住户数 户籍户数 农村总户数 户数 总户数 常住户数 乡村户数 农业户数",
        dimension="households",
        required=True,
        description="农村户数",
    )
    rural_population: Series[pd.Float64Dtype] = count(
        "农村人口",
        """
        农村户籍人口 农村常住人口 户籍人口 农村总人口 农村供水人口 人口 总人口 常住人口 乡村人口
        农业人口 农村户籍总人口
        """,
        dimension="persons",
        required=True,
        description="农村人口，供水率的分母",
    )
    population_basis: Series[pd.StringDtype] = code(
        "人口口径",
        "统计口径",
        vocabulary=POPULATION_BASIS,
        from_context=True,
        from_heading_of="rural_population",
        description="人口是户籍数还是常住数；表内没有此列的取自人口的表头",
    )
    served: Series[pd.Float64Dtype] | None = count(
        "已供水人口",
        """
        已集中供水人口 集中供水人口 已供水 供水人口 现状供水人口 已覆盖人口 攻坚前供水人口
        现状集中供水人口 已供人口 现有供水人口 原供水人口 已通水人口 已解决人口
        """,
        dimension="persons",
        repeats_over=SUPPLY_MODE,
        description="攻坚行动之前由该类工程供水的人口",
    )

    @value_rule("R02", "served")
    def is_a_count(cls, values: pd.Series) -> pd.Series:
        """R02."""
        return rules.is_count(values, 0)

    @value_rule("R02", "rural_households", "rural_population")
    def is_a_count_above_zero(cls, values: pd.Series) -> pd.Series:
        """R02."""
        return rules.is_count(values, 1)
