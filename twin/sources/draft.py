"""Draft: an undirected street plan in the making, before it becomes Roads."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


_SCATTER = 2654435761
"""Odd multiplier that scatters rows over 32 bits. Source: Knuth, The Art of Computer Programming, vol. 3, 6.4."""


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

    def without_mere_bends(self, keep: BoolArray) -> "Draft":
        """The plan with the two streets at each node of degree 2 made one, where that makes no ring or double street.

        Nodes to ``keep`` stay, whatever their degree.
        Source: what OSMnx calls simplification (Boeing 2017), so that statistics can be compared.
        """
        plan = self
        bends = _removable(plan, keep)
        while bends.any():
            plan, keep = _merged_at(plan, bends), keep[~bends]
            bends = _removable(plan, keep)
        return plan


def _removable(plan: Draft, keep: BoolArray) -> BoolArray:
    """Nodes of degree 2 to merge, no two of them neighbours, whose neighbours differ and share no street yet."""
    bend: BoolArray = np.asarray((plan.degree() == 2) & ~keep)
    # Of neighbouring bends one waits for the next round; a scattered order merges long chains in few rounds.
    order = (np.arange(plan.nodes) * _SCATTER) % 2**32
    both = bend[plan.a] & bend[plan.b]
    a, b = plan.a[both], plan.b[both]
    bend[np.where(order[a] < order[b], a, b)] = False
    near = _neighbours_of(plan, bend)
    low, high = near.min(axis=1), near.max(axis=1)
    key, streets = low * plan.nodes + high, np.minimum(plan.a, plan.b) * plan.nodes + np.maximum(plan.a, plan.b)
    first = np.zeros(len(key), dtype=np.bool_)
    first[np.unique(key, return_index=True)[1]] = True
    fine = first & (low != high) & ~np.isin(key, streets)
    bend[np.flatnonzero(bend)[~fine]] = False
    return bend


def _neighbours_of(plan: Draft, bend: BoolArray) -> IntArray:
    """The two neighbours of each of these nodes, shape (n, 2)."""
    here, there = np.concatenate((plan.a, plan.b)), np.concatenate((plan.b, plan.a))
    order = np.argsort(here, kind="stable")
    order = order[bend[here[order]]]
    return there[order].reshape(-1, 2)


def _merged_at(plan: Draft, bend: BoolArray) -> Draft:
    here = np.concatenate((plan.a, plan.b))
    street = np.tile(np.arange(len(plan.a)), 2)
    order = np.argsort(here, kind="stable")
    order = order[bend[here[order]]]
    pairs, near = street[order].reshape(-1, 2), _neighbours_of(plan, bend)
    stays = np.ones(len(plan.a), dtype=np.bool_)
    stays[pairs.ravel()] = False
    merged = replace(
        plan,
        a=np.append(plan.a[stays], near[:, 0]),
        b=np.append(plan.b[stays], near[:, 1]),
        length_m=np.append(plan.length_m[stays], plan.length_m[pairs].sum(axis=1)),
        highway=np.append(plan.highway[stays], plan.highway[pairs[:, 0]]),
    )
    return merged.keep_nodes(~bend)
