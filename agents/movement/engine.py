"""NetworkMovement: walkers and cars on roads, event by event."""

import numpy as np
import numpy.typing as npt

from agents.errors import InvalidMovement
from agents.movement import cars, rerouting, walkers
from agents.movement.events import Queue
from agents.movement.experience import car_times_s, walk_times_s
from agents.movement.network import Network, network_of
from agents.movement.numbering import ABSENT, Numbering
from agents.movement.routes import Routes
from agents.movement.state import (
    BOOKING,
    NOBODY,
    PARTY,
    STRANDED,
    UNDER_WAY,
    Cars,
    Walkers,
    enlarged,
    has_room,
    make_cars,
    make_links,
    make_rows,
    make_walkers,
    make_ways,
    set_factors,
)
from agents.movement.trips import (
    CAR,
    FOOT,
    INFORMED_CAR,
    INFORMED_WALKER,
    Arrivals,
    Conditions,
    FloatArray,
    Int32Array,
    Trips,
    outside,
)
from twin.parameters import Parameters, load_parameters
from twin.roads import Roads

_FIRST_ROOM = 1024
_ON_FOOT = (FOOT, INFORMED_WALKER)
_TRIP_MASK = 0xFFFFFFFF

_Choices = tuple[Int32Array, Int32Array, Int32Array]
"""Tree, destination and node of each party that needs a way from there."""


