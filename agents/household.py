"""Households decide together: whether to leave, where to, when; they gather, wait for help, and set out."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from agents import behaviour
from agents.refuges import ADULT_AGE, Refuges
from agents.registry import Agent, Model
from agents.travel import Party, Travel
from agents.world import World
from twin.events import EventKind, HelpKind, Intent, State, TravelMode

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
RowArray = npt.NDArray[np.int64]

NEVER_S = np.inf
# Members of enumerations compare with a column's numbers five times as slowly as numbers do.
_HOME, _STAY, _UPSTAIRS = int(State.HOME), int(Intent.STAY), int(Intent.UPSTAIRS)


@dataclass(slots=True)
class Plans:
    """What each household has in mind; columns over households.

    ``heard_level`` is the highest order level heard (0 none), ``due_s`` when it looks again whether to set out
    (NEVER_S if it will not), ``ready_s`` when it had packed, ``missing`` how many members are expected home,
    ``waits_for_help`` that it cannot leave alone, ``left`` that it has gone.
    """

    intent: npt.NDArray[np.int8]
    heard_level: npt.NDArray[np.int8]
    due_s: FloatArray
    ready_s: FloatArray
    missing: npt.NDArray[np.int16]
    waits_for_help: BoolArray
    left: BoolArray

    @classmethod
    def none_yet(cls, households: int) -> "Plans":
        """Nobody has heard of anything."""
        return cls(
            intent=np.full(households, Intent.STAY, np.int8),
            heard_level=np.zeros(households, np.int8),
            due_s=np.full(households, NEVER_S),
            ready_s=np.full(households, NEVER_S),
            missing=np.zeros(households, np.int16),
            waits_for_help=np.zeros(households, np.bool_),
            left=np.zeros(households, np.bool_),
        )


class Household(Agent):
    """A thin handle on one household's row; its Python runs only when something happens to it."""

    def __init__(self, model: Model, households: "Households", row: int) -> None:
        super().__init__(model)
        self.households = households
        self.row = row

    def members(self) -> RowArray:
        """Rows of the members."""
        start = self.households.world.population.household_start
        return np.arange(start[self.row], start[self.row + 1], dtype=np.int64)

    def at_home(self) -> RowArray:
        """Rows of the members who are at home now and not about to depart."""
        world, start = self.households.world, self.households.world.population.household_start
        first, end = int(start[self.row]), int(start[self.row + 1])
        here = (world.state.person_state[first:end] == _HOME) & ~world.committed[first:end]
        inside: RowArray = here.nonzero()[0] + first
        return inside

    def look(self, at_s: float) -> None:
        """The time has come to set out, or to wait for those who are missing until patience ends."""
        plans = self.households.plans
        patience_s = plans.ready_s[self.row] + self.households.wait_most_s
        if plans.missing[self.row] > 0 and at_s < patience_s:
            plans.due_s[self.row] = max(patience_s, at_s + self.households.least_s)
            return
        # Whoever comes home, or to help, sets the next time to look.
        plans.due_s[self.row] = NEVER_S
        if not plans.waits_for_help[self.row] and not self._only_children_wait():
            self.leave(at_s)

    def _only_children_wait(self) -> bool:
        """Whether no adult is at home, but members are expected: children do not set out alone then."""
        if self.households.plans.missing[self.row] <= 0:
            return False
        ages = self.households.world.population.age[self.at_home()]
        return bool((ages < ADULT_AGE).all())

    def leave(self, at_s: float, *, vehicle: TravelMode | None = None) -> Party | None:
        """Set out at ``at_s`` with everybody who is at home; ``vehicle`` is given when helpers bring one."""
        households, members = self.households, self.at_home()
        if not len(members):
            return None
        if households.plans.intent[self.row] == _UPSTAIRS:
            households.plans.left[self.row] = True
            households.world.happen(EventKind.WENT_UPSTAIRS, members, at_s=at_s)
            return None
        intent = Intent(households.plans.intent[self.row])
        party = households.refuges.set_out(self.row, members, at_s, intent, vehicle)
        households.plans.left[self.row] = party is not None
        return party

    def members_return(self, members: RowArray) -> None:
        """Members who were away are home together, or follow when the others have gone."""
        households, world, plans = self.households, self.households.world, self.households.plans
        plans.missing[self.row] -= len(members)
        if plans.left[self.row] and plans.intent[self.row] != _UPSTAIRS:
            households.refuges.follow(self.row, members, world.now_s)
            return
        world.happen(EventKind.RETURNED, members)
        if plans.left[self.row] or plans.intent[self.row] == _STAY:
            return
        if households.is_able(members).any():
            self.receive_help(HelpKind.FAMILY)
        patience_s = 0.0 if plans.missing[self.row] == 0 else households.wait_most_s
        plans.due_s[self.row] = max(world.now_s + households.least_s, float(plans.ready_s[self.row]) + patience_s)

    def receive_help(self, kind: HelpKind) -> bool:
        """Somebody who helps is at the door; whether the household was waiting for that."""
        households, world = self.households, self.households.world
        if not households.plans.waits_for_help[self.row]:
            return False
        households.plans.waits_for_help[self.row] = False
        members = self.at_home()
        needing = members[world.population.needs_support[members] & ~world.helped[members]]
        if len(needing):
            world.helped[needing] = True
            world.happen(EventKind.HELP_REACHED, needing, detail=kind)
        return len(needing) > 0


