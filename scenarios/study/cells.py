"""The runs that make up a study, one cell each, and the folder of each: named by what enters into it."""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from scenarios.options import REFERENCE
from scenarios.study.form import DEFAULTS, Study
from scenarios.study.morris import in_ranges, trajectories
from scenarios.study.plans import planned, with_values
from scenarios.study.reader import StudyFile
from scenarios.writer import scenario_text
from twin.parameters import Parameters
from twin.randomness import Stream

SCREENED = "morris"
"""Beginning of the names of the points of a screening."""


@dataclass(frozen=True, slots=True)
class Inputs:
    """What enters into every run beside its scenario: files of data, and the hash of the code that runs it."""

    version: str
    code: str
    data: Path | None = None
    roads: Path | None = None
    hashes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """One run of a study; ``text`` is its scenario as a file, ``key`` the name of its folder.

    ``faults`` are those put in front of its city OS, as a file; "" for none.
    """

    scenario: str
    plan: str
    parameters: str
    seed: int
    city_os: str
    text: str
    key: str
    people: int | None
    hours: float
    faults: str = ""

    @property
    def screened(self) -> bool:
        """Whether it is a point of the screening."""
        return self.parameters.startswith(f"{SCREENED}.")


def cells_of(read: StudyFile, parameters: Parameters, inputs: Inputs) -> list[Cell]:
    """All runs of a study: the plans first, then the screening."""
    return [*_matrix(read, inputs), *_screening(read, parameters, inputs)]


def count_of(study: Study, scenarios: int) -> int:
    """How many runs a study has, before any is made."""
    matrix = len(study.plan) * (1 + len(study.parameter_set)) * len(study.all_seeds())
    screening = study.screening
    points = screening.trajectories * (len(screening.parameter) + 1) if screening else 0
    return scenarios * (matrix + points * len(screened_seeds(study)))


def screened_seeds(study: Study) -> tuple[int, ...]:
    """Seeds with which each point of the screening is run."""
    return study.all_seeds()[: study.screening.seeds] if study.screening else ()


def screened_points(study: Study) -> list[list[list[float]]]:
    """The points of the screening in the unit cube: trajectories of points."""
    one = study.screening
    if one is None:
        return []
    drawn = trajectories(one.trajectories, len(one.parameter), one.levels, Stream(study.all_seeds()[0]))
    points: list[list[list[float]]] = drawn.tolist()
    return points


def point_name(trajectory: int, point: int) -> str:
    """Name of a point of the screening."""
    return f"{SCREENED}.{trajectory + 1}.{point + 1}"


def _matrix(read: StudyFile, inputs: Inputs) -> Iterator[Cell]:
    study = read.study
    sets = {DEFAULTS: {}, **{one.name: one.behaviour for one in study.parameter_set}}
    for scenario in read.bases:
        for plan in study.plan:
            for name, values in sets.items():
                for seed in study.all_seeds():
                    yield _cell(read, (scenario, plan.name, name, seed), values, inputs)


def _screening(read: StudyFile, parameters: Parameters, inputs: Inputs) -> Iterator[Cell]:
    study = read.study
    ranges = ranges_of(study, parameters)
    keys = [one.key for one in study.screening.parameter] if study.screening else []
    for scenario in read.bases:
        for row, points in enumerate(screened_points(study)):
            for place, point in enumerate(points):
                values = dict(zip(keys, in_ranges(point, ranges), strict=True))
                for seed in screened_seeds(study):
                    named = (scenario, study.screened_plan().name, point_name(row, place), seed)
                    yield _cell(read, named, values, inputs)


def ranges_of(study: Study, parameters: Parameters) -> list[tuple[float, float]]:
    """Low and high of each parameter that is screened."""
    return [
        (
            parameters[one.key].low if one.low is None else one.low,
            parameters[one.key].high if one.high is None else one.high,
        )
        for one in (study.screening.parameter if study.screening else ())
    ]


def _cell(
    read: StudyFile,
    named: tuple[str, str, str, int],
    values: Mapping[str, float | tuple[float, ...]],
    inputs: Inputs,
) -> Cell:
    base, plan_name, parameters, seed = named
    plan = next(one for one in read.study.plan if one.name == plan_name)
    scenario = with_values(planned(read.study, plan, read.bases[base]), values, seed)
    text = scenario_text(scenario)
    city_os = read.study.city_os
    faults = read.faults.get(plan_name, "")
    parts = [text, city_os, inputs.version, inputs.code, *inputs.hashes, *([faults] if faults else [])]
    enters = json.dumps(parts, ensure_ascii=False)
    digest = hashlib.sha256(enters.encode()).hexdigest()[:10]
    key = ".".join((base, plan_name, parameters, f"seed-{seed}", digest))
    shape = scenario.people, scenario.duration_h
    return Cell(base, plan_name, parameters, seed, city_os, text, key, *shape, faults)


SECONDS_BASE, SECONDS_PERSON, SECONDS_CALLS = 3.5, 1.2e-4, 6e-4
"""Time of a run (s): what any run takes, for each person, and for each person with the reference; for an estimate.

Source: measured with ``earthquake_winter`` on two shared processors. Confidence C elsewhere.
"""

WHOLE_TOWN = 113_386
"""People of a run that names no number, for the estimate alone. Source: twin.town.Town.people."""


def estimated_s(cell: Cell) -> float:
    """About how long a cell takes on a processor of its own (s)."""
    people = WHOLE_TOWN if cell.people is None else cell.people
    each = SECONDS_PERSON + (SECONDS_CALLS if cell.city_os == REFERENCE else 0.0)
    return SECONDS_BASE + people * each * max(0.25, cell.hours / 12.0)
