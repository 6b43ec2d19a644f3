"""The marks and words that belong to the sheet rather than to a form: none-marks, totals, footers, notes, numbering."""

# A cell that says «none». A printed 0 is 0 and never stands here.
NONE_MARKS = frozenset(
    {"", "—", "–", "－", "-", "―", "─", "──", "——", "--", "---", "－－", "/", "／", "//", "\\", "无", "暂无", "空"}
)

# A cell that says «somebody knows, not this sheet»: unreadable, never null without a word.
UNREADABLE = frozenset(
    {
        "不详",
        "不清楚",
        "见备注",
        "待核",
        "待定",
        "详见附件",
        "见附件",
        "待核实",
        "未知",
        "不明",
        "待查",
        "待统计",
        "统计中",
        "详见备注",
        "?",
        "？",
    }
)

BELOW_DETECTION = ("未检出", "低于检出限", "nd", "n.d.", "n.d", "<dl", "小于检出限", "检出限以下", "未检测出")

# Marks under one of several sub-headings.
TICKS = frozenset({"√", "✓", "✔", "●", "○", "◎", "■", "1", "是", "v", "V", "☑", "▲", "★"})

# A heading of the running number of a row.
ORDINAL_HEADINGS = frozenset({"序号", "序", "编号", "no", "项次", "行次", "序列", "番号", "次序"})

# A row that sums others; also with a name before it: 兴隆村委会小计.
TOTAL_WORDS = ("小计", "合计", "总计", "共计", "累计", "总合计", "汇总")

# A group of columns that sums the groups beside it.
TOTAL_GROUPS = frozenset(
    {
        "合计",
        "小计",
        "总计",
        "资金合计",
        "合计资金",
        "总资金",
        "资金总额",
        "总额",
        "资金总计",
        "全部资金",
        "累计",
        "总投资",
        "资金总量",
    }
)

# A row that ends or accompanies a table.
FOOTER_WORDS = tuple(
    """
    填报人 审核人 联系电话 填报日期 单位负责人 制表人 填表人 填表日期 报出日期 分管领导
    经办人 负责人签 主要领导 填报时间 填表时间 制表 审核： 审批人 复核人 联系人
    盖章 签字 签名 填报： 签发 日期： 报送人 填表： 制表：
    """.split()
)
NOTE_WORDS = tuple("注： 注: 备注： 备注: 说明： 说明: 填表说明 注1 注１ 填报说明 注意： 备注1 ※ 注. 注、".split())

# A row of limits beneath the headings of a water table is no sample.
LIMIT_WORDS = frozenset(
    "限值 标准 标准限值 标准值 国标限值 限量 国标 评价标准 标准要求 gb5749限值 指标限值 限值要求".split()
)

# Column numbering beneath a heading: 甲 乙 丙 1 2 3, (1) (2), ①.
STEMS = "甲乙丙丁戊己庚辛壬癸"
