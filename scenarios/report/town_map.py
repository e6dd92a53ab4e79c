"""The map: streets, areas of districts by T90, shelters by size and peak occupancy, closed roads; one inline SVG."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from shapely.geometry.base import BaseGeometry

from scenarios.areas import district_areas
from scenarios.language import Text
from scenarios.metrics import Metric, Number
from scenarios.outcomes import indoor
from scenarios.outputs import values_by
from scenarios.record import RunRecord
from scenarios.report.charts import NICE_STEPS, Key, figure
from scenarios.report.markup import Markup, element, joined, words
from scenarios.report.texts import NO_VALUE, duration, minutes_text, number, percent, phrase
from twin.town import Town

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

MAP_UNITS = 4000
"""Width of the map in whole units: of a town 12 km wide, one unit is 3 m."""

ROAD_CLASS: Mapping[str, str] = {
    "motorway": "trunk",
    "trunk": "trunk",
    "primary": "trunk",
    "secondary": "main",
    "tertiary": "main",
}
"""OSM's kinds of road that are drawn broader; all others are drawn thin."""

BAND_MINUTES = (5, 10, 15, 20, 30, 60, 120, 240)
BANDS = 5
SHARE_BANDS = (0.5, 1.0, 2.0)
CENTRE_QUANTILES = (0.05, 0.95)
ENLARGED = 1.6
"""The centre is shown apart where that enlarges it at least by this factor."""

LABELLED_DISTRICTS = 40
"""Above this many districts their names would hide the map."""


@dataclass(frozen=True, slots=True)
class View:
    """From metres to whole units of the drawing, north up."""

    west_m: float
    north_m: float
    units_per_m: float
    height: int

    def place(self, x_m: FloatArray, y_m: FloatArray) -> tuple[IntArray, IntArray]:
        """Whole units right and down."""
        right = np.rint((np.asarray(x_m) - self.west_m) * self.units_per_m).astype(np.int64)
        down = np.rint((self.north_m - np.asarray(y_m)) * self.units_per_m).astype(np.int64)
        return right, down

    def point(self, x_m: float, y_m: float) -> tuple[int, int]:
        """One place in whole units."""
        right, down = self.place(np.array([x_m]), np.array([y_m]))
        return int(right[0]), int(down[0])


@dataclass(frozen=True, slots=True)
class Bands:
    """Classes of T90: ``BANDS`` of equal width, the first from ``low_min`` (min)."""

    low_min: int
    width_min: int

    def css(self, time_s: Number) -> str:
        """Colour class of a time."""
        if time_s is None:
            return "t-none"
        return f"t-{min(BANDS - 1, max(0, int((time_s / 60 - self.low_min) // self.width_min)))}"


