"""Ways on foot to shelters and out of town, by which people choose where they go."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agents.movement.engine import NetworkMovement
from agents.travel import ON_FOOT, Destinations, destination_nodes
from twin.town import Town

FloatArray = npt.NDArray[np.float64]
RowArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class WaysOnFoot:
    """What people remember of a town's ways while none is closed; the same in every run of it, and changed by none.

    ``shelter_m`` is the length of the way to each shelter or site from each node, shape (shelters, nodes), inf where
    there is none. ``exit_of_node`` is the destination of the nearest way out of town, -1 where there is none.
    """

    shelter_m: FloatArray
    exit_of_node: RowArray

    @classmethod
    def of(cls, town: Town) -> "WaysOnFoot":
        """The ways of a town."""
        # On roads of their own: what nobody needs later is not kept true when roads close.
        movement, destinations = NetworkMovement(town.roads, destination_nodes(town)), Destinations.of(town)
        shelter_m = _lengths(movement, range(destinations.shelters))
        exits = range(destinations.exit(0), destinations.exit(destinations.exits))
        if not exits:
            return cls(shelter_m, np.full(town.roads.nodes, -1, np.int64))
        exit_m = _lengths(movement, exits)
        nearest = np.argmin(exit_m, axis=0) + exits.start
        return cls(shelter_m, np.where(np.isfinite(exit_m.min(axis=0)), nearest, -1))


def _lengths(movement: NetworkMovement, destinations: range) -> FloatArray:
    """Length of the way on foot, shape (destinations, nodes)."""
    # A walker at 1 m/s takes a second for each metre.
    length_m = movement.least_s(ON_FOOT, np.array(destinations, np.int32))
    return np.asfortranarray(length_m)  # people ask for all destinations of a node: these lie beside each other
