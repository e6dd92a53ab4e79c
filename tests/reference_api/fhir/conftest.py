"""Wards: FHIR servers over the small city."""

from collections.abc import Callable
from typing import Any

import pytest
from ward import Ward, with_hospital


@pytest.fixture
def make_ward(make_city: Any, make_seed: Any) -> Callable[[], Ward]:
    """Makes FHIR servers over the small town with a hospital."""
    return lambda: Ward(make_city(with_hospital(make_seed(8))))


@pytest.fixture
def ward(make_ward: Callable[[], Ward]) -> Ward:
    """A FHIR server over the small town with a hospital."""
    return make_ward()