def bands_for(times_s: Sequence[Number]) -> Bands:
    """The narrowest round classes that hold all the times."""
    minutes = [time_s / 60 for time_s in times_s if time_s is not None] or [0.0]
    for width in BAND_MINUTES:
        low = int(min(minutes) // width * width)
        if max(minutes) < low + BANDS * width:
            return Bands(low, width)
    return Bands(0, math.ceil((max(minutes) + 1) / BANDS / 60) * 60)


@dataclass(frozen=True, slots=True)
class Colours:
    """T90 of each district (code) and the classes that colour it."""

    times: Mapping[str, Number]
    bands: Bands


def colours_of(metrics: Sequence[Metric]) -> Colours:
    """How the districts are coloured."""
    times = {code: value for (name, code), value in values_by(metrics, "district").items() if name == "t90_s"}
    return Colours(times, bands_for(list(times.values())))


def share_css(share: float | None) -> str:
    """Colour class of a shelter's peak occupancy share; None is a place without rooms."""
    if share is None:
        return "o-site"
    return f"o-{sum(share > bound for bound in SHARE_BANDS)}"


def map_section(record: RunRecord, metrics: Sequence[Metric]) -> Markup:
    """The map of the town, and of its centre where that is small against the town."""
    areas = district_areas(record.town)
    whole, centre = view_of(record.town), centre_of(record)
    colours = colours_of(metrics)
    drawn = _drawing(record, metrics, whole, areas)
    parts = [figure(phrase("map.title"), drawn, _reading(record, colours.times), _keys(colours.bands))]
    if centre.units_per_m > ENLARGED * whole.units_per_m:
        enlarged = _drawing(record, metrics, centre, areas)
        parts.append(figure(phrase("map.centre_title"), enlarged, phrase("map.centre_reading")))
    return joined(parts)


def _drawing(record: RunRecord, metrics: Sequence[Metric], view: View, areas: Sequence[BaseGeometry]) -> Markup:
    return element(
        "svg",
        _areas(record.town, view, areas, colours_of(metrics)),
        streets(record.town, view),
        _boundary(record.town, view),
        _links(record, view),
        _shelters(record, metrics, view),
        _names(record.town, view),
        _scale_bar(view),
        viewBox=f"0 0 {MAP_UNITS} {view.height}",
        class_="map",
        role="img",
        aria_label="地図 / Map",
    )


def view_of(town: Town) -> View:
    """What the map shows: all homes and shelters, with a margin; a boundary that reaches further is cut off."""
    x = np.append(town.roads.node_x_m[town.home_nodes], [shelter.x_m for shelter in town.shelters])
    y = np.append(town.roads.node_y_m[town.home_nodes], [shelter.y_m for shelter in town.shelters])
    return _view_around(x, y)


def centre_of(record: RunRecord) -> View:
    """The middle of the homes, east to west and north to south: eight in ten people or more live there."""
    people = record.population
    x, y = (
        np.quantile(coordinate[people.household], CENTRE_QUANTILES) for coordinate in (people.home_x_m, people.home_y_m)
    )
    return _view_around(x, y)


def _view_around(x: FloatArray, y: FloatArray) -> View:
    margin = 0.04 * max(float(np.ptp(x)), float(np.ptp(y)), 100.0)
    width = float(np.ptp(x)) + 2 * margin
    scale = MAP_UNITS / width
    height = math.ceil((float(np.ptp(y)) + 2 * margin) * scale)
    return View(float(x.min()) - margin, float(y.max()) + margin, scale, height)


def streets(town: Town, view: View) -> Markup:
    """All streets as one path for each class, each street once."""
    roads = town.roads
    kinds = np.array([ROAD_CLASS.get(kind, "minor") for kind in roads.highway], dtype="<U8")
    pair = np.sort(np.column_stack((roads.link_from, roads.link_to)), axis=1)
    first = np.unique(pair, axis=0, return_index=True)[1]
    marks = []
    for kind in ("minor", "main", "trunk"):
        links = first[kinds[first] == kind]
        marks.append(element("path", d=segments(town, view, links), class_=f"street {kind}"))
    return joined(marks)


def segments(town: Town, view: View, links: npt.NDArray[np.integer]) -> str:
    """Path data of links in whole units, relative from each start; links off the map or too short are left out."""
    roads = town.roads
    x, y = view.place(roads.node_x_m, roads.node_y_m)
    start, end = roads.link_from[links], roads.link_to[links]
    right, down = x[end] - x[start], y[end] - y[start]
    near = np.maximum(x[start], x[end]) >= 0
    near &= np.minimum(x[start], x[end]) <= MAP_UNITS
    near &= np.maximum(y[start], y[end]) >= 0
    near &= np.minimum(y[start], y[end]) <= view.height
    seen = near & ((right != 0) | (down != 0))
    rows = np.column_stack((x[start], y[start], right, down))[seen]
    return "".join(f"M{a} {b}l{c} {d}" for a, b, c, d in rows.tolist())


def _ring(view: View, points: npt.NDArray[np.float64]) -> str:
    right, down = view.place(points[:, 0], points[:, 1])
    return "M" + "L".join(f"{a} {b}" for a, b in zip(right.tolist(), down.tolist(), strict=True)) + "Z"


def _areas(town: Town, view: View, areas: Sequence[BaseGeometry], colours: Colours) -> Markup:
    marks = []
    for district, area in zip(town.districts, areas, strict=True):
        time_s = colours.times[district.code]
        path = "".join(_ring(view, np.asarray(ring.coords)) for ring in _rings(area))
        label = f"{district.name} / {district.name_en}: T90 {duration(time_s).en}"
        css = f"area district {colours.bands.css(time_s)}"
        marks.append(element("path", element("title", label), d=path, class_=css))
    return joined(marks)


def _rings(area: BaseGeometry) -> list[BaseGeometry]:
    parts = [area] if area.geom_type == "Polygon" else list(getattr(area, "geoms", []))
    return [ring for part in parts if not part.is_empty for ring in (part.exterior, *part.interiors)]


def _boundary(town: Town, view: View) -> Markup:
    if town.boundary is None:
        return Markup("")
    return element("path", d=_ring(view, town.boundary), class_="boundary")


def _links(record: RunRecord, view: View) -> Markup:
    closed = np.array([closure.link for closure in record.closures], np.int64)
    return joined(
        (
            element("path", d=segments(record.town, view, closed), class_="closed"),
            element("path", d=segments(record.town, view, record.gridlocked_links), class_="gridlocked"),
        )
    )


def _shelters(record: RunRecord, metrics: Sequence[Metric], view: View) -> Markup:
    peaks = values_by(metrics, "shelter")
    marks = []
    rooms = indoor(record.town)
    # Sites below, then the large before the small, so that none hides another.
    order = sorted(
        range(len(rooms)), key=lambda row: (rooms[row], -record.town.shelters[row].capacity_standard_persons)
    )
    for row in order:
        shelter = record.town.shelters[row]
        peak = peaks["peak_occupancy", shelter.id] or 0
        capacity = shelter.capacity_standard_persons
        share = peak / capacity if rooms[row] and capacity else None
        x, y = view.point(shelter.x_m, shelter.y_m)
        shown = percent(share) if share is not None else NO_VALUE
        label = f"{shelter.name}: {number(peak).en} / {number(capacity).en} ({shown.en})"
        css = f"shelter {share_css(share)}" if record.opened[row] else "shelter o-shut"
        marks.append(element("circle", element("title", label), cx=x, cy=y, r=radius(capacity), class_=css))
    return joined(marks)


def radius(capacity: int) -> int:
    """Radius of a shelter's circle in units; its area grows with the capacity (persons)."""
    return round(16 + 2.4 * math.sqrt(capacity))


def _names(town: Town, view: View) -> Markup:
    if len(town.districts) > LABELLED_DISTRICTS:
        return Markup("")
    marks = []
    for district in town.districts:
        x, y = view.point(district.x_m, district.y_m)
        name = words(Text(district.name, district.name_en), "tspan")
        marks.append(element("text", name, x=x, y=y, class_="district-name"))
    return joined(marks)


def _scale_bar(view: View) -> Markup:
    wanted_m = MAP_UNITS / view.units_per_m / 5
    magnitude = 10.0 ** math.floor(math.log10(wanted_m))
    length_m = max(magnitude * step for step in NICE_STEPS if magnitude * step <= wanted_m)
    right, base = round(80 + length_m * view.units_per_m), view.height - 70
    label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    north = f"M{MAP_UNITS - 110} 190l40 -110l40 110l-40 -28Z"
    return joined(
        (
            element("path", d=f"M80 {base - 24}V{base}H{right}V{base - 24}", class_="scale-bar"),
            element("text", label, x=(80 + right) // 2, y=base - 22, class_="scale-text"),
            element("path", d=north, class_="north"),
            element("text", "N", x=MAP_UNITS - 70, y=250, class_="scale-text"),
        )
    )


def _keys(bands: Bands) -> list[Key]:
    keys = []
    for row in range(BANDS):
        low = bands.low_min + row * bands.width_min
        high = minutes_text(low + bands.width_min)
        keys.append(Key(f"t-{row}", phrase("map.band", low=low, high=high)))
    keys += [Key(f"round o-{row}", phrase(f"map.share_{row}")) for row in range(len(SHARE_BANDS) + 1)]
    keys += [Key("round o-site", phrase("map.site")), Key("round o-shut", phrase("map.shut"))]
    return [*keys, Key("bar closed-key", phrase("map.closed"))]


def _reading(record: RunRecord, times: Mapping[str, Number]) -> Text:
    known = {code: time_s for code, time_s in times.items() if time_s is not None}
    if not known:
        return phrase("map.reading_none")
    last = max(known, key=lambda code: known[code])
    first = min(known, key=lambda code: known[code])
    names = {district.code: Text(district.name, district.name_en) for district in record.town.districts}
    return phrase(
        "map.reading",
        first=names[first],
        first_time=duration(known[first]),
        last=names[last],
        last_time=duration(known[last]),
    )
