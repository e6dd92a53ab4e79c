"""Links of the movement: the figures of the triangle."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.errors import InvalidMovement
from agents.movement.network import network_of
from agents.movement.state import make_links
from agents.movement.trips import Conditions
from tests.agents.movement.networks import make_roads, textbook

ONE = make_roads(2, [(0, 1, 1000.0, 20.0, 2.0)])


def test_whole_storage_gives_the_textbook_wave() -> None:
    """Where jam density times length is whole, the wave runs at w and the flow is k u w / (u + w)."""
    link = make_links(network_of(ONE, Conditions(), textbook()))[0]
    assert (link["storage"], link["free_s"], link["wave_s"], link["out_headway_s"]) == (200, 50.0, 200.0, 1.25)


@given(st.floats(0.5, 500.0), st.floats(0.5, 35.0))
def test_rounded_storage_keeps_the_flow(length_m: float, speed_mps: float) -> None:
    """Storage is at least one, the wave needs time, and N cars an N-th round of free and wave time are the flow."""
    link = make_links(network_of(make_roads(2, [(0, 1, length_m, speed_mps, 9.0)]), Conditions(), textbook()))[0]
    assert link["storage"] >= 1
    assert link["wave_s"] > 0.0
    flow_vps = link["storage"] / (link["free_s"] + link["wave_s"])
    assert flow_vps == pytest.approx(0.2 * speed_mps * 5.0 / (speed_mps + 5.0))


def test_conditions_slow_cars_and_cut_capacity() -> None:
    """Free time grows by the speed factor; headways by the capacity factor."""
    narrow = replace(ONE, capacity_vps=np.array([0.4]))
    link = make_links(network_of(narrow, Conditions(car_speed_factor=0.5, capacity_factor=0.5), textbook()))[0]
    assert (link["free_s"], link["out_headway_s"]) == (100.0, 5.0)


def test_paths_need_no_capacity() -> None:
    """A link closed to cars may have neither speed nor capacity nor lanes."""
    nothing = np.zeros(1)
    path = replace(ONE, car_allowed=np.zeros(1, bool), capacity_vps=nothing, free_speed_mps=nothing, lanes=nothing)
    assert make_links(network_of(path, Conditions(), textbook()))["storage"].tolist() == [0]


@pytest.mark.parametrize("factor", [0.0, 1.5, float("nan")])
def test_factors_outside_their_range_are_refused(factor: float) -> None:
    """A factor of conditions lies in (0, 1]."""
    with pytest.raises(InvalidMovement, match="capacity_factor"):
        make_links(network_of(ONE, Conditions(capacity_factor=factor), textbook()))
