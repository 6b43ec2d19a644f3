"""The states of a village on the wall map: each is defined here once, and a village has the first one that fits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class State:
    """One state.

    Attributes
    ----------
    code
        Its name in data, addresses and styles.
    condition
        When a village is in it, in SQL over the columns of `villages.VILLAGES`; null is no.
    zh, en
        What it is called.
    meaning_zh, meaning_en
        Its definition, for the legend.
    """

    code: str
    condition: str
    zh: str
    en: str
    meaning_zh: str
    meaning_en: str


STATES = (
    State(
        "late",
        "not is_completed and late_days > 0",
        "逾期",
        "late",
        "超过计划完成时间，至报告日仍未完成",
        "past its planned day and not completed at the report date",
    ),
    State(
        "doubtful",
        "is_rejected or is_contradicted or is_flagged or is_untested",
        "存疑",
        "doubtful",
        "报表行有未更正的错误或提醒；或报告已完成而核查无水；或已完成但所属工程没有合格的水质检测；被退回的行不计入任何数字",
        "its row has an error or a warning that stands; or it is reported completed and an inspection found no water; "
        "or it is completed and its project shows no passed water test; a rejected row counts in no figure",
    ),
    State(
        "verified",
        "is_completed and has_water",
        "核查有水",
        "verified",
        "报告已完成，最近一次县级核查时有水，且无存疑",
        "reported completed, the latest inspection found water, and nothing is in doubt",
    ),
    State(
        "completed",
        "is_completed",
        "已完成",
        "completed",
        "报告已完成，尚无核查有水的记录",
        "reported completed, no inspection has found water yet",
    ),
    State(
        "started",
        "status = 'under_construction'",
        "在建",
        "started",
        "报告在建，未超过计划完成时间",
        "under construction, its planned day not past",
    ),
    State(
        "planned",
        "true",
        "未开工",
        "not started",
        "列入计划，报告未开工",
        "in the plan, reported not started",
    ),
)

# From what is done to what is not begun: how tiles and legend are arranged.
ORDER = ("verified", "completed", "doubtful", "late", "started", "planned")

# Why a village is doubtful, as the bits of one number.
DOUBTS = {"is_rejected": 1, "is_contradicted": 2, "is_flagged": 4, "is_untested": 8}


def state_number() -> str:
    """Return the SQL that gives a village the place of its state in `STATES`: the first condition that holds."""
    cases = " ".join(f"when {state.condition} then {number}" for number, state in enumerate(STATES))
    return f"case {cases} end"


def doubt_bits() -> str:
    """Return the SQL that adds up the bits of `DOUBTS`."""
    return " + ".join(f"if({column}, {bit}, 0)" for column, bit in DOUBTS.items())
