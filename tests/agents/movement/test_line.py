"""Walkers on a link overtake one another freely: each comes to its end in its own time, whoever else is there."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.movement.network import network_of
from agents.movement.simulate import TripTable, simulate
from agents.movement.trips import FOOT, Conditions
from tests.agents.movement.networks import make_roads, textbook

_LENGTH_M = 1000.0
_WALKERS = 80


@settings(max_examples=30, deadline=None)
@given(speeds=st.lists(st.sampled_from([0.5, 0.8, 1.0, 1.6, 2.5]), min_size=_WALKERS, max_size=_WALKERS))
def test_on_a_wide_link_each_arrives_in_its_own_time(speeds: list[float]) -> None:
    """Also where dozens are overtaken, and a walker of the line and one of the heap come at one time."""
    roads = make_roads(2, [(0, 1, _LENGTH_M, 10.0, 0.5)])
    network = replace(network_of(roads, Conditions(), textbook()), walk_width_m=np.array([1000.0]))
    trips = TripTable(
        origin_node=np.zeros(_WALKERS, dtype=np.int32),
        destination_node=np.ones(_WALKERS, dtype=np.int32),
        departure_s=np.arange(_WALKERS) * 10.0,
        mode=np.full(_WALKERS, FOOT, dtype=np.int8),
        speed_mps=np.array(speeds),
    )
    moved = simulate(network, trips, until_s=10_000.0)
    assert moved.arrival_s == pytest.approx(trips.departure_s + _LENGTH_M / trips.speed_mps, rel=1e-12)
