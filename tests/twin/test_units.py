"""Conversions and the projection."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twin.units import Projection, distance_m, mps_from_kmh

AIZU = Projection(37.494833, 139.92975)


@given(st.floats(37.2, 37.8), st.floats(139.6, 140.3))
def test_metres_and_back_is_the_same_point(lat: float, lon: float) -> None:
    """Degrees to metres and back gives the point again, to a tenth of a millimetre."""
    back_lon, back_lat = AIZU.to_degrees(*AIZU.to_metres(lon, lat))
    assert float(back_lat) == pytest.approx(lat, abs=1e-9)
    assert float(back_lon) == pytest.approx(lon, abs=1e-9)


@given(st.floats(-3e4, 3e4), st.floats(-3e4, 3e4))
def test_a_point_alone_lies_where_it_lies_among_others(x_m: float, y_m: float) -> None:
    """One point is told to the last bit as an array of points is."""
    lon, lat = AIZU.to_degrees([x_m], [y_m])
    assert AIZU.point_to_degrees(x_m, y_m) == (lon[0], lat[0])


def test_the_office_is_the_origin() -> None:
    """The projection's origin lies at (0, 0)."""
    x_m, y_m = AIZU.to_metres(139.92975, 37.494833)
    assert distance_m((float(x_m), float(y_m)), (0.0, 0.0)) < 1e-6


def test_a_minute_of_latitude_is_its_length_on_the_ellipsoid() -> None:
    """One minute of latitude is 1,849.7 m at 37.5 degrees on GRS 80 (meridian radius of curvature times the angle)."""
    semi_major, e2 = 6378137.0, 0.00669438002290
    lat = math.radians(37.494833)
    radius = semi_major * (1.0 - e2) / (1.0 - e2 * math.sin(lat) ** 2) ** 1.5
    _, y_m = AIZU.to_metres([139.92975, 139.92975], [37.494833 - 1 / 120, 37.494833 + 1 / 120])
    assert float(np.diff(y_m)[0]) == pytest.approx(radius * math.radians(1 / 60), abs=0.01)


def test_thirty_six_kilometres_an_hour_are_ten_metres_a_second() -> None:
    """Speeds convert exactly."""
    assert mps_from_kmh(36.0) == pytest.approx(10.0, abs=1e-12)
