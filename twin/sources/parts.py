"""The parts of a town, each by its kind: places, boundary, streets with exits, shelters."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

from twin.errors import InvalidTown
from twin.roads import Roads
from twin.shelters import Shelter
from twin.sources.boundary import read_boundary
from twin.sources.capacities import with_capacities
from twin.sources.draft import Draft
from twin.sources.exits import exits_by_sector
from twin.sources.faults import Faults
from twin.sources.graph_roads import read_walking_network
from twin.sources.gsi import read_capacities, read_shelters, read_sites
from twin.sources.highways import load_highways, roads_of_draft
from twin.sources.local_streets import MainRoad, Settlement, connected, local_streets, with_main_roads
from twin.sources.municipal import read_standard_sites
from twin.sources.national_highways import read_highways, with_highways
from twin.sources.p20 import read_p20
from twin.sources.places import Places
from twin.sources.road_files import largest_part, read_roads
from twin.sources.shelter_rows import Ground, ShelterRow, shelters_of
from twin.sources.synthetic_town import exits_by_bearing, synthetic_boundary, synthetic_places, synthetic_shelters
from twin.sources.town_points import read_town_points
from twin.sources.workshop import Workshop

FloatArray = npt.NDArray[np.float64]


def known_places(shop: Workshop) -> Places:
    """Places that do not depend on the streets."""
    kind = shop.recipe.districts.kind
    shop.ledger.note("districts", kind, shop.source("districts"))
    figures = shop.figures("districts")
    if kind == "figures":
        return synthetic_places(figures, shop.projection, shop.stream)
    return read_town_points(shop.file("districts", "points"), figures, shop.projection)


def known_boundary(shop: Workshop, places: Places | None) -> FloatArray | None:
    """The boundary as far as it does not depend on the streets."""
    section = shop.recipe.boundary
    shop.ledger.note("boundary", section.kind, shop.source("boundary"))
    if section.kind == "geojson":
        return read_boundary(shop.file("boundary", "geojson"), shop.projection)
    if section.kind == "figures" and places is not None:
        return synthetic_boundary(places, shop.figures("boundary").area_km2)
    return None


def streets_and_exits(shop: Workshop, places: Places | None, boundary: FloatArray | None) -> tuple[Roads, FloatArray]:
    """The roads, reachable throughout, and the places (n, 2) where roads leave the town."""
    kind = shop.recipe.streets.kind
    if shop.roads_file is not None or kind == "walking_network":
        return _roads_of_files(shop)
    if places is None or boundary is None:
        raise InvalidTown(f"{shop.recipe.path}: synthetic streets need places and a boundary; name them in the recipe")
    if kind == "synthetic":
        exits = exits_by_bearing(shop.figures("boundary"), boundary)
        shop.ledger.note("exits", "bearing")
        draft = _with_exits(_local(shop, places), exits, shop.parameters.number("streets.connector_bend"))
    else:
        apart_m = shop.parameters.number("sources.exit_apart_m")
        highways = read_highways(shop.file("streets", "highways"), shop.projection, boundary, apart_m)
        exits = highways.exits
        shop.ledger.note("exits", "crossing")
        draft = connected(with_highways(_local(shop, places), highways, shop.parameters), shop.parameters)
    shop.ledger.note("streets", kind, shop.source("streets"))
    return roads_of_draft(_with_hierarchy(draft, places, exits)), exits


def _roads_of_files(shop: Workshop) -> tuple[Roads, FloatArray]:
    streets = shop.recipe.streets
    if shop.roads_file is not None:
        name, kind = str(shop.roads_file), "file"
        roads = read_roads(shop.roads_file, shop.projection)
    else:
        paths = (shop.file("streets", "network_nodes"), shop.file("streets", "network_edges"))
        name, kind = str(paths[1]), streets.kind
        roads = read_walking_network(*paths, shop.projection)
    kept = largest_part(roads, name)
    shop.ledger.note("streets", kind, shop.source("streets"), file=name)
    if kept.nodes < roads.nodes:
        nodes, links = f"{roads.nodes - kept.nodes}/{roads.nodes}", f"{roads.links - kept.links}/{roads.links}"
        shop.ledger.note("streets", "dropped", nodes=nodes, links=links)
    shop.ledger.note("exits", "sector")
    number = shop.parameters.number
    return kept, exits_by_sector(kept, int(number("sources.exit_sectors")), number("sources.exit_far_share"))


def _local(shop: Workshop, places: Places) -> Draft:
    settlement = Settlement(places.x_m, places.y_m, places.weight)
    return local_streets(settlement, int(shop.recipe.streets.number("nodes")), shop.parameters, shop.stream)


def _with_exits(draft: Draft, exits: FloatArray, bend: float) -> Draft:
    joints = _nearest(draft, exits[:, 0], exits[:, 1])
    ends = np.arange(draft.nodes, draft.nodes + len(exits))
    return draft.with_nodes(exits[:, 0], exits[:, 1]).with_streets(joints, ends, highway="trunk", bend=bend)


def _with_hierarchy(draft: Draft, places: Places, exits: FloatArray) -> Draft:
    """Main roads: from the office out of town, to the districts, and within each to its neighbourhoods."""
    office = int(_nearest(draft, [0.0], [0.0])[0])
    middles = _nearest(draft, [one.x_m for one in places.districts], [one.y_m for one in places.districts])
    nodes = _nearest(draft, places.x_m, places.y_m)
    main = [
        MainRoad(office, _nearest(draft, exits[:, 0], exits[:, 1]), "trunk"),
        MainRoad(office, middles, "primary"),
        *(MainRoad(int(middle), nodes[places.district == row], "tertiary") for row, middle in enumerate(middles)),
    ]
    return with_main_roads(draft, main, load_highways())


def _nearest(draft: Draft, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> npt.NDArray[np.int64]:
    tree = cKDTree(np.column_stack((draft.x_m, draft.y_m)))
    return np.asarray(tree.query(np.column_stack((x_m, y_m)))[1], dtype=np.int64)


def town_shelters(shop: Workshop, places: Places | None, roads: Roads, boundary: FloatArray | None) -> list[Shelter]:
    """The shelters, without nodes."""
    section = shop.recipe.shelters
    shop.ledger.note("shelters", section.kind, shop.source("shelters"))
    if section.kind == "figures" and places is not None:
        figures = shop.figures("shelters")
        shop.ledger.note("capacity", "figures", total=f"{figures.shelters.capacity_total:,}")
        made = synthetic_shelters(figures, places, shop.recipe.code, shop.stream)
        return _by_the_street(made, roads) if roads.is_synthetic else made
    unknown = section.kind == "gsi" and "capacities" not in section.values
    total = f"{int(section.number('capacity_total')):,}"
    shop.ledger.note("capacity", "unknown" if unknown else section.kind, total=total)
    path = shop.file("shelters", "sites" if section.kind == "standard_csv" else "shelters")
    faults = Faults(path)
    rows = _ROWS[section.kind](shop, faults)
    ground = Ground(shop.projection, boundary, shop.parameters.number("sources.boundary_tolerance_m"))
    shelters = shelters_of(rows, ground, section.number("area_m2_per_person"), faults)
    faults.raise_any()
    return shelters


def _by_the_street(shelters: list[Shelter], roads: Roads) -> list[Shelter]:
    """Made-up shelters moved to the nearest made-up junction: they stand on no ground of their own."""
    nodes = roads.nearest_node([one.x_m for one in shelters], [one.y_m for one in shelters])
    return [
        replace(shelter, x_m=float(roads.node_x_m[node]), y_m=float(roads.node_y_m[node]))
        for shelter, node in zip(shelters, nodes.tolist(), strict=True)
    ]


def _gsi_rows(shop: Workshop, faults: Faults) -> list[ShelterRow]:
    section = shop.recipe.shelters
    sites = read_sites(shop.file("shelters", "sites"), faults)
    shelters = read_shelters(shop.file("shelters", "shelters"), sites, faults)
    if "capacities" in section.values:
        capacities = read_capacities(shop.file("shelters", "capacities"), faults)
        shelters = with_capacities(
            shelters,
            capacities,
            total=int(section.number("capacity_total")),
            welfare_persons=int(section.number("welfare_capacity_persons")),
        )
    return shelters + sites


_ROWS: Mapping[str, Callable[[Workshop, Faults], list[ShelterRow]]] = {
    "gsi": _gsi_rows,
    "p20": lambda shop, faults: read_p20(shop.file("shelters", "shelters"), shop.recipe.code, faults),
    "standard_csv": lambda shop, faults: read_standard_sites(shop.file("shelters", "sites"), shop.recipe.code, faults),
}
