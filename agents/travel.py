"""Travel: parties of people who move together, between the agents who send them and the roads that carry them."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import numpy.typing as npt

from agents.movement.trips import Trips
from agents.world import World
from twin.events import EventKind, TravelMode
from twin.town import Town
from twin.trips import EndedTrips

RowArray = npt.NDArray[np.int64]
FloatArray = npt.NDArray[np.float64]

ON_FOOT = 0
BY_CAR = 1
LOOK_FOR_RINGS_S = 300.0
"""Interval at which rings of blocked cars are looked for: a third of the least patience (half cars.patience_mean_s)."""


@dataclass(frozen=True, slots=True)
class Destinations:
    """Numbers the places that people travel to: shelters and sites, then neighbourhoods, then exits."""

    shelters: int
    neighbourhoods: int
    exits: int

    @classmethod
    def of(cls, town: Town) -> "Destinations":
        """The destinations of a town."""
        return cls(len(town.shelters), len(town.neighbourhoods), len(town.exit_nodes))

    def neighbourhood(self, row: int) -> int:
        """Destination of a neighbourhood's centre."""
        return self.shelters + row

    def exit(self, row: int) -> int:
        """Destination of a way out of town."""
        return self.shelters + self.neighbourhoods + row

    def is_shelter(self, destination: int) -> bool:
        """Whether a destination is a shelter or site; its number is then the row of the town's shelters."""
        return destination < self.shelters


def destination_nodes(town: Town) -> npt.NDArray[np.int32]:
    """Node of each destination."""
    shelters = [shelter.node for shelter in town.shelters]
    centres = [neighbourhood.node for neighbourhood in town.neighbourhoods]
    return np.array([*shelters, *centres, *town.exit_nodes], np.int32)


@dataclass(slots=True)
class Party:
    """People who move together; a vehicle sent empty has no ``members``.

    ``speed_mps`` is that of the slowest walker after snow and darkness. ``arrived`` is called at the exact time of
    arrival, ``stranded`` when no way leads on; ``reports`` is the row of the person whose app tells the position, -1 if
    none.
    """

    members: RowArray
    origin_node: int
    destination: int
    mode: TravelMode
    speed_mps: float
    depart_s: float
    arrived: Callable[[], None]
    stranded: Callable[[], None] | None = None
    reports: int = -1
    last_report_s: float = 0.0


