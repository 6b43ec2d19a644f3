"""供水方式, 建设性质, 进展情况: how a village is supplied, what is built, how far it is."""

from schemas.vocabulary import Term, Vocabulary

# The first three are 规模化水厂扩网 (large scale). 农村集中供水 alone names no mode, 小型集中供水 does
# (forms.md, settled points).
SUPPLY_MODE = Vocabulary(
    "supply_mode",
    {
        "cross_county": Term(
            "跨县扩网工程",
            "cross-county extension",
            """
            跨县 跨县扩网 跨县供水 跨县管网延伸 跨县水厂扩网 跨县区扩网 跨县联网 跨县联网供水 邻县供水
            邻县水厂 邻县水厂扩网 县外水厂扩网 跨县域扩网 跨县水厂 跨县区供水 跨县引水 跨县集中供水
            跨区域供水 跨区域扩网
            """,
            in_titles="跨县 邻县水厂 县外水厂",
        ),
        "county_plant": Term(
            "县级水厂扩网",
            "county plant extension",
            """
            县级 县级水厂 县水厂 县水厂扩网 县城水厂 县城水厂扩网 县级供水 县级扩网 县级水厂管网延伸
            县自来水厂 县自来水厂扩网 县城管网延伸 县级管网延伸 县级水厂延伸 县城自来水 县城供水管网延伸
            县级水厂集中供水 县城供水 县级水厂供水 县水厂供水 县水厂管网延伸
            """,
            in_titles="县级水厂 县城水厂 县级扩网 县水厂扩网",
        ),
        "town_plant": Term(
            "镇级水厂扩网",
            "town plant extension",
            """
            镇级 镇级水厂 镇水厂 镇水厂扩网 乡镇水厂 乡镇水厂扩网 镇级供水 镇级扩网 镇级水厂管网延伸
            镇自来水厂 镇自来水厂扩网 圩镇水厂扩网 圩镇水厂 乡镇级水厂扩网 镇级管网延伸 镇级水厂延伸
            乡级水厂扩网 乡级水厂 镇级水厂集中供水 乡镇级水厂 镇级水厂供水 镇水厂供水 镇水厂管网延伸
            乡镇水厂管网延伸 乡镇水厂供水
            """,
            in_titles="镇级水厂 镇水厂扩网 乡镇水厂 镇级扩网 圩镇水厂",
        ),
        "small_scheme": Term(
            "农村小型集中供水",
            "small rural scheme",
            """
            小型 小型集中供水 小型供水 农村小型供水 小型集中式供水 农村小型集中式供水 小型供水设施
            小型集中供水设施 单村供水 单村集中供水 联村供水 村级小型集中供水 小型水厂 村级供水
            自建小型集中供水 农村小型集中 小集中供水 小型集中 村级集中供水 单村或联村供水 小型集中供水点
            """,
            in_titles="小型集中 小型供水 单村供水",
        ),
    },
    endings=("项目", "工程", "供水工程", "建设工程"),
)

WORKS_TYPE = Vocabulary(
    "works_type",
    {
        "extension": Term(
            "扩网",
            "extension",
            "扩网延伸 管网延伸 延伸 扩建 管网扩网 扩网改造 管网延伸扩网 扩网工程 扩容",
        ),
        "new": Term(
            "新建",
            "new",
            "新建工程 新增 新",
        ),
        "renovation": Term(
            "改造",
            "renovation",
            "改建 改扩建 改造提升 提升改造 维修改造 升级改造 巩固提升 改造工程",
        ),
    },
)

STATUS = Vocabulary(
    "status",
    {
        "not_started": Term(
            "未开工",
            "not started",
            """
            未动工 待开工 尚未开工 未启动 没开工 还未开工 未施工 未建 未开始 未动 前期工作 前期 未开建
            尚未动工 筹备中 前期准备 待建 拟建 招标中 设计中
            """,
        ),
        "under_construction": Term(
            "在建",
            "under construction",
            """
            施工中 已开工 正在施工 建设中 在施工 正在建设 施工 开工 已动工 进行中 建设施工中 已开工建设
            动工 施工建设中 未完成 未完工 推进中 在建中 正在推进 未通水 安装中 已开工未完工 在建设
            """,
        ),
        "completed": Term(
            "已完成",
            "completed",
            """
            已通水 完成 完工 已完工 通水 √ ✓ ✔ ☑ 竣工 已竣工 建成 已建成 建成通水 已建成通水 完工通水
            已完工通水 已完成通水 是 全部完成 全面完成 已通 完工并通水 已供水 正常供水 已完工并通水
            通水完成 已验收
            """,
        ),
    },
)
