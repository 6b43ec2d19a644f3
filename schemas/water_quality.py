"""水质检测表: one parameter of one sample."""

import pandas as pd
from pandera.engines.pandas_engine import DateTime
from pandera.typing import Series

from schemas.form import code, date, decimal, flag, form, row_rule, text
from schemas.rows import OfTown, done_by_the_report_date
from schemas.vocabulary.water import PARAMETER, SAMPLE_VERDICT, SAMPLING_POINT


@form(
    "water_quality",
    "水质检测表",
    grain=("sample_no", "parameter"),
    title_words=("水质", "检测", "监测", "化验"),
    spread="parameter",
    measures=("value",),
    # What the county's laboratory tests in a routine sample; a town adds a column where there is more.
    shown=(
        *("浑浊度", "色度", "pH", "游离余氯", "总大肠菌群", "大肠埃希氏菌", "菌落总数", "耗氧量", "氨", "硝酸盐氮"),
        *("氟化物", "氯化物", "铁", "锰", "砷", "总硬度"),
    ),
    rejected_together=True,
)
class WaterQuality(OfTown):
    """一个水样的一个检测项目一行。One parameter of one sample."""

    project_name: Series[pd.StringDtype] = text(
        "项目名称",
        """
        工程名称 水厂 工程 水厂名称 供水工程 供水工程名称 供水单位 水厂（工程）名称 工程（水厂）名称
        所属工程 项目 供水单位名称 单位名称 水厂/工程 采样工程 受检单位 被检单位 水厂（工程）
        工程项目名称 供水水厂 所属项目
        """,
        required=True,
        fill_down=True,
        description="水样所属的工程或水厂",
    )
    sampling_point: Series[pd.StringDtype] = code(
        "采样点",
        """
        采样地点 采样点位 水样类型 采样位置 取样点 水样类别 样品类型 采样点类型 取样地点 水样种类
        样品类别 采样类型 样品名称 水样名称 取样位置 检测点 监测点
        """,
        vocabulary=SAMPLING_POINT,
        fill_down=True,
        description="出厂水、末梢水或水源水",
    )
    sampled_on: Series[DateTime] = date(
        "采样日期",
        """
        采样时间 取样日期 取样时间 检测日期 检测时间 送检日期 抽样日期 采样年月日 日期 时间 化验日期
        送检时间
        """,
        required=True,
        fill_down=True,
        description="采样日期",
    )
    sample_no: Series[pd.StringDtype] = text(
        "样品编号",
        "水样编号 样品号 样号 报告编号 编号 采样编号 检测编号 样本编号 水样号 样品代码",
        fill_down=True,
        is_identifier=True,
        description="样品编号",
    )
    parameter: Series[pd.StringDtype] = code(
        "检测项目",
        """
        检测指标 指标 项目指标 检验项目 监测项目 参数 指标名称 检测参数 检测项目名称 检验指标 监测指标
        分析项目
        """,
        vocabulary=PARAMETER,
        required=True,
        description="检测指标，名称同 GB 5749",
    )
    value: Series[object] = decimal(
        "检测结果",
        "结果 检测值 检测数值 测定值 数值 检验结果 监测结果 实测值 测定结果 结果值 监测值 检验值",
        dimension="concentration",
        scale=6,
        description="检测结果；低于检出限的为空",
    )
    is_below_detection: Series[pd.BooleanDtype] = flag("低于检出限", description="未检出或低于检出限")
    unit: Series[pd.StringDtype] = text(
        "单位",
        "计量单位 结果单位 检测单位",
        description="检测结果的单位，照原表",
    )
    verdict: Series[pd.StringDtype] = code(
        "判定",
        """
        结果判定 结论 是否合格 评价 判定结果 单项判定 检测结论 是否达标 合格情况 综合判定 单项评价
        检验结论 达标情况
        """,
        vocabulary=SAMPLE_VERDICT,
        fill_down=False,
        description="表上的判定",
    )
    remark: Series[pd.StringDtype] = text(
        "备注",
        "说明",
        description="填报人的说明",
    )

    @row_rule("R01", "value")
    def has_a_result(cls, rows: pd.DataFrame) -> pd.Series:
        """R01: a result, or the word that it lies below detection."""
        return rows["value"].notna() | rows["is_below_detection"].fillna(False)

    sampled_by_the_report_date = done_by_the_report_date("sampled_on")
