"""Areas of the districts for maps, drawn around their neighbourhoods; no official boundary."""

import shapely
from shapely.geometry import MultiPoint, Point
from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from twin.town import Town

REACH = 2.0
"""How far an area reaches beyond its neighbourhoods' radius; drawing only, so that the areas of neighbours meet."""

FAR_M = 1e5
"""Margin (m) beyond which no neighbourhood reaches."""


def district_areas(town: Town) -> list[BaseGeometry]:
    """The area of each district in metres, empty where it has no neighbourhood.

    Each neighbourhood gets the ground that is nearer to its centre than to any other's, within REACH times its radius.
    """
    cells = _cells([(place.x_m, place.y_m) for place in town.neighbourhoods])
    parts: list[list[BaseGeometry]] = [[] for _ in town.districts]
    for place, cell in zip(town.neighbourhoods, cells, strict=True):
        disc = Point(place.x_m, place.y_m).buffer(REACH * place.radius_m, quad_segs=6)
        parts[place.district].append(disc.intersection(cell))
    return [unary_union(of_district).buffer(0) for of_district in parts]


def _cells(centres: list[tuple[float, float]]) -> list[BaseGeometry]:
    whole = MultiPoint(centres).envelope.buffer(FAR_M)
    if len(set(centres)) < 2:
        return [whole for _ in centres]
    found = shapely.voronoi_polygons(MultiPoint(sorted(set(centres))), extend_to=whole).geoms
    tree = shapely.STRtree(found)
    return [found[tree.query(Point(centre), predicate="intersects")[0]] for centre in centres]
