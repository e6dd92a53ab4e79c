"""Shelter desks (受付): queues with a few desks; receive people by channel, fill up, send people on."""

from collections.abc import Callable, Generator
from dataclasses import dataclass, field
from functools import partial

import numpy as np
import numpy.typing as npt
import simpy

from agents import behaviour
from agents.city_os.port import Failure, FailureKind, ShelterStatus
from agents.registry import Agent, Model
from agents.sightings import Sightings, door_of
from agents.travel import Party, Travel
from agents.world import World
from twin.events import EventKind, ReceptionChannel, SafetyChannel, State, TravelMode
from twin.shelters import ShelterKind

RowArray = npt.NDArray[np.int64]
Steps = Generator[simpy.Event, object, None]

SERVER_ERROR = 500
"""The least status by which a service says that the fault is its own. Source: RFC 9110 15.6."""


def _may_work_later(failure: Failure | None) -> bool:
    """Whether a desk tries again: nobody answered, or the service was in trouble; a no is a no."""
    if failure is None:
        return False
    return failure.kind in (FailureKind.UNREACHABLE, FailureKind.TIMEOUT) or failure.status >= SERVER_ERROR


@dataclass(slots=True)
class Evacuees:
    """A party at the shelters: who, of which household, how they came, and which shelters they have tried."""

    household: int
    members: RowArray
    mode: TravelMode
    tried: list[int] = field(default_factory=list)


