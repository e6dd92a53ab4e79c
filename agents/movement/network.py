"""Roads and conditions as the arrays that the compiled movement works on."""

from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agents.errors import InvalidMovement
from agents.movement.events import EVENT
from agents.movement.trips import Conditions, FloatArray, Int32Array
from twin.parameters import Parameters
from twin.roads import Roads

NOBODY = -1

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


# One row a link. The second half is the state: queue on the link, queue at its entrance (who waits to enter).
LINK = np.dtype(
    [
        ("from_node", "i4"),
        ("to_node", "i4"),
        ("storage", "i4"),
        ("ring", "i4"),
        ("length_m", "f8"),
        ("free_s", "f8"),
        ("headway_s", "f8"),
        ("wave_s", "f8"),
        ("entered", "i8"),
        ("left", "i8"),
        ("next_in_s", "f8"),
        ("next_out_s", "f8"),
        ("try_s", "f8"),
        ("head", "i4"),
        ("tail", "i4"),
        ("source_head", "i4"),
        ("source_tail", "i4"),
        ("wait_head", "i4"),
        ("wait_tail", "i4"),
        ("wanted", "i4"),
        ("occupancy", "i4"),
    ]
)

# One row a party; ``link`` is NOBODY while it stands at ``node``; ``since_s`` is when it entered its link, or ended.
PARTY = np.dtype(
    [
        ("departure_s", "f8"),
        ("speed_mps", "f8"),
        ("since_s", "f8"),
        ("trip", "i4"),
        ("destination", "i4"),
        ("goal", "i4"),
        ("node", "i4"),
        ("link", "i4"),
        ("behind", "i4"),
        ("mode", "i4"),
        ("state", "i4"),
    ]
)


class World(NamedTuple):
    """All arrays of the compiled movement.

    ``claims[c]`` is the claimant behind claimant c at an entrance: c < links is the head of link c, otherwise the
    queue of departures into link c - links. ``exits`` holds, link by link, the times at which its last ``storage``
    cars left. ``next_link[mode, destination, node]`` is the route. ``counts`` are events in the heap and rows in
    ``ended``.
    """

    links: npt.NDArray[np.void]
    claims: Int32Array
    exits: FloatArray
    next_link: npt.NDArray[np.int32]
    parties: npt.NDArray[np.void]
    events: npt.NDArray[np.void]
    ended: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


def make_links(network: Network) -> npt.NDArray[np.void]:
    """One LINK row for each link, empty of cars.

    Storage is a whole number N, so the wave's time over the link is set to N/q - L/u, which is L/w where N = k L and
    keeps the flow of short links exact.

    Source: Newell (1993), "A simplified theory of kinematic waves in highway traffic", parts I-III.
    """
    drivable = network.car_allowed
    speed_mps = np.where(drivable, network.free_speed_mps, 1.0)
    density_vpm = np.where(drivable, network.jam_density_vpm, 1.0)
    flow_vps = density_vpm / (1.0 / speed_mps + 1.0 / np.where(drivable, network.wave_speed_mps, 1.0))
    free_s = network.length_m / speed_mps
    links = np.zeros(network.links, dtype=LINK)
    links["from_node"], links["to_node"], links["length_m"] = network.link_from, network.link_to, network.length_m
    # Storage exceeds what travels at capacity, or the wave would need no time.
    storage = np.maximum(np.floor(density_vpm * network.length_m + 0.5), np.floor(flow_vps * free_s) + 1.0)
    links["storage"] = np.where(drivable, storage, 0)
    links["ring"] = np.cumsum(links["storage"]) - links["storage"]
    links["free_s"] = np.where(drivable, free_s, np.inf)
    links["headway_s"] = 1.0 / np.minimum(np.where(drivable, network.capacity_vps, np.inf), flow_vps)
    links["wave_s"] = storage / flow_vps - free_s
    links["next_in_s"] = links["next_out_s"] = -np.inf
    links["try_s"] = np.inf
    for queue in ("head", "tail", "source_head", "source_tail", "wait_head", "wait_tail", "wanted"):
        links[queue] = NOBODY
    return links


def make_world(links: npt.NDArray[np.void], next_link: npt.NDArray[np.int32], parties: int) -> World:
    """An empty world with room for a number of parties."""
    return World(
        links=links,
        claims=np.full(2 * len(links), NOBODY, dtype=np.int32),
        exits=np.full(int(links["storage"].sum()), -np.inf),
        next_link=next_link,
        parties=np.zeros(parties, dtype=PARTY),
        events=_room_for_events(links, parties),
        ended=np.zeros(parties, dtype=np.int64),
        counts=np.zeros(2, dtype=np.int64),
    )


def with_room(world: World, parties: int) -> World:
    """The same world with room for more parties."""
    rows = len(world.parties)
    larger = world._replace(
        parties=np.zeros(parties, dtype=PARTY),
        events=_room_for_events(world.links, parties),
        ended=np.zeros(parties, dtype=np.int64),
    )
    larger.parties[:rows], larger.ended[:rows] = world.parties, world.ended
    larger.events[: len(world.events)] = world.events
    return larger


def _room_for_events(links: npt.NDArray[np.void], parties: int) -> npt.NDArray[np.void]:
    """Every party waits for one event at most, every link for one arrival of a head and one attempt to enter."""
    return np.zeros(parties + 2 * len(links), dtype=EVENT)


def _check(conditions: Conditions) -> None:
    for name in ("car_speed_factor", "capacity_factor"):
        factor = getattr(conditions, name)
        if not 0.0 < factor <= 1.0:
            raise InvalidMovement(f"{name} is {factor}; give a factor above 0 and at most 1")
