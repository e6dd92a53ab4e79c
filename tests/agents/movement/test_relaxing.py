"""Relaxing in vectors: what a loop over arcs and columns would do, to the last bit."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from agents.movement.kernel import kernel
from agents.movement.relaxing import ABREAST, give_to_above, take_from_above
from agents.movement.trips import FloatArray, Int32Array

PLACES = 5
TIMES_S = st.floats(0.0, 1e9) | st.just(np.inf)


@kernel()
def _take(time_s: FloatArray, above: Int32Array, weight_s: FloatArray, arcs: tuple[int, int], *, knows: bool) -> None:
    take_from_above(time_s, above, weight_s, arcs, 0, knows)


@kernel()
def _give(time_s: FloatArray, above: Int32Array, weight_s: FloatArray, first: int, end: int) -> None:
    give_to_above(time_s, above, weight_s, (first, end), 0)


@given(
    time_s=arrays(np.float64, (PLACES, ABREAST), elements=TIMES_S),
    heads=st.lists(st.integers(1, PLACES - 1), unique=True),
    weight_s=arrays(np.float64, PLACES, elements=TIMES_S),
    part=st.tuples(st.integers(0, PLACES - 1), st.integers(0, PLACES - 1)),
    knows=st.booleans(),
)
def test_arcs_from_first_to_end_are_relaxed(
    time_s: FloatArray, heads: list[int], weight_s: FloatArray, part: tuple[int, int], *, knows: bool
) -> None:
    """Down, place 0 takes the least of its own times and those from above; up, those above take the least of theirs."""
    first, end = sorted(min(side, len(heads)) for side in part)
    above = np.array([*heads, 0], dtype=np.int32)
    taken, given_s = time_s.copy(), time_s.copy()
    _take(taken, above, weight_s, (first, end), knows=knows)
    _give(given_s, above, weight_s, first, end)
    expected = time_s.copy()
    expected[0] = time_s[0] if knows else np.inf
    for arc in range(first, end):
        expected[0] = np.minimum(expected[0], time_s[above[arc]] + weight_s[arc])
    assert np.array_equal(taken, expected)
    expected = time_s.copy()
    for arc in range(first, end):
        expected[above[arc]] = np.minimum(expected[above[arc]], time_s[0] + weight_s[arc])
    assert np.array_equal(given_s, expected)
