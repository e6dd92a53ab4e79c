"""The city office (市役所): declares, orders, warns, opens shelters, watches its dashboard."""

from collections.abc import Generator
from dataclasses import dataclass
from functools import partial, singledispatchmethod

import numpy as np
import numpy.typing as npt
import simpy

from agents.alarm import Alarm
from agents.association import Associations
from agents.registry import Agent
from agents.shelter_desk import ShelterDesks
from agents.situation import Alert, Declare, Instruction, Order, SendVehicles, SetLinks, SetService, SetShelters
from agents.world import World
from twin.population import Mode

RowArray = npt.NDArray[np.int64]
Steps = Generator[simpy.Event, object, None]


@dataclass(frozen=True, slots=True)
class Notice:
    """A push message as it was sent; who should have got it is the oracle's to judge."""

    at_s: float
    notification: str
    title: str
    districts: tuple[int, ...]


class CityOffice(Agent):
    """Carries out the scenario's instructions, through the city OS where there is one."""

    def __init__(self, world: World, alarm: Alarm, desks: ShelterDesks, associations: Associations) -> None:
        super().__init__(world.registry)
        self._world = world
        self._alarm = alarm
        self._desks = desks
        self._associations = associations
        self._reasons = np.zeros(world.town.roads.links, np.int64)
        self.notices: list[Notice] = []
        for instruction in world.situation.instructions:
            world.at(instruction.at_s, partial(self.carry_out, instruction))
        if world.city_os.connected:
            world.env.process(self._watch())

    @singledispatchmethod
    def carry_out(self, instruction: Instruction) -> None:
        """Do what the scenario says."""
        raise NotImplementedError(f"no way to carry out {type(instruction).__name__}")

    @carry_out.register
    def _(self, instruction: Declare) -> None:
        world = self._world
        world.city_os.declare(world.now_s, instruction.mode, world.situation.hazard, instruction.districts)
        if instruction.mode is not Mode.NORMAL:
            self._associations.start(instruction.districts, world.now_s)

    @carry_out.register
    def _(self, instruction: Alert) -> None:
        self._push(instruction.title, instruction.body, instruction.districts)

    @carry_out.register
    def _(self, instruction: Order) -> None:
        world = self._world
        world.city_os.issue_order(world.now_s, instruction.level, instruction.districts, instruction.reason)
        reached, late_s = self._push(f"警戒レベル{instruction.level}", instruction.reason, instruction.districts)
        self._alarm.order(instruction.level, instruction.districts, reached, push_late_s=late_s)
        self._associations.start(instruction.districts, world.now_s)

    @carry_out.register
    def _(self, instruction: SetShelters) -> None:
        for shelter in instruction.shelters:
            if shelter in self._desks.by_row:
                self._desks.by_row[shelter].set_open(is_open=instruction.is_open)

    @carry_out.register
    def _(self, instruction: SendVehicles) -> None:
        self._associations.support.ring_list(instruction.districts)

    @carry_out.register
    def _(self, instruction: SetLinks) -> None:
        movement, links = self._world.movement, instruction.links
        # A link closed for two reasons opens when both have gone.
        self._reasons[links] += -1 if instruction.is_open else 1
        if instruction.is_open:
            movement.open_links(links[self._reasons[links] == 0])
        else:
            movement.close_links(links, walkers=instruction.walkers)

    @carry_out.register
    def _(self, instruction: SetService) -> None:
        world = self._world
        concerned = np.isin(world.household_district, instruction.districts)
        if not instruction.is_up:
            rows = np.arange(world.population.households)
            concerned &= world.stream.uniform(f"failure.{instruction.service}", rows) < instruction.share
        world.works[instruction.service][concerned] = instruction.is_up

    def _push(self, title: str, body: str, districts: tuple[int, ...]) -> tuple[RowArray, float]:
        """Ask for a push message; returns the people whose devices got it, and how late it left (s)."""
        world = self._world
        sent = world.city_os.notify(world.now_s, title, body, districts)
        if sent.value is None:
            return np.empty(0, np.int64), 0.0
        self.notices.append(Notice(world.now_s, sent.value, title, districts))
        delivered = world.city_os.deliveries(world.now_s, sent.value)
        if delivered.value is None:
            return np.empty(0, np.int64), 0.0
        return delivered.value.people.astype(np.int64), sent.latency_s

    def _watch(self) -> Steps:
        """Look at the dashboard: how full the shelters are, and who is where."""
        world = self._world
        while True:
            yield world.env.timeout(world.parameters.number("office.dashboard_s"))
            world.city_os.shelter_board(world.now_s)
            world.city_os.positions(world.now_s)
