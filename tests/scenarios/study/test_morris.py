"""Elementary effects: known functions give the effects that can be worked out by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from scenarios.study.morris import effects, in_ranges, trajectories
from twin.randomness import Stream

LEVELS = st.sampled_from([2, 4, 6, 8])
coefficients = st.lists(st.floats(-100, 100), min_size=1, max_size=6)


@given(count=st.integers(2, 20), inputs=st.integers(1, 8), levels=LEVELS, seed=st.integers(0, 2**32))
def test_trajectories_move_each_input_once_and_stay_in_the_cube(
    count: int, inputs: int, levels: int, seed: int
) -> None:
    """Each step changes one input by the step length, each input once; all points are levels of the unit cube."""
    points = trajectories(count, inputs, levels, Stream(seed))
    assert points.shape == (count, inputs + 1, inputs)
    steps = points * (levels - 1)
    assert np.allclose(steps, np.rint(steps))
    assert points.min() >= 0
    assert points.max() <= 1
    moves = np.abs(np.diff(points, axis=1))
    assert ((moves > 0).sum(axis=2) == 1).all()
    assert np.allclose(moves.max(axis=1), levels / (2 * (levels - 1)))


@given(coefficients=coefficients, levels=LEVELS, seed=st.integers(0, 2**32))
def test_a_linear_function_has_its_coefficients_as_effects(coefficients: list[float], levels: int, seed: int) -> None:
    """Over ranges, mu_star is |coefficient| x range, mu has its sign, and sigma is nothing."""
    ranges = [(-1.0, 2.0 + row) for row in range(len(coefficients))]
    points = trajectories(5, len(coefficients), levels, Stream(seed))
    values = np.array([[np.dot(coefficients, in_ranges(point, ranges)) for point in row] for row in points.tolist()])
    for effect, slope, (low, high) in zip(effects(points, values), coefficients, ranges, strict=True):
        assert effect.mu == pytest.approx(slope * (high - low), abs=1e-9)
        assert effect.mu_star == pytest.approx(abs(slope) * (high - low), abs=1e-9)
        assert effect.sigma == pytest.approx(0.0, abs=1e-9)
        assert effect.n == 5


def test_inputs_that_work_together_have_a_spread_and_an_idle_one_nothing() -> None:
    """Of x * y + 0 * z the effects of x and y vary with the other, that of z is none."""
    points = trajectories(40, 3, 4, Stream(3))
    first, second, idle = effects(points, points[:, :, 0] * points[:, :, 1])
    # The effect of x is y: on levels 0, 1/3, 2/3, 1 its mean is 1/2 and its standard deviation 0.37.
    for effect in (first, second):
        assert effect.mu_star == pytest.approx(0.5, abs=0.15)
        assert effect.sigma == pytest.approx(0.37, abs=0.12)
    assert (idle.mu_star, idle.sigma) == (0.0, 0.0)


def test_opposite_effects_cancel_in_mu_alone() -> None:
    """Of (x - 1/2)^2 on levels 0 and 1/2 apart, mu is small while mu_star is not: why mu_star ranks."""
    points = trajectories(200, 1, 4, Stream(5))
    (effect,) = effects(points, (points[:, :, 0] - 0.5) ** 2)
    assert effect.mu_star > 3 * abs(effect.mu)


def test_the_spread_is_that_of_a_sample() -> None:
    """Two trajectories with effects 1 and 3: a mean of 2 and, as of a sample, a standard deviation of the root of 2."""
    points = np.array([[[0.0], [1.0]], [[1.0], [0.0]]])
    (effect,) = effects(points, np.array([[0.0, 1.0], [0.0, -3.0]]))
    assert (effect.mu, effect.mu_star, effect.sigma, effect.n) == (2.0, 2.0, pytest.approx(2**0.5), 2)
    (turned,) = effects(points, np.array([[0.0, 1.0], [0.0, 3.0]]))
    assert (turned.mu, turned.mu_star) == (-1.0, 2.0)


def test_values_that_are_missing_are_left_out() -> None:
    """A point without a value costs the effects beside it and no others."""
    points = trajectories(4, 2, 4, Stream(1))
    values = points.sum(axis=2)
    values[0, 1] = np.nan
    assert [one.n for one in effects(points, values)] == [3, 3]
    assert [one.mu for one in effects(points, values)] == pytest.approx([1.0, 1.0])
