"""A small town that lives against a city OS for a few hours, driven by hand, with the oracle looking on."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

import numpy as np
from strategies import tiny_town

from agents.city_os.asgi import AsgiApp, AsgiTransport
from agents.city_os.calendar import Calendar
from agents.city_os.port import ShelterStatus
from agents.city_os.recorder import ExchangeRecorder
from agents.city_os.rest import RestCityOS
from agents.city_os.service import discover
from agents.city_os.transport import Transport
from reference_api.clock import GivenClock
from reference_api.consent import Decide, decide
from scenarios.connection import reference_app
from scenarios.language import Text
from scenarios.oracle import Oracle
from scenarios.record import FindingKind, NotificationResult
from scenarios.seeding import directory, home_neighbourhood
from twin.events import EventKind, ReceptionChannel, SafetyStatus
from twin.parameters import load_parameters
from twin.population import Mode, Population
from twin.randomness import Stream
from twin.shelters import Hazard
from twin.sources.people import populate
from twin.state import TownState
from twin.town import Town

JST = timezone(timedelta(hours=9))
START = datetime(2027, 1, 15, 5, 46, tzinfo=JST)

Wrap = Callable[[AsgiApp], AsgiApp]


def small_people() -> tuple[Town, Population]:
    """A town of two districts, three neighbourhoods and two shelters, and its 300 people."""
    town = tiny_town()
    return town, populate(town, stream=Stream(7), parameters=load_parameters("twin"))


def in_process(
    town: Town, population: Population, *, wrap: Wrap = lambda app: app, decide: Decide = decide
) -> Transport:
    """The reference city OS in this process, perhaps wrapped in something that spoils it."""
    start_s = START.timestamp()
    clock = GivenClock(start_s)
    app = reference_app(town, population, clock=clock, decide=decide)
    return AsgiTransport(wrap(app), set_clock=lambda at_s: clock.set_s(start_s + at_s))


@dataclass
class SmallCity:
    """A town, its city OS, its truth and its oracle."""

    town: Town
    population: Population
    city_os: RestCityOS
    recorder: ExchangeRecorder
    oracle: Oracle
    state: TownState

    @classmethod
    def over(cls, town: Town, population: Population, transport: Transport) -> "SmallCity":
        """The town over a transport."""
        recorder = ExchangeRecorder()
        who = directory(town, population)
        city_os = RestCityOS(transport, discover(transport), who, Calendar(START), recorder=recorder)
        oracle = Oracle(town, population, city_os)
        recorder.observe(oracle.watch)
        return cls(
            town, population, city_os, recorder, oracle, TownState.all_at_home(population.people, len(town.shelters))
        )

    def check_in(self, at_s: float, shelter: int, person: int) -> None:
        """A person is received, whatever the city OS says of it."""
        self.city_os.check_in(at_s, shelter, person, ReceptionChannel.PAPER)
        self._happen(EventKind.CHECKED_IN, person, shelter)

    def check_out(self, at_s: float, shelter: int, person: int) -> None:
        """A person leaves, whatever the city OS says of it."""
        self.city_os.check_out(at_s, shelter, person)
        self._happen(EventKind.CHECKED_OUT, person, shelter)

    def _happen(self, kind: EventKind, person: int, shelter: int) -> None:
        self.state.apply(kind, np.array([person]), np.array([shelter]))

    def notify(self, at_s: float, districts: list[int]) -> NotificationResult:
        """The city office pushes a message and the oracle looks who got it."""
        sent = self.city_os.notify(at_s, "避難指示", "避難してください", districts)
        delivered = self.city_os.deliveries(at_s, sent.value or "0")
        return self.oracle.check_recipients(at_s, Text("避難指示", "evacuation order"), districts, delivered)

    def check(self, at_s: float) -> None:
        """The oracle asks everything that it asks."""
        self.oracle.check_headcounts(at_s, self.state.headcount())
        self.oracle.check_lists(at_s, self.state)
        self.oracle.check_safety(at_s)

    def kinds(self) -> set[FindingKind]:
        """Kinds of what was found."""
        return {one.kind for one in self.oracle.findings}

    # -- a morning
    def live(self) -> None:
        """A drill in one district and a disaster in the other; people come, tell, are told of, and go."""
        self.begin()
        self.evacuate()
        self.check(1200.0)
        self.tell()
        self.leave()
        self.check(3600.0)

    def begin(self) -> None:
        """Modes, shelters and a message to the first district."""
        self.city_os.declare(0.0, Mode.DRILL, Hazard.EARTHQUAKE, [0])
        self.city_os.declare(1.0, Mode.DISASTER, Hazard.EARTHQUAKE, [1])
        self.city_os.issue_order(2.0, 4, [0, 1], "地震")
        for shelter in range(len(self.town.shelters)):
            self.city_os.set_shelter_status(3.0, shelter, ShelterStatus.OPEN)
        self.notify(60.0, [0])

    def evacuate(self) -> None:
        """Every fifth person goes to a shelter, every tenth of them on to the other one."""
        for person in range(0, self.population.people, 5):
            self.check_in(600.0 + person, person % 2, person)
        for person in range(0, self.population.people, 50):
            self.check_in(1100.0 + person / 10, 1 - person % 2, person)

    def tell(self) -> None:
        """ID holders report and share where they are; associations confirm everybody else they can; all read."""
        holders = np.flatnonzero(self.population.has_id).tolist()
        for person in holders[::2]:
            self.city_os.report_safety(1300.0, person, SafetyStatus.SAFE)
            self.city_os.put_position(1310.0, person, (10.0, 20.0))
        home = home_neighbourhood(self.population)
        for person in range(0, self.population.people, 7):
            self.city_os.confirm_safety(1400.0, int(home[person]), person, SafetyStatus.NEEDS_HELP)
        for area in range(len(self.town.neighbourhoods)):
            self.city_os.support_list(1500.0, area)
            self.city_os.association_safety(1510.0, area)
        for person in holders[:40]:
            self.city_os.family_safety(1600.0, person)
        self.city_os.positions(1700.0)

    def leave(self) -> None:
        """Every fifteenth person goes home again."""
        for person in range(0, self.population.people, 15):
            self.check_out(1800.0 + person, int(self.state.person_shelter[person]), person)
