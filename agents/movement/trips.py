"""What goes into and comes out of Movement."""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
Int8Array = npt.NDArray[np.int8]

FOOT, CAR = 0, 1
"""Modes; also the rows of their routes."""
INFORMED_CAR, INFORMED_WALKER = 2, 3
"""Rows of the routes of those who know how long links take."""


@dataclass(frozen=True, slots=True)
class Trips:
    """Departures, one row each: one party that moves together.

    ``trip`` is any id, unique among those under way. ``destination`` is a row of the destinations that the movement
    was made with. ``mode`` is 0 on foot, 1 by car. ``speed_mps`` is a walker's own speed after all conditions; cars go
    by the links' speeds. ``departure_s`` must not lie before the time reached by ``advance``. The ``informed``
    follow routes that are planned anew while they are under way, if the movement is told to; nobody is, if not given.
    """

    trip: Int32Array
    origin_node: Int32Array
    destination: Int32Array
    mode: Int8Array
    speed_mps: FloatArray
    departure_s: FloatArray
    informed: npt.NDArray[np.bool_] | None = None


def outside(values: npt.NDArray[np.integer], limit: int) -> npt.NDArray[np.bool_]:
    """Which values are no row below a limit."""
    return (values < 0) | (values >= limit)


@dataclass(frozen=True, slots=True)
class Arrivals:
    """Ends of trips, ordered by time and trip, ``distance_m`` from their origins.

    ``stranded`` rows found no way on, at ``node``.
    """

    trip: Int32Array
    time_s: FloatArray
    node: Int32Array
    stranded: npt.NDArray[np.bool_]
    distance_m: FloatArray


@dataclass(frozen=True, slots=True)
class Conditions:
    """Weather and light on all links: factors on car speed and on capacity, each in (0, 1].

    Walkers' speeds come with their trips.
    """

    car_speed_factor: float = 1.0
    capacity_factor: float = 1.0


class Movement(Protocol):
    """Moves parties over roads. Results depend on neither the calls' spacing nor the number of threads."""

    def depart(self, trips: Trips) -> None:
        """Add departures."""

    def advance(self, until_s: float) -> Arrivals:
        """Let time pass until ``until_s`` and return who arrived or stranded since the last call.

        What happens at ``until_s`` itself belongs to the next call, so departures and closures may still be given
        for that time.
        """

    def close_links(self, links: Int32Array, *, walkers: bool = True) -> None:
        """Close links from now on, for cars alone or for walkers too.

        Routes change at once; who is on a closed link leaves it at its end.
        """

    def open_links(self, links: Int32Array) -> None:
        """Open closed links again from now on."""

    def replan(self) -> None:
        """Give those who are informed new routes by the times that links took since the last call."""

    def positions(self, trips: Int32Array) -> tuple[FloatArray, FloatArray]:
        """East and north in metres of trips under way, at the time reached; NaN for trips not under way."""

    def distance_m(self, mode: int, destination: int) -> FloatArray:
        """Length in metres of the chosen route from each node to a destination; inf where there is none."""

    def leads_on(self, mode: int, destination: int, node: int) -> bool:
        """Whether a way leads from a node to a destination."""

    def gridlocked_links(self) -> Int32Array:
        """Links whose first car can never move on, each waiting for the next in a ring."""

    def give_up(self, links: Int32Array) -> None:
        """Let the first car of each link that cannot move on drive to the roadside; its trip ends there, stranded."""

    def under_way(self) -> Int32Array:
        """Trips that neither arrived nor stranded yet."""
