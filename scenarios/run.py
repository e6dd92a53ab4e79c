"""The composition root: river 1, top to bottom: scenario, town, people, city OS, simulation, metrics, report."""

import hashlib
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from msgspec import structs

from agents.simulation import Setting, Simulation
from agents.situation import SetShelters, Situation
from agents.ways import WaysOnFoot
from scenarios.city_os import EXCHANGES, CityOsInUse, open_city_os, paper
from scenarios.collecting import rare_collections
from scenarios.defaults import default_parameters
from scenarios.errors import InvalidScenario
from scenarios.facts import scenario_facts
from scenarios.faults.cells import cells_of
from scenarios.faults.form import FaultFile
from scenarios.faults.reader import read_faults
from scenarios.faults.words import faults_timeline
from scenarios.grounds import Grounds
from scenarios.metrics import WITHOUT, Metric, measure
from scenarios.options import RunOptions
from scenarios.oracle import Oracle
from scenarios.outcomes import follow
from scenarios.output_folder import OutputFolder
from scenarios.outputs import write_outputs
from scenarios.people_table import PEOPLE, people_table, write_people
from scenarios.places import check_against
from scenarios.reader import find_scenario, read_scenario
from scenarios.recipes import data_files, existing, find_recipe
from scenarios.record import BoardLooks, Finding, InjectedFault, OfficeMessage, RunHeader, RunRecord
from scenarios.report.page import write_report
from scenarios.scenario import Scenario
from scenarios.situate import situation_of
from scenarios.timeline import closures_of, timeline_of
from scenarios.trips_table import TRIPS, write_trips
from scenarios.watch import Watch
from twin.parameters import Parameters
from twin.population import Population
from twin.randomness import Stream
from twin.sample import scaled
from twin.sources.people import populate
from twin.sources.recipe import build_town
from twin.town import Town
from twin.trace import Trace

Progress = Callable[[str, float], None]
"""Told the name of the stage under way and how much of it is done, 0..1."""


@dataclass(frozen=True)
class RunResult:
    """A finished run: where its files lie, what was measured, what the oracle found."""

    folder: Path
    report: Path
    metrics: tuple[Metric, ...]
    findings: tuple[Finding, ...]
    faults: tuple[InjectedFault, ...] = ()


@dataclass(frozen=True)
class Stage:
    """Everything that a run needs before its clock starts."""

    scenario: Scenario
    town: Town
    population: Population
    parameters: Parameters
    situation: Situation
    key: str
    hashes: dict[str, str]
    faults: FaultFile | None = None
    ways: WaysOnFoot | None = None


@rare_collections()
def run(
    options: RunOptions,
    progress: Progress,
    *,
    connect: Callable[[Stage, Path], CityOsInUse] | None = None,
    grounds: Grounds | None = None,
) -> RunResult:
    """Run a scenario and write trace, people, exchanges, metrics, tables, maps and report into ``options.out``.

    ``connect`` makes the city OS in place of ``options.city_os`` (tests put in broken ones); it is given the stage and
    the folder for the exchanges. ``grounds`` hands town and people on from run to run.

    Raises:
        ScenarioError: The scenario, the options or the output folder cannot be used.
        TwinError: The town's sources cannot be used.
        AgentsError: The city OS cannot be used.
    """
    began_s = time.perf_counter()
    stage = set_stage(options, progress, grounds)
    with OutputFolder(options.out) as folder:
        in_use = connect(stage, folder) if connect else _city_os(options, stage, folder)
        try:
            record = _simulate(options.command, stage, in_use, progress)
        finally:
            in_use.close()
        write_trace(folder / "trace.parquet", record)
        write_people(folder / PEOPLE, people_table(record.population, record.town))
        if record.trips is not None:
            write_trips(folder / TRIPS, record.trips)
        without = _without_city_os(stage, progress) if options.baseline and record.header.connected else ()
        progress("report", 0.0)
        record = replace(record, wall_s=time.perf_counter() - began_s)
        outcomes = follow(record)
        metrics = [*measure(record, outcomes), *without]
        write_outputs(folder, record, outcomes, metrics, options.language)
        if options.lean:
            (folder / EXCHANGES).unlink(missing_ok=True)
        else:
            write_report(folder / "report.html", record, outcomes, metrics, options.language)
        progress("report", 1.0)
    return RunResult(options.out, options.out / "report.html", tuple(metrics), record.findings, record.faults)


def _city_os(options: RunOptions, stage: Stage, folder: Path) -> CityOsInUse:
    return open_city_os(options.city_os, stage.scenario, stage.town, stage.population, folder, stage.faults)


def set_stage(options: RunOptions, progress: Progress, grounds: Grounds | None = None) -> Stage:
    """Read the scenario, build the town, make the people, and check that they fit together."""
    defaults, grounds = default_parameters(), grounds or Grounds()
    path = find_scenario(options.scenario)
    scenario = _with_options(read_scenario(path, defaults), options)
    parameters = defaults.with_overrides(scenario.behaviour)
    progress("town", 0.0)
    recipe = find_recipe(scenario.town)
    hashes = {"scenario": _sha256(path), "recipe": _sha256(recipe)}
    town_of = (recipe, hashes["recipe"], options.data, options.roads, scenario.seed)
    town = grounds.town.get(town_of, lambda: _town(recipe, options, scenario.seed))
    faults = check_against(scenario, town, defaults, path)
    if faults:
        raise InvalidScenario(faults)
    progress("people", 0.0)
    people_of = (town_of, scenario.people, scenario.is_drill, parameters)
    town, population = grounds.people.get(people_of, lambda: _people(town, scenario, parameters))
    ways = grounds.ways.get(people_of, lambda: WaysOnFoot.of(town))
    hashes |= _data_hashes(recipe, options)
    put = None
    if options.faults is not None:
        put, hashes["faults"] = read_faults(options.faults, town), _sha256(options.faults)
    situation = situation_of(scenario, town)
    return Stage(scenario, town, population, parameters, situation, path.stem, hashes, put, ways)


