"""督导会商台账: meetings, inspections, trainings and what they found."""

import pandas as pd
from pandera.engines.pandas_engine import DateTime
from pandera.typing import Series

from schemas.form import code, date, form, text
from schemas.rows import OfTown
from schemas.vocabulary.events import EVENT_KIND


@form(
    "supervision",
    "督导会商台账",
    grain=("town", "held_on", "kind", "topic"),
    title_words=("督导", "会商", "会议", "督查"),
)
class Supervision(OfTown):
    """一次会议、督查、培训或约谈的一行。One meeting, inspection, training or summons."""

    held_on: Series[DateTime] = date(
        "时间",
        """
        日期 召开时间 会议时间 督导时间 举办时间 开展时间 督查时间 召开日期 督导日期 会议日期 活动时间
        开展日期
        """,
        required=True,
        description="召开或开展的日期",
    )
    kind: Series[pd.StringDtype] = code(
        "形式",
        """
        类别 类型 方式 会议形式 督导形式 活动形式 事项类型 工作形式 种类 督导方式 会议类型 工作类型
        督导类型
        """,
        vocabulary=EVENT_KIND,
        required=True,
        description="现场督导推进会、会商会、培训、约谈或督查",
    )
    topic: Series[pd.StringDtype] = text(
        "主题",
        "内容 议题 事项 会议主题 主要内容 会议内容 督导内容 工作内容 会议议题 督导主题",
        description="主题",
    )
    issue: Series[pd.StringDtype] = text(
        "存在问题",
        "问题 发现问题 存在的问题 问题清单 发现的问题 主要问题 问题描述 存在主要问题",
        description="发现的问题",
    )
    due_on: Series[DateTime] = date(
        "整改期限",
        "整改时限 期限 整改截止时间 限期整改时间 整改截止日期 整改要求时间 完成时限 整改限期 限期",
        description="整改期限",
    )
    resolved_on: Series[DateTime] = date(
        "整改完成时间",
        """
        完成整改时间 整改完成 完成 整改完成日期 完成时间 整改时间 销号时间 完成整改日期 实际完成时间
        """,
        description="整改完成的日期",
    )
    lead_unit: Series[pd.StringDtype] = text(
        "责任单位",
        """
        牵头单位 整改责任单位 单位 承办单位 负责单位 整改单位 落实单位 主办单位 牵头部门 责任部门
        """,
        description="责任单位",
    )
    remark: Series[pd.StringDtype] = text(
        "备注",
        "说明",
        description="填报人的说明",
    )
