"""Which form a run of columns shows best, and what each of its columns then holds."""

from dataclasses import dataclass
from functools import lru_cache

from flows.ingest.headings import ORDINAL, FormHeadings, Heading, Meaning, form_headings, heading, is_ordinal
from schemas.info import FormInfo
from schemas.text import plain

# What a form must show to be recognised: three columns of its own, or all there are where they are fewer.
FEWEST_COLUMNS = 3

# Columns as they are recognised: their headings and units; and what they mean to a form, by their places.
_Signature = tuple[tuple[tuple[Heading, ...], str | None], ...]
_Taken = dict[int, tuple[Meaning, ...]]


@dataclass(frozen=True)
class Column:
    """One column of a table: where it is, what is printed over it, what it holds."""

    index: int
    path: tuple[Heading, ...]
    # The unit printed in its headings, and the one in the unit row.
    unit: str | None
    row_unit: str | None
    # Several where one heading names two fields: 户/人 over 86/412. Empty where the heading is unknown.
    meanings: tuple[Meaning, ...] = ()

    @property
    def printed(self) -> str:
        """The headings over the column, top to bottom."""
        return "/".join(part.printed for part in self.path)

    def words_of(self, meaning: Meaning) -> str:
        """The words over the cells that name one of the fields in them: of 常住户数/户籍人口 one half."""
        halves = plain(self.path[-1].printed).split("/")
        return halves[self.meanings.index(meaning)] if len(halves) == len(self.meanings) else self.printed


@dataclass(frozen=True)
class Recognised:
    """A form, and a run of columns as it reads them."""

    form: FormInfo
    columns: list[Column]
    score: float


def recognise(columns: list[Column], titles: str, hints: str) -> Recognised | None:
    """The form that a run of columns shows best.

    Parameters
    ----------
    columns : list of Column
        With their headings; what they hold is not yet known.
    titles, hints : str
        The words above the columns; the sheet's and the file's name. They decide where headings leave a choice.

    Returns
    -------
    Recognised | None
        None where the columns show no form.
    """
    best: Recognised | None = None
    signature = tuple((column.path, column.unit or column.row_unit) for column in columns)
    for headings, taken, score in _candidates(signature):
        words = headings.info.title_words
        in_titles, in_names = (any(word in plain(text) for word in words) for text in (titles, hints))
        if not _keys(headings.info) and not (in_titles or in_names) and not _shows(taken, "town"):
            continue  # 户数 and 人口 by mode may sum up anything: a target says so, or shows its towns
        score += 1.5 * in_titles + 0.75 * in_names
        if best is None or score > best.score:
            best = Recognised(headings.info, _told(columns, taken), score)
    return best


def _told(columns: list[Column], taken: _Taken) -> list[Column]:
    return [
        Column(column.index, column.path, column.unit, column.row_unit, taken.get(place, ()))
        for place, column in enumerate(columns)
    ]


def _keys(info: FormInfo) -> list[str]:
    """The fields that only this form's own columns can say which object a row is about."""
    return [name for name in info.grain if info.fields[name].required and not info.fields[name].from_context]


def _shows(taken: _Taken, field: str) -> bool:
    return any(meaning.field == field for meanings in taken.values() for meaning in meanings)


# Towns repeat the template's header: a reader sees few that differ.
@lru_cache(maxsize=2_000)
def _candidates(columns: _Signature) -> list[tuple[FormHeadings, _Taken, float]]:
    """The forms that columns may show, each with what they mean to it and how well it fits."""
    found = []
    for headings in form_headings().values():
        taken = _taken(headings, columns)
        score = _score(headings.info, len(columns), taken)
        if score is not None:
            found.append((headings, taken, score))
    return found


def _taken(headings: FormHeadings, columns: _Signature) -> _Taken:
    """What columns mean to a form, by their places; a column that is unknown to it has no meaning."""
    readings = [
        (-words, rank, place, meanings)
        for place, (path, unit) in enumerate(columns)
        for words, rank, meanings in claims(headings, path, unit)
    ]
    taken: _Taken = {}
    used: set[Meaning] = set()
    for _, _, place, meanings in sorted(readings, key=lambda reading: reading[:3]):
        if place not in taken and not used.intersection(meanings):
            taken[place] = meanings
            used.update(meaning for meaning in meanings if not meaning.is_rate)
    for place, (path, _) in enumerate(columns):
        if place not in taken and is_ordinal(path):
            taken[place] = (ORDINAL,)
    return taken


def claims(
    headings: FormHeadings, path: tuple[Heading, ...], unit: str | None
) -> list[tuple[int, int, tuple[Meaning, ...]]]:
    """Every reading that a column's headings and its unit allow: words used, rank of the alias, what it then holds."""
    found = headings.readings(path)
    if not found and unit:
        # 受益情况 over 户 and 人: the unit is the heading.
        found = headings.readings((*path, heading(unit)))
    both = _compound(headings, path) if not found else None
    return [(0, 0, both)] if both else [(words, rank, (meaning,)) for words, rank, meaning in found]


def _compound(headings: FormHeadings, path: tuple[Heading, ...]) -> tuple[Meaning, ...] | None:
    """One heading for two fields: 户数/人口."""
    meanings = []
    for word in plain(path[-1].printed).split("/"):
        found = next((meaning for _, _, meaning in headings.readings((*path[:-1], heading(word)))), None)
        if found is None or found.field.startswith("#"):
            return None
        meanings.append(found)
    return tuple(meanings) if len(set(meanings)) == len(meanings) > 1 else None


def _score(info: FormInfo, width: int, taken: _Taken) -> float | None:
    meanings = [meaning for found in taken.values() for meaning in found if meaning != ORDINAL and not meaning.is_rate]
    fields = {meaning.field for meaning in meanings} | (
        {info.spread} if any(meaning.group for meaning in meanings) else set()
    )
    own = sum(ORDINAL not in found and not found[0].is_rate for found in taken.values())
    others = width - len(taken)
    required = [name for name in info.required() if not info.fields[name].from_context]
    covered = sum(name in fields for name in required) / max(len(required), 1)
    enough = own >= FEWEST_COLUMNS or (own >= 2 and not others)
    keys = _keys(info)
    if keys and not fields.intersection(keys):
        return None
    if not enough or covered < 0.5 or (info.spread and not {*info.measures} & fields):
        return None
    return own - others + 4 * covered
