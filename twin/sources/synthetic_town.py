"""A town made of published figures: places, boundary and shelters drawn so that all counts and totals hold."""

import math

import numpy as np
import numpy.typing as npt
import shapely

from twin.randomness import Stream
from twin.shelters import STANDARD_AREA_M2_PER_PERSON, Fitness, Hazard, Shelter, ShelterKind
from twin.sources.apportion import apportion
from twin.sources.figures import DistrictFigures, TownFigures
from twin.sources.places import Places
from twin.town import District
from twin.units import Projection

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

_GOLDEN_ANGLE_RAD = math.pi * (3.0 - math.sqrt(5.0))
_KIND_CODE = {ShelterKind.GENERAL: "111", ShelterKind.WELFARE: "121", ShelterKind.SITE: "201"}
_KIND_NAME = {ShelterKind.GENERAL: "避難所", ShelterKind.WELFARE: "福祉避難所", ShelterKind.SITE: "緊急避難場所"}
_FIRST_PLACE = 90001
"""Place numbers of made-up ids start here: GSI's own start at 1 in each town, so none is taken for a real one."""


def synthetic_places(figures: TownFigures, projection: Projection, stream: Stream) -> Places:
    """Neighbourhoods spread over each district as its figures say."""
    x_m, y_m, district, weight = [], [], [], []
    first = 0
    for row, facts in enumerate(figures.districts):
        ids = np.arange(first, first + facts.towns)
        first += facts.towns
        east, north = _spread(facts, ids, stream)
        middle_x, middle_y = projection.to_metres(facts.lon, facts.lat)
        x_m.append(float(middle_x) + east)
        y_m.append(float(middle_y) + north)
        size = stream.lognormal("town.size", ids, mean=1.0, cv=figures.size_cv)
        weight.append(facts.population / figures.population * size / size.sum())
        district.append(np.full(facts.towns, row))
    of = np.concatenate(district)
    return Places(
        districts=districts_of(figures, projection),
        codes=tuple(f"{figures.districts[row].code}{place:04d}" for place, row in enumerate(of.tolist(), start=1)),
        names=tuple(_names(figures)),
        x_m=np.concatenate(x_m),
        y_m=np.concatenate(y_m),
        district=of,
        weight=np.concatenate(weight),
    )


def districts_of(figures: TownFigures, projection: Projection) -> tuple[District, ...]:
    """Districts of the figures, in metres."""
    x_m, y_m = projection.to_metres([one.lon for one in figures.districts], [one.lat for one in figures.districts])
    return tuple(
        District(one.code, one.name, one.name_en, float(x), float(y))
        for one, x, y in zip(figures.districts, x_m, y_m, strict=True)
    )


def _names(figures: TownFigures) -> list[str]:
    return [f"{facts.name} 第{number}町内会" for facts in figures.districts for number in range(1, facts.towns + 1)]


def _spread(facts: DistrictFigures, ids: IntArray, stream: Stream) -> tuple[FloatArray, FloatArray]:
    """Points of a sunflower, dense in the middle and never on one another, shaken a little."""
    rank = (np.arange(len(ids)) + stream.uniform("town.place", ids)) / (len(ids) + 1.0)
    # Rayleigh's distribution: distances from the middle of points normal along both axes.
    radius = np.sqrt(-2.0 * np.log1p(-rank))
    angle = _GOLDEN_ANGLE_RAD * np.arange(len(ids)) + 2.0 * np.pi * stream.uniform("town.turn", ids[:1])
    return facts.east_west_m * radius * np.cos(angle), facts.north_south_m * radius * np.sin(angle)


def synthetic_boundary(places: Places, area_km2: float) -> FloatArray:
    """A ring round all places that encloses the town's area, shape (n, 2)."""
    hull = shapely.MultiPoint(np.column_stack((places.x_m, places.y_m))).convex_hull
    # Steiner's formula for the area of a convex set grown by r: A + P r + pi r^2.
    missing = hull.area - area_km2 * 1e6
    reach = (-hull.length + math.sqrt(hull.length**2 - 4.0 * math.pi * missing)) / (2.0 * math.pi)
    return np.asarray(shapely.get_coordinates(hull.buffer(reach, quad_segs=16).exterior))


def exits_by_bearing(figures: TownFigures, boundary: FloatArray) -> FloatArray:
    """Where the roads out cross the boundary, seen from the office at (0, 0); shape (n, 2)."""
    ring = shapely.LinearRing(boundary)
    far = 2.0 * float(np.hypot(boundary[:, 0], boundary[:, 1]).max())
    points = []
    for road in figures.exits:
        bearing = math.radians(road.bearing_deg)
        ray = shapely.LineString([(0.0, 0.0), (far * math.sin(bearing), far * math.cos(bearing))])
        points.append(shapely.get_coordinates(ray.intersection(ring))[0])
    return np.array(points)


