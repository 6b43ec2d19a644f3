"""The wall map without a county: its states, its escaping, its colours, its boundaries."""

import json
import re
from html.parser import HTMLParser
from itertools import combinations
from pathlib import Path

import duckdb
import pytest

from flows.report.wall_map import states
from flows.report.wall_map.boundaries import BadBoundaries, Boundaries, read_boundaries, simplified
from flows.report.wall_map.figures import _only_changes
from flows.report.wall_map.villages import Pool, _without_place
from flows.report.wall_map.wall_map import _boundaries, as_json, css_text, render
from flows.report.wall_map.words import _WORDS, words
from flows.said import Said

PAGE = Path(states.__file__).parent
SCRIPTS = sorted((PAGE / "js").glob("*.js"))
HOSTILE = [
    "<script>alert(1)</script>", "</script><img src=x onerror=alert(1)>", "<!--<script>", "]]>", '=HYPERLINK("http://x")',
    "\"'`\\", "𠮷野𡈽村", "&lt;b&gt;", "\u2028\u2029", "{{ 7 * 7 }}",
]  # fmt: skip

# --- states -----------------------------------------------------------------------------------------------------------

_COLUMNS = ("is_completed", "late_days", "status", "has_water", *states.DOUBTS)


def state_of(**told: object) -> str:
    """The state of one village, as DuckDB sees it."""
    row = {"late_days": 0, "status": None, **told}
    columns = ", ".join(f"${name} as {name}" if name in row else f"null::boolean as {name}" for name in _COLUMNS)
    with duckdb.connect() as con:
        (number,) = con.execute(f"select {states.state_number()} from (select {columns})", row).fetchone() or (None,)
    return states.STATES[number].code


DONE = {"is_completed": True, "status": "completed"}
OPEN = {"is_completed": False, "status": "under_construction"}


@pytest.mark.parametrize(
    ("told", "state"),
    [
        ({"is_completed": False, "status": "not_started"}, "planned"),
        (OPEN, "started"),
        (DONE, "completed"),
        (DONE | {"has_water": True}, "verified"),
        (DONE | {"has_water": False}, "completed"),  # the visit was before it was reported completed: no contradiction
        (OPEN | {"has_water": True}, "started"),  # water without a claim verifies nothing
        (OPEN | {"late_days": 1}, "late"),
        (DONE | {"late_days": 9}, "completed"),  # finished late, but finished
        (DONE | {"late_days": 9, "has_water": True}, "verified"),
        ({"is_rejected": True}, "doubtful"),
        (DONE | {"is_contradicted": True, "has_water": False}, "doubtful"),
        (DONE | {"is_untested": True}, "doubtful"),
        (DONE | {"is_flagged": True, "has_water": True}, "doubtful"),  # a doubt comes before the inspector's water
        (OPEN | {"is_flagged": True}, "doubtful"),
        (OPEN | {"is_flagged": True, "late_days": 1}, "late"),  # so that the late ones are those of the figure on top
    ],
)
def test_a_village_is_in_the_first_state_that_fits(told: dict[str, object], state: str) -> None:
    assert state_of(**told) == state


def test_every_state_is_shown_and_explained() -> None:
    codes = [state.code for state in states.STATES]
    assert sorted(codes) == sorted(states.ORDER)
    assert all(state.meaning_zh and state.meaning_en for state in states.STATES)
    template, style = (PAGE / "template.html").read_text("utf-8"), (PAGE / "style.css").read_text("utf-8")
    for code in codes:
        assert f'id="state-{code}"' in template
        assert f"rect.{code} " in style


def test_doubts_add_up_as_bits_that_the_script_knows() -> None:
    with duckdb.connect() as con:
        columns = ", ".join(f"true as {name}" for name in states.DOUBTS)
        (bits,) = con.execute(f"select {states.doubt_bits()} from (select {columns})").fetchone() or (None,)
    assert bits == 15
    told = re.search(r"const DOUBTS = \{(.*?)\}", (PAGE / "js" / "figures.js").read_text("utf-8"))
    assert told
    assert {f"is_{name}": int(bit) for name, bit in re.findall(r"(\w+): (\d+)", told[1])} == states.DOUBTS


# --- hostile texts ----------------------------------------------------------------------------------------------------


