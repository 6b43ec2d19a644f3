"""The boundaries of towns, from a GeoJSON that the county gives: checked, matched, projected; never invented."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flows.said import SaidError

WIDTH = 1000
MOST_BYTES = 20 * 1024 * 1024
# How far a line may stray when points are left out, in units of WIDTH: less than the stroke it is drawn with.
TOLERANCE = 0.7

Point = tuple[float, float]
Ring = list[Point]


class BadBoundaries(SaidError):
    """A file that no map can be drawn from."""


@dataclass(frozen=True)
class Shape:
    """One town's outline: an SVG path, and the point where its name stands."""

    town: str
    path: str
    x: float
    y: float


@dataclass(frozen=True)
class Boundaries:
    """The map: its size and shapes, the towns without one and how many features fit no town."""

    height: int = 0
    shapes: list[Shape] = field(default_factory=list)
    towns_missing: list[str] = field(default_factory=list)
    features_unknown: int = 0


def read_boundaries(file: Path, towns: Mapping[str, str]) -> Boundaries:
    """Read the outlines of towns.

    Parameters
    ----------
    file
        A GeoJSON FeatureCollection of polygons in degrees. A feature is a town's where one of its properties is the
        town's code (nine digits, or twelve that end in 000) or its name.
    towns
        Name by code.

    Raises
    ------
    BadBoundaries
        It cannot be read, is no such collection, or none of it is a town of ours.
    """
    found: dict[str, list[list[Ring]]] = {}
    unknown = 0
    for feature in _features(file):
        town = _town_of(feature.get("properties"), towns)
        if town is None:
            unknown += 1
        else:
            found.setdefault(town, []).extend(_polygons(feature.get("geometry"), file))
    if not any(found.values()):
        raise BadBoundaries(
            f"镇界文件《{file.name}》中没有一个镇能与区划基数表的镇代码或名称对应。",
            f"No feature of {file.name} carries the code or the name of a town in the master list.",
        )
    height, shapes = _projected({town: polygons for town, polygons in found.items() if polygons})
    missing = [name for code, name in towns.items() if not found.get(code)]
    return Boundaries(height, shapes, missing, unknown)


def _features(file: Path) -> list[dict[str, Any]]:
    try:
        if file.stat().st_size > MOST_BYTES:
            raise BadBoundaries(
                f"镇界文件《{file.name}》超过{MOST_BYTES // 2**20} MB，请先简化边界。",
                f"{file.name} is larger than {MOST_BYTES // 2**20} MB: simplify it first.",
            )
        told = json.loads(file.read_text("utf-8-sig"))
    except OSError as error:
        raise BadBoundaries(
            f"镇界文件《{file.name}》无法读取：{error.strerror}。", f"{file.name} cannot be read: {error.strerror}."
        ) from error
    except (ValueError, RecursionError) as error:
        raise BadBoundaries(
            f"镇界文件《{file.name}》不是有效的GeoJSON（UTF-8）：{error}。",
            f"{file.name} is no valid GeoJSON in UTF-8: {error}.",
        ) from error
    features = told.get("features") if isinstance(told, dict) and told.get("type") == "FeatureCollection" else None
    if not isinstance(features, list) or not all(isinstance(feature, dict) for feature in features):
        raise BadBoundaries(
            f"镇界文件《{file.name}》不是GeoJSON的FeatureCollection。", f"{file.name} is no GeoJSON FeatureCollection."
        )
    return features


def _town_of(properties: object, towns: Mapping[str, str]) -> str | None:
    """The one town that a feature's properties name, by code before name; None where none or several."""
    if not isinstance(properties, dict):
        return None
    texts = {str(value).strip() for value in properties.values() if isinstance(value, str | int)}
    codes = {code for code in towns if code in texts or f"{code}000" in texts}
    names = {code for code, name in towns.items() if name in texts}
    found = codes or names
    return found.pop() if len(found) == 1 else None


