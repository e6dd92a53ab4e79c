"""Roads: the street graph, as arrays inside and as a networkx graph outside."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from twin.errors import InvalidTown

if TYPE_CHECKING:
    import networkx as nx

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]

_LINK_COLUMNS: Mapping[str, type] = {
    "length_m": np.float64,
    "free_speed_mps": np.float64,
    "lanes": np.float64,
    "capacity_vps": np.float64,
    "car_allowed": np.bool_,
    "walk_allowed": np.bool_,
}


@dataclass(frozen=True)
class Bends:
    """Points between the ends of links, for drawing only.

    The points of link k are rows ``start[k]`` to ``start[k + 1] - 1`` of ``x_m`` and ``y_m``.
    """

    start: IntArray
    x_m: FloatArray
    y_m: FloatArray

    def of(self, link: int) -> FloatArray:
        """Points of one link, shape (n, 2)."""
        rows = slice(int(self.start[link]), int(self.start[link + 1]))
        return np.column_stack((self.x_m[rows], self.y_m[rows]))

    def picked(self, links: npt.NDArray[np.integer]) -> "Bends":
        """Bends of some links, in the order given."""
        count = np.diff(self.start)[links]
        start = np.concatenate(([0], np.cumsum(count))).astype(np.int32)
        rows = np.repeat(self.start[links] - start[:-1], count) + np.arange(int(start[-1]))
        return Bends(start, self.x_m[rows], self.y_m[rows])

    def with_reversed(self, links: npt.NDArray[np.integer]) -> "Bends":
        """All bends, and then those of some links seen from the other end."""
        more = self.picked(links)
        ends = np.repeat(more.start[:-1] + more.start[1:] - 1, np.diff(more.start))
        rows = ends - np.arange(len(more.x_m))
        start = np.concatenate((self.start, self.start[-1] + more.start[1:])).astype(np.int32)
        return Bends(start, np.append(self.x_m, more.x_m[rows]), np.append(self.y_m, more.y_m[rows]))


@dataclass(frozen=True)
class Roads:
    """Directed links between nodes; one row of each array is one node or one link.

    A link's ``capacity_vps`` (vehicles/s) and ``lanes`` hold for the whole link in its direction. ``reverse`` is the
    row of the link that runs back between the same nodes, -1 on one-way streets. ``bends`` are for drawing; without
    them links are drawn straight.

    Raises:
        InvalidTown: The arrays contradict one another; the message lists every fault.
    """

    node_x_m: FloatArray
    node_y_m: FloatArray
    link_from: IntArray
    link_to: IntArray
    length_m: FloatArray
    free_speed_mps: FloatArray
    lanes: FloatArray
    capacity_vps: FloatArray
    car_allowed: BoolArray
    walk_allowed: BoolArray
    highway: tuple[str, ...]
    is_synthetic: bool = False
    bends: Bends | None = None

    def __post_init__(self) -> None:
        """Check lengths, rows and ranges."""
        faults = _shape_faults(self) or _value_faults(self)
        if faults:
            raise InvalidTown("\n".join(faults))

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_x_m)

    @property
    def links(self) -> int:
        """Number of directed links."""
        return len(self.link_from)

    @cached_property
    def reverse(self) -> IntArray:
        """Row of the link that runs back, -1 where there is none; parallel links pair off in their order."""
        forth = np.lexsort((np.arange(self.links), self.link_to, self.link_from))
        back = np.lexsort((np.arange(self.links), self.link_from, self.link_to))
        rank = np.empty(self.links, dtype=np.int64)
        pair = self.link_from.astype(np.int64) * self.nodes + self.link_to
        rank[forth] = _rank_in_run(pair[forth])
        mirrored = self.link_to.astype(np.int64) * self.nodes + self.link_from
        mirrored_rank = np.empty(self.links, dtype=np.int64)
        mirrored_rank[back] = _rank_in_run(mirrored[back])
        keys, wanted = pair[forth] * self.links + rank[forth], mirrored * self.links + mirrored_rank
        place = np.minimum(np.searchsorted(keys, wanted), self.links - 1)
        return np.where(keys[place] == wanted, forth[place], -1).astype(np.int32)

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(np.column_stack((self.node_x_m, self.node_y_m)))

    def nearest_node(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> IntArray:
        """Row of the nearest node for each point."""
        points = np.column_stack((np.atleast_1d(x_m), np.atleast_1d(y_m)))
        return np.asarray(self._tree.query(points)[1], dtype=np.int32)

    def distance_to_node_m(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> FloatArray:
        """Straight distance from each point to the nearest node, in metres."""
        points = np.column_stack((np.atleast_1d(x_m), np.atleast_1d(y_m)))
        return np.asarray(self._tree.query(points)[0], dtype=np.float64)

    def link_points(self, link: int) -> FloatArray:
        """The line of a link from end to end, shape (n, 2) in metres."""
        ends = np.array([self.link_from[link], self.link_to[link]])
        line = np.column_stack((self.node_x_m[ends], self.node_y_m[ends]))
        return line if self.bends is None else np.vstack((line[:1], self.bends.of(link), line[1:]))

    def length_matrix(self, allowed: BoolArray) -> csr_array:
        """Shortest direct link between nodes over the allowed links, shape (nodes, nodes), for scipy's searches."""
        order = np.lexsort((self.length_m, self.link_to, self.link_from))
        order = order[allowed[order]]
        a, b = self.link_from[order], self.link_to[order]
        first = np.concatenate(([True], (a[1:] != a[:-1]) | (b[1:] != b[:-1])))[: len(order)]
        rows = order[first]
        shape = (self.nodes, self.nodes)
        return csr_array((self.length_m[rows], (self.link_from[rows], self.link_to[rows])), shape=shape)

    def strong_parts(self, allowed: BoolArray) -> IntArray:
        """Number of the strongly connected part of each node, over the allowed links only."""
        ends = (self.link_from[allowed], self.link_to[allowed])
        graph = coo_array((np.ones(int(allowed.sum())), ends), shape=(self.nodes, self.nodes))
        return np.asarray(connected_components(graph, connection="strong")[1], dtype=np.int32)

    def keep_nodes(self, keep: BoolArray) -> "Roads":
        """The roads between the nodes kept; rows move up."""
        row = (np.cumsum(keep) - 1).astype(np.int32)
        links = np.flatnonzero(keep[self.link_from] & keep[self.link_to])
        return Roads(
            node_x_m=self.node_x_m[keep],
            node_y_m=self.node_y_m[keep],
            link_from=row[self.link_from[links]],
            link_to=row[self.link_to[links]],
            highway=tuple(self.highway[link] for link in links.tolist()),
            is_synthetic=self.is_synthetic,
            bends=None if self.bends is None else self.bends.picked(links),
            **{name: getattr(self, name)[links] for name in _LINK_COLUMNS},
        )

    def to_networkx(self) -> "nx.MultiDiGraph[int]":
        """The same roads as a graph: nodes are rows with ``x_m``, ``y_m``; edges carry every column of their link."""
        import networkx as nx  # noqa: PLC0415 - a fifth of a second, for graphs alone

        graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(is_synthetic=self.is_synthetic)
        places = zip(self.node_x_m.tolist(), self.node_y_m.tolist(), strict=True)
        graph.add_nodes_from((row, {"x_m": x_m, "y_m": y_m}) for row, (x_m, y_m) in enumerate(places))
        columns = {name: getattr(self, name).tolist() for name in _LINK_COLUMNS}
        for link, (start, end) in enumerate(zip(self.link_from.tolist(), self.link_to.tolist(), strict=True)):
            facts = {name: column[link] for name, column in columns.items()}
            if self.bends is not None:
                facts["bends"] = self.bends.of(link).tolist()
            graph.add_edge(start, end, key=link, highway=self.highway[link], **facts)
        return graph

    @staticmethod
    def from_networkx(graph: "nx.MultiDiGraph[Any]") -> "Roads":
        """Roads of a graph like that of ``to_networkx``; links keep the order of their keys where these are numbers.

        Raises:
            InvalidTown: A node or an edge lacks an attribute; the message lists the first of each kind.
        """
        edges = list(graph.edges(keys=True, data=True))
        faults = _missing(list(graph.nodes(data=True)), ("x_m", "y_m"), "node")
        faults += _missing([(edge[:3], edge[3]) for edge in edges], (*_LINK_COLUMNS, "highway"), "edge")
        if faults:
            raise InvalidTown("\n".join(faults))
        if len({edge[2] for edge in edges}) == len(edges) and all(isinstance(edge[2], int) for edge in edges):
            edges.sort(key=lambda edge: int(edge[2]))
        row = {node: number for number, node in enumerate(graph)}
        facts = [edge[3] for edge in edges]
        return Roads(
            node_x_m=np.array([graph.nodes[node]["x_m"] for node in graph], dtype=np.float64),
            node_y_m=np.array([graph.nodes[node]["y_m"] for node in graph], dtype=np.float64),
            link_from=np.array([row[edge[0]] for edge in edges], dtype=np.int32),
            link_to=np.array([row[edge[1]] for edge in edges], dtype=np.int32),
            highway=tuple(str(fact["highway"]) for fact in facts),
            is_synthetic=bool(graph.graph.get("is_synthetic", False)),
            bends=bends_of([fact["bends"] for fact in facts]) if facts and "bends" in facts[0] else None,
            **{name: np.array([fact[name] for fact in facts], dtype=dtype) for name, dtype in _LINK_COLUMNS.items()},
        )


