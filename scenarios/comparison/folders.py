"""Reads what finished runs left in their folders, and pairs the runs of two plans by their seeds."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pyarrow as pa

from scenarios.errors import Fault, UnpairedRuns, UnusableRun, UnusableRuns
from scenarios.language import Text
from scenarios.metrics import Number
from scenarios.people_table import PEOPLE, PeopleTable, read_people
from scenarios.trips_table import TRIPS, TripsTable, read_trips
from twin.trace import EventColumns, Trace

Key = tuple[str, tuple[tuple[str, str], ...]]
"""A metric's name and what part it is of."""

WALL = "wall_s"

NO_FOLDER = Text("そのフォルダーはありません", "there is no such folder")
NO_METRICS = Text("metrics.json がありません", "it has no metrics.json")
A_STUDY = Text(
    "検討（sweep）のフォルダーです。案を out/検討名/案の名前 のように指定してください",
    "it is a study; name a plan of it, as in out/study/plan",
)
UNFINISHED = Text(
    "検討が終わっていないか、古い版のものです。同じ sweep をもう一度実行してください",
    "the study is not finished, or is of an older version; run the same sweep again",
)
NO_PLAN = ("その案はありません。あるのは {known}", "the study has no such plan; its plans are {known}")
SEVERAL_SCENARIOS = Text(
    "想定が複数あります。cells/ の中の計算を二つ指定してください",
    "it has several scenarios; compare two runs in its cells/",
)


@dataclass(frozen=True)
class FinishedRun:
    """The folder of one run; trace and people are read when they are asked for."""

    folder: Path
    head: Mapping[str, Any]
    metrics: Mapping[Key, Number]

    @property
    def seed(self) -> int:
        """Seed of the run."""
        return int(self.head["seed"])

    @property
    def duration_s(self) -> float:
        """Length of the run (s)."""
        return float(self.head["duration_s"])

    def events(self) -> EventColumns:
        """What happened."""
        try:
            return Trace.read(self.folder / "trace.parquet").columns()
        except (OSError, KeyError, pa.ArrowException) as reason:
            raise UnusableRun(self.folder, f"trace.parquet: {reason}") from reason

    @cached_property
    def people(self) -> PeopleTable:
        """Who lived in it."""
        try:
            return read_people(self.folder / PEOPLE)
        except (OSError, KeyError, pa.ArrowException) as reason:
            raise UnusableRun(self.folder, f"{PEOPLE}: {reason}") from reason

    def trips(self) -> TripsTable | None:
        """Whose trips ended when; None of a run that was written before there was such a file."""
        if not (self.folder / TRIPS).is_file():
            return None
        try:
            return read_trips(self.folder / TRIPS)
        except (OSError, KeyError, pa.ArrowException) as reason:
            raise UnusableRun(self.folder, f"{TRIPS}: {reason}") from reason

    def shelter_ids(self) -> list[str]:
        """Ids of the shelters, by row."""
        return [str(one["id"]) for one in self._properties("shelters.geojson")]

    def districts(self) -> dict[str, Text]:
        """Names of the districts by code, in order of their rows."""
        rows = self._properties("districts.geojson")
        return {str(one["code"]): Text(str(one["name"]), str(one["name_en"])) for one in rows}

    def _properties(self, name: str) -> list[Mapping[str, Any]]:
        try:
            table = json.loads((self.folder / name).read_text(encoding="utf-8"))
            return [one["properties"] for one in table["features"]]
        except (OSError, ValueError, LookupError, TypeError) as reason:
            raise UnusableRun(self.folder, f"{name}: {reason}") from reason


@dataclass(frozen=True)
class Side:
    """One plan: its folder, and its runs by seed."""

    folder: Path
    runs: Mapping[int, FinishedRun]

    @property
    def head(self) -> Mapping[str, Any]:
        """What metrics.json says of the first run."""
        return next(iter(self.runs.values())).head


@dataclass(frozen=True)
class Pairs:
    """Runs of A and B that belong together; ``shared`` where both of a pair have the same seed."""

    rows: tuple[tuple[FinishedRun, FinishedRun], ...]
    shared: bool
    warnings: tuple[Fault, ...]


def read_side(folder: Path) -> Side:
    """The runs of a folder: one run, replications, or a plan of a study, named as if it were a folder of the study.

    Raises:
        UnusableRun: it is none of these.
    """
    if not folder.exists() and (folder.parent / "cells").is_dir():
        return _plan_of_study(folder.parent, folder.name)
    head = _metrics(folder)["run"]
    if "seeds" not in head:
        run = read_run(folder)
        return Side(folder, {run.seed: run})
    runs = [read_run(folder / f"run-{seed}") for seed in sorted(head["seeds"])]
    return Side(folder, {run.seed: run for run in runs})


