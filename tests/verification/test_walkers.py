"""Walkers against closed forms."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.agents.movement.networks import advance_all, make_movement, make_roads, make_trips


@given(st.lists(st.floats(1.0, 500.0), min_size=1, max_size=8), st.floats(0.3, 2.0), st.floats(0.0, 100.0))
def test_walking_time_is_length_over_speed(lengths_m: list[float], speed_mps: float, start_s: float) -> None:
    """A walker alone takes the length of the way over the own speed (IMO test 1: 40 m at 1 m/s in 40 s)."""
    links = [(node, node + 1, length_m, 10.0, 0.5) for node, length_m in enumerate(lengths_m)]
    movement = make_movement(make_roads(len(lengths_m) + 1, links), [len(lengths_m)])
    movement.depart(make_trips([(0, 0, 0, speed_mps, start_s)]))
    [(_, time_s, _, _)] = advance_all(movement, [1e6])
    assert time_s == pytest.approx(start_s + sum(lengths_m) / speed_mps)


def test_response_times_shift_arrivals() -> None:
    """Ten walkers who start after 10, 20, ... 100 s arrive just so much later (IMO test 5)."""
    movement = make_movement(make_roads(2, [(0, 1, 8.0, 10.0, 0.5)]), [1])
    movement.depart(make_trips([(0, 0, 0, 1.0, 10.0 * number) for number in range(1, 11)]))
    assert [time_s for _, time_s, _, _ in advance_all(movement, [1e6])] == [10.0 * n + 8.0 for n in range(1, 11)]