class ShelterDesk(Agent):
    """The reception of one shelter."""

    def __init__(self, model: Model, desks: "ShelterDesks", row: int) -> None:
        super().__init__(model)
        self.desks = desks
        self.row = row
        self.shelter = desks.world.town.shelters[row]
        self.counter = simpy.Resource(desks.world.env, behaviour.desks(self.capacity, desks.world.parameters))
        self.is_open = False
        self.before_door: list[simpy.Event] = []
        """One event for each party that waits for the opening, in the order of their coming."""
        self.told = ShelterStatus.UNOPENED
        self.taken = 0
        """People in the rooms or in the queue."""
        self.unsent: list[tuple[int, ReceptionChannel]] = []
        """People who were received and whom the city OS did not take."""
        self.unsent_leaves: list[int] = []
        """People who left without its having heard of it."""
        self.is_online = desks.world.city_os.connected
        """Whether the city OS took the last entry; if not, the desk goes on on paper until it does again."""

    @property
    def capacity(self) -> int:
        """Places by the town's own figure."""
        return self.shelter.capacity_persons

    def is_full(self, more: int) -> bool:
        """Whether ``more`` people would exceed what counts as full."""
        return self.taken + more > self.capacity * self.desks.fill_factor

    def set_open(self, *, is_open: bool) -> None:
        """The city opens or closes the shelter."""
        self.is_open = is_open
        if is_open:
            for let_in in self.before_door:
                let_in.succeed()
            self.before_door.clear()
        self.tell()

    def tell(self) -> None:
        """Tell the city OS the status when it has changed."""
        if not self.is_open:
            status = ShelterStatus.UNOPENED if self.told == ShelterStatus.UNOPENED else ShelterStatus.CLOSED
        else:
            status = ShelterStatus.FULL if self.is_full(1) else ShelterStatus.OPEN
        self.desks.sightings.held[self.row] = door_of(status)
        if status != self.told:
            answer = self.desks.world.city_os.set_shelter_status(self.desks.world.now_s, self.row, status)
            self.told = status if answer.ok else self.told

    def receive(self, evacuees: Evacuees) -> Steps:
        """A party arrives: wait for the opening, queue, be received or go on."""
        world = self.desks.world
        evacuees.tried.append(self.row)
        channel = self._channel(evacuees)
        self.taken += len(evacuees.members)
        world.happen(EventKind.QUEUED, evacuees.members, place=self.row, detail=channel)
        if not self.is_open and (yield from self._wait_for_opening(evacuees)):
            return
        may_go_on = len(evacuees.tried) <= self.desks.diversions_most
        if may_go_on and self.is_full(0) and self._send_on(evacuees):
            return
        with self.counter.request() as turn:
            yield turn
            channel = self._channel(evacuees)  # the service may have failed while they queued
            mean_s = self.desks.mean_s(channel, len(evacuees.members))
            first = int(evacuees.members[0])
            yield world.env.timeout(world.stream.one_lognormal("reception", first, mean=mean_s, cv=self.desks.cv))
            world.happen(EventKind.CHECKED_IN, evacuees.members, place=self.row, detail=channel)
            waited_s = self._register(evacuees.members, channel)
            # A slow city OS holds the clerk up: the next in the queue waits for its answers too.
            yield world.env.timeout(waited_s)
        self.tell()
        self.desks.stay(self, evacuees)

    def answer(self, person: int, then: Callable[[], None]) -> Steps:
        """Somebody asks for a member of their household: queue, let the clerk look the list through, do ``then``.

        Before a shut door there is nobody to ask.
        """
        world = self.desks.world
        world.happen(EventKind.ASKING, person, place=self.row)
        if self.is_open:
            with self.counter.request() as turn:
                yield turn
                yield world.env.timeout(self.desks.inquiry_s(person))
        then()

    def _wait_for_opening(self, evacuees: Evacuees) -> Generator[simpy.Event, object, bool]:
        """Wait before the door; returns whether the party lost patience and has gone on to another shelter."""
        env, let_in = self.desks.world.env, self.desks.world.env.event()
        self.before_door.append(let_in)
        while let_in in self.before_door:
            yield env.any_of([let_in, env.timeout(self.desks.patience_s)])
            if let_in in self.before_door and self._send_on(evacuees):
                self.before_door.remove(let_in)
                return True
        return False

    def _send_on(self, evacuees: Evacuees) -> bool:
        """Send a party to another shelter; False if it knows of none, so that it stays here."""
        if not self.desks.send_on(evacuees, self.row):
            return False
        self.taken -= len(evacuees.members)
        self.desks.world.happen(EventKind.DIVERTED, evacuees.members, place=self.row, detail=len(evacuees.tried))
        self.tell()
        return True

    def _channel(self, evacuees: Evacuees) -> ReceptionChannel:
        if not self.is_online:
            return ReceptionChannel.PAPER
        world, people = self.desks.world, self.desks.world.population
        members = evacuees.members
        return ReceptionChannel(
            behaviour.reception_channel(
                connected=True,
                uses_app=world.uses_app(members),
                has_id=bool(people.has_id[members].any()),
                draw=world.stream.one("reception.channel", int(members[0])),
                parameters=world.parameters,
            )
        )

    def _register(self, members: RowArray, channel: ReceptionChannel) -> float:
        """Enter people into the city OS, or on paper if it does not take them; returns how long the clerk waited."""
        world, waited_s, on_paper = self.desks.world, 0.0, []
        for person in members.tolist():
            answer = world.city_os.check_in(world.now_s, self.row, person, channel)
            self.is_online = answer.ok
            waited_s += answer.latency_s
            if answer.ok:
                world.know_safe_after(answer.latency_s, person, SafetyChannel.CHECK_IN)
                continue
            on_paper.append(person)
            if world.city_os.connected:
                self.unsent.append((person, channel))
        if on_paper:
            rows = np.array(on_paper, np.int64)
            arrival_s = world.now_s + self.desks.paper_delay_s
            world.at(arrival_s, partial(world.confirm_safety, rows, SafetyChannel.SHELTER_LIST_PAPER))
        return min(waited_s, self.desks.service_patience_s * len(members))

    def send_unsent(self) -> None:
        """Enter again those whom the city OS did not take, if they are still here."""
        world = self.desks.world
        waiting, self.unsent = self.unsent, []
        for person, channel in waiting:
            if world.state.person_shelter[person] != self.row:
                continue
            answer = world.city_os.check_in(world.now_s, self.row, person, channel)
            self.is_online = answer.ok
            if answer.ok:
                world.know_safe_after(answer.latency_s, person, SafetyChannel.CHECK_IN)
            else:
                self.unsent.append((person, channel))
        leaving, self.unsent_leaves = self.unsent_leaves, []
        self.take_out([person for person in leaving if world.state.person_shelter[person] != self.row])
        self.tell()

    def take_out(self, people: list[int]) -> float:
        """Take people who leave out of the city OS, or note to do so later; returns how long that took (s)."""
        world, waited_s = self.desks.world, 0.0
        for person in people:
            answer = world.city_os.check_out(world.now_s, self.row, person)
            waited_s += answer.latency_s
            if _may_work_later(answer.failure):
                self.unsent_leaves.append(person)
        return min(waited_s, self.desks.service_patience_s * len(people))


