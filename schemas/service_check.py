"""供水达标核查表: the four criteria of T/CHES 18-2018 in one natural village."""

import pandas as pd
from pandera.engines.pandas_engine import DateTime
from pandera.typing import Series

from schemas.form import code, date, decimal, form
from schemas.rows import OfVillage, done_by_the_report_date
from schemas.vocabulary.water import CRITERION_VERDICT


@form(
    "service_check",
    "供水达标核查表",
    grain=("town", "village_committee", "natural_village", "checked_on"),
    title_words=("达标", "核查", "四项"),
)
class ServiceCheck(OfVillage):
    """一个自然村一次核查的一行。One natural village at one check."""

    checked_on: Series[DateTime] = date(
        "核查日期",
        """
        核查时间 检查时间 检查日期 评价日期 评价时间 日期 时间 调查日期 调查时间 入户核查时间 抽查时间
        """,
        required=True,
        description="核查日期",
    )
    quantity_lpcd: Series[object] = decimal(
        "水量",
        "人均水量 用水量 供水量 人均用水量 人均日用水量 日用水量 人均供水量 人均日供水量 水量指标",
        dimension="lpcd",
        scale=2,
        description="水量，升/人·日",
    )
    quality_ok: Series[pd.StringDtype] = code(
        "水质",
        "水质是否达标 水质情况 水质达标情况 水质评价 水质达标 水质合格情况",
        vocabulary=CRITERION_VERDICT,
        description="水质是否达标",
    )
    pressure_ok: Series[pd.StringDtype] = code(
        "水压",
        "水压是否达标 水压情况 供水水压 水压达标情况 水压达标",
        vocabulary=CRITERION_VERDICT,
        description="水压是否达标",
    )
    convenience_ok: Series[pd.StringDtype] = code(
        "用水方便程度",
        """
        方便程度 用水方便 用水便利程度 取水方便程度 便利程度 用水方便情况 方便程度达标情况 用水是否方便
        """,
        vocabulary=CRITERION_VERDICT,
        description="用水方便程度是否达标",
    )
    assurance_rate: Series[object] = decimal(
        "供水保证率",
        "保证率 供水保证程度 供水保障率 水量保证率",
        dimension="rate",
        description="供水保证率，0–1",
    )

    checked_by_the_report_date = done_by_the_report_date("checked_on")
