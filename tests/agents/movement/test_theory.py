"""Movement against what theory says of every network: Newell's recursion, units, samples, who meets whom."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.movement.network import Network, network_of
from agents.movement.simulate import ARRIVED, Change, Moved, TripTable, simulate
from agents.movement.trips import Conditions
from tests.agents.movement.networks import Link, Trip, journeys, make_roads, networks, textbook
from tests.agents.movement.test_invariants import cases, table, trees

LATE_S = 50_000.0
QUICK = settings(max_examples=20)
CAR = 1


@st.composite
def rows_of_links(draw: st.DrawFn) -> tuple[Network, TripTable]:
    """Roads one after the other, of any capacities, and cars from the first end to the last."""
    quality = st.tuples(
        st.sampled_from([35.0, 120.0, 400.0]), st.sampled_from([7.0, 20.0]), st.sampled_from([0.1, 0.3, 0.7])
    )
    qualities = draw(st.lists(quality, min_size=1, max_size=4))
    roads = make_roads(len(qualities) + 1, [(row, row + 1, *one) for row, one in enumerate(qualities)])
    starts = sorted(draw(st.lists(st.integers(0, 240).map(float), min_size=1, max_size=60)))
    return network_of(roads, Conditions(), textbook()), table([(0, len(qualities), CAR, 1.0, at_s) for at_s in starts])


def newell_s(network: Network, starts_s: np.ndarray) -> list[float]:
    """When each car is through a row of roads, car by car and road by road, without any event.

    Car n enters a road no sooner than it is there, a headway after car n - 1, and one wave after car n - N has left
    it, N being what the road holds.

    Source: Newell (1993), "A simplified theory of kinematic waves in highway traffic".
    """
    roads, inf = network.links, np.inf
    free_s, wave_s = network.length_m / network.free_speed_mps, network.length_m / network.wave_speed_mps
    room = np.maximum(1, np.floor(network.jam_density_vpm * network.length_m + 1e-9)).astype(int)
    into_s = [[-inf] * len(starts_s) for _ in range(roads + 1)]
    for car, start_s in enumerate(starts_s):
        for road in range(roads + 1):
            there_s = into_s[road - 1][car] + free_s[road - 1] if road else start_s
            if car and road:
                there_s = max(there_s, into_s[road][car - 1] + 1.0 / network.capacity_vps[road - 1])
            if car and road < roads:
                there_s = max(there_s, into_s[road][car - 1] + 1.0 / network.in_capacity_vps[road])
            if road < roads and car >= room[road]:
                there_s = max(there_s, into_s[road + 1][car - room[road]] + wave_s[road])
            into_s[road][car] = float(there_s)
    return into_s[roads]
