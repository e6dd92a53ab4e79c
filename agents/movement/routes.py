"""Routes: for each kind of traveller and destination one tree of least times, made when it is first needed."""

import numpy as np
import numpy.typing as npt

from agents.movement.abreast import grow_abreast, make_room, times_to
from agents.movement.hierarchy import Hierarchy, Weights, make_hierarchy, weigh
from agents.movement.kernel import kernel
from agents.movement.trees import (
    BASE,
    BLOCK,
    NO_LINK,
    UNKNOWN,
    Tree,
    bucket_width_s,
    forget_each,
    grow_each,
    make_inward,
    make_search,
    make_trees,
    next_link,
)
from agents.movement.trips import FloatArray, Int32Array

_Index = int | npt.NDArray[np.integer]
_Rows = npt.NDArray[np.integer]

_NONE, _PART, _WHOLE = 0, 1, 2

_NOBODY = np.empty(0, dtype=np.int32)

TICK_S = 2.0**-16
"""Times are whole ticks (15 microseconds): any sum of them is exact, and ways that tie do so to the last bit."""

_MOST_TICKS = 2**53
"""A sum of ticks up to this is exact in 64 bits. Source: IEEE 754-2019, 3.6, binary64."""

_PARTS = 2
"""How often a part of a tree is searched before it is made whole.

Measured on a whole town's run: with 2 the searches reach 35 million nodes, with 1 38, without end 37. Confidence C.
"""


