"""Survey marginals of events worked out by hand."""

from typing import Any, cast

import numpy as np
import pytest
from strategies import tiny_town

from agents.situation import Season, Situation, Snow
from scenarios.defaults import default_parameters
from scenarios.run import Stage
from scenarios.validation.observed import Figure, Relation, Unit
from scenarios.validation.surveys import Answers, answers_of, share
from twin.events import EventKind, HelpKind, Intent, Refuge, TravelMode
from twin.randomness import Stream
from twin.shelters import Hazard
from twin.sources.people import populate
from twin.trace import Trace


def small_stage(flooded_share: float = 1.0) -> Stage:
    """A small town all of whose districts are flooded."""
    town, parameters = tiny_town(), default_parameters()
    situation = Situation(
        hazard=Hazard.FLOOD,
        season=Season.AUTUMN,
        snow=Snow.NONE,
        start_hour=12.0,
        duration_s=36_000.0,
        shaking=False,
        damaged_share=np.zeros(len(town.districts)),
        flooded_share=np.full(len(town.districts), flooded_share),
        instructions=(),
    )
    population = populate(town, stream=Stream(3), parameters=parameters)
    return Stage(cast("Any", None), town, population, parameters, situation, "made", {})


def lives(stage: Stage) -> Answers:
    """Households 0 to 3: by car to relatives out of town; helped to a shelter; upstairs; home from work."""
    trace, start = Trace(), stage.population.household_start
    people = [np.array([start[household]]) for household in range(4)]
    trace.record(EventKind.DECIDED, 10.0, people[0], -1, Intent.RELATIVES)
    trace.record(EventKind.DEPARTED, 100.0, people[0], -1, TravelMode.CAR)
    trace.record(EventKind.SETTLED, 900.0, people[0], -1, Refuge.OUT_OF_TOWN)
    trace.record(EventKind.DECIDED, 20.0, people[1], -1, Intent.SHELTER)
    trace.record(EventKind.HELP_REACHED, 150.0, people[1], -1, HelpKind.SUPPORTER)
    trace.record(EventKind.DEPARTED, 200.0, people[1], 0, TravelMode.CAR)
    trace.record(EventKind.DEPARTED, 400.0, people[1], 0, TravelMode.FOOT)
    trace.record(EventKind.QUEUED, 800.0, people[1], 0, 0)
    trace.record(EventKind.CHECKED_IN, 950.0, people[1], 0, 0)
    trace.record(EventKind.WENT_UPSTAIRS, 5000.0, people[2])
    trace.record(EventKind.AWAY, 0.0, people[3])
    trace.record(EventKind.DEPARTED, 300.0, people[3], -1, TravelMode.FOOT)
    trace.record(EventKind.RETURNED, 700.0, people[3])
    return answers_of(stage, trace.columns())


def counted(measure: str, of: str, answers: Answers, window: tuple[float, float] = (0.0, 0.0)) -> float:
    """A measure in households of those asked."""
    figure = Figure(
        key="k", label_en="l", label_ja="l", value=0.5, unit=Unit.SHARE, relation=Relation.HELD_OUT, source="s",
        confidence="A", measure=measure, of=of, from_s=window[0], until_s=window[1],
    )  # fmt: skip
    return share(figure, answers)


def test_answers_are_those_of_the_events() -> None:
    """Who left, upstairs, by what, where to, helped by whom: each household counts once, a way home not at all."""
    answers = lives(small_stage())
    households = len(answers.asked)
    assert counted("left", "asked", answers) == pytest.approx(2 / households)
    assert counted("evacuated", "asked", answers) == pytest.approx(3 / households)
    assert counted("stayed", "asked", answers) == pytest.approx(1 - 3 / households)
    for measure, share_of_left in (("by_car", 1.0), ("shelter", 0.5), ("relatives", 0.5), ("out_of_town", 0.5)):
        assert counted(measure, "left", answers) == share_of_left
    assert counted("unaided", "left", answers) == 0.5
    assert counted("upstairs", "evacuated", answers) == pytest.approx(1 / 3)
    assert counted("own_car", "left", answers) == 0.0


def test_hours_count_the_first_step_out_or_up() -> None:
    """A window holds those whose first departure, or going upstairs, lies in it; its end is outside."""
    answers = lives(small_stage())
    assert counted("time", "evacuated", answers, (0.0, 200.0)) == pytest.approx(1 / 3)
    assert counted("time", "evacuated", answers, (200.0, 6000.0)) == pytest.approx(2 / 3)


def test_nobody_asked_gives_no_share() -> None:
    """Where no home is flooded nobody is asked, and there is no share, not nought."""
    assert np.isnan(counted("left", "asked", lives(small_stage(flooded_share=0.0))))
