"""NetworkMovement: walkers and cars on roads, event by event."""

import numpy as np
import numpy.typing as npt

from agents.errors import InvalidMovement
from agents.movement import kernel
from agents.movement.network import NOBODY, Network, World, make_links, make_world, network_of, with_room
from agents.movement.routes import Routes
from agents.movement.trips import Arrivals, Conditions, FloatArray, Int32Array, Trips
from twin.parameters import Parameters, load_parameters
from twin.roads import Roads

_FIRST_ROOM = 1024


class NetworkMovement:
    """The Movement of a run: ``destinations`` are nodes, and trips name them by row.

    ``parameters`` are those of ``agents/data/movement.toml`` unless given.

    Raises:
        InvalidMovement: a condition lies outside (0, 1], or a destination is no node.
    """

    def __init__(
        self,
        roads: Roads,
        destinations: npt.ArrayLike,
        conditions: Conditions,
        parameters: Parameters | None = None,
    ) -> None:
        self._start(
            network_of(roads, conditions, parameters or load_parameters("agents", "movement.toml")), destinations
        )

    @classmethod
    def on(cls, network: Network, destinations: npt.ArrayLike) -> "NetworkMovement":
        """Movement on a network given as arrays.

        Raises:
            InvalidMovement: a destination is no node.
        """
        movement = cls.__new__(cls)
        movement._start(network, destinations)
        return movement

    def _start(self, network: Network, destinations: npt.ArrayLike) -> None:
        self._roads = network
        self._goals = np.asarray(destinations, dtype=np.int32)
        if len(self._goals) and not 0 <= self._goals.min() <= self._goals.max() < network.nodes:
            raise InvalidMovement(f"destinations must be nodes 0..{network.nodes - 1}, not {self._goals.tolist()}")
        links = make_links(network)
        self._routes = Routes(
            (links["from_node"].copy(), links["to_node"].copy()), network.nodes, self._goals, _costs(network, links)
        )
        self._world = make_world(links, self._routes.next_link, _FIRST_ROOM)
        self._row_of_trip: dict[int, int] = {}
        self._rows = 0
        self._now_s = 0.0

    def depart(self, trips: Trips) -> None:
        """Add departures.

        Raises:
            InvalidMovement: an unknown node, destination or mode, a walker without speed, a departure before the time
                reached, or a trip that is under way already.
        """
        ids = trips.trip.tolist()
        if not ids:
            return
        self._check(trips, ids)
        self._routes.need(trips.mode, trips.destination)
        first, last = self._rows, self._rows + len(ids)
        if last > len(self._world.parties):
            self._world = with_room(self._world, max(last, 2 * self._rows))
        self._write(self._world.parties[first:last], trips)
        self._row_of_trip.update(zip(ids, range(first, last), strict=True))
        self._rows = last
        kernel.schedule(self._world, first, last)

    def advance(self, until_s: float) -> Arrivals:
        """Let time pass until ``until_s`` (excluded) and return who arrived or stranded since the last call.

        Raises:
            InvalidMovement: ``until_s`` lies before the time reached.
        """
        if not until_s >= self._now_s:
            raise InvalidMovement(f"time cannot go from {self._now_s} s to {until_s} s; advance to a later time")
        kernel.run(self._world, float(until_s))
        self._now_s = float(until_s)
        ended = self._world.parties[self._world.ended[: self._world.counts[1]]]
        self._world.counts[1] = 0
        ended = ended[np.lexsort((ended["trip"], ended["since_s"]))]
        for trip in ended["trip"].tolist():
            del self._row_of_trip[trip]
        return Arrivals(
            trip=ended["trip"].copy(),
            time_s=ended["since_s"].copy(),
            node=ended["node"].copy(),
            stranded=ended["state"] == kernel.STRANDED,
        )

    def close_links(self, links: Int32Array, *, walkers: bool = True) -> None:
        """Close links from now on, for cars alone or for walkers too.

        Routes change at once; who is on a closed link leaves it at its end.
        """
        modes = (kernel.FOOT, kernel.CAR) if walkers else (kernel.CAR,)
        self._routes.close(np.asarray(links, dtype=np.int32), modes)
        self._reroute()

    def open_links(self, links: Int32Array) -> None:
        """Open closed links again from now on."""
        self._routes.open(np.asarray(links, dtype=np.int32))
        self._reroute()

    def positions(self, trips: Int32Array) -> tuple[FloatArray, FloatArray]:
        """East and north in metres of trips under way, at the time reached; NaN for trips not under way.

        On a link: by the time since it was entered at free speed, a queueing car at most at the link's end.
        """
        rows = np.array([self._row_of_trip.get(trip, NOBODY) for trip in trips.tolist()], dtype=np.int64)
        known = rows != NOBODY
        x_m, y_m = np.full(len(rows), np.nan), np.full(len(rows), np.nan)
        x_m[known], y_m[known] = self._places(self._world.parties[rows[known]])
        return x_m, y_m

    def distance_m(self, mode: int, destination: int) -> FloatArray:
        """Length in metres of the chosen route from each node to a destination; inf where there is none."""
        return self._routes.along(mode, destination, self._roads.length_m)

    def route_time_s(self, mode: int, destination: int) -> FloatArray:
        """Free travel time of the chosen route from each node to a destination (a walker at 1 m/s); inf if none."""
        return self._routes.time_s(mode, destination)

    def gridlocked_links(self) -> Int32Array:
        """Links whose first car can never move on, each waiting for the next in a ring."""
        return np.flatnonzero(kernel.gridlocked(self._world)).astype(np.int32)

    def give_up(self, links: Int32Array) -> None:
        """Let the first car of each link that cannot move on drive to the roadside; its trip ends there, stranded."""
        for link in np.unique(np.asarray(links, np.int64)).tolist():
            kernel.give_up(self._world, link, self._now_s)

    def under_way(self) -> Int32Array:
        """Trips that neither arrived nor stranded yet, in order of their ids; those still to depart are among them."""
        return np.array(sorted(self._row_of_trip), dtype=np.int32)

    @property
    def world(self) -> World:
        """The arrays of the movement, to read: cars that entered and left each link, its occupancy and storage."""
        return self._world

    def _check(self, trips: Trips, ids: list[int]) -> None:
        on_foot = trips.mode == kernel.FOOT
        faults = {
            "origin_node is no node": _outside(trips.origin_node, self._roads.nodes),
            "destination is no row of the destinations": _outside(trips.destination, len(self._goals)),
            "mode is neither 0 (foot) nor 1 (car)": _outside(trips.mode, 2),
            "speed_mps of a walker is not positive": on_foot
            & ~((trips.speed_mps > 0.0) & np.isfinite(trips.speed_mps)),
            f"departure_s lies before {self._now_s}": ~(
                (trips.departure_s >= self._now_s) & (trips.departure_s < np.inf)
            ),
        }
        wrong = [f"{what}: trip {trips.trip[bad][0]}" for what, bad in faults.items() if bad.any()]
        if len(set(ids)) < len(ids) or not self._row_of_trip.keys().isdisjoint(ids):
            again = next(trip for trip in ids if trip in self._row_of_trip or ids.count(trip) > 1)
            wrong.append(f"a trip's id is taken by one that is under way: trip {again}")
        if wrong:
            raise InvalidMovement("; ".join(wrong))

    def _write(self, parties: npt.NDArray[np.void], trips: Trips) -> None:
        parties["trip"], parties["mode"] = trips.trip, trips.mode
        parties["destination"], parties["goal"] = trips.destination, self._goals[trips.destination]
        parties["node"] = trips.origin_node
        parties["speed_mps"] = np.where(trips.mode == kernel.FOOT, trips.speed_mps, np.nan)
        parties["departure_s"] = parties["since_s"] = trips.departure_s
        parties["link"] = parties["behind"] = NOBODY
        parties["state"] = kernel.UNDER_WAY

    def _reroute(self) -> None:
        """Apply changed routes to cars that wait; cars at one node queue again in the order of their departures."""
        rows = kernel.reroute(self._world, self._now_s)
        parties = self._world.parties[rows]
        order = np.lexsort((parties["trip"], parties["destination"], parties["departure_s"]))
        kernel.join_all(self._world, rows[order], self._now_s)

    def _places(self, parties: npt.NDArray[np.void]) -> tuple[FloatArray, FloatArray]:
        moves = parties["link"] != NOBODY
        links = self._world.links[parties["link"]]
        needed_s = np.where(parties["mode"] == kernel.CAR, links["free_s"], links["length_m"] / parties["speed_mps"])
        share = np.where(moves, np.minimum((self._now_s - parties["since_s"]) / needed_s, 1.0), 0.0)
        start = np.where(moves, links["from_node"], parties["node"])
        end = np.where(moves, links["to_node"], parties["node"])
        x_m, y_m = self._roads.node_x_m, self._roads.node_y_m
        return x_m[start] + share * (x_m[end] - x_m[start]), y_m[start] + share * (y_m[end] - y_m[start])


def _costs(network: Network, links: npt.NDArray[np.void]) -> FloatArray:
    """Time of each link for each mode, row 0 a walker at 1 m/s, row 1 a car; inf where the mode may not go."""
    return np.vstack((np.where(network.walk_allowed, network.length_m, np.inf), links["free_s"]))


def _outside(values: npt.NDArray[np.integer], limit: int) -> npt.NDArray[np.bool_]:
    return (values < 0) | (values >= limit)
