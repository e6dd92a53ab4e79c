"""World: what all agents share: the clock, the town's truth, the roads, the city OS, the trace."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import simpy

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
Rows = npt.NDArray[np.integer] | int

WINDOW_S = 60.0
"""How far movement advances at a time. No decision takes effect sooner (parameter preparing.least_s), so results do not
depend on it."""


@dataclass
class World:
    """Shared by all agents of one run.

    Columns over households: ``works`` says for each service whether it works at home, ``household_district`` the
    district. Columns over people: ``safety_known`` (the city office knows that they are safe), ``helped``,
    ``committed`` (about to depart with a party).
    """

    town: Town
    population: Population
    situation: Situation
    parameters: Parameters
    stream: Stream
    city_os: CityOS
    movement: Movement
    env: simpy.Environment = field(default_factory=simpy.Environment)
    trace: Trace = field(default_factory=Trace)
    registry: Model = field(init=False)
    state: TownState = field(init=False)
    works: dict[Service, BoolArray] = field(init=False)
    safety_known: BoolArray = field(init=False)
    helped: BoolArray = field(init=False)
    committed: BoolArray = field(init=False)
    household_district: npt.NDArray[np.int32] = field(init=False)
    _factor_at: tuple[float, float] = field(init=False, default=(-1.0, 1.0))

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

    @property
    def now_s(self) -> float:
        """Time since the scenario's start."""
        return float(self.env.now)

    @property
    def is_night(self) -> bool:
        """Whether it is dark now."""
        season = self.situation.season
        sunset_h = self.parameters.row("light.sunset_h")[season]
        return self.situation.is_night(self.now_s, sunset_h, self.parameters.row("light.sunrise_h")[season])

    @property
    def walking_factor(self) -> float:
        """Factor of snow and darkness on walking speeds now."""
        now_s = self.now_s
        if self._factor_at[0] != now_s:
            self._factor_at = (now_s, walking_factor(self.situation.snow, self.parameters, night=self.is_night))
        return self._factor_at[1]

    def happen(
        self, kind: EventKind, people: Rows, *, at_s: float | npt.NDArray[np.float64] | None = None,
        place: Rows = -1, detail: Rows = 0,
    ) -> None:  # fmt: skip
        """Something happens to people: into the trace and into the town's state."""
        rows = people if isinstance(people, np.ndarray) and people.ndim else np.atleast_1d(np.asarray(people, np.int64))
        self.trace.record(kind, self.now_s if at_s is None else at_s, rows, place, detail)
        self.state.apply(kind, rows, place)

    def at(self, at_s: float, do: Callable[[], None]) -> None:
        """Do something at a later time (at once, but after what is under way, if the time has passed)."""
        timer = self.env.timeout(max(0.0, at_s - self.now_s))
        timer.callbacks.append(lambda _: do())

    def are(self, people: Iterable[int], state: State) -> npt.NDArray[np.int64]:
        """Those of ``people`` who are in a state now."""
        rows = np.fromiter(people, np.int64)
        inside: npt.NDArray[np.int64] = rows[self.state.person_state[rows] == state]
        return inside

    def confirm_safety(self, people: Rows, channel: SafetyChannel) -> None:
        """The city office comes to know that people are safe; the first channel counts."""
        rows = np.atleast_1d(np.asarray(people, np.int64))
        rows = rows[~self.safety_known[rows]]
        if len(rows):
            self.safety_known[rows] = True
            self.happen(EventKind.SAFETY_CONFIRMED, rows, detail=channel)

    def has_network(self, household: int) -> bool:
        """Whether a phone works at a household's home."""
        return bool(self.works[Service.NETWORK][household])