def _nowhere(evacuees: Evacuees, shelter: int) -> bool:  # noqa: ARG001  (stands in until Refuges takes over)
    """Nobody knows of another shelter."""
    return False


class ShelterDesks:
    """The receptions of all shelters that have rooms."""

    def __init__(self, world: World, travel: Travel) -> None:
        self.world = world
        self.travel = travel
        self.sightings = Sightings(world)
        self.send_on: Callable[[Evacuees, int], bool] = _nowhere
        self.fill_factor = world.parameters.number("reception.fill_factor")
        self.patience_s = world.parameters.number("reception.opening_patience_s")
        self.diversions_most = world.parameters.number("reception.diversions_most")
        self.cv = world.parameters.number("reception.cv")
        self.paper_delay_s = world.parameters.number("association.paper_delay_s")
        self.service_patience_s = world.parameters.number("reception.service_patience_s")
        self._inquiry_mean_s = world.parameters.number("inquiry.desk_mean_s")
        self._mean_s: dict[tuple[ReceptionChannel, int], float] = {}
        rows = [row for row, shelter in enumerate(world.town.shelters) if shelter.kind != ShelterKind.SITE]
        self.by_row = {row: ShelterDesk(world.registry, self, row) for row in rows}
        world.env.process(self._retry())

    def mean_s(self, channel: ReceptionChannel, members: int) -> float:
        """Mean time to receive a party of so many members."""
        case = (channel, members)
        if case not in self._mean_s:
            self._mean_s[case] = behaviour.reception_mean_s(channel, members, self.world.parameters)
        return self._mean_s[case]

    def inquiry_s(self, person: int) -> float:
        """Time that a clerk takes to look for somebody whom ``person`` asks for."""
        return self.world.stream.one_lognormal("inquiry.desk", person, mean=self._inquiry_mean_s, cv=self.cv)

    def receive(self, shelter: int, evacuees: Evacuees) -> None:
        """A party stands at the door of a shelter."""
        self.world.env.process(self.by_row[shelter].receive(evacuees))

    def stay(self, desk: ShelterDesk, evacuees: Evacuees) -> None:
        """A party has been received; when it goes home again is drawn now."""
        draw = self.world.stream.one("sheltering", int(evacuees.members[0]))
        leaves_s = self.world.now_s + behaviour.stay_s(draw, self.world.parameters)
        if leaves_s < self.world.situation.duration_s:
            self.world.at(leaves_s, lambda: self._go_home(desk, evacuees))

    def _go_home(self, desk: ShelterDesk, evacuees: Evacuees) -> None:
        world = self.world
        members = world.are(evacuees.members, State.SHELTERED)
        members = members[world.state.person_shelter[members] == desk.row]
        if not len(members):
            return
        waited_s = desk.take_out(members.tolist())
        world.happen(EventKind.CHECKED_OUT, members, place=desk.row)
        desk.taken -= len(members)
        desk.tell()
        home = self.travel.destinations.neighbourhood(int(world.population.neighbourhood[evacuees.household]))
        self.travel.set_out(
            Party(
                members=members,
                origin_node=desk.shelter.node,
                destination=home,
                mode=evacuees.mode,
                speed_mps=self.travel.walking_speed_mps(members),
                depart_s=world.now_s + world.parameters.number("preparing.least_s") + waited_s,
                arrived=lambda: world.happen(EventKind.RETURNED, members),
            )
        )

    def _retry(self) -> Steps:
        while True:
            yield self.world.env.timeout(self.world.parameters.number("office.dashboard_s"))
            for desk in self.by_row.values():
                desk.send_unsent()
