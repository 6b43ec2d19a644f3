"""The wall map (作战图): one HTML file that holds its data, its style and its script, and asks nobody for anything."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from flows.durable import write_whole
from flows.publish.query import connect
from flows.report.wall_map.boundaries import WIDTH, BadBoundaries, Boundaries, read_boundaries
from flows.report.wall_map.figures import read_figures
from flows.report.wall_map.states import ORDER, STATES
from flows.report.wall_map.villages import Addresses
from flows.report.wall_map.words import words
from flows.said import Lang, Said

FILE = "wall-map.html"
_HERE = Path(__file__).parent
_SCRIPTS = "base figures address tiles map charts panels details app".split()


@dataclass(frozen=True)
class WallMap:
    """What became of the map.

    Attributes
    ----------
    file
        Where it lies; None where it could not be written.
    notes
        What is wrong with it.
    """

    file: Path | None = None
    notes: list[Said] = field(default_factory=list)


def write_wall_map(
    published_db: Path,
    folder: Path,
    lang: Lang,
    addresses: Addresses,
    town_boundaries: Path | None = None,
    *,
    is_one_of_several: bool = False,
) -> WallMap:
    """Write `wall-map.html` into a folder, beside its place and then over it; a reader sees the old or the new one.

    Parameters
    ----------
    published_db
        The published marts.
    folder
        Where it goes.
    lang
        Of the page.
    addresses
        The cell of each field of the rows shown, where known.
    town_boundaries
        A GeoJSON of towns; without one, or with a bad one, the page has tiles and no map.
    is_one_of_several
        Whether that holds the towns of other counties too.

    Raises
    ------
    flows.publish.query.NoRelease
        Nothing has been published.
    duckdb.Error, OSError
        The marts cannot be read, or the folder not be written.
    """
    with connect(published_db) as con:
        figures = read_figures(con, addresses, lang)
    boundaries, notes = _boundaries(town_boundaries, dict(figures["towns"]), is_one_of_several)
    page = render(figures, boundaries, notes, lang).encode()
    file = folder / FILE
    if not file.is_file() or file.read_bytes() != page:
        write_whole(file, page)
    return WallMap(file, notes)


def render(figures: dict[str, Any], boundaries: Boundaries, notes: list[Said], lang: Lang) -> str:
    """Return the page.

    Parameters
    ----------
    figures
        As `read_figures` gives them.
    boundaries
        The map; without shapes there is none.
    notes
        What the page has to say of itself.
    lang
        Of the page.
    """
    said = words(lang)
    style, script = (_HERE / "style.css").read_text("utf-8"), _script()
    title, release = said["title"].format(county=figures["county"]), figures["release"]
    stamp = f"{said['as_of']} {release['as_of']} · {said['published']} {release['published_at'][:16].replace('T', ' ')}"
    style += f"@page {{ @bottom-center {{ font-size: 12px; content: {css_text(f'{title} · {stamp}')}; }} }}\n"
    data = figures | {
        "words": said,
        "states": [
            {
                "code": state.code,
                "label": state.zh if lang == "zh" else state.en,
                "meaning": state.meaning_zh if lang == "zh" else state.meaning_en,
            }
            for state in STATES
        ],
        "order": ORDER,
        "boundaries": {
            "width": WIDTH,
            "height": boundaries.height,
            "shapes": [asdict(one) for one in boundaries.shapes],
        },
    }
    environment = Environment(
        loader=FileSystemLoader(_HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    return environment.get_template("template.html").render(
        lang="zh-CN" if lang == "zh" else "en",
        words=said,
        title=title,
        release=release,
        states=data["states"],
        notes=[note.told(lang) for note in notes],
        has_map=bool(boundaries.shapes),
        style=Markup(style),
        style_hash=_digest(style),
        script=Markup(script),
        script_hash=_digest(script),
        data=Markup(as_json(data)),
    )


def as_json(data: object) -> str:
    """Return JSON that can stand in a script element: nothing in it ends the element or begins a comment."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")


def css_text(text: str) -> str:
    """Return a text as CSS writes it, so that nothing in it ends the text or the style element."""
    return '"' + "".join(letter if letter.isalnum() else f"\\{ord(letter):x} " for letter in text) + '"'


def _boundaries(
    file: Path | None, towns: Mapping[str, str], is_one_of_several: bool = False
) -> tuple[Boundaries, list[Said]]:
    if file is None:
        return Boundaries(), []
    try:
        boundaries = read_boundaries(file, towns)
    except BadBoundaries as error:
        return Boundaries(), [Said(f"{error.zh}本页改用方格图。", f"{error.en} Tiles are shown instead of a map.")]
    notes = []
    if boundaries.towns_missing:
        names = boundaries.towns_missing
        notes.append(Said(f"镇界文件中没有：{'、'.join(names)}。", f"Without a boundary: {', '.join(names)}."))
    if boundaries.features_unknown and not is_one_of_several:
        count = boundaries.features_unknown
        notes.append(
            Said(
                f"镇界文件中有{count}个图形不对应任何一个镇，未画出。",
                f"{count} features fit no town and are not drawn.",
            )
        )
    return boundaries, notes


def _script() -> str:
    parts = [(_HERE / "js" / f"{name}.js").read_text("utf-8") for name in _SCRIPTS]
    return '\n(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
