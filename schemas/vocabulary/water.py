"""水质检测 and 达标核查: parameters, sampling points, verdicts."""

from schemas.vocabulary import Term, Vocabulary

# Codes are the standard's own Chinese names (GB 5749), as laboratories print them.
PARAMETER = Vocabulary(
    "parameter",
    {
        "浑浊度": Term(
            "浑浊度",
            "turbidity",
            "浊度 混浊度 浑浊度(散射浑浊度单位)",
            unit="NTU",
        ),
        "pH": Term(
            "pH",
            "pH",
            "pH值 酸碱度 PH(无量纲)",
        ),
        "游离余氯": Term(
            "游离余氯",
            "free chlorine",
            "余氯 游离氯 消毒剂余量 出厂水余氯 游离性余氯 消毒剂余量(游离氯) 余氯量",
            unit="mg/L",
        ),
        "总大肠菌群": Term(
            "总大肠菌群",
            "total coliforms",
            "总大肠菌群数 大肠菌群",
            unit="CFU/100mL",
        ),
        "大肠埃希氏菌": Term(
            "大肠埃希氏菌",
            "Escherichia coli",
            "大肠埃希菌 大肠杆菌 埃希氏菌",
            unit="CFU/100mL",
        ),
        "耐热大肠菌群": Term(
            "耐热大肠菌群",
            "thermotolerant coliforms",
            "粪大肠菌群",
            unit="CFU/100mL",
        ),
        "菌落总数": Term(
            "菌落总数",
            "total plate count",
            "细菌总数 菌落数",
            unit="CFU/mL",
        ),
        "氟化物": Term(
            "氟化物",
            "fluoride",
            "氟 氟化物(以F计) 氟离子",
            unit="mg/L",
        ),
        "氯化物": Term(
            "氯化物",
            "chloride",
            "氯离子",
            unit="mg/L",
        ),
        "砷": Term(
            "砷",
            "arsenic",
            "总砷 砷(As)",
            unit="mg/L",
        ),
        "硝酸盐氮": Term(
            "硝酸盐氮",
            "nitrate nitrogen",
            "硝酸盐 硝酸盐(以N计) 硝酸盐氮(以N计) 硝氮",
            unit="mg/L",
        ),
        "亚硝酸盐氮": Term(
            "亚硝酸盐氮",
            "nitrite nitrogen",
            "亚硝酸盐 亚硝酸盐(以N计)",
            unit="mg/L",
        ),
        "铁": Term(
            "铁",
            "iron",
            "总铁 铁(Fe)",
            unit="mg/L",
        ),
        "锰": Term(
            "锰",
            "manganese",
            "总锰 锰(Mn)",
            unit="mg/L",
        ),
        "耗氧量": Term(
            "耗氧量",
            "permanganate index",
            "高锰酸盐指数 CODMn 耗氧量(CODMn) 高锰酸盐指数(以O2计) CODMn法",
            unit="mg/L",
        ),
        "氨": Term(
            "氨",
            "ammonia nitrogen",
            "氨氮 氨(以N计) 氨氮(以N计)",
            unit="mg/L",
        ),
        "色度": Term(
            "色度",
            "colour",
            "色 色度(铂钴色度单位)",
            unit="度",
        ),
        "臭和味": Term(
            "臭和味",
            "odour and taste",
            "臭味 嗅和味 异臭异味",
        ),
        "肉眼可见物": Term(
            "肉眼可见物",
            "visible matter",
            "可见物",
        ),
        "总硬度": Term(
            "总硬度",
            "total hardness",
            "总硬度(以CaCO3计) 硬度",
            unit="mg/L",
        ),
        "溶解性总固体": Term(
            "溶解性总固体",
            "total dissolved solids",
            "TDS",
            unit="mg/L",
        ),
        "硫酸盐": Term("硫酸盐", "sulphate", unit="mg/L"),
        "铝": Term("铝", "aluminium", unit="mg/L"),
        "铜": Term("铜", "copper", unit="mg/L"),
        "锌": Term("锌", "zinc", unit="mg/L"),
        "铅": Term("铅", "lead", unit="mg/L"),
        "镉": Term("镉", "cadmium", unit="mg/L"),
        "汞": Term(
            "汞",
            "mercury",
            "总汞",
            unit="mg/L",
        ),
        "硒": Term("硒", "selenium", unit="mg/L"),
        "铬": Term(
            "铬(六价)",
            "chromium (VI)",
            "六价铬 铬六价 铬",
            unit="mg/L",
        ),
        "氰化物": Term("氰化物", "cyanide", unit="mg/L"),
        "挥发酚类": Term(
            "挥发酚类",
            "volatile phenols",
            "挥发酚 挥发酚类(以苯酚计)",
            unit="mg/L",
        ),
        "阴离子合成洗涤剂": Term("阴离子合成洗涤剂", "anionic detergents", unit="mg/L"),
        "三氯甲烷": Term("三氯甲烷", "chloroform", unit="mg/L"),
        "四氯化碳": Term("四氯化碳", "carbon tetrachloride", unit="mg/L"),
        "二氧化氯": Term("二氧化氯", "chlorine dioxide", unit="mg/L"),
        "氯酸盐": Term("氯酸盐", "chlorate", unit="mg/L"),
        "亚氯酸盐": Term("亚氯酸盐", "chlorite", unit="mg/L"),
    },
)

SAMPLING_POINT = Vocabulary(
    "sampling_point",
    {
        "plant_outlet": Term(
            "出厂水",
            "plant outlet",
            "出厂 水厂出水 厂水 出水",
        ),
        "tap": Term(
            "末梢水",
            "tap",
            "末梢 管网末梢水 管网末梢 用户水龙头 龙头水 管网水 用户龙头水 入户水",
        ),
        "source_water": Term(
            "水源水",
            "source water",
            "水源 原水 源水 进厂水 水源原水",
        ),
    },
)

# The verdict printed for a sample or a criterion; codes are the words of the forms.
SAMPLE_VERDICT = Vocabulary(
    "verdict",
    {
        "合格": Term(
            "合格",
            "passed",
            "达标 符合 是 √ 符合标准 均合格 全部合格 通过 正常",
        ),
        "不合格": Term(
            "不合格",
            "failed",
            "不达标 超标 不符合 否 × 未达标 不通过",
        ),
    },
)

CRITERION_VERDICT = Vocabulary(
    "criterion_verdict",
    {
        "达标": Term(
            "达标",
            "met",
            "合格 是 √ 符合 基本达标 满足 良好 方便 正常 已达标",
        ),
        "不达标": Term(
            "不达标",
            "failed",
            "不合格 否 × 未达标 不符合 不满足 不方便 不足 不正常",
        ),
    },
)

YES_NO = Vocabulary(
    "yes_no",
    {
        "yes": Term(
            "是",
            "yes",
            "√ 有 有水 已通水 通水 已通 Y 正常 正常供水 1 属实",
        ),
        "no": Term(
            "否",
            "no",
            "× 无 无水 未通水 没有 没通水 未通 N 不通水 0 断水 没水 x 不属实",
        ),
    },
)
