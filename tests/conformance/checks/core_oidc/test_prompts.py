"""Asking people to sign in, or not to: what is wrong there is found."""

from collections.abc import Iterator

import pytest
from judged_city import judged_city
from judged_faults import broken, verdict_with, wrong_at

from conformance.target import Target

IDS = ("OIDC-013", "OIDC-014", "OIDC-031", "OIDC-096")


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
