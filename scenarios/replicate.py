"""Runs a scenario with several seeds in several processes, and writes what they have in common."""

import json
from collections.abc import Generator
from contextlib import closing
from dataclasses import dataclass, fields, replace
from importlib.metadata import version
from pathlib import Path

from agents.errors import AgentsError
from scenarios.errors import FailedReplication, ScenarioError, lines_of
from scenarios.faults.causes import unexplained
from scenarios.kept_runs import Identity, KeptRuns, check_runs_folder, folder_of
from scenarios.options import RunOptions
from scenarios.outputs import csv_text
from scenarios.progress import Tell
from scenarios.provenance import code_hash, file_hashes, hash_of
from scenarios.reader import find_scenario, read_scenario
from scenarios.recipes import existing, find_recipe
from scenarios.replications import (
    Plan,
    Replication,
    Replications,
    batches,
    csv_rows,
    is_reached,
    summaries_of,
    summary_json,
)
from scenarios.report.replications_page import replications_html
from scenarios.workers import work_through
from twin.errors import TwinError

OF_ONE_RUN = {"command", "seed"}
"""What metrics.json says of a run that its replications do not share."""

NO_INPUTS = {"scenario", "out", "data", "roads", "language", "command", "lean"}
"""Options that change no result, and those whose files are hashed in their own way."""


def replicate(options: RunOptions, plan: Plan, progress: Tell) -> Replications:
    """Run a scenario with the seeds seed, seed + 1, ..., each into run-<seed>, and sum them up in ``options.out``.

    The first run is written in full, the others without report and exchanges. Runs that the folder holds already are
    taken as they are. Stopped by the user, those that are finished are summed up, and ``stopped`` is set.

    Raises:
        FailedReplication: a run could not be done; those that are finished stay.
        DeadWorker: a process died; those that are finished stay.
        KeyboardInterrupt: the user stopped it before any run was finished; nothing stays.
        ScenarioError: the scenario or the output folder cannot be used.
    """
    first = read_scenario(find_scenario(options.scenario)).seed if options.seed is None else options.seed
    with KeptRuns(options.out, identity_of(options)) as kept:
        course = _Course(options, plan, kept, first)
        try:
            course.run(progress)
        except KeyboardInterrupt:
            if not course.rows:
                raise
            course.stopped = True
        done = course.summed_up()
        _write(kept, done, options)
    return done


def check_replicable(options: RunOptions) -> None:
    """Refuse a folder that such runs cannot be put into; reads nothing that takes long.

    Raises:
        ScenarioError: the scenario, its town, its data or the folder cannot be used.
    """
    check_runs_folder(options.out, identity_of(options))


def identity_of(options: RunOptions) -> Identity:
    """What enters into every run beside its seed, by a name that a user knows: options as typed, files by hash."""
    path = find_scenario(options.scenario)
    scenario = read_scenario(path)
    recipe = find_recipe(options.town or scenario.town)
    given = {one.name: getattr(options, one.name) for one in fields(options) if one.name not in NO_INPUTS}
    given["seed"] = scenario.seed if options.seed is None else options.seed
    return {
        "citytwin": version("citytwin"),
        "code": code_hash(),
        "scenario": hash_of(path),
        **file_hashes([recipe], existing(options.data), existing(options.roads)),
        **{f"--{name.replace('_', '-')}": _told(value) for name, value in given.items()},
    }


def _told(value: object) -> object:
    """A file by its hash, anything else as it is."""
    return hash_of(value) if isinstance(value, Path) and value.is_file() else value and str(value)


@dataclass
class _Course:
    """The runs as they come in."""

    options: RunOptions
    plan: Plan
    kept: KeptRuns
    first: int
    looks: int = 0
    reached: bool | None = None
    stopped: bool = False

    def __post_init__(self) -> None:
        self.rows: list[Replication] = []

    def run(self, progress: Tell) -> None:
        """Run batch after batch until all are done, or the interval is as narrow as asked for."""
        if self.plan.target is not None:
            self.reached = False
        for seeds in batches(self.first, self.plan):
            self.rows += self.kept.finished(seeds)
            with closing(self._run_all(seeds, progress)) as rows:
                for row in rows:
                    self.rows.append(row)
            self.rows.sort(key=lambda one: one.seed)
            if self.plan.target is not None:
                self.looks, self.reached = self.looks + 1, is_reached(self.rows, self.plan)
            if self.reached:
                break

    def _run_all(self, seeds: range, progress: Tell) -> Generator[Replication, None, None]:
        there = {one.seed for one in self.rows}
        out, stage = self.options.out, "replications" if self.plan.target is None else "replications_look"
        asked = [
            replace(self.options, seed=seed, out=folder_of(out, seed), lean=seed != self.first)
            for seed in seeds
            if seed not in there
        ]
        before = len(seeds) - len(asked)
        progress(stage, before / len(seeds))
        with closing(work_through(run_one, asked, self.plan.jobs)) as results:
            for done, (_, row) in enumerate(results, before + 1):
                if row.faults:
                    raise FailedReplication(row.seed, row.faults)
                self.kept.keep(row)
                progress(stage, done / len(seeds))
                yield row

    def summed_up(self) -> Replications:
        """All that is known of the finished runs."""
        rows = tuple(sorted(self.rows, key=lambda one: one.seed))
        path = folder_of(self.options.out, rows[0].seed) / "metrics.json"
        told = json.loads(path.read_text(encoding="utf-8"))["run"]
        head = {key: value for key, value in told.items() if key not in OF_ONE_RUN}
        summaries = summaries_of(rows)
        return Replications(
            self.options.out, self.plan, head, rows, summaries, self.looks, self.reached, stopped=self.stopped
        )


def run_one(options: RunOptions) -> Replication:
    """One run in a process of its own; what the user can mend comes back as lines."""
    from scenarios.run import run  # noqa: PLC0415 - the movement's compiler: not where all runs are there already

    seed = options.seed or 0
    try:
        result = run(options, _tell_nobody)
    except (ScenarioError, TwinError, AgentsError, OSError) as fault:
        return Replication(seed, faults=tuple(lines_of(fault, options.language) or [str(fault)]))
    return Replication(seed, result.metrics, len(unexplained(result.findings, result.faults)))


def _tell_nobody(stage: str, share: float) -> None:
    """Says nothing."""


def _write(kept: KeptRuns, done: Replications, options: RunOptions) -> None:
    kept.write("metrics.json", summary_json(done).encode())
    kept.write("replications.csv", csv_text(csv_rows(done)).encode("utf-8-sig"))
    kept.write("report.html", replications_html(done, options.language).encode())
