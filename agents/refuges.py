"""Where people go: what they know of shelters, which one they choose, how they get there, where they go on to."""

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from agents import behaviour
from agents.city_os.port import ShelterBoard
from agents.shelter_desk import Evacuees, ShelterDesks
from agents.sightings import Door
from agents.travel import ON_FOOT, Party, Travel
from agents.ways import WaysOnFoot
from agents.world import World
from twin.events import EventKind, Intent, Refuge, TravelMode
from twin.population import CONSENT_COLUMN, ConsentRule, DataCategory, Mode, Recipient
from twin.shelters import Fitness, ShelterKind

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
RowArray = npt.NDArray[np.int64]

ADULT_AGE = 18
"""Age of majority and of the driving licence. Source: Civil Code art. 4 (2022); Road Traffic Act art. 88."""

OUT_OF_TOWN = -2
"""Value of Population.relatives_neighbourhood for relatives who live outside the town."""


@dataclass(frozen=True)
class Places:
    """What is known of shelters and sites in advance; masks over the town's shelters."""

    general: BoolArray
    welfare: BoolArray
    sites: BoolArray
    suited: BoolArray

    @classmethod
    def of(cls, world: World) -> "Places":
        """The places of a town and their fitness for what strikes it."""
        shelters, hazard = world.town.shelters, world.situation.hazard
        return cls(
            general=np.array([shelter.kind == ShelterKind.GENERAL for shelter in shelters]),
            welfare=np.array([shelter.kind == ShelterKind.WELFARE for shelter in shelters]),
            sites=np.array([shelter.kind == ShelterKind.SITE for shelter in shelters]),
            suited=np.array([shelter.fitness_for(hazard) != Fitness.UNSUITED for shelter in shelters]),
        )


