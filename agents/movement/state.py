"""The arrays that the compiled movement works on: parties, links as cars see them, ways as walkers see them."""

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from agents.movement.crowding import FREE_DENSITY_PPM2, JAM_DENSITY_PPM2
from agents.movement.events import Queue, make_queue, pending, queue_with_room
from agents.movement.network import Network
from agents.movement.trees import Trees
from agents.movement.trips import FloatArray, Int32Array

NOBODY = -1

UNDER_WAY, ARRIVED, STRANDED = 0, 1, 2

# Kinds of events at one time, first to last: new claimants are all known before anybody is let in.
PARTY_STEP, HEAD_ASKS, ENTRANCE_OPENS = 0, 1, 2

ROOM_FOR_ONE_EVENT = 8
"""Handling one event adds fewer events than this."""

CACHE_LINE = 64
"""Bytes of a line of the cache."""


def _on_lines(*lines: dict[str, str]) -> np.dtype[np.void]:
    """Type of a row whose fields lie on these lines of the cache.

    What it costs to move somebody in a large city is the number of lines that are touched.
    """
    names = [name for line in lines for name in line]
    formats = [form for line in lines for form in line.values()]
    offsets: list[int] = []
    for number, line in enumerate(lines):
        ends = np.cumsum([np.dtype(form).itemsize for form in line.values()])
        offsets += (CACHE_LINE * number + np.append(0, ends[:-1])).tolist()
    return np.dtype({"names": names, "formats": formats, "offsets": offsets, "itemsize": CACHE_LINE * len(lines)})


# One row a link: a line of its end, one of both, one of its entrance. ``ask_s`` is when the head will ask: its event of
# any other time is out of date. Of the exits, from ``ring`` on, ``in_place`` is that of who enters next and
# ``out_place`` that of who leaves next. The turn from link a into link b is row a.turn + b.exit of the tags.
LINK = _on_lines(
    {
        "to_node": "i4",
        "turn": "i4",
        "wanted": "i4",
        "passed": "i4",
        "length_m": "f8",
        "out_headway_s": "f8",
        "share_cost": "f8",
        "asked_s": "f8",
        "spent_s": "f8",
        "left": "i4",
        "out_place": "i4",
    },
    {
        "rank": "i4",
        "storage": "i4",
        "ring": "i4",
        "occupancy": "i4",
        "head": "i4",
        "tail": "i4",
        "wait_head": "i4",
        "exit": "i4",
        "ask_s": "f8",
        "next_out_s": "f8",
        "next_in_s": "f8",
        "try_s": "f8",
    },
    {
        "let_in": "i4",
        "source_head": "i4",
        "source_tail": "i4",
        "free_s": "f8",
        "in_headway_s": "f8",
        "wave_s": "f8",
        "served_tag": "f8",
        "held_s": "f8",
        "entered": "i4",
        "in_place": "i4",
    },
)
LINK_END, LINK_ENTRANCE = (0, 64), (64, 128)
"""Where the lines begin that are touched by who leaves a link, and by who enters it."""

# One row a link. ``virtual_s`` and ``since_s`` give the virtual time of the way, at ``pace`` of the clock's; ``first``
# of those in ``line`` and on the ``heap`` is who gets to the end first, ``alarm_s`` when that is looked after.
WAY = _on_lines(
    {
        "to_node": "i4",
        "passed": "i4",
        "wait_tail": "i4",
        "let_in": "i4",
        "length_m": "f8",
        "spent_s": "f8",
        "walked_in": "i8",
        "walked_out": "i8",
    },
    {
        "rank": "i4",
        "calm": "i4",
        "occupancy": "i4",
        "first": "i4",
        "line": "i4",
        "line_end": "i4",
        "heap": "i4",
        "wait_head": "i4",
        "virtual_s": "f8",
        "since_s": "f8",
        "pace": "f8",
        "alarm_s": "f8",
    },
    {
        "storage": "i4",
        "area_m2": "f8",
        "width_m": "f8",
        "speed_factor": "f8",
        "last_in_s": "f8",
        "held_s": "f8",
        "try_s": "f8",
    },
)
WAY_END, WAY_ENTRANCE = (0, 64), (0, 64, 128)
"""Where the lines begin that are touched by who leaves a way, and by who enters it."""

