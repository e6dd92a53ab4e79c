"""A small town that lives through an evening earthquake or a flood at night, ready to run."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from strategies import tiny_town

from agents.city_os.paper import PaperCityOS
from agents.simulation import Setting, Simulation
from agents.situation import Declare, Instruction, Order, Season, SetShelters, Situation, Snow
from twin.parameters import Parameters, load_parameters
from twin.population import Mode, Population
from twin.randomness import Stream
from twin.shelters import Hazard
from twin.sources.people import populate
from twin.town import Town


@pytest.fixture(scope="session")
def parameters() -> Parameters:
    """Everything that a simulation reads."""
    ours = load_parameters("agents").merged(load_parameters("agents", "movement.toml"))
    return load_parameters("twin").merged(ours)


@pytest.fixture(scope="session")
def town() -> Town:
    """A grid of streets with a few shelters."""
    return tiny_town(people=600, households=260)


@pytest.fixture(scope="session")
def population(town: Town, parameters: Parameters) -> Population:
    """The people of the small town."""
    return populate(town, stream=Stream(1), parameters=parameters)


def instructions(town: Town) -> tuple[Instruction, ...]:
    """The city declares after ten minutes and opens everything after half an hour."""
    districts, shelters = tuple(range(len(town.districts))), tuple(range(len(town.shelters)))
    return (Declare(600.0, Mode.DISASTER, districts), SetShelters(1800.0, shelters, is_open=True))


@pytest.fixture(scope="session")
def earthquake(town: Town) -> Situation:
    """An earthquake at six on a snowy evening, four hours."""
    districts = len(town.districts)
    return Situation(
        hazard=Hazard.EARTHQUAKE,
        season=Season.WINTER,
        snow=Snow.SHALLOW,
        start_hour=18.0,
        duration_s=4 * 3600.0,
        shaking=True,
        damaged_share=np.full(districts, 0.5),
        flooded_share=np.zeros(districts),
        instructions=instructions(town),
    )


@pytest.fixture(scope="session")
def flood(town: Town, earthquake: Situation) -> Situation:
    """A flood at ten at night with orders of level 3 and 4."""
    districts = tuple(range(len(town.districts)))
    orders = (Order(1200.0, districts, 3, "大雨"), Order(3600.0, districts, 4, "氾濫のおそれ"))
    return replace(
        earthquake,
        hazard=Hazard.FLOOD,
        season=Season.AUTUMN,
        snow=Snow.NONE,
        start_hour=22.0,
        shaking=False,
        flooded_share=np.full(len(districts), 0.6),
        instructions=(*instructions(town), *orders),
    )


@pytest.fixture
def simulate(
    town: Town, population: Population, parameters: Parameters
) -> Callable[[Situation, Parameters | None, int], Simulation]:
    """Make a simulation without a city OS, with other parameters or another seed if wanted."""

    def make(situation: Situation, changed: Parameters | None = None, seed: int = 1) -> Simulation:
        return Simulation(Setting(town, population, situation, changed or parameters, seed, PaperCityOS()))

    return make
