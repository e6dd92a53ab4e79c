"""Small cities on the store under test."""

from collections.abc import Callable

import pytest
from sandbox_city import City, small_seed
from stores import OpenedStore, Watched

from reference_api.app import create_app
from reference_api.clock import GivenClock
from reference_api.consent import Decide, decide
from reference_api.seed import SeedData, load_into
from reference_api.settings import Settings


@pytest.fixture
def make_seed() -> Callable[[int], SeedData]:
    """Makes the small town with as many people as asked for."""
    return small_seed


CityMaker = Callable[..., City]


@pytest.fixture
def make_city(open_empty: Callable[[], OpenedStore]) -> CityMaker:
    """Makes cities; ``decide`` may be a broken decision, ``settings`` others than a sandbox's.

    It is on the store under test unless it is given one; a store that holds a city already is taken as it is.
    """

    def make(
        seed: SeedData | None = None,
        *,
        decide: Decide = decide,
        settings: Settings | None = None,
        opened: OpenedStore | None = None,
    ) -> City:
        settings = settings or Settings(sandbox=True)
        filled = seed or small_seed()
        opened = opened or open_empty()
        if not opened.rows("SELECT 1 FROM about"):
            opened.drive(load_into(opened.store, filled, sandbox=settings.sandbox))
        clock = GivenClock(1_800_000_000.0)
        return City(create_app(settings, Watched(opened.store), clock, decide=decide), opened, clock, filled)

    return make


@pytest.fixture
def city(make_city: CityMaker) -> City:
    """A sandbox over the small town."""
    return make_city()
