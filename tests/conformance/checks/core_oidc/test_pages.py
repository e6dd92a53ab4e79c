"""Pages: what is wrong is found."""

from collections.abc import Iterator

import pytest
from judged_city import judged_city
from judged_faults import broken, verdict_with, wrong_at

from conformance.checks.core_oidc.pages import is_frameless
from conformance.oidc.pages import Page
from conformance.target import Target

IDS = ("OIDC-069", "OIDC-071")


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
    ("headers", "holds"),
    [
        ((), False),
        ((("x-frame-options", "DENY"),), True),
        ((("x-frame-options", "ALLOWALL"),), False),
        ((("content-security-policy", "default-src 'self'; frame-ancestors 'none'"),), True),
        ((("content-security-policy", "frame-ancestors *"), ("x-frame-options", "DENY")), False),
        ((("content-security-policy", "default-src 'self'"),), False),
    ],
)
def test_a_page_is_frameless_by_its_headers(headers: tuple[tuple[str, str], ...], holds: bool) -> None:  # noqa: FBT001
    """frame-ancestors counts before X-Frame-Options (CSP 3, 6.4.2)."""
    assert is_frameless(Page("https://op.example/", 200, (), "", headers)) is holds
