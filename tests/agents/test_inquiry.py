"""People who do not know where their family is: who asks, by which ways they learn, and what that leaves alone."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from willing_city import AnsweringCityOS

from agents.city_os.paper import PaperCityOS
from agents.simulation import Setting, Simulation
from agents.situation import Declare, Situation
from agents.travel import Party, Travel
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
    left = list(left_home_to_ask(simulation.world.trace.columns(), population))
    able = (population.age >= 18) & ~population.needs_support
    assert left
    assert all(able[behind].any() or not len(behind) for _, behind in left)


def test_the_patient_do_not_go(simulate: Make, noon: Situation, parameters: Parameters) -> None:
    """Nobody sets out to ask before their patience has ended."""
    changed = {**MUTE, "inquiry.patience_mean_s": 21600.0, "preparing.cv": 0.5}
    asking = lived(simulate, noon, parameters, changed).of(EventKind.ASKING)
    # One in a thousand has less than a fifth of the mean: log-normal with this spread.
    assert np.count_nonzero(asking.time_s < 0.2 * 21600.0) <= 1


def with_few_adults(population: Population) -> Population:
    """The same people, in each household one adult for certain, and children in every other row."""
    rows = np.arange(population.people)
    first = rows == np.searchsorted(population.household, population.household)
    return replace(population, age=np.where(first, 40, np.where(rows % 2 == 0, 30, 10)).astype(population.age.dtype))


def test_a_parent_alone_with_children_stays(
    town: Town, population: Population, noon: Situation, parameters: Parameters
) -> None:
    """Where many adults would leave none but children behind, those who go leave an adult, or nobody."""
    people = with_few_adults(population)
    setting = Setting(town, people, noon, parameters.with_overrides(MUTE), 1, PaperCityOS())
    simulation = Simulation(setting)
    simulation.run(lambda _: None)
    left = list(left_home_to_ask(simulation.world.trace.columns(), people))
    able = (people.age >= 18) & ~people.needs_support
    assert left
    assert all(able[behind].any() or not len(behind) for _, behind in left)


def test_who_left_home_to_ask_goes_home_again(
    simulate: Make, noon: Situation, parameters: Parameters, population: Population
) -> None:
    """Whatever they are told at the reception, their next step is to set out; only who was away may stay there."""
    simulation = simulate(noon, parameters.with_overrides(MUTE))
    simulation.run(lambda _: None)
    events = simulation.world.trace.columns()
    from_home = {person for person, _ in left_home_to_ask(events, population)}
    moves = events.of(EventKind.ASKING, EventKind.DEPARTED, EventKind.QUEUED, EventKind.CHECKED_IN)
    asking: set[int] = set()
    for one in moves.events():
        if one.person in asking and one.person in from_home:
            assert one.kind == EventKind.DEPARTED
        asking.discard(one.person)
        asking |= {one.person} if one.kind == EventKind.ASKING else set()
    assert from_home


def test_everybody_sets_out_from_where_they_are(
    simulate: Make, noon: Situation, parameters: Parameters, population: Population, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is at home from their home, who is away from the neighbourhood where they spend the day."""
    simulation = simulate(noon, parameters.with_overrides(MUTE))
    world, seen, set_out = simulation.world, Counter[State](), Travel.set_out

    def spy(travel: Travel, party: Party) -> None:
        for person in party.members.tolist():
            state = State(int(world.state.person_state[person]))
            away = int(population.away_neighbourhood[person])
            if state == State.HOME:
                assert party.origin_node == population.home_node[population.household[person]]
            elif state == State.ELSEWHERE:
                assert party.origin_node == world.town.neighbourhoods[away].node
            seen[state] += 1
        set_out(travel, party)

    monkeypatch.setattr(Travel, "set_out", spy)
    simulation.run(lambda _: None)
    assert seen[State.HOME] > 20
    assert seen[State.ELSEWHERE] > 20


def left_home_to_ask(events: EventColumns, population: Population) -> Iterator[tuple[int, npt.NDArray[np.int64]]]:
    """Who set out from home for a reception where they then asked, and who of the household stayed at home."""
    where = np.full(population.people, State.HOME)
    asked = {(one.person, one.place) for one in events.of(EventKind.ASKING).events()}
    for one in events.of(EventKind.AWAY, EventKind.DEPARTED, EventKind.RETURNED).events():
        before, where[one.person] = where[one.person], -1 if one.kind != EventKind.RETURNED else State.HOME
        if one.kind == EventKind.DEPARTED and (one.person, one.place) in asked and before == State.HOME:
            home = (population.household == population.household[one.person]) & (where == State.HOME)
            yield one.person, np.flatnonzero(home)


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
