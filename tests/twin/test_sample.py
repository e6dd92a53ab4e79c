"""A town for a sample of its people."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from strategies import tiny_town

from twin.parameters import load_parameters
from twin.sample import scaled


@given(share=st.floats(0.001, 0.999))
def test_places_shrink_with_the_sample_but_none_vanishes(share: float) -> None:
    """Every shelter holds its share, rounded up to whole people."""
    town = tiny_town()
    for before, after in zip(town.shelters, scaled(town, share, load_parameters("twin")).shelters, strict=True):
        assert 0 <= after.capacity_persons - before.capacity_persons * share < 1
        assert after.capacity_persons >= 1


@given(share=st.floats(0.001, 0.999))
def test_roads_carry_the_samples_share_down_to_the_least(share: float) -> None:
    """Capacity and lanes of all links shrink alike; lengths and speeds stay."""
    town, parameters = tiny_town(), load_parameters("twin")
    after = scaled(town, share, parameters).roads
    expected = max(share, parameters.number("sample.least_road_share"))
    assert after.capacity_vps == pytest.approx(town.roads.capacity_vps * expected)
    assert after.lanes == pytest.approx(town.roads.lanes * expected)
    assert (after.length_m == town.roads.length_m).all()
    assert (after.free_speed_mps == town.roads.free_speed_mps).all()


def test_everybody_is_no_sample() -> None:
    """With all people the town stays itself."""
    town = tiny_town()
    assert scaled(town, 1.0, load_parameters("twin")) is town
