"""The small town before two city OSs at once: the reference over its API and the ideal one, behind the same faults."""

from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from faulty_city import behind
from hypothesis import strategies as st
from small_city import START, in_process, small_people

from agents.city_os.calendar import Calendar
from agents.city_os.conversation import Conversation
from agents.city_os.ideal import IdealCityOS
from agents.city_os.ideal_service import IdealService
from agents.city_os.line import PlainLine
from agents.city_os.port import Answer, CityOS, Disclosed, ShelterBoard, ShelterStatus
from agents.city_os.recorder import ExchangeRecorder
from agents.city_os.rest import RestCityOS
from agents.city_os.service import discover
from scenarios.faults.effects import Terms
from scenarios.faults.form import AnyFault, FaultFile
from scenarios.faults.in_run import hear_late
from scenarios.faults.injection import Injector
from scenarios.faults.line import Askers, FaultyLine
from scenarios.faults.log import FaultLog
from scenarios.rights import Rights
from scenarios.seeding import directory, has_device
from twin.events import ReceptionChannel, SafetyStatus
from twin.population import Mode
from twin.shelters import Hazard


@dataclass
class City:
    """A city OS, the counts of what was said to it, and what decides on its faults."""

    city_os: CityOS
    counts: ExchangeRecorder | Conversation
    injector: Injector

    def told(self) -> tuple[dict[str, int], dict[str, int], dict[str, int], dict[str, int]]:
        """Calls and errors by operation, and by fault the calls that it could hit and hit."""
        counts, injector = self.counts, self.injector
        return (
            {name: count for name, count in sorted(counts.calls.items()) if count},
            {name: count for name, count in sorted(counts.errors.items()) if count},
            dict(injector.concerned),
            dict(injector.hit),
        )


def reference_city(*faults: AnyFault, terms: Terms) -> City:
    """The reference in this process."""
    town, population = small_people()
    transport = behind(in_process(town, population), *faults, terms=terms)
    service = discover(transport)
    recorder, who = ExchangeRecorder(), directory(town, population)
    hear_late(transport, recorder, who)
    factor = terms.latency_factor
    city_os = RestCityOS(transport, service, who, Calendar(START), recorder=recorder, latency_factor=factor)
    return City(city_os, recorder, transport._injector)


def ideal_city(*faults: AnyFault, terms: Terms) -> City:
    """The ideal city OS."""
    town, population = small_people()
    service = IdealService(town, population, has_device(population), Rights(town, population))
    injector = Injector(FaultFile(seed=1, fault=faults))
    line = FaultyLine(PlainLine(), injector, Askers(town, population), log=FaultLog(None, 1), terms=terms)
    conversation = Conversation(line, START.timestamp())
    line.late = conversation.record
    has_account = population.has_id.tolist()
    city_os = IdealCityOS(service, conversation, has_account, latency_factor=terms.latency_factor)
    return City(city_os, conversation, injector)


def plain(answer: Answer[Any]) -> object:
    """An answer in terms that can be compared: lists as sets of people with what was withheld, no texts."""
    value, failure = answer.value, answer.failure
    if isinstance(value, Disclosed):
        value = (sorted(value.people.tolist()), value.strangers, value.withheld)
    elif isinstance(value, ShelterBoard):
        value = (value.status, value.headcount.tolist())
    elif isinstance(value, str):
        value = "named"  # each city OS names its messages itself
    return value, failure and (failure.kind, failure.status), answer.latency_s


@dataclass
class Talk:
    """Asks a city OS one thing after another; remembers how it named its last message."""

    city: City
    message: str = "1"

    def ask(self, what: tuple[Any, ...], at_s: float) -> object:
        """One verb of the port with what it is asked of; the answer in plain terms."""
        verb, *of = what
        if verb == "deliveries":
            of = [self.message]
        answer = getattr(self.city.city_os, verb)(at_s, *of)
        if verb == "notify" and answer.value is not None:
            self.message = answer.value
        return plain(answer)


@cache
def _homes() -> tuple[list[tuple[int, int]], int, int, int]:
    town, population = small_people()
    home = population.neighbourhood[population.household]
    people = np.arange(population.people)
    # Half of those drawn are the first few: people meet each other, and themselves, again.
    return list(zip(home.tolist(), people.tolist(), strict=True)), len(town.shelters), len(town.districts), len(people)


def deeds() -> st.SearchStrategy[tuple[Any, ...]]:
    """Any verb of the port, of anybody; an association confirms people of its own area, now and then of another."""
    homes, shelters, districts, people = _homes()
    person = st.integers(0, 11) | st.integers(0, people - 1)
    shelter, area = st.integers(0, shelters - 1), st.integers(0, max(home for home, _ in homes))
    some = st.lists(st.integers(0, districts - 1), min_size=1, max_size=districts, unique=True)
    own = person.map(lambda one: homes[one])
    status = st.sampled_from(SafetyStatus)
    return st.one_of(
        st.tuples(st.just("declare"), st.sampled_from(Mode), st.just(Hazard.FLOOD), some),
        st.tuples(st.just("issue_order"), st.integers(3, 5), some, st.just("大雨")),
        st.tuples(st.just("set_shelter_status"), shelter, st.sampled_from(ShelterStatus)),
        st.tuples(st.just("notify"), st.just("題"), st.just("文"), some),
        st.tuples(st.just("deliveries")),
        st.tuples(st.just("evacuees"), shelter),
        st.tuples(st.just("known_safe")),
        st.tuples(st.just("positions")),
        st.tuples(st.just("shelter_board")),
        st.tuples(st.just("report_safety"), person, status),
        st.tuples(st.just("family_safety"), person),
        st.tuples(st.just("put_position"), person, st.just((10.0, 20.0))),
        st.tuples(st.just("check_in"), shelter, person, st.sampled_from(ReceptionChannel)),
        st.tuples(st.just("check_out"), shelter, person),
        st.tuples(st.just("support_list"), area),
        st.tuples(own, status).map(lambda one: ("confirm_safety", *one[0], one[1])),
        st.tuples(st.just("confirm_safety"), area, person, status),
        st.tuples(st.just("association_safety"), area),
    )


def talks() -> st.SearchStrategy[list[tuple[float, tuple[Any, ...]]]]:
    """Many deeds, each some time (s) after the one before: moments, or so long that positions and tokens end."""
    pause_s = st.floats(0.5, 60.0) | st.sampled_from([1.0, 600.0, 901.0, 3600.0])
    return st.lists(st.tuples(pause_s, deeds()), min_size=20, max_size=60)


def assert_alike(reference: City, ideal: City, talk: list[tuple[float, tuple[Any, ...]]]) -> None:
    """Assert that two city OSs answer alike throughout, and that as much was said to them."""
    one, two, at_s = Talk(reference), Talk(ideal), 0.0
    for pause_s, what in talk:
        at_s += pause_s
        assert two.ask(what, at_s) == one.ask(what, at_s), (at_s, what)
    assert ideal.told() == reference.told()
