"""Statistics of replications: exact intervals from order statistics and binomial counts, free of any distribution.

An interval of few values cannot reach any level asked for, so each carries the level that it does reach.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.stats import beta, binom

FloatArray = npt.NDArray[np.float64]
Values = FloatArray | Sequence[float] | Sequence[int]

LEVEL = 0.95
"""Confidence level of every interval unless another is asked for (share)."""

MEDIAN = 0.5


@dataclass(frozen=True, slots=True)
class Interval:
    """A confidence interval; ``level`` is the one reached, which few values keep below the one asked for.

    ``low`` and ``high`` are None, and ``level`` 0, where there are fewer than two values.
    """

    low: float | None
    high: float | None
    level: float


NO_INTERVAL = Interval(None, None, 0.0)


@dataclass(frozen=True, slots=True)
class Difference:
    """What B has more than A, from ``n`` pairs: ``median`` of the differences and its interval ``low``..``high``.

    ``level`` is the level reached. ``probability_b_lower`` is the probability that B is the lower of a pair, a tie
    counting half, with its interval ``probability_low``..``probability_high`` at the level asked for. Values are None
    where no pair, or for intervals only one pair, gives any.
    """

    median: float | None
    low: float | None
    high: float | None
    level: float
    n: int
    probability_b_lower: float | None
    probability_low: float | None
    probability_high: float | None


def median_of(values: Values) -> float | None:
    """The median, of an even number of values the middle of the two in the middle; None of no values."""
    return float(np.median(values)) if len(values) else None


def median_interval(values: Values, level: float = LEVEL) -> Interval:
    """Confidence interval of the median from order statistics."""
    return quantile_interval(values, MEDIAN, level)


def quantile_interval(values: Values, share: float, level: float = LEVEL) -> Interval:
    """Confidence interval of the ``share`` quantile (0 < share < 1) from order statistics, each tail at most half.

    It holds for any distribution: exactly for a continuous one, at least for others.

    Source: David, Nagaraja (2003), Order Statistics, 3rd ed., 7.1.
    """
    n = len(values)
    if n < 2:
        return NO_INTERVAL
    tail = (1.0 - level) / 2.0
    ranks = np.arange(n + 1)
    below = binom.cdf(ranks, n, share)  # probability that at most so many values lie under the quantile
    first = min(max(1, int(np.count_nonzero(below <= tail))), n - 1)
    last = max(first + 1, min(n, 1 + int(np.count_nonzero(below < 1.0 - tail))))
    ordered = np.sort(np.asarray(values, np.float64))
    reached = float(below[last - 1] - below[first - 1])
    return Interval(float(ordered[first - 1]), float(ordered[last - 1]), reached)


def paired_difference(a: Values, b: Values, level: float = LEVEL) -> Difference:
    """B - A over pairs: row i of both belongs together; a pair with a value that is not finite is left out.

    Raises:
        ValueError: there are not as many values of A as of B.
    """
    if len(a) != len(b):
        raise ValueError(f"{len(a)} values of A and {len(b)} of B make no pairs; give one of each for every pair")
    differences = np.asarray(b, np.float64) - np.asarray(a, np.float64)
    differences = differences[np.isfinite(differences)]
    interval = median_interval(differences, level)
    lower = share_interval(_wins(differences), len(differences), level)
    n = len(differences)
    return Difference(
        median=median_of(differences),
        low=interval.low,
        high=interval.high,
        level=interval.level,
        n=n,
        probability_b_lower=_wins(differences) / n if n else None,
        probability_low=lower.low,
        probability_high=lower.high,
    )


def share_interval(cases: float, n: int, level: float = LEVEL) -> Interval:
    """Interval of the probability of a case that came ``cases`` times out of ``n``; half a case is a tie.

    With ties it is wider than it need be: a tie varies less than a win and a loss.

    Source: Clopper, Pearson (1934), Biometrika 26(4), in its form by quantiles of the beta distribution.
    """
    if n < 2:
        return NO_INTERVAL
    tail = (1.0 - level) / 2.0
    low = float(beta.ppf(tail, cases, n - cases + 1)) if cases > 0 else 0.0
    high = float(beta.ppf(1.0 - tail, cases + 1, n - cases)) if cases < n else 1.0
    return Interval(low, high, level)


def relative_half_width(values: Values, level: float = LEVEL) -> float | None:
    """Half the width of the median's interval over the median's size; None while the level is out of reach.

    A median of 0 gives 0 if all of the interval is 0, else infinity.
    """
    interval, median = median_interval(values, level), median_of(values)
    if interval.low is None or interval.high is None or median is None or interval.level < level:
        return None
    half = (interval.high - interval.low) / 2.0
    if median == 0.0:
        return 0.0 if half == 0.0 else float("inf")
    return half / abs(median)


def _wins(differences: FloatArray) -> float:
    """Pairs in which B is the lower, a tie as half a pair."""
    return float(np.count_nonzero(differences < 0) + np.count_nonzero(differences == 0) / 2)