class Travel:
    """Sends parties over the roads and calls them when they arrive."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.destinations = Destinations.of(world.town)
        self._waiting: list[tuple[int, Party]] = []
        self._parties: dict[int, Party] = {}
        self._reporting: dict[int, Party] = {}
        self._ended: list[tuple[RowArray, float, float, bool]] = []
        self._sent = 0
        self._blocked_since_s: dict[int, float] = {}
        self.ever_gridlocked: set[int] = set()
        """Links that were part of a ring of blocked cars at any time."""

    def set_out(self, party: Party) -> None:
        """Let a party depart at ``party.depart_s``, which must not lie in the window that movement has passed."""
        self._waiting.append((self._sent, party))
        self._sent += 1
        if len(party.members):
            self._world.committed[party.members] = True
            self._world.at(party.depart_s, partial(self._depart_now, party))

    def _depart_now(self, party: Party) -> None:
        place = party.destination if self.destinations.is_shelter(party.destination) else -1
        self._world.committed[party.members] = False
        self._world.happen(EventKind.DEPARTED, party.members, place=place, detail=party.mode)

    def walking_speed_mps(self, members: RowArray) -> float:
        """Speed of the slowest of a party now; the fastest carries the small children, if there is anybody to do so."""
        world = self._world
        rows: list[int] = members.tolist()
        if len(rows) == 1:
            return world.walking_mps[rows[0]] * world.walking_factor
        every_mps = [world.walking_mps[member] for member in rows]
        own_mps = [world.walking_mps[member] for member in rows if not world.is_carried[member]]
        slowest_mps = min(own_mps or every_mps)
        if 0 < len(own_mps) < len(every_mps):
            slowest_mps = min(slowest_mps, max(own_mps) * world.carrying_factor)
        return slowest_mps * world.walking_factor

    def advance(self, until_s: float) -> None:
        """Move everybody until ``until_s``; arrivals are called at their own times."""
        self._depart()
        arrivals = self._world.movement.advance(until_s)
        rows = zip(
            arrivals.trip.tolist(), arrivals.time_s.tolist(), arrivals.node.tolist(), arrivals.stranded.tolist(),
            arrivals.distance_m.tolist(), strict=True,
        )  # fmt: skip
        for row in rows:
            self._finish(*row)

    def ended(self) -> EndedTrips:
        """The trips of people that ended so far, by the order of their ends."""
        counts = [len(members) for members, *_ in self._ended]
        _, ended_s, length_m, informed = zip(*self._ended, strict=True) if self._ended else ((), (), (), ())
        return EndedTrips(
            np.concatenate([np.empty(0, np.int32), *(members for members, *_ in self._ended)]).astype(np.int32),
            np.repeat(np.array(ended_s, np.float64), counts),
            np.repeat(np.array(length_m, np.float64), counts),
            np.repeat(np.array(informed, np.bool_), counts),
        )

    def sharing(self, before_s: float) -> tuple[list[Party], FloatArray, FloatArray]:
        """Parties under way whose app last told their position before ``before_s``, and where they are."""
        due = [(trip, party) for trip, party in self._reporting.items() if party.last_report_s <= before_s]
        x_m, y_m = self._world.movement.positions(np.array([trip for trip, _ in due], np.int32))
        return [party for _, party in due], x_m, y_m

    def leave_blocked_cars(self) -> None:
        """Let people at the head of a gridlock whose patience has ended leave the car; a ring is never teleported."""
        world = self._world
        if world.now_s % LOOK_FOR_RINGS_S:
            return
        links = world.movement.gridlocked_links()
        self.ever_gridlocked.update(links.tolist())
        now_s = world.now_s
        self._blocked_since_s = {link: self._blocked_since_s.get(link, now_s) for link in links.tolist()}
        waited_s = now_s - np.array(list(self._blocked_since_s.values()))
        mean_s = world.parameters.number("cars.patience_mean_s")
        patience_s = mean_s * (0.5 + world.stream.uniform("cars.patience", links))
        world.movement.give_up(links[waited_s >= patience_s])

    def look_at_traffic(self) -> None:
        """Let cars with the app in them choose their way anew, where it is time for that."""
        if self._world.now_s % self._world.parameters.number("cars.replan_s") == 0:
            self._world.movement.replan()

    def _chooses_anew(self, party: Party) -> bool:
        """Whether it learns of the traffic on its way: a car with the app in it."""
        return party.mode != TravelMode.FOOT and self._world.uses_app(party.members)

    def _depart(self) -> None:
        if not self._waiting:
            return
        parties = [party for _, party in self._waiting]
        self._world.movement.depart(
            Trips(
                trip=np.array([trip for trip, _ in self._waiting], np.int32),
                origin_node=np.array([party.origin_node for party in parties], np.int32),
                destination=np.array([party.destination for party in parties], np.int32),
                mode=np.array([ON_FOOT if p.mode == TravelMode.FOOT else BY_CAR for p in parties], np.int8),
                speed_mps=np.array([party.speed_mps for party in parties], np.float64),
                departure_s=np.array([party.depart_s for party in parties], np.float64),
                informed=np.array([self._chooses_anew(p) for p in parties], np.bool_),
            )
        )
        self._parties.update(self._waiting)
        self._reporting.update((trip, party) for trip, party in self._waiting if party.reports >= 0)
        self._waiting = []

    def _finish(self, trip: int, time_s: float, node: int, stranded: bool, length_m: float) -> None:  # noqa: FBT001
        party = self._parties.pop(trip)
        self._reporting.pop(trip, None)
        self._ended.append((party.members, time_s, length_m, self._chooses_anew(party)))
        self._world.at(time_s, partial(self._strand, party, node) if stranded else party.arrived)

    def _strand(self, party: Party, node: int) -> None:
        """No way leads on for a party: people in a car go on on foot, if a way leads on for walkers."""
        if not len(party.members):
            if party.stranded:
                party.stranded()
            return
        on_foot = party.mode == TravelMode.FOOT
        if on_foot or not self._world.movement.leads_on(ON_FOOT, party.destination, node):
            self._world.happen(EventKind.STRANDED, party.members, place=node, detail=party.mode)
            if party.stranded:
                party.stranded()
            return
        least_s = self._world.parameters.number("preparing.least_s")
        speed_mps = self.walking_speed_mps(party.members)
        self.set_out(
            replace(
                party, origin_node=node, mode=TravelMode.FOOT, speed_mps=speed_mps,
                depart_s=self._world.now_s + least_s,
            )
        )  # fmt: skip
