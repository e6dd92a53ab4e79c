"""Walkers' density and flow against Weidmann's table and against one another."""

import math
from inspect import unwrap

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.movement.crowding import (
    CAPACITY_DENSITY_PPM2,
    CAPACITY_PPMS,
    FREE_DENSITY_PPM2,
    FREE_SPEED_MPS,
    JAM_DENSITY_PPM2,
    headway_s,
    pace,
)

pace_of, headway_of = unwrap(pace), unwrap(headway_s)
"""As written, not as compiled: the same code, without the wait for the compiler."""

DENSITIES = st.floats(FREE_DENSITY_PPM2, JAM_DENSITY_PPM2 - 0.01)


@pytest.mark.parametrize(
    ("density_ppm2", "speed_mps"), [(0.5, 1.298), (1.0, 1.058), (1.5, 0.8066), (2.0, 0.6062), (4.0, 0.1563)]
)
def test_the_flow_is_weidmanns(density_ppm2: float, speed_mps: float) -> None:
    """Speeds of the formula worked out by hand; below capacity walked, above it let in."""
    if density_ppm2 <= CAPACITY_DENSITY_PPM2:
        assert FREE_SPEED_MPS * pace_of(density_ppm2) == pytest.approx(speed_mps, rel=1e-3)
    else:
        assert 1.0 / headway_of(density_ppm2, 1.0) == pytest.approx(density_ppm2 * speed_mps, rel=1e-3)


def test_capacity_is_the_top_of_the_flow() -> None:
    """1.225 persons/(m s) at 1.75 persons/m2; there both laws meet."""
    assert pytest.approx(1.225, abs=5e-4) == CAPACITY_PPMS
    assert pytest.approx(1.75, abs=0.01) == CAPACITY_DENSITY_PPM2
    at = CAPACITY_DENSITY_PPM2
    assert pace_of(at) == pytest.approx(pace_of(at + 1e-9))
    assert headway_of(at, 1.0) == pytest.approx(headway_of(at + 1e-9, 1.0))


@given(DENSITIES, DENSITIES, st.floats(0.5, 20.0))
def test_the_denser_the_slower(one: float, other: float, width_m: float) -> None:
    """Nobody walks faster in more density, nor is let in faster; no flow exceeds capacity; width is in proportion."""
    low, high = sorted((one, other))
    assert 0.0 < pace_of(high) <= pace_of(low) < 1.0
    assert headway_of(high, width_m) >= headway_of(low, width_m) * (1 - 1e-9)
    assert FREE_SPEED_MPS * high * pace_of(high) <= CAPACITY_PPMS * (1 + 1e-6)
    assert headway_of(high, width_m) * width_m == pytest.approx(headway_of(high, 1.0))


@given(st.floats(CAPACITY_DENSITY_PPM2 + 1e-3, JAM_DENSITY_PPM2))
def test_a_crowd_whose_way_is_free_leaves_at_capacity(density_ppm2: float) -> None:
    """Beyond capacity walkers come on so fast that the flow stays at it."""
    assert FREE_SPEED_MPS * density_ppm2 * pace_of(density_ppm2) == pytest.approx(CAPACITY_PPMS)


def test_nobody_is_slowed_alone_or_let_into_a_jam() -> None:
    """At the free density 0.01 % are lost; at the jam's nobody comes in."""
    assert pace_of(FREE_DENSITY_PPM2) == pytest.approx(1.0, abs=2e-4)
    assert math.isinf(headway_of(JAM_DENSITY_PPM2, 1.0))
