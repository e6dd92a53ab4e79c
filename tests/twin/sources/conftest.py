"""Towns and recipes for the tests of sources."""

from pathlib import Path

import pytest

from twin.randomness import Stream
from twin.sources.recipe import build_town
from twin.town import Town

RECIPES = Path(__file__).resolve().parents[3] / "scenarios" / "towns"


@pytest.fixture(scope="session")
def recipes() -> Path:
    """The folder of the recipes that ship."""
    return RECIPES


@pytest.fixture(scope="session", params=[1, 113, 20260401])
def synthetic_town(request: pytest.FixtureRequest) -> Town:
    """The synthetic town for a few seeds."""
    return build_town(RECIPES / "synthetic.toml", stream=Stream(request.param))


@pytest.fixture(scope="session")
def aizu_town(shared_data: Path) -> Town:
    """Aizu-Wakamatsu from real files."""
    return build_town(RECIPES / "aizuwakamatsu.toml", data=shared_data, stream=Stream(1))


@pytest.fixture(scope="session")
def ube_town(shared_data: Path) -> Town:
    """Ube from real files."""
    return build_town(RECIPES / "ube.toml", data=shared_data, stream=Stream(1))
