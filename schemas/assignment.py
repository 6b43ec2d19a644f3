"""挂点联系表: the liaison post, unit and task-force lead of each town; posts only, never names."""

import pandas as pd
from pandera.typing import Series

from schemas.form import form, text
from schemas.rows import OfTown


@form("assignment", "挂点联系表", grain=("town",), title_words=("挂点", "联系表", "包镇", "分片"), level="county")
class Assignment(OfTown):
    """一个镇一行。One town."""

    post: Series[pd.StringDtype] = text(
        "挂点领导职务",
        """
        挂点领导 联系领导职务 挂点县领导职务 挂钩领导职务 包镇领导职务 领导职务 挂点职务 联系领导 职务
        挂点县领导
        """,
        required=True,
        description="挂点领导的职务",
    )
    unit: Series[pd.StringDtype] = text(
        "挂点单位",
        "联系单位 挂钩单位 责任单位 包镇单位 牵头单位 单位",
        description="挂点单位",
    )
    task_force_lead: Series[pd.StringDtype] = text(
        "工作专班组长职务",
        """
        专班组长职务 镇工作专班组长 镇专班组长 专班负责人职务 工作专班负责人 工作专班组长 专班组长
        镇工作专班组长职务 镇专班组长职务 组长职务
        """,
        description="镇工作专班组长的职务",
    )
