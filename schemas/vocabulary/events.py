"""督导会商: kinds of meetings and inspections; 户籍 and 常住."""

from schemas.vocabulary import Term, Vocabulary

EVENT_KIND = Vocabulary(
    "kind",
    {
        "onsite_supervision": Term(
            "现场督导推进会",
            "on-site supervision meeting",
            """
            现场督导 督导推进会 现场推进会 现场会 推进会 督导会 现场督导会 现场办公会 督导 现场督导推进
            督导推进
            """,
        ),
        "consultation": Term(
            "会商会",
            "consultation",
            "会商 会商会议 调度会 工作会商 工作会商会 例会 专题会商会 调度会商",
        ),
        "training": Term(
            "培训",
            "training",
            "培训会 业务培训 业务培训会 技术培训 培训班",
        ),
        "summons": Term(
            "约谈",
            "summons",
            "约谈会 提醒约谈 集体约谈 约谈提醒",
        ),
        "inspection": Term(
            "督查",
            "inspection",
            "检查 督察 现场督查 专项督查 巡查 明察暗访 督查检查 现场检查 暗访",
        ),
    },
)
