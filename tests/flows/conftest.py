"""Runs that several tests look at, each made once."""

import pytest
from flows.runs import run_drill, served_drill

from scenarios.run import RunResult


@pytest.fixture(scope="session")
def none(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """The drill without a city OS."""
    return run_drill(tmp_path_factory.mktemp("none"), city_os="none")


@pytest.fixture(scope="session")
def reference(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """The drill with the reference city OS in this process, beside the same drill without one."""
    return run_drill(tmp_path_factory.mktemp("reference"), baseline=True)


@pytest.fixture(scope="session")
def http(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """The drill with the reference city OS behind a socket."""
    folder = tmp_path_factory.mktemp("http")
    with served_drill(folder) as url:
        return run_drill(folder, city_os=url)


@pytest.fixture(params=["none", "reference", "http"])
def made(request: pytest.FixtureRequest) -> RunResult:
    """A run with each kind of city OS."""
    found: RunResult = request.getfixturevalue(request.param)
    return found
