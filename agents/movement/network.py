"""Roads and conditions as the arrays that the compiled movement works on."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from agents.errors import InvalidMovement
from agents.movement.trips import Conditions, FloatArray, Int32Array
from twin.parameters import Parameters
from twin.roads import Roads

BoolArray = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Network:
    """What movement knows of the roads: one row of each array is one node or one directed link.

    Values hold for the whole link, all lanes together: capacities in vehicles/s, jam density in vehicles/m. Cars on a
    link keep a triangular fundamental diagram of free speed, backward wave and jam density; ``capacity_vps`` limits
    who leaves it, ``in_capacity_vps`` who enters. Of those who want to enter one link each passes in proportion to the
    ``merge_priority`` of its own link. ``order`` ranks the links, for instance by id: ties are broken by it and never
    by row. Links closed to cars may have any values in the columns of cars.
    """

    node_x_m: FloatArray
    node_y_m: FloatArray
    link_from: Int32Array
    link_to: Int32Array
    length_m: FloatArray
    free_speed_mps: FloatArray
    capacity_vps: FloatArray
    in_capacity_vps: FloatArray
    jam_density_vpm: FloatArray
    wave_speed_mps: FloatArray
    merge_priority: FloatArray
    car_allowed: BoolArray
    walk_allowed: BoolArray
    walk_width_m: FloatArray
    order: npt.NDArray[np.int64]

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_x_m)

    @property
    def links(self) -> int:
        """Number of directed links."""
        return len(self.link_from)

    def picked(self, rows: npt.NDArray[np.integer]) -> "Network":
        """The same network with these links, in this order."""
        return replace(self, **{name: getattr(self, name)[rows] for name in _LINK_COLUMNS})


_LINK_COLUMNS = tuple(name for name in Network.__dataclass_fields__ if not name.startswith("node_"))


def network_of(roads: Roads, conditions: Conditions, parameters: Parameters) -> Network:
    """The network of a town's roads in some weather; ``parameters`` are those of ``agents/data/movement.toml``.

    Merges are shared in proportion to capacity.

    Raises:
        InvalidMovement: a condition lies outside (0, 1].
    """
    _check(conditions)
    drivable = np.asarray(roads.car_allowed, dtype=bool)
    capacity_vps = np.where(drivable, roads.capacity_vps, 1.0) * conditions.capacity_factor
    return Network(
        node_x_m=roads.node_x_m,
        node_y_m=roads.node_y_m,
        link_from=roads.link_from,
        link_to=roads.link_to,
        length_m=roads.length_m,
        free_speed_mps=np.where(drivable, roads.free_speed_mps, 1.0) * conditions.car_speed_factor,
        capacity_vps=capacity_vps,
        in_capacity_vps=capacity_vps,
        jam_density_vpm=parameters.number("cars.jam_density_vpm") * np.where(drivable, roads.lanes, 1.0),
        wave_speed_mps=np.full(roads.links, parameters.number("cars.backward_wave_mps")),
        merge_priority=capacity_vps,
        car_allowed=drivable,
        walk_allowed=np.asarray(roads.walk_allowed, dtype=bool),
        walk_width_m=np.full(roads.links, parameters.number("walkers.width_m")),
        order=np.arange(roads.links, dtype=np.int64),
    )


def _check(conditions: Conditions) -> None:
    for name in ("car_speed_factor", "capacity_factor"):
        factor = getattr(conditions, name)
        if not 0.0 < factor <= 1.0:
            raise InvalidMovement(f"{name} is {factor}; give a factor above 0 and at most 1")
