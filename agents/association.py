"""Neighbourhood associations (町内会・自主防災組織): go round, help, and confirm who is safe."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial

import numpy as np
import numpy.typing as npt
import simpy

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
        listed = world.population.household[self._support_list()]
        first = np.unique(listed)
        known = self._known_safe()
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

    def _support_list(self) -> RowArray:
        """People who need support, as far as the association may know them now."""
        world, people = self.associations.world, self.associations.world.population
        if self.is_digital and world.has_network(int(self.households[0])):
            answer = world.city_os.support_list(world.now_s, self.row)
            if answer.value is not None:
                return answer.value.people.astype(np.int64)
        # On paper the association has only those who agreed in peacetime (災対法 49-11(2)).
        members = self.associations.members(self.households)
        return members[people.needs_support[members] & people.plan_consent[members]]

    def _known_safe(self) -> RowArray:
        world = self.associations.world
        if self.is_digital and world.has_network(int(self.households[0])):
            answer = world.city_os.association_safety(world.now_s, self.row)
            if answer.value is not None:
                return answer.value.people.astype(np.int64)
        return np.empty(0, np.int64)

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
            self._visit(household.row)
        for row in others.tolist():
            yield world.env.timeout(parameters.number("association.door_visit_s"))
            self._visit(row)

    def _visit(self, household: int) -> None:
        world = self.associations.world
        start = world.population.household_start
        first, end = int(start[household]), int(start[household + 1])
        unknown = (world.state.person_state[first:end] == _HOME) & ~world.safety_known[first:end]
        for person in unknown.nonzero()[0].tolist():
            self._confirm(first + person)
        self.associations.support.help_at_door(household, HelpKind.ASSOCIATION)

    def _confirm(self, person: int) -> None:
        if self._tells_city_os(person):
            self.associations.world.confirm_safety(person, SafetyChannel.ASSOCIATION)
        else:
            self.on_paper.append(person)

    def _tells_city_os(self, person: int) -> bool:
        world = self.associations.world
        if not (self.is_digital and world.has_network(int(self.households[0]))):
            return False
        return world.city_os.confirm_safety(world.now_s, self.row, person, SafetyStatus.SAFE).ok


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

    def members(self, households: RowArray) -> RowArray:
        """Rows of all members of households."""
        start = self.world.population.household_start
        parts = [np.arange(start[row], start[row + 1]) for row in households.tolist()]
        return np.concatenate(parts).astype(np.int64) if parts else np.empty(0, np.int64)

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
