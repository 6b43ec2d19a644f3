"""How much room a text takes."""

import unicodedata


def width_of(text: str) -> int:
    """The columns that a text takes in a fixed-width font: wide characters two."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
