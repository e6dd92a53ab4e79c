"""Authorization requests: what is wrongly taken or refused is found."""

from collections.abc import Iterator
from urllib.parse import parse_qsl, urlsplit

import pytest
from judged_city import judged_city
from judged_faults import broken, verdict_with, wrong_at

from conformance.checks.core_oidc.redirect_uris import went_to, wrong_uris
from conformance.oidc.browser import Callback
from conformance.target import Target
from conformance.wire import Reply

IDS = ("OIDC-004", "OIDC-005", "OIDC-006", "OIDC-032", "OIDC-033", "OIDC-034", "OIDC-036", "OIDC-037")


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


@pytest.mark.parametrize("uri", ["https://rp.example/callback", "https://rp.example/callback?from=city"])
def test_wrong_addresses_are_nearly_the_right_one(uri: str) -> None:
    """Each differs from the registered one, and from the others."""
    wrong = wrong_uris(uri)
    assert uri not in wrong.values()
    assert len(set(wrong.values())) == len(wrong)
    assert all(urlsplit(one).netloc for one in wrong.values())


@pytest.mark.parametrize(
    ("place", "went"),
    [
        ("https://rp.example/callbackx?error=invalid_request", True),
        ("https://rp.example/callback?error=invalid_request", False),
        ("https://rp.example/callback?code=1", True),
    ],
)
def test_an_error_at_the_registered_address_is_no_journey_elsewhere(place: str, went: bool) -> None:  # noqa: FBT001
    """Being sent to the wrong address counts, and so does a code anywhere."""
    parameters = tuple(parse_qsl(urlsplit(place).query))
    callback = Callback(place, parameters, Reply(303, (), b"", place, 0))
    assert went_to(callback, "https://rp.example/callbackx") is went