def _town(recipe: Path, options: RunOptions, seed: int) -> Town:
    data, roads = existing(options.data), existing(options.roads)
    return build_town(recipe, data=data, roads_file=roads, stream=Stream(seed))


def _people(town: Town, scenario: Scenario, parameters: Parameters) -> tuple[Town, Population]:
    """The people of a run, and the town with shelters and roads for so many."""
    population = populate(town, stream=Stream(scenario.seed), parameters=parameters, people=scenario.people)
    # The people of a drill are those who take part: they meet the whole town's shelters and roads.
    return town if scenario.is_drill else scaled(town, population.share, parameters), population


def _data_hashes(recipe: Path, options: RunOptions) -> dict[str, str]:
    """SHA-256 of each file beside the recipe that the town is built of."""
    hashes = {} if options.roads is None else {"roads": _sha256(options.roads)}
    if options.data is not None:
        hashes |= {name: _sha256(options.data / name) for name in data_files(recipe, options.data)}
    return hashes


def _with_options(scenario: Scenario, options: RunOptions) -> Scenario:
    """The scenario with what the user asked for in its place."""
    asked = {
        "town": options.town,
        "people": options.people,
        "seed": options.seed,
        "duration_h": options.hours,
    }
    return structs.replace(scenario, **{name: value for name, value in asked.items() if value is not None})


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _without_city_os(stage: Stage, progress: Progress) -> tuple[Metric, ...]:
    """What is measured when the same people live through the same scenario without a city OS, same draws throughout."""
    record = _simulate("", stage, paper(), lambda _, share: progress("baseline", share))
    return tuple(
        replace(one, by=WITHOUT) for one in measure(record, follow(record)) if not (one.by or one.name == "wall_s")
    )


def _simulate(command: str, stage: Stage, in_use: CityOsInUse, progress: Progress) -> RunRecord:
    progress("simulation", 0.0)
    seed, end_s = stage.scenario.seed, stage.situation.duration_s
    town, population, situation = stage.town, stage.population, stage.situation
    cells = cells_of(stage.faults, town, population)
    simulation = Simulation(
        Setting(town, population, situation, stage.parameters, seed, in_use.city_os, stage.ways, cells)
    )
    oracle = Oracle(town, population, in_use.city_os)
    in_use.show(oracle)
    watch = Watch(simulation, oracle, lambda at_s: progress("simulation", at_s / end_s))
    simulation.run(watch.look)
    header = RunHeader(
        command=command,
        version=version("citytwin"),
        seed=seed,
        city_os=in_use.name,
        connected=in_use.city_os.connected,
        input_hashes=stage.hashes,
        is_searched=in_use.is_searched,
    )
    return _record(stage, header, simulation, watch, in_use)


def write_trace(path: Path, record: RunRecord) -> None:
    """Write the events as Parquet; the header says what run it was and holds nothing that differs between machines."""
    header = record.header
    trace = Trace.of(
        record.events,
        {
            "seed": header.seed,
            "version": header.version,
            "inputs": dict(header.input_hashes),
            "city_os": header.city_os,
        },
    )
    trace.write(path)


def _record(stage: Stage, header: RunHeader, simulation: Simulation, watch: Watch, in_use: CityOsInUse) -> RunRecord:
    return RunRecord(
        header=header,
        scenario=scenario_facts(stage.key, stage.scenario),
        town=stage.town,
        population=stage.population,
        parameters=stage.parameters,
        events=simulation.world.trace.columns(),
        steps=watch.series(),
        opened=_opened(stage),
        findings=watch.findings,
        notifications=tuple(watch.notifications),
        calls=in_use.calls(),
        faults=in_use.faults.told() if in_use.faults else (),
        closures=closures_of(stage.situation),
        gridlocked_links=np.array(sorted(simulation.travel.ever_gridlocked), np.int32),
        timeline=(*timeline_of(stage.scenario, stage.situation, stage.town), *faults_timeline(stage.faults)),
        trips=simulation.travel.ended(),
        messages=_messages(simulation),
        board=_board(simulation),
        met_s=simulation.associations.met_s,
    )


def _messages(simulation: Simulation) -> tuple[OfficeMessage, ...]:
    """Every message that the office wanted to send, with how late it left."""
    late_s = {notice.notification: notice.late_s for notice in simulation.notices}
    return tuple(
        OfficeMessage(one.wanted_s, one.title, late_s.get(one.notification)) for one in simulation.office.messages
    )


def _board(simulation: Simulation) -> BoardLooks:
    seen = simulation.desks.sightings
    return BoardLooks(seen.looks, seen.wrong_looks, seen.wrong_at)


def _opened(stage: Stage) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Which shelters were open at any time."""
    opened = np.zeros(len(stage.town.shelters), np.bool_)
    for act in stage.situation.instructions:
        if isinstance(act, SetShelters) and act.is_open:
            opened[list(act.shelters)] = True
    return opened
