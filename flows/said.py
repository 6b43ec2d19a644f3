"""What is said to people, in both languages."""

from typing import Literal, NamedTuple

Lang = Literal["zh", "en"]


class Said(NamedTuple):
    """The same said in Chinese and in English."""

    zh: str
    en: str

    def told(self, lang: str) -> str:
        """Return it in a language."""
        return self.en if lang == "en" else self.zh


class SaidError(Exception):
    """Why something cannot be done, in the words of the person who can mend it."""

    def __init__(self, zh: str, en: str) -> None:
        super().__init__(zh, en)
        self.zh, self.en = zh, en

    def sentence(self, lang: str) -> str:
        """Return it in a language."""
        return Said(self.zh, self.en).told(lang)


def said_by(error: BaseException) -> Said:
    """Return what an error says: in both languages where it is one of ours, else in its own words."""
    return Said(error.zh, error.en) if isinstance(error, SaidError) else Said(str(error), str(error))
