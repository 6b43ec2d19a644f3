"""Units as printed, and what multiplies a printed figure to give the canonical unit."""

from decimal import Decimal

from schemas.text import heading_key


def _units(words: str, factor: str = "1") -> dict[str, Decimal]:
    return dict.fromkeys(words.split(), Decimal(factor))


# dimension → printed unit → factor to the canonical unit (persons, households, yuan, kilometres, a rate of 1).
UNITS: dict[str, dict[str, Decimal]] = {
    "persons": _units("人 口") | _units("百人", "100") | _units("千人", "1000") | _units("万人", "10000"),
    "households": _units("户") | _units("百户", "100") | _units("千户", "1000") | _units("万户", "10000"),
    "villages": _units("个 条 村 处 座 宗"),
    "yuan": {
        **_units("元 人民币元"),
        **_units("千元", "1000"),
        **_units("万元 人民币万元", "10000"),
        **_units("百万元", "1000000"),
        **_units("亿元", "100000000"),
    },
    "km": _units("公里 km 千米") | _units("米 m", "0.001") | _units("里", "0.5") | _units("万米", "10"),
    "rate": _units("% 百分比 百分数", "0.01") | _units("‰", "0.001"),
    "lpcd": _units(
        """
        l/人d l/人日 l/人天 l/人/d l/p/d l/cd l/d人 l 升 升/人日 升/人天 升/人d 升/人/天 升/人/日
        升每人每天 升每人每日
        """
    ),
    # Concentrations keep the unit they are printed in: a limit is compared in the standard's own unit.
    "concentration": _units(
        """
        mg/l μg/l ug/l 毫克/升 ntu ntu散射浊度单位 度 无量纲 cfu/ml 个/ml 个/l cfu/100ml mpn/100ml 个/100ml
        cfu/100ml或mpn/100ml mpn/100ml或cfu/100ml
        """
    ),
}

# The unit that our own tables print for a dimension; concentrations have one a parameter.
OFFICIAL = {
    "persons": "人",
    "households": "户",
    "villages": "个",
    "yuan": "万元",
    "km": "公里",
    "rate": "%",
    "lpcd": "升/人·日",
}

# A multiplier that stands alone after a figure: 1.2万, 3千.
MULTIPLIERS = {"亿": Decimal(100_000_000), "万": Decimal(10_000), "千": Decimal(1_000), "百": Decimal(100)}

_DIMENSION = {
    heading_key(unit): (dimension, factor) for dimension, units in UNITS.items() for unit, factor in units.items()
}


def unit_of(text: str) -> tuple[str, Decimal] | None:
    """The dimension and factor that a printed unit stands for, or None where the text is no unit."""
    return _DIMENSION.get(heading_key(text))


def factor_for(dimension: str, text: str) -> Decimal | None:
    """The factor of a printed unit within a dimension; None where it is no unit of that dimension."""
    found = unit_of(text)
    return found[1] if found and found[0] == dimension else None
