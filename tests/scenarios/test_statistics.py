"""Intervals of replications against closed forms and against the probability that they promise."""

from itertools import product
from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binom, multinomial

from scenarios.statistics import (
    NO_INTERVAL,
    median_interval,
    median_of,
    paired_difference,
    quantile_interval,
    relative_half_width,
    share_interval,
)
from twin.randomness import Stream

VALUES = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


def test_the_textbook_interval_of_a_median() -> None:
    """Of 10 values the second and the ninth enclose the median with 97.85 %: 1 - 2 (1 + 10) / 1024."""
    interval = median_interval(range(1, 11), 0.95)
    assert (interval.low, interval.high) == (2.0, 9.0)
    assert interval.level == pytest.approx(1 - 2 * 11 / 1024)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_few_values_say_which_level_they_reach(n: int) -> None:
    """Below six values the extremes enclose the median with 1 - 2 / 2^n, which is less than 95 %."""
    interval = median_interval(range(n), 0.95)
    assert (interval.low, interval.high) == (0.0, n - 1.0)
    assert interval.level == pytest.approx(1 - 2 / 2**n)
    assert interval.level < 0.95


def test_six_values_are_enough_for_95_percent() -> None:
    """The least number of replications that gives an interval of 95 %."""
    assert median_interval(range(6), 0.95).level == pytest.approx(1 - 2 / 64)


def test_a_level_that_inner_values_reach_takes_no_outer_ones() -> None:
    """Of four values the second and the third enclose the median with exactly 6 / 16."""
    interval = median_interval(range(4), 6 / 16)
    assert (interval.low, interval.high) == (1.0, 2.0)
    assert interval.level == pytest.approx(6 / 16)


def test_one_value_has_no_interval() -> None:
    """Nothing is said of the spread of one value, or of none."""
    assert median_interval([7.0]) == NO_INTERVAL
    assert median_interval([]) == NO_INTERVAL
    assert median_of([]) is None


@pytest.mark.parametrize(("n", "share"), list(product([2, 6, 20, 59, 60, 100], [0.05, 0.5, 0.9, 0.95])))
def test_a_quantile_is_enclosed_as_often_as_promised(n: int, share: float) -> None:
    """The level reached is the binomial sum over the ranks, and the one asked for wherever the extremes allow it."""
    interval = quantile_interval(range(1, n + 1), share, 0.95)
    assert interval.low is not None
    assert interval.high is not None
    low, high = int(interval.low), int(interval.high)
    total = sum(comb(n, k) * share**k * (1 - share) ** (n - k) for k in range(low, high))
    assert interval.level == pytest.approx(total)
    possible = 1 - share**n - (1 - share) ** n
    assert interval.level >= 0.95 or interval.level <= possible + 1e-12
    assert interval.level >= 0.95 or binom.cdf(0, n, share) > 0.025 or share**n > 0.025


def test_the_promise_is_kept_by_draws() -> None:
    """Of 4,000 samples of 20 exponential values, as many intervals hold the true median as their level says."""
    stream, n, samples = Stream(11), 20, 4000
    values = -np.log(stream.uniform("sample", np.arange(n * samples))).reshape(samples, n)
    intervals = [median_interval(row) for row in values]
    held = sum(one.low <= np.log(2) <= one.high for one in intervals if one.low is not None and one.high is not None)
    assert held / samples == pytest.approx(intervals[0].level, abs=0.01)


@given(VALUES)
def test_order_does_not_matter(values: list[float]) -> None:
    """Replications have no order."""
    assert median_interval(values) == median_interval(values[::-1])


@given(VALUES, st.floats(0.1, 10), st.floats(-100, 100))
def test_the_interval_moves_with_the_unit(values: list[float], scale: float, shift: float) -> None:
    """Other units or another zero give the same interval in those units."""
    here = median_interval(values)
    there = median_interval(np.array(values) * scale + shift)
    assert here.low is not None
    assert here.high is not None
    assert there.low == pytest.approx(here.low * scale + shift, abs=1e-6)
    assert there.high == pytest.approx(here.high * scale + shift, abs=1e-6)


PAIRS = st.lists(st.tuples(st.integers(-50, 50), st.integers(-50, 50)), min_size=1, max_size=30)


