"""Structured fields of the rate limits are read as RFC 9651 says."""

import pytest

from conformance.checks.core_rest.rate_limits import parse_items


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ('"default";q=100;w=10', [("default", {"q": "100", "w": "10"})]),
        ('"a";r=5, "b";r=0;t=30', [("a", {"r": "5"}), ("b", {"r": "0", "t": "30"})]),
        ('"a";pk=:c2VjcmV0:;x', [("a", {"pk": ":c2VjcmV0:", "x": "?1"})]),
        ("default;q=100", None),
        ("100, 100;w=60", None),
        ('"a";Q=1', None),
        ('"a",', None),
        ("", None),
    ],
)
def test_lists_of_strings_are_read(value: str, expected: object) -> None:
    """Right lists are read with their parameters; tokens, numbers, capital keys and trailing commas are none."""
    assert parse_items(value) == expected
