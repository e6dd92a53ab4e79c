"""What a study of faults found: differences to the town without a fault, seed by seed, and what they are worth."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import takewhile

import numpy as np
import numpy.typing as npt

from scenarios.consequences.form import Drawn
from scenarios.consequences.points import ZERO, Line, Point
from scenarios.consequences.reader import CurvesFile
from scenarios.metrics import Better, Definition, definitions
from scenarios.statistics import Difference, Interval, median_interval, median_of, paired_difference
from scenarios.study.form import DEFAULTS, Measured
from scenarios.study.results import Values
from scenarios.study.words import reaches_level

FloatArray = npt.NDArray[np.float64]

PEOPLE = Measured(name="people")


@dataclass(frozen=True, slots=True)
class Gap:
    """A point of a curve: what the fault changes, in the metric's unit.

    ``values`` are the differences of the seeds, nan where a run has no value; ``worse`` and ``better`` count the seeds
    in which people are worse and better off, ``lost`` those in which only one of the two runs has a value. ``hit`` is
    the median number of calls that the fault hit.
    """

    at_min: float
    plan: str
    values: tuple[float, ...]
    difference: Difference
    worse: int
    better: int
    lost: int
    hit: float | None


@dataclass(frozen=True, slots=True)
class Worth:
    """What a service objective is worth for one metric.

    ``slope`` is the median over the seeds of what each minute adds (least squares through zero), with its interval.
    ``safe_min`` is the longest of the minutes run up to which every interval stays within the harm that counts as none
    and no seed lost its value, 0 if not even the shortest does; ``harmful_min`` the shortest whose whole interval lies
    beyond, None if none does. Both are None where there are too few seeds for intervals of the level asked for.
    """

    slope: float | None
    interval: Interval
    safe_min: float | None
    harmful_min: float | None


@dataclass(frozen=True, slots=True)
class Panel:
    """One metric along one line in one scenario; ``zero`` are the values of the seeds without a fault.

    ``harm`` is what counts as no harm; of a sample of people, as much of what is counted as the sample has people.
    ``worth`` is None where the line does not begin at zero, or neither value of the metric is the better.
    """

    line: Line
    scenario: str
    metric: Drawn
    harm: float
    zero: tuple[float, ...]
    gaps: tuple[Gap, ...]
    worth: Worth | None

    @property
    def definition(self) -> Definition:
        """What the metric means."""
        return definitions()[self.metric.name]

    @property
    def zero_median(self) -> float | None:
        """Median of the seeds without a fault."""
        return median_of(_finite(self.zero))

    @property
    def is_untouched(self) -> bool:
        """Whether no seed differs anywhere, nor has a value only with the fault or only without."""
        return not any(gap.lost or any(_finite(gap.values)) for gap in self.gaps)


@dataclass(frozen=True, slots=True)
class Found:
    """All that a study of faults found; ``people`` is the number of people in the runs of each scenario."""

    panels: tuple[Panel, ...]
    people: dict[str, float | None]

    def of(self, line: Line, scenario: str) -> list[Panel]:
        """The panels of a line in a scenario, by metric."""
        return [one for one in self.panels if (one.line, one.scenario) == (line, scenario)]


def found_of(read: CurvesFile, values: Values) -> Found:
    """Everything that is shown of a study."""
    panels = (
        _panel(read, values, line, (scenario, metric))
        for metric in read.drawn
        for line in read.lines
        for scenario in read.bases
    )
    people = {scenario: median_of(_finite(_row(read, values, scenario, ZERO, PEOPLE))) for scenario in read.bases}
    return Found(tuple(panels), people)


def _panel(read: CurvesFile, values: Values, line: Line, of: tuple[str, Drawn]) -> Panel:
    scenario, metric = of
    zero = _row(read, values, scenario, ZERO, metric)
    better = definitions()[metric.name].better
    sign = -1.0 if better is Better.HIGHER else 1.0
    gaps = [
        gap_of(
            point,
            (zero, _row(read, values, scenario, point.plan, metric)),
            sign,
            hits_of(read, values, (scenario, point.plan)),
        )
        for point in line.points
    ]
    told = better is not Better.NEITHER and line.is_from_zero
    harm = metric.harm * (share_of(read, values, scenario) if is_counted(metric) else 1.0)
    return Panel(line, scenario, metric, harm, zero, tuple(gaps), worth_of(gaps, sign, harm) if told else None)


def gap_of(point: Point, pairs: tuple[Sequence[float], Sequence[float]], sign: float, hit: float | None) -> Gap:
    """A point from the values of the seeds without and with the fault; ``sign`` is 1 where more is worse, else -1."""
    zero, there = (np.asarray(one, np.float64) for one in pairs)
    differences = there - zero
    return Gap(
        at_min=point.at_min,
        plan=point.plan,
        values=tuple(differences.tolist()),
        difference=paired_difference(zero, there),
        worse=int(np.count_nonzero(sign * differences > 0)),
        better=int(np.count_nonzero(sign * differences < 0)),
        lost=int(np.count_nonzero(np.isfinite(zero) != np.isfinite(there))),
        hit=hit,
    )


def is_counted(metric: Measured) -> bool:
    """Whether a metric counts something, so that half the people have about half of it: no times and no shares."""
    return definitions()[metric.name].unit not in {"s", "1"}


def share_of(read: CurvesFile, values: Values, scenario: str) -> float:
    """Share of the town's people in the runs of a scenario."""
    return median_of([values.shares[scenario, ZERO, DEFAULTS, seed] for seed in read.study.all_seeds()]) or 1.0