# One row a party; ``link`` is NOBODY while it stands at ``node``; ``since_s`` is when it entered its link, or ended;
# ``left`` and ``right`` are a walker's neighbours in the line, or below on the heap; ``reach_s`` when it can be at the
# link's end (a walker: in the way's virtual time, at its end or a node the time at which it asked to go on); ``tree``
# whose routes it follows.
PARTY = _on_lines(
    {
        "since_s": "f8",
        "reach_s": "f8",
        "distance_m": "f8",
        "speed_mps": "f8",
        "destination": "i4",
        "goal": "i4",
        "node": "i4",
        "link": "i4",
        "behind": "i4",
        "left": "i4",
        "right": "i4",
        "tree": "i2",
        "state": "i2",
    }
)

BOOKING = np.dtype([("departure_s", "f8"), ("tie", "i8"), ("trip", "i4")])
"""One row a party: what is seldom asked for; ``tie`` decides between parties at one time."""


class Cars(NamedTuple):
    """All state of cars.

    ``claims`` chains who waits for an entrance: claimant k is link k, or the departures onto link k - links;
    ``claim_tags`` is when each is due, in the entrance's count of service; ``turn_tags`` when the next of each turn
    will be. ``exits`` holds, link by link, the times at which its last ``storage`` cars left.
    ``trees`` are the routes; nodes have the numbers of those. ``counts`` are the rows in ``ended``.
    """

    links: npt.NDArray[np.void]
    claims: Int32Array
    claim_tags: FloatArray
    turn_tags: FloatArray
    exits: FloatArray
    trees: Trees
    parties: npt.NDArray[np.void]
    queue: Queue
    ended: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


class Walkers(NamedTuple):
    """All state of walkers; the columns in common with Cars are the same arrays."""

    ways: npt.NDArray[np.void]
    trees: Trees
    parties: npt.NDArray[np.void]
    bookings: npt.NDArray[np.void]
    queue: Queue
    ended: npt.NDArray[np.int64]
    counts: npt.NDArray[np.int64]


def make_rows(number: int, kind: np.dtype[np.void]) -> npt.NDArray[np.void]:
    """So many rows of zeros, from the beginning of a line of the cache on."""
    memory = np.zeros(number * kind.itemsize + CACHE_LINE, dtype=np.uint8)
    first = -memory.ctypes.data % CACHE_LINE
    return memory[first : first + number * kind.itemsize].view(kind)


def make_links(network: Network) -> npt.NDArray[np.void]:
    """One LINK row for each link, empty of cars."""
    drivable = network.car_allowed
    links = make_rows(network.links, LINK)
    links["to_node"], links["length_m"] = network.link_to, network.length_m
    links["rank"][np.argsort(network.order, kind="stable")] = np.arange(network.links)
    density_vpm = np.where(drivable, network.jam_density_vpm, 1.0)
    free_s = network.length_m / np.where(drivable, network.free_speed_mps, 1.0)
    # Storage exceeds what travels at capacity, or the wave would need no time.
    least = np.floor(_flow_vps(network, np.ones(network.links)) * free_s) + 1.0
    storage = np.maximum(np.floor(density_vpm * network.length_m + 0.5), least)
    links["storage"] = np.where(drivable, storage, 0)
    links["ring"] = np.cumsum(links["storage"]) - links["storage"]
    links["in_place"] = links["out_place"] = links["ring"]
    links["share_cost"] = 1.0 / np.where(drivable, network.merge_priority, 1.0)
    links["next_in_s"] = links["next_out_s"] = links["asked_s"] = -np.inf
    links["try_s"] = links["ask_s"] = np.inf
    for queue in ("head", "tail", "source_head", "source_tail", "wait_head", "wanted"):
        links[queue] = NOBODY
    _number_turns(network, links)
    set_factors(network, links, np.ones(network.links), np.ones(network.links))
    return links


def set_factors(
    network: Network, links: npt.NDArray[np.void], capacity_factor: FloatArray, speed_factor: FloatArray
) -> None:
    """Write the times of links for factors on capacity and free speed.

    Storage N is a whole number, so the wave's time over the link is set to N/q - L/u, which is L/w where N = k L and
    keeps the flow of short links exact.

    Source: Newell (1993), "A simplified theory of kinematic waves in highway traffic", parts I-III.
    """
    drivable = network.car_allowed
    flow_vps = _flow_vps(network, speed_factor)
    free_s = network.length_m / (np.where(drivable, network.free_speed_mps, 1.0) * speed_factor)
    links["free_s"] = np.where(drivable, free_s, np.inf)
    # A storage that was rounded down leaves a very slow link no time for its wave: half the link's is kept.
    least_s = 0.5 * network.length_m / np.where(drivable, network.wave_speed_mps, 1.0)
    wave_s = links["storage"] / flow_vps - free_s
    links["wave_s"] = np.where(speed_factor < 1.0, np.maximum(wave_s, least_s), wave_s)
    for column, capacity_vps in (("out_headway_s", network.capacity_vps), ("in_headway_s", network.in_capacity_vps)):
        links[column] = 1.0 / np.minimum(np.where(drivable, capacity_vps, np.inf) * capacity_factor, flow_vps)


