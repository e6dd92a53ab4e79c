"""Trees of least time to a node, compiled: buckets of time, and inside a bucket corrections until nothing improves.

Of links that tie the one of lower rank leads on. Nodes are numbered by neighbourhood, so that a search stays in the
cache, and it ends as soon as all nodes that were asked for are reached.

Source: Meyer, Sanders (2003), "Delta-stepping: a parallelizable shortest path algorithm"; Cuthill, McKee (1969) for
the numbering.
"""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from agents.movement.kernel import kernel, part
from agents.movement.prefetch import prefetch
from agents.movement.trips import FloatArray, Int32Array

NO_LINK = -1

BASE = 2
"""A tree holds the numbers of links plus this: memory that was never touched, zero, tells of nodes not known."""

UNKNOWN = -BASE
"""Next link of a node that a tree does not know yet."""

BLOCK_BITS = 6
BLOCK = 1 << BLOCK_BITS
"""Nodes in a block of a tree: a tree is kept only where it is known, and most are known nearby."""
_INSIDE = BLOCK - 1

_BUCKETS = 256
"""Buckets before the far one; the time of a search hardly depends on it."""

_NOWHERE = -1

REACHED, WANTED = 0, 1
"""Rows of ``Search.counts``."""

Lists = tuple[Int32Array, Int32Array, Int32Array, Int32Array]
"""heads, place, before and behind of a Search."""

Marks = tuple[npt.NDArray[np.bool_], npt.NDArray[np.bool_], Int32Array, npt.NDArray[np.int64]]
"""is_reached, is_wanted, reached and counts of a Search."""


class Inward(NamedTuple):
    """The links that end at each node, nodes in their own numbering.

    Rows ``start[n]`` to ``start[n + 1]`` belong to node n: ``from_node``, ``rank`` by which ties are broken, and
    ``link``. ``number`` is the number of each node, ``node`` the node of each number, ``link_of`` the link of each
    rank.
    """

    start: Int32Array
    from_node: Int32Array
    rank: Int32Array
    link: Int32Array
    number: Int32Array
    node: Int32Array
    link_of: Int32Array


class Trees(NamedTuple):
    """Next links plus BASE: of node n of tree ``[kind, destination]`` that in ``block[kind, destination, n >> 6]``.

    Nodes have the numbers of Inward. Row 0 of ``links`` is the block of what is not known; ``used`` is how many are
    taken.
    """

    block: npt.NDArray[np.int32]
    links: Int32Array
    used: npt.NDArray[np.int64]


Tree = tuple[Trees, int, int]
"""One of the trees: its kind and destination."""


class Search(NamedTuple):
    """Room of one search, empty between searches.

    ``place`` is the bucket of each node that waits; ``before`` and ``behind`` are its neighbours there, ``heads`` the
    first of each bucket, ``reached`` the nodes taken out so far and ``counts`` how many, and how many are still wanted.
    """

    time_s: FloatArray
    rank: Int32Array
    place: Int32Array
    before: Int32Array
    behind: Int32Array
    heads: Int32Array
    reached: Int32Array
    is_reached: npt.NDArray[np.bool_]
    is_wanted: npt.NDArray[np.bool_]
    counts: npt.NDArray[np.int64]


def make_inward(link_from: Int32Array, link_to: Int32Array, nodes: int, order: npt.NDArray[np.int64]) -> Inward:
    """The links by the node they end at; ``order`` ranks them where times tie, equal ranks by row."""
    graph = csr_array((np.ones(len(link_from), dtype=np.int8), (link_from, link_to)), shape=(nodes, nodes))
    node = np.asarray(reverse_cuthill_mckee(graph, symmetric_mode=False), dtype=np.int32)
    number = np.empty(nodes, dtype=np.int32)
    number[node] = np.arange(nodes, dtype=np.int32)
    link_of = np.argsort(order, kind="stable").astype(np.int32)
    rank = np.empty(len(order), dtype=np.int32)
    rank[link_of] = np.arange(len(order), dtype=np.int32)
    end = number[link_to]
    link = np.argsort(end, kind="stable").astype(np.int32)
    start = np.searchsorted(end[link], np.arange(nodes + 1)).astype(np.int32)
    return Inward(start, number[link_from[link]], rank[link], link, number, node, link_of)


