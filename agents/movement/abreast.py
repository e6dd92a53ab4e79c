"""Trees of least time over a hierarchy, compiled: sixteen grown abreast, each in a column of the times at all places.

The times at a place are a row of numbers, one for each tree, so that one look at an arc serves all of them.

Source: Delling, Goldberg, Nowatzyk, Werneck (2013), "PHAST: hardware-accelerated shortest path trees", J. Parallel
Distrib. Comput. 73(7).
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agents.movement.hierarchy import TOP, Hierarchy, Weights
from agents.movement.kernel import kernel
from agents.movement.relaxing import ABREAST, give_to_above, take_from_above
from agents.movement.trees import NO_LINK, UNKNOWN, Tree, Trees, next_link, put_link
from agents.movement.trips import FloatArray, Int32Array

Wanted = tuple[Int32Array, npt.NDArray[np.int64], npt.NDArray[np.int64]]
"""The nodes wanted of all trees, and where those of each begin and end."""


class Room(NamedTuple):
    """Room of a group: the time at each place in each column, the places that are lit, and a path of places."""

    time_s: FloatArray
    lit: npt.NDArray[np.bool_]
    path: Int32Array


def make_room(nodes: int) -> Room:
    """Room for trees over so many nodes."""
    return Room(np.empty((nodes, ABREAST)), np.zeros(nodes, dtype=np.bool_), np.empty(nodes, dtype=np.int32))


@kernel()
def grow_abreast(
    ways: tuple[Hierarchy, Weights],
    room: Room,
    names: tuple[Int32Array, Int32Array],
    trees: tuple[Trees, int, Int32Array],
    asked: Wanted,
) -> None:
    """Write trees of one kind: the link that leads on from each node, NO_LINK where none does.

    ``names`` are the number of each place in the trees, and the goal of each destination; ``trees`` the trees, the kind
    and the destinations. If nodes are ``asked`` for, trees are written there and along the ways; else they are whole.
    """
    store, kind, destinations = trees
    wanted, begins, ends = asked
    number, goals = names
    for first in range(0, len(destinations), ABREAST):
        group = destinations[first : first + ABREAST]
        _find_times(ways, goals[group], room)
        if len(wanted) == 0:
            _write_all(ways, number, room, (store, kind, group))
        for column in range(len(group)):
            tree = (store, kind, group[column])
            put_link(tree, number[ways[0].place[goals[group[column]]]], NO_LINK)
            _walk(ways, number, wanted[begins[first + column] : ends[first + column]], room, (tree, column))


@kernel()
def times_to(ways: tuple[Hierarchy, Weights], goals: Int32Array, room: Room) -> FloatArray:
    """Least time from each node to each goal, shape (goals, nodes), inf where no way leads."""
    place = ways[0].place
    found = np.empty((len(goals), len(place)))
    for first in range(0, len(goals), ABREAST):
        columns = goals[first : first + ABREAST]
        _find_times(ways, columns, room)
        for column in range(len(columns)):
            for node in range(len(place)):
                found[first + column, node] = room.time_s[place[node], column]
    return found


@kernel()
def _find_times(ways: tuple[Hierarchy, Weights], goals: Int32Array, room: Room) -> None:
    """Find the times from all places to the goals, one in each column: up from the goals, then down from the top."""
    start, above, up_s, down_s = ways[0].start, ways[0].above, ways[1].up_s, ways[1].down_s
    time_s, lit, path = room
    for step in range(_light(ways[0], goals, room) - 1, -1, -1):
        place = path[step]
        give_to_above(time_s, above, down_s, (np.int64(start[place]), np.int64(start[place + 1])), place)
    for place in range(len(start) - 2, -1, -1):
        take_from_above(time_s, above, up_s, (np.int64(start[place]), np.int64(start[place + 1])), place, lit[place])
        lit[place] = False


@kernel()
def _light(hierarchy: Hierarchy, goals: Int32Array, room: Room) -> int:
    """Write the places above the goals into the path, each behind those above it; how many they are."""
    start, above, length = hierarchy.start, hierarchy.above, 0
    time_s, lit, path = room
    for column in range(len(goals)):
        first, goal = length, hierarchy.place[goals[column]]
        place = goal
        while place != TOP and not lit[place]:
            path[length] = place
            length += 1
            lit[place], time_s[place] = True, np.inf
            place = above[start[place]] if start[place] < start[place + 1] else TOP
        time_s[goal, column] = 0.0
        path[first:length] = path[first:length][::-1].copy()
    return length


@kernel(_nrt=False)
def _walk(
    ways: tuple[Hierarchy, Weights], number: Int32Array, wanted: Int32Array, room: Room, column_of: tuple[Tree, int]
) -> None:
    """Write the ways from some nodes on, as far as they are not known."""
    out, ends, link, place_of, along_s = ways[0].out, ways[0].end, ways[0].link, ways[0].place, ways[1].along_s
    (trees, kind, destination), column = column_of
    time_s = room.time_s
    for node in wanted:
        place = place_of[node]
        while next_link(trees, kind, destination, number[place]) == UNKNOWN:
            best_s, best, onward = np.inf, NO_LINK, place
            for row in range(out[place], out[place + 1]):
                through_s = time_s[ends[row], column] + along_s[row]
                if through_s < best_s:
                    best_s, best, onward = through_s, link[row], ends[row]
            put_link((trees, kind, destination), number[place], best)
            place = onward


@kernel()
def _write_all(
    ways: tuple[Hierarchy, Weights], number: Int32Array, room: Room, trees: tuple[Trees, int, Int32Array]
) -> None:
    """Write what leads on from every node, the goals among them, in each column."""
    hierarchy, along_s, time_s = ways[0], ways[1].along_s, room.time_s
    store, kind, group = trees
    best_s, best = np.empty(ABREAST), np.empty(ABREAST, dtype=np.int32)
    for place in range(len(hierarchy.node)):
        best_s[:], best[:] = np.inf, NO_LINK
        for row in range(hierarchy.out[place], hierarchy.out[place + 1]):
            end, link, link_s = hierarchy.end[row], hierarchy.link[row], along_s[row]
            for column in range(ABREAST):
                through_s = time_s[end, column] + link_s
                is_better = through_s < best_s[column]
                best[column] = link if is_better else best[column]
                best_s[column] = through_s if is_better else best_s[column]
        for column in range(len(group)):
            put_link((store, kind, group[column]), number[place], best[column])
