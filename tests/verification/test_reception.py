"""Shelter desks against queueing theory, and against a queue worked out by hand."""

import heapq
from collections.abc import Mapping

import numpy as np
import numpy.typing as npt
import pytest
import simpy
from strategies import tiny_town

from agents import behaviour
from agents.city_os.paper import PaperCityOS
from agents.shelter_desk import Evacuees
from agents.simulation import Setting, Simulation
from agents.situation import Season, SetShelters, Situation, Snow
from scenarios.defaults import default_parameters
from twin.events import EventKind, ReceptionChannel, TravelMode
from twin.randomness import Stream
from twin.shelters import Hazard
from twin.sources.people import populate
from twin.trace import EventColumns

FloatArray = npt.NDArray[np.float64]

OPEN_S = 1800.0
ALWAYS: Mapping[str, float] = {"reception.cv": 0.0, "reception.fill_factor": 1e9, "sheltering.leaving_per_h": 0.0}
"""Every party takes its mean time; nobody is sent on or leaves."""


def evening(duration_s: float, *, shaking: bool, open_s: float, changed: Mapping[str, float]) -> Simulation:
    """A small town on an evening without a city OS; its shelters open at a time."""
    town = tiny_town(people=600, households=260)
    parameters = default_parameters().with_overrides({**ALWAYS, **changed})
    districts = len(town.districts)
    situation = Situation(
        hazard=Hazard.EARTHQUAKE,
        season=Season.WINTER,
        snow=Snow.NONE,
        start_hour=18.0,
        duration_s=duration_s,
        shaking=shaking,
        damaged_share=np.full(districts, 0.8),
        flooded_share=np.zeros(districts),
        instructions=(SetShelters(open_s, tuple(range(len(town.shelters))), is_open=True),),
    )
    population = populate(town, stream=Stream(1), parameters=parameters)
    return Simulation(Setting(town, population, situation, parameters, 1, PaperCityOS()))


def parties(columns: EventColumns, shelter: int) -> list[tuple[float, float, int]]:
    """Times of queueing and reception and the size of each party at a shelter, in the order of queueing."""
    received = {one.person: one.time_s for one in columns.of(EventKind.CHECKED_IN).events()}
    found: dict[tuple[float, float], int] = {}
    for one in columns.of(EventKind.QUEUED).events():
        if one.place == shelter and one.person in received:
            times = (one.time_s, received[one.person])
            found[times] = found.get(times, 0) + 1
    return [(queued_s, received_s, size) for (queued_s, received_s), size in sorted(found.items())]


def askers(columns: EventColumns, shelter: int, least_s: float) -> list[tuple[float, float]]:
    """Times of queueing and answer of each person who was answered at a shelter's open door."""
    asking = columns.of(EventKind.ASKING)
    follows = list(columns.of(EventKind.DEPARTED, EventKind.QUEUED).events())
    found = []
    for one in asking.events():
        if one.place == shelter and one.time_s >= OPEN_S:
            after = next((each for each in follows if each.person == one.person and each.time_s > one.time_s), None)
            if after is not None:  # who stays with the family queues at once; who goes needs a moment
                found.append((one.time_s, after.time_s - (least_s if after.kind == EventKind.DEPARTED else 0.0)))
    return found


def first_come_first_served(ready_s: list[float], service_s: list[float], desks: int) -> list[float]:
    """When each is done, if each goes in turn to the desk that is free first."""
    free_s = [0.0] * desks
    done = []
    for ready, service in zip(ready_s, service_s, strict=True):
        end_s = max(ready, heapq.heappop(free_s)) + service
        heapq.heappush(free_s, end_s)
        done.append(end_s)
    return done


@pytest.mark.parametrize("places_per_desk", [80.0, 20.0], ids=["one desk", "several desks"])
def test_receptions_are_those_of_a_queue_worked_out_by_hand(places_per_desk: float) -> None:
    """In a whole run each party, and each who asks for somebody, is served when first come, first served says."""
    changed = {
        "reception.opening_patience_s": 14400.0, "reception.places_per_desk": places_per_desk,
        "inquiry.going_share": 0.8, "inquiry.phone_share": 0.05,
    }  # fmt: skip
    simulation = evening(4 * 3600.0, shaking=True, open_s=OPEN_S, changed=changed)
    simulation.run(lambda _: None)
    parameters = simulation.world.parameters
    columns = simulation.world.trace.columns()
    assert len(columns.of(EventKind.DIVERTED)) == 0
    busy = asked = 0
    for row, shelter in enumerate(simulation.world.town.shelters):
        served = [
            (queued_s, received_s, behaviour.reception_mean_s(ReceptionChannel.PAPER, size, parameters))
            for queued_s, received_s, size in parties(columns, row)
        ]
        asking = askers(columns, row, parameters.number("preparing.least_s"))
        mean_s = parameters.number("inquiry.desk_mean_s")
        seen = sorted([*served, *((came_s, answered_s, mean_s) for came_s, answered_s in asking)])
        asked += len(asking)
        ready_s = [max(queued_s, OPEN_S) for queued_s, _, _ in seen]
        service_s = [each_s for _, _, each_s in seen]
        desks = max(1, round(shelter.capacity_persons / places_per_desk))
        expected = first_come_first_served(ready_s, service_s, desks)
        assert [received_s for _, received_s, _ in seen] == pytest.approx(expected, abs=1e-6)
        busy += sum(
            end > ready + service + 1.0 for end, ready, service in zip(expected, ready_s, service_s, strict=True)
        )
    assert busy > 10
    assert asked > 0


def waits_s(arrivals_s: FloatArray, service_s: float) -> FloatArray:
    """Waits of single people who arrive at one open desk at the given times."""
    changed = {"reception.paper_mean_s": service_s, "reception.places_per_desk": 1e9}
    end_s = float(arrivals_s[-1]) + 1e5
    simulation = evening(end_s, shaking=False, open_s=0.0, changed=changed)
    world, desks = simulation.world, simulation.desks
    desks.by_row[0].set_open(is_open=True)

    def arrive() -> simpy.events.ProcessGenerator:
        for number, at_s in enumerate(arrivals_s.tolist()):
            yield world.env.timeout(at_s - world.now_s)
            members = np.array([number % world.population.people])
            desks.receive(0, Evacuees(0, members, TravelMode.FOOT))

    world.env.process(arrive())
    world.env.run(until=end_s)
    columns = world.trace.columns()
    queued, received = columns.of(EventKind.QUEUED), columns.of(EventKind.CHECKED_IN)
    assert np.array_equal(queued.person, received.person)
    return np.asarray(received.time_s - queued.time_s - service_s)


def test_a_desk_waits_as_long_as_an_m_d_1_queue() -> None:
    """Arrivals at 0.04/s and 20 s each: the mean wait is rho / (2 mu (1 - rho)) = 40 s (Pollaczek, Khinchine).

    Each single wait is max(0, the wait before + 20 s - the gap) (Lindley), so that the mean can only be off by the
    sample of arrivals.
    """
    rate_per_s, service_s, people = 0.04, 20.0, 30_000
    gaps_s = -np.log(Stream(5).uniform("gaps", np.arange(people))) / rate_per_s
    waited = waits_s(np.cumsum(gaps_s), service_s)
    assert len(waited) == people
    lindley = [0.0]
    for gap_s in gaps_s[1:].tolist():
        lindley.append(max(0.0, lindley[-1] + service_s - gap_s))
    assert waited == pytest.approx(np.array(lindley), abs=1e-6)
    assert waited.mean() == pytest.approx(40.0, rel=0.05)
