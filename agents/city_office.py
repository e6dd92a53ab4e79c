"""The city office (市役所): declares, orders, warns, opens shelters, watches its dashboard."""

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import partial, singledispatchmethod

import numpy as np
import numpy.typing as npt
import simpy

from agents.alarm import Alarm, Spreading
from agents.association import Associations
from agents.city_os.port import Answer, Disclosed, FailureKind
from agents.registry import Agent
from agents.shelter_desk import ShelterDesks
from agents.situation import Alert, Declare, Instruction, Order, SendVehicles, SetLinks, SetService, SetShelters
from agents.world import World
from twin.population import Mode

RowArray = npt.NDArray[np.int64]
Steps = Generator[simpy.Event, object, None]
Attempted = Answer[None] | Answer[str] | Answer[Disclosed]
"""What came of something that the office asked of the city OS."""


def _nothing() -> None:
    """What the office does instead, where there is nothing it can do."""


@dataclass(frozen=True, slots=True)
class Notice:
    """A push message that left ``late_s`` after the office wanted it; who should have got it, the oracle judges."""

    at_s: float
    notification: str
    title: str
    districts: tuple[int, ...]
    late_s: float = 0.0


@dataclass(slots=True)
class Message:
    """A push message on its way out: what it says since when, and its name once the city OS has taken it.

    ``concerned`` tells the districts that it still concerns.
    """

    wanted_s: float
    title: str
    body: str
    concerned: Callable[[], tuple[int, ...]]
    notification: str = ""


@dataclass(frozen=True, slots=True)
class Errand:
    """Something that the office wants of the city OS, the districts still concerned, and what is done without it."""

    attempt: Callable[[], Attempted]
    concerned: Callable[[], tuple[int, ...]]
    gave_up: Callable[[], None] = _nothing


class CityOffice(Agent):
    """Carries out the scenario's instructions, through the city OS where there is one.

    What the city OS does not take, the office tries again after ``office.repeat_s``, ``office.repeats`` times, except
    where it has said something newer; an order whose message still does not leave goes round by vans once more.
    """

    def __init__(self, world: World, alarm: Alarm, desks: ShelterDesks, associations: Associations) -> None:
        super().__init__(world.registry)
        self._world = world
        self._alarm = alarm
        self._desks = desks
        self._associations = associations
        self._reasons = np.zeros(world.town.roads.links, np.int64)
        self._repeat_s = world.parameters.number("office.repeat_s")
        self._repeats = int(world.parameters.number("office.repeats"))
        self._last_word: dict[tuple[str, int], int] = {}
        self._words = 0
        self.notices: list[Notice] = []
        self.messages: list[Message] = []
        """Push messages that the office wanted to send, whether or not they left."""
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
        mode, hazard = instruction.mode, world.situation.hazard
        concerned = self._supersede("declaration", instruction.districts)
        self._persist(Errand(lambda: world.city_os.declare(world.now_s, mode, hazard, concerned()), concerned))
        if instruction.mode is not Mode.NORMAL:
            self._associations.start(instruction.districts, world.now_s)

    @carry_out.register
    def _(self, instruction: Alert) -> None:
        message = self._message(instruction.title, instruction.body, lambda: instruction.districts)
        self._persist(Errand(partial(self._send, message, None), message.concerned))

    @carry_out.register
    def _(self, instruction: Order) -> None:
        world = self._world
        level, districts, reason = instruction.level, instruction.districts, instruction.reason
        concerned = self._supersede("order", districts)
        self._persist(Errand(lambda: world.city_os.issue_order(world.now_s, level, concerned(), reason), concerned))
        message = self._message(f"警戒レベル{level}", reason, concerned)
        order = self._alarm.order(level, districts)
        send_vans = partial(self._alarm.send_vans, order)
        self._persist(Errand(partial(self._send, message, order), concerned, send_vans))
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

    def _message(self, title: str, body: str, concerned: Callable[[], tuple[int, ...]]) -> Message:
        message = Message(self._world.now_s, title, body, concerned)
        self.messages.append(message)
        return message

    def _supersede(self, what: str, districts: tuple[int, ...]) -> Callable[[], tuple[int, ...]]:
        """A new word for districts: what was said before of them is not repeated. Tells where this one is the last."""
        self._words += 1
        number = self._words
        self._last_word.update({(what, district): number for district in districts})
        return lambda: tuple(one for one in districts if self._last_word[what, one] == number)

    def _send(self, message: Message, order: Spreading | None) -> Attempted:
        """Send a message that has not left yet, and learn whose devices got it."""
        world = self._world
        late_s = 0.0
        if not message.notification:
            districts = message.concerned()
            sent = world.city_os.notify(world.now_s, message.title, message.body, districts)
            if sent.value is None:
                return sent
            message.notification, late_s = sent.value, sent.latency_s
            waited_s = world.now_s - message.wanted_s
            self.notices.append(Notice(world.now_s, sent.value, message.title, districts, waited_s + late_s))
        delivered = world.city_os.deliveries(world.now_s, message.notification)
        if delivered.value is not None and order is not None:
            self._alarm.push(order, delivered.value.people.astype(np.int64), late_s)
        return delivered

    def _persist(self, errand: Errand, done: int = 0) -> None:
        """Try something, and again later while the city OS does not take it; in the end go without it."""
        world = self._world
        if not errand.concerned():
            return
        answer = errand.attempt()
        if answer.failure is None or answer.failure.kind is FailureKind.ABSENT:
            return
        if done >= self._repeats:
            errand.gave_up()
            return
        again_s = world.now_s + answer.latency_s + self._repeat_s
        world.at(again_s, partial(self._persist, errand, done + 1))

    def _watch(self) -> Steps:
        """Look at the dashboard: how full the shelters are, and who is where."""
        world = self._world
        while True:
            yield world.env.timeout(world.parameters.number("office.dashboard_s"))
            world.city_os.shelter_board(world.now_s)
            world.city_os.positions(world.now_s)