@given(PAIRS)
def test_a_and_b_change_places(pairs: list[tuple[int, int]]) -> None:
    """B - A is A - B with the signs turned, and the probabilities make up one."""
    a, b = zip(*pairs, strict=True)
    there, back = paired_difference(a, b), paired_difference(b, a)
    assert there.median == -(back.median or 0)
    assert (there.low is None) == (len(pairs) == 1)
    if there.low is not None and there.high is not None:
        assert (back.low, back.high) == (-there.high, -there.low)
    assert (there.probability_b_lower or 0) + (back.probability_b_lower or 0) == pytest.approx(1.0)


@given(PAIRS, st.integers(-1000, 1000))
def test_what_a_pair_shares_cancels(pairs: list[tuple[int, int]], common: int) -> None:
    """A value that chance adds to both of a pair changes nothing: that is what common random numbers are for."""
    a, b = np.array(pairs).T
    shared = common * np.arange(len(pairs))
    assert paired_difference(a + shared, b + shared) == paired_difference(a, b)


def test_equal_runs_differ_by_nothing() -> None:
    """The same values: difference 0, interval 0..0, neither more probable."""
    same = paired_difference([3, 1, 2] * 3, [3, 1, 2] * 3)
    assert (same.median, same.low, same.high, same.probability_b_lower) == (0.0, 0.0, 0.0, 0.5)


def test_one_pair_has_a_difference_and_no_interval() -> None:
    """One pair tells how it came out, and nothing of chance."""
    one = paired_difference([10], [7])
    assert (one.median, one.low, one.high, one.level, one.n) == (-3.0, None, None, 0.0, 1)
    assert (one.probability_b_lower, one.probability_low, one.probability_high) == (1.0, None, None)


def test_a_pair_without_a_case_is_left_out() -> None:
    """A metric that had no case in one of the two runs makes no pair."""
    told = paired_difference([1.0, np.nan, 3.0], [2.0, 5.0, np.nan])
    assert (told.n, told.median) == (1, 1.0)
    assert paired_difference([0.0, 0.0, 0.0], [np.inf, 2.0, -np.inf]).n == 1
    assert paired_difference([np.nan], [1.0]).median is None


def test_unequal_numbers_are_no_pairs() -> None:
    """Values that have no partner are a mistake of the caller."""
    with pytest.raises(ValueError, match="2 values of A and 1 of B"):
        paired_difference([1, 2], [1])


def test_the_share_interval_of_clopper_and_pearson() -> None:
    """No case of n: the upper bound is 1 - (tail)^(1/n); all of n: the lower bound is tail^(1/n)."""
    assert share_interval(0, 10).high == pytest.approx(1 - 0.025 ** (1 / 10))
    assert share_interval(10, 10).low == pytest.approx(0.025 ** (1 / 10))
    assert share_interval(0, 10).low == 0.0
    assert share_interval(10, 10).high == 1.0


@pytest.mark.parametrize(("n", "win", "tie"), list(product([6, 13], [0.1, 0.3, 0.5], [0.0, 0.1, 0.4])))
def test_the_probability_of_superiority_is_enclosed(n: int, win: float, tie: float) -> None:
    """Over all outcomes of n pairs with ties, the interval holds the true probability at least as often as promised."""
    true, held = win + tie / 2, 0.0
    for wins in range(n + 1):
        for ties in range(n + 1 - wins):
            interval = share_interval(wins + ties / 2, n, 0.95)
            assert interval.low is not None
            assert interval.high is not None
            if interval.low <= true <= interval.high:
                held += float(multinomial.pmf([wins, ties, n - wins - ties], n, [win, tie, 1 - win - tie]))
    assert held >= 0.95


def test_the_half_width_against_the_median() -> None:
    """Values 91..110 have the median 100.5 and the interval 96..105: 4.5 of 100.5."""
    assert relative_half_width(range(91, 111)) == pytest.approx(4.5 / 100.5)
    assert relative_half_width(range(-110, -90)) == pytest.approx(4.5 / 100.5)


@pytest.mark.parametrize(
    ("values", "width"), [([1.0] * 5, None), ([0.0] * 6, 0.0), ([-1, -1, -1, 1, 1, 1], float("inf"))]
)
def test_the_half_width_at_the_edges(values: list[float], width: float | None) -> None:
    """Too few values give none; a median of zero is met only by values that are all zero."""
    assert relative_half_width(values) == width
