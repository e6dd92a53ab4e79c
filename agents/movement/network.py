"""Roads and conditions as the arrays that the compiled movement works on."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agents.errors import InvalidMovement
from agents.movement.events import EVENT
from agents.movement.trips import Conditions, FloatArray, Int32Array
from twin.parameters import Parameters
from twin.roads import Roads

NOBODY = -1

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


def make_links(roads: Roads, conditions: Conditions, parameters: Parameters) -> npt.NDArray[np.void]:
    """One LINK row for each link, empty of cars.

    Cars on a link keep a triangular fundamental diagram with the link's free speed, the backward wave w and the jam
    density k of the parameters; the link's capacity cuts it where it is lower. Storage is a whole number N, so the
    wave's time over the link is set to N/q - L/u, which is L/w where N = k L and keeps the flow of short links exact.

    Raises:
        InvalidMovement: a condition lies outside (0, 1].

    Source: Newell (1993), "A simplified theory of kinematic waves in highway traffic", parts I-III.
    """
    _check(conditions)
    drivable = np.asarray(roads.car_allowed, dtype=bool)
    lanes = np.where(drivable, roads.lanes, 1.0)
    speed_mps = np.where(drivable, roads.free_speed_mps, 1.0) * conditions.car_speed_factor
    wave_mps = parameters.number("cars.backward_wave_mps")
    density_vpm = parameters.number("cars.jam_density_vpm") * lanes
    flow_vps = density_vpm / (1.0 / speed_mps + 1.0 / wave_mps)
    free_s = roads.length_m / speed_mps
    links = np.zeros(roads.links, dtype=LINK)
    links["from_node"], links["to_node"], links["length_m"] = roads.link_from, roads.link_to, roads.length_m
    # Storage exceeds what travels at capacity, or the wave would need no time.
    storage = np.maximum(np.floor(density_vpm * roads.length_m + 0.5), np.floor(flow_vps * free_s) + 1.0)
    links["storage"] = np.where(drivable, storage, 0)
    links["ring"] = np.cumsum(links["storage"]) - links["storage"]
    links["free_s"] = np.where(drivable, free_s, np.inf)
    capacity_vps = np.where(drivable, roads.capacity_vps, np.inf) * conditions.capacity_factor
    links["headway_s"] = 1.0 / np.minimum(capacity_vps, flow_vps)
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
