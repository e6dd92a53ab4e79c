"""A small town lives through a disaster."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from agents.city_os.paper import PaperCityOS
from agents.city_os.port import Answer, CityOS, Failure, FailureKind
from agents.movement.trips import Trips
from agents.refuges import ADULT_AGE
from agents.simulation import SAMPLE_S, Setting, Simulation
from agents.situation import SendVehicles, Situation
from agents.travel import Travel
from twin.events import EventKind, State, TravelMode
from twin.parameters import Parameters
from twin.population import Population
from twin.state import TownState
from twin.town import Town
from twin.trace import EventColumns

Make = Callable[..., Simulation]


@pytest.fixture(params=["earthquake", "flood"])
def situation(request: pytest.FixtureRequest) -> Situation:
    """What strikes the town."""
    found: Situation = request.getfixturevalue(request.param)
    return found


def finished(simulation: Simulation) -> EventColumns:
    """Run to the end and return what happened."""
    simulation.run(lambda _: None)
    return simulation.world.trace.columns()


def test_people_are_conserved_at_every_look(simulate: Make, situation: Situation) -> None:
    """At every look everybody is in exactly one state, and looks come in step from 0 to the end."""
    simulation, looks = simulate(situation), []

    def look(at_s: float) -> None:
        looks.append(at_s)
        assert simulation.world.state.counts().sum() == simulation.world.population.people

    simulation.run(look)
    assert looks == [step * SAMPLE_S for step in range(int(situation.duration_s // SAMPLE_S) + 1)]


def test_the_trace_folds_to_the_state(simulate: Make, situation: Situation) -> None:
    """Folding the written events gives the state in which the run ended."""
    simulation = simulate(situation)
    columns = finished(simulation)
    state = TownState.all_at_home(simulation.world.population.people, len(simulation.world.town.shelters))
    within = columns.time_s <= situation.duration_s
    for kind, person, place in zip(columns.kind[within], columns.person[within], columns.place[within], strict=True):
        state.apply(EventKind(kind), np.array([person]), int(place))
    assert np.array_equal(state.person_state, simulation.world.state.person_state)
    assert np.array_equal(state.headcount(), simulation.world.state.headcount())


def test_the_same_seed_gives_the_same_bytes(simulate: Make, situation: Situation, tmp_path: Path) -> None:
    """Two runs with one seed write equal traces; another seed writes another."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        simulation = simulate(situation, None, seed)
        simulation.run(lambda _: None)
        simulation.world.trace.write(tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert (tmp_path / "a").read_bytes() != (tmp_path / "c").read_bytes()


def test_nobody_arrives_without_having_left(simulate: Make, situation: Situation) -> None:
    """Everybody who queues or settles has departed before, and everybody checked in has queued there."""
    events = list(finished(simulate(situation)).events())
    departed: set[int] = set()
    queued: dict[int, int] = {}
    for event in events:
        if event.kind == EventKind.DEPARTED:
            departed.add(event.person)
        elif event.kind == EventKind.QUEUED:
            assert event.person in departed
            queued[event.person] = event.place
        elif event.kind == EventKind.SETTLED:
            assert event.person in departed
        elif event.kind == EventKind.CHECKED_IN:
            assert queued[event.person] == event.place


def test_something_happens(simulate: Make, situation: Situation) -> None:
    """People hear, decide, leave, are received in shelters, and the safety of some becomes known."""
    kinds = set(finished(simulate(situation)).kind.tolist())
    expected = {
        EventKind.WARNED,
        EventKind.DECIDED,
        EventKind.DEPARTED,
        EventKind.QUEUED,
        EventKind.CHECKED_IN,
        EventKind.SAFETY_CONFIRMED,
    }
    assert expected <= kinds


def test_shelters_receive_nobody_before_they_open(simulate: Make, earthquake: Situation) -> None:
    """All check-ins come after the city has opened the shelters."""
    received = finished(simulate(earthquake)).of(EventKind.CHECKED_IN)
    assert len(received) > 0
    assert received.time_s.min() >= 1800.0


def test_who_comes_first_to_a_closed_door_is_received_first(
    simulate: Make, earthquake: Situation, parameters: Parameters
) -> None:
    """However often people lose patience and find no other shelter, each desk begins with those who came first."""
    restless = parameters.with_overrides({"reception.opening_patience_s": 60.0, "reception.reach_on_foot_m": 0.0})
    restless = restless.with_overrides({"reception.reach_by_car_m": 0.0, "reception.cv": 0.0})
    restless = restless.with_overrides({"reception.further_member_share": 0.0, "reception.fill_factor": 3.0})
    columns = finished(simulate(earthquake, restless))
    queued = {(e.person, e.place): e.time_s for e in columns.of(EventKind.QUEUED).events()}
    received = [(e.place, e.time_s, queued[e.person, e.place]) for e in columns.of(EventKind.CHECKED_IN).events()]
    for place in {place for place, _, _ in received}:
        came = [came_s for where, _, came_s in received if where == place]
        assert came == sorted(came)


def test_without_any_reason_nobody_leaves(simulate: Make, flood: Situation, parameters: Parameters) -> None:
    """Where no share of the households leaves at any level, nobody departs but those who come home."""
    shares = {"leaving.flooded_by_level": (0.0, 0.0, 0.0), "leaving.dry_by_level": (0.0, 0.0, 0.0)}
    columns = finished(simulate(flood, parameters.with_overrides(shares)))
    assert len(columns.of(EventKind.DECIDED, EventKind.QUEUED, EventKind.SETTLED)) == 0


def test_the_roads_heed_the_parameters_in_force(simulate: Make, earthquake: Situation, parameters: Parameters) -> None:
    """Fewer cars to the metre of road means less storage on the links."""
    sparse = parameters.with_overrides({"cars.jam_density_vpm": 0.06})

    def storage(changed: Parameters) -> int:
        return int(simulate(earthquake, changed).world.movement.world.links["storage"].sum())

    assert storage(sparse) < storage(parameters)


def test_more_readiness_to_leave_keeps_nobody_at_home(
    simulate: Make, earthquake: Situation, parameters: Parameters
) -> None:
    """With a higher share of leaving, every household that decided to leave before still does."""
    before = finished(simulate(earthquake)).of(EventKind.DECIDED).person
    more = parameters.with_overrides({"leaving.undamaged_share": 0.5})
    after = finished(simulate(earthquake, more)).of(EventKind.DECIDED).person
    assert set(before.tolist()) < set(after.tolist())


def test_a_patient_and_empty_shelter_sends_nobody_on(
    simulate: Make, earthquake: Situation, parameters: Parameters
) -> None:
    """Where shelters never count as full and people wait for the opening, nobody is diverted."""
    roomy = parameters.with_overrides({"reception.fill_factor": 1000.0, "reception.opening_patience_s": 14400.0})
    assert len(finished(simulate(earthquake, roomy)).of(EventKind.DIVERTED)) == 0


class Desk(PaperCityOS):
    """A city OS that does check-ins and nothing else, each after ``latency_s``; a dead one does not even that."""

    connected = True

    def __init__(self, latency_s: float = 0.0, *, dead: bool = False) -> None:
        self._answer: Answer[None] = Answer(None, Failure(FailureKind.UNREACHABLE) if dead else None, latency_s)

    def check_in(self, *asked: object, **named: object) -> Answer[None]:
        """Take anybody in."""
        return self._answer


@pytest.fixture
def waits_with(
    town: Town, population: Population, parameters: Parameters, earthquake: Situation
) -> Callable[[CityOS], list[float]]:
    """Time from queueing to check-in of everybody received, with a city OS."""

    def run(city_os: CityOS) -> list[float]:
        columns = finished(Simulation(Setting(town, population, earthquake, parameters, 1, city_os)))
        queued = {(e.person, e.place): e.time_s for e in columns.of(EventKind.QUEUED).events()}
        return [e.time_s - queued[e.person, e.place] for e in columns.of(EventKind.CHECKED_IN).events()]

    return run


def test_a_slow_city_os_makes_people_queue(waits_with: Callable[[CityOS], list[float]]) -> None:
    """Waiting ten minutes for each answer holds the clerks up, so that people wait longer and fewer are received."""
    prompt, slow = waits_with(Desk()), waits_with(Desk(600.0))
    assert np.median(slow) > np.median(prompt)
    assert len(slow) < len(prompt)


def test_desks_go_on_on_paper_when_the_city_os_is_dead(waits_with: Callable[[CityOS], list[float]]) -> None:
    """With a service that takes nothing, people wait about as long as with none, longer than with one that works."""
    dead, none, working = waits_with(Desk(dead=True)), waits_with(PaperCityOS()), waits_with(Desk())
    assert np.mean(dead) > np.mean(working)
    assert np.mean(dead) == pytest.approx(np.mean(none), rel=0.1)


def test_everybody_stays_where_they_are_at_the_end_of_the_run(simulate: Make, situation: Situation) -> None:
    """Nobody is stranded on a connected network."""
    simulation = simulate(situation)
    finished(simulation)
    assert simulation.world.state.count(State.STRANDED) == 0


def test_children_never_drive_and_never_set_out_while_an_adult_is_expected(
    simulate: Make, earthquake: Situation
) -> None:
    """Everybody who departs by car travels at that moment with an adult of the same household."""
    simulation = simulate(earthquake)
    people = simulation.world.population
    by_car: dict[tuple[float, int], list[int]] = {}
    for event in finished(simulation).of(EventKind.DEPARTED).events():
        if event.detail == TravelMode.CAR:
            by_car.setdefault((event.time_s, int(people.household[event.person])), []).append(event.person)
    assert by_car
    assert all((people.age[members] >= ADULT_AGE).any() for members in by_car.values())


def test_impatient_households_do_not_depart_in_the_past(
    simulate: Make, earthquake: Situation, parameters: Parameters
) -> None:
    """Whatever admitted patience a household has for members who are away, the run comes to its end."""
    for patience_s in (0.0, 20.0, 61.0):
        changed = parameters.with_overrides({"gathering.wait_most_s": patience_s})
        assert len(finished(simulate(earthquake, changed))) > 0


def test_a_city_that_rings_its_list_reaches_no_fewer_and_reaches_them_sooner(
    simulate: Make, earthquake: Situation, parameters: Parameters
) -> None:
    """Where nobody would call, vehicles come because the city rings: more people are helped, never fewer."""
    silent = parameters.with_overrides({"support.call_share": 0.0, "welfare.vehicles": 100})
    sending = SendVehicles(60.0, tuple(range(2)))
    helped = []
    for instructions in (earthquake.instructions, (sending, *earthquake.instructions)):
        simulation = simulate(replace(earthquake, instructions=instructions), silent, 1)
        simulation.run(lambda _: None)
        helped.append(int(simulation.world.helped.sum()))
    assert helped[1] > helped[0]


def test_cars_with_the_app_choose_their_way_anew(
    simulate: Make, earthquake: Situation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The movement hears which parties have the app with them, and is asked for new ways at the interval in force."""
    simulation = simulate(earthquake)
    movement = simulation.world.movement
    told, asked_s = list[bool](), list[float]()
    depart = movement.depart

    def departing(trips: Trips) -> None:
        assert trips.informed is not None
        told.extend(trips.informed.tolist())
        depart(trips)

    monkeypatch.setattr(movement, "depart", departing)
    monkeypatch.setattr(movement, "replan", lambda: asked_s.append(simulation.world.now_s))
    finished(simulation)
    interval_s = simulation.world.parameters.number("cars.replan_s")
    assert asked_s == np.arange(0.0, earthquake.duration_s, interval_s).tolist()
    assert {False, True} <= set(told)


def test_small_children_are_carried(simulate: Make, earthquake: Situation) -> None:
    """A household with a small child walks as the slowest of the others, or as its fastest who carries the child."""
    world = simulate(earthquake).world
    travel, people, parameters = Travel(world), world.population, world.parameters
    carried = people.age < parameters.number("walking.carried_below_age")
    factor, start = parameters.number("walking.carrying_factor"), people.household_start.tolist()
    seen = 0
    for first, last in pairwise(start):
        members = np.arange(first, last, dtype=np.int64)
        own_mps = people.walking_speed_mps[members[~carried[members]]]
        if 0 < len(own_mps) < len(members):
            expected_mps = min(own_mps.min(), own_mps.max() * factor) * world.walking_factor
            assert travel.walking_speed_mps(members) == pytest.approx(expected_mps)
            seen += 1
        elif len(own_mps):
            assert travel.walking_speed_mps(members) == pytest.approx(own_mps.min() * world.walking_factor)
    assert seen > 3
