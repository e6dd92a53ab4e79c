"""A hierarchy of the nodes, compiled: the streets with shortcuts that lead up and down, whatever the times are.

Nodes stand one above another in an order of elimination. An arc leads from a node to each above it that it is joined
to by a street, or by ways through nodes below both; its two weights are the least times of those ways, up and down.
The least way between any two nodes then leads up and then down, so that the times from all nodes to a goal take one
look at each arc. The order and the arcs depend on the streets alone; new times are new weights.

Source: Dibbelt, Strasser, Wagner (2016), "Customizable contraction hierarchies", ACM JEA 21(1); Liu (1985),
"Modification of the minimum-degree algorithm by multiple elimination", ACM TOMS 11(2) for the order; Liu (1990), "The
role of elimination trees in sparse factorization", SIAM J. Matrix Anal. Appl. 11(1) for the arcs.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csc_array, diags_array
from scipy.sparse.linalg import splu

from agents.movement.kernel import kernel
from agents.movement.trips import FloatArray, Int32Array

TOP = -1
"""Above a node above which there is none."""


class Hierarchy(NamedTuple):
    """The arcs above each node and the links out of it; nodes by their places, from the lowest.

    Arcs ``start[p]`` to ``start[p + 1]`` lead from place p to the places ``above``, ascending. Rows ``out[p]`` to
    ``out[p + 1]`` are the links out of place p by rank: ``link`` and the place ``end`` where it ends. ``place`` is
    that of each node, ``node`` the node of each.
    """

    start: Int32Array
    above: Int32Array
    out: Int32Array
    end: Int32Array
    link: Int32Array
    place: Int32Array
    node: Int32Array


class Weights(NamedTuple):
    """Least times over each arc, ``up`` and ``down``, and of each link in the order of a hierarchy, ``along_s``."""

    up_s: FloatArray
    down_s: FloatArray
    along_s: FloatArray


def make_hierarchy(ends: tuple[Int32Array, Int32Array], nodes: int, order: npt.NDArray[np.int64]) -> Hierarchy:
    """The hierarchy of links from nodes to nodes; ``order`` ranks them where times tie, equal ranks by row."""
    link_from, link_to = ends
    joined = csc_array((np.ones(len(link_from)), (link_from, link_to)), shape=(nodes, nodes))
    joined = (joined + joined.T).tocsc()
    place = _places(joined)
    node = np.empty(nodes, dtype=np.int32)
    node[place] = np.arange(nodes, dtype=np.int32)
    rows, columns = place[joined.indices], place[np.repeat(np.arange(nodes), np.diff(joined.indptr))]
    is_up = rows > columns
    streets = csc_array((np.ones(is_up.sum(), np.int8), (rows[is_up], columns[is_up])), shape=(nodes, nodes))
    start, above = _arcs(streets.indptr.astype(np.int64), streets.indices)
    link = np.lexsort((order, place[link_from])).astype(np.int32)
    out = np.searchsorted(place[link_from][link], np.arange(nodes + 1)).astype(np.int32)
    return Hierarchy(start, above, out, place[link_to][link], link, place, node)


def _places(joined: csc_array) -> Int32Array:
    """An order in which eliminating the nodes joins few others, each node's next above it soon after it."""
    # SuperLU orders before it factorises; a diagonal that dominates lets it keep to that order.
    matrix = (diags_array(2.0 * joined.sum(axis=0) + 1.0, dtype=np.float64) - joined).tocsc()
    factors = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
    return np.asarray(factors.perm_c, dtype=np.int32)


@kernel()
def _arcs(start: npt.NDArray[np.int64], above: Int32Array) -> tuple[Int32Array, Int32Array]:
    """Arcs above each place: its streets', and all those of the places right below it, but for the one to itself."""
    nodes = len(start) - 1
    arcs, room = np.zeros(nodes + 1, dtype=np.int32), np.empty(4 * len(above) + nodes, dtype=np.int32)
    below, beside = np.full(nodes, TOP, dtype=np.int32), np.full(nodes, TOP, dtype=np.int32)
    seen = np.full(nodes, TOP, dtype=np.int32)
    for place in range(nodes):
        last = arcs[place]
        if last + nodes > len(room):
            room = np.append(room, np.empty(len(room) + nodes, dtype=np.int32))
        seen[place] = place
        for other in above[start[place] : start[place + 1]]:
            last = _join(room, last, seen, other, place)
        child = below[place]
        while child != TOP:
            for other in room[arcs[child] : arcs[child + 1]]:
                last = _join(room, last, seen, other, place)
            child = beside[child]
        arcs[place + 1] = last
        if last > arcs[place]:
            room[arcs[place] : last].sort()
            parent = room[arcs[place]]
            beside[place], below[parent] = below[parent], place
    return arcs, room[: arcs[nodes]].copy()


@kernel(_nrt=False)
def _join(room: Int32Array, last: int, seen: Int32Array, other: int, place: int) -> int:
    if seen[other] == place:
        return last
    seen[other] = place
    room[last] = other
    return last + 1


@kernel()
def weigh(hierarchy: Hierarchy, costs: FloatArray) -> Weights:
    """The weights by the time of each link, inf where none leads."""
    up_s, down_s = np.full(len(hierarchy.above), np.inf), np.full(len(hierarchy.above), np.inf)
    along_s = np.empty(len(hierarchy.link))
    for place in range(len(hierarchy.node)):
        for row in range(hierarchy.out[place], hierarchy.out[place + 1]):
            end, time_s = hierarchy.end[row], costs[hierarchy.link[row]]
            along_s[row] = time_s
            if place < end:
                arc = _arc(hierarchy, place, end)
                up_s[arc] = min(up_s[arc], time_s)
            elif end < place:
                arc = _arc(hierarchy, end, place)
                down_s[arc] = min(down_s[arc], time_s)
    for place in range(len(hierarchy.node)):
        _pass_on(hierarchy, up_s, down_s, place)
    return Weights(up_s, down_s, along_s)


@kernel(_nrt=False)
def _arc(hierarchy: Hierarchy, low: int, high: int) -> int:
    arc: int = hierarchy.start[low]
    while hierarchy.above[arc] != high:
        arc += 1
    return arc


@kernel(_nrt=False)
def _pass_on(hierarchy: Hierarchy, up_s: FloatArray, down_s: FloatArray, place: int) -> None:
    """Let the ways through a place count for those above it: any two of them are joined."""
    start, above = hierarchy.start, hierarchy.above
    end = start[place + 1]
    for first in range(start[place], end):
        arc = start[above[first]]
        for second in range(first + 1, end):
            while above[arc] != above[second]:
                arc += 1
            up_s[arc] = min(up_s[arc], down_s[first] + up_s[second])
            down_s[arc] = min(down_s[arc], down_s[second] + up_s[first])
