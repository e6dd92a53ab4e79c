"""Streets of the benchmark: a made-up town with an exact number of nodes and links, and plain square grids.

The pattern is that of the synthetic town (twin.sources.streets) with more blind alleys, so that there are 2.5 links to
a node: the quickest-to-reach nodes round the middle are kept, and surplus streets that no quickest way uses are left
out by chance.
"""

from dataclasses import replace

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from twin.parameters import load_parameters
from twin.randomness import Stream
from twin.roads import Roads
from twin.sources.draft import Draft, FloatArray, IntArray
from twin.sources.highways import Links, load_highways, roads_of_draft, roads_of_links
from twin.sources.local_streets import MainRoad, with_main_roads
from twin.sources.streets import Box, street_pattern

# Turns of the pattern that bring 2.5 links to a node; street lengths and three-armed junctions stay as measured in
# Japanese towns (twin/data/streets.toml). Confidence C: tuned to the figures that tests/test_movement_bench.py holds.
TURNS = {
    "streets.alley_share": 0.9,
    "streets.cut_share": 0.05,
    "streets.missing_share": 0.06,
    "streets.snap_m": 3.0,
    "streets.strip_m": 92.0,
    "streets.rung_m": 120.0,
}
TOWN_NODES = 10_000
"""Nodes for each middle of a town, from which main roads lead out."""
_ROOM_FOR_DISC = 4.0 / np.pi
_JUNCTIONS_A_CELL = 3.0
"""Junctions for each crossing of a long and a cross street, a little below what is drawn, so that none is lacking."""


def town_streets(nodes: int, links: int, places: int, stream: Stream) -> tuple[Roads, IntArray]:
    """Roads with exactly so many nodes and directed links, and the nodes of ``places`` shelters spread over them.

    Raises:
        ValueError: the pattern holds fewer nodes or streets than asked for.
    """
    plan = _disc(_pattern(nodes, stream), nodes, links // 2, stream)
    shelters = _spread(plan, places, stream)
    return roads_of_draft(_with_main_roads(plan, shelters, stream)), shelters


def grid_streets(side: int, *, block_m: float) -> Roads:
    """A square grid of two-way tertiary roads, ``side`` nodes a row."""
    x, y = np.meshgrid(np.arange(side), np.arange(side))
    row = np.arange(side * side).reshape(side, side)
    a = np.concatenate((row[:, :-1].ravel(), row[:-1].ravel()))
    b = np.concatenate((row[:, 1:].ravel(), row[1:].ravel()))
    links = Links(
        start=np.concatenate((a, b)).astype(np.int32),
        end=np.concatenate((b, a)).astype(np.int32),
        length_m=np.full(2 * len(a), block_m),
        highway=("tertiary",) * (2 * len(a)),
    )
    return roads_of_links(block_m * x.ravel(), block_m * y.ravel(), links, is_synthetic=True)


def _pattern(nodes: int, stream: Stream) -> Draft:
    parameters = load_parameters("twin", "streets.toml").with_overrides(TURNS)
    cell_m2 = parameters.number("streets.strip_m") * parameters.number("streets.rung_m")
    half_m = 0.5 * float(np.sqrt(nodes / _JUNCTIONS_A_CELL * cell_m2 * _ROOM_FOR_DISC)) + 500.0
    plan = street_pattern(Box(-half_m, -half_m, half_m, half_m), parameters, stream)
    parts = plan.components()
    plan = plan.keep_nodes(parts == np.bincount(parts).argmax())
    return plan.without_mere_bends(np.zeros(plan.nodes, dtype=np.bool_))


def _disc(plan: Draft, nodes: int, streets: int, stream: Stream) -> Draft:
    """The nodes that are nearest to the middle by road, and of their streets so many that all stay connected."""
    if plan.nodes < nodes:
        raise ValueError(f"the pattern has {plan.nodes} nodes of {nodes}")
    middle = int(np.hypot(plan.x_m, plan.y_m).argmin())
    way_m = _ways(plan, np.array([middle]))[0][0]
    keep = np.zeros(plan.nodes, dtype=np.bool_)
    keep[np.argsort(way_m, kind="stable")[:nodes]] = True
    disc = plan.keep_nodes(keep)
    before = _ways(disc, np.array([int(np.cumsum(keep)[middle]) - 1]))[1][0]
    is_needed = (before[disc.a] == disc.b) | (before[disc.b] == disc.a)
    surplus = len(disc.a) - streets
    if not 0 <= surplus <= int((~is_needed).sum()):
        raise ValueError(f"the pattern has {len(disc.a)} streets of {streets}, {int(is_needed.sum())} of them needed")
    chance = np.where(is_needed, 2.0, stream.uniform("bench.surplus", np.arange(len(disc.a))))
    stays = np.sort(np.argsort(chance, kind="stable")[surplus:])
    return replace(disc, a=disc.a[stays], b=disc.b[stays], length_m=disc.length_m[stays], highway=disc.highway[stays])


def _ways(plan: Draft, sources: IntArray) -> tuple[FloatArray, IntArray]:
    """Length of the shortest way from each source to each node, and the node before it on that way."""
    order = np.argsort(-plan.length_m, kind="stable")
    a, b, length_m = plan.a[order], plan.b[order], plan.length_m[order]
    # Of double streets the shorter counts.
    _, last = np.unique((np.minimum(a, b) * plan.nodes + np.maximum(a, b))[::-1], return_index=True)
    rows = len(a) - 1 - last
    graph = csr_array((length_m[rows], (a[rows], b[rows])), shape=(plan.nodes, plan.nodes))
    way_m, before = dijkstra(graph, directed=False, indices=sources, return_predecessors=True)
    return way_m, before


def _spread(plan: Draft, places: int, stream: Stream) -> IntArray:
    """Nodes that lie apart: the best of a few draws for each, as the sites of shelters do."""
    chosen: list[int] = []
    apart_m = np.full(plan.nodes, np.inf)
    for place in range(places):
        drawn = stream.below("bench.shelter", np.arange(8) + 8 * place, plan.nodes)
        best = int(drawn[apart_m[drawn].argmax()])
        chosen.append(best)
        apart_m = np.minimum(apart_m, np.hypot(plan.x_m - plan.x_m[best], plan.y_m - plan.y_m[best]))
    return np.array(sorted(chosen), dtype=np.int64)


def _with_main_roads(plan: Draft, shelters: IntArray, stream: Stream) -> Draft:
    """Main roads from the shelters to the nearest middle of a town, and from the edge and the other middles to it."""
    count = max(1, plan.nodes // TOWN_NODES)
    middles = _spread(plan, count, stream)
    there = np.hypot(
        plan.x_m[shelters][:, None] - plan.x_m[middles], plan.y_m[shelters][:, None] - plan.y_m[middles]
    ).argmin(axis=1)
    edge = np.argsort(-np.hypot(plan.x_m, plan.y_m), kind="stable")[:: max(1, plan.nodes // 200)][: 8 * count]
    table = load_highways()
    roads = [MainRoad(int(middles[0]), np.concatenate((middles, edge)).astype(np.int64), "primary")]
    roads += [MainRoad(int(middle), shelters[there == row], "tertiary") for row, middle in enumerate(middles)]
    return with_main_roads(plan, roads, table)
