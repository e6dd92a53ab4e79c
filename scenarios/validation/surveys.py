"""Survey marginals of a flood: what a survey would have counted among the households of a run."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agents.city_os.paper import PaperCityOS
from agents.simulation import Setting, Simulation
from scenarios.collecting import let_go
from scenarios.options import NONE, RunOptions
from scenarios.run import Stage, set_stage
from scenarios.stays import Stays, stays_of
from scenarios.validation.observed import Figure, scenario_path
from twin.events import EventKind, HelpKind, Intent, Refuge, TravelMode
from twin.shelters import ShelterKind
from twin.trace import EventColumns

BoolArray = npt.NDArray[np.bool_]
FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

NEVER_S = np.inf


@dataclass(frozen=True, slots=True)
class Answers:
    """What each household would tell, columns over households; times are NEVER_S for what did not happen.

    ``left_s`` first departure for a refuge, ``upstairs_s`` going to the upper floor, ``mode`` the TravelMode of the
    first who left, ``arrival`` the event kind of their first arrival (-1 none), ``detail`` and ``place`` those of it.
    """

    asked: BoolArray
    left_s: FloatArray
    upstairs_s: FloatArray
    mode: IntArray
    arrival: IntArray
    detail: IntArray
    at_site: BoolArray
    intent: IntArray
    aided: BoolArray

    @property
    def left(self) -> BoolArray:
        """Households of which somebody left home."""
        return np.asarray(np.isfinite(self.left_s), np.bool_)

    @property
    def evacuated(self) -> BoolArray:
        """Households that left or went upstairs."""
        return self.left | np.isfinite(self.upstairs_s)


def run_case(name: str, *, people: int, seed: int) -> Answers:
    """Live through the scenario of a case without a city OS, and ask the households of the flooded districts."""
    let_go()
    options = RunOptions(scenario=str(scenario_path(name)), out=Path("unused"), people=people, seed=seed, city_os=NONE)
    stage = set_stage(options, lambda *_: None)
    simulation = Simulation(
        Setting(stage.town, stage.population, stage.situation, stage.parameters, seed, PaperCityOS())
    )
    simulation.run(lambda _: None)
    return answers_of(stage, simulation.world.trace.columns())


def answers_of(stage: Stage, events: EventColumns) -> Answers:
    """The answers of all households after a run."""
    people = stage.population
    stays = stays_of(events, stage.situation.duration_s)
    households, of = people.households, people.household
    trips = _trips_away(stays)
    first = _earliest(stays.from_s[trips], of[stays.person[trips]], households)
    mode, left_s = np.full(households, -1, np.int64), np.full(households, NEVER_S)
    row = trips[first[first >= 0]]
    home = np.flatnonzero(first >= 0)
    mode[home], left_s[home] = stays.detail[row], stays.from_s[row]
    arrival, detail, place = _arrivals(stays, row, home, households)
    sites = np.array([one.kind is ShelterKind.SITE for one in stage.town.shelters])
    return Answers(
        asked=_asked(stage),
        left_s=left_s,
        upstairs_s=_first_of(events, EventKind.WENT_UPSTAIRS, of, households),
        mode=mode,
        arrival=arrival,
        detail=detail,
        at_site=(place >= 0) & sites[np.maximum(place, 0)],
        intent=_intents(events, of, households),
        aided=_aided(events, of, households),
    )


def share(figure: Figure, answers: Answers) -> float:
    """The simulated share of a figure; not a number where nobody belongs to those asked."""
    base = answers.asked & BASES[figure.of](answers)
    if not base.any():
        return float("nan")
    if figure.measure == "time":
        went_s = np.minimum(answers.left_s, answers.upstairs_s)
        counted = (went_s >= figure.from_s) & (went_s < figure.until_s)
    else:
        counted = MEASURES[figure.measure](answers)
    return float(counted[base].mean())


def _settled(answers: Answers, *refuges: Refuge) -> BoolArray:
    return np.asarray((answers.arrival == EventKind.SETTLED) & np.isin(answers.detail, refuges), np.bool_)


BASES: dict[str, Callable[[Answers], BoolArray]] = {
    "asked": lambda answers: answers.asked,
    "left": lambda answers: answers.left,
    "evacuated": lambda answers: answers.evacuated,
}
"""Among whom a figure counts (its ``of``)."""

MEASURES: dict[str, Callable[[Answers], BoolArray]] = {
    "left": lambda answers: answers.left,
    "evacuated": lambda answers: answers.evacuated,
    "stayed": lambda answers: ~answers.evacuated,
    "upstairs": lambda answers: answers.evacuated & ~answers.left,
    "by_car": lambda answers: answers.mode == TravelMode.CAR,
    "shelter": lambda answers: (answers.arrival == EventKind.QUEUED) & ~answers.at_site,
    "relatives": lambda answers: (
        (answers.intent == Intent.RELATIVES) & _settled(answers, Refuge.RELATIVES, Refuge.OUT_OF_TOWN)
    ),
    "own_car": lambda answers: _settled(answers, Refuge.CAR),
    "out_of_town": lambda answers: _settled(answers, Refuge.OUT_OF_TOWN),
    "unaided": lambda answers: ~answers.aided,
}
"""What a figure's ``measure`` counts."""