def make_trees(kinds: int, goals: int, nodes: int) -> Trees:
    """Trees that know nothing; memory is touched, and so taken, where one is written."""
    blocks = -(-nodes // BLOCK)
    return Trees(
        block=np.zeros((kinds, goals, blocks), dtype=np.int32),
        links=np.zeros((kinds * goals * blocks + 1) * BLOCK, dtype=np.int32),
        used=np.ones(1, dtype=np.int64),
    )


@kernel(_nrt=False, forceinline=True)
def next_link(trees: Trees, kind: int, destination: int, number: int) -> int:
    """The link that leads on from a node, by its number; NO_LINK where none does."""
    block = np.int64(trees.block[kind, destination, number >> BLOCK_BITS])
    link: int = trees.links[(block << BLOCK_BITS) | (number & _INSIDE)] - BASE
    return link


@part
def fetch_block(trees: Trees, kind: int, destination: int, number: int) -> None:
    """Ask memory for where the link that leads on is kept."""
    _, destinations, blocks = trees.block.shape
    prefetch(trees.block, (kind * destinations + destination) * blocks + (number >> BLOCK_BITS), 0)


@part
def fetch_next(trees: Trees, kind: int, destination: int, number: int) -> None:
    """Ask memory for the link that leads on."""
    block = np.int64(trees.block[kind, destination, number >> BLOCK_BITS])
    prefetch(trees.links, (block << BLOCK_BITS) | (number & _INSIDE), 0)


@kernel(_nrt=False)
def forget_each(trees: Trees, kinds: npt.NDArray[np.int64], destinations: npt.NDArray[np.int64]) -> None:
    """Make all of some trees unknown; they keep their blocks."""
    for row in range(len(kinds)):
        for block in trees.block[kinds[row], destinations[row]]:
            if block != 0:
                first = np.int64(block) << BLOCK_BITS
                trees.links[first : first + BLOCK] = UNKNOWN + BASE


def make_search(nodes: int) -> Search:
    """Room for a search of so many nodes."""
    return Search(
        time_s=np.full(nodes, np.inf),
        rank=np.full(nodes, NO_LINK, dtype=np.int32),
        place=np.full(nodes, _NOWHERE, dtype=np.int32),
        before=np.full(nodes, _NOWHERE, dtype=np.int32),
        behind=np.full(nodes, _NOWHERE, dtype=np.int32),
        heads=np.full(_BUCKETS + 1, _NOWHERE, dtype=np.int32),
        reached=np.empty(nodes, dtype=np.int32),
        is_reached=np.zeros(nodes, dtype=np.bool_),
        is_wanted=np.zeros(nodes, dtype=np.bool_),
        counts=np.zeros(2, dtype=np.int64),
    )


def bucket_width_s(costs: FloatArray) -> float:
    """Width of a bucket for these times of links: half their median."""
    finite = costs[np.isfinite(costs) & (costs > 0.0)]
    return max(float(np.median(finite)) / 2.0, np.finfo(np.float64).tiny) if len(finite) else 1.0


@kernel(_nrt=False)
def grow_each(
    inward: Inward,
    prices: tuple[FloatArray, FloatArray],
    goals: Int32Array,
    search: Search,
    trees: Trees,
    asked: tuple[npt.NDArray[np.int64], Int32Array, npt.NDArray[np.int64]],
) -> None:
    """Grow parts of several trees.

    ``prices`` are the costs and the width of a bucket for each kind; ``asked`` are rows of trees, kind by kind, the
    nodes wanted of all, and where those of each begin and end.
    """
    costs, width_s = prices
    rows, wanted, starts = asked
    for place in range(len(rows)):
        kind, destination = divmod(rows[place], len(goals))
        ends = (goals[destination], wanted[starts[place] : starts[place + 1]])
        _grow(inward, costs[kind], width_s[kind], ends, search, (trees, kind, destination))


@kernel(_nrt=False)
def _grow(
    inward: Inward, costs: FloatArray, width_s: float, ends: tuple[int, Int32Array], search: Search, tree: Tree
) -> None:
    """Write the part of a tree: the link that leads on from each node, NO_LINK where none does.

    ``ends`` are the goal and the nodes that are wanted; they and all nodes on their ways are written (others may be).
    ``costs`` are in the order of ``inward``.
    """
    goal, wanted = ends
    _want(inward, wanted, search)
    _seek(inward, costs, width_s, goal, search)
    _write(inward, wanted, search, tree)
    _clear(inward, wanted, search)


@kernel(_nrt=False)
def _seek(inward: Inward, costs: FloatArray, width_s: float, goal: int, search: Search) -> None:
    """Search from a goal until all who are wanted are reached."""
    first = inward.number[goal]
    search.time_s[first] = 0.0
    _put((search.heads, search.place, search.before, search.behind), first, 0)
    base_s = 0.0
    while base_s < np.inf:
        _sweep(inward, costs, search, base_s, width_s)
        base_s = _bring_near(search, width_s) if search.counts[WANTED] != 0 else np.inf


@kernel(_nrt=False)
def _want(inward: Inward, wanted: Int32Array, search: Search) -> None:
    """Count the nodes that must be reached."""
    search.counts[REACHED] = search.counts[WANTED] = 0
    for node in wanted:
        number = inward.number[node]
        if not search.is_wanted[number]:
            search.is_wanted[number] = True
            search.counts[WANTED] += 1


@kernel(_nrt=False)
def _sweep(inward: Inward, costs: FloatArray, search: Search, base_s: float, width_s: float) -> None:
    """Empty all buckets but the far one, each until nothing more comes into it; stop when all wanted are reached."""
    # Arrays stand in variables: taking them out of a tuple in the loop costs as much as the loop.
    start, from_node, ranks = inward.start, inward.from_node, inward.rank
    time_s, rank, place, heads, behind = search.time_s, search.rank, search.place, search.heads, search.behind
    is_reached, per_s, end_s = search.is_reached, 1.0 / width_s, base_s + _BUCKETS * width_s
    lists = (heads, place, search.before, behind)
    marks = (is_reached, search.is_wanted, search.reached, search.counts)
    for bucket in range(_BUCKETS):
        while heads[bucket] != _NOWHERE:
            node = heads[bucket]
            heads[bucket] = _NOWHERE
            while node != _NOWHERE:
                place[node] = _NOWHERE
                if not is_reached[node]:
                    _reach(marks, node)
                now_s = time_s[node]
                for row in range(start[node], start[node + 1]):
                    total_s, other = now_s + costs[row], from_node[row]
                    if total_s < time_s[other]:
                        time_s[other], rank[other] = total_s, ranks[row]
                        near = _bucket(total_s - base_s, per_s) if total_s < end_s else _BUCKETS
                        if place[other] != near:
                            _take(lists, other)
                            _put(lists, other, near)
                    elif total_s == time_s[other] and ranks[row] < rank[other]:
                        rank[other] = ranks[row]
                node = behind[node]
        if search.counts[WANTED] == 0:
            return


@kernel(_nrt=False)
def _bucket(after_s: float, per_s: float) -> int:
    return min(int(after_s * per_s), _BUCKETS - 1)


@kernel(_nrt=False)
def _reach(marks: Marks, node: int) -> None:
    is_reached, is_wanted, reached, counts = marks
    is_reached[node] = True
    reached[counts[REACHED]] = node
    counts[REACHED] += 1
    if is_wanted[node]:
        is_wanted[node] = False
        counts[WANTED] -= 1


@kernel(_nrt=False)
def _put(lists: Lists, node: int, bucket: int) -> None:
    heads, place, before, behind = lists
    head = heads[bucket]
    behind[node], before[node] = head, _NOWHERE
    if head != _NOWHERE:
        before[head] = node
    heads[bucket], place[node] = node, bucket


@kernel(_nrt=False)
def _take(lists: Lists, node: int) -> None:
    heads, place, before, behind = lists
    if place[node] == _NOWHERE:
        return
    if before[node] == _NOWHERE:
        heads[place[node]] = behind[node]
    else:
        behind[before[node]] = behind[node]
    if behind[node] != _NOWHERE:
        before[behind[node]] = before[node]


@kernel(_nrt=False)
def _bring_near(search: Search, width_s: float) -> float:
    """Spread the nearer part of the far bucket over the buckets; the time at which they begin, inf if nobody waits."""
    lists = (search.heads, search.place, search.before, search.behind)
    first = search.heads[_BUCKETS]
    search.heads[_BUCKETS] = _NOWHERE
    base_s, node = np.inf, first
    while node != _NOWHERE:
        base_s = min(base_s, search.time_s[node])
        node = search.behind[node]
    per_s, end_s, node = 1.0 / width_s, base_s + _BUCKETS * width_s, first
    while node != _NOWHERE:
        behind, time_s = search.behind[node], search.time_s[node]
        # A time so great that the width of all buckets is lost in it is in the first.
        is_near = time_s < end_s or time_s == base_s
        _put(lists, node, _bucket(time_s - base_s, per_s) if is_near else _BUCKETS)
        node = behind
    return base_s


@kernel(_nrt=False)
def _write(inward: Inward, wanted: Int32Array, search: Search, tree: Tree) -> None:
    for row in range(search.counts[REACHED]):
        number = search.reached[row]
        rank = search.rank[number]
        put_link(tree, number, NO_LINK if rank == NO_LINK else inward.link_of[rank])
    for node in wanted:
        if not search.is_reached[inward.number[node]]:
            put_link(tree, inward.number[node], NO_LINK)


@kernel(_nrt=False, forceinline=True)
def put_link(tree: Tree, number: int, link: int) -> None:
    """Write the link that leads on from a node, by its number."""
    trees, kind, destination = tree
    block = trees.block[kind, destination, number >> BLOCK_BITS]
    if block == 0:
        block = trees.used[0]
        trees.used[0] = block + 1
        trees.block[kind, destination, number >> BLOCK_BITS] = block
    trees.links[(np.int64(block) << BLOCK_BITS) | (number & _INSIDE)] = link + BASE


@kernel(_nrt=False)
def _clear(inward: Inward, wanted: Int32Array, search: Search) -> None:
    """Leave the room empty."""
    for bucket in range(_BUCKETS + 1):
        node = search.heads[bucket]
        search.heads[bucket] = _NOWHERE
        while node != _NOWHERE:
            _forget(search, node)
            node = search.behind[node]
    for row in range(search.counts[REACHED]):
        _forget(search, search.reached[row])
    for node in wanted:
        search.is_wanted[inward.number[node]] = False


@kernel(_nrt=False)
def _forget(search: Search, node: int) -> None:
    search.time_s[node], search.rank[node], search.place[node] = np.inf, NO_LINK, _NOWHERE
    search.is_reached[node] = False
