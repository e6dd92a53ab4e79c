"""People who do not know where their family is: who asks, by which ways they learn, and what that leaves alone."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from willing_city import AnsweringCityOS

from agents.simulation import Setting, Simulation
from agents.situation import Declare, Situation
from twin.events import EventKind, FamilyChannel, State
from twin.parameters import Parameters
from twin.population import Mode, Population
from twin.town import Town
from twin.trace import EventColumns

Make = Callable[..., Simulation]
MUTE = {"inquiry.phone_share": 0.0, "inquiry.going_share": 1.0}
"""Nobody gets through by phone, and everybody who can goes and asks."""


def lived(make: Make, situation: Situation, parameters: Parameters, changed: dict[str, float]) -> EventColumns:
    """What happens in the small town with other parameters."""
    simulation = make(situation, parameters.with_overrides(changed))
    simulation.run(lambda _: None)
    return simulation.world.trace.columns()


@pytest.fixture
def noon(earthquake: Situation) -> Situation:
    """The earthquake by day, when many are away."""
    return replace(earthquake, start_hour=11.0)


def test_who_is_found_was_sought_before(simulate: Make, noon: Situation, parameters: Parameters) -> None:
    """Each answer belongs to a question asked before it, by every way there is without a city OS but the app."""
    events = lived(simulate, noon, parameters, {"inquiry.phone_share": 0.3})
    open_questions: dict[int, int] = {}
    for one in events.of(EventKind.SOUGHT, EventKind.FOUND).events():
        change = 1 if one.kind == EventKind.SOUGHT else -1
        open_questions[one.person] = open_questions.get(one.person, 0) + change
        assert open_questions[one.person] >= 0
    found = events.of(EventKind.FOUND).detail
    assert {FamilyChannel.TOGETHER, FamilyChannel.PHONE} <= set(found.tolist())
    assert FamilyChannel.APP not in found


def test_nobody_asks_in_a_drill_or_a_flood(simulate: Make, noon: Situation, flood: Situation) -> None:
    """Who practises knows that all are safe; without shaking nobody is afraid for those at work."""
    districts = noon.instructions[0].districts  # type: ignore[attr-defined]
    drill = replace(noon, instructions=(Declare(600.0, Mode.DRILL, districts), *noon.instructions[1:]))
    for situation in (drill, flood):
        simulation = simulate(situation)
        simulation.run(lambda _: None)
        assert not len(simulation.world.trace.columns().of(EventKind.SOUGHT, EventKind.ASKING))


def test_a_phone_that_works_answers_at_once(simulate: Make, noon: Situation, parameters: Parameters) -> None:
    """Where every call gets through, every question is answered when it is asked, and nobody goes to ask."""
    events = lived(simulate, noon, parameters, {**MUTE, "inquiry.phone_share": 1.0})
    sought, found = events.of(EventKind.SOUGHT), events.of(EventKind.FOUND)
    assert len(sought) > 20
    assert np.array_equal(np.sort(sought.time_s), np.sort(found.time_s))
    assert not len(events.of(EventKind.ASKING))


def test_the_fewer_calls_get_through_the_more_go_and_ask(
    simulate: Make, noon: Situation, parameters: Parameters
) -> None:
    """A call that gets through with a lower share gets through with a higher: they share the draw."""
    asked = [
        len(lived(simulate, noon, parameters, {**MUTE, "inquiry.phone_share": share}).of(EventKind.ASKING))
        for share in (0.0, 0.2, 0.6)
    ]
    assert asked[0] > asked[1] >= asked[2]


def test_who_did_not_get_through_tries_again_after_the_same_time(
    simulate: Make, noon: Situation, parameters: Parameters
) -> None:
    """Answers by phone come at once, or a whole number of waits later, to the next step of the town."""
    retry_s = 1800.0
    changed = {**MUTE, "inquiry.phone_share": 0.4, "inquiry.going_share": 0.0, "inquiry.retry_s": retry_s}
    events = lived(simulate, noon, parameters, changed)
    sought, found = events.of(EventKind.SOUGHT), events.of(EventKind.FOUND)
    once = np.bincount(sought.person) == 1
    asked_s = dict(zip(sought.person.tolist(), sought.time_s.tolist(), strict=True))
    by_phone = found.detail == FamilyChannel.PHONE
    rows = zip(found.person[by_phone].tolist(), found.time_s[by_phone].tolist(), strict=True)
    waits_s = [at_s - asked_s[person] for person, at_s in rows if once[person]]
    again_s = [one for one in waits_s if one > 0]
    assert len(again_s) > 5
    assert len(waits_s) > len(again_s)
    assert retry_s <= min(again_s) < 1.2 * retry_s


def test_all_other_draws_are_shared(simulate: Make, noon: Situation, parameters: Parameters) -> None:
    """Whether anybody goes and asks or not, the same people are away, decide the same, and need the same help."""
    kinds = (EventKind.WARNED, EventKind.AWAY, EventKind.DECIDED, EventKind.HELP_NEEDED)
    asking, quiet = (
        lived(simulate, noon, parameters, {**MUTE, "inquiry.going_share": share}).of(*kinds) for share in (1.0, 0.0)
    )
    assert all(np.array_equal(getattr(asking, name), getattr(quiet, name)) for name in EventColumns.__slots__)


def test_who_goes_to_ask_is_an_adult_and_comes_back(
    simulate: Make, noon: Situation, parameters: Parameters, population: Population
) -> None:
    """Nobody is left standing at a reception: each goes on, stays with the family, or is in line at the end."""
    simulation = simulate(noon, parameters.with_overrides(MUTE))
    simulation.run(lambda _: None)
    events, state = simulation.world.trace.columns(), simulation.world.state
    asking = events.of(EventKind.ASKING)
    assert len(asking) > 5
    assert (population.age[asking.person] >= 18).all()
    assert not population.needs_support[asking.person].any()
    for person, at_s in zip(asking.person.tolist(), asking.time_s.tolist(), strict=True):
        later = (events.person == person) & (events.time_s >= at_s)
        went_on = np.isin(events.kind[later], (EventKind.DEPARTED, EventKind.QUEUED)).any()
        assert went_on or state.person_state[person] == State.QUEUEING


def test_no_child_and_nobody_in_need_is_left_alone_for_a_question(
    simulate: Make, noon: Situation, parameters: Parameters, population: Population
) -> None:
    """When somebody leaves home to ask, an adult who needs no support stays there, or nobody does."""
    simulation = simulate(noon, parameters.with_overrides(MUTE))
    simulation.run(lambda _: None)
    events = simulation.world.trace.columns()
    where = np.full(population.people, State.HOME)
    able = (population.age >= 18) & ~population.needs_support
    asked = {(one.person, one.place) for one in events.of(EventKind.ASKING).events()}
    checked = 0
    for one in events.of(EventKind.AWAY, EventKind.DEPARTED, EventKind.RETURNED).events():
        before, where[one.person] = where[one.person], -1 if one.kind != EventKind.RETURNED else State.HOME
        if one.kind == EventKind.DEPARTED and (one.person, one.place) in asked and before == State.HOME:
            home = (population.household == population.household[one.person]) & (where == State.HOME)
            assert able[home].any() or not home.any()
            checked += 1
    assert checked


def in_app(
    town: Town, population: Population, situation: Situation, parameters: Parameters, **put: object
) -> EventColumns:
    """What happens where everybody uses the app, with a city OS that answers as is put in."""
    people = replace(population, uses_app=np.ones(population.people, np.bool_))
    city_os = AnsweringCityOS(len(town.shelters), population.people, **put)  # type: ignore[arg-type]
    changed = parameters.with_overrides({**MUTE, "safety.report_share": 0.9})
    simulation = Simulation(Setting(town, people, situation, changed, 1, city_os))
    simulation.run(lambda _: None)
    return simulation.world.trace.columns()


def test_without_the_safety_service_more_people_go_and_ask(
    town: Town, population: Population, noon: Situation, parameters: Parameters
) -> None:
    """Who sees in the app that the others have reported stays; where it fails, or answers too late, they go."""

    def no_family(verb: str, at_s: float) -> bool:
        del at_s
        return verb == "family_safety"

    well = in_app(town, population, noon, parameters)
    down = in_app(town, population, noon, parameters, fails=no_family)
    slow = in_app(town, population, noon, parameters, latency_s=3600.0)
    assert (well.of(EventKind.FOUND).detail == FamilyChannel.APP).any()
    assert not (down.of(EventKind.FOUND).detail == FamilyChannel.APP).any()
    assert not (slow.of(EventKind.FOUND).detail == FamilyChannel.APP).any()
    assert len(well.of(EventKind.ASKING)) < len(down.of(EventKind.ASKING))
