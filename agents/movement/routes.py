"""Routes: for each mode and destination one tree of shortest travel times, made when it is first needed."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from agents.movement.events import EVENT, pop, push
from agents.movement.trips import FloatArray, Int32Array

NO_LINK = -1


class Inward(NamedTuple):
    """The links that end at each node: rows ``start[n]`` to ``start[n + 1]`` of ``link`` and ``from_node``."""

    start: Int32Array
    link: Int32Array
    from_node: Int32Array


class Routes:
    """Trees of next links, ``next_link[mode, destination, node]``, kept true while links close and open.

    ``costs`` holds a row for each mode: the time of each link, inf where the mode may not go. Equal times are decided
    by the lower link, so a tree depends on the network alone.
    """

    def __init__(self, ends: tuple[Int32Array, Int32Array], nodes: int, goals: Int32Array, costs: FloatArray) -> None:
        self._link_from, self._link_to = ends
        self._goals = goals
        self._free_costs = costs
        self._costs = costs.copy()
        self._inward = _inward(*ends, nodes)
        self._is_grown = np.zeros((len(costs), len(goals)), dtype=np.bool_)
        # Memory is touched, and so taken, tree by tree.
        self.next_link = np.empty((len(costs), len(goals), nodes), dtype=np.int32)

    def need(self, mode: npt.NDArray[np.integer], destination: Int32Array) -> None:
        """Make the trees of these pairs of mode and destination unless they are there."""
        missing = ~self._is_grown[mode, destination]
        if missing.any():
            self._grow(np.unique(np.column_stack((mode[missing], destination[missing])), axis=0).astype(np.int32))

    def along(self, mode: int, destination: int, values: FloatArray) -> FloatArray:
        """Sum of the links' ``values`` on the route from each node, inf where there is no route."""
        self.need(np.array([mode]), np.array([destination], dtype=np.int32))
        total: FloatArray = _along(self.next_link[mode, destination], self._link_to, self._goals[destination], values)
        return total

    def time_s(self, mode: int, destination: int) -> FloatArray:
        """Free travel time from each node, inf where there is no route."""
        return self.along(mode, destination, self._costs[mode])

    def close(self, links: Int32Array, modes: tuple[int, ...]) -> None:
        """Take links out of the routes of some modes."""
        self._costs[np.ix_(np.array(modes, np.int32), links)] = np.inf
        pairs = np.argwhere(self._is_grown).astype(np.int32)
        nexts = self.next_link[pairs[:, :1], pairs[:, 1:], self._link_from[links]]
        self._grow(pairs[(nexts == links).any(axis=1)])

    def open(self, links: Int32Array) -> None:
        """Give closed links back to the routes."""
        self._costs[:, links] = self._free_costs[:, links]
        pairs = np.argwhere(self._is_grown).astype(np.int32)
        gains = [self._gains(int(mode), int(destination), links) for mode, destination in pairs]
        self._grow(pairs[np.array(gains, dtype=np.bool_)])

    def _gains(self, mode: int, destination: int, links: Int32Array) -> bool:
        """Whether a tree changes when links open: one shortens the way from its start, or ties and is lower."""
        time_s = self.time_s(mode, destination)
        now_s, then_s = time_s[self._link_from[links]], time_s[self._link_to[links]] + self._costs[mode, links]
        chosen = self.next_link[mode, destination, self._link_from[links]]
        ties = (then_s == now_s) & np.isfinite(now_s) & (links < chosen)
        return bool(((then_s < now_s) | ties).any())

    def _grow(self, pairs: Int32Array) -> None:
        _grow(self._inward, self._costs, self._goals, self.next_link, pairs)
        self._is_grown[pairs[:, 0], pairs[:, 1]] = True


def _inward(link_from: Int32Array, link_to: Int32Array, nodes: int) -> Inward:
    order = np.argsort(link_to, kind="stable").astype(np.int32)
    start = np.searchsorted(link_to[order], np.arange(nodes + 1)).astype(np.int32)
    return Inward(start=start, link=order, from_node=link_from[order])


@njit(cache=True)
def _grow(
    inward: Inward, costs: FloatArray, goals: Int32Array, next_link: npt.NDArray[np.int32], pairs: Int32Array
) -> None:
    """Dijkstra's method from each pair's goal against the direction of the links."""
    events = np.empty(len(inward.link) + 1, dtype=EVENT)
    counts = np.zeros(1, dtype=np.int64)
    time_s = np.empty(len(inward.start) - 1)
    for pair in range(len(pairs)):
        mode, destination = pairs[pair, 0], pairs[pair, 1]
        tree = next_link[mode, destination]
        tree[:] = NO_LINK
        time_s[:] = np.inf
        time_s[goals[destination]] = 0.0
        push(events, counts, 0.0, 0, goals[destination])
        while counts[0] > 0:
            reached_s, _, node = pop(events, counts)
            if reached_s > time_s[node]:
                continue
            for row in range(inward.start[node], inward.start[node + 1]):
                start, link = inward.from_node[row], inward.link[row]
                total_s = reached_s + costs[mode, link]
                if total_s < time_s[start]:
                    time_s[start] = total_s
                    tree[start] = link
                    push(events, counts, total_s, 0, start)
                elif total_s == time_s[start] and link < tree[start]:
                    tree[start] = link


@njit(cache=True)
def _along(tree: Int32Array, link_to: Int32Array, goal: int, values: FloatArray) -> FloatArray:
    total = np.full(len(tree), np.nan)
    total[goal] = 0.0
    path = np.empty(len(tree), dtype=np.int32)
    for first in range(len(tree)):
        node, steps = first, 0
        while np.isnan(total[node]):
            if tree[node] == NO_LINK:
                total[node] = np.inf
                break
            path[steps] = node
            steps += 1
            node = link_to[tree[node]]
        for step in range(steps - 1, -1, -1):
            link = tree[path[step]]
            total[path[step]] = total[link_to[link]] + values[link]
    return total
