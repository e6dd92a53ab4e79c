"""The alarm: how shaking and orders reach households, and what hearing them sets going."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from agents.citizen import Citizens
from agents.gathering import Gathering
from agents.household import Households
from agents.support import Support
from agents.warning import (
    CONTAGION_STEP_S,
    Channel,
    Drawn,
    Hearing,
    Push,
    public_channels,
    spread_by_push,
    spread_by_talk,
    spread_publicly,
    unheard,
)
from agents.world import World
from twin.events import EventKind, State, WarningChannel

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
RowArray = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Audience:
    """Those on whom hearing a warning has an effect."""

    households: Households
    citizens: Citizens
    gathering: Gathering
    support: Support


@dataclass(slots=True)
class Spreading:
    """One order on its way: its level, the households meant, who hears when and who has heard.

    ``number`` counts, for each household, the orders to its district before this one: by it the draws are keyed, so
    that an order to one district leaves the draws of all others as they are.
    """

    level: int
    number: RowArray
    meant: BoolArray
    hearing: Hearing
    heard: BoolArray


class Alarm:
    """Lets warnings spread and passes them on to those who hear."""

    def __init__(self, world: World, audience: Audience) -> None:
        self._world = world
        self._audience = audience
        self._spreading: list[Spreading] = []
        self._ever_heard = np.zeros(world.population.households, np.bool_)
        self._orders = np.zeros(len(world.town.districts), np.int64)
        districts = world.household_district
        rows = np.arange(world.population.households)
        situation = world.situation
        self._damaged = world.stream.uniform("damaged", rows) < situation.damaged_share[districts]
        self._flooded = world.stream.uniform("flooded", rows) < situation.flooded_share[districts]

    def feel_shaking(self) -> None:
        """Everybody feels the shaking at the start of the scenario, wherever they are."""
        world = self._world
        people, everybody = np.arange(world.population.people), np.arange(world.population.households)
        at_s = np.zeros(len(everybody))
        self._ever_heard[:] = True
        world.happen(EventKind.WARNED, people, at_s=0.0, detail=WarningChannel.SHAKING)
        users = people[world.population.uses_app]
        self._audience.citizens.start_reporting(users, np.zeros(len(users)))
        leaving = self._audience.households.feel_shaking(self._damaged)
        self._audience.gathering.call_home(everybody, at_s)
        self._audience.support.call_supporters(leaving, np.zeros(len(leaving)))

    def order(self, level: int, districts: tuple[int, ...]) -> Spreading:
        """An order is issued now, and told by the channels that need no city OS; a push message may be added to it."""
        world = self._world
        meant = np.isin(world.household_district, districts)
        hearing = unheard(world.population.households)
        number = self._orders[world.household_district]
        for one in np.unique(number).tolist():
            for channel in public_channels(world.parameters):
                self._tell(hearing, np.flatnonzero(meant & (number == one)), one, channel)
        self._orders[list(districts)] += 1
        heard = np.zeros(world.population.households, np.bool_)
        spreading = Spreading(level, number, meant, hearing, heard)
        self._spreading.append(spreading)
        return spreading

    def push(self, spreading: Spreading, people: RowArray, late_s: float) -> None:
        """The push message of an order reaches the devices of ``people``, so much later than now."""
        world = self._world
        person = people[world.phones_work(people)]
        household = world.population.household[person].astype(np.int64)
        for one in np.unique(spreading.number).tolist():
            so_far = spreading.number[household] == one
            push = Push(person[so_far], household[so_far], world.now_s + late_s, one)
            spread_by_push(spreading.hearing, push, world.parameters, world.stream)

    def send_vans(self, spreading: Spreading) -> None:
        """Vans go round once more with an order, among the households meant that have not heard of it."""
        van = next(one for one in public_channels(self._world.parameters) if one.kind is WarningChannel.VAN)
        van = replace(van, round=".again")
        for one in np.unique(spreading.number).tolist():
            rows = np.flatnonzero(spreading.meant & ~spreading.heard & (spreading.number == one))
            self._tell(spreading.hearing, rows, one, van)

    def _tell(self, hearing: Hearing, rows: RowArray, number: int, channel: Channel) -> None:
        world = self._world
        reachable = rows if channel.needs is None else rows[world.homes_with(channel.needs, rows)]
        spread_publicly(hearing, reachable, world.now_s, number, channel, world.stream)

    def step_until(self, until_s: float) -> None:
        """Pass on what is heard before ``until_s``."""
        for spreading in self._spreading:
            self._talk(spreading)
            now = ~spreading.heard & (spreading.hearing.at_s < until_s)
            if now.any():
                spreading.heard |= now
                self._heard(spreading, np.flatnonzero(now))

    def _talk(self, spreading: Spreading) -> None:
        """Neighbours tell those who have not heard; counted once for each step of the talk."""
        world = self._world
        step = int(world.now_s // CONTAGION_STEP_S)
        rest = np.flatnonzero(spreading.meant & ~spreading.heard)
        if not len(rest):
            return
        number = spreading.number[rest]
        draw = np.empty(len(rest))
        for one in np.unique(number).tolist():
            alike = number == one
            draw[alike] = world.stream.uniform(f"warning.NEIGHBOUR.{one}", rest[alike], step)
        rate_per_s = world.parameters.number("warning.contagion_per_s")
        neighbourhood = world.population.neighbourhood
        spread_by_talk(spreading.hearing, neighbourhood, Drawn(rest, draw), world.now_s, rate_per_s)

    def _heard(self, spreading: Spreading, rows: RowArray) -> None:
        at_s = spreading.hearing.at_s[rows]
        self._record_first(rows, at_s, spreading.hearing.channel[rows])
        leaving = self._audience.households.hear_order(rows, at_s, spreading.level, self._flooded)
        self._audience.gathering.call_home(leaving, spreading.hearing.at_s[leaving])
        self._audience.support.call_supporters(leaving, spreading.hearing.at_s[leaving])

    def _record_first(self, rows: RowArray, at_s: FloatArray, channel: npt.NDArray[np.int8]) -> None:
        """Record the first warning of the members at home; the others hear with their household."""
        world, people = self._world, self._world.population
        fresh = ~self._ever_heard[rows]
        self._ever_heard[rows] = True
        members, place = people.members(rows[fresh])
        at_s, through = at_s[fresh][place], channel[fresh][place]
        listening = world.state.person_state[members] == State.HOME
        world.happen(EventKind.WARNED, members[listening], at_s=at_s[listening], detail=through[listening])
        users = listening & people.uses_app[members]
        self._audience.citizens.start_reporting(members[users], at_s[users])
