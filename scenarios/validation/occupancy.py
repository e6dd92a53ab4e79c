"""Shelters of Nanao after the Noto earthquake of 2024: how counts fell, and how people were spread over shelters.

Source of the counts: raokiey/R06-Noto-Peninsula-EQ-open-shelter-Nanao (CC BY 4.0), from the city's own page; they are
read where they lie and are no part of this repository.
"""

import csv
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

import numpy as np
import numpy.typing as npt

from agents.behaviour import nearest_shelter
from agents.city_os.paper import PaperCityOS
from agents.shelter_desk import Evacuees
from agents.simulation import Setting, Simulation
from scenarios.collecting import let_go
from scenarios.options import NONE, RunOptions
from scenarios.run import Stage, set_stage
from twin.events import EventKind, ReceptionChannel, TravelMode
from twin.shelters import ShelterKind
from twin.units import Projection

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]

COUNTS = Path("shelters/nanao_2024_evacuees_timeseries.csv")
ADDRESSES = Path("boundaries/geolonia_addresses_17202.json")
"""Under the folder of data."""

DAY_S, DAY_H = 86_400.0, 24.0
FIT_DAYS = 30.0
"""Days from the first count of which the rate is fitted; later days are only foretold."""

PEOPLE = 6000
"""Of the town whose households stand for those of Nanao; more than were ever in its shelters."""

_INDOOR = re.compile(r"屋内([\d,]+)人")


@dataclass(frozen=True)
class Counts:
    """People in each shelter at each count: ``day`` shape (counts,) from the first, ``people`` (counts, shelters).

    Shelters are those of the first count; ``everywhere`` has all shelters, later ones too, shape (counts,).
    ``capacity`` is -1 where the city gives none, ``lat`` and ``lon`` in degrees.
    """

    start: datetime
    day: FloatArray
    ids: tuple[str, ...]
    people: IntArray
    everywhere: IntArray
    capacity: IntArray
    lat: FloatArray
    lon: FloatArray

    def total(self, shelters: Sequence[int]) -> IntArray:
        """People in some of the shelters at each count."""
        return np.asarray(self.people[:, list(shelters)].sum(axis=1))

    def at_day(self, day: float) -> int:
        """The row of the count nearest to a day."""
        return int(np.argmin(np.abs(self.day - day)))


