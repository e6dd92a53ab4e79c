"""World: what all agents share: the clock, the town's truth, the roads, the city OS, the trace."""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Protocol

import numpy as np
import numpy.typing as npt

from agents.agenda import Agenda
from agents.behaviour import walking_factor
from agents.city_os.port import CityOS
from agents.movement.trips import Movement
from agents.registry import Model
from agents.situation import Service, Situation
from twin.events import EventKind, SafetyChannel, State
from twin.parameters import Parameters
from twin.population import Population
from twin.randomness import Stream
from twin.state import TownState
from twin.town import Town
from twin.trace import Trace

BoolArray = npt.NDArray[np.bool_]
RowArray = npt.NDArray[np.int64]
Rows = npt.NDArray[np.integer] | int

WINDOW_S = 60.0
"""How far movement advances at a time. No decision takes effect sooner (parameter preparing.least_s), so results do not
depend on it."""


class LostCells(Protocol):
    """Cells of the mobile network that fail beside what the scenario says of homes."""

    def cut_off(self, at_s: float, people: RowArray) -> BoolArray:
        """Whose phone no cell serves at a time, for each of ``people``."""


@dataclass
class World:
    """Shared by all agents of one run.

    Columns over households: ``works`` says for each service whether it works at home, ``household_district`` the
    district. Columns over people: ``safety_known`` (the city office knows that they are safe), ``helped``,
    ``committed`` (about to depart with a party). ``walking_mps``, ``is_carried`` (a small child) and ``app_users``
    are columns of the population as lists, of which a single value is read much faster than of an array.
    ``lost_cells`` is None where all cells work.
    """

    town: Town
    population: Population
    situation: Situation
    parameters: Parameters
    stream: Stream
    city_os: CityOS
    movement: Movement
    lost_cells: LostCells | None = None
    env: Agenda = field(default_factory=Agenda)
    trace: Trace = field(default_factory=Trace)
    registry: Model = field(init=False)
    state: TownState = field(init=False)
    works: dict[Service, BoolArray] = field(init=False)
    safety_known: BoolArray = field(init=False)
    helped: BoolArray = field(init=False)
    committed: BoolArray = field(init=False)
    household_district: npt.NDArray[np.int32] = field(init=False)
    walking_mps: list[float] = field(init=False)
    is_carried: list[bool] = field(init=False)
    carrying_factor: float = field(init=False)
    app_users: list[bool] = field(init=False)
    _daylight_h: tuple[float, float] = field(init=False)
    _walking_factors: tuple[float, float] = field(init=False)

    def __post_init__(self) -> None:
        # Mesa holds the agents; chance comes from the stream alone, the seed only keeps mesa from asking the machine.
        self.registry = Model(seed=self.stream.seed)
        self.state = TownState.all_at_home(self.population.people, len(self.town.shelters))
        self.works = {service: np.ones(self.population.households, dtype=np.bool_) for service in Service}
        self.safety_known = np.zeros(self.population.people, dtype=np.bool_)
        self.helped = np.zeros(self.population.people, dtype=np.bool_)
        self.committed = np.zeros(self.population.people, dtype=np.bool_)
        districts = np.array([neighbourhood.district for neighbourhood in self.town.neighbourhoods], np.int32)
        self.household_district = districts[self.population.neighbourhood]
        self.walking_mps = self.population.walking_speed_mps.tolist()
        self.is_carried = (self.population.age < self.parameters.number("walking.carried_below_age")).tolist()
        self.carrying_factor = self.parameters.number("walking.carrying_factor")
        self.app_users = self.population.uses_app.tolist()
        season, snow, parameters = self.situation.season, self.situation.snow, self.parameters
        self._daylight_h = parameters.row("light.sunset_h")[season], parameters.row("light.sunrise_h")[season]
        by_day, by_night = (walking_factor(snow, parameters, night=night) for night in (False, True))
        self._walking_factors = by_day, by_night

    @property
    def now_s(self) -> float:
        """Time since the scenario's start."""
        return self.env.now

    @property
    def is_night(self) -> bool:
        """Whether it is dark now."""
        return self.situation.is_night(self.now_s, *self._daylight_h)

    @property
    def walking_factor(self) -> float:
        """Factor of snow and darkness on walking speeds now."""
        return self._walking_factors[self.is_night]

    def happen(
        self, kind: EventKind, people: Rows, *, at_s: float | npt.NDArray[np.float64] | None = None,
        place: Rows = -1, detail: Rows = 0,
    ) -> None:  # fmt: skip
        """Something happens to people: into the trace and into the town's state."""
        rows = people if isinstance(people, np.ndarray) and people.ndim else np.atleast_1d(np.asarray(people, np.int64))
        self.trace.record(kind, self.env.now if at_s is None else at_s, rows, place, detail)
        self.state.apply(kind, rows, place)

    def at(self, at_s: float, do: Callable[[], None]) -> None:
        """Do something at a later time (at once, but after what is under way, if the time has passed)."""
        self.env.at(at_s, do)

    def are(self, people: npt.NDArray[np.int64], state: State) -> npt.NDArray[np.int64]:
        """Those of ``people`` who are in a state now."""
        inside: npt.NDArray[np.int64] = people[self.state.person_state[people] == int(state)]
        return inside

    def uses_app(self, members: npt.NDArray[np.int64]) -> bool:
        """Whether one of a few people uses the app."""
        users = self.app_users
        for member in members.tolist():  # noqa: SIM110 - a generator takes three times as long for a few
            if users[member]:
                return True
        return False

    def confirm_safety(self, people: Rows, channel: SafetyChannel) -> None:
        """The city office comes to know that people are safe; the first channel counts."""
        rows = people if isinstance(people, np.ndarray) and people.ndim else np.atleast_1d(np.asarray(people, np.int64))
        rows = rows[~self.safety_known[rows]]
        if len(rows):
            self.safety_known[rows] = True
            self.happen(EventKind.SAFETY_CONFIRMED, rows, detail=channel)

    def know_safe_after(self, latency_s: float, person: int, channel: SafetyChannel) -> None:
        """The city office comes to know that a person is safe when the city OS has answered."""
        if latency_s > 0:
            self.at(self.now_s + latency_s, partial(self.confirm_safety, person, channel))
        else:
            self.confirm_safety(person, channel)

    def has_network(self, household: int) -> bool:
        """Whether the mobile network works at a household's home; a cell that is lost stops the call itself."""
        return bool(self.works[Service.NETWORK][household])

    def phones_work(self, people: RowArray) -> BoolArray:
        """Whose phone rings and can ring others, taking each for where the network of their home is."""
        works = self.works[Service.NETWORK][self.population.household[people]]
        return works if self.lost_cells is None else works & ~self.lost_cells.cut_off(self.now_s, people)

    def homes_with(self, service: Service, households: RowArray) -> BoolArray:
        """Whether a service works for anybody at each of some homes."""
        works = self.works[service][households]
        if service is not Service.NETWORK or self.lost_cells is None:
            return works
        everybody = np.arange(self.population.people)
        served = everybody[~self.lost_cells.cut_off(self.now_s, everybody)]
        return works & np.isin(households, self.population.household[served])
