"""Device authorization: what is wrong is found."""

from collections.abc import Iterator

import pytest
from judged_city import judged_city
from judged_faults import broken, verdict_with, wrong_at

from conformance.checks.core_oidc.device import _entry
from conformance.oidc.pages import read_page
from conformance.target import Target

IDS = ("OIDC-065",)


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


def test_the_field_for_the_user_code_is_found() -> None:
    """A page that asks for a code is told from one that asks for a password."""
    entry = "<form method=post action=/d><input name=user_code><button>ok</button></form>"
    sign_in = "<form method=post action=/d><input name=user><input type=password name=p></form>"
    found = _entry(read_page("https://op.example/", 200, entry))
    assert found is not None
    assert found[1] == "user_code"
    assert _entry(read_page("https://op.example/", 200, sign_in)) is None