def synthetic_shelters(figures: TownFigures, places: Places, code: str, stream: Stream) -> list[Shelter]:
    """Shelters and emergency sites by district; counts, capacities and fitness add up to the figures."""
    kinds, district, place = _stock(figures)
    x_m, y_m = _located(places, (district, place), figures.shelter_spread_m, stream)
    capacity, standard = _capacities(figures, kinds, stream)
    fitness = _fitness(figures, kinds, place, stream)
    targets = [target for target, count in figures.shelters.welfare_targets.items() for _ in range(count)]
    made = []
    number = dict.fromkeys(zip(kinds, district, strict=True), 0)
    for row, kind in enumerate(kinds):
        key = (kind, district[row])
        number[key] += 1
        name = figures.districts[district[row]].name
        made.append(
            Shelter(
                id=f"E{code[:5]}{place[row]:05d}{_KIND_CODE[kind]}",
                name=f"{name} {_KIND_NAME[kind]}{number[key]}",
                kind=kind,
                x_m=float(x_m[row]),
                y_m=float(y_m[row]),
                node=-1,
                address=name,
                district=district[row],
                capacity_persons=int(capacity[row]),
                capacity_standard_persons=int(standard[row]),
                capacity_is_estimate=kind is not ShelterKind.SITE,
                fitness=fitness[row],
                welfare_target=targets.pop(0) if kind is ShelterKind.WELFARE else "",
            )
        )
    return made


def _stock(figures: TownFigures) -> tuple[list[ShelterKind], list[int], list[int]]:
    """Kind, district and place number of each; general shelters share the places of their district's sites first."""
    kinds, district, place = [], [], []
    fresh = _FIRST_PLACE
    shared = figures.shelters.shared_places
    for row, facts in enumerate(figures.districts):
        sites = list(range(fresh, fresh + facts.sites))
        fresh += facts.sites
        together = min(facts.general, facts.sites, shared)
        shared -= together
        alone = facts.general - together + facts.welfare
        kinds += [ShelterKind.GENERAL] * facts.general + [ShelterKind.WELFARE] * facts.welfare
        kinds += [ShelterKind.SITE] * facts.sites
        place += sites[:together] + list(range(fresh, fresh + alone)) + sites
        fresh += alone
        district += [row] * (facts.general + facts.welfare + facts.sites)
    return kinds, district, place


def _located(
    places: Places, stock: tuple[list[int], list[int]], spread_m: float, stream: Stream
) -> tuple[FloatArray, FloatArray]:
    """A point near a neighbourhood of the district for each place number; one number, one point."""
    of, numbers = np.array(stock[0]), np.array(stock[1])
    x_m, y_m = np.empty(len(of)), np.empty(len(of))
    for row in range(len(places.districts)):
        here = np.flatnonzero(of == row)
        towns = np.flatnonzero(places.district == row)
        # Weight before chance: where more people live stand more shelters.
        near = towns[stream.choice("shelter.town", numbers[here], places.weight[towns])]
        x_m[here] = places.x_m[near] + spread_m * stream.normal("shelter.east", numbers[here])
        y_m[here] = places.y_m[near] + spread_m * stream.normal("shelter.north", numbers[here])
    return x_m, y_m


def _capacities(figures: TownFigures, kinds: list[ShelterKind], stream: Stream) -> tuple[IntArray, IntArray]:
    """The town's own figures, which add up to its total, and those at the standard area."""
    facts = figures.shelters
    capacity = np.zeros(len(kinds), dtype=np.int64)
    welfare = np.array([kind is ShelterKind.WELFARE for kind in kinds])
    general = np.flatnonzero([kind is ShelterKind.GENERAL for kind in kinds])
    capacity[welfare] = facts.welfare_capacity_persons
    size = stream.lognormal("shelter.size", general, mean=1.0, cv=facts.capacity_cv)
    capacity[general] = apportion(facts.capacity_total - int(capacity.sum()), size)
    return capacity, at_standard(capacity, facts.area_m2_per_person)


def at_standard(capacity_persons: IntArray, area_m2_per_person: float) -> IntArray:
    """How many people have the standard area where the town's own figure gives each ``area_m2_per_person``."""
    room_m2 = np.asarray(capacity_persons * area_m2_per_person)
    return np.asarray(room_m2 // STANDARD_AREA_M2_PER_PERSON, dtype=np.int64)


def _fitness(
    figures: TownFigures, kinds: list[ShelterKind], place: list[int], stream: Stream
) -> list[dict[Hazard, Fitness]]:
    """Sites by the counts; shelters like the site at their place, limited where there is none (see sources.gsi)."""
    sites = np.array([number for kind, number in zip(kinds, place, strict=True) if kind is ShelterKind.SITE])
    by_place: dict[int, dict[Hazard, Fitness]] = {int(number): {} for number in sites}
    elsewhere: dict[Hazard, Fitness] = {}
    for row, (hazard, count) in enumerate(figures.shelters.sites_suited.items()):
        order = np.argsort(stream.uniform("site.fitness", sites, row))
        for rank, number in enumerate(sites[order].tolist()):
            by_place[number][hazard] = Fitness.SUITED if rank < count else Fitness.UNSUITED
        elsewhere[hazard] = Fitness.LIMITED if count else Fitness.UNSUITED
    return [dict(by_place.get(number, elsewhere)) for number in place]
