"""What the page's JSON can hold."""

import datetime as dt
from decimal import Decimal
from typing import Any


def plain(value: Any) -> Any:
    """Return what JSON can hold, exactly: dates ISO, decimals as text."""
    match value:
        case dict():
            return {name: plain(inner) for name, inner in value.items()}
        case Decimal():
            return format(value, "f")
        case dt.date():
            return value.isoformat()
    return value
