"""The way of each trip: shortest free travel time by car, shortest length on foot. All simulators get the same ways."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from movement_bench.workload import CAR, FOOT, FloatArray, Int32Array, Workload


@dataclass(frozen=True)
class Ways:
    """Links of trip k in order: rows ``start[k]`` to ``start[k + 1]`` of ``link``."""

    start: npt.NDArray[np.int64]
    link: Int32Array

    def save(self, path: Path) -> None:
        """Write both arrays."""
        np.savez(path, start=self.start, link=self.link)


def ways_of(work: Workload) -> Ways:
    """The links that each trip drives or walks."""
    cost = {CAR: work.length_m / work.free_speed_mps, FOOT: work.length_m}
    trips, steps, links = [], [], []
    for mode in (FOOT, CAR):
        for goal in np.unique(work.destination_node[work.mode == mode]).tolist():
            chosen = np.flatnonzero((work.mode == mode) & (work.destination_node == goal))
            onward = _onward(work, cost[mode], goal)
            for step, (rows, link) in enumerate(_followed(work, chosen, onward)):
                trips.append(rows)
                links.append(link)
                steps.append(np.full(len(rows), step))
    trip, step, link = np.concatenate(trips), np.concatenate(steps), np.concatenate(links)
    order = np.lexsort((step, trip))
    start = np.searchsorted(trip[order], np.arange(work.trips + 1))
    return Ways(start.astype(np.int64), link[order].astype(np.int32))


def _followed(
    work: Workload, rows: npt.NDArray[np.int64], onward: Int32Array
) -> list[tuple[npt.NDArray[np.int64], Int32Array]]:
    """Step by step: who still is under way, and the link each takes."""
    node = work.origin_node[rows]
    taken = []
    while True:
        moves = onward[node] >= 0
        rows, node = rows[moves], node[moves]
        if len(rows) == 0:
            return taken
        taken.append((rows, onward[node]))
        node = work.link_to[onward[node]]


def _onward(work: Workload, cost: FloatArray, goal: int) -> Int32Array:
    """The next link from each node, -1 at the goal and where no way leads."""
    order = np.lexsort((np.arange(len(cost)), cost))
    key = work.link_from.astype(np.int64) * len(work.node_x_m) + work.link_to
    pairs, first = np.unique(key[order], return_index=True)
    best = order[first]
    # Against the direction of the links, from the goal.
    shape = (len(work.node_x_m),) * 2
    graph = csr_array((cost[best], (work.link_to[best], work.link_from[best])), shape=shape)
    before = np.asarray(dijkstra(graph, indices=goal, return_predecessors=True)[1], dtype=np.int64)
    known = before >= 0
    onward = np.full(len(before), -1, dtype=np.int32)
    wanted = np.flatnonzero(known) * shape[0] + before[known]
    onward[known] = best[np.searchsorted(pairs, wanted)]
    return onward
