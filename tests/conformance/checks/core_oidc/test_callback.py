"""Callbacks: what is wrong there is found, and the entropy of codes is reckoned."""

import base64
import hashlib
from collections.abc import Iterator

import pytest
from judged_city import judged_city
from judged_faults import broken, verdict_with, wrong_at

from conformance.checks.core_oidc.callback import entropy_bits
from conformance.target import Target

IDS = ("OIDC-011", "OIDC-012", "OIDC-035")


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


RANDOM = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(6)]


@pytest.mark.parametrize(
    ("codes", "bits"),
    [
        ([f"{number:06d}" for number in range(6)], 3.3),
        ([one[:32] for one in RANDOM], 128),
        ([f"code-{one[:8]}-always" for one in RANDOM], 32),
        ([base64.urlsafe_b64encode(bytes.fromhex(one)).decode().rstrip("=") for one in RANDOM], 258),
        ([one.upper() for one in RANDOM], 256),
    ],
)
def test_entropy_is_that_of_the_places_that_differ(codes: list[str], bits: float) -> None:
    """Counters and constant parts add nothing; random texts count by their alphabet."""
    assert entropy_bits(codes) == pytest.approx(bits, abs=0.5)
