"""资金落实表: what each source planned, secured and paid for a project."""

import pandas as pd
from pandera.typing import Series

from schemas import rules
from schemas.form import code, decimal, form, row_rule, text
from schemas.rows import OfTown
from schemas.vocabulary.funds import FUNDING_SOURCE
from schemas.vocabulary.supply import SUPPLY_MODE


@form(
    "funding",
    "资金落实表",
    grain=("project_name", "funding_source"),
    title_words=("资金",),
    spread="funding_source",
    zero_is_none=True,
    measures=("planned", "secured", "spent"),
    rates={
        "到位率": ("secured", "planned"),
        "资金到位率": ("secured", "planned"),
        "落实率": ("secured", "planned"),
        "支付率": ("spent", "secured"),
        "资金支付率": ("spent", "secured"),
        "支出率": ("spent", "secured"),
    },
)
class Funding(OfTown):
    """一个项目的一种资金来源在一期报表中的一行。One project and one funding source in one report."""

    project_name: Series[pd.StringDtype] = text(
        "项目名称",
        """
        工程名称 工程项目名称 项目 工程 工程项目 供水工程名称 项目（工程）名称 建设项目名称
        工程（项目）名称 单项工程名称
        """,
        required=True,
        fill_down=True,
        description="工程项目的名称",
    )
    supply_mode: Series[pd.StringDtype] = code(
        "供水方式",
        "供水模式 供水类型 工程类别 工程类型 项目类型",
        vocabulary=SUPPLY_MODE,
        fill_down=True,
        from_context=True,
        description="项目属于哪一类工程；表内没有的取自台账",
    )
    funding_source: Series[pd.StringDtype] = code(
        "资金来源",
        """
        资金类别 资金性质 资金渠道 资金种类 来源 资金类型 资金名称 资金来源渠道 资金科目 资金项目
        """,
        vocabulary=FUNDING_SOURCE,
        required=True,
        fill_down=True,
        from_context=True,
        description="专项债券资金、涉农资金或其他",
    )
    planned: Series[object] = decimal(
        "计划",
        """
        计划资金 资金计划 计划金额 安排 计划投资 安排资金 计划安排 资金安排 需求资金 计划数 安排金额
        计划筹措 需求 资金需求 计划安排资金 概算 应到位 计划额度 安排数 计划资金额
        """,
        dimension="yuan",
        scale=2,
        required=True,
        description="计划安排的资金，元",
    )
    secured: Series[object] = decimal(
        "到位",
        """
        到位资金 落实 下达 已到位 资金到位 到位金额 落实资金 下达资金 已落实 已下达 拨付 实际到位
        已到位资金 到位数 已落实资金 下达金额 累计到位 已下达资金 落实金额 拨付资金 到位情况 资金落实
        已拨付 累计到位资金 资金下达
        """,
        dimension="yuan",
        scale=2,
        description="已经到位（下达、落实）的资金，元",
    )
    spent: Series[object] = decimal(
        "支付",
        """
        支出 已支付 支付资金 已支出 支出资金 资金支付 支付金额 累计支付 实际支付 支出金额 支付数 支出数
        累计支出 已支付资金 使用 已使用 支付情况 资金支出 完成支付 已付 实际支出 使用资金 累计支付资金
        已支出资金
        """,
        dimension="yuan",
        scale=2,
        description="已经支付的资金，元",
    )
    document_no: Series[pd.StringDtype] = text(
        "文号",
        "文件号 批文号 资金文号 下达文号 文件文号 批复文号 资金文件 资金下达文号",
        fill_down=False,
        is_identifier=True,
        description="下达资金的文号",
    )
    remark: Series[pd.StringDtype] = text(
        "备注",
        "说明 情况说明 备注说明",
        description="填报人的说明",
    )

    @row_rule("R16", "secured")
    def secures_no_more_than_is_planned(cls, rows: pd.DataFrame) -> pd.Series:
        """R16."""
        return ~rules.exceeds(rows["secured"], rows["planned"])

    @row_rule("R16", "spent")
    def spends_no_more_than_is_secured(cls, rows: pd.DataFrame) -> pd.Series:
        """R16: said once a row."""
        return rules.exceeds(rows["secured"], rows["planned"]) | ~rules.exceeds(rows["spent"], rows["secured"])
