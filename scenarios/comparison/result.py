"""Comparison: every metric's difference over the pairs, and the people whose outcome changed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from scenarios.comparison.changes import Count, counts_of, gathered
from scenarios.comparison.folders import Key, Pairs, Side, paired, read_sides
from scenarios.errors import Fault
from scenarios.language import Text
from scenarios.metrics import Better, Number, definitions
from scenarios.progress import Tell
from scenarios.statistics import LEVEL, Difference, Interval, median_of, paired_difference


@dataclass(frozen=True, slots=True)
class MetricDifference:
    """One metric in both plans: medians, B - A over the pairs (each in ``gaps``), and how probably B is better."""

    name: str
    by: Mapping[str, str]
    a_median: Number
    b_median: Number
    gaps: tuple[float, ...]
    difference: Difference

    @property
    def better(self) -> Better:
        """Which of two values is the better."""
        return definitions()[self.name].better

    @property
    def probability_b_better(self) -> float | None:
        """Probability that B is the better of a pair, a tie counting half.

        None where neither direction is better, and for a single pair, which tells of no probability.
        """
        lower = self.difference.probability_b_lower
        if lower is None or self.difference.n < 2 or self.better is Better.NEITHER:
            return None
        return lower if self.better is Better.LOWER else 1.0 - lower

    @property
    def probability_interval(self) -> Interval:
        """The interval of that probability."""
        low, high = self.difference.probability_low, self.difference.probability_high
        if low is None or high is None or self.better is Better.NEITHER:
            return Interval(None, None, 0.0)
        return Interval(low, high, LEVEL) if self.better is Better.LOWER else Interval(1.0 - high, 1.0 - low, LEVEL)

    @property
    def verdict(self) -> str:
        """b_better, a_better, or unclear; without a direction b_higher, b_lower, or unclear; too_few pairs for any."""
        low, high = self.difference.low, self.difference.high
        if low is None or high is None or self.difference.level < LEVEL:
            return "too_few"
        if low <= 0 <= high:
            return "unclear"
        if self.better is Better.NEITHER:
            return "b_higher" if low > 0 else "b_lower"
        return "b_better" if (high < 0) == (self.better is Better.LOWER) else "a_better"


@dataclass(frozen=True)
class Comparison:
    """Two plans compared.

    ``people`` is empty where no pair has the same people (other seeds); ``warnings`` say what to mind.
    """

    a: Side
    b: Side
    pairs: Pairs
    metrics: tuple[MetricDifference, ...]
    people: tuple[Count, ...]
    districts: Mapping[str, Text]

    @property
    def warnings(self) -> tuple[Fault, ...]:
        """What to mind when reading it."""
        return self.pairs.warnings

    def metric(self, name: str, **by: str) -> MetricDifference | None:
        """The difference of one metric, None if there is none."""
        return next((one for one in self.metrics if one.name == name and dict(one.by) == by), None)

    def count(self, what: str, key: str, way: str = "") -> Count | None:
        """The count of one group, None if nobody was in it in any pair."""
        return next((one for one in self.people if (one.what, one.key, one.way) == (what, key, way)), None)


def compare(a: Path, b: Path, progress: Tell) -> Comparison:
    """Compare the plan of folder ``a`` with that of ``b``.

    Raises:
        UnusableRun: a folder is no finished run.
        UnusableRuns: neither folder is.
        UnpairedRuns: the towns or the people are not the same.
    """
    progress("reading", 0.0)
    one, other = read_sides(a, b)
    pairs = paired(one, other)
    counts = []
    if pairs.shared:
        for done, found in counts_of(pairs.rows):
            counts.append(found)
            progress("comparing", done / len(pairs.rows))
    return Comparison(one, other, pairs, differences(pairs), gathered(counts), pairs.rows[0][0].districts())


def differences(pairs: Pairs) -> tuple[MetricDifference, ...]:
    """Every metric that both plans have in any run, in the order in which they come."""
    in_a, in_b = ({key: None for pair in pairs.rows for key in pair[side].metrics} for side in (0, 1))
    return tuple(_difference(pairs, key) for key in in_a if key in in_b)


def _difference(pairs: Pairs, key: Key) -> MetricDifference:
    a, b = (np.array([_number(pair[side].metrics.get(key)) for pair in pairs.rows]) for side in (0, 1))
    both = np.isfinite(a) & np.isfinite(b)
    name, by = key
    gaps = tuple((b - a)[both].tolist())
    return MetricDifference(
        name, dict(by), median_of(a[both]), median_of(b[both]), gaps, paired_difference(a[both], b[both])
    )


def _number(value: Number) -> float:
    return np.nan if value is None else float(value)