def read_sides(a: Path, b: Path) -> tuple[Side, Side]:
    """The runs of two folders.

    Raises:
        UnusableRun: one of them holds none.
        UnusableRuns: neither does.
    """
    found, wrong = list[Side](), list[UnusableRun]()
    for folder in (a, b):
        try:
            found.append(read_side(folder))
        except UnusableRun as reason:
            wrong.append(reason)
    if len(wrong) > 1 and a != b:
        raise UnusableRuns([fault for reason in wrong for fault in reason.faults])
    if wrong:
        raise wrong[0]
    return found[0], found[1]


def _plan_of_study(study: Path, plan: str) -> Side:
    """The runs of a plan with the parameters' own values, one for each seed."""
    try:
        cells = json.loads((study / "results.json").read_text(encoding="utf-8"))["cells"]
        found = [one for one in cells if one["plan"] == plan and one["parameters"] == "defaults"]
        folders = [study / "cells" / one["folder"] for one in found]
    except (OSError, ValueError, LookupError, TypeError) as reason:
        raise UnusableRun(study, UNFINISHED.in_language) from reason
    if not found:
        known = ", ".join(dict.fromkeys(one["plan"] for one in cells))
        raise UnusableRun(study / plan, Text(*(one.format(known=known) for one in NO_PLAN)).in_language)
    if len({one["scenario"] for one in found}) > 1:
        raise UnusableRun(study / plan, SEVERAL_SCENARIOS.in_language)
    runs = [read_run(one) for one in folders]
    return Side(study / plan, {run.seed: run for run in runs})


def read_run(folder: Path) -> FinishedRun:
    """The run of a folder.

    Raises:
        UnusableRun: it is no run's folder.
    """
    table = _metrics(folder)
    try:
        metrics = {
            (str(row["name"]), tuple(sorted(row["by"].items()))): row["value"]
            for row in table["metrics"]
            if row["name"] != WALL
        }
        head = {name: table["run"][name] for name in ("seed", "town", "duration_s", "scenario", "city_os", "version")}
    except (LookupError, TypeError, AttributeError) as reason:
        raise UnusableRun(folder, f"metrics.json: {reason!r}") from reason
    return FinishedRun(folder, head, metrics)


def _metrics(folder: Path) -> dict[str, Any]:
    if not folder.is_dir():
        raise UnusableRun(folder, NO_FOLDER.in_language)
    if (folder / "cells").is_dir():
        raise UnusableRun(folder, A_STUDY.in_language)
    if not (folder / "metrics.json").is_file():
        raise UnusableRun(folder, NO_METRICS.in_language)
    try:
        table = json.loads((folder / "metrics.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as reason:
        raise UnusableRun(folder, reason) from reason
    if not isinstance(table, dict) or not isinstance(table.get("run"), dict) or not table.get("metrics"):
        raise UnusableRun(folder, "metrics.json: no run, no metrics")
    return table


def paired(a: Side, b: Side) -> Pairs:
    """Pair the runs of two plans by seed; plans without a common seed are paired in order, and that is told.

    Raises:
        UnpairedRuns: the towns or the people are not the same.
    """
    common = [seed for seed in a.runs if seed in b.runs]
    rows = [(a.runs[seed], b.runs[seed]) for seed in common]
    if not rows:
        rows = list(zip(a.runs.values(), b.runs.values(), strict=False))
    faults = [fault for one, other in rows if (fault := _unlike(one, other, same_seed=bool(common))) is not None]
    if faults:
        raise UnpairedRuns(faults)
    return Pairs(tuple(rows), bool(common), tuple(_warnings(a, b, common)))


def _unlike(a: FinishedRun, b: FinishedRun, *, same_seed: bool) -> Fault | None:
    where: dict[str, object] = {"a": a.folder, "b": b.folder}
    if a.head["town"] != b.head["town"]:
        return Fault("", "unpaired_town", {**where, "town_a": a.head["town"], "town_b": b.head["town"]})
    if a.people.people != b.people.people:
        return Fault("", "unpaired_people", {**where, "people_a": a.people.people, "people_b": b.people.people})
    if same_seed and a.people.identity != b.people.identity:
        return Fault("", "unpaired_homes", where)
    return None


def _warnings(a: Side, b: Side, common: list[int]) -> list[Fault]:
    told = []
    if not common:
        told.append(Fault("", "compare_other_seeds", {}))
    alone = [str(seed) for seed in sorted(set(a.runs) ^ set(b.runs))]
    if common and alone:
        told.append(Fault("", "compare_left_out", {"seeds": ", ".join(alone)}))
    told += [
        Fault("", f"compare_{name}", {"a": a.head[name], "b": b.head[name]})
        for name in ("scenario", "duration_s", "version")
        if a.head[name] != b.head[name]
    ]
    return told
