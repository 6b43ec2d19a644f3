"""What multiplies a column's bare figures: the unit of its heading, of the unit row, of the corner."""

from decimal import Decimal

from flows.ingest.context import Context
from flows.ingest.headings import unit_among
from flows.ingest.recognise import Column
from flows.ingest.sheet import Sheet
from flows.ingest.values import Number, number
from schemas.info import FieldInfo
from schemas.vocabulary.units import factor_for


def factor_of(sheet: Sheet, column: Column, info: FieldInfo, context: Context, rows: list[int]) -> Decimal:
    """The factor of a column's bare figures to the canonical unit (forms.md: heading, unit row, corner).

    Parameters
    ----------
    sheet, column, info
        Where the figures stand, and the field they fill.
    context : Context
        Its corner units.
    rows : list of int
        The rows that hold figures: rates are judged by all of them.
    """
    dimension = info.dimension or ""
    if dimension == "rate":
        return _rate_factor(sheet, column, rows)
    for unit in (column.unit, column.row_unit, unit_among(context.units, info)):
        if unit and (factor := factor_for(dimension, unit)) is not None:
            return factor
    return Decimal(1)


def _rate_factor(sheet: Sheet, column: Column, rows: list[int]) -> Decimal:
    """Rates are printed as 0.91, 91 or 91%: the column as a whole tells which its bare figures mean."""
    # 0 and 1 alone are fractions even under a heading with %: nobody reports 1 % everywhere.
    return (
        Decimal("0.01")
        if any(
            abs(figure.value) > 1
            for row in rows
            if (row, column.index) not in sheet.grid.percents
            and isinstance(figure := number(sheet.at(row, column.index)), Number)
            and figure.factor is None
        )
        else Decimal(1)
    )
