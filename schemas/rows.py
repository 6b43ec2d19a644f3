"""What rows of several forms have in common: a town, a natural village, the report they stand in."""

from typing import Any

import pandas as pd
import pandera.pandas as pa
from pandera.engines.pandas_engine import DateTime
from pandera.typing import Series

from schemas import rules
from schemas.form import row_rule, text

TOWN = {"fill_down": True, "from_context": True}


class Reported(pa.DataFrameModel):
    """A row of any form: columns that validation joins to what the sheet shows."""

    file_sha256: Series[pd.StringDtype] = pa.Field()
    report_date: Series[DateTime] = pa.Field(nullable=True, dtype_kwargs={"unit": "s"})
    # What the row is about, as text: a village's code, a project's name, a sample's number.
    object: Series[pd.StringDtype] = pa.Field(nullable=True)
    town_code: Series[pd.StringDtype] = pa.Field(nullable=True)

    @row_rule("R01", "town")
    def names_a_town(cls, rows: pd.DataFrame) -> "pd.Series[bool]":
        """R01: the row, or what surrounds it, names a town."""
        return rows["town"].notna()

    @row_rule("R06", "town")
    def names_a_known_town(cls, rows: pd.DataFrame) -> "pd.Series[bool]":
        """R06: the town is in the master list."""
        return rows["town_code"].notna() | rows["town"].isna()


class OfTown(Reported):
    """A row that a town answers for."""

    town: Series[pd.StringDtype] = text(
        "镇",
        """
        乡镇 镇（街道） 镇街 乡镇（街道） 镇名 乡镇名称 镇（乡） 镇乡 街道 所属乡镇 所在乡镇 镇别 所属镇
        所在镇 镇（街） 乡（镇） 乡镇街道 镇名称 乡镇名 镇（乡、街道） 填报单位 报送单位 镇场 所属镇街
        联系镇 挂点镇 挂钩镇 联系乡镇 挂点乡镇 联系镇街 挂点镇街 所属街道 镇/街道 镇区
        """,
        description="填报的镇、乡或街道",
        **TOWN,
    )


class OfVillage(OfTown):
    """A row about one natural village."""

    village_code: Series[pd.StringDtype] = pa.Field(nullable=True)
    registered_population: Series[pd.Float64Dtype] = pa.Field(nullable=True)
    village_committee: Series[pd.StringDtype] = text(
        "村委会",
        """
        行政村 村民委员会 村（居）委会 村委 村委会名称 行政村名称 所属村委会 所属行政村 村居 村（居）
        所在行政村 村委会（社区） 行政村（社区） 村（社区） 建制村 所在村委会 管理区 村居委会
        行政村（村委会） 村委会（行政村） 村（居）民委员会
        """,
        required=True,
        fill_down=True,
        description="自然村所属的村民委员会（行政村）",
    )
    natural_village: Series[pd.StringDtype] = text(
        "自然村",
        """
        村小组 村民小组 自然村名称 自然村（村小组） 自然村（组） 村组 自然村（村民小组） 自然村名
        村庄名称 村庄 自然村（屯） 屯 自然村（村组） 小组 村（组） 自然屯 村小组名称
        受益自然村 涉及自然村 村名 自然村/村小组 组别 村小组（自然村）
        """,
        required=True,
        description="自然村或村小组，攻坚行动的统计单位",
    )

    @row_rule("R06", "natural_village")
    def names_a_known_village(cls, rows: pd.DataFrame) -> "pd.Series[bool]":
        """R06: the natural village is in the master list under that committee; judged where the town is known."""
        named = rows["natural_village"].notna() & rows["village_committee"].notna() & rows["town_code"].notna()
        return rows["village_code"].notna() | ~named


def done_by_the_report_date(field: str) -> Any:
    """R07 as a rule of one field: the day of something done lies between 2000 and the report date."""

    @row_rule("R07", field)
    def condition(cls: type[pa.DataFrameModel], rows: pd.DataFrame) -> pd.Series:
        return rules.is_done_by(rows[field], rows["report_date"])

    return condition


def in_its_turn(field: str) -> Any:
    """R13 as a rule of one stage: it is not the first that comes before the stage ahead of it."""

    @row_rule("R13", field)
    def condition(cls: type[pa.DataFrameModel], rows: pd.DataFrame) -> pd.Series:
        return rules.first_stage_too_early(rows) != field

    return condition
