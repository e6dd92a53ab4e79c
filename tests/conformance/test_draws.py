"""Draws: the same seed and key give the same choices, whatever else is drawn."""

from hypothesis import given
from hypothesis import strategies as st

from conformance.draws import Draws, fresh


@given(st.integers(), st.text(), st.lists(st.integers(), unique=True))
def test_shuffling_is_a_permutation_and_repeatable(seed: int, key: str, items: list[int]) -> None:
    """Nothing is lost or doubled, and the same draws give the same order."""
    shuffled = Draws(seed, key).shuffled(items)
    assert sorted(shuffled) == sorted(items)
    assert shuffled == Draws(seed, key).shuffled(items)


@given(st.integers(), st.integers(1, 1000))
def test_numbers_stay_below_their_bound(seed: int, below: int) -> None:
    """A number is from 0 to one less than the bound."""
    assert 0 <= Draws(seed, "k").number(below) < below


def test_other_keys_draw_otherwise() -> None:
    """Two checks do not share their choices."""
    first, second = ([Draws(1, key).number(1 << 30) for _ in range(1)] for key in "ab")
    assert first != second


def test_fresh_strings_never_come_twice() -> None:
    """Ten thousand of them are all different."""
    assert len({fresh() for _ in range(10_000)}) == 10_000