class Households:
    """All households and what they plan; decides in columns, acts one by one."""

    def __init__(self, world: World, travel: Travel, refuges: Refuges) -> None:
        self.world = world
        self.travel = travel
        self.refuges = refuges
        self.plans = Plans.none_yet(world.population.households)
        self.wait_most_s = world.parameters.number("gathering.wait_most_s")
        self.least_s = world.parameters.number("preparing.least_s")
        self.handles: Sequence[Household] = [
            Household(world.registry, self, row) for row in range(world.population.households)
        ]
        self._leaving_draw = world.stream.uniform("leaving", np.arange(world.population.households))

    def feel_shaking(self, damaged: BoolArray) -> RowArray:
        """Everybody feels the shaking at 0 s; returns the households that will leave."""
        leave = behaviour.leaves_after_shaking(damaged, self._leaving_draw, self.world.parameters)
        rows = np.flatnonzero(leave)
        self.plans.heard_level[:] = behaviour.LOWEST_ORDER_LEVEL
        self._decide(rows, np.zeros(len(rows)))
        return rows

    def hear_order(self, households: RowArray, at_s: FloatArray, level: int, flooded: BoolArray) -> RowArray:
        """Households hear an order of ``level`` at their own times; returns those that now decide to leave."""
        fresh = self.plans.heard_level[households] < level
        households, at_s = households[fresh], at_s[fresh]
        self.plans.heard_level[households] = level
        draw = self._leaving_draw[households]
        leave = behaviour.leaves_at_level(level, flooded[households], draw, self.world.parameters)
        undecided = leave & (self.plans.intent[households] == Intent.STAY)
        deciding: RowArray = households[undecided].astype(np.int64)
        self._decide(deciding, at_s[undecided])
        return deciding

    def due(self, until_s: float) -> RowArray:
        """Households whose time to look comes before ``until_s``, in the order of that time and then of their rows."""
        rows = np.flatnonzero(self.plans.due_s < until_s).astype(np.int64)
        in_order: RowArray = rows[np.argsort(self.plans.due_s[rows], kind="stable")]
        return in_order

    def step_until(self, until_s: float) -> None:
        """Let everybody whose time comes before ``until_s`` look and perhaps set out."""
        for row in self.due(until_s).tolist():
            self.handles[row].look(float(self.plans.due_s[row]))

    def _decide(self, rows: RowArray, heard_s: FloatArray) -> None:
        world, people = self.world, self.world.population
        intent = behaviour.refuge(
            world.situation.hazard,
            world.stream.uniform("refuge", rows),
            has_relatives=people.relatives_neighbourhood[rows] != -1,
            has_car=people.cars[rows] > 0,
            has_upstairs=people.floors[rows] > 1,
            parameters=world.parameters,
        )
        mean_s = behaviour.preparation_mean_s(world.situation.hazard, world.parameters)
        cv = world.parameters.number("preparing.cv")
        packing_s = np.maximum(world.stream.lognormal("preparing", rows, mean=mean_s, cv=cv), self.least_s)
        self.plans.intent[rows] = intent
        self.plans.ready_s[rows] = heard_s + packing_s
        self.plans.due_s[rows] = heard_s + packing_s
        world.happen(EventKind.DECIDED, people.household_start[rows], at_s=heard_s, detail=intent)
        self._need_help(rows, heard_s)

    def is_able(self, people: RowArray) -> BoolArray:
        """Who can bring a support-needing member of the own household along: adults up to a certain age."""
        population = self.world.population
        able = ~population.needs_support[people] & (population.age[people] >= ADULT_AGE)
        return np.asarray(able & (population.age[people] <= self.world.parameters.number("support.self_help_age")))

    def _need_help(self, rows: RowArray, heard_s: FloatArray) -> None:
        """Mark the people of leaving households who need help from outside: no able member is at home."""
        world, people = self.world, self.world.population
        members, place = people.members(rows)
        is_home = world.state.person_state[members] == State.HOME
        has_able = np.bincount(place[is_home & self.is_able(members)], minlength=len(rows)) > 0
        # Going upstairs needs hands as leaving does; so every intent counts.
        alone = is_home & people.needs_support[members] & ~has_able[place]
        world.happen(EventKind.HELP_NEEDED, members[alone], at_s=heard_s[place[alone]])
        self.plans.waits_for_help[rows[place[alone]]] = True
