"""Draft: an undirected street plan in the making, before it becomes Roads."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]


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
