"""行政区划与户籍基数表: the master list of natural villages."""

import pandas as pd
from pandera.engines.pandas_engine import DateTime
from pandera.typing import Series

from schemas import rules
from schemas.form import count, date, form, text, value_rule
from schemas.rows import OfTown


@form(
    "division",
    "行政区划与户籍基数表",
    grain=("village_code",),
    title_words=("区划", "户籍基数", "自然村名录", "名录", "编码"),
    level="county",
)
class Division(OfTown):
    """一个自然村一行。One natural village."""

    village_code: Series[pd.StringDtype] = text(
        "自然村编码",
        """
        自然村代码 区划代码 编码 代码 村小组编码 自然村区划代码 区划编码 行政区划代码 统计代码 村编码
        自然村统计代码
        """,
        required=True,
        is_identifier=True,
        description="15位：12位村委会区划代码加3位顺序号",
    )
    village_committee: Series[pd.StringDtype] = text(
        "村委会",
        """
        行政村 村民委员会 村（居）委会 村委 村委会名称 行政村名称 所属村委会 所属行政村 建制村 村（居）
        村（社区）
        """,
        required=True,
        fill_down=True,
        description="村民委员会（行政村）",
    )
    natural_village: Series[pd.StringDtype] = text(
        "自然村",
        """
        村小组 自然村名称 自然村（村小组） 村民小组 村小组名称 自然村（组） 村庄 自然村名 村庄名称
        """,
        required=True,
        description="自然村",
    )
    registered_households: Series[pd.Float64Dtype] = count(
        "户籍户数",
        "户数 总户数 户籍总户数 农村户数",
        dimension="households",
        required=True,
        description="户籍户数",
    )
    registered_population: Series[pd.Float64Dtype] = count(
        "户籍人口",
        "人口 总人口 户籍人口数 户籍总人口 农村人口 人口数",
        dimension="persons",
        required=True,
        description="户籍人口",
    )
    valid_from: Series[DateTime] = date(
        "生效日期",
        "生效时间 启用日期 起始日期 启用时间 有效期起 开始日期",
        description="生效日期",
    )
    valid_to: Series[DateTime] = date(
        "失效日期",
        "失效时间 停用日期 终止日期 截止日期 有效期止 撤销日期 停用时间 结束日期",
        description="失效日期",
    )
    alias: Series[pd.StringDtype] = text(
        "别名",
        "曾用名 别名、曾用名 别名（曾用名） 又名 俗称 其他名称 原名 旧名 别称",
        description="别名、曾用名，顿号分隔",
    )

    @value_rule("R02", "registered_households", "registered_population")
    def is_a_count(cls, values: pd.Series) -> pd.Series:
        """R02."""
        return rules.is_count(values, 0)

    @value_rule("R03", "registered_households")
    def has_no_more_households_than_a_village(cls, values: pd.Series) -> pd.Series:
        """R03."""
        return rules.at_most(values, rules.MOST_HOUSEHOLDS)

    @value_rule("R03", "registered_population")
    def has_no_more_persons_than_a_village(cls, values: pd.Series) -> pd.Series:
        """R03."""
        return rules.at_most(values, rules.MOST_PERSONS)
