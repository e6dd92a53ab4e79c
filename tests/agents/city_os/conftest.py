"""A small town's city OS to speak with."""

import pytest
from scripted import Scripted
from small_city import SmallCity, in_process, small_people

from twin.population import Population
from twin.town import Town


@pytest.fixture(scope="session")
def people() -> tuple[Town, Population]:
    """A small town."""
    return small_people()


@pytest.fixture
def scripted(people: tuple[Town, Population]) -> Scripted:
    """The reference city OS behind a script that leaves everything alone until a test sets another."""
    return Scripted(in_process(*people), lambda _: None)


@pytest.fixture
def city(people: tuple[Town, Population], scripted: Scripted) -> SmallCity:
    """A small town that speaks through the script."""
    made = SmallCity.over(*people, scripted)
    scripted.requests.clear()
    return made
