"""年度任务分解表: what each town is to complete this year, by supply mode."""

import pandas as pd
from pandera.typing import Series

from schemas import rules
from schemas.form import code, count, form, value_rule
from schemas.rows import OfTown
from schemas.vocabulary.supply import SUPPLY_MODE


@form(
    "annual_target",
    "年度任务分解表",
    grain=("town", "supply_mode"),
    title_words=("任务", "分解", "年度计划", "目标"),
    spread="supply_mode",
    zero_is_none=True,
    measures=("villages", "households", "population"),
    level="county",
)
class AnnualTarget(OfTown):
    """一个镇一种供水方式的年度任务一行。One town and supply mode."""

    supply_mode: Series[pd.StringDtype] = code(
        "供水方式",
        """
        供水模式 供水类型 工程类别 工程类型 供水工程类型 供水形式 供水类别 类别 建设方式 项目类型
        项目类别
        """,
        vocabulary=SUPPLY_MODE,
        required=True,
        fill_down=True,
        from_context=True,
        description="任务属于哪一类工程",
    )
    villages: Series[pd.Float64Dtype] = count(
        "自然村",
        """
        自然村数 计划自然村 任务自然村 自然村任务数 目标自然村 村数 条数 自然村条数 任务数 计划自然村数
        目标自然村数 任务自然村数 自然村个数 计划条数
        """,
        dimension="villages",
        description="任务自然村条数",
    )
    households: Series[pd.Float64Dtype] = count(
        "户数",
        "计划户数 任务户数 受益户数 目标户数 总户数 农户数",
        dimension="households",
        description="任务户数",
    )
    population: Series[pd.Float64Dtype] = count(
        "人口",
        "计划人口 任务人口 受益人口 人数 目标人口 人口数 总人口 计划受益人口 任务人数 受益人数",
        dimension="persons",
        required=True,
        description="任务人口",
    )

    @value_rule("R02", "villages", "households", "population")
    def is_a_count(cls, values: pd.Series) -> pd.Series:
        """R02."""
        return rules.is_count(values, 0)
