"""核查抽查表: what the county found in a village it visited."""

import pandas as pd
from pandera.engines.pandas_engine import DateTime
from pandera.typing import Series

from schemas import rules
from schemas.form import count, date, flag, form, text, value_rule
from schemas.rows import OfVillage
from schemas.vocabulary.water import YES_NO


@form(
    "inspection",
    "核查抽查表",
    grain=("town", "village_committee", "natural_village", "inspected_on"),
    title_words=("抽查", "核查抽查", "核实"),
    level="county",
)
class Inspection(OfVillage):
    """县里到一个自然村核查一次的一行。One natural village visited by the county."""

    inspected_on: Series[DateTime] = date(
        "核查日期",
        """
        抽查日期 核查时间 抽查时间 检查日期 检查时间 日期 核实日期 核实时间 时间 入村时间 暗访时间
        督查日期
        """,
        required=True,
        description="核查日期",
    )
    has_water: Series[pd.BooleanDtype] = flag(
        "是否通水",
        """
        是否有水 通水情况 有水 是否已通水 是否供水 现场是否通水 现场是否有水 核查是否通水 是否实际通水
        通水与否 核实是否通水
        """,
        vocabulary=YES_NO,
        required=True,
        description="到户看到有水",
    )
    households_verified: Series[pd.Float64Dtype] = count(
        "核实户数",
        "核查户数 实际户数 抽查户数 核实通水户数 现场核实户数 实际通水户数 核定户数",
        dimension="households",
        description="核实的户数",
    )
    population_verified: Series[pd.Float64Dtype] = count(
        "核实人口",
        "核查人口 实际人口 核实人数 实际供水人口 核实供水人口 现场核实人口 抽查人口 核定人口",
        dimension="persons",
        description="核实的人口",
    )
    inspector_unit: Series[pd.StringDtype] = text(
        "核查单位",
        "抽查单位 检查单位 核查组 核实单位 责任单位 督查单位 核查部门",
        description="核查单位",
    )
    remark: Series[pd.StringDtype] = text(
        "备注",
        "说明 存在问题 问题 核查情况",
        description="核查人的说明",
    )

    @value_rule("R02", "households_verified", "population_verified")
    def is_a_count(cls, values: pd.Series) -> pd.Series:
        """R02."""
        return rules.is_count(values, 0)