@dataclass
class Refuges:
    """Sends households to their refuges and evacuees on to the next shelter."""

    world: World
    travel: Travel
    desks: ShelterDesks
    ways: WaysOnFoot | None = None
    places: Places = field(init=False)
    _distance_m: FloatArray = field(init=False)
    _remembered_m: dict[int, FloatArray] = field(default_factory=dict)
    _exit_of_node: RowArray = field(init=False)
    _shares_position: list[bool] = field(init=False)
    _knows_sites: list[bool] = field(init=False)
    _drivers: list[bool] = field(init=False)
    _planned: list[bool] = field(init=False)
    _nearest: dict[tuple[int, bool, bool], int] = field(init=False)
    _most_on_foot_m: float = field(init=False)
    _most_by_car_m: float = field(init=False)
    _target: npt.NDArray[np.int32] = field(init=False)
    _app_patience_s: float = field(init=False)

    def __post_init__(self) -> None:
        world = self.world
        self.places = Places.of(world)
        ways = self.ways or WaysOnFoot.of(world.town)
        self._distance_m, self._exit_of_node = ways.shelter_m, ways.exit_of_node
        self._shares_position = _shares_position(world).tolist()
        households = np.arange(world.population.households)
        known = world.parameters.number("knowledge.site_share")
        self._knows_sites = (world.stream.uniform("knowledge.site", households) < known).tolist()
        self._target = np.full(world.population.households, -1, np.int32)
        people = world.population
        self._drivers = ((people.age >= ADULT_AGE) & ~people.needs_support).tolist()
        self._planned = people.has_plan.tolist()
        self._nearest: dict[tuple[int, bool, bool], int] = {}
        number = world.parameters.number
        self._most_on_foot_m = number("reception.reach_on_foot_m")
        self._most_by_car_m = number("reception.reach_by_car_m")
        self._app_patience_s = number("app.patience_s")
        self.desks.send_on = self.go_on

    def set_out(
        self, household: int, members: RowArray, at_s: float, intent: Intent, vehicle: TravelMode | None
    ) -> Party | None:
        """Send members of a household to the refuge of its intent; None if there is no place to go to."""
        node = int(self.world.population.home_node[household])
        if intent in (Intent.CAR, Intent.OUT_OF_TOWN) and (vehicle is TravelMode.FOOT or not self._has_driver(members)):
            intent = Intent.SHELTER
        destination, waited_s = self._destination(household, members, node, intent)
        if destination < 0:
            destination, waited_s = self._destination(household, members, node, Intent.SHELTER)
        if destination < 0:
            return None
        self._target[household] = destination
        mode = vehicle if vehicle is not None else self._mode(household, node, destination, intent)
        if mode is TravelMode.CAR and vehicle is None and not self._has_driver(members):
            mode = TravelMode.FOOT
        return self._send(household, members, node, destination, at_s + waited_s, mode)

    def follow(self, household: int, members: RowArray, at_s: float) -> None:
        """Members who came home later go where the household has gone."""
        destination = int(self._target[household])
        too_far = destination >= self.travel.destinations.exit(0)
        if destination < 0 or too_far:
            self.world.happen(EventKind.RETURNED, members)
            return
        node = int(self.world.population.home_node[household])
        earliest_s = at_s + self.world.parameters.number("preparing.least_s")
        self._send(household, members, node, destination, earliest_s, TravelMode.FOOT)

    def go_on(self, evacuees: Evacuees, shelter: int) -> bool:
        """Send evacuees on from a full or closed shelter; False if they know of no other within reach."""
        world = self.world
        if evacuees.mode is TravelMode.WELFARE_VEHICLE:
            return False  # the vehicle that brought them is on its next way
        node = world.town.shelters[shelter].node
        reach_m = self._distance_m[:, node]
        most_m = self._most_m(by_car=evacuees.mode != TravelMode.FOOT)
        board, waited_s = self._ask(evacuees)
        usable = self._usable(evacuees, board, reach_m, most_m) & (reach_m <= most_m)
        usable[list(evacuees.tried)] = False
        target = self._choose(evacuees, board, reach_m, usable)
        if target < 0:
            return False
        self._target[evacuees.household] = target
        at_s = world.now_s + world.parameters.number("reception.refusal_s") + waited_s
        party = self._party(evacuees.members, node, target, at_s, evacuees.mode)
        party.arrived = lambda: self.desks.receive(target, evacuees)
        self.travel.set_out(party)
        return True

    # -- choosing
    def _destination(self, household: int, members: RowArray, node: int, intent: Intent) -> tuple[int, float]:
        """Where an intent leads from a node, -1 if nowhere, and how long it took to learn that (s)."""
        relatives = int(self.world.population.relatives_neighbourhood[household])
        if intent == Intent.OUT_OF_TOWN or (intent == Intent.RELATIVES and relatives == OUT_OF_TOWN):
            return int(self._exit_of_node[node]), 0.0
        if intent == Intent.RELATIVES:
            return self.travel.destinations.neighbourhood(relatives), 0.0
        reach_m = self._distance_m[:, node]
        if intent == Intent.CAR:
            return behaviour.nearest_shelter(reach_m, self.places.sites & self.places.suited), 0.0
        by_car = bool(self.world.population.cars[household] > 0)
        evacuees = Evacuees(household, members, TravelMode.FOOT)
        board, waited_s = self._ask(evacuees)
        if board is not None:
            usable = self._usable(evacuees, board, reach_m, self._most_m(by_car=by_car))
            return self._choose(evacuees, board, reach_m, usable), waited_s
        # What is known in advance does not change: of all who set out from a node the same is nearest.
        case = (node, self._is_planned(members), self._knows_sites[household])
        if case not in self._nearest:
            self._nearest[case] = behaviour.nearest_shelter(reach_m, self._known(evacuees))
        return self._nearest[case], waited_s

    def shelter_to_ask(self, node: int, own_node: int) -> tuple[int, float]:
        """The shelter where somebody at ``own_node`` would look for a person of ``node``, -1 if none, and the way (m).

        It is the one fit for the disaster that is nearest to that person; beyond reach by car, nearest to oneself.
        """
        usable = self.places.general & self.places.suited
        own_m = self._distance_m[:, own_node]
        shelter = behaviour.nearest_shelter(self._distance_m[:, node], usable)
        if shelter < 0 or own_m[shelter] > self._most_by_car_m:
            shelter = behaviour.nearest_shelter(own_m, usable)
        return shelter, float(own_m[shelter]) if shelter >= 0 else np.inf

    def _choose(self, evacuees: Evacuees, board: ShelterBoard | None, reach_m: FloatArray, usable: BoolArray) -> int:
        """The nearest of the shelters that people take into account, -1 if none."""
        target = behaviour.nearest_shelter(reach_m, usable)
        if target >= 0 and board is not None:
            self.desks.sightings.choose(board, target, evacuees.members)
        return target

    def _usable(self, evacuees: Evacuees, board: ShelterBoard | None, reach_m: FloatArray, most_m: float) -> BoolArray:
        """Shelters that people take into account: those open and within reach by the city OS if they can ask it.

        Without an answer, or where nothing within reach is open, they go by what they know in advance.
        """
        if board is None:
            return self._known(evacuees)
        candidates = self._candidates(evacuees)
        within_reach = candidates & (reach_m <= most_m)
        self.desks.sightings.look(board, within_reach)
        near = within_reach & (self.desks.sightings.said(board) == Door.OPEN)
        return near if near.any() else candidates & self.places.suited

    def _known(self, evacuees: Evacuees) -> BoolArray:
        """Shelters that people know in advance; some know which of them suit what strikes the town."""
        candidates = self._candidates(evacuees)
        return candidates & self.places.suited if self._knows_sites[evacuees.household] else candidates

    def _candidates(self, evacuees: Evacuees) -> BoolArray:
        """Shelters that take such people, an array of their own."""
        places = self.places
        return places.general | places.welfare if self._is_planned(evacuees.members) else places.general.copy()

    def _is_planned(self, members: RowArray) -> bool:
        return any(self._planned[member] for member in members.tolist())

    def _has_driver(self, members: RowArray) -> bool:
        """Whether one of the members can drive: an adult who needs no support."""
        return any(self._drivers[member] for member in members.tolist())

    def _most_m(self, *, by_car: bool) -> float:
        """How far people go to another shelter than the nearest."""
        return self._most_by_car_m if by_car else self._most_on_foot_m

    def _ask(self, evacuees: Evacuees) -> tuple[ShelterBoard | None, float]:
        """The board as an app shows it, and how long people looked at an app that loads (s).

        At home the network may be lost, at a shelter's door it is taken to work. Who has seen nothing when patience
        ends decides without it.
        """
        world = self.world
        at_home = not evacuees.tried
        if not world.uses_app(evacuees.members):
            return None, 0.0
        if at_home and not world.has_network(evacuees.household):
            return None, 0.0
        answer = world.city_os.shelter_board(world.now_s)
        if answer.latency_s > self._app_patience_s:
            return None, self._app_patience_s
        return answer.value, answer.latency_s

    def _mode(self, household: int, node: int, destination: int, intent: Intent) -> TravelMode:
        people, stream = self.world.population, self.world.stream
        if intent in (Intent.CAR, Intent.OUT_OF_TOWN):
            return TravelMode.CAR
        by_car = behaviour.takes_car(
            self._way_m(destination)[[node]],
            people.cars[[household]],
            np.array([stream.one("cars", household)]),
            self.world.parameters,
        )
        return behaviour.travel_mode(by_car=bool(by_car[0]))

    def _way_m(self, destination: int) -> FloatArray:
        """Length of the way on foot from each node, as people remember it: closures do not change it."""
        if destination < len(self._distance_m):
            return np.asarray(self._distance_m[destination])
        if destination not in self._remembered_m:
            self._remembered_m[destination] = self.world.movement.distance_m(ON_FOOT, destination)
        return self._remembered_m[destination]

    # -- sending
    def _send(
        self, household: int, members: RowArray, node: int, destination: int, at_s: float, mode: TravelMode
    ) -> Party:
        party = self._party(members, node, destination, at_s, mode)
        if not self.travel.destinations.is_shelter(destination):
            is_exit = destination >= self.travel.destinations.exit(0)
            where = Refuge.OUT_OF_TOWN if is_exit else Refuge.RELATIVES
            party.arrived = lambda: self.world.happen(EventKind.SETTLED, members, detail=where)
        elif self.places.sites[destination]:
            party.arrived = lambda: self.world.happen(EventKind.SETTLED, members, detail=Refuge.CAR)
        else:
            evacuees = Evacuees(household, members, mode)
            party.arrived = lambda: self.desks.receive(destination, evacuees)
        self.travel.set_out(party)
        return party

    def _party(self, members: RowArray, node: int, destination: int, at_s: float, mode: TravelMode) -> Party:
        reporting = next((member for member in members.tolist() if self._shares_position[member]), -1)
        return Party(
            members=members,
            origin_node=node,
            destination=destination,
            mode=mode,
            speed_mps=self.travel.walking_speed_mps(members),
            depart_s=at_s,
            arrived=_nothing,
            reports=reporting,
            last_report_s=at_s,
        )


def _nothing() -> None:
    """What a party does on arrival until it is told otherwise."""


def _shares_position(world: World) -> BoolArray:
    """Who lets the app tell the position: users who agreed to it for anybody in a drill or a disaster."""
    people = world.population
    columns = [
        CONSENT_COLUMN[ConsentRule(DataCategory.LOCATION, recipient, mode)]
        for recipient in Recipient
        for mode in (Mode.DRILL, Mode.DISASTER)
    ]
    agreed = np.asarray(people.consents[:, columns].any(axis=1), np.bool_)
    return people.uses_app & agreed
