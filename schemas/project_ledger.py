"""工程项目台账: each project's scale, money and approvals."""

import pandas as pd
from pandera.engines.pandas_engine import DateTime
from pandera.typing import Series

from schemas import rules
from schemas.form import code, count, date, decimal, form, row_rule, text, value_rule
from schemas.rows import OfTown, done_by_the_report_date, in_its_turn
from schemas.vocabulary.supply import SUPPLY_MODE, WORKS_TYPE


@form(
    "project_ledger",
    "工程项目台账",
    grain=("project_name",),
    title_words=("台账", "项目", "工程台账"),
    rates={
        "完成率": ("investment_completed", "investment_planned"),
        "投资完成率": ("investment_completed", "investment_planned"),
        "完成投资率": ("investment_completed", "investment_planned"),
        "完成投资比例": ("investment_completed", "investment_planned"),
        "投资完成比例": ("investment_completed", "investment_planned"),
        "铺设率": ("pipeline_laid_km", "pipeline_planned_km"),
        "管网完成率": ("pipeline_laid_km", "pipeline_planned_km"),
        "管网铺设率": ("pipeline_laid_km", "pipeline_planned_km"),
    },
)
class ProjectLedger(OfTown):
    """一个工程项目在一期台账中的一行。One project in one report."""

    project_name: Series[pd.StringDtype] = text(
        "项目名称",
        """
        工程名称 工程项目名称 供水工程名称 项目 工程 工程项目 项目（工程）名称 供水工程 单项工程名称
        建设项目名称 名称 工程（项目）名称 子项目名称
        """,
        required=True,
        fill_down=True,
        description="工程项目的名称",
    )
    supply_mode: Series[pd.StringDtype] = code(
        "供水方式",
        """
        供水模式 供水类型 工程类别 工程类型 供水工程类型 供水形式 供水类别 类别 工程模式 项目类型
        项目类别 建设方式 集中供水方式
        """,
        vocabulary=SUPPLY_MODE,
        required=True,
        fill_down=True,
        from_context=True,
        description="项目属于哪一类工程",
    )
    works_type: Series[pd.StringDtype] = code(
        "建设性质",
        "性质 工程性质 建设类型 项目性质 建设类别",
        vocabulary=WORKS_TYPE,
        description="扩网、新建或改造",
    )
    water_source: Series[pd.StringDtype] = text(
        "水源/水厂",
        """
        水源 水厂 水源（水厂） 水厂或水源 水源或水厂 供水水源 水厂（水源） 取水水源 水源类型 水厂名称
        供水水厂 水源地 水源名称
        """,
        description="水源或水厂",
    )
    committees: Series[pd.Float64Dtype] = count(
        "村委会数",
        """
        涉及村委会数 行政村数 涉及行政村数 涉及村委会 涉及行政村 村委会 行政村 村委会个数 行政村个数
        受益行政村 受益村委会 覆盖行政村 受益行政村数 覆盖行政村数 村委会数量
        """,
        dimension="villages",
        description="涉及的村委会（行政村）个数",
    )
    villages: Series[pd.Float64Dtype] = count(
        "自然村数",
        """
        涉及自然村数 涉及自然村 自然村 受益自然村数 受益自然村 自然村个数 覆盖自然村 覆盖自然村数
        村小组数 涉及村小组 自然村数量 涉及自然村个数 村庄数
        """,
        dimension="villages",
        description="涉及的自然村条数",
    )
    households: Series[pd.Float64Dtype] = count(
        "受益户数",
        "户数 总户数 涉及户数 受益农户数 农户数 覆盖户数 受益农户 设计户数 供水户数 户",
        dimension="households",
        description="受益户数",
    )
    population: Series[pd.Float64Dtype] = count(
        "受益人口",
        """
        人口 总人口 涉及人口 受益人口数 受益人数 人口数 人数 覆盖人口 设计人口 供水人口 设计供水人口 人
        """,
        dimension="persons",
        description="受益人口",
    )
    pipeline_planned_km: Series[object] = decimal(
        "计划铺设管网",
        """
        管网 管道 计划管网 管网长度 计划铺设管道 管网计划 设计管网 设计管网长度 管网总长 管网总长度
        计划铺设管网长度 管道长度 计划铺设 计划管网长度 管网长度计划 应铺设管网 需铺设管网 管道计划
        计划管道 铺设管网计划 管网设计 管道总长 拟铺设管网 管道长度计划 计划管长 设计管长 管网计划铺设
        管网规模 管道计划铺设
        """,
        dimension="km",
        scale=4,
        description="计划铺设的管网长度，公里",
    )
    pipeline_laid_km: Series[object] = decimal(
        "已铺设管网",
        """
        已铺管网 完成管网 已铺设管道 已完成管网 管网已铺 管网完成 已铺设管网长度 完成管网长度 已铺设
        管网长度已完成 管网已铺设 已铺管道 管网长度完成 已完成管网长度 实际铺设管网 管网已完成
        管道已铺设 已铺长度 铺设管网完成 管道完成 管道已铺 管道已完成 管道长度已完成 管网长度已铺设
        管道长度已铺设 累计铺设管网 完成铺设管网 已完成铺设
        """,
        dimension="km",
        scale=4,
        description="已铺设的管网长度，公里",
    )
    investment_planned: Series[object] = decimal(
        "总投资",
        """
        计划总投资 投资计划 计划投资 概算总投资 投资总额 项目总投资 概算投资 投资概算 估算总投资
        工程总投资 投资总投资 预算投资 批复投资 总投资额 估算投资 投资估算 计划投资额 批复总投资
        投资规模 预算总投资
        """,
        dimension="yuan",
        scale=2,
        description="计划总投资，元",
    )
    investment_completed: Series[object] = decimal(
        "完成投资",
        """
        已完成投资 投资完成 累计完成投资 投资完成额 完成投资额 实际完成投资 累计完成投资额 已完成投资额
        投资已完成 投资完成投资 投资累计完成 已投资 投资累计完成投资 完成工程量投资
        """,
        dimension="yuan",
        scale=2,
        description="已完成的投资额，元",
    )
    initiated_on: Series[DateTime] = date(
        "立项",
        "立项时间 立项日期 项目立项 立项批复时间 立项完成时间 项目立项时间",
        description="立项日期",
    )
    designed_on: Series[DateTime] = date(
        "设计",
        """
        设计时间 设计完成时间 设计完成 初步设计 设计日期 初设 完成设计 施工图设计 勘察设计 完成设计时间
        初步设计时间 设计完成日期 勘察设计时间
        """,
        description="设计完成日期",
    )
    reviewed_on: Series[DateTime] = date(
        "方案审查",
        """
        审查时间 方案审查时间 审查 方案评审 评审时间 方案评审时间 评审 方案审查日期 审查日期 方案论证
        审查完成时间 方案审查完成时间
        """,
        description="方案审查日期",
    )
    approved_on: Series[DateTime] = date(
        "批复",
        """
        批复时间 批复日期 项目批复 方案批复 批复完成时间 实施方案批复 方案批复时间 项目批复时间 审批时间
        审批
        """,
        description="批复日期",
    )
    started_on: Series[DateTime] = date(
        "开工",
        "开工时间 开工日期 实际开工时间 实际开工 动工时间 实际开工日期 动工 开工建设",
        description="开工日期",
    )
    planned_finish: Series[DateTime] = date(
        "计划完工",
        """
        计划完工时间 计划完成时间 计划竣工 计划竣工时间 计划完成 预计完工时间 计划完工日期 预计完工
        计划通水时间 拟完工时间 预计完成时间 计划完成日期 计划建成时间 计划通水
        """,
        description="计划完工的日期",
    )
    finished_on: Series[DateTime] = date(
        "完工",
        """
        完工时间 实际完工时间 完工日期 实际完工 竣工时间 竣工 通水时间 完成时间 实际完成时间 竣工日期
        实际竣工 实际完工日期 实际竣工时间 通水 建成时间
        """,
        description="完工日期",
    )
    accepted_on: Series[DateTime] = date(
        "验收",
        "验收时间 验收日期 竣工验收 竣工验收时间 完工验收 验收完成时间 完工验收时间 竣工验收日期",
        description="验收日期",
    )
    progress_rate: Series[object] = decimal(
        "形象进度",
        """
        进度 工程进度 完成进度 工程形象进度 完成比例 建设进度 总体进度 形象进度比例 完成百分比 施工进度
        """,
        dimension="rate",
        description="工程形象进度，0–1",
    )
    responsible: Series[pd.StringDtype] = text(
        "责任人",
        "负责人 项目负责人 工程负责人 联系人 责任领导 项目责任人 挂点责任人",
        is_personal=True,
        description="责任人（个人信息，只存于入库层）",
    )
    phone: Series[pd.StringDtype] = text(
        "联系电话",
        "电话 手机 手机号码 联系方式 电话号码 责任人电话 联系人电话",
        is_personal=True,
        is_identifier=True,
        description="联系电话（个人信息，只存于入库层）",
    )

    @value_rule("R02", "committees", "villages", "households", "population")
    def is_a_count(cls, values: pd.Series) -> pd.Series:
        """R02."""
        return rules.is_count(values, 0)

    initiated_by_the_report_date = done_by_the_report_date("initiated_on")
    designed_by_the_report_date = done_by_the_report_date("designed_on")
    reviewed_by_the_report_date = done_by_the_report_date("reviewed_on")
    approved_by_the_report_date = done_by_the_report_date("approved_on")
    started_by_the_report_date = done_by_the_report_date("started_on")
    finished_by_the_report_date = done_by_the_report_date("finished_on")
    accepted_by_the_report_date = done_by_the_report_date("accepted_on")

    designed_in_its_turn = in_its_turn("designed_on")
    reviewed_in_its_turn = in_its_turn("reviewed_on")
    approved_in_its_turn = in_its_turn("approved_on")
    started_in_its_turn = in_its_turn("started_on")
    finished_in_its_turn = in_its_turn("finished_on")
    accepted_in_its_turn = in_its_turn("accepted_on")

    @row_rule("R18", "investment_planned")
    def has_a_likely_investment(cls, rows: pd.DataFrame) -> pd.Series:
        """R18: the investment is the odd one out where it fits neither persons nor pipe."""
        a_person, a_km, _ = likely_ratios(rows)
        return a_person | a_km

    @row_rule("R18", "population")
    def has_a_likely_population(cls, rows: pd.DataFrame) -> pd.Series:
        """R18: the population is, where the investment fits the pipe alone."""
        a_person, a_km, _ = likely_ratios(rows)
        return a_person | ~a_km

    @row_rule("R18", "pipeline_planned_km")
    def has_a_likely_length_of_pipe(cls, rows: pd.DataFrame) -> pd.Series:
        """R18: the pipe is, where the investment fits the persons alone."""
        a_person, a_km, of_pipe = likely_ratios(rows)
        return ~a_person | (a_km & of_pipe)

    @row_rule("R21", "investment_completed")
    def completes_no_more_than_is_planned(cls, rows: pd.DataFrame) -> pd.Series:
        """R21."""
        return ~rules.exceeds(rows["investment_completed"], rows["investment_planned"])

    @row_rule("R21", "pipeline_laid_km")
    def lays_no_more_than_is_planned(cls, rows: pd.DataFrame) -> pd.Series:
        """R21: said once a project."""
        invested = rules.exceeds(rows["investment_completed"], rows["investment_planned"])
        return invested | ~rules.exceeds(rows["pipeline_laid_km"], rows["pipeline_planned_km"])


def likely_ratios(rows: pd.DataFrame) -> tuple[pd.Series, pd.Series, pd.Series]:
    """R18: whether investment a person, investment a km and pipe a person are likely."""
    investment, pipe, persons = rows["investment_planned"], rows["pipeline_planned_km"], rows["population"]
    return (
        rules.is_likely(investment, persons, rules.LIKELY_YUAN_A_PERSON),
        rules.is_likely(investment, pipe, rules.LIKELY_YUAN_A_KM),
        rules.is_likely(pipe, persons, rules.LIKELY_KM_A_PERSON),
    )
