"""Profiles and fixtures of all tests."""

import asyncio
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from postgres import Databases, running_postgres, server_binaries
from stores import CleanDatabases, OpenedStore, in_memory

from reference_api.inline import run_inline
from reference_api.store.postgres import PostgresStore
from reference_api.store.sqlite import SqliteStore

settings.register_profile("dev", max_examples=25, deadline=None)
settings.register_profile(
    "ci", max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data beside the repository; tests that need it skip where it is absent."""
    if not SHARED_DATA.is_dir():
        pytest.skip(f"real data are absent: {SHARED_DATA} is no folder")
    return SHARED_DATA


@pytest.fixture(scope="session")
def postgres() -> Iterator[Databases]:
    """A throw-away PostgreSQL; tests that need it skip where its server is not installed."""
    binaries = server_binaries()
    if binaries is None:
        pytest.skip("no PostgreSQL: initdb is not on the PATH, nor where pg_config says; apt-get install postgresql")
    with running_postgres(binaries) as databases:
        yield databases


@pytest.fixture(scope="session")
def clean_databases(postgres: Databases) -> Iterator[CleanDatabases]:
    """Databases of the throw-away PostgreSQL that go from test to test."""
    with asyncio.Runner() as runner:
        databases = CleanDatabases(postgres, runner)
        yield databases
        databases.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def open_empty(request: pytest.FixtureRequest) -> Iterator[Callable[[], OpenedStore]]:
    """Opens an empty store: in memory, then the same test again on PostgreSQL."""
    if request.param == "sqlite":
        yield in_memory
        return
    databases: CleanDatabases = request.getfixturevalue("clean_databases")
    with databases.lent() as lend:
        yield lend


@pytest.fixture
def two_files(tmp_path: Path) -> Iterator[tuple[OpenedStore, OpenedStore]]:
    """A file opened twice."""
    path = str(tmp_path / "city.db")
    first, second = (OpenedStore(SqliteStore(path), run_inline, path) for _ in range(2))
    yield first, second
    run_inline(first.store.close())
    run_inline(second.store.close())


@pytest.fixture
def two_postgres(clean_databases: CleanDatabases) -> Iterator[tuple[OpenedStore, OpenedStore]]:
    """A database of PostgreSQL opened twice, in one event loop."""
    with clean_databases.lent() as lend:
        first = lend()
        second = OpenedStore(PostgresStore(first.address), first.drive, first.address)
        first.drive(second.store.open())
        yield first, second
        first.drive(second.store.close())


@pytest.fixture(params=["two_files", "two_postgres"])
def two_over_one(request: pytest.FixtureRequest) -> tuple[OpenedStore, OpenedStore]:
    """A file opened twice, then the same test again over PostgreSQL."""
    pair: tuple[OpenedStore, OpenedStore] = request.getfixturevalue(request.param)
    return pair
