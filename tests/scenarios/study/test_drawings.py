"""Drawings of a study: round ticks, and ranges as the study gives them."""

import math
from itertools import pairwise

import pytest

from scenarios.study.drawings import TIME_STEPS_S, ticks_between


@pytest.mark.parametrize(
    ("low", "high"), [(12_900.0, 15_480.0), (60.0, 61.0), (0.0, 0.0), (1_900.0, 4_100.0), (5.0, 9e6)]
)
def test_ticks_of_time_are_round_and_enclose_the_values(low: float, high: float) -> None:
    """Neighbours are a round step apart, the first lies at or below the least value, the last at or above the most."""
    ticks = ticks_between(low, high, steps=TIME_STEPS_S)
    steps = {second - first for first, second in pairwise(ticks)}
    assert len(steps) == 1
    assert steps < {*TIME_STEPS_S} or high > 5 * TIME_STEPS_S[-1]
    assert ticks[0] <= low <= high <= ticks[-1]
    assert 2 <= len(ticks) <= 8
    assert all(math.isfinite(tick) for tick in ticks)
