"""攻坚进度表: how far the works are in each natural village."""

import pandas as pd
from pandera.engines.pandas_engine import DateTime
from pandera.typing import Series

from schemas import rules
from schemas.form import code, count, date, decimal, form, row_rule, text, value_rule
from schemas.rows import OfVillage, done_by_the_report_date
from schemas.vocabulary.supply import STATUS, SUPPLY_MODE, WORKS_TYPE

FIGURES = [
    "households",
    "population",
    "planned_finish",
    "started_on",
    "status",
    "finished_on",
    "progress_rate",
    "households_connected",
    "population_supplied",
]


@form(
    "village_progress",
    "攻坚进度表",
    grain=("town", "village_committee", "natural_village", "supply_mode"),
    title_words=("进度", "攻坚", "村村通", "扩网工程进度", "通水情况", "汇总"),
    rates={
        "入户率": ("households_connected", "households"),
        "通水率": ("households_connected", "households"),
        "接通率": ("households_connected", "households"),
        "户通率": ("households_connected", "households"),
        "供水率": ("population_supplied", "population"),
        "覆盖率": ("population_supplied", "population"),
    },
)
class VillageProgress(OfVillage):
    """一个自然村在一期报表中一种供水方式下的一行。One natural village under one supply mode in one report."""

    supply_mode: Series[pd.StringDtype] = code(
        "供水方式",
        """
        供水模式 供水类型 工程类别 工程类型 供水工程类型 供水形式 建设方式 供水类别 类别 工程模式
        集中供水方式 供水工程类别 项目类型 项目类别 供水方案 供水途径 解决方式
        """,
        vocabulary=SUPPLY_MODE,
        required=True,
        fill_down=True,
        from_context=True,
        description="该村由哪一类工程供水",
    )
    works_type: Series[pd.StringDtype] = code(
        "建设性质",
        "性质 工程性质 建设类型 项目性质 建设类别",
        vocabulary=WORKS_TYPE,
        description="扩网、新建或改造",
    )
    project_name: Series[pd.StringDtype] = text(
        "所属工程",
        """
        工程名称 项目名称 所属项目 工程 项目 所属工程名称 所属项目名称 供水工程名称 工程项目名称
        工程项目 供水工程 所属供水工程 依托工程 所属工程（项目） 对应工程 所属工程项目 建设项目
        """,
        fill_down=True,
        description="该村所属的工程项目",
    )
    households: Series[pd.Float64Dtype] = count(
        "户数",
        """
        总户数 受益户数 农户数 农户 涉及户数 户籍户数 家庭户数 现有户数 受益农户数 受益农户 覆盖户数 户
        住户数 受益总户数 计划户数 设计户数 应通户数 村户数 规划户数 解决户数 农村户数
        """,
        dimension="households",
        required=True,
        description="该自然村的户数",
    )
    population: Series[pd.Float64Dtype] = count(
        "人口",
        """
        总人口 受益人口 人口数 人数 总人数 涉及人口 户籍人口 受益人口数 受益人数 覆盖人口 现有人口
        农业人口 人 受益总人口 计划人口 设计人口 村人口 规划人口 解决人口 农村人口 总人口数
        """,
        dimension="persons",
        required=True,
        description="该自然村的人口",
    )
    planned_finish: Series[DateTime] = date(
        "计划完成时间",
        """
        计划完工时间 计划完成 计划完工 计划通水时间 计划竣工时间 完成时限 计划完成日期 预计完成时间
        预计完工时间 计划通水 拟完成时间 计划完成时限 要求完成时间 预计通水时间 计划完工日期 预计完成
        计划竣工 预计完成日期 计划完成节点 计划建成时间 计划通水日期 目标完成时间 拟完工时间 时限
        预计通水
        """,
        description="计划完成（通水）的日期",
    )
    started_on: Series[DateTime] = date(
        "开工时间",
        """
        开工日期 动工时间 开工 实际开工时间 实际开工 动工日期 开工建设时间 实际开工日期 动工 开始时间
        施工时间
        """,
        description="实际开工的日期",
    )
    status: Series[pd.StringDtype] = code(
        "进展情况",
        """
        进展 状态 是否完成 建设情况 工程进展 工程进展情况 进度情况 完成情况 建设进展 目前进展 建设状态
        项目进展 施工情况 工程状态 当前进展 进展状态 目前状态 施工进展 建设进度情况 目前进展情况 现状
        通水情况 实施情况 是否通水 是否完工 项目状态 工程进度情况 当前状态 进展阶段 是否已通水
        是否已完成
        """,
        vocabulary=STATUS,
        required=True,
        description="未开工、在建或已完成",
    )
    finished_on: Series[DateTime] = date(
        "完成时间",
        """
        通水时间 完成（通水）时间 完工时间 完成 通水 实际完成时间 竣工时间 通水日期 实际通水时间
        完工日期 实际完工时间 完成日期 完成通水时间 完工 实际完成 完工（通水）时间 建成时间 完成（通水）
        完成（通水）日期 实际完工 实际通水 竣工 建成通水时间 通水（完成）时间 实际完成日期 竣工日期
        实际完工日期 实际通水日期 完工通水时间
        """,
        description="实际完成（通水）的日期",
    )
    progress_rate: Series[object] = decimal(
        "形象进度",
        """
        进度 完成进度 工程进度 完成比例 工程形象进度 建设进度 完成率 进度比例 形象进度比例 总体进度
        完成百分比 施工进度 工程完成率 当前进度 目前形象进度 进度百分比
        """,
        dimension="rate",
        scale=6,
        description="工程形象进度，0–1",
    )
    households_connected: Series[pd.Float64Dtype] = count(
        "已通水户数",
        """
        通水户数 已通户数 已供水户数 已入户户数 已接通户数 入户户数 实际通水户数 已受益户数 接通户数
        完成户数 已通水农户数 安装户数 已安装户数 通水农户数 供水户数 已完成户数 已安装水表户数
        已覆盖户数 已接水户数 接水户数 已接入户数
        """,
        dimension="households",
        description="已经通水到户的户数",
    )
    population_supplied: Series[pd.Float64Dtype] = count(
        "已供水人口",
        """
        供水人口 已通水人口 通水人口 已受益人口 已供水人数 已通水人数 实际供水人口 完成人口 已覆盖人口
        已解决人口 供水人数 通水人数 已完成人口 已供人口 受益供水人口 已解决饮水人口 实际通水人口
        """,
        dimension="persons",
        description="已经供上水的人口",
    )
    remark: Series[pd.StringDtype] = text(
        "备注",
        "说明 备注说明 其他说明 存在问题 问题 情况说明 目前存在问题 未完成原因 滞后原因 进展说明",
        description="填报人的说明",
    )

    @value_rule("R02", "households", "population")
    def is_a_count_above_zero(cls, values: pd.Series) -> pd.Series:
        """R02."""
        return rules.is_count(values, 1)

    @value_rule("R02", "households_connected", "population_supplied")
    def is_a_count(cls, values: pd.Series) -> pd.Series:
        """R02."""
        return rules.is_count(values, 0)

    @value_rule("R03", "households")
    def has_no_more_households_than_a_village(cls, values: pd.Series) -> pd.Series:
        """R03."""
        return rules.at_most(values, rules.MOST_HOUSEHOLDS)

    @value_rule("R03", "population")
    def has_no_more_persons_than_a_village(cls, values: pd.Series) -> pd.Series:
        """R03."""
        return rules.at_most(values, rules.MOST_PERSONS)

    @row_rule("R04", "population")
    def has_a_possible_household_size(cls, rows: pd.DataFrame) -> pd.Series:
        """R04."""
        size = rules.persons_a_household(rows)
        return size.isna() | size.between(1, rules.MOST_PERSONS_A_HOUSEHOLD).fillna(True)

    @row_rule("R05", "households_connected")
    def connects_no_more_households_than_there_are(cls, rows: pd.DataFrame) -> pd.Series:
        """R05."""
        return rules.within(rows["households_connected"], rows["households"])

    @row_rule("R05", "population_supplied")
    def supplies_no_more_persons_than_there_are(cls, rows: pd.DataFrame) -> pd.Series:
        """R05."""
        return rules.within(rows["population_supplied"], rows["population"])

    started_by_the_report_date = done_by_the_report_date("started_on")

    finished_by_the_report_date = done_by_the_report_date("finished_on")

    @row_rule("R08", "population")
    def is_told_one_way(cls, rows: pd.DataFrame) -> pd.Series:
        """R08."""
        return ~rules.told_differently(rows, FIGURES, "supply_mode")

    @row_rule("R09", "natural_village")
    def is_told_once(cls, rows: pd.DataFrame) -> pd.Series:
        """R09."""
        return ~rules.told_again(rows, FIGURES, "supply_mode")

    @row_rule("R10", "households")
    def has_a_likely_household_size(cls, rows: pd.DataFrame) -> pd.Series:
        """R10."""
        size = rules.persons_a_household(rows)
        return size.isna() | size.between(*rules.LIKELY_PERSONS_A_HOUSEHOLD).fillna(True)

    @row_rule("R11", "population")
    def is_near_the_registered_population(cls, rows: pd.DataFrame) -> pd.Series:
        """R11."""
        registered, population = rows["registered_population"], rows["population"]
        judged = (population > 0).fillna(False) & (registered > 0).fillna(False)
        return ~judged | ((population - registered).abs() <= rules.TOLERATED_DIFFERENCE * registered).fillna(True)

    @row_rule("R12", "finished_on")
    def finished_means_completed(cls, rows: pd.DataFrame) -> pd.Series:
        """R12."""
        judged = rows["status"].notna()
        return ~judged | ((rows["status"] == "completed").fillna(False) == rows["finished_on"].notna())

    @row_rule("R22", "supply_mode")
    def is_under_one_supply_mode(cls, rows: pd.DataFrame) -> pd.Series:
        """R22."""
        modes = rows["supply_mode"].groupby(rules.same_object(rows), dropna=False).transform("nunique")
        return ~(modes.gt(1) & rows["object"].notna())