def bends_of(lines: list[list[list[float]]]) -> Bends:
    """Bends of links from the points [x, y] of each."""
    start = np.concatenate(([0], np.cumsum([len(line) for line in lines]))).astype(np.int32)
    points = np.array([point for line in lines for point in line], dtype=np.float64).reshape(-1, 2)
    return Bends(start, points[:, 0], points[:, 1])


def _rank_in_run(values: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """How often the same value stood before in a run of equal values."""
    rows = np.arange(len(values))
    begins = np.concatenate(([True], values[1:] != values[:-1]))[: len(values)]
    return rows - np.maximum.accumulate(np.where(begins, rows, 0))


def _missing(holders: list[tuple[Any, dict[str, Any]]], names: tuple[str, ...], kind: str) -> list[str]:
    faults = []
    for name in names:
        bare = [holder for holder, facts in holders if name not in facts]
        if bare:
            faults.append(f"{kind} {bare[0]!r} and {len(bare) - 1} more have no attribute {name!r}; give it to each")
    return faults


def _shape_faults(roads: Roads) -> list[str]:
    columns = {name: getattr(roads, name) for name in ("link_to", *_LINK_COLUMNS, "highway")}
    faults = [
        f"roads: column {name} has {len(column)} rows for {roads.links} links; make them equal"
        for name, column in columns.items()
        if len(column) != roads.links
    ]
    if len(roads.node_y_m) != roads.nodes:
        faults.append(f"roads: node_y_m has {len(roads.node_y_m)} rows for {roads.nodes} nodes; make them equal")
    if roads.bends is not None and len(roads.bends.start) != roads.links + 1:
        faults.append(f"roads: bends are for {len(roads.bends.start) - 1} links, not for {roads.links}")
    return faults


def _value_faults(roads: Roads) -> list[str]:
    ends = np.stack((roads.link_from, roads.link_to))
    car = roads.car_allowed
    checks = (
        (~np.isfinite(roads.node_x_m) | ~np.isfinite(roads.node_y_m), "a node's place is not a finite number"),
        (((ends < 0) | (ends >= roads.nodes)).any(axis=0), "a link ends at a node that does not exist"),
        (roads.link_from == roads.link_to, "a link ends where it begins"),
        (~(np.isfinite(roads.length_m) & (roads.length_m > 0.0)), "a link's length is not above 0 m"),
        (car & ~(roads.free_speed_mps > 0.0), "cars may use a link without a speed above 0 m/s"),
        (car & ~((roads.lanes > 0.0) & (roads.capacity_vps > 0.0)), "cars may use a link without lanes or capacity"),
    )
    return [
        f"roads: {text}: row {int(np.flatnonzero(bad)[0])} and {int(bad.sum()) - 1} more; mend or drop them"
        for bad, text in checks
        if bad.any()
    ]
