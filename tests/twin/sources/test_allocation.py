"""Exact choices: the number asked for, by the odds given."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from strategies import seeds

from twin.randomness import Stream
from twin.sources.allocation import fill, pick, pick_by_group, rank_within


@given(seeds, st.lists(st.sampled_from([0.0, 0.1, 1.0, 5.0]), min_size=1, max_size=60), st.integers(0, 70))
def test_pick_takes_the_number_asked_for(seed: int, odds: list[float], count: int) -> None:
    """As many as asked for are taken, or all that can be; never one with odds 0."""
    weights = np.array(odds)
    chosen = pick(count, weights, Stream(seed).uniform("pick", np.arange(len(odds))))
    assert chosen.sum() == min(count, (weights > 0).sum())
    assert not chosen[weights == 0].any()


def test_pick_follows_the_odds() -> None:
    """A row with ten times the odds is taken about ten times as often when few are taken."""
    rows = np.arange(200_000)
    odds = np.where(rows % 2 == 0, 10.0, 1.0)
    chosen = pick(2_000, odds, Stream(1).uniform("pick", rows))
    assert 0.89 < (rows[chosen] % 2 == 0).mean() < 0.93  # 10/11 = 0.909, three standard deviations 0.02


@given(
    seeds, st.lists(st.integers(0, 4), min_size=1, max_size=60), st.lists(st.integers(0, 20), min_size=5, max_size=5)
)
def test_groups_give_their_quotas(seed: int, groups: list[int], quotas: list[int]) -> None:
    """Each group gives its quota, or all its rows."""
    of = np.array(groups)
    draws = Stream(seed).uniform("pick", np.arange(len(of)))
    chosen = pick_by_group(of, np.array(quotas), np.ones(len(of)), draws)
    there = np.bincount(of, minlength=5)
    assert (np.bincount(of[chosen], minlength=5) == np.minimum(there, quotas)).all()


@given(st.lists(st.tuples(st.integers(0, 3), st.floats(0, 1)), min_size=1, max_size=40))
def test_ranks_count_up_within_each_group(rows: list[tuple[int, float]]) -> None:
    """The ranks of a group are 0, 1, 2... in the order of the keys."""
    groups, keys = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    ranks = rank_within(groups, keys)
    for group in set(groups.tolist()):
        member = groups == group
        assert sorted(ranks[member]) == list(range(member.sum()))
        assert (np.diff(keys[member][np.argsort(ranks[member])]) >= 0).all()


@given(st.integers(0, 200), st.lists(st.tuples(st.floats(0, 5), st.integers(0, 30)), min_size=1, max_size=12))
def test_fill_respects_limits_and_spends_all_it_can(total: int, rows: list[tuple[float, int]]) -> None:
    """No row goes beyond its limit, and nothing is left while a row with a weight has room."""
    weights, limits = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    given_out = fill(total, weights, limits)
    assert (given_out <= limits).all()
    assert (given_out[weights == 0] == 0).all()
    assert given_out.sum() == min(total, limits[weights > 0].sum())