def make_ways(network: Network) -> npt.NDArray[np.void]:
    """One WAY row for each link, empty of walkers.

    A walker alone is not slowed: what is smaller than the room that this takes counts as large.
    """
    ways = make_rows(network.links, WAY)
    ways["to_node"], ways["length_m"], ways["width_m"] = network.link_to, network.length_m, network.walk_width_m
    ways["rank"][np.argsort(network.order, kind="stable")] = np.arange(network.links)
    area_m2 = np.maximum(network.length_m * network.walk_width_m, 1.0 / FREE_DENSITY_PPM2)
    ways["area_m2"] = area_m2
    ways["storage"] = np.floor(JAM_DENSITY_PPM2 * area_m2 + 1e-9)
    ways["calm"] = np.floor(FREE_DENSITY_PPM2 * area_m2 + 1e-9)
    ways["speed_factor"] = ways["pace"] = 1.0
    ways["last_in_s"] = -np.inf
    ways["alarm_s"] = ways["try_s"] = np.inf
    for queue in ("first", "line", "line_end", "heap", "wait_head", "wait_tail"):
        ways[queue] = NOBODY
    return ways


def make_cars(links: npt.NDArray[np.void], trees: Trees, parties: npt.NDArray[np.void]) -> Cars:
    """Roads without cars."""
    return Cars(
        links=links,
        claims=np.full(2 * len(links), NOBODY, dtype=np.int32),
        claim_tags=np.zeros(2 * len(links)),
        turn_tags=np.zeros(int(links["turn"].max(initial=0)) + int(links["exit"].max(initial=0)) + 1 + len(links)),
        exits=np.full(int(links["storage"].sum()), -np.inf),
        trees=trees,
        parties=parties,
        queue=make_queue(room_for_events(len(links), len(parties))),
        ended=np.zeros(len(parties), dtype=np.int64),
        counts=np.zeros(1, dtype=np.int64),
    )


def make_walkers(
    ways: npt.NDArray[np.void], trees: Trees, parties: npt.NDArray[np.void], bookings: npt.NDArray[np.void]
) -> Walkers:
    """Roads without walkers."""
    return Walkers(
        ways=ways,
        trees=trees,
        parties=parties,
        bookings=bookings,
        queue=make_queue(room_for_events(len(ways), len(parties))),
        ended=np.zeros(len(parties), dtype=np.int64),
        counts=np.zeros(1, dtype=np.int64),
    )


def room_for_events(links: int, parties: int) -> int:
    """Every party waits for one event at most, every link for one of its head and one of its entrance, or few more."""
    return parties + 3 * links + ROOM_FOR_ONE_EVENT


def has_room(queue: Queue, links: int, parties: int) -> bool:
    """Whether a queue could take events of all parties and links on top of what it holds."""
    return len(queue.waiting) - int(pending(queue)) >= room_for_events(links, parties)


def enlarged(queue: Queue, links: int, parties: int) -> Queue:
    """A queue with room for events of all parties and links on top of what it holds."""
    return queue_with_room(queue, len(queue.waiting) + 2 * room_for_events(links, parties))


def _flow_vps(network: Network, speed_factor: FloatArray) -> FloatArray:
    """Greatest flow of the triangle of each link."""
    drivable = network.car_allowed
    speed_mps = np.where(drivable, network.free_speed_mps, 1.0) * speed_factor
    wave_mps = np.where(drivable, network.wave_speed_mps, 1.0)
    flow_vps: FloatArray = np.where(drivable, network.jam_density_vpm, 1.0) / (1.0 / speed_mps + 1.0 / wave_mps)
    return flow_vps


def _number_turns(network: Network, links: npt.NDArray[np.void]) -> None:
    """Number the ways out of each node, and give each link a block of rows, one for each way out of its end."""
    order = np.argsort(network.link_from, kind="stable")
    starts = np.searchsorted(network.link_from[order], np.arange(network.nodes + 1))
    links["exit"][order] = np.arange(network.links) - starts[network.link_from[order]]
    ways_out = np.diff(starts)[network.link_to]
    links["turn"] = np.cumsum(ways_out) - ways_out