def read_counts(path: Path) -> Counts:
    """The counts of a file of the data set."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    times = sorted({row["time"] for row in rows})
    first = [row for row in rows if row["time"] == times[0]]
    column = {row["id"]: number for number, row in enumerate(first)}
    at = {time: number for number, time in enumerate(times)}
    people, everywhere = np.zeros((len(times), len(first)), np.int64), np.zeros(len(times), np.int64)
    for row in rows:
        everywhere[at[row["time"]]] += int(float(row["evacuees"]))
        if row["id"] in column:
            people[at[row["time"]], column[row["id"]]] = int(float(row["evacuees"]))
    start = datetime.fromisoformat(times[0])
    day = np.array([(datetime.fromisoformat(one) - start).total_seconds() / DAY_S for one in times])
    return Counts(
        start=start,
        day=day,
        ids=tuple(row["id"] for row in first),
        people=people,
        everywhere=everywhere,
        capacity=np.array([_indoor(row["capacity_text"]) for row in first], np.int64),
        lat=np.array([float(row["lat"]) for row in first]),
        lon=np.array([float(row["lon"]) for row in first]),
    )


def _indoor(text: str) -> int:
    found = _INDOOR.search(text)
    return int(found[1].replace(",", "")) if found else -1


def halves(counts: Counts) -> tuple[list[int], list[int]]:
    """Shelters to fit on and shelters to test on: by first count, the largest first, every other one."""
    order = sorted(range(len(counts.ids)), key=lambda row: (-int(counts.people[0, row]), counts.ids[row]))
    return order[::2], order[1::2]


def fit_rate_per_h(day: FloatArray, people: FloatArray | IntArray, until_day: float = FIT_DAYS) -> float:
    """Rate (1/h) of the exponential through the first count that fits the logarithms of the others best.

    Counts of nobody are left out; ``day`` starts at 0.
    """
    used = (day > 0) & (day <= until_day) & (np.asarray(people) > 0)
    hours = day[used] * DAY_H
    fallen = np.log(float(people[0]) / np.asarray(people, np.float64)[used])
    return float((hours * fallen).sum() / (hours * hours).sum())


def borrowed_stage() -> Stage:
    """The synthetic town whose households stand for those of Nanao."""
    options = RunOptions(scenario="earthquake_winter", out=Path("unused"), people=PEOPLE, city_os=NONE)
    return set_stage(options, lambda *_: None)


@dataclass(frozen=True)
class Sheltered:
    """A town in whose shelters so many people are as in the first count; ``people`` shape (shelters,)."""

    stage: Stage
    people: IntArray

    def remaining(self, day: FloatArray, overrides: Mapping[str, float], seed: int) -> FloatArray:
        """People still in the shelters on the given days, by the desk's own mechanism of going home."""
        simulation = self._simulation(float(day.max()) + 1.0, overrides, seed)
        inside = self._fill(simulation)
        simulation.world.env.run(until=float(day.max()) * DAY_S + 1.0)
        out = np.sort(simulation.world.trace.columns().of(EventKind.CHECKED_OUT).time_s)
        return np.asarray(inside - np.searchsorted(out, day * DAY_S, side="right"), np.float64)

    def _simulation(self, days: float, overrides: Mapping[str, float], seed: int) -> Simulation:
        let_go()
        stage = self.stage
        (shelter, *_) = (one for one in stage.town.shelters if one.kind is ShelterKind.GENERAL)
        places = tuple(replace(shelter, id=f"V{row:03d}") for row in range(len(self.people)))
        situation = replace(stage.situation, shaking=False, instructions=(), duration_s=days * DAY_S)
        parameters = stage.parameters.with_overrides({"office.dashboard_s": DAY_S, **overrides})
        town = replace(stage.town, shelters=places)
        return Simulation(Setting(town, stage.population, situation, parameters, seed, PaperCityOS()))

    def _fill(self, simulation: Simulation) -> int:
        """Receive households in turn until each shelter has its count; returns how many are inside."""
        world, start = simulation.world, simulation.world.population.household_start
        household, inside = 0, 0
        for row, wanted in enumerate(self.people.tolist()):
            taken = 0
            while taken < wanted:
                members = np.arange(start[household], start[household + 1])[: wanted - taken]
                world.happen(EventKind.CHECKED_IN, members, place=row, detail=ReceptionChannel.PAPER)
                simulation.desks.stay(simulation.desks.by_row[row], Evacuees(household, members, TravelMode.FOOT))
                taken, household = taken + len(members), household + 1
            inside += taken
        return inside


def nearest_shares(counts: Counts, addresses: Path) -> FloatArray:
    """Share of the town's address points nearest to each shelter, by the rule by which agents choose."""
    points = json.loads(addresses.read_text(encoding="utf-8"))
    projection = Projection(float(counts.lat.mean()), float(counts.lon.mean()))
    east, north = projection.to_metres([float(one["lng"]) for one in points], [float(one["lat"]) for one in points])
    shelter_east, shelter_north = projection.to_metres(counts.lon, counts.lat)
    usable = np.ones(len(counts.ids), np.bool_)
    chosen = [
        nearest_shelter(np.hypot(shelter_east - x, shelter_north - y), usable)
        for x, y in zip(east.tolist(), north.tolist(), strict=True)
    ]
    return np.bincount(chosen, minlength=len(counts.ids)) / len(points)


def apart(one: FloatArray, other: FloatArray) -> float:
    """Total variation distance of two distributions: the share of people who would have to be elsewhere."""
    return float(np.abs(one - other).sum() / 2.0)


def of_largest(shares: FloatArray, count: int) -> float:
    """Share of the ``count`` largest."""
    return float(np.sort(shares)[::-1][:count].sum())