def _polygons(geometry: Any, file: Path) -> Iterator[list[Ring]]:
    kind = geometry.get("type") if isinstance(geometry, dict) else None
    if kind not in ("Polygon", "MultiPolygon"):
        raise BadBoundaries(
            f"镇界文件《{file.name}》中有的镇不是多边形（Polygon、MultiPolygon），而是{kind}。",
            f"{file.name}: a town is no Polygon or MultiPolygon but {kind}.",
        )
    try:
        coordinates = geometry["coordinates"]
        for polygon in [coordinates] if kind == "Polygon" else coordinates:
            rings = [[_point(position) for position in ring] for ring in polygon]
            if not rings or min(map(len, rings)) < 4:
                raise ValueError(polygon)
            yield rings
    except (TypeError, ValueError, LookupError) as error:
        raise BadBoundaries(
            f"镇界文件《{file.name}》的坐标应为闭合的经纬度（度）。",
            f"{file.name}: coordinates must be closed rings of degrees.",
        ) from error


def _point(position: Sequence[float]) -> Point:
    east, north = float(position[0]), float(position[1])
    if not (abs(east) <= 180 and abs(north) < 90):  # metres of a projection, or no numbers
        raise ValueError(position)
    return east, north


def _projected(towns: dict[str, list[list[Ring]]]) -> tuple[int, list[Shape]]:
    """Degrees to the page: a county is small enough for one scale east and one north."""
    points = [point for polygons in towns.values() for polygon in polygons for ring in polygon for point in ring]
    west, east = min(point[0] for point in points), max(point[0] for point in points)
    south, north = min(point[1] for point in points), max(point[1] for point in points)
    narrowing = math.cos(math.radians((south + north) / 2))
    scale = WIDTH / max((east - west) * narrowing, (north - south) / 2, 1e-9)

    def place(point: Point) -> Point:
        return (point[0] - west) * narrowing * scale, (north - point[1]) * scale

    shapes = []
    for town, polygons in towns.items():
        rings = [[simplified([place(point) for point in ring]) for ring in polygon] for polygon in polygons]
        x, y = _middle(max((polygon[0] for polygon in rings), key=lambda ring: abs(_area(ring))))
        shapes.append(Shape(town, "".join(_path(ring) for polygon in rings for ring in polygon), round(x), round(y)))
    return math.ceil((north - south) * scale), sorted(shapes, key=lambda shape: shape.town)


def simplified(ring: Ring) -> Ring:
    """Return a ring without the points that no eye would miss (Douglas and Peucker 1973)."""
    if len(ring) < 5:
        return ring
    kept, spans = {0, len(ring) - 1}, [(0, len(ring) - 1)]
    while spans:
        first, last = spans.pop()
        far, distance = first, TOLERANCE
        for at in range(first + 1, last):
            if (away := _distance(ring[at], ring[first], ring[last])) > distance:
                far, distance = at, away
        if far != first:
            kept.add(far)
            spans += [(first, far), (far, last)]
    return [ring[at] for at in sorted(kept)]


def _distance(point: Point, one: Point, other: Point) -> float:
    """From a point to the line between two others; to the point itself where both are one (a closed ring)."""
    (x, y), (x1, y1), (x2, y2) = point, one, other
    length = math.hypot(x2 - x1, y2 - y1)
    return abs((x2 - x1) * (y1 - y) - (x1 - x) * (y2 - y1)) / length if length else math.hypot(x - x1, y - y1)


def _area(ring: Ring) -> float:
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True)) / 2


def _middle(ring: Ring) -> Point:
    """The centre of a ring's area; of its points where it has none."""
    area = _area(ring)
    if not area:
        return sum(x for x, _ in ring) / len(ring), sum(y for _, y in ring) / len(ring)
    x = y = 0.0
    for (x1, y1), (x2, y2) in zip(ring, ring[1:] + ring[:1], strict=True):
        cross = x1 * y2 - x2 * y1
        x, y = x + (x1 + x2) * cross, y + (y1 + y2) * cross
    return x / (6 * area), y / (6 * area)


def _path(ring: Ring) -> str:
    return "M" + "L".join(f"{x:.1f},{y:.1f}" for x, y in ring) + "Z"
