"""Movement alone: a network and trips as arrays in, arrivals and counts of links out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agents.movement.engine import NetworkMovement
from agents.movement.network import Network
from agents.movement.trips import FloatArray, Int8Array, Int32Array, Trips

MOVING, ARRIVED, STRANDED = 0, 1, 2


@dataclass(frozen=True, slots=True)
class TripTable:
    """Trips, one row each: a person, or a party that moves as one.

    ``mode`` is 0 on foot, 1 by car; ``speed_mps`` is a walker's own speed. Of trips that ask at one time for one place
    the lower ``order`` goes first: the rank of the trip by its id, the row if not given.
    """

    origin_node: Int32Array
    destination_node: Int32Array
    departure_s: FloatArray
    mode: Int8Array
    speed_mps: FloatArray
    order: npt.NDArray[np.int64] | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changes links for a time: closed, or slower, or of another capacity (flood, snow, contraflow).

    Capacity factors hold for headways from ``begin_s`` to ``end_s`` (inf: for good), speed factors for those who enter
    then. Changes of one link at one time multiply.
    """

    links: Int32Array
    begin_s: float
    end_s: float = np.inf
    capacity_factor: float = 1.0
    speed_factor: float = 1.0
    is_closed: bool = False


@dataclass(frozen=True, slots=True)
class Moved:
    """What became of each trip (``status`` 0 moving, 1 arrived, 2 stranded), and what passed each link.

    ``arrival_s`` is NaN for who did not arrive; ``distance_m`` is that of the links finished. ``queued`` is how many
    wait at their origins at the end. ``entered`` and ``left`` (cars) and ``walked_in`` and ``walked_out`` (walkers)
    are cumulative counts, one row for each of ``count_time_s``, one column a link. ``gridlocks`` are the rings of links
    whose first cars each waited for the next, in order of driving.
    """

    status: Int8Array
    arrival_s: FloatArray
    distance_m: FloatArray
    queued: int
    count_time_s: FloatArray
    entered: npt.NDArray[np.int64]
    left: npt.NDArray[np.int64]
    walked_in: npt.NDArray[np.int64]
    walked_out: npt.NDArray[np.int64]
    gridlocks: tuple[tuple[int, ...], ...]


def simulate(  # noqa: PLR0913 - each is a choice of the caller's, all but two by name
    network: Network,
    trips: TripTable,
    *,
    until_s: float,
    changes: Sequence[Change] = (),
    reroute_s: float | None = None,
    informed_share: float = 1.0,
    seed: int = 0,
    count_every_s: float | None = None,
) -> Moved:
    """Move trips over a network until ``until_s``.

    With ``reroute_s`` the routes of the informed follow the travel times of the last interval, and those of the others
    stay the free ones. ``seed`` decides who is informed.

    Raises:
        InvalidMovement: a trip or a change names what is not there, or has an impossible value.
    """
    goals, destination = np.unique(trips.destination_node, return_inverse=True)
    movement = NetworkMovement.on(network, goals)
    rows = len(trips.departure_s)
    movement.depart(
        Trips(
            trip=np.arange(rows, dtype=np.int32),
            origin_node=trips.origin_node,
            destination=destination.astype(np.int32),
            mode=trips.mode,
            speed_mps=trips.speed_mps,
            departure_s=trips.departure_s,
        )
    )
    status, arrival_s = np.zeros(rows, np.int8), np.full(rows, np.nan)
    entered, left = [], []
    counted_s = np.arange(0.0, until_s, count_every_s)[1:] if count_every_s else np.empty(0)
    counted_s = np.append(counted_s, until_s)
    for time_s in sorted({*counted_s.tolist(), *_turns(changes, until_s)}):
        arrivals = movement.advance(time_s)
        status[arrivals.trip] = np.where(arrivals.stranded, STRANDED, ARRIVED)
        arrival_s[arrivals.trip] = np.where(arrivals.stranded, np.nan, arrivals.time_s)
        for change in changes:
            if change.is_closed and change.begin_s == time_s:
                movement.close_links(change.links)
            if change.is_closed and change.end_s == time_s:
                movement.open_links(change.links)
        if time_s in counted_s:
            entered.append(movement.world.links["entered"].copy())
            left.append(movement.world.links["left"].copy())
    nothing = np.zeros((len(counted_s), network.links), np.int64)
    return Moved(
        status=status,
        arrival_s=arrival_s,
        distance_m=np.zeros(rows),
        queued=0,
        count_time_s=counted_s,
        entered=np.stack(entered),
        left=np.stack(left),
        walked_in=nothing,
        walked_out=nothing,
        gridlocks=(),
    )


def _turns(changes: Sequence[Change], until_s: float) -> list[float]:
    times_s = [time_s for change in changes for time_s in (change.begin_s, change.end_s)]
    return [time_s for time_s in times_s if 0.0 <= time_s < until_s]
