"""Conducts a study: checks it against its towns, runs what is not there yet, and writes what was found."""

import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path

from msgspec import structs

from scenarios.defaults import default_parameters
from scenarios.errors import FailedCell, Fault, ForeignFolder, InvalidScenario, TooManyCells
from scenarios.language import Language, Text
from scenarios.outputs import csv_text
from scenarios.places import place_faults
from scenarios.provenance import code_hash, file_hashes
from scenarios.reader import by_line
from scenarios.recipes import existing, find_recipe
from scenarios.study.cells import Cell, Inputs, cells_of, count_of, estimated_s
from scenarios.study.execute import Done, Task, put_away
from scenarios.study.form import MAX_CELLS
from scenarios.study.page import study_html
from scenarios.study.plans import planned
from scenarios.study.reader import StudyFile, read_study
from scenarios.study.results import Results, read_values, results_json, results_of, results_rows
from twin.parameters import Parameters
from twin.randomness import Stream
from twin.sources.recipe import build_town
from twin.town import Town

CELLS = "cells"
PAGE, CSV, JSON, COPY = "study.html", "results.csv", "results.json", "study.toml"
TABLES = {"ja": "results.ja.md", "en": "results.md"}
"""Files of tables for documents, by language."""

OURS = frozenset({CELLS, PAGE, CSV, JSON, COPY, *TABLES.values()})


@dataclass(frozen=True)
class Prepared:
    """A study whose every name was found: its runs, and which of them are there already."""

    read: StudyFile
    parameters: Parameters
    inputs: Inputs
    folder: Path
    cells: tuple[Cell, ...]

    @property
    def missing(self) -> list[Cell]:
        """The runs that are not there yet."""
        return [cell for cell in self.cells if not (self.folder / CELLS / cell.key).is_dir()]

    @property
    def unused(self) -> int:
        """How many runs lie there that are none of these: of other plans, or by other code."""
        cells = self.folder / CELLS
        there = {one.name for one in cells.iterdir() if not one.name.startswith(".")} if cells.is_dir() else set()
        return len(there - {cell.key for cell in self.cells})

    def tasks(self) -> list[Task]:
        """What is left to do."""
        return [Task(cell, self.inputs) for cell in self.missing]

    def estimated_s(self, processes: int) -> float:
        """About how long the missing runs take in so many processes (s)."""
        left = [estimated_s(cell) for cell in self.missing]
        return max([sum(left) / max(1, processes), *left]) if left else 0.0


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user asked for beside the study: where results go, data, and another number of people and so on."""

    folder: Path
    data: Path | None = None
    roads: Path | None = None
    people: int | None = None
    seeds: int | None = None
    city_os: str | None = None


def prepare(path: Path, asked: Asked) -> Prepared:
    """Read a study of plans, and find every name in it in its towns; nothing is written.

    Raises:
        ScenarioError: the study, a scenario of it, or the output folder cannot be used.
        TwinError: a town's sources cannot be used.
    """
    return made_ready(read_study(path, default_parameters()), asked)


def made_ready(file: StudyFile, asked: Asked) -> Prepared:
    """Find every name of a study that was read in its towns; nothing is written.

    Raises:
        ScenarioError: the study or the output folder cannot be used.
        TwinError: a town's sources cannot be used.
    """
    parameters = default_parameters()
    read = _tried_with(file, asked)
    count = count_of(read.study, len(read.bases))
    if count > MAX_CELLS:
        raise TooManyCells(count, MAX_CELLS)
    inputs = _inputs(read, existing(asked.data), existing(asked.roads))
    faults = list(_town_faults(read, inputs))
    if faults:
        raise InvalidScenario(by_line(faults))
    check_ours(asked.folder)
    return Prepared(read, parameters, inputs, asked.folder, tuple(cells_of(read, parameters, inputs)))


def _tried_with(read: StudyFile, asked: Asked) -> StudyFile:
    study = read.study
    if asked.seeds is not None:
        study = structs.replace(study, seeds=asked.seeds)
    if asked.people is not None:
        study = structs.replace(study, set=structs.replace(study.set, people=asked.people))
    if asked.city_os is not None:
        study = structs.replace(study, city_os=asked.city_os)
    return replace(read, study=study)


def check_ours(folder: Path) -> None:
    """Refuse a folder that holds anything that no study wrote.

    Raises:
        ForeignFolder: it is a file, or has other contents.
    """
    if folder.is_file() or (folder.is_dir() and {one.name for one in folder.iterdir()} - OURS):
        raise ForeignFolder(folder)


def conduct(prepared: Prepared, run: Callable[[Sequence[Task]], Iterator[Done]], told: Callable[[int], None]) -> None:
    """Run what is missing; ``told`` hears after each run how many are left.

    Raises:
        FailedCell: a run failed; the others were run and are kept.
    """
    cells = prepared.folder / CELLS
    cells.mkdir(parents=True, exist_ok=True)
    for left_over in cells.glob(".*.partial"):
        shutil.rmtree(left_over, ignore_errors=True)
    tasks = prepared.tasks()
    failed: dict[str, Text] = {}
    for number, done in enumerate(run(tasks), start=1):
        if done.files:
            put_away(done, cells)
        else:
            failed[done.key] = Text(done.fault_ja, done.fault_en)
        told(len(tasks) - number)
    if failed:
        raise FailedCell(failed)


def write_results(prepared: Prepared, language: Language, command: str) -> Results:
    """Write page, CSV and JSON of a study that is complete, each in place of an older one."""
    study, folder = prepared.read.study, prepared.folder
    results = results_of(study, list(prepared.read.bases), read_values(prepared.cells, folder / CELLS))
    replace_file(folder / JSON, results_json(study, results, prepared.cells).encode())
    replace_file(folder / CSV, csv_text(results_rows(results)).encode("utf-8-sig"))
    replace_file(folder / PAGE, study_html(prepared.read, results, language, command).encode())
    replace_file(folder / COPY, prepared.read.path.read_bytes())
    return results


def replace_file(path: Path, content: bytes) -> None:
    """Write a file in place of an older one, whole or not at all."""
    work = path.with_name(f".{path.name}.{os.getpid()}.partial")
    work.write_bytes(content)
    work.replace(path)


def _inputs(read: StudyFile, data: Path | None, roads: Path | None) -> Inputs:
    """What enters into every run, with hashes of its files."""
    hashes = tuple(file_hashes(_recipes(read), data, roads).values())
    return Inputs(version("citytwin"), code_hash(), data and data.absolute(), roads and roads.absolute(), hashes)


def _recipes(read: StudyFile) -> list[Path]:
    study = read.study
    towns = {planned(study, plan, base).town for base in read.bases.values() for plan in study.plan}
    return [find_recipe(one) for one in sorted(towns)]


def _town_faults(read: StudyFile, inputs: Inputs) -> Iterator[Fault]:
    """What the study names that the towns of its plans do not have."""
    study, towns = read.study, dict[str, Town]()
    for base in read.bases.values():
        for number, plan in enumerate(study.plan):
            scenario = planned(study, plan, base)
            if scenario.town not in towns:
                towns[scenario.town] = build_town(
                    find_recipe(scenario.town),
                    data=inputs.data,
                    roads_file=inputs.roads,
                    stream=Stream(study.all_seeds()[0]),
                )
            for at, fault in place_faults(scenario, towns[scenario.town]):
                line = read.index.line_of(read.place(number, scenario, at))
                yield Fault(f"{read.path}:{line}", fault.key, fault.values)
    for town in towns.values():
        yield from read.faults_in(town)