def _asked(stage: Stage) -> BoolArray:
    """Households of the districts that the scenario floods."""
    district = np.array([one.district for one in stage.town.neighbourhoods])[stage.population.neighbourhood]
    return np.asarray(stage.situation.flooded_share[district] > 0)


def _trips_away(stays: Stays) -> IntArray:
    """Rows of the departures that did not lead home; a departure on the way goes on with it."""
    leads_to = stays.ended_by.copy()
    for row in np.flatnonzero(stays.ended_by == EventKind.DEPARTED)[::-1]:
        leads_to[row] = leads_to[row + 1]
    return np.flatnonzero((stays.kind == EventKind.DEPARTED) & (leads_to != EventKind.RETURNED))


def _earliest(time_s: FloatArray, group: npt.NDArray[np.integer], groups: int) -> IntArray:
    """Row of the earliest time of each group, the lowest row of a tie; -1 where a group has none."""
    first = np.full(groups, -1, np.int64)
    order = np.lexsort((np.arange(len(time_s)), time_s))[::-1]
    first[group[order]] = order
    return first


def _arrivals(stays: Stays, row: IntArray, home: IntArray, households: int) -> tuple[IntArray, IntArray, IntArray]:
    """Kind, detail and place of the first arrival after each household's first departure."""
    kind, detail, place = (np.full(households, -1, np.int64) for _ in range(3))
    for start, household in zip(row.tolist(), home.tolist(), strict=True):
        at = start + 1
        while at < len(stays.person) and stays.person[at] == stays.person[start]:
            if stays.kind[at] in (EventKind.QUEUED, EventKind.SETTLED):
                kind[household], detail[household], place[household] = stays.kind[at], stays.detail[at], stays.place[at]
                break
            at += 1
    return kind, detail, place


def _first_of(events: EventColumns, kind: EventKind, of: npt.NDArray[np.int32], households: int) -> FloatArray:
    found = events.of(kind)
    first_s = np.full(households, NEVER_S)
    np.minimum.at(first_s, of[found.person], found.time_s)
    return first_s


def _intents(events: EventColumns, of: npt.NDArray[np.int32], households: int) -> IntArray:
    decided = events.of(EventKind.DECIDED)
    intent = np.full(households, int(Intent.STAY), np.int64)
    intent[of[decided.person]] = decided.detail
    return intent


def _aided(events: EventColumns, of: npt.NDArray[np.int32], households: int) -> BoolArray:
    """Households that somebody from outside helped to leave."""
    reached = events.of(EventKind.HELP_REACHED)
    aided = np.zeros(households, np.bool_)
    aided[of[reached.person[reached.detail != HelpKind.FAMILY]]] = True
    return aided
