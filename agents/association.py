"""Neighbourhood associations (町内会・自主防災組織): go round, help, and confirm who is safe."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import simpy

from agents.city_os.port import Answer, Disclosed
from agents.registry import Agent, Model
from agents.support import Support
from agents.world import World
from twin.events import HelpKind, SafetyChannel, SafetyStatus, State

RowArray = npt.NDArray[np.int64]
Steps = Generator[simpy.Event, object, None]

_HOME = int(State.HOME)


class Association(Agent):
    """One association and its officers; its chair lives in the household of the lowest row."""

    def __init__(self, model: Model, associations: "Associations", row: int, households: RowArray) -> None:
        super().__init__(model)
        self.associations = associations
        self.row = row
        self.households = households
        self.is_digital = associations.uses_city_os(row)
        self.on_paper: list[int] = []

    def go_round(self) -> Steps:
        """First to the people on the support list, then to every other door; several officers at once."""
        world = self.associations.world
        on_list, list_s = self._support_list()
        known, known_s = self._known_safe()
        if list_s + known_s > 0:  # they wait for the lists together
            yield world.env.timeout(max(list_s, known_s))
        first = np.unique(world.population.household[on_list])
        self.associations.met(known)
        others = np.setdiff1d(self.households, first)
        others = others[~self._all_known(others, known)]
        officers = self.associations.officers
        rounds = [
            world.env.process(self._walk(first[officer::officers].astype(np.int64), others[officer::officers]))
            for officer in range(officers)
        ]
        yield world.env.all_of(rounds)
        yield world.env.timeout(world.parameters.number("association.paper_delay_s"))
        world.confirm_safety(np.array(self.on_paper, np.int64), SafetyChannel.ASSOCIATION_PAPER)

    def _support_list(self) -> tuple[RowArray, float]:
        """People who need support, as far as the association may know them now, and how long it waited for it (s)."""
        world, people = self.associations.world, self.associations.world.population
        waited_s = 0.0
        if self._is_online():
            listed, waited_s = self._shown(world.city_os.support_list(world.now_s, self.row))
            if listed is not None:
                return listed, waited_s
        # On paper the association has only those who agreed in peacetime (災対法 49-11(2)).
        members = self.associations.world.population.members(self.households)[0]
        return members[people.needs_support[members] & people.plan_consent[members]], waited_s

    def _known_safe(self) -> tuple[RowArray, float]:
        world = self.associations.world
        if not self._is_online():
            return np.empty(0, np.int64), 0.0
        known, waited_s = self._shown(world.city_os.association_safety(world.now_s, self.row))
        return np.empty(0, np.int64) if known is None else known, waited_s

    def _shown(self, answer: Answer[Disclosed]) -> tuple[RowArray | None, float]:
        """The people of an answer, None if there was none before patience ended, and how long that took (s)."""
        patience_s = self.associations.patience_s
        if answer.value is None or answer.latency_s > patience_s:
            return None, min(answer.latency_s, patience_s)
        return answer.value.people.astype(np.int64), answer.latency_s

    def _is_online(self) -> bool:
        return self.is_digital and self.associations.world.has_network(int(self.households[0]))

    def _all_known(self, households: RowArray, known: RowArray) -> npt.NDArray[np.bool_]:
        """Which households need no visit because everybody is known to be safe."""
        people = self.associations.world.population
        counted = np.bincount(people.household[np.unique(known)], minlength=people.households)
        return np.asarray(counted[households] == people.household_size()[households])

    def _walk(self, first: RowArray, others: RowArray) -> Steps:
        world, parameters = self.associations.world, self.associations.world.parameters
        for household in self.associations.nearest_first(first):
            way_s = self.associations.way_s(household.way_m)
            yield world.env.timeout(way_s + parameters.number("association.support_visit_s"))
            yield from self._visit(household.row)
        for row in others.tolist():
            yield world.env.timeout(parameters.number("association.door_visit_s"))
            yield from self._visit(row)

    def _visit(self, household: int) -> Steps:
        """At a door: whom to help is helped at once; a slow city OS holds the officer up on the doorstep."""
        world = self.associations.world
        start = world.population.household_start
        first, end = int(start[household]), int(start[household + 1])
        at_home = world.state.person_state[first:end] == _HOME
        unknown = at_home & ~world.safety_known[first:end]
        self.associations.met(at_home.nonzero()[0] + first)
        waited_s = sum(self._confirm(first + person) for person in unknown.nonzero()[0].tolist())
        self.associations.support.help_at_door(household, HelpKind.ASSOCIATION)
        if waited_s > 0:
            yield world.env.timeout(waited_s)

    def _confirm(self, person: int) -> float:
        """Tell the city OS, or note on paper, that a person is safe; returns how long it took to be answered (s)."""
        world = self.associations.world
        if not self._is_online():
            self.on_paper.append(person)
            return 0.0
        answer = world.city_os.confirm_safety(world.now_s, self.row, person, SafetyStatus.SAFE)
        if answer.ok:
            world.know_safe_after(answer.latency_s, person, SafetyChannel.ASSOCIATION)
        else:
            self.on_paper.append(person)
        return min(answer.latency_s, self.associations.app_patience_s)


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop of a round: a household and the straight way to it from the stop before."""

    row: int
    way_m: float


