"""Two stores over one database, as two workers have them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from stores import CleanDatabases, OpenedStore

from reference_api.inline import run_inline
from reference_api.store.postgres import PostgresStore
from reference_api.store.sqlite import SqliteStore


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