class Routes:
    """Trees of next links, kept true while links close, open and slow down.

    ``trees`` are by the numbers of nodes; ``number`` is that of each node, ``node`` the node of each. ``costs`` holds a
    row for each kind of traveller (on foot, by car, by car with news, ...): the time of each link, inf where the kind
    may not go. Of equal times the link of lower ``order`` leads on (the lower row if not given), so a tree depends on
    neither the rows of links nor those of nodes. A tree that was needed for some nodes only is true at them and on
    their ways, and wherever else the search came; elsewhere it is not to be read.

    Until a tree is needed whole, times change, or a kind travels whose times are ``changing``, each tree is searched
    from its goal; from then on there is a hierarchy, over which many are made together. Both make the same trees.
    """

    def __init__(
        self,
        ends: tuple[Int32Array, Int32Array],
        nodes: int,
        goals: Int32Array,
        costs: FloatArray,
        order: npt.NDArray[np.int64] | None = None,
        *,
        changing: tuple[int, ...] = (),
    ) -> None:
        self._link_from, self._link_to = ends
        self._goals = goals
        self._order = np.arange(len(self._link_from), dtype=np.int64) if order is None else order
        self._inward = make_inward(*ends, nodes, self._order)
        self.number, self.node = self._inward.number, self._inward.node
        self._search = make_search(nodes)
        self._free_costs = self._in_ticks(costs)
        self._is_closed = np.zeros(costs.shape, dtype=np.bool_)
        self._costs, self._inward_costs = np.empty_like(costs), np.empty_like(costs)
        self._width_s = np.ones(len(costs))
        self._hierarchy: Hierarchy | None = None
        self._is_changing = _among(changing, len(costs))
        self._weights: dict[int, Weights] = {}
        self._room = make_room(nodes)
        self._price(range(len(costs)))
        self._grown = np.full((len(costs), len(goals)), _NONE, dtype=np.int8)
        self._parts = np.zeros((len(costs), len(goals)), dtype=np.int16)
        self.trees = make_trees(len(costs), len(goals), nodes)

    @property
    def next_link(self) -> Int32Array:
        """A copy of all trees, ``[kind, destination, node]``, -1 where no link leads on; below that it is unknown."""
        kinds, goals, _ = self.trees.block.shape
        kind, destination, node = np.ix_(np.arange(kinds), np.arange(goals), np.arange(len(self.number)))
        return self._next(kind, destination, node)

    def _next(self, kind: _Index, destination: _Index, node: _Index) -> Int32Array:
        """The link that leads on in each tree from each node."""
        block, inside = np.divmod(self.number[node], BLOCK)
        place = np.asarray(self.trees.block[kind, destination, block], dtype=np.int64) * BLOCK + inside
        links: Int32Array = self.trees.links[place] - np.int32(BASE)
        return links

    def need(
        self, mode: npt.NDArray[np.integer], destination: Int32Array, node: npt.NDArray[np.integer] | None = None
    ) -> None:
        """Make the trees of these pairs of kind and destination unless they are there; with ``node`` from there only.

        With ``node``, one for each pair, a search ends when it has reached all that a tree is needed for. A tree that
        is needed from elsewhere again and again is made whole.
        """
        tree = np.asarray(mode, dtype=np.int64) * len(self._goals) + destination
        grown = self._grown.ravel()[tree]
        if node is None:
            self._grow_whole(tree[grown != _WHOLE])
            return
        part = np.flatnonzero(grown == _PART)
        unknown = self._next(mode[part], destination[part], node[part]) == UNKNOWN
        lacks = np.append(np.flatnonzero(grown == _NONE), part[unknown])
        if len(lacks):
            if self._is_changing[mode[lacks]].any():
                self._know_hierarchy()
            self._grow_parts(tree[lacks], np.asarray(node, dtype=np.int32)[lacks])

    def replan(
        self, costs: FloatArray, wanted: tuple[npt.NDArray[np.integer], Int32Array, Int32Array] | None = None
    ) -> None:
        """Take new times of the links; closed links stay closed.

        The trees of kinds whose times changed are made anew: all that there were, whole, or with ``wanted`` (kinds,
        destinations and nodes, as for ``need``) those alone, from those nodes.
        """
        ticks_s = self._in_ticks(costs)
        is_changed = (ticks_s != self._free_costs).any(axis=1)
        self._free_costs = ticks_s
        if is_changed.any():
            self._know_hierarchy()
            self._price(np.flatnonzero(is_changed).tolist())
        trees = np.flatnonzero(self._grown != _NONE)
        self._grown[is_changed] = _NONE
        if wanted is None:
            self._grow_whole(trees[is_changed[trees // len(self._goals)]])
        else:
            kinds, destinations, nodes = wanted
            afresh = is_changed[kinds]
            self.need(kinds[afresh], destinations[afresh], nodes[afresh])

    def along(self, mode: int, destination: int, values: FloatArray) -> FloatArray:
        """Sum of the links' ``values`` on the route from each node, inf where there is no route."""
        self.need(np.array([mode]), np.array([destination], dtype=np.int32))
        tree = (self.trees, mode, destination)
        total: FloatArray = _along(tree, self.number, self._link_to, self._goals[destination], values)
        return total

    def leads_on(self, mode: int, destination: int, node: int) -> bool:
        """Whether there is a route from a node."""
        self.need(np.array([mode]), np.array([destination], dtype=np.int32), np.array([node]))
        return bool(node == self._goals[destination] or self._next(mode, destination, node) != NO_LINK)

    def time_s(self, mode: int, destination: int) -> FloatArray:
        """Travel time from each node, inf where there is no route."""
        return self.along(mode, destination, self._costs[mode])

    def least_s(self, mode: int, destinations: Int32Array) -> FloatArray:
        """Travel time from each node to each of several destinations, inf where there is no route; no tree is kept."""
        times_s: FloatArray = times_to(self._ways(mode), self._goals[destinations], self._room)
        return times_s

    def close(self, links: Int32Array, modes: tuple[int, ...]) -> None:
        """Take links out of the routes of some kinds."""
        self._is_closed[np.ix_(np.array(modes, np.int32), links)] = True
        self._price(modes)
        pairs = np.argwhere(self._grown != _NONE)
        nexts = self._next(pairs[:, :1], pairs[:, 1:], self._link_from[links])
        self._grow_whole(self._rows(pairs[(nexts == links).any(axis=1)]))

    def open(self, links: Int32Array) -> None:
        """Give closed links back to the routes."""
        self._is_closed[:, links] = False
        # Trees are judged by the times along them before any is made anew.
        pairs = np.argwhere(self._grown != _NONE)
        times_s = [self.time_s(kind, destination) for kind, destination in pairs.tolist()]
        self._price(range(len(self._costs)))
        gains = [self._gains(tree, links, time_s) for tree, time_s in zip(pairs.tolist(), times_s, strict=True)]
        self._grow_whole(self._rows(pairs[np.array(gains, dtype=np.bool_)]))

    def _gains(self, tree: list[int], links: Int32Array, time_s: FloatArray) -> bool:
        """Whether a tree changes when links open: one shortens the way from its start, or ties and ranks lower."""
        mode, destination = tree
        now_s, then_s = time_s[self._link_from[links]], time_s[self._link_to[links]] + self._costs[mode, links]
        chosen = self._next(mode, destination, self._link_from[links])
        ties = (then_s == now_s) & np.isfinite(now_s) & (self._order[links] < self._order[chosen])
        return bool(((then_s < now_s) | ties).any())

    def _price(self, kinds: range | list[int] | tuple[int, ...]) -> None:
        for kind in kinds:
            self._costs[kind] = np.where(self._is_closed[kind], np.inf, self._free_costs[kind])
            self._weights.pop(kind, None)
            if self._hierarchy is None:
                self._inward_costs[kind] = self._costs[kind][self._inward.link]
                self._width_s[kind] = bucket_width_s(self._costs[kind])

    def _in_ticks(self, costs: FloatArray) -> FloatArray:
        """Times in whole ticks, at least one and so few that the sum over any way is exact; inf stays."""
        most_s = TICK_S * (_MOST_TICKS // max(len(self.number), 1))
        ticks_s = np.clip(np.round(costs / TICK_S) * TICK_S, TICK_S, most_s)
        return np.where(np.isfinite(costs), ticks_s, np.inf)

    def _know_hierarchy(self) -> Hierarchy:
        if self._hierarchy is None:
            self._hierarchy = make_hierarchy((self._link_from, self._link_to), len(self.number), self._order)
        return self._hierarchy

    def _ways(self, kind: int) -> tuple[Hierarchy, Weights]:
        """The hierarchy, and a kind's weights on it."""
        hierarchy = self._know_hierarchy()
        if kind not in self._weights:
            self._weights[kind] = weigh(hierarchy, self._costs[kind])
        return hierarchy, self._weights[kind]

    def _rows(self, pairs: _Rows) -> _Rows:
        """Rows of trees, one after another, by their kinds and destinations."""
        return np.asarray(pairs[:, 0] * len(self._goals) + pairs[:, 1])

    def _grow_whole(self, trees: _Rows) -> None:
        trees = np.unique(trees)
        self._grown.reshape(-1)[trees] = _WHOLE
        self._grow_abreast(trees, _NOBODY, np.zeros(len(trees) + 1, dtype=np.int64))

    def _grow_parts(self, tree: _Rows, node: Int32Array) -> None:
        """Make trees for nodes that they do not know, each beside its tree."""
        grown, parts = self._grown.reshape(-1), self._parts.reshape(-1)
        is_whole = (grown[tree] == _PART) & (parts[tree] == _PARTS)
        self._grow_whole(tree[is_whole])
        tree, node = tree[~is_whole], node[~is_whole]
        order = np.argsort(tree.astype(np.min_scalar_type(grown.size)), kind="stable")
        starts = np.flatnonzero(np.diff(tree[order], prepend=-1))
        trees = tree[order][starts]
        fresh = trees[grown[trees] == _NONE]
        forget_each(self.trees, fresh // len(self._goals), fresh % len(self._goals))
        parts[fresh] = 0
        grow = self._search_for if self._hierarchy is None else self._grow_abreast
        grow(trees, node[order], np.append(starts, len(tree)))
        grown[trees] = _PART
        parts[trees] += 1

    def _search_for(self, trees: _Rows, nodes: Int32Array, starts: npt.NDArray[np.int64]) -> None:
        asked = (trees.astype(np.int64), nodes, starts)
        grow_each(self._inward, (self._inward_costs, self._width_s), self._goals, self._search, self.trees, asked)

    def _grow_abreast(self, trees: _Rows, nodes: Int32Array, starts: npt.NDArray[np.int64]) -> None:
        kinds, destinations = np.divmod(trees, len(self._goals))
        for kind in np.unique(kinds).tolist():
            ways = self._ways(kind)
            mine = np.flatnonzero(kinds == kind)
            # Goals that stand near one another in the hierarchy have most of what is above them in common.
            mine = mine[np.argsort(ways[0].place[self._goals[destinations[mine]]], kind="stable")]
            grown = (self.trees, kind, destinations[mine].astype(np.int32))
            asked = (nodes, starts[mine], starts[mine + 1])
            names = (self.number[ways[0].node], self._goals)
            grow_abreast(ways, self._room, names, grown, asked)


def _among(kinds: tuple[int, ...], number: int) -> npt.NDArray[np.bool_]:
    found = np.zeros(number, dtype=np.bool_)
    found[list(kinds)] = True
    return found


@kernel()
def _along(tree: Tree, number: Int32Array, link_to: Int32Array, goal: int, values: FloatArray) -> FloatArray:
    trees, kind, destination = tree
    total = np.full(len(number), np.nan)
    total[goal] = 0.0
    path, links = np.empty(len(number), dtype=np.int32), np.empty(len(number), dtype=np.int32)
    for first in range(len(number)):
        node, steps = first, 0
        while np.isnan(total[node]):
            link = next_link(trees, kind, destination, number[node])
            if link == NO_LINK:
                total[node] = np.inf
                break
            path[steps], links[steps] = node, link
            steps += 1
            node = link_to[link]
        for step in range(steps - 1, -1, -1):
            total[path[step]] = total[link_to[links[step]]] + values[links[step]]
    return total
