"""Relying parties for the tests of the authorization server."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from relying_party import Party, party_of


@pytest.fixture
def make_party() -> Callable[..., Party]:
    """Makes relying parties of a city that the test chooses."""
    return party_of


@pytest.fixture
def party(city: Any) -> Callable[..., Party]:
    """Makes relying parties of the seed's example clients."""
    return partial(party_of, city)
