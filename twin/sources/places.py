"""Places: districts and the points where people live, before they have streets; and how they become a Town."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from twin.errors import InvalidTown
from twin.roads import Roads
from twin.shelters import Shelter
from twin.town import District, Neighbourhood, Provenance, Town
from twin.units import Projection

HOME_CLASSES = frozenset({"residential", "unclassified", "living_street", "road", "tertiary", "service"})
"""Classes of streets along which homes stand. Source: OpenStreetMap wiki, Key:highway."""

HOME_RADIUS_SHARE = 0.9
"""A neighbourhood's radius holds this share of its home nodes, so that one far house does not stretch it."""

SMALLEST_RADIUS_M = 50.0
"""Radius of a neighbourhood of one node: half of the longest usual block (90 % of streets are shorter than 140 m)."""


@dataclass(frozen=True)
class Places:
    """Districts, and in each row of the arrays one neighbourhood: its place in metres, district and weight (sum 1)."""

    districts: tuple[District, ...]
    codes: tuple[str, ...]
    names: tuple[str, ...]
    x_m: npt.NDArray[np.float64]
    y_m: npt.NDArray[np.float64]
    district: npt.NDArray[np.int64]
    weight: npt.NDArray[np.float64]


@dataclass(frozen=True)
class Outline:
    """What a recipe says of the town as a whole; ``office_m`` and ``exits_m`` (n, 2) in metres."""

    code: str
    name: str
    name_en: str
    people: int
    households: int
    projection: Projection
    office_m: tuple[float, float]
    exits_m: npt.NDArray[np.float64]
    boundary: npt.NDArray[np.float64] | None
    provenance: tuple[Provenance, ...]


def assemble(outline: Outline, places: Places, roads: Roads, shelters: list[Shelter]) -> Town:
    """A Town of its parts: every home, shelter and the office stand where both walkers and cars come and go.

    Raises:
        InvalidTown: Nobody can live along these roads, or the parts contradict one another.
    """
    core = core_nodes(roads)
    homes = home_nodes(roads)
    if len(homes) < len(places.names):
        raise InvalidTown(
            f"{outline.name}: {len(homes)} nodes of the roads can hold homes, for {len(places.names)} neighbourhoods; "
            "use a larger road file, or one with streets of homes (highway=residential)"
        )
    at_node, home_neighbourhood = _shared_out(places, roads, homes)
    return Town(
        code=outline.code,
        name=outline.name,
        name_en=outline.name_en,
        projection=outline.projection,
        districts=places.districts,
        neighbourhoods=_neighbourhoods(places, roads, at_node, (homes, home_neighbourhood)),
        roads=roads,
        shelters=tuple(_on_roads(shelters, places, roads, core)),
        office_node=int(_nearest_of(roads, core, [outline.office_m[0]], [outline.office_m[1]])[0]),
        exit_nodes=np.unique(_nearest_of(roads, core, outline.exits_m[:, 0], outline.exits_m[:, 1])),
        home_nodes=homes,
        home_neighbourhood=home_neighbourhood,
        boundary=outline.boundary,
        provenance=outline.provenance,
        people=outline.people,
        households=outline.households,
    )


def core_nodes(roads: Roads) -> npt.NDArray[np.bool_]:
    """Nodes from which walkers and cars alike reach each other and come back."""
    core = np.ones(roads.nodes, dtype=np.bool_)
    for allowed in (roads.walk_allowed, roads.car_allowed):
        parts = roads.strong_parts(allowed)
        sizes = np.bincount(parts)
        core &= (parts == sizes.argmax()) & (sizes.max() > 1)
    return core


def home_nodes(roads: Roads) -> npt.NDArray[np.int32]:
    """Nodes of streets with homes; cars must come there (Building Standards Act 43: a home lies on a road)."""
    classes = np.array(roads.highway, dtype=np.str_)
    lived_in = np.isin(classes, list(HOME_CLASSES)) & roads.car_allowed & roads.walk_allowed
    along = np.zeros(roads.nodes, dtype=np.bool_)
    along[roads.link_from[lived_in]] = True
    return np.flatnonzero(along & core_nodes(roads)).astype(np.int32)


def _shared_out(
    places: Places, roads: Roads, homes: npt.NDArray[np.int32]
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]]:
    """The home node at the middle of each neighbourhood, and the neighbourhood of each home node (the nearest one)."""
    points = np.column_stack((roads.node_x_m[homes], roads.node_y_m[homes]))
    middles = np.column_stack((places.x_m, places.y_m))
    nearest: npt.NDArray[np.int32] = np.asarray(cKDTree(middles).query(points)[1], dtype=np.int32)
    ranks = np.arange(1, min(len(homes), len(middles)) + 1)
    near_homes = np.asarray(cKDTree(points).query(middles, k=ranks)[1])
    taken: set[int] = set()
    at_home = np.empty(len(middles), dtype=np.int64)
    for place, candidates in enumerate(near_homes.tolist()):
        at_home[place] = next(home for home in candidates if home not in taken)
        taken.add(int(at_home[place]))
    nearest[at_home] = np.arange(len(middles), dtype=np.int32)
    return homes[at_home], nearest


def _neighbourhoods(
    places: Places,
    roads: Roads,
    at_node: npt.NDArray[np.int32],
    homes: tuple[npt.NDArray[np.int32], npt.NDArray[np.int32]],
) -> tuple[Neighbourhood, ...]:
    nodes, of = homes
    away_m = np.hypot(roads.node_x_m[nodes] - places.x_m[of], roads.node_y_m[nodes] - places.y_m[of])
    return tuple(
        Neighbourhood(
            code=places.codes[row],
            name=places.names[row],
            district=int(places.district[row]),
            x_m=float(places.x_m[row]),
            y_m=float(places.y_m[row]),
            radius_m=max(SMALLEST_RADIUS_M, float(np.quantile(away_m[of == row], HOME_RADIUS_SHARE))),
            node=int(at_node[row]),
            weight=float(places.weight[row]),
        )
        for row in range(len(places.names))
    )


def _nearest_of(
    roads: Roads, core: npt.NDArray[np.bool_], x_m: npt.ArrayLike, y_m: npt.ArrayLike
) -> npt.NDArray[np.int32]:
    rows = np.flatnonzero(core)
    tree = cKDTree(np.column_stack((roads.node_x_m[rows], roads.node_y_m[rows])))
    return rows[tree.query(np.column_stack((x_m, y_m)))[1]].astype(np.int32)


def _on_roads(shelters: list[Shelter], places: Places, roads: Roads, core: npt.NDArray[np.bool_]) -> list[Shelter]:
    """Shelters with their node, and with the district of the nearest neighbourhood where none is given."""
    if not shelters:
        return []
    x_m, y_m = np.array([shelter.x_m for shelter in shelters]), np.array([shelter.y_m for shelter in shelters])
    nodes = _nearest_of(roads, core, x_m, y_m).tolist()
    near = cKDTree(np.column_stack((places.x_m, places.y_m))).query(np.column_stack((x_m, y_m)))[1]
    districts = places.district[near].tolist()
    return [
        replace(shelter, node=node, district=shelter.district if shelter.district >= 0 else district)
        for shelter, node, district in zip(shelters, nodes, districts, strict=True)
    ]
