"""What a study found: figures of each plan, what it changes against the first, what is chance and what is not known."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from scenarios.metrics import Definition, Number, definitions
from scenarios.outputs import Cell as TableCell
from scenarios.statistics import Difference, Interval, median_interval, median_of, paired_difference
from scenarios.study.cells import Cell, point_name, screened_points, screened_seeds
from scenarios.study.form import DEFAULTS, Measured, Study
from scenarios.study.morris import Effect, effects

FloatArray = npt.NDArray[np.float64]
Range = tuple[float, float]
Run = tuple[str, str, str, int]
"""Scenario, plan, parameter set and seed of a run."""


class _Metric(msgspec.Struct):
    name: str
    value: Number
    by: dict[str, str]


class _Fault(msgspec.Struct):
    hit: int


class _Head(msgspec.Struct):
    share: float = 1.0


class _Run(msgspec.Struct):
    metrics: list[_Metric]
    run: _Head = msgspec.field(default_factory=_Head)
    faults: list[_Fault] = []


@dataclass(frozen=True, slots=True)
class PlanFigure:
    """One metric under one plan.

    ``values`` are those of the ``seeds`` that have one, at the parameters' own values. ``knowledge`` is the range of
    the medians over the parameter sets, ``difference_knowledge`` that of the median differences; None where there is
    one set alone.
    """

    plan: str
    seeds: int
    values: tuple[float, ...]
    median: float | None
    interval: Interval
    difference: Difference | None
    knowledge: Range | None
    difference_knowledge: Range | None

    @property
    def natural(self) -> Range | None:
        """Range of the values over the seeds."""
        return _range(self.values)


@dataclass(frozen=True, slots=True)
class Figure:
    """One metric in one scenario: under each plan, the first being the one held against."""

    scenario: str
    metric: Measured
    plans: tuple[PlanFigure, ...]

    @property
    def definition(self) -> Definition:
        """What the metric means."""
        return definitions()[self.metric.name]


@dataclass(frozen=True, slots=True)
class Screened:
    """One metric in one scenario under screening: the effect of each parameter, the ranges of both uncertainties."""

    scenario: str
    metric: Measured
    keys: tuple[str, ...]
    effects: tuple[Effect, ...]
    natural: Range | None
    knowledge: Range | None

    def ranked(self) -> list[tuple[str, Effect]]:
        """Parameters by the size of their effect, the largest first."""
        known = [one for one in zip(self.keys, self.effects, strict=True) if np.isfinite(one[1].mu_star)]
        return sorted(known, key=lambda one: (-one[1].mu_star, one[0]))


@dataclass(frozen=True, slots=True)
class Results:
    """All that a study found."""

    figures: tuple[Figure, ...]
    screened: tuple[Screened, ...]


@dataclass(frozen=True)
class Values:
    """The measured values of all runs, how many calls faults hit, and the share of the people that it has."""

    by_run: Mapping[Run, Mapping[tuple[str, tuple[tuple[str, str], ...]], Number]]
    hits: Mapping[Run, int]
    shares: Mapping[Run, float]

    def of(self, run: Run, metric: Measured) -> float:
        """The value of a metric in a run, nan where there was no case."""
        value = self.by_run[run].get((metric.name, tuple(sorted(metric.by.items()))))
        return float("nan") if value is None else float(value)


def read_values(cells: Iterable[Cell], folder: Path) -> Values:
    """The values of finished cells."""
    decoder = msgspec.json.Decoder(_Run)
    by_run, hits, shares = {}, {}, {}
    for cell in cells:
        run = decoder.decode((folder / cell.key / "metrics.json").read_bytes())
        named = {(one.name, tuple(sorted(one.by.items()))): one.value for one in run.metrics}
        key = cell.scenario, cell.plan, cell.parameters, cell.seed
        by_run[key], hits[key], shares[key] = named, sum(one.hit for one in run.faults), run.run.share
    return Values(by_run, hits, shares)


def results_of(study: Study, scenarios: Sequence[str], values: Values) -> Results:
    """Everything that is shown of a study."""
    return Results(
        tuple(_figure(study, scenario, metric, values) for scenario in scenarios for metric in study.measured()),
        tuple(
            _screened(study, scenario, metric, values)
            for scenario in scenarios
            if study.screening
            for metric in study.measured()
        ),
    )


def _figure(study: Study, scenario: str, metric: Measured, values: Values) -> Figure:
    sets = (DEFAULTS, *(one.name for one in study.parameter_set))
    seeds = study.all_seeds()

    def row(plan: str, parameters: str) -> list[float]:
        return [values.of((scenario, plan, parameters, seed), metric) for seed in seeds]

    first = study.plan[0].name
    plans = []
    for plan in (one.name for one in study.plan):
        by_set = [_finite(row(plan, name)) for name in sets]
        differences = [paired_difference(row(first, name), row(plan, name)) for name in sets]
        medians = [median_of(one) for one in by_set]
        plans.append(
            PlanFigure(
                plan,
                len(seeds),
                tuple(by_set[0].tolist()),
                medians[0],
                median_interval(by_set[0]),
                None if plan == first else differences[0],
                _range(medians) if len(sets) > 1 else None,
                _range([one.median for one in differences]) if len(sets) > 1 and plan != first else None,
            )
        )
    return Figure(scenario, metric, tuple(plans))


def _screened(study: Study, scenario: str, metric: Measured, values: Values) -> Screened:
    plan, seeds = study.screened_plan().name, screened_seeds(study)
    points = np.array(screened_points(study))
    count, length = points.shape[:2]
    # With several seeds an effect is that on the mean over them.
    shape = (count, length, len(seeds))
    found = [
        values.of((scenario, plan, point_name(row, place), seed), metric)
        for row in range(count)
        for place in range(length)
        for seed in seeds
    ]
    means = np.array(found).reshape(shape).mean(axis=2)
    keys = tuple(one.key for one in study.screening.parameter) if study.screening else ()
    over_seeds = [values.of((scenario, plan, DEFAULTS, seed), metric) for seed in study.all_seeds()]
    return Screened(
        scenario, metric, keys, tuple(effects(points, means)), _range(over_seeds), _range(means.ravel().tolist())
    )


def _finite(values: Sequence[float]) -> FloatArray:
    array = np.asarray(values, np.float64)
    return array[np.isfinite(array)]


def _range(values: Iterable[float | None]) -> Range | None:
    known = [one for one in values if one is not None and np.isfinite(one)]
    return (min(known), max(known)) if known else None


def results_json(study: Study, results: Results, cells: Iterable[Cell]) -> str:
    """results.json: byte-equal for equal results; ``cells`` says in which folder each run of a plan lies."""
    table = {
        "study": msgspec.to_builtins(study),
        "cells": [cell_table(one) for one in cells if not one.screened],
        "figures": [_figure_table(one) for one in results.figures],
        "screening": [_screened_table(one) for one in results.screened],
    }
    return json.dumps(plain_numbers(table), ensure_ascii=False, indent=1, sort_keys=True, allow_nan=False) + "\n"


def cell_table(one: Cell) -> dict[str, Any]:
    """Which run a cell is, and its folder."""
    named = {"scenario": one.scenario, "plan": one.plan, "parameters": one.parameters}
    return {**named, "seed": one.seed, "folder": one.key}


def _figure_table(figure: Figure) -> dict[str, Any]:
    plans = [
        {**asdict(one), "natural": one.natural, "difference": one.difference and asdict(one.difference)}
        for one in figure.plans
    ]
    unit = figure.definition.unit
    by = dict(figure.metric.by)
    return {"scenario": figure.scenario, "metric": figure.metric.name, "by": by, "unit": unit, "plans": plans}


def _screened_table(one: Screened) -> dict[str, Any]:
    rows = [{"key": key, **asdict(effect)} for key, effect in zip(one.keys, one.effects, strict=True)]
    ranges = {"natural": one.natural, "knowledge": one.knowledge}
    named = {"scenario": one.scenario, "metric": one.metric.name, "by": dict(one.metric.by)}
    return {**named, **ranges, "unit": definitions()[one.metric.name].unit, "effects": rows}


def plain_numbers(value: Any) -> Any:
    """The same with None for what is no number: JSON has no other word."""
    if isinstance(value, dict):
        return {key: plain_numbers(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain_numbers(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


COLUMNS = (
    *("scenario", "plan", "metric", "part", "unit", "seeds", "median", "low", "high", "level"),
    *("difference", "difference_low", "difference_high", "difference_level", "probability_lower"),
    *("seeds_low", "seeds_high", "sets_low", "sets_high", "pairs"),
)


def results_rows(results: Results) -> list[list[TableCell]]:
    """results.csv: a row for each scenario, metric and plan."""
    return [list(COLUMNS), *(_csv_row(figure, one) for figure in results.figures for one in figure.plans)]


def _csv_row(figure: Figure, one: PlanFigure) -> list[TableCell]:
    part = " ".join(f"{key}={value}" for key, value in sorted(figure.metric.by.items()))
    gap = one.difference
    difference = (gap.median, gap.low, gap.high, gap.level, gap.probability_b_lower) if gap else (None,) * 5
    return [
        *(figure.scenario, one.plan, figure.metric.name, part, figure.definition.unit, len(one.values)),
        *(one.median, one.interval.low, one.interval.high, one.interval.level),
        *difference,
        *(one.natural or (None, None)),
        *(one.knowledge or (None, None)),
        gap.n if gap else None,
    ]