def figures(name: str = "青龙镇") -> dict[str, object]:
    """What a county of one village would give, all its names alike."""
    return {
        "release": {"as_of": "2021-08-20", "published_at": "2021-08-25T02:00:00", "code_version": name},
        "county": name, "dates": ["2021-08-20"], "towns": [["449901101", name]], "modes": [["town_plant", name]],
        "sources": [], "villages": [["449901101201001", name, name, "449901101"]], "project_names": [name],
        "facts": [[0, "town_plant", 0, "completed", 1, 2, 1, 2, None, None]],
        "sheets": [[0, name, "2021-08-20", 0]], "files": [name], "columns": [{}],
        "days": {"2021-08-20": [[0, 3, 0, 0, 0, 7]]}, "visits": [], "issues": [], "town_issues": [],
        "texts": [name], "assessment": [],
        "metrics": {}, "sums": {},
    }  # fmt: skip


class Elements(HTMLParser):
    """The elements of a page and the text of each."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, list[str]] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))
        self.texts.setdefault(tag, []).append("")

    def handle_data(self, data: str) -> None:
        if self.found and self.found[-1][0] in self.texts:
            self.texts[self.found[-1][0]][-1] += data


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_stays_text(name: str) -> None:
    page = render(figures(name), Boundaries(), [Said(name, name)], "zh")
    plain, hostile = Elements(render(figures(), Boundaries(), [Said("a", "a")], "zh")), Elements(page)
    assert [tag for tag, _ in hostile.found] == [tag for tag, _ in plain.found]
    (data, script) = hostile.texts["script"]
    assert json.loads(data)["villages"][0][1] == name
    assert script == plain.texts["script"][1]
    assert hostile.texts["h1"][0].startswith(name)
    assert name in [text.rstrip("\n") for text in hostile.texts["p"]]


@pytest.mark.parametrize("name", HOSTILE)
def test_json_and_css_cannot_end_their_element(name: str) -> None:
    assert not set("<>&") & set(as_json({name: name}))
    assert json.loads(as_json({name: name})) == {name: name}
    assert not set("<>&;}\n") & set(css_text(name))
    assert css_text(name)[1:-1].count('"') == 0


def test_the_page_may_ask_nobody_for_anything() -> None:
    page = render(figures(), Boundaries(), [], "zh")
    (policy,) = [
        attributes["content"] or ""
        for tag, attributes in Elements(page).found
        if attributes.get("http-equiv") == "Content-Security-Policy"
    ]
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy and "http" not in policy
    for tag, attributes in Elements(page).found:
        assert tag not in ("link", "img", "iframe", "object", "embed", "base")
        assert "src" not in attributes
        assert not any(name.startswith("on") or name == "style" for name in attributes), (tag, attributes)
    assert "url(" not in page and "@import" not in page


def test_the_script_makes_no_markup_of_texts_and_speaks_to_older_browsers() -> None:
    # Chromium 86 of 2020 lives on in the browsers of offices: what came later is not used.
    newer = r"\.(at|toSorted|toReversed|toSpliced|with|findLast|groupBy)\(|\?\?=|\|\|=|structuredClone|Object\.hasOwn"
    unsafe = r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|Function\(|DOMParser|fetch\(|XMLHttp|import\("
    for script in SCRIPTS:
        code = re.sub(r"^ *//.*|/\*\*.*?\*/", "", script.read_text("utf-8"), flags=re.MULTILINE)
        assert not re.findall(f"{newer}|{unsafe}", code), script.name


def test_every_text_is_there_in_both_languages_with_the_same_places_to_fill() -> None:
    for key, (chinese, english) in _WORDS.items():
        inner = [set(re.findall(r"\{(\w+)\}", text)) - {"unit"} for text in (chinese, english)]
        assert inner[0] == inner[1] or key in ("day",), key
    asked = set(re.findall(r"words\.(\w+)", (PAGE / "template.html").read_text("utf-8")))
    for script in SCRIPTS:
        asked |= set(re.findall(r'say\(\s*"(\w+)"', script.read_text("utf-8")))
    assert asked <= words("zh").keys()


def test_no_text_is_there_for_nothing() -> None:
    code = "".join(path.read_text("utf-8") for path in [*SCRIPTS, PAGE / "template.html", PAGE / "wall_map.py"])
    made = ("grade_", "action_", "field_", "status_", "severity_", "doubt_")
    assert [key for key in _WORDS if not key.startswith(made) and not re.search(rf"\b{key}\b", code)] == []


def test_equal_things_stand_once() -> None:
    pool = Pool()
    assert [pool.place("a"), pool.place("b"), pool.place("a"), pool.place(["x"], "x")] == [0, 1, 0, 2]
    assert pool.things == ["a", "b", ["x"]]


def test_rows_that_stay_the_same_are_told_once() -> None:
    days = {"1": [[1]], "2": [[1]], "3": [[1]], "4": [[2]], "5": [[1]]}
    assert dict(_only_changes(days)) == {"1": [[1]], "2": "1", "3": "1", "4": [[2]], "5": [[1]]}


def test_a_message_is_told_without_the_place_it_begins_with() -> None:
    row = {"file": "raw/a：b.xlsx", "sheet": "表：1", "cell": "F22", "row": 22}
    assert _without_place("《raw/a：b.xlsx》“表：1”F22：户数不对。", row) == "户数不对。"
    assert _without_place("《raw/a：b.xlsx》“表：1”第22行：重复。", row) == "重复。"
    assert _without_place("raw/a：b.xlsx “表：1” F22: wrong: so", row) == "wrong: so"
    assert _without_place("别的说法：不动", row) == "别的说法：不动"


# --- colours ----------------------------------------------------------------------------------------------------------

# How red, green and blue light reach eyes without one kind of cone (Machado, Oliveira, Fernandes 2009; severity 1.0).
BLINDNESS = {
    "none": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protan": ((0.152286, 1.052583, -0.204868), (0.114503, 0.786281, 0.099216), (-0.003882, -0.048116, 1.051998)),
    "deutan": ((0.367322, 0.860646, -0.227968), (0.280085, 0.672501, 0.047413), (-0.011820, 0.042940, 0.968881)),
    "tritan": ((1.255528, -0.076749, -0.178779), (-0.078411, 0.930809, 0.147602), (0.004733, 0.691367, 0.303900)),
}


def colours() -> dict[str, str]:
    """The named colours of the style sheet."""
    return dict(re.findall(r"--(\w+): (#[0-9a-f]{6})", (PAGE / "style.css").read_text("utf-8")))


def linear(colour: str) -> list[float]:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]


def contrast(one: str, other: str) -> float:
    """As WCAG 2.2 defines it."""
    light, dark = sorted(
        (sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear(colour), strict=True)) for colour in (one, other)),
        reverse=True,
    )
    return (light + 0.05) / (dark + 0.05)


def lab(light: list[float]) -> list[float]:
    """CIE L*a*b* of linear sRGB, white D65."""
    clipped = [min(1.0, max(0.0, part)) for part in light]
    weights = ((0.4124, 0.3576, 0.1805), (0.2126, 0.7152, 0.0722), (0.0193, 0.1192, 0.9505))
    xyz = [sum(w * c for w, c in zip(row, clipped, strict=True)) for row in weights]
    x, y, z = (
        t ** (1 / 3) if (t := part / white) > 0.008856 else 7.787 * t + 16 / 116
        for part, white in zip(xyz, (0.9505, 1, 1.089), strict=True)
    )
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)]


@pytest.mark.parametrize("blindness", BLINDNESS)
def test_the_states_differ_for_every_kind_of_eye(blindness: str) -> None:
    named, seen = colours(), {}
    for state in states.ORDER:
        light = linear(named[state])
        seen[state] = lab([sum(w * c for w, c in zip(row, light, strict=True)) for row in BLINDNESS[blindness]])
    for one, other in combinations(states.ORDER, 2):
        if {one, other} == {"started", "planned"}:
            continue  # half filled or empty: told apart by their shape alone
        distance = sum((a - b) ** 2 for a, b in zip(seen[one], seen[other], strict=True)) ** 0.5
        assert distance > 15, (one, other, distance)


def test_texts_and_symbols_stand_out() -> None:
    named = colours()
    for text in ("ink", "soft", "deep", "late", "verified"):
        for ground in ("card", "paper"):
            assert contrast(named[text], named[ground]) >= 4.5, (text, ground)
    for filled in ("verified", "late", "completed"):
        assert contrast(named[filled], named["card"]) >= 3, filled
    for filled in ("verified", "late", "deep"):
        assert contrast(named[filled], "#ffffff") >= 4.5, filled
    assert contrast(named["doubtful"], "#2e2400") >= 4.5
    assert contrast(named["edge"], named["card"]) >= 3
    assert contrast(named["focus"], named["card"]) >= 3


# --- boundaries -------------------------------------------------------------------------------------------------------

TOWNS = {"449901101": "青龙镇", "449901102": "石陂镇", "449901103": "白石镇"}
SQUARE = [[[111, 23], [111.1, 23], [111.1, 23.1], [111, 23.1], [111, 23]]]


def feature(coordinates: object = SQUARE, kind: str = "Polygon", **properties: object) -> dict[str, object]:
    return {"type": "Feature", "properties": properties, "geometry": {"type": kind, "coordinates": coordinates}}


def collection(tmp_path: Path, *features: object) -> Path:
    file = tmp_path / "镇界.geojson"
    file.write_text(told(*features), "utf-8")
    return file


def test_features_are_matched_by_code_or_name(tmp_path: Path) -> None:
    east = [[[x + 0.2, y] for x, y in SQUARE[0]]]
    file = collection(
        tmp_path, feature(XZQDM=449901101000), feature([east], "MultiPolygon", NAME=" 石陂镇 "), feature(NAME="外县")
    )
    found = read_boundaries(file, TOWNS)
    assert [shape.town for shape in found.shapes] == ["449901101", "449901102"]
    assert found.towns_missing == ["白石镇"]
    assert found.features_unknown == 1
    assert found.shapes[0].x < found.shapes[1].x
    assert re.fullmatch(r"(M[\d.]+,[\d.]+(L[\d.]+,[\d.]+)+Z)+", found.shapes[0].path)


def test_north_is_up_and_shapes_keep_their_proportions(tmp_path: Path) -> None:
    north = [[[x, y + 0.1] for x, y in SQUARE[0]]]
    south, upper = read_boundaries(collection(tmp_path, feature(n="青龙镇"), feature(north, n="石陂镇")), TOWNS).shapes
    assert upper.y < south.y
    corners = [tuple(map(float, pair.split(","))) for pair in re.findall(r"[\d.]+,[\d.]+", upper.path)]
    width, height = (max(c[at] for c in corners) - min(c[at] for c in corners) for at in (0, 1))
    assert width / height == pytest.approx(0.92, abs=0.01)  # a degree east at 23.1° north is that much of one north


def test_the_parts_of_a_town_are_one_shape(tmp_path: Path) -> None:
    file = collection(tmp_path, feature(n="青龙镇"), feature([[[x + 1, y] for x, y in SQUARE[0]]], n="青龙镇"))
    (shape,) = read_boundaries(file, TOWNS).shapes
    assert shape.path.count("M") == 2


def told(*features: object) -> str:
    return json.dumps({"type": "FeatureCollection", "features": features})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "GeoJSON"),
        ("\x00\x01PK", "GeoJSON"),
        ("[" * 100_000, "GeoJSON"),
        ('{"type": "Topology"}', "FeatureCollection"),
        ('{"type": "FeatureCollection", "features": [1]}', "FeatureCollection"),
        ('{"type": "FeatureCollection", "features": []}', "没有一个镇"),
        (told(feature(n="外县")), "没有一个镇"),
        (told(feature([111, 23], "Point", n="青龙镇")), "Point"),
        (told({"properties": {"n": "青龙镇"}}), "多边形"),
        (told(feature([[[3.7e7, 2.5e6]] * 4], n="青龙镇")), "经纬度"),
        (told(feature([[["a", "b"]] * 4], n="青龙镇")), "经纬度"),
        (told(feature([[[111, 23]] * 2], n="青龙镇")), "经纬度"),
        (told(feature([], n="青龙镇")), "镇"),
    ],
)
def test_a_bad_file_is_said_and_gives_tiles(tmp_path: Path, text: str, said: str) -> None:
    file = tmp_path / "镇界.json"
    file.write_text(text, "utf-8")
    with pytest.raises(BadBoundaries) as refused:
        read_boundaries(file, TOWNS)
    assert said in refused.value.zh and "镇界.json" in refused.value.zh and "镇界.json" in refused.value.en
    none, (note,) = _boundaries(file, TOWNS)
    assert none.shapes == [] and "方格图" in note.zh and "Tiles" in note.en


def test_a_missing_file_is_said(tmp_path: Path) -> None:
    _, (note,) = _boundaries(tmp_path / "没有.json", TOWNS)
    assert "没有.json" in note.zh and "无法读取" in note.zh


def test_towns_of_other_counties_in_the_file_of_all_are_nothing_to_mend(tmp_path: Path) -> None:
    file = collection(tmp_path, *(feature(n=name) for name in TOWNS.values()), feature(n="外县镇"))
    assert _boundaries(file, TOWNS, is_one_of_several=True)[1] == []
    assert len(_boundaries(file, TOWNS)[1]) == 1


def test_towns_without_a_boundary_are_named(tmp_path: Path) -> None:
    drawn, notes = _boundaries(collection(tmp_path, feature(n="青龙镇"), feature(n="外县")), TOWNS)
    assert len(drawn.shapes) == 1
    assert [note.zh for note in notes] == [
        "镇界文件中没有：石陂镇、白石镇。",
        "镇界文件中有1个图形不对应任何一个镇，未画出。",
    ]


def test_simplifying_leaves_what_the_eye_sees() -> None:
    line = [(float(x), 0.0) for x in range(100)]
    ring = [*line, (99.0, 50.0), (0.0, 50.0), (0.0, 0.0)]
    assert simplified(ring) == [(0.0, 0.0), (99.0, 0.0), (99.0, 50.0), (0.0, 50.0), (0.0, 0.0)]