class NetworkMovement:
    """The Movement of a run: ``destinations`` are nodes, and trips name them by row.

    A town's roads become a network under the ``conditions`` by the ``parameters``, those of
    ``agents/data/movement.toml`` unless given; a network is taken as it is.

    Raises:
        InvalidMovement: a condition lies outside (0, 1], or a destination is no node.
    """

    def __init__(
        self,
        roads: Roads | Network,
        destinations: npt.ArrayLike,
        conditions: Conditions = Conditions(),  # noqa: B008 - frozen
        parameters: Parameters | None = None,
    ) -> None:
        network = roads if isinstance(roads, Network) else _network_of(roads, conditions, parameters)
        self._network = network
        self._goals = np.asarray(destinations, dtype=np.int32)
        if len(self._goals) and not 0 <= self._goals.min() <= self._goals.max() < network.nodes:
            raise InvalidMovement(f"destinations must be nodes 0..{network.nodes - 1}, not {self._goals.tolist()}")
        links, ways = make_links(network), make_ways(network)
        parties, bookings = make_rows(_FIRST_ROOM, PARTY), make_rows(_FIRST_ROOM, BOOKING)
        self._free_costs = _costs(network, links)
        self._routes = Routes(
            (network.link_from, network.link_to), network.nodes, self._goals, self._free_costs, network.order,
            changing=(INFORMED_CAR, INFORMED_WALKER),
        )  # fmt: skip
        links["to_node"] = ways["to_node"] = self._routes.number[network.link_to]
        self._cars: Cars = make_cars(links, self._routes.trees, parties)
        self._walkers: Walkers = make_walkers(ways, self._routes.trees, parties, bookings)
        self._unplanned: list[_Choices] = []
        self._numbering = Numbering()
        self._rows = 0
        self._now_s = 0.0

    def depart(self, trips: Trips) -> None:
        """Add departures.

        Raises:
            InvalidMovement: an unknown node, destination or mode, a walker without speed, a departure before the time
                reached, or a trip that is under way already.
        """
        if not len(trips.trip):
            return
        self._check(trips)
        self._number(trips)
        tree = self._trees_of(trips)
        self._unplanned.append((tree, trips.destination, trips.origin_node))
        first, last = self._rows, self._rows + len(trips.trip)
        self._make_room(last)
        self._write(slice(first, last), trips, tree)
        self._rows = last
        by_car = trips.mode == CAR
        cars.schedule(self._cars, self._bookings, first + np.flatnonzero(by_car))
        walkers.schedule(self._walkers, first + np.flatnonzero(~by_car))

    def expect(self, trips: int) -> None:
        """Make room for so many departures in all at once, and not bit by bit as they come."""
        self._make_room(trips)

    def advance(self, until_s: float) -> Arrivals:
        """Let time pass until ``until_s`` (excluded) and return who arrived or stranded since the last call.

        Raises:
            InvalidMovement: ``until_s`` lies before the time reached.
        """
        if not until_s >= self._now_s:
            raise InvalidMovement(f"time cannot go from {self._now_s} s to {until_s} s; advance to a later time")
        self._plan()
        while not cars.run(self._cars, float(until_s)):
            self._cars = self._cars._replace(queue=self._enlarged(self._cars.queue))
        while not walkers.run(self._walkers, float(until_s)):
            self._walkers = self._walkers._replace(queue=self._enlarged(self._walkers.queue))
        self._now_s = float(until_s)
        rows = np.concatenate([world.ended[: world.counts[0]] for world in (self._cars, self._walkers)])
        self._cars.counts[0] = self._walkers.counts[0] = 0
        parties = self._parties
        rows = rows[_by_time_and_trip(parties["since_s"][rows], self._bookings["trip"][rows])]
        trip = self._bookings["trip"][rows]
        self._numbering.remove(trip)
        return Arrivals(
            trip=trip,
            time_s=parties["since_s"][rows],
            node=self._routes.node[parties["node"][rows]],
            stranded=parties["state"][rows] == STRANDED,
            distance_m=parties["distance_m"][rows],
        )

    def close_links(self, links: Int32Array, *, walkers: bool = True) -> None:
        """Close links from now on, for cars alone or for walkers too.

        Routes change at once; who is on a closed link leaves it at its end.
        """
        kinds = tuple(kind for kind in range(len(self._free_costs)) if walkers or kind not in _ON_FOOT)
        self._routes.close(np.asarray(links, dtype=np.int32), kinds)
        self._reroute()

    def open_links(self, links: Int32Array) -> None:
        """Open closed links again from now on."""
        self._routes.open(np.asarray(links, dtype=np.int32))
        self._reroute()

    def set_factors(self, capacity_factor: FloatArray, speed_factor: FloatArray) -> None:
        """Change every link by factors on its capacity and free speed, both above 0 and 1 for a link as built.

        Capacities hold for headways from now on, also for what is left of those that run; speeds for those who enter
        from now on; routes stay.
        """
        links, ways = self._cars.links, self._walkers.ways
        in_s, out_s = links["in_headway_s"].copy(), links["out_headway_s"].copy()
        walk_rates = ways["width_m"] * ways["speed_factor"]
        set_factors(self._network, links, capacity_factor, speed_factor)
        ways["speed_factor"] = speed_factor
        ways["width_m"] = self._network.walk_width_m * capacity_factor
        self._make_room(0)
        cars.carry_over(self._cars, in_s, out_s, self._now_s)
        walkers.carry_over(self._walkers, walk_rates, self._now_s)

    def replan(self) -> None:
        """Give the informed new routes by the times that links took since the last call."""
        network, parties = self._network, self._parties
        car_s = car_times_s(self._cars.links, parties, self._now_s)
        walk_s = walk_times_s(self._walkers.ways, parties, self._now_s)
        self._free_costs[INFORMED_CAR] = np.where(network.car_allowed, car_s, np.inf)
        self._free_costs[INFORMED_WALKER] = np.where(network.walk_allowed, walk_s, np.inf)
        self._routes.replan(self._free_costs, self._choices())
        self._reroute()

    def positions(self, trips: Int32Array) -> tuple[FloatArray, FloatArray]:
        """East and north in metres of trips under way, at the time reached; NaN for trips not under way.

        On a link: by the time since it was entered at free speed, a queueing car at most at the link's end.
        """
        rows = self._numbering.rows_of(np.asarray(trips, dtype=np.int32))
        known = rows != ABSENT
        x_m, y_m = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
        x_m[known], y_m[known] = self._places(self._parties[rows[known]])
        return x_m, y_m

    def distance_m(self, mode: int, destination: int) -> FloatArray:
        """Length in metres of the chosen route from each node to a destination; inf where there is none."""
        return self._routes.along(mode, destination, self._network.length_m)

    def leads_on(self, mode: int, destination: int, node: int) -> bool:
        """Whether a way leads from a node to a destination."""
        return self._routes.leads_on(mode, destination, node)

    def least_s(self, mode: int, destinations: Int32Array) -> FloatArray:
        """Free travel time from each node to several destinations (a walker at 1 m/s), shape (destinations, nodes).

        inf where there is no route.
        """
        return self._routes.least_s(mode, destinations)

    def gridlocked_links(self) -> Int32Array:
        """Links whose first car can never move on, each waiting for the next in a ring."""
        return np.flatnonzero(rerouting.rings(self._cars) != NOBODY).astype(np.int32)

    def gridlocks(self) -> tuple[tuple[int, ...], ...]:
        """The rings of links whose first cars wait for one another, in order of driving, each from its lowest rank."""
        onward, rank, found = rerouting.rings(self._cars), self._cars.links["rank"], []
        left = set(np.flatnonzero(onward != NOBODY).tolist())
        while left:
            ring = [min(left, key=lambda link: int(rank[link]))]
            while int(onward[ring[-1]]) != ring[0]:
                ring.append(int(onward[ring[-1]]))
            left.difference_update(ring)
            found.append(tuple(ring))
        return tuple(found)

    def give_up(self, links: Int32Array) -> None:
        """Let the first car of each link that cannot move on drive to the roadside; its trip ends there, stranded."""
        for link in np.unique(np.asarray(links, np.int64)).tolist():
            cars.give_up(self._cars, link, self._now_s)

    def under_way(self) -> Int32Array:
        """Trips that neither arrived nor stranded yet, in order of their ids; those still to depart are among them."""
        return self._numbering.numbers

    def distances_m(self, trips: Int32Array) -> FloatArray:
        """Length of the links that trips under way have behind them."""
        rows = self._numbering.rows_of(np.asarray(trips, dtype=np.int32))
        return np.asarray(self._parties["distance_m"][rows], dtype=np.float64)

    def queued(self) -> int:
        """How many trips should have departed and wait at their origins."""
        rows = self._numbering.rows
        is_due = self._bookings["departure_s"][rows] < self._now_s
        return int(((self._parties["link"][rows] == NOBODY) & is_due).sum())

    @property
    def world(self) -> Cars:
        """The arrays of the cars, to read: those that entered and left each link, its occupancy and storage."""
        return self._cars

    @property
    def ways(self) -> npt.NDArray[np.void]:
        """The links as walkers see them, to read: those that walked in and out, how many are on each."""
        return self._walkers.ways

    @property
    def _parties(self) -> npt.NDArray[np.void]:
        return self._cars.parties

    @property
    def _bookings(self) -> npt.NDArray[np.void]:
        return self._walkers.bookings

    def _plan(self) -> None:
        """Find the ways of those who departed since the last call."""
        for choices in self._unplanned:
            self._routes.need(*choices)
        self._unplanned = []

    def _choices(self) -> _Choices:
        """Tree, destination and next node to choose a way at, of each informed party under way."""
        parties = self._parties[: self._rows]
        tree = parties["tree"]
        rows = np.flatnonzero((tree != FOOT) & (tree != CAR) & (parties["state"] == UNDER_WAY))
        link = parties["link"][rows]
        node = np.where(link == NOBODY, self._routes.node[parties["node"][rows]], self._network.link_to[link])
        return tree[rows], parties["destination"][rows], node.astype(np.int32)

    def _trees_of(self, trips: Trips) -> npt.NDArray[np.int32]:
        """Row of the routes that each trip follows."""
        if trips.informed is None:
            return np.asarray(trips.mode, dtype=np.int32)
        informed = np.where(trips.mode == CAR, INFORMED_CAR, INFORMED_WALKER)
        return np.where(trips.informed, informed, trips.mode).astype(np.int32)

    def _make_room(self, parties: int) -> None:
        """See that there is room for so many parties, and for an event of each and a few of each link."""
        if parties > len(self._parties):
            room = max(parties, 2 * self._rows)
            rows, bookings = _more_rows(self._parties, room), _more_rows(self._bookings, room)
            self._cars = self._cars._replace(parties=rows, ended=_longer(self._cars.ended, room))
            self._walkers = self._walkers._replace(
                parties=rows, bookings=bookings, ended=_longer(self._walkers.ended, room)
            )
        if not has_room(self._cars.queue, self._network.links, len(self._parties)):
            self._cars = self._cars._replace(queue=self._enlarged(self._cars.queue))
        if not has_room(self._walkers.queue, self._network.links, len(self._parties)):
            self._walkers = self._walkers._replace(queue=self._enlarged(self._walkers.queue))

    def _enlarged(self, queue: Queue) -> Queue:
        return enlarged(queue, self._network.links, len(self._parties))

    def _check(self, trips: Trips) -> None:
        on_foot = trips.mode == FOOT
        faults = {
            "origin_node is no node": outside(trips.origin_node, self._network.nodes),
            "destination is no row of the destinations": outside(trips.destination, len(self._goals)),
            "mode is neither 0 (foot) nor 1 (car)": outside(trips.mode, 2),
            "speed_mps of a walker is not positive": on_foot
            & ~((trips.speed_mps > 0.0) & np.isfinite(trips.speed_mps)),
            f"departure_s lies before {self._now_s}": ~(
                (trips.departure_s >= self._now_s) & (trips.departure_s < np.inf)
            ),
        }
        wrong = [f"{what}: trip {trips.trip[bad][0]}" for what, bad in faults.items() if bad.any()]
        if wrong:
            raise InvalidMovement("; ".join(wrong))

    def _number(self, trips: Trips) -> None:
        taken = self._numbering.add(np.asarray(trips.trip, dtype=np.int32), self._rows)
        if taken is not None:
            raise InvalidMovement(f"a trip's id is taken by one that is under way: trip {taken}")

    def _write(self, rows: slice, trips: Trips, tree: Int32Array) -> None:
        parties, bookings = self._parties[rows], self._bookings[rows]
        on_foot = trips.mode == FOOT
        number = self._routes.number
        parties["destination"], parties["goal"] = trips.destination, number[self._goals[trips.destination]]
        parties["node"] = number[trips.origin_node]
        parties["speed_mps"] = np.where(on_foot, trips.speed_mps, np.nan)
        parties["since_s"] = bookings["departure_s"] = trips.departure_s
        parties["link"] = parties["behind"] = NOBODY
        parties["state"], parties["tree"] = UNDER_WAY, tree
        bookings["trip"], bookings["tie"] = trips.trip, _ties(trips, on_foot)

    def _reroute(self) -> None:
        """Apply changed routes to those who wait; at one node they queue again in the order of their departures."""
        self._make_room(0)
        rows = rerouting.reroute(self._cars, self._now_s)
        cars.join_all(self._cars, self._in_order(rows), self._now_s)
        rows = walkers.reroute(self._walkers)
        walkers.step_all(self._walkers, self._in_order(rows), self._now_s)

    def _in_order(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        bookings = self._bookings[rows]
        return rows[np.lexsort((bookings["tie"], bookings["departure_s"]))]

    def _places(self, parties: npt.NDArray[np.void]) -> tuple[FloatArray, FloatArray]:
        moves, rows = parties["link"] != NOBODY, parties["link"]
        network = self._network
        by_car = ~np.isin(parties["tree"], _ON_FOOT)
        needed_s = np.where(by_car, self._cars.links["free_s"][rows], network.length_m[rows] / parties["speed_mps"])
        share = np.where(moves, np.minimum((self._now_s - parties["since_s"]) / needed_s, 1.0), 0.0)
        node = self._routes.node[parties["node"]]
        start = np.where(moves, network.link_from[rows], node)
        end = np.where(moves, network.link_to[rows], node)
        x_m, y_m = network.node_x_m, network.node_y_m
        return x_m[start] + share * (x_m[end] - x_m[start]), y_m[start] + share * (y_m[end] - y_m[start])


def _network_of(roads: Roads, conditions: Conditions, parameters: Parameters | None) -> Network:
    return network_of(roads, conditions, parameters or load_parameters("agents", "movement.toml"))


def _costs(network: Network, links: npt.NDArray[np.void]) -> FloatArray:
    """Time of each link for each tree: a walker at 1 m/s, a car, both informed; inf where the mode may not go."""
    foot_s = np.where(network.walk_allowed, network.length_m, np.inf)
    return np.vstack((foot_s, links["free_s"], links["free_s"], foot_s))


def _ties(trips: Trips, on_foot: npt.NDArray[np.bool_]) -> npt.NDArray[np.int64]:
    """What decides between parties at one time: destination (17 bits), walker's speed in 1/512 m/s (11), trip (32)."""
    speed = np.where(on_foot, np.minimum(np.where(on_foot, trips.speed_mps, 0.0) * 512.0, 2047.0), 0.0)
    destination = np.minimum(trips.destination.astype(np.int64), (1 << 17) - 1)
    return (destination << 43) | (speed.astype(np.int64) << 32) | (trips.trip.astype(np.int64) & _TRIP_MASK)


def _by_time_and_trip(time_s: FloatArray, trip: Int32Array) -> npt.NDArray[np.int64]:
    """The order by time, of one time by trip: most times are those of one trip, and all but in order already."""
    order = np.argsort(time_s, kind="stable")
    ties = time_s[order[1:]] == time_s[order[:-1]]
    places = np.flatnonzero(np.append(ties, False) | np.append(False, ties))
    tied = order[places]
    order[places] = tied[np.lexsort((trip[tied], time_s[tied]))]
    return order


def _more_rows(rows: npt.NDArray[np.void], room: int) -> npt.NDArray[np.void]:
    larger = make_rows(room, rows.dtype)
    larger[: len(rows)] = rows
    return larger


def _longer(rows: npt.NDArray[np.int64], room: int) -> npt.NDArray[np.int64]:
    larger = np.zeros(room, dtype=np.int64)
    larger[: len(rows)] = rows
    return larger
