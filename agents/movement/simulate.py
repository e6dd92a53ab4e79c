"""Movement alone: a network and trips as arrays in, arrivals and counts of links out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from agents.errors import InvalidMovement
from agents.movement.engine import NetworkMovement
from agents.movement.network import Network
from agents.movement.trips import FOOT, Arrivals, FloatArray, Int8Array, Int32Array, Trips, outside
from twin.randomness import Stream

MOVING, ARRIVED, STRANDED = 0, 1, 2

_TOLD_TIMES = 40
"""How often progress is told."""

IntArray = npt.NDArray[np.int64]


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
    order: IntArray | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """Something that changes links for a time: closed, or slower, or of another capacity (flood, snow, contraflow).

    Capacity factors hold for headways from ``begin_s`` to ``end_s`` (inf: for good), also for the part of a headway
    that lies between, speed factors for those who enter then; both are above 0. Changes of one link at one time
    multiply. Neither changes the room on a link, so a factor above 1 gives no more than the flow of the link's
    triangle.
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
    are cumulative counts before each of ``count_time_s`` (one row), one column a link. ``gridlocks`` are the rings of
    links whose first cars each waited for the next, in order of driving, from the link of lowest order; also those that
    a change of routes resolved later.
    """

    status: Int8Array
    arrival_s: FloatArray
    distance_m: FloatArray
    queued: int
    count_time_s: FloatArray
    entered: IntArray
    left: IntArray
    walked_in: IntArray
    walked_out: IntArray
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
    progress: Callable[[float], None] | None = None,
) -> Moved:
    """Move trips over a network until ``until_s`` (excluded).

    With ``reroute_s`` the routes of the informed, on foot or by car, follow the times that links took in the last
    interval; those of the others stay the free ones. ``seed`` decides who is informed.
    ``progress`` is told the share of the time that is done, a few dozen times; no result depends on it.

    Raises:
        InvalidMovement: a trip or a change names what is not there, or has an impossible value.
    """
    _check(network, changes)
    _check_trips(network, trips)
    run = _Run(network, trips, _Plan(tuple(changes), network.links))
    if reroute_s is not None:
        run.inform(Stream(seed).uniform("movement.informed", _ranks(trips)) < informed_share)
    counts_s, replans_s = [*_every(count_every_s, until_s), until_s], _every(reroute_s, until_s)
    next_replan_s = dict(pairwise([*replans_s, np.inf]))
    run.depart(min(replans_s, default=np.inf))
    for time_s in sorted({*counts_s, *replans_s, *run.plan.turns_s(until_s)}):
        run.advance(time_s, until_s, progress)
        if time_s in counts_s:
            run.count(time_s)
        if time_s in next_replan_s and not run.is_over():
            run.depart(next_replan_s[time_s])
            run.movement.replan()
        run.change(time_s)
    return run.moved()


class _Plan:
    """Changes as factors of all links at a time."""

    def __init__(self, changes: tuple[Change, ...], links: int) -> None:
        self._changes, self._links = changes, links

    def turns_s(self, until_s: float) -> list[float]:
        """Times at which something begins or ends."""
        ends_s = [time_s for change in self._changes for time_s in (max(change.begin_s, 0.0), change.end_s)]
        return [time_s for time_s in ends_s if 0.0 <= time_s < until_s]

    def at(self, time_s: float) -> tuple[FloatArray, FloatArray, npt.NDArray[np.bool_]]:
        """Factors on capacity and speed of each link, and which are closed."""
        capacity, speed, closed = np.ones(self._links), np.ones(self._links), np.zeros(self._links, dtype=np.bool_)
        for change in self._changes:
            if change.begin_s <= time_s < change.end_s:
                rows = np.unique(change.links)
                capacity[rows] *= change.capacity_factor
                speed[rows] *= change.speed_factor
                closed[rows] |= change.is_closed
        return capacity, speed, closed


class _Run:
    """One movement of a table of trips, and what is noted of it."""

    def __init__(self, network: Network, trips: TripTable, plan: _Plan) -> None:
        self._trips, self.plan, rows = trips, plan, len(trips.departure_s)
        goals = _goals(network, trips.destination_node)
        self.movement = NetworkMovement(network, goals)
        self.movement.expect(rows)
        place = np.zeros(int(goals.max(initial=0)) + 1, dtype=np.int32)
        place[goals] = np.arange(len(goals), dtype=np.int32)
        self._destination = place[trips.destination_node]
        # Trips are numbered by their ranks, so that rows decide nothing.
        self._row_of_rank = np.argsort(_ranks(trips), kind="stable")
        self._by_time = np.argsort(trips.departure_s[self._row_of_rank], kind="stable")
        self._departures_s = trips.departure_s[self._row_of_rank][self._by_time]
        self._handed = 0
        self._informed: npt.NDArray[np.bool_] | None = None
        self._status, self._arrival_s = np.zeros(rows, dtype=np.int8), np.full(rows, np.nan)
        self._distance_m = np.zeros(rows)
        self._count_time_s: list[float] = []
        self._counts: list[list[IntArray]] = []
        self._gridlocks: dict[tuple[int, ...], None] = {}
        self._factors = plan.at(-np.inf)
        self._told = 1

    def inform(self, informed: npt.NDArray[np.bool_]) -> None:
        """Let these trips choose new ways when those are planned; call it before anybody departs."""
        self._informed = informed

    def depart(self, before_s: float) -> None:
        """Hand over the trips that depart before a time, all of them before inf, and were not handed over yet.

        Those who stay at home need no way: who departs after the next planning is handed over then.
        """
        trips, first = self._trips, self._handed
        self._handed = int(np.searchsorted(self._departures_s, before_s)) if before_s < np.inf else len(self._by_time)
        ranks = self._by_time[first : self._handed]
        rows = self._row_of_rank[ranks]
        self.movement.depart(
            Trips(
                trip=ranks.astype(np.int32),
                origin_node=trips.origin_node[rows],
                destination=self._destination[rows],
                mode=trips.mode[rows],
                speed_mps=trips.speed_mps[rows],
                departure_s=trips.departure_s[rows],
                informed=None if self._informed is None else self._informed[rows],
            )
        )

    def advance(self, time_s: float, until_s: float, progress: Callable[[float], None] | None) -> None:
        """Let time pass; rings of blocked cars are noted before anything may resolve them."""
        if progress is not None:
            while self._told < _TOLD_TIMES and (share_s := until_s * self._told / _TOLD_TIMES) <= time_s:
                self._move(share_s)
                progress(self._told / _TOLD_TIMES)
                self._told += 1
        self._move(time_s)
        self._gridlocks.update(dict.fromkeys(self.movement.gridlocks()))
        if progress is not None and time_s == until_s:
            progress(1.0)

    def _move(self, time_s: float) -> None:
        arrivals: Arrivals = self.movement.advance(time_s)
        rows = self._row_of_rank[arrivals.trip]
        self._status[rows] = np.where(arrivals.stranded, STRANDED, ARRIVED)
        self._arrival_s[rows] = np.where(arrivals.stranded, np.nan, arrivals.time_s)
        self._distance_m[rows] = arrivals.distance_m

    def is_over(self) -> bool:
        """Whether everybody departed and ended."""
        return self._handed == len(self._by_time) and not len(self.movement.under_way())

    def count(self, time_s: float) -> None:
        """Note what passed each link so far."""
        links, ways = self.movement.world.links, self.movement.ways
        self._count_time_s.append(time_s)
        columns = (links["entered"], links["left"], ways["walked_in"], ways["walked_out"])
        self._counts.append([column.astype(np.int64) for column in columns])

    def change(self, time_s: float) -> None:
        """Bring links into the state of this time."""
        then = self.plan.at(time_s)
        closed, closes = self._factors[2], then[2]
        if (then[0] != self._factors[0]).any() or (then[1] != self._factors[1]).any():
            self.movement.set_factors(then[0], then[1])
        if (closes & ~closed).any():
            self.movement.close_links(np.flatnonzero(closes & ~closed).astype(np.int32))
        if (closed & ~closes).any():
            self.movement.open_links(np.flatnonzero(closed & ~closes).astype(np.int32))
        self._factors = then

    def moved(self) -> Moved:
        """What became of everybody."""
        moving = self.movement.under_way()
        self._distance_m[self._row_of_rank[moving]] = self.movement.distances_m(moving)
        entered, left, walked_in, walked_out = (np.stack(rows) for rows in zip(*self._counts, strict=True))
        return Moved(
            status=self._status,
            arrival_s=self._arrival_s,
            distance_m=self._distance_m,
            queued=self.movement.queued(),
            count_time_s=np.array(self._count_time_s),
            entered=entered,
            left=left,
            walked_in=walked_in,
            walked_out=walked_out,
            gridlocks=tuple(self._gridlocks),
        )


def _ranks(trips: TripTable) -> IntArray:
    return np.arange(len(trips.departure_s)) if trips.order is None else trips.order


def _goals(network: Network, nodes: Int32Array) -> Int32Array:
    """Each destination once, in the order of the first link that leads to it: the same whatever the rows of nodes."""
    rank = np.full(network.nodes, np.iinfo(np.int64).max)
    np.minimum.at(rank, network.link_to, network.order)
    goals = np.unique(nodes)
    if len(goals) and not 0 <= goals[0] <= goals[-1] < network.nodes:
        raise InvalidMovement(f"destinations must be nodes 0..{network.nodes - 1}, not {goals[0]} or {goals[-1]}")
    return goals[np.argsort(rank[goals], kind="stable")].astype(np.int32)


def _every(step_s: float | None, until_s: float) -> list[float]:
    return [] if step_s is None else (np.arange(1, np.ceil(until_s / step_s)) * step_s).tolist()


def _check(network: Network, changes: Sequence[Change]) -> None:
    for change in changes:
        rows = np.asarray(change.links)
        if len(rows) and not 0 <= rows.min() <= rows.max() < network.links:
            raise InvalidMovement(f"a change names link {rows.min()} or {rows.max()}; give 0..{network.links - 1}")
        for name in ("capacity_factor", "speed_factor"):
            factor = getattr(change, name)
            if not 0.0 < factor < np.inf:
                raise InvalidMovement(f"{name} of a change is {factor}; give a number above 0, or close the links")
        if not change.begin_s < change.end_s:
            raise InvalidMovement(f"a change ends at {change.end_s} s, not after it begins at {change.begin_s} s")


def _check_trips(network: Network, trips: TripTable) -> None:
    """Refuse a table with a trip that could not depart, before anybody moves."""
    on_foot = trips.mode == FOOT
    faults = {
        f"origin_node is not one of 0..{network.nodes - 1}": outside(trips.origin_node, network.nodes),
        "mode is neither 0 (foot) nor 1 (car)": outside(trips.mode, 2),
        "speed_mps of a walker is not positive": on_foot & ~((trips.speed_mps > 0.0) & np.isfinite(trips.speed_mps)),
        "departure_s is no time from 0 on": ~((trips.departure_s >= 0.0) & np.isfinite(trips.departure_s)),
    }
    wrong = [f"{what}: trip in row {np.flatnonzero(bad)[0]}" for what, bad in faults.items() if bad.any()]
    if wrong:
        raise InvalidMovement("; ".join(wrong))
