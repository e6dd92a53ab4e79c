"""What people and the office do when the city OS is late, silent or wrong: they wait, repeat, and go on without it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from willing_city import AnsweringCityOS, Fails, never

from agents.city_os.port import Answer, Disclosed, ShelterBoard, ShelterStatus
from agents.simulation import Setting, Simulation
from agents.situation import Order, Situation
from twin.events import EventKind, SafetyChannel, State, WarningChannel
from twin.parameters import Parameters
from twin.population import Population
from twin.town import Town
from twin.trace import EventColumns

Live = Callable[..., tuple[Simulation, EventColumns]]
DAY_S = 36_000.0
"""A latency of ten hours, longer than any of these runs."""


@pytest.fixture
def live(town: Town, population: Population, parameters: Parameters) -> Live:
    """Let the small town, where everybody uses the app, live through a situation with a city OS."""

    def run(situation: Situation, city_os: AnsweringCityOS, **changed: float) -> tuple[Simulation, EventColumns]:
        people = replace(population, uses_app=np.ones(population.people, np.bool_))
        in_force = parameters.with_overrides({key.replace("__", "."): value for key, value in changed.items()})
        simulation = Simulation(Setting(town, people, situation, in_force, 1, city_os))
        simulation.run(lambda _: None)
        return simulation, simulation.world.trace.columns()

    return run


@pytest.fixture
def service(town: Town, population: Population) -> Callable[..., AnsweringCityOS]:
    """Make a city OS for the small town."""

    def make(*, latency_s: float = 0.0, fails: Fails = never) -> AnsweringCityOS:
        return AnsweringCityOS(len(town.shelters), population.people, latency_s=latency_s, fails=fails)

    return make


def until(end_s: float, *verbs: str) -> Fails:
    """Verbs that fail until a time."""
    return lambda verb, at_s: verb in verbs and at_s < end_s


def warned_by(events: EventColumns, channel: WarningChannel) -> int:
    """How many heard first through a channel."""
    return int((events.of(EventKind.WARNED).detail == channel).sum())


def test_what_is_taken_is_said_once(live: Live, flood: Situation, service: Callable[..., AnsweringCityOS]) -> None:
    """A declaration, two orders and their two messages, each once, in time."""
    simulation, _ = live(flood, city_os := service())
    assert [len(city_os.times_s(verb)) for verb in ("declare", "issue_order", "notify", "deliveries")] == [1, 2, 2, 2]
    assert [one.late_s for one in simulation.notices] == [0.0, 0.0]


def test_the_office_tries_again_until_it_is_taken(
    live: Live, flood: Situation, service: Callable[..., AnsweringCityOS], parameters: Parameters
) -> None:
    """Every ``office.repeat_s`` until the city OS is back; then the message reaches people, so much later."""
    repeat_s = parameters.number("office.repeat_s")
    _, on_time = live(flood, service())
    simulation, late = live(flood, city_os := service(fails=until(2000.0, "declare", "issue_order", "notify")))
    for verb, first_s in (("declare", 600.0), ("issue_order", 1200.0), ("notify", 1200.0)):
        tried_s = np.arange(first_s, 2000.0 + repeat_s, repeat_s)
        assert city_os.times_s(verb)[: len(tried_s)] == pytest.approx(tried_s)
    assert [one.late_s for one in simulation.notices] == [900.0, 0.0]
    by_push = [one.of(EventKind.WARNED) for one in (on_time, late)]
    first_s = [float(one.time_s[one.detail == WarningChannel.PUSH].min()) for one in by_push]
    assert first_s[0] < 2100.0 <= first_s[1]
    assert warned_by(on_time, WarningChannel.PUSH) > warned_by(late, WarningChannel.PUSH) > 0


def test_a_message_that_left_is_not_sent_again(
    live: Live, flood: Situation, service: Callable[..., AnsweringCityOS]
) -> None:
    """Where only the list of deliveries fails, the office asks for that again, and no phone rings twice."""
    _, events = live(flood, city_os := service(fails=until(2000.0, "deliveries")))
    assert len(city_os.times_s("notify")) == 2
    assert len(city_os.times_s("deliveries")) == 2 + 3
    assert warned_by(events, WarningChannel.PUSH) > 0


def test_what_is_superseded_is_not_repeated(
    live: Live, flood: Situation, town: Town, service: Callable[..., AnsweringCityOS]
) -> None:
    """While level 3 waits to be repeated level 4 is issued: from then on only level 4 is tried, for its districts."""
    first, *_ = (one for one in flood.instructions if isinstance(one, Order))
    everywhere = tuple(range(len(town.districts)))
    second = replace(first, at_s=first.at_s + 400.0, level=4, districts=everywhere)
    situation = replace(flood, instructions=(first, second))
    simulation, _ = live(situation, city_os := service(fails=until(np.inf, "issue_order", "notify")), office__repeats=2)
    assert city_os.times_s("issue_order") == [1200.0, 1500.0, 1600.0, 1900.0, 2200.0]
    assert city_os.times_s("notify") == city_os.times_s("issue_order")
    assert not simulation.notices


def test_the_office_gives_up_and_sends_vans(
    live: Live, flood: Situation, service: Callable[..., AnsweringCityOS], parameters: Parameters
) -> None:
    """After the last try no more calls are made, and more households hear from vans than by the first round alone."""
    repeats = int(parameters.number("office.repeats"))
    quiet = {"warning__mail_share": 0.0, "warning__broadcast_share": 0.0, "warning__contagion_per_s": 0.0}
    fails = until(np.inf, "notify")
    simulation, patient = live(flood, city_os := service(fails=fails), **quiet)
    _, at_once = live(flood, service(fails=fails), **quiet, office__repeats=0)
    _, never_up = live(flood, service(fails=fails), **quiet, office__repeats=1000)
    assert len(city_os.times_s("notify")) == 2 * (repeats + 1)
    assert not simulation.notices
    vans = [warned_by(events, WarningChannel.VAN) for events in (never_up, patient, at_once)]
    assert vans[0] < vans[1] <= vans[2]


def test_boards_that_tell_the_truth_mislead_nobody(
    live: Live, earthquake: Situation, service: Callable[..., AnsweringCityOS]
) -> None:
    """Where the board says what receptions told it, no status seen is wrong."""
    simulation, events = live(earthquake, service())
    assert simulation.desks.sightings.looks > 50
    assert simulation.desks.sightings.wrong_looks == simulation.desks.sightings.wrong_at.sum() == 0
    assert not len(events.of(EventKind.MISINFORMED))


class SaysAllOpen(AnsweringCityOS):
    """A board on which every shelter is open, from the first minute on."""

    def shelter_board(self, at_s: float) -> Answer[ShelterBoard]:
        """All open."""
        everywhere = ShelterBoard((ShelterStatus.OPEN,) * len(self.status), np.full(len(self.status), -1, np.int32))
        return self.answer("shelter_board", at_s, everywhere)


def test_who_follows_a_wrong_board_finds_the_door_shut(
    live: Live, earthquake: Situation, town: Town, population: Population
) -> None:
    """Before the shelters open, each party that looks is shown a wrong status, and sets out for a shut door."""
    simulation, events = live(earthquake, SaysAllOpen(len(town.shelters), population.people))
    misled = events.of(EventKind.MISINFORMED)
    early = misled.time_s < 1800.0
    assert early.any()
    assert (misled.detail[early] == 0).all()
    sightings = simulation.desks.sightings
    assert 0 < sightings.wrong_looks <= sightings.looks
    assert sightings.wrong_at.sum() >= sightings.wrong_looks
    assert set(np.flatnonzero(np.bincount(misled.place, minlength=len(town.shelters)))) <= set(
        np.flatnonzero(sightings.wrong_at)
    )


def departures_s(events: EventColumns) -> dict[int, float]:
    """When each person first set out."""
    first: dict[int, float] = {}
    for one in events.of(EventKind.DEPARTED).events():
        first.setdefault(one.person, one.time_s)
    return first


@pytest.mark.parametrize(("latency_s", "waited_s"), [(20.0, 20.0), (DAY_S, 60.0)], ids=["slow", "absurd"])
def test_people_wait_for_the_board_and_no_longer_than_patience(
    live: Live, earthquake: Situation, population: Population, service: Callable[..., AnsweringCityOS],
    latency_s: float, waited_s: float,
) -> None:  # fmt: skip
    """Whoever looks at the board sets out later by what it takes, or by their patience; nobody by more."""
    quiet = {"inquiry__going_share": 0.0, "gathering__returning_share": 0.0}
    _, prompt = live(earthquake, service(), **quiet)
    _, slow = live(earthquake, service(latency_s=latency_s), **quiet)
    before, after = departures_s(prompt), departures_s(slow)
    household = population.household
    helped = household[prompt.of(EventKind.HELP_NEEDED).person]  # they leave when helpers come, who wait too
    decided = prompt.of(EventKind.DECIDED).person
    decided = set(decided[~np.isin(household[decided], helped)].tolist())
    delays = {round(after[one] - before[one], 6) for one in decided & set(before) & set(after)}
    assert waited_s in delays
    assert delays <= {0.0, waited_s}


def test_a_service_of_ten_hours_is_a_town_on_paper(
    live: Live, earthquake: Situation, service: Callable[..., AnsweringCityOS]
) -> None:
    """Everybody is received, as the queues allow, and nobody is known to be safe by an answer not yet given."""
    simulation, events = live(earthquake, service(latency_s=DAY_S))
    assert len(events.of(EventKind.CHECKED_IN)) > 50
    channels = set(events.of(EventKind.SAFETY_CONFIRMED).detail.tolist())
    assert not channels & {SafetyChannel.APP, SafetyChannel.CHECK_IN, SafetyChannel.ASSOCIATION}
    assert simulation.world.state.counts().sum() == simulation.world.population.people


def test_who_leaves_while_nobody_answers_is_taken_out_later(
    live: Live, earthquake: Situation, service: Callable[..., AnsweringCityOS]
) -> None:
    """When the service is back, as many have been taken out as have left, each once; and none where nothing failed."""
    leaving = {"sheltering__leaving_per_h": 0.5}
    for fails in (never, until(10_000.0, "check_out")):
        _, events = live(earthquake, city_os := service(fails=fails), **leaving)
        taken = [at_s for at_s in city_os.times_s("check_out") if not fails("check_out", at_s)]
        left = events.of(EventKind.CHECKED_OUT)
        assert len(left) > 5
        again_s = earthquake.duration_s - 600.0  # the desks' last try
        assert (left.time_s <= again_s).sum() <= len(taken) <= len(left)


class Absurd(AnsweringCityOS):
    """Knows no shelter, and names everybody in the town and identifiers of nobody as one's family."""

    def shelter_board(self, at_s: float) -> Answer[ShelterBoard]:
        """Nothing is said of any shelter."""
        return self.answer(
            "shelter_board", at_s, ShelterBoard((None,) * len(self.status), np.full(len(self.status), -1))
        )

    def family_safety(self, at_s: float, *_: object) -> Answer[Disclosed]:
        """Strangers only."""
        return self.answer("family_safety", at_s, Disclosed(np.empty(0, np.int32), ("nobody", "no one"), 3))

    support_list = family_safety


def test_absurd_answers_stop_nobody(live: Live, earthquake: Situation, town: Town, population: Population) -> None:
    """With a board without shelters and families of strangers, people are received as those who see no board."""
    simulation, events = live(earthquake, Absurd(len(town.shelters), population.people))
    _, quiet = live(
        earthquake,
        AnsweringCityOS(len(town.shelters), population.people, fails=lambda verb, _: verb == "shelter_board"),
    )
    assert not simulation.desks.sightings.wrong_looks
    assert len(events.of(EventKind.CHECKED_IN)) > 50
    sheltered = [np.unique(one.of(EventKind.QUEUED).person) for one in (events, quiet)]
    assert len(np.intersect1d(*sheltered)) >= 0.9 * len(sheltered[1])
    state = simulation.world.state
    assert (state.person_shelter[state.person_state == State.SHELTERED] >= 0).all()
