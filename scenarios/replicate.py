"""Runs a scenario with several seeds in several processes, and writes what they have in common."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agents.errors import AgentsError
from scenarios.errors import FailedReplication, ScenarioError, lines_of
from scenarios.options import RunOptions
from scenarios.output_folder import OutputFolder
from scenarios.outputs import csv_text
from scenarios.progress import Tell
from scenarios.reader import find_scenario, read_scenario
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
from scenarios.run import run
from scenarios.workers import work_through
from twin.errors import TwinError

OF_ONE_RUN = {"command", "seed"}
"""What metrics.json says of a run that its replications do not share."""


def replicate(options: RunOptions, plan: Plan, progress: Tell) -> Replications:
    """Run a scenario with the seeds seed, seed + 1, ..., each into run-<seed>, and sum them up in ``options.out``.

    The first run is written in full, the others without report and exchanges. Nothing is written unless all are done.

    Raises:
        FailedReplication: a run could not be done.
        DeadWorker: a process died.
        ScenarioError: the scenario or the output folder cannot be used.
    """
    first = read_scenario(find_scenario(options.scenario)).seed if options.seed is None else options.seed
    rows: list[Replication] = []
    looks, reached = 0, None
    with OutputFolder(options.out) as folder:
        for seeds in batches(first, plan):
            asked = [replace(options, seed=seed, out=folder / f"run-{seed}", lean=seed != first) for seed in seeds]
            rows += _run_all(asked, plan, len(rows), progress)
            if plan.target is not None:
                looks, reached = looks + 1, is_reached(rows, plan)
            if reached:
                break
        told = json.loads((folder / f"run-{first}" / "metrics.json").read_text(encoding="utf-8"))["run"]
        head = {key: value for key, value in told.items() if key not in OF_ONE_RUN}
        rows.sort(key=lambda one: one.seed)
        done = Replications(options.out, plan, head, tuple(rows), summaries_of(rows), looks, reached)
        _write(folder, done, options)
    return done


def _run_all(asked: list[RunOptions], plan: Plan, before: int, progress: Tell) -> Iterator[Replication]:
    progress("replications", before / plan.most)
    for done, (_, row) in enumerate(work_through(run_one, asked, plan.jobs), before + 1):
        if row.faults:
            raise FailedReplication(row.seed, row.faults)
        progress("replications", done / plan.most)
        yield row


def run_one(options: RunOptions) -> Replication:
    """One run in a process of its own; what the user can mend comes back as lines."""
    seed = options.seed or 0
    try:
        result = run(options, _tell_nobody)
    except (ScenarioError, TwinError, AgentsError, OSError) as fault:
        return Replication(seed, faults=tuple(lines_of(fault, options.language) or [str(fault)]))
    return Replication(seed, result.metrics, len(result.findings))


def _tell_nobody(stage: str, share: float) -> None:
    """Says nothing."""


def _write(folder: Path, done: Replications, options: RunOptions) -> None:
    (folder / "metrics.json").write_text(summary_json(done), encoding="utf-8", newline="")
    (folder / "replications.csv").write_text(csv_text(csv_rows(done)), encoding="utf-8-sig", newline="")
    (folder / "report.html").write_text(replications_html(done, options.language), encoding="utf-8", newline="")
