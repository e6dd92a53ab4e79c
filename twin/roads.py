"""Roads: the street graph, as arrays inside and as a networkx graph outside."""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy.spatial import cKDTree

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int32]
BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Roads:
    """Directed links between nodes; one row of each array is one node or one link.

    A link's ``capacity_vps`` (vehicles/s) and ``lanes`` hold for the whole link in its direction. ``reverse`` is the
    row of the link that runs back between the same nodes, -1 on one-way streets.
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

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_x_m)

    @property
    def links(self) -> int:
        """Number of directed links."""
        return len(self.link_from)

    @cached_property
    def _tree(self) -> cKDTree:
        return cKDTree(np.column_stack((self.node_x_m, self.node_y_m)))

    def nearest_node(self, x_m: npt.ArrayLike, y_m: npt.ArrayLike) -> IntArray:
        """Row of the nearest node for each point."""
        points = np.column_stack((np.atleast_1d(x_m), np.atleast_1d(y_m)))
        return np.asarray(self._tree.query(points)[1], dtype=np.int32)
