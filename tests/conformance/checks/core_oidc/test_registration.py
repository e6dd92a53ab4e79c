"""Registration and redirect queries: what is wrong is found."""

from collections.abc import Iterator

import pytest
from judged_city import judged_city
from judged_faults import wrong_at

from conformance.target import Target

IDS = ("OIDC-066", "OIDC-077", "OIDC-089", "OIDC-090", "OIDC-091", "OIDC-093")


@pytest.fixture(scope="module")
def city() -> Iterator[Target]:
    """The reference city OS as it should be."""
    with judged_city() as target:
        yield target


def test_the_right_server_passes(city: Target) -> None:
    """Every requirement of this file is met by the reference, and some check says so."""
    assert wrong_at(city, IDS) == {}
