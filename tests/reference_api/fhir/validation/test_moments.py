"""Dates of several precisions are ordered where FHIRPath orders them."""

from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reference_api.fhir.validation.moments import is_not_after


@pytest.mark.parametrize(
    ("start", "end", "order"),
    [
        ("2025", "2026", True),
        ("2026", "2025", False),
        ("2026", "2026", True),
        ("2026", "2026-06", None),
        ("2026-06", "2026", None),
        ("2025-12", "2026", True),
        ("2026-06-01", "2026-06-01T00:00:00Z", None),
        ("2026-06-02", "2026-06-01T00:00:00Z", False),
        ("2026-06-01T09:00:00+09:00", "2026-06-01T00:00:00Z", True),
        ("2026-06-01T00:00:00Z", "2026-06-01T08:59:59+09:00", False),
        ("2026-06-01T00:00:00.5Z", "2026-06-01T00:00:00.50Z", True),
        ("2026-06-01T00:00:00.51Z", "2026-06-01T00:00:00.5Z", False),
        ("2016-12-31T23:59:60Z", "2017-01-01T00:00:00Z", True),
        ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", True),
    ],
)
def test_order_and_its_absence(start: str, end: str, *, order: bool | None) -> None:
    """Different precisions are ordered by what both have, else not at all; zones and leap seconds count."""
    assert is_not_after(start, end) is order


ZONED = st.datetimes(
    min_value=datetime(1900, 1, 1),  # noqa: DTZ001 - hypothesis adds the zone
    max_value=datetime(2100, 1, 1),  # noqa: DTZ001
    timezones=st.sampled_from([timezone(timedelta(hours=hours)) for hours in (-5, 0, 9)]),
)


@given(ZONED, ZONED)
def test_moments_with_a_zone_are_ordered_as_datetimes_are(one: datetime, other: datetime) -> None:
    """The same order as Python's, whatever the zones."""
    start, end = (moment.isoformat(timespec="microseconds") for moment in (one, other))
    assert is_not_after(start, end) is (one <= other)
