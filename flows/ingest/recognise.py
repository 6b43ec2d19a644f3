"""Which form a run of columns shows best, and what each of its columns then holds."""

from dataclasses import dataclass

from flows.ingest.headings import ORDINAL, FormHeadings, Heading, Meaning, form_headings, heading, is_ordinal
from schemas.form import FormInfo
from schemas.text import plain

# What a form must show to be recognised: three columns of its own, or all there are where they are fewer.
FEWEST_COLUMNS = 3


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
    for headings in form_headings().values():
        read, score = _assign(headings, columns)
        if read is None:
            continue
        words = headings.info.title_words
        in_titles, in_names = (any(word in plain(text) for word in words) for text in (titles, hints))
        if not _keys(headings.info) and not (in_titles or in_names) and not _shows(read, "town"):
            continue  # 户数 and 人口 by mode may sum up anything: a target says so, or shows its towns
        score += 1.5 * in_titles + 0.75 * in_names
        if best is None or score > best.score:
            best = Recognised(headings.info, read, score)
    return best


def _keys(info: FormInfo) -> list[str]:
    """The fields that only this form's own columns can say which object a row is about."""
    return [name for name in info.grain if info.fields[name].required and not info.fields[name].from_context]


def _shows(columns: list[Column], field: str) -> bool:
    return any(meaning.field == field for column in columns for meaning in column.meanings)


def _assign(headings: FormHeadings, columns: list[Column]) -> tuple[list[Column] | None, float]:
    """Columns with what they mean to a form, and how well the form fits (None where it does not)."""
    readings: list[tuple[int, int, int, tuple[Meaning, ...]]] = []
    for place, column in enumerate(columns):
        found = headings.readings(column.path)
        if not found and (unit := column.unit or column.row_unit):
            # 受益情况 over 户 and 人: the unit is the heading.
            found = headings.readings((*column.path, heading(unit)))
        readings.extend((-words, rank, place, (meaning,)) for words, rank, meaning in found)
        if not found and (both := _compound(headings, column.path)):
            readings.append((0, 0, place, both))
    taken: dict[int, tuple[Meaning, ...]] = {}
    used: set[Meaning] = set()
    for _, _, place, meanings in sorted(readings, key=lambda reading: reading[:3]):
        if place not in taken and not used.intersection(meanings):
            taken[place] = meanings
            used.update(meaning for meaning in meanings if not meaning.is_rate)
    for place, column in enumerate(columns):
        if place not in taken and is_ordinal(column.path):
            taken[place] = (ORDINAL,)
    return _judge(headings.info, columns, taken)


def _compound(headings: FormHeadings, path: tuple[Heading, ...]) -> tuple[Meaning, ...] | None:
    """One heading for two fields: 户数/人口."""
    meanings = []
    for word in plain(path[-1].printed).split("/"):
        found = next((meaning for _, _, meaning in headings.readings((*path[:-1], heading(word)))), None)
        if found is None or found.field.startswith("#"):
            return None
        meanings.append(found)
    return tuple(meanings) if len(set(meanings)) == len(meanings) > 1 else None


def _judge(
    info: FormInfo, columns: list[Column], taken: dict[int, tuple[Meaning, ...]]
) -> tuple[list[Column] | None, float]:
    meanings = [meaning for found in taken.values() for meaning in found if meaning != ORDINAL and not meaning.is_rate]
    fields = {meaning.field for meaning in meanings} | (
        {info.spread} if any(meaning.group for meaning in meanings) else set()
    )
    own = sum(ORDINAL not in found and not found[0].is_rate for found in taken.values())
    others = sum(place not in taken for place in range(len(columns)))
    required = [name for name in info.required() if not info.fields[name].from_context]
    covered = sum(name in fields for name in required) / max(len(required), 1)
    enough = own >= FEWEST_COLUMNS or (own >= 2 and not others)
    keys = _keys(info)
    if keys and not fields.intersection(keys):
        return None, 0.0
    if not enough or covered < 0.5 or (info.spread and not {*info.measures} & fields):
        return None, 0.0
    read = [
        Column(column.index, column.path, column.unit, column.row_unit, taken.get(place, ()))
        for place, column in enumerate(columns)
    ]
    return read, own - others + 4 * covered
