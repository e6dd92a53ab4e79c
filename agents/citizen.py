"""Citizens with the app: report their safety, look for their family, share where they are on the way."""

from functools import partial

import numpy as np
import numpy.typing as npt

from agents.household import Households
from agents.registry import Agent, Model
from agents.support import Support
from agents.travel import Travel
from agents.world import World
from twin.events import EventKind, SafetyChannel, SafetyStatus

RowArray = npt.NDArray[np.int64]


class Citizen(Agent):
    """A thin handle on one person's row who has the app in hand."""

    def __init__(self, model: Model, citizens: "Citizens", row: int) -> None:
        super().__init__(model)
        self.citizens = citizens
        self.row = row
        self.tries = 0
        self.waited_s = 0.0
        """How long the last try waited for an answer."""

    def report(self) -> bool:
        """Report the own safety; False when it must be tried again."""
        world = self.citizens.world
        household = int(world.population.household[self.row])
        self.tries += 1
        self.waited_s = 0.0
        if not world.has_network(household):
            return False
        status = self.citizens.status_of(self.row)
        answer = world.city_os.report_safety(world.now_s, self.row, status)
        self.waited_s = answer.latency_s
        if not answer.ok:
            return False
        world.happen(EventKind.SAFETY_REPORTED, self.row, detail=status)
        world.at(world.now_s + answer.latency_s, partial(world.confirm_safety, self.row, SafetyChannel.APP))
        if status is SafetyStatus.NEEDS_HELP:
            world.at(world.now_s + answer.latency_s, partial(self.citizens.support.ask_city, household))
        if self.citizens.looks_for_family(self.row):
            world.city_os.family_safety(world.now_s, self.row)
        return True


class Citizens:
    """All app users: who reports when, and whose position is shared."""

    def __init__(self, world: World, travel: Travel, households: Households, support: Support) -> None:
        self.world = world
        self.support = support
        self._travel = travel
        self._households = households
        users = np.flatnonzero(world.population.uses_app)
        self.handles: dict[int, Citizen] = {}
        if world.city_os.connected and len(users):
            self.handles = {row: Citizen(world.registry, self, row) for row in users.tolist()}
        self._asked: set[int] = set()

    def start_reporting(self, people: RowArray, from_s: npt.NDArray[np.float64]) -> None:
        """App users among ``people`` learn at ``from_s`` that they are asked for their safety; once is enough."""
        world, number = self.world, self.world.parameters.number
        asked = np.array([int(p) in self.handles and int(p) not in self._asked for p in people], np.bool_)
        people, from_s = people[asked], from_s[asked]
        self._asked.update(people.tolist())
        willing = world.stream.uniform("safety.report", people) < number("safety.report_share")
        people, from_s = people[willing], from_s[willing]
        draw = world.stream.uniform("safety.delay", people)
        delay_s = number("preparing.least_s") - number("safety.report_mean_s") * np.log1p(-draw)
        for at_s, person in zip((from_s + delay_s).tolist(), people.tolist(), strict=True):
            world.at(at_s, partial(self._report, person))

    def status_of(self, person: int) -> SafetyStatus:
        """What a person says of themselves."""
        household = int(self.world.population.household[person])
        if self._households.plans.waits_for_help[household]:
            return SafetyStatus.NEEDS_HELP
        draw = self.world.stream.one("safety.injured", person)
        return (
            SafetyStatus.INJURED if draw < self.world.parameters.number("safety.injured_share") else SafetyStatus.SAFE
        )

    def looks_for_family(self, person: int) -> bool:
        """Whether a person looks for the family after reporting."""
        draw = self.world.stream.one("safety.family", person)
        return draw < self.world.parameters.number("safety.family_check_share")

    def _report(self, person: int) -> None:
        citizen = self.handles[person]
        if not citizen.report() and citizen.tries < self.world.parameters.number("safety.tries"):
            again_s = self.world.now_s + citizen.waited_s + self.world.parameters.number("safety.retry_s")
            self.world.at(again_s, partial(self._report, person))

    def share_positions(self) -> None:
        """Let the apps of people on the way tell where they are, when the interval has passed."""
        world = self.world
        if not world.city_os.connected:
            return
        parties, x_m, y_m = self._travel.sharing(world.now_s - world.parameters.number("position.interval_s"))
        for party, x, y in zip(parties, x_m.tolist(), y_m.tolist(), strict=True):
            if np.isnan(x) or not world.has_network(int(world.population.household[party.reports])):
                continue
            party.last_report_s = world.now_s
            world.city_os.put_position(world.now_s, party.reports, (x, y))
