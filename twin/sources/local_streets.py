"""Streets for places: a pattern where people live, roads between the built-up areas, and a choice of main roads."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra, minimum_spanning_tree
from scipy.spatial import Delaunay, cKDTree

from twin.parameters import Parameters
from twin.randomness import Stream
from twin.sources.draft import BoolArray, Draft, FloatArray, IntArray
from twin.sources.highways import HighwayTable
from twin.sources.streets import Box, street_pattern

MAIN_CLASSES = ("trunk", "primary", "secondary", "tertiary")
"""Classes of main roads, the widest first. Source: OpenStreetMap wiki, JA:Japan tagging."""


@dataclass(frozen=True)
class Settlement:
    """Places where people live: the middle of each in metres and its weight (its share of all, above 0)."""

    x_m: FloatArray
    y_m: FloatArray
    weight: FloatArray


def local_streets(settlement: Settlement, nodes: int, parameters: Parameters, stream: Stream) -> Draft:
    """Streets round the places, about ``nodes`` junctions in all, in one connected piece.

    The built-up area of a place is a disc whose area is in proportion to its weight; the discs grow together until
    they hold the junctions wanted.
    """
    pattern = street_pattern(_box(settlement, nodes, parameters), parameters, stream)
    drawn = int(nodes / (1.0 - parameters.number("streets.merged_share")))
    built_up = pattern.keep_nodes(_built_up(pattern, settlement, drawn, parameters))
    parts = built_up.components()
    large = np.bincount(parts) >= parameters.number("streets.smallest_area_nodes")
    # The part nearest to a place stays whatever its size: people live there.
    large[parts[_nearest_to(built_up, settlement)]] = True
    whole = connected(_without_specks(built_up.keep_nodes(large[parts])), parameters)
    middles = np.zeros(whole.nodes, dtype=np.bool_)
    middles[_nearest_to(whole, settlement)] = True
    return whole.without_mere_bends(middles)


def _nearest_to(plan: Draft, settlement: Settlement) -> IntArray:
    """The node nearest to each place."""
    tree = cKDTree(np.column_stack((plan.x_m, plan.y_m)))
    return np.asarray(tree.query(np.column_stack((settlement.x_m, settlement.y_m)))[1], dtype=np.int64)


def _box(settlement: Settlement, nodes: int, parameters: Parameters) -> Box:
    # About 2.3 junctions for each cell of strip x rung; a disc may need all its room on one side of the town.
    area = nodes * parameters.number("streets.strip_m") * parameters.number("streets.rung_m") / 2.0
    margin = float(np.sqrt(area * settlement.weight.max() / settlement.weight.sum()))
    margin += parameters.number("streets.close_m")
    return Box(
        float(settlement.x_m.min()) - margin,
        float(settlement.y_m.min()) - margin,
        float(settlement.x_m.max()) + margin,
        float(settlement.y_m.max()) + margin,
    )


def _built_up(pattern: Draft, settlement: Settlement, nodes: int, parameters: Parameters) -> BoolArray:
    """Nodes inside the discs, the discs as large as needed, but none smaller than a hamlet."""
    places = np.column_stack((settlement.x_m, settlement.y_m))
    tree = cKDTree(places)
    # Places close to each other build up the room between them: each counts its neighbours' weight too.
    apart_m = np.hypot(places[:, None, 0] - places[:, 0], places[:, None, 1] - places[:, 1])
    size = np.sqrt(np.exp(-0.5 * (apart_m / parameters.number("streets.close_m")) ** 2) @ settlement.weight)
    points = np.column_stack((pattern.x_m, pattern.y_m))
    nearest_m, nearest = tree.query(points)
    if nodes >= len(points):
        return np.ones(len(points), dtype=np.bool_)
    # As many discs as needed surely reach so far; what is farther from every place than the largest of them is left.
    surely = np.partition(nearest_m / size[nearest], nodes)[nodes]
    near = np.flatnonzero(nearest_m / size.max() <= surely)
    reach = np.full(len(points), np.inf)
    # The disc that holds a node is hardly ever that of a place farther away than its eighth nearest.
    distance, place = tree.query(points[near], k=np.arange(1, min(8, len(places)) + 1))
    reach[near] = (np.asarray(distance) / size[np.asarray(place)]).min(axis=1)
    reach[nearest_m < parameters.number("streets.hamlet_m")] = 0.0
    ranks = np.arange(1, int(parameters.number("streets.hamlet_nodes")) + 1)
    reach[np.asarray(cKDTree(points).query(places, k=ranks)[1]).ravel()] = 0.0
    return np.asarray(reach <= np.partition(reach, nodes)[nodes])


def _without_specks(plan: Draft) -> Draft:
    """The plan without the stubs of one street that clipping leaves at the edge of a built-up area."""
    degree = plan.degree()
    stub = (degree[plan.a] == 1) & (degree[plan.b] == 2) | (degree[plan.b] == 1) & (degree[plan.a] == 2)
    keep = np.ones(plan.nodes, dtype=np.bool_)
    ends = np.concatenate((plan.a[stub], plan.b[stub]))
    keep[ends[degree[ends] == 1]] = False
    return plan.keep_nodes(keep)


def connected(plan: Draft, parameters: Parameters) -> Draft:
    """The plan with roads that join its parts: what connects all at least length, and each to its nearest few."""
    parts = plan.components()
    count = int(parts.max()) + 1
    if count == 1:
        return plan
    a, b = _gaps(plan, parts)
    gap_m = np.hypot(plan.x_m[a] - plan.x_m[b], plan.y_m[a] - plan.y_m[b])
    low, high = np.minimum(parts[a], parts[b]), np.maximum(parts[a], parts[b])
    order = np.lexsort((gap_m, high, low))
    first = np.concatenate(([True], (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)))
    best = order[first]
    wanted = _spanning(low[best], high[best], gap_m[best], count)
    few = _nearest_few(low[best], high[best], gap_m[best], int(parameters.number("streets.connectors")))
    wanted |= few & (gap_m[best] <= parameters.number("streets.connector_m"))
    chosen = best[wanted]
    return plan.with_streets(a[chosen], b[chosen], highway="tertiary", bend=parameters.number("streets.connector_bend"))


def _gaps(plan: Draft, parts: IntArray) -> tuple[IntArray, IntArray]:
    """Neighbouring nodes (by Delaunay triangles) in different parts."""
    triangles = Delaunay(np.column_stack((plan.x_m, plan.y_m))).simplices.astype(np.int64)
    sides = np.vstack((triangles[:, [0, 1]], triangles[:, [1, 2]], triangles[:, [2, 0]]))
    across = sides[parts[sides[:, 0]] != parts[sides[:, 1]]]
    return across[:, 0], across[:, 1]


def _spanning(low: IntArray, high: IntArray, gap_m: FloatArray, count: int) -> BoolArray:
    tree = minimum_spanning_tree(csr_array((gap_m, (low, high)), shape=(count, count))).tocoo()
    chosen = set(zip(tree.row.tolist(), tree.col.tolist(), strict=True))
    return np.array([pair in chosen for pair in zip(low.tolist(), high.tolist(), strict=True)], dtype=np.bool_)


def _nearest_few(low: IntArray, high: IntArray, gap_m: FloatArray, few: int) -> BoolArray:
    """Whether a gap is among the shortest few of the part at either end."""
    part, row = np.concatenate((low, high)), np.tile(np.arange(len(low)), 2)
    order = np.lexsort((gap_m[row], part))
    begins = np.searchsorted(part[order], part[order], side="left")
    among = np.zeros(len(low), dtype=np.bool_)
    among[row[order][np.arange(len(order)) - begins < few]] = True
    return among


@dataclass(frozen=True, slots=True)
class MainRoad:
    """Ways that become main roads of a class: from each of ``sources`` the quickest way to ``target``."""

    target: int
    sources: npt.NDArray[np.int64]
    highway: str


def with_main_roads(plan: Draft, main_roads: list[MainRoad], table: HighwayTable) -> Draft:
    """The plan with the quickest ways raised to main roads, in the order given; no road is lowered."""
    classes, of_street = np.unique(plan.highway, return_inverse=True)
    speed_mps = np.array([table.by_name[name].speed_mps for name in classes.tolist()])[of_street]
    highway = plan.highway.astype("<U16")
    for road in main_roads:
        higher = MAIN_CLASSES[: MAIN_CLASSES.index(road.highway) + 1]
        used = np.flatnonzero(_on_ways(plan, road, speed_mps))
        used = used[~np.isin(highway[used], higher)]
        highway[used] = road.highway
        speed_mps[used] = table.by_name[road.highway].speed_mps
    return replace(plan, highway=highway)


def _on_ways(plan: Draft, road: MainRoad, speed_mps: FloatArray) -> BoolArray:
    """Which streets lie on the quickest ways that a main road takes."""
    time_s = plan.length_m / speed_mps
    shape = (plan.nodes, plan.nodes)
    graph = csr_array((np.tile(time_s, 2), (np.append(plan.a, plan.b), np.append(plan.b, plan.a))), shape=shape)
    before = dijkstra(graph, indices=np.array([road.target]), return_predecessors=True)[1][0]
    on_way = np.zeros(plan.nodes, dtype=np.bool_)
    for source in road.sources.tolist():
        node = source
        while node >= 0 and not on_way[node]:
            on_way[node] = True
            node = int(before[node])
    used = (on_way[plan.a] & (before[plan.a] == plan.b)) | (on_way[plan.b] & (before[plan.b] == plan.a))
    return np.asarray(used, dtype=np.bool_)