def worth_of(gaps: Sequence[Gap], sign: float, harm: float) -> Worth:
    """What a metric says of objectives; ``sign`` is 1 where more is worse, else -1."""
    slopes = slopes_of([one.at_min for one in gaps], [one.values for one in gaps])
    slope, interval = median_of(slopes), median_interval(slopes)
    ends = [harm_left(one.difference, sign) for one in gaps]
    known = [one for one in ends if one is not None]
    if len(known) < len(ends):
        return Worth(slope, interval, None, None)
    safe = list(takewhile(lambda row: known[row][1] <= harm and not gaps[row].lost, range(len(gaps))))
    harmful = [one.at_min for one, (least, _) in zip(gaps, known, strict=True) if least > harm]
    return Worth(slope, interval, gaps[safe[-1]].at_min if safe else 0.0, harmful[0] if harmful else None)


def harm_left(difference: Difference, sign: float) -> tuple[float, float] | None:
    """The least and the most harm that an interval leaves; None where the interval does not reach its level."""
    if difference.low is None or difference.high is None or not reaches_level(difference):
        return None
    least, most = sorted((sign * difference.low, sign * difference.high))
    return least, most


def slopes_of(at_min: Sequence[float], values: Sequence[Sequence[float]]) -> FloatArray:
    """For each seed, what each minute adds: least squares through zero; seeds with a value missing are left out."""
    x, y = np.asarray(at_min, np.float64), np.asarray(values, np.float64)
    if not len(x):
        return np.empty(0)
    slopes = x @ y / (x @ x)
    return np.asarray(slopes[np.isfinite(slopes)], np.float64)


def _row(read: CurvesFile, values: Values, scenario: str, plan: str, metric: Measured) -> tuple[float, ...]:
    return tuple(values.of((scenario, plan, DEFAULTS, seed), metric) for seed in read.study.all_seeds())


def hits_of(read: CurvesFile, values: Values, at: tuple[str, str]) -> float | None:
    """Median number of calls that the fault of a scenario's plan hit."""
    return median_of([values.hits[*at, DEFAULTS, seed] for seed in read.study.all_seeds()])


def _finite(values: Iterable[float]) -> list[float]:
    return [one for one in values if np.isfinite(one)]
