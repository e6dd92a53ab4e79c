"""The primitive types take what R4 takes, and nothing that only looks like it."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conformance.contract.fhir.tables import load_types
from reference_api.fhir.validation.primitives import primitive

GOOD: dict[str, tuple[Any, ...]] = {
    "base64Binary": ("AAAA", "TWE=", "TQ==", "TWE=\n"),
    "boolean": (True, False),
    "canonical": ("http://hl7.org/fhir/ValueSet/a|4.0.1", "#a"),
    "code": ("final", "mm[Hg]", "two words"),
    "date": ("2026", "2026-06", "2024-02-29", "2026-12-31"),
    "dateTime": (
        "2026",
        "2026-06-30",
        "2026-06-01T09:00:00+09:00",
        "2026-06-01T09:00:00.123456789Z",
        "2016-12-31T23:59:60Z",
    ),
    "decimal": (1, -1, Decimal("97.0"), Decimal("1E+2"), 0.5),
    "id": ("a", "A-1.b", "x" * 64),
    "instant": ("2026-06-01T09:00:00+09:00", "2026-06-01T00:00:00.5Z"),
    "integer": (0, -1, 2**31 - 1),
    "markdown": ("# 見出し\n本文",),
    "oid": ("urn:oid:1.2.392.100495.20.3.81",),
    "positiveInt": (1, 2**31 - 1),
    "string": ("a", "体温", "𠮷", "葛\U000e0100城", "全角　空白", " a\tb\r\n", "x" * 1024 * 1024),
    "time": ("09:00:00", "23:59:60", "00:00:00.5"),
    "unsignedInt": (0, 5),
    "uri": ("http://a", "urn:x"),
    "url": ("http://a",),
    "uuid": ("urn:uuid:3fa85f64-5717-4562-b3fc-2c963f66afa6",),
    "xhtml": ("<div/>",),
}

BAD: dict[str, tuple[Any, ...]] = {
    "base64Binary": ("", "A", "AAA", "A===", "!!!!", "=AAA", 1),
    "boolean": (1, 0, "true", None),
    "canonical": ("", "a b", 1),
    "code": ("", " a", "a ", "a  b", "a\x00", 1),
    "date": ("26", "2026-6-1", "2026-13", "2026-02-30", "2025-02-29", "2026-06-01T00:00:00Z", "２０２６", "0000", 2026),
    "dateTime": (
        "2026-06-01T09:00:00",
        "2026-06-01T09:00+09:00",
        "2026-06-01T24:00:00Z",
        "2026-06-01T09:00:00+15:00",
        "2026-06-01T09:00:00+0900",
        "2026-06-01 09:00:00Z",
        "2026-06-31",
        "2026-06-31T09:00:00Z",
        "2026-06-01T09:00:00Z\n",
    ),
    "decimal": ("36.5", True, None, Decimal("NaN"), Decimal("Infinity"), float("nan"), float("inf")),
    "id": ("", "x" * 65, "a_b", "a/b", "身"),
    "instant": ("2026-06-01", "2026", "2026-06-01T09:00:00"),
    "integer": (1.0, Decimal(1), True, 2**31, "1"),
    "markdown": ("", "\x00", 1),
    "oid": ("1.2.392", "urn:oid:3.1", "urn:oid:1.02"),
    "positiveInt": (0, -1, 2**31, True),
    "string": ("", "\x00", "a\x0bb", "\x1f", "x" * (1024 * 1024 + 1), 1, None),
    "time": ("9:00:00", "09:00", "24:00:00", "09:00:00Z"),
    "unsignedInt": (-1, True),
    "uri": ("", "a b", "a\nb", "a\x00"),
    "url": ("", " "),
    "uuid": ("urn:uuid:3FA85F64-5717-4562-B3FC-2C963F66AFA6", "3fa85f64-5717-4562-b3fc-2c963f66afa6"),
    "xhtml": ("", 1),
}


def test_every_primitive_of_the_tables_has_examples() -> None:
    """No primitive type is used that is not tried here."""
    assert set(load_types().primitives) == set(GOOD) == set(BAD)


@pytest.mark.parametrize("name", sorted(GOOD))
def test_good_values_are_taken(name: str) -> None:
    """Each example is a value of its type."""
    assert [value for value in GOOD[name] if not primitive(name)(value)] == []


@pytest.mark.parametrize("name", sorted(BAD))
def test_bad_values_are_refused(name: str) -> None:
    """Each counter-example is none."""
    assert [value for value in BAD[name] if primitive(name)(value)] == []


@given(st.dates(), st.sampled_from(("", "T12:00:00Z", "T12:00:00.25+09:00")))
def test_every_calendar_day_is_one(day: Any, clock: str) -> None:
    """Every day of the calendar is a dateTime, with and without a time."""
    assert primitive("dateTime")(f"{day.isoformat()}{clock}") is (day.year > 0)


@given(st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.none()) | st.binary())
def test_any_value_is_judged(value: Any) -> None:
    """No value of any type makes a test of a primitive fail."""
    for name in GOOD:
        assert primitive(name)(value) in (True, False)
