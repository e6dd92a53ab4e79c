"""Draft: an undirected street plan in the making, before it becomes Roads."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


_LONGEST_CHAIN = 12
"""Rounds of merging bends: each at least halves a chain, so chains of 2 ** 12 bends become one street."""


@dataclass(frozen=True)
class Draft:
    """Nodes (metres) and two-way streets between them; ``highway`` is the class of each street."""

    x_m: FloatArray
    y_m: FloatArray
    a: IntArray
    b: IntArray
    length_m: FloatArray
    highway: npt.NDArray[np.str_]

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.x_m)

    def degree(self) -> IntArray:
        """Streets at each node."""
        return np.bincount(np.concatenate((self.a, self.b)), minlength=self.nodes)

    def components(self) -> IntArray:
        """Number of the connected part of each node."""
        links = coo_array((np.ones(len(self.a)), (self.a, self.b)), shape=(self.nodes, self.nodes))
        return np.asarray(connected_components(links, directed=False)[1], dtype=np.int64)

    def keep_nodes(self, keep: BoolArray) -> "Draft":
        """The plan without the other nodes and their streets."""
        row = np.cumsum(keep) - 1
        streets = keep[self.a] & keep[self.b]
        return Draft(
            self.x_m[keep],
            self.y_m[keep],
            row[self.a[streets]],
            row[self.b[streets]],
            self.length_m[streets],
            self.highway[streets],
        )

    def with_nodes(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> "Draft":
        """The plan with further nodes at its end."""
        return replace(self, x_m=np.append(self.x_m, x_m), y_m=np.append(self.y_m, y_m))

    def with_streets(self, a: npt.ArrayLike, b: npt.ArrayLike, *, highway: str, bend: float) -> "Draft":
        """The plan with further streets of one class, ``bend`` times as long as the straight line."""
        start, end = np.atleast_1d(np.asarray(a, dtype=np.int64)), np.atleast_1d(np.asarray(b, dtype=np.int64))
        straight = np.hypot(self.x_m[start] - self.x_m[end], self.y_m[start] - self.y_m[end])
        return replace(
            self,
            a=np.append(self.a, start),
            b=np.append(self.b, end),
            length_m=np.append(self.length_m, np.maximum(straight * bend, 1.0)),
            highway=np.append(self.highway, np.full(len(start), highway)),
        )

    def without_mere_bends(self) -> "Draft":
        """The plan with the two streets at each node of degree 2 made one, where that makes no ring or double street.

        Source: what OSMnx calls simplification (Boeing 2017), so that statistics can be compared.
        """
        plan = self
        for _ in range(_LONGEST_CHAIN):
            bends = plan._removable()
            if not bends.any():
                break
            plan = plan._merged_at(bends)
        return plan

    def _removable(self) -> BoolArray:
        """Nodes of degree 2, no two of them neighbours, whose neighbours differ and share no street yet."""
        bend: BoolArray = np.asarray(self.degree() == 2)
        # Of neighbouring bends the one with the lower row waits for the next round.
        both = bend[self.a] & bend[self.b]
        bend[np.minimum(self.a[both], self.b[both])] = False
        near = self._neighbours_of(bend)
        low, high = near.min(axis=1), near.max(axis=1)
        key, streets = low * self.nodes + high, np.minimum(self.a, self.b) * self.nodes + np.maximum(self.a, self.b)
        first = np.zeros(len(key), dtype=np.bool_)
        first[np.unique(key, return_index=True)[1]] = True
        fine = first & (low != high) & ~np.isin(key, streets)
        bend[np.flatnonzero(bend)[~fine]] = False
        return bend

    def _neighbours_of(self, bend: BoolArray) -> IntArray:
        """The two neighbours of each of these nodes, shape (n, 2)."""
        here, there = np.concatenate((self.a, self.b)), np.concatenate((self.b, self.a))
        order = np.argsort(here, kind="stable")
        order = order[bend[here[order]]]
        return there[order].reshape(-1, 2)

    def _merged_at(self, bend: BoolArray) -> "Draft":
        here = np.concatenate((self.a, self.b))
        street = np.tile(np.arange(len(self.a)), 2)
        order = np.argsort(here, kind="stable")
        order = order[bend[here[order]]]
        pairs, near = street[order].reshape(-1, 2), self._neighbours_of(bend)
        stays = np.ones(len(self.a), dtype=np.bool_)
        stays[pairs.ravel()] = False
        merged = replace(
            self,
            a=np.append(self.a[stays], near[:, 0]),
            b=np.append(self.b[stays], near[:, 1]),
            length_m=np.append(self.length_m[stays], self.length_m[pairs].sum(axis=1)),
            highway=np.append(self.highway[stays], self.highway[pairs[:, 0]]),
        )
        return merged.keep_nodes(~bend)
