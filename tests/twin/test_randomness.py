"""The only source of chance."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from twin.randomness import Stream

SEEDS = st.integers(0, 2**63 - 1)


@given(seed=SEEDS, entities=st.lists(st.integers(0, 2**31), min_size=1, max_size=50), extra=st.integers(0, 2**31))
def test_a_draw_depends_on_its_key_alone(seed: int, entities: list[int], extra: int) -> None:
    """Asking for more entities, in another order, changes no draw."""
    stream = Stream(seed)
    rows = np.array(entities)
    mixed = stream.uniform("leave", np.r_[extra, rows[::-1]])[1:][::-1]
    assert np.array_equal(stream.uniform("leave", rows), mixed)


@given(seed=SEEDS, entity=st.integers(0, 2**31), number=st.integers(0, 5))
def test_one_draw_is_the_draw_of_the_row(seed: int, entity: int, number: int) -> None:
    """A single draw equals the one that the vectorised form gives."""
    stream = Stream(seed)
    assert stream.one("leave", entity, number) == stream.uniform("leave", np.array([entity]), number)[0]
    assert stream.word("leave", entity, number) == stream.words("leave", np.array([entity]), number)[0]


@given(seed=SEEDS, entity=st.integers(0, 2**31), cv=st.floats(0.0, 2.0))
def test_one_log_normal_draw_is_that_of_the_row(seed: int, entity: int, cv: float) -> None:
    """A single log-normal draw equals the one that the vectorised form gives, to rounding."""
    stream = Stream(seed)
    row = stream.lognormal("stay", np.array([entity]), mean=60.0, cv=cv)[0]
    assert stream.one_lognormal("stay", entity, mean=60.0, cv=cv) == pytest.approx(row, rel=1e-12)


@given(seed=SEEDS)
def test_decisions_numbers_and_seeds_have_draws_of_their_own(seed: int) -> None:
    """No two of decision, number and seed share a row of draws."""
    rows = np.arange(20)
    draws = [
        Stream(seed).uniform("a", rows),
        Stream(seed).uniform("b", rows),
        Stream(seed).uniform("a", rows, 1),
        Stream(seed + 1).uniform("a", rows),
    ]
    assert len({tuple(draw) for draw in draws}) == 4


def test_draws_are_uniform_and_uncorrelated() -> None:
    """100,000 draws pass a Kolmogorov-Smirnov test; neighbours and successive numbers are uncorrelated."""
    rows = np.arange(100_000)
    draw, following = Stream(1).uniform("a", rows), Stream(1).uniform("a", rows, 1)
    assert stats.kstest(draw, "uniform").pvalue > 0.01
    assert abs(np.corrcoef(draw[:-1], draw[1:])[0, 1]) < 0.01
    assert abs(np.corrcoef(draw, following)[0, 1]) < 0.01


@given(seed=SEEDS, limit=st.integers(1, 1000))
def test_below_stays_below(seed: int, limit: int) -> None:
    """Whole draws lie in 0..limit-1."""
    draws = Stream(seed).below("a", np.arange(100), limit)
    assert draws.min() >= 0
    assert draws.max() < limit


def test_log_normal_draws_have_the_mean_and_spread_asked_for() -> None:
    """Mean and coefficient of variation of 200,000 draws are within 1 % and 3 %."""
    draws = Stream(2).lognormal("a", np.arange(200_000), mean=50.0, cv=0.5)
    assert draws.mean() == pytest.approx(50.0, rel=0.01)
    assert draws.std() / draws.mean() == pytest.approx(0.5, rel=0.03)


@given(seed=SEEDS, weights=st.lists(st.integers(0, 5), min_size=1, max_size=6).filter(any))
def test_what_has_no_weight_is_never_chosen(seed: int, weights: list[int]) -> None:
    """Only rows with a positive weight come out."""
    chosen = Stream(seed).choice("a", np.arange(200), np.array(weights, np.float64))
    assert all(weights[row] > 0 for row in np.unique(chosen))
