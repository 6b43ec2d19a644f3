"""Names and texts as SQL writes them, for statements that take no parameters."""

from pathlib import Path


def name(identifier: str) -> str:
    """Return a quoted name."""
    return '"' + identifier.replace('"', '""') + '"'


def text(value: str | Path | None) -> str:
    """Return a quoted text, or null."""
    return "null" if value is None else "'" + str(value).replace("'", "''") + "'"
