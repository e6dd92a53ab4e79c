"""Receptions of drills, run through the desk that every scenario uses."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from agents.city_os.paper import PaperCityOS
from agents.city_os.port import Answer
from agents.shelter_desk import Evacuees
from agents.simulation import Setting, Simulation
from scenarios.options import NONE, RunOptions
from scenarios.run import Stage, set_stage
from scenarios.validation.misfit import geometric_mean
from scenarios.validation.observed import Drill
from twin.events import EventKind, ReceptionChannel, TravelMode
from twin.population import Population
from twin.shelters import ShelterKind
from twin.units import SECONDS_PER_HOUR

PEOPLE = 400
"""Of the town that the drills borrow people from; more than any drill had."""

UNKNOWN_N = 30
"""People at a drill whose number is not published: about the middle of the others."""

ONE_DESK: Mapping[str, float] = {
    "reception.places_per_desk": 1e9,
    "reception.fill_factor": 1e9,
    "sheltering.leaving_per_h": 0.0,
    "reception.tablet_share": 1.0,
}
"""One desk that takes everybody in; who has neither app nor card types into the tablet."""


def _entered(_self: "DrillCityOS", *_asked: object, **_named: object) -> Answer[Any]:
    return Answer(None)


class DrillCityOS(PaperCityOS):
    """A city OS that takes every entry at once, so that the time at the desk is the people's alone."""

    name = "drill"
    connected = True
    check_in = _entered
    set_shelter_status = _entered


@dataclass(frozen=True, slots=True)
class Ground:
    """Where the drills take place: the town with one shelter, and its people."""

    stage: Stage

    @classmethod
    @cache
    def prepared(cls) -> "Ground":
        """The shipped drill's town, with its first general shelter only."""
        options = RunOptions(scenario="drill", out=Path("unused"), people=PEOPLE, city_os=NONE)
        stage = set_stage(options, lambda *_: None)
        (shelter, *_) = (one for one in stage.town.shelters if one.kind is ShelterKind.GENERAL)
        situation = replace(stage.situation, shaking=False, instructions=(), duration_s=1e9)
        return cls(replace(stage, town=replace(stage.town, shelters=(shelter,)), situation=situation))

    def mean_s(self, drill: Drill, seed: int, overrides: Mapping[str, float]) -> float:
        """Mean time a person (s) when everybody of a drill stands at the door as it opens."""
        people = drill.n or UNKNOWN_N
        simulation = self._simulation(ReceptionChannel[drill.channel.upper()], seed, overrides)
        desks, env = simulation.desks, simulation.world.env
        desks.by_row[0].set_open(is_open=True)
        for person in range(people):
            household = int(simulation.world.population.household[person])
            desks.receive(0, Evacuees(household, np.array([person]), TravelMode.FOOT))
        received = simulation.world.trace
        while len(received.columns().of(EventKind.CHECKED_IN)) < people:
            env.run(until=env.now + SECONDS_PER_HOUR)
        return float(received.columns().of(EventKind.CHECKED_IN).time_s[-1]) / people

    def _simulation(self, channel: ReceptionChannel, seed: int, overrides: Mapping[str, float]) -> Simulation:
        stage = self.stage
        changed = {**ONE_DESK, **overrides}
        city_os = PaperCityOS() if channel is ReceptionChannel.PAPER else DrillCityOS()
        return Simulation(
            Setting(
                stage.town,
                _with_channel(stage.population, channel),
                stage.situation,
                stage.parameters.with_overrides(changed),
                seed,
                city_os,
            )
        )


def _with_channel(population: Population, channel: ReceptionChannel) -> Population:
    """The people, all of whom have what a channel needs and nothing better."""
    everybody = np.ones(population.people, np.bool_)
    return replace(
        population,
        uses_app=everybody & (channel is ReceptionChannel.APP),
        has_id=everybody & (channel in (ReceptionChannel.APP, ReceptionChannel.CARD)),
    )


def own_mean(drill: Drill) -> dict[str, float]:
    """The parameter that says of a channel what a drill measured."""
    return {f"reception.{drill.channel}_mean_s": drill.mean_s}


def per_hour(mean_s: float) -> float:
    """People an hour at one desk."""
    return SECONDS_PER_HOUR / mean_s


def foretold_s(drill: Drill, drills: Sequence[Drill]) -> float:
    """The geometric mean of the other drills of the channel (s); not a number where there is none."""
    others = [one.mean_s for one in drills if one.channel == drill.channel and one.key != drill.key]
    return geometric_mean(others) if others else float("nan")
