"""Cells that are lost: who is in none rings nobody, is rung by nobody, and gets no message; all else is as it was."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import pytest
from willing_city import AnsweringCityOS

from agents.city_os.paper import PaperCityOS
from agents.simulation import Setting, Simulation
from agents.situation import Situation
from twin.events import EventKind, FamilyChannel, HelpKind, WarningChannel
from twin.parameters import Parameters
from twin.population import Population
from twin.town import Town
from twin.trace import EventColumns

BoolArray = npt.NDArray[np.bool_]
TALKATIVE = {"inquiry.phone_share": 1.0, "inquiry.going_share": 0.0, "support.call_share": 1.0}
"""Every call gets through, nobody goes and asks, and all who wait for help ring the city office."""


@dataclass(frozen=True)
class Cells:
    """Cells lost to some people until a time."""

    lost: BoolArray
    until_s: float = np.inf

    def cut_off(self, at_s: float, people: npt.NDArray[np.int64]) -> BoolArray:
        """Those people, until then."""
        return np.asarray(self.lost[people] & (at_s < self.until_s))


Live = Callable[[Situation, Cells | None], EventColumns]


@pytest.fixture
def live(town: Town, population: Population, parameters: Parameters) -> Live:
    """Let the town live through a situation with some cells lost, without a city OS."""
    changed = parameters.with_overrides(TALKATIVE)

    def run(situation: Situation, cells: Cells | None) -> EventColumns:
        simulation = Simulation(Setting(town, population, situation, changed, 1, PaperCityOS(), lost_cells=cells))
        simulation.run(lambda _: None)
        return simulation.world.trace.columns()

    return run


@pytest.fixture
def noon(earthquake: Situation) -> Situation:
    """The earthquake by day, when many are away."""
    return replace(earthquake, start_hour=11.0)


@pytest.fixture
def half(population: Population) -> BoolArray:
    """Every other person."""
    return np.arange(population.people) % 2 == 0


def phoned(events: EventColumns) -> npt.NDArray[np.int64]:
    """Of whom a call told that they are safe."""
    found = events.of(EventKind.FOUND)
    return np.asarray(found.person[found.detail == FamilyChannel.PHONE], np.int64)


def test_cells_that_serve_all_change_nothing(live: Live, noon: Situation, population: Population) -> None:
    """The same run, event by event, as where nothing is said of cells."""
    served = Cells(np.zeros(population.people, np.bool_))
    with_cells, without = live(noon, served), live(noon, None)
    assert all(np.array_equal(getattr(with_cells, name), getattr(without, name)) for name in EventColumns.__slots__)


def test_nobody_rings_or_is_rung_without_a_cell(
    live: Live, noon: Situation, population: Population, half: BoolArray
) -> None:
    """Both ends of a call that tells of a family are served by cells: the one told of, and somebody who asked."""
    told = phoned(live(noon, Cells(half)))
    served = np.bincount(population.household[~half], minlength=population.households)
    assert len(told)
    assert not half[told].any()
    assert (served[population.household[told]] > 1).all()
    assert not len(phoned(live(noon, Cells(np.ones_like(half)))))


def test_calls_get_through_when_the_cells_are_back(live: Live, noon: Situation, half: BoolArray) -> None:
    """Nobody is told before, and people try again afterwards."""
    back_s = 5400.0
    events = live(noon, Cells(np.ones_like(half), back_s))
    found = events.of(EventKind.FOUND)
    at_s = found.time_s[found.detail == FamilyChannel.PHONE]
    assert len(at_s)
    assert at_s.min() >= back_s


def test_who_waits_for_help_cannot_ring_for_it(live: Live, noon: Situation, half: BoolArray) -> None:
    """Without cells nobody asks the city office for a vehicle; where they work, some do."""

    def vehicles(events: EventColumns) -> int:
        return int(np.count_nonzero(events.of(EventKind.HELP_REACHED).detail == HelpKind.WELFARE_VEHICLE))

    assert vehicles(live(noon, Cells(np.ones_like(half)))) < vehicles(live(noon, None))


def test_mail_reaches_homes_with_a_cell_alone(
    live: Live, flood: Situation, population: Population, half: BoolArray
) -> None:
    """Alert mail is read where somebody of the household is served; the others hear by loudspeakers and broadcasts."""
    warned = live(flood, Cells(half)).of(EventKind.WARNED)
    served = np.bincount(population.household[~half], minlength=population.households) > 0
    by_mail = warned.person[warned.detail == WarningChannel.MAIL]
    assert len(by_mail)
    assert served[population.household[by_mail]].all()
    assert not served[population.household[warned.person]].all()


def test_a_push_message_reaches_phones_with_a_cell_alone(
    town: Town, population: Population, flood: Situation, parameters: Parameters
) -> None:
    """The city OS calls it delivered to everybody; nobody without a cell hears by it."""

    def pushed(lost: BoolArray) -> int:
        people = replace(population, uses_app=np.ones(population.people, np.bool_))
        city_os = AnsweringCityOS(len(town.shelters), population.people)
        setting = Setting(town, people, flood, parameters, 1, city_os, lost_cells=Cells(lost))
        simulation = Simulation(setting)
        simulation.run(lambda _: None)
        warned = simulation.world.trace.columns().of(EventKind.WARNED)
        return int(np.count_nonzero(warned.detail == WarningChannel.PUSH))

    nobody = np.zeros(population.people, np.bool_)
    assert pushed(nobody)
    assert not pushed(~nobody)
