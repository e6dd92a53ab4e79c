"""UserInfo: what is wrong is found."""

from collections.abc import Iterator

import pytest
from judged_city import judged_city
from judged_faults import broken, verdict_with, wrong_at

from conformance.checks.core_oidc.userinfo import TYPES, beyond
from conformance.target import Target

IDS = ("OIDC-052", "OIDC-053", "OIDC-054", "OIDC-055", "OIDC-075")


@pytest.fixture(scope="module")
def city() -> Iterator[Target]:
    """The reference city OS as it should be."""
    with judged_city() as target:
        yield target


def test_the_right_server_passes(city: Target) -> None:
    """Every requirement of this file is met by the reference, and some check says so."""
    assert wrong_at(city, IDS) == {}


@pytest.mark.parametrize(("fault", "requirement"), broken(*IDS))
def test_a_fault_is_found_at_its_requirement(fault: str, requirement: str) -> None:
    """A server that breaks a requirement of this file does not pass it."""
    assert verdict_with(fault, requirement) in ("fail", "warn")


@pytest.mark.parametrize(
    ("claim", "right", "wrong"),
    [
        ("birthdate", "1950-02-03", "1950/2/3"),
        ("birthdate", "1950", "1950-13-01"),
        ("email_verified", False, "false"),
        ("updated_at", 1_700_000_000, "2026-11-01T00:00:00Z"),
        ("updated_at", 0, 1_700_000_000_000),
        ("address", {"formatted": "x"}, "x"),
        ("name", "x", ["x"]),
    ],
)
def test_types_of_claims_are_those_of_the_standard(claim: str, right: object, wrong: object) -> None:
    """OIDCC 5.1 gives each claim its type."""
    fits, _ = TYPES[claim]
    assert fits(right)
    assert not fits(wrong)


def test_claims_beyond_a_scope_are_named() -> None:
    """Language tags do not hide a claim, and claims of no standard are nobody's business here."""
    assert beyond({"sub": "1", "name#ja": "x", "email": "y", "own": 1}, ["openid", "email"]) == ["name"]
