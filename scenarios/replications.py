"""Replications: one scenario with several seeds, and what its metrics are in the middle and how sure that is.

Only seeds vary here (natural variability); parameters that nobody knows exactly are the business of a sweep.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from scenarios.metrics import Metric, Number, definitions
from scenarios.statistics import LEVEL, median_interval, median_of, relative_half_width

LEAST, BATCH, MOST = 10, 5, 100
"""Runs before the first look at the interval, runs between looks, runs at most unless --runs says otherwise.

Fixed before anything is seen. Confidence C; the idea of batches: IMO MSC.1/Circ.1533, appendix 3.
"""

WALL = "wall_s"
"""The metric that differs from machine to machine: it is of no replication."""

Key = tuple[str, tuple[tuple[str, str], ...]]
"""A metric's name and what part it is of."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How many runs: ``most``, or as many up to it as bring the half-width of each of ``metrics`` down to ``target``.

    ``target`` is a share of the median. ``jobs`` is the number of processes.
    """

    most: int
    jobs: int
    target: float | None = None
    metrics: tuple[str, ...] = ("t90_s",)


@dataclass(frozen=True, slots=True)
class Replication:
    """What one seed gave; ``faults`` are lines that say why it gave nothing."""

    seed: int
    metrics: tuple[Metric, ...] = ()
    findings: int = 0
    faults: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Summary:
    """One metric over the runs that had a case of it (``n``): median with its interval, least and most."""

    name: str
    by: Mapping[str, str]
    n: int
    median: Number
    low: Number
    high: Number
    level: float
    least: Number
    most: Number


@dataclass(frozen=True)
class Replications:
    """Finished replications, by ascending seed.

    ``head`` is what all runs have in common, ``looks`` how often the interval was looked at, ``reached`` whether it met
    the target (None without one), ``stopped`` whether the user stopped it before all runs were done.
    """

    folder: Path
    plan: Plan
    head: Mapping[str, Any]
    rows: tuple[Replication, ...]
    summaries: tuple[Summary, ...]
    looks: int
    reached: bool | None
    stopped: bool = False

    @property
    def findings(self) -> int:
        """Findings of the oracle in all runs."""
        return sum(one.findings for one in self.rows)


def batches(first: int, plan: Plan) -> Iterator[range]:
    """The seeds of each batch: all at once without a target, else LEAST and then BATCH at a time."""
    ends = [plan.most] if plan.target is None else [*range(LEAST, plan.most, BATCH), plan.most]
    begin = 0
    for end in ends:
        if min(end, plan.most) > begin:
            yield range(first + begin, first + min(end, plan.most))
            begin = end


def is_reached(rows: Sequence[Replication], plan: Plan) -> bool:
    """Whether the median of every metric asked for is known as well as asked for."""
    widths = [relative_half_width(values_of(rows, (name, ())), LEVEL) for name in plan.metrics]
    return all(width is not None and width <= (plan.target or 0.0) for width in widths)


def values_of(rows: Sequence[Replication], key: Key) -> list[float]:
    """The values of a metric in the runs that had a case of it."""
    found = [_by_key(row.metrics).get(key) for row in rows]
    return [float(value) for value in found if value is not None]


def summaries_of(rows: Sequence[Replication]) -> tuple[Summary, ...]:
    """Every metric of any run, in the order in which they come."""
    tables = [_by_key(row.metrics) for row in rows]
    keys = dict.fromkeys(key for table in tables for key in table)
    return tuple(_summary(key, [table.get(key) for table in tables]) for key in keys)


def _summary(key: Key, values: Sequence[Number]) -> Summary:
    known = np.array([value for value in values if value is not None], np.float64)
    interval = median_interval(known)
    least, most = (float(known.min()), float(known.max())) if len(known) else (None, None)
    name, by = key
    return Summary(
        name, dict(by), len(known), median_of(known), interval.low, interval.high, interval.level, least, most
    )


def _by_key(metrics: Sequence[Metric]) -> dict[Key, Number]:
    return {(one.name, tuple(sorted(one.by.items()))): one.value for one in metrics if one.name != WALL}


def summary_json(done: Replications) -> str:
    """The text of metrics.json of replications: ``run`` says what runs they were, ``metrics`` sums them up."""
    stopping = {"target": done.plan.target, "metrics": list(done.plan.metrics), "least": LEAST, "batch": BATCH}
    stopping |= {"most": done.plan.most, "looks": done.looks, "reached": done.reached}
    head = {**done.head, "seeds": [one.seed for one in done.rows], "stopped": done.stopped}
    head |= {"until_ci": None if done.plan.target is None else stopping}
    rows = [
        {
            "name": one.name,
            "by": dict(one.by),
            "unit": definitions()[one.name].unit,
            "n": one.n,
            "median": one.median,
            "low": one.low,
            "high": one.high,
            "level": round(one.level, 6),
            "least": one.least,
            "most": one.most,
            "definition": definitions()[one.name].text.en,
        }
        for one in done.summaries
    ]
    return json.dumps({"run": head, "metrics": rows}, ensure_ascii=False, indent=1, allow_nan=False) + "\n"


def csv_rows(done: Replications) -> list[list[str | Number]]:
    """A heading of names as in metrics.json, and one row for each seed, of the metrics of the whole town."""
    names = [one.name for one in done.summaries if not one.by]
    rows: list[list[str | Number]] = [["seed", *names]]
    for row in done.rows:
        values = _by_key(row.metrics)
        rows.append([row.seed, *(values.get((name, ())) for name in names)])
    return rows
