"""What a search by date must find is computed from intervals, as R4 says."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.checks.health_fhir.dates import interval, matches

PREFIXES = ("eq", "ne", "gt", "lt", "ge", "le", "sa", "eb")
DATES = st.sampled_from(
    ["2026", "2027", "2027-01", "2027-02", "2027-01-15", "2027-01-15T12:00:00Z", "2027-01-15T12:00+09:00"]
)


@pytest.mark.parametrize(
    ("value", "begin", "length"),
    [
        ("2028", datetime(2028, 1, 1, tzinfo=UTC), timedelta(days=366)),
        ("2027-02", datetime(2027, 2, 1, tzinfo=UTC), timedelta(days=28)),
        ("2027-01-15", datetime(2027, 1, 15, tzinfo=UTC), timedelta(days=1)),
        ("2027-01-15T21:00+09:00", datetime(2027, 1, 15, 12, tzinfo=UTC), timedelta(minutes=1)),
        ("2027-01-15T04:00:00-08:00", datetime(2027, 1, 15, 12, tzinfo=UTC), timedelta(seconds=1)),
    ],
)
def test_a_date_covers_what_its_precision_says(value: str, begin: datetime, length: timedelta) -> None:
    """Years, months, days, minutes and seconds, the latter two in the zone that they name."""
    assert interval(value) == (begin, begin + length)


@pytest.mark.parametrize(
    ("prefix", "searched", "target", "found"),
    [
        ("eq", "2027-01", "2027-01-15", True),
        ("eq", "2027-01-15", "2027-01", False),
        ("ne", "2027-01-15", "2027-01", True),
        ("gt", "2027-01-15", "2027-01", True),
        ("lt", "2027-01-15", "2027-01", True),
        ("gt", "2027-01-15", "2027-01-14", False),
        ("ge", "2027-01-15", "2027-01-15", True),
        ("gt", "2027-01-15", "2027-01-15", None),
        ("sa", "2027-01-15", "2027-01-16", True),
        ("sa", "2027-01-15", "2027-01", False),
        ("eb", "2027-01-15", "2027-01-14", True),
    ],
)
def test_comparators(prefix: str, searched: str, target: str, found: bool | None) -> None:  # noqa: FBT001 - of the table
    """The rules of R4 search.html#prefix, and None where its readings differ."""
    assert matches(prefix, interval(searched), interval(target)) is found


@given(DATES, DATES)
def test_what_is_equal_is_not_unequal_and_lies_apart_of_nothing(searched: str, target: str) -> None:
    """Of eq and ne one holds; what starts after or ends before is never equal, and is at least or at most."""
    found = {prefix: matches(prefix, interval(searched), interval(target)) for prefix in PREFIXES}
    assert found["eq"] is not found["ne"]
    assert not (found["eq"] and (found["sa"] or found["eb"]))
    assert found["ge"] or not found["sa"]
    assert found["le"] or not found["eb"]