class Associations:
    """All associations of the town that go round."""

    def __init__(self, world: World, support: Support) -> None:
        self.world = world
        self.support = support
        self.officers = int(world.parameters.number("association.officers"))
        self.patience_s = world.parameters.number("association.list_patience_s")
        self.app_patience_s = world.parameters.number("app.patience_s")
        self.met_s = np.full(world.population.people, np.inf)
        """When the association of each person first met them, or was shown that they are safe (s)."""
        self._started: set[int] = set()
        order = np.argsort(world.population.neighbourhood, kind="stable")
        sorted_rows = world.population.neighbourhood[order]
        edges = np.searchsorted(sorted_rows, np.arange(len(world.town.neighbourhoods) + 1))
        rows = np.arange(len(world.town.neighbourhoods))
        active = world.stream.uniform("association.active", rows) < world.parameters.number("association.active_share")
        self.handles = {
            row: Association(world.registry, self, row, order[edges[row] : edges[row + 1]])
            for row in np.flatnonzero(active).tolist()
            if edges[row] < edges[row + 1]
        }

    def uses_city_os(self, row: int) -> bool:
        """Whether an association works with the city OS, where there is one."""
        draw = self.world.stream.one("association.digital", row)
        return self.world.city_os.connected and draw < self.world.parameters.number("association.digital_share")

    def start(self, districts: tuple[int, ...], from_s: float) -> None:
        """Associations of districts hear at ``from_s`` that they are needed; each starts once."""
        world = self.world
        for row, association in self.handles.items():
            if row in self._started or world.town.neighbourhoods[row].district not in districts:
                continue
            self._started.add(row)
            mean_s = world.parameters.number("association.start_mean_s")
            cv = world.parameters.number("preparing.cv")
            delay_s = world.stream.one_lognormal("association.start", row, mean=mean_s, cv=cv)
            world.at(from_s + delay_s, partial(_begin, world, association))

    def met(self, people: RowArray) -> None:
        """An association knows from now on that people of its area are safe."""
        self.met_s[people] = np.minimum(self.met_s[people], self.world.now_s)

    def nearest_first(self, households: RowArray) -> list[Stop]:
        """A round that always goes on to the nearest household left, beginning with the lowest row."""
        people, left, stops = self.world.population, households.tolist(), []
        here = left[0] if left else -1
        while left:
            x_m, y_m = people.home_x_m[left] - people.home_x_m[here], people.home_y_m[left] - people.home_y_m[here]
            way_m = np.hypot(x_m, y_m)
            nearest = int(np.argmin(way_m))
            here = left.pop(nearest)
            stops.append(Stop(here, float(way_m[nearest])))
        return stops

    def way_s(self, straight_m: float) -> float:
        """Time that an officer walks a straight distance by the streets now."""
        speed_mps = self.world.parameters.number("walking.officer_mps") * self.world.walking_factor
        return straight_m * self.world.parameters.number("walking.circuity") / speed_mps


def _begin(world: World, association: Association) -> None:
    world.env.process(association.go_round())
